"""What a pod requests, may use, and is charged with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.policies.hpa import requests
from rlagents.policies.hpa.failures import MetricError
from rlagents.structs.pods import CPU, MEMORY, Container, InitContainer, Pod, PodPhase


def pod(**fields) -> Pod:
    return Pod("web-1", PodPhase.RUNNING, 0.0, **fields)


def container(cpu: int | None = None, limit: int | None = None) -> Container:
    return Container("app", _figure(cpu), _figure(limit))


def first(cpu: int | None = None, limit: int | None = None, after: int = 0) -> InitContainer:
    return InitContainer("migrate", _figure(cpu), _figure(limit), sidecars_before=after)


def _figure(cpu: int | None) -> dict[str, int]:
    return {} if cpu is None else {CPU: cpu}


@pytest.mark.parametrize(
    ("sentence", "found", "requested", "reserved"),
    [
        (
            "containers and sidecars add up",
            {"containers": (container(250),), "sidecars": (container(10),)},
            260,
            260,
        ),
        (
            "one container without a request leaves the sum unknown",
            {"containers": (container(250), container())},
            None,
            250,
        ),
        (
            "what only initialises is reserved, not shared out",
            {"containers": (container(250),), "init_containers": (first(900),)},
            250,
            900,
        ),
        (
            "sidecars run beside what starts after them",
            {
                "containers": (container(250),),
                "sidecars": (container(10),),
                "init_containers": (first(900, after=1),),
            },
            260,
            910,
        ),
        (
            "sidecars that start later do not",
            {"containers": (container(250),), "sidecars": (container(10),), "init_containers": (first(900),)},
            260,
            900,
        ),
        (
            "the overhead of its runtime is reserved, too",
            {"containers": (container(250),), "overhead": {CPU: 50}},
            250,
            300,
        ),
        (
            "a request of the pod itself goes before its containers'",
            {"containers": (container(250),), "pod_requests": {CPU: 400}, "overhead": {CPU: 50}},
            450,
            450,
        ),
        (
            "a pod that itself requests memory alone counts what its containers reserve",
            {"containers": (container(250), container()), "pod_requests": {MEMORY: 1}},
            250,
            250,
        ),
        (
            "nothing names the resource",
            {"containers": (container(),), "pod_requests": {MEMORY: 1}},
            None,
            None,
        ),
        ("a pod without containers requests nothing", {}, None, None),
    ],
)
def test_requests(sentence, found, requested, reserved):
    """The HPA's 100 % is what the regular containers request; what is reserved may be more."""
    assert pod(**found).request(CPU) == requested, sentence
    assert pod(**found).reserved_request(CPU) == reserved, sentence


@pytest.mark.parametrize(
    ("sentence", "found", "limit", "reserved"),
    [
        (
            "limits add up",
            {"containers": (container(limit=500),), "sidecars": (container(limit=20),)},
            520,
            520,
        ),
        (
            "one unlimited container leaves the pod unlimited",
            {"containers": (container(limit=500), container())},
            None,
            500,
        ),
        (
            "a limit of the pod itself holds for all",
            {"containers": (container(),), "pod_limits": {CPU: 800}},
            800,
            800,
        ),
        (
            "containers may be held tighter than their pod",
            {"containers": (container(limit=500),), "pod_limits": {CPU: 800}},
            500,
            800,
        ),
        ("no limit, no overhead on it", {"containers": (container(),), "overhead": {CPU: 50}}, None, None),
        (
            "the overhead comes on top of a limit",
            {"containers": (container(limit=500),), "overhead": {CPU: 50}},
            500,
            550,
        ),
        (
            "the start may be the largest moment",
            {"containers": (container(limit=500),), "init_containers": (first(limit=900),)},
            500,
            900,
        ),
    ],
)
def test_limits(sentence, found, limit, reserved):
    """What the containers may use together, and what a quota charges."""
    assert pod(**found).limit(CPU) == limit, sentence
    assert pod(**found).reserved_limit(CPU) == reserved, sentence


FIGURES = st.dictionaries(st.sampled_from([CPU, MEMORY]), st.integers(0, 4000))
CONTAINERS = st.lists(st.builds(Container, st.just("app"), FIGURES), max_size=3).map(tuple)
STARTING = st.lists(
    st.builds(InitContainer, st.just("first"), FIGURES, sidecars_before=st.integers(0, 3)), max_size=3
).map(tuple)


@given(
    found=st.builds(
        pod,
        containers=CONTAINERS.filter(bool),
        sidecars=CONTAINERS,
        init_containers=STARTING,
        pod_requests=FIGURES,
        overhead=FIGURES,
    ),
    resource=st.sampled_from([CPU, MEMORY]),
)
def test_a_request_is_what_the_hpa_counts(found, resource):
    """Both readings of a pod's request agree; what fails the HPA's metric is None here."""
    try:
        counted = requests.by_pod([found], resource)[found.name]
    except MetricError:
        counted = None
    assert found.request(resource) == counted
