"""What each pod requests of a resource: the 100 % of a utilisation."""

from __future__ import annotations

from collections.abc import Iterable

from rlagents.policies.hpa.failures import Failure, MetricError
from rlagents.structs.pods import CPU, MEMORY, Container, Pod


def by_pod(
    pods: Iterable[Pod], resource: str, container: str = "", *, pod_level: bool = True
) -> dict[str, int]:
    """Requests in milli-units of every pod behind the selector, ended and pending ones too.

    With `container`, of that container alone. `pod_level` is the gate `PodLevelResources`. Raises
    `MetricError` where one pod's request is unknown: then the whole metric has no proposal.
    """
    return {pod.name: _request(pod, resource, container, pod_level) for pod in pods}


def _request(pod: Pod, resource: str, container: str, pod_level: bool) -> int:
    if container:
        return _of_container(pod, resource, container)
    if pod_level and (CPU in pod.pod_requests or MEMORY in pod.pod_requests):
        return _planned(pod, resource)
    return sum(_demanded(pod, one, resource) for one in pod.containers + pod.sidecars)


def _of_container(pod: Pod, resource: str, name: str) -> int:
    for one in pod.containers + pod.sidecars:
        if one.name == name:
            return _demanded(pod, one, resource)
    raise MetricError(Failure.CONTAINER_NOT_FOUND, f"container {name} not found in pod {pod.name}")


def _demanded(pod: Pod, container: Container, resource: str) -> int:
    request = container.requests.get(resource)
    if request is None:
        raise MetricError(
            Failure.MISSING_REQUEST,
            f"missing request for {resource} in container {container.name} of pod {pod.name}",
        )
    return request


def _planned(pod: Pod, resource: str) -> int:
    """What the scheduler reserves for a pod with requests of its own (KEP-2837)."""
    everybody = (*pod.containers, *pod.sidecars, *pod.init_containers)
    sources = (pod.pod_requests, pod.overhead, *(one.requests for one in everybody))
    if not any(resource in source for source in sources):
        raise MetricError(
            Failure.MISSING_POD_LEVEL_REQUEST, f"missing pod-level request for {resource} in pod {pod.name}"
        )
    own = pod.pod_requests.get(resource)
    reserved = max(_running(pod, resource), _starting(pod, resource)) if own is None else own
    return reserved + pod.overhead.get(resource, 0)


def _running(pod: Pod, resource: str) -> int:
    return _total(pod.containers, resource) + _total(pod.sidecars, resource)


def _starting(pod: Pod, resource: str) -> int:
    """The most that one init container needs together with the sidecars that run by then."""
    return max(
        (
            one.requests.get(resource, 0) + _total(pod.sidecars[: one.sidecars_before], resource)
            for one in pod.init_containers
        ),
        default=0,
    )


def _total(containers: Iterable[Container], resource: str) -> int:
    return sum(container.requests.get(resource, 0) for container in containers)
