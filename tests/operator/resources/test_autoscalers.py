"""Whole objects as the API server sends them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rlagents.structs.states import WorkloadKey
from rlautoscaler.resources.annotations import Annotations
from rlautoscaler.resources.autoscalers import SpecInvalid, read, read_status
from rlautoscaler.resources.specs import Spec
from rlautoscaler.resources.statuses import Status

SPEC = {"scaleTargetRef": {"name": "checkout"}, "maxReplicas": 10, "objective": {"errorRate": "1%"}}


def test_an_object_is_read_with_all_that_steers() -> None:
    """Identity, generation, spec, status and annotations come from one manifest."""
    autoscaler = read(
        {
            "metadata": {
                "namespace": "shop",
                "name": "checkout",
                "uid": "1-2-3",
                "generation": 4,
                "annotations": {"rlautoscaler.io/paused": "true"},
            },
            "spec": SPEC,
            "status": {"currentReplicas": 3},
        }
    )
    assert (autoscaler.key, autoscaler.uid, autoscaler.generation) == (
        WorkloadKey("shop", "checkout"),
        "1-2-3",
        4,
    )
    assert autoscaler.spec == Spec.model_validate(SPEC)
    assert autoscaler.status == Status(currentReplicas=3)
    assert autoscaler.annotations == Annotations(paused=True)


def test_an_invalid_spec_becomes_a_sentence_for_a_condition() -> None:
    """What an older schema let pass is told, and the rest of the object is still there."""
    autoscaler = read({"metadata": {"name": "checkout"}, "spec": {**SPEC, "rollout": {"mode": "Canary"}}})
    assert isinstance(autoscaler.spec, SpecInvalid)
    assert str(autoscaler.spec) == (
        "spec.rollout.mode: rollout.mode Canary is not available yet; use Shadow or Auto"
    )


def test_a_missing_spec_is_told() -> None:
    """An object without a spec is invalid, not a crash."""
    assert read({"metadata": {}}).spec == SpecInvalid(("spec: is required",))


def test_what_can_be_read_of_a_status_is_kept() -> None:
    """A part that another version wrote differently does not cost the others."""
    status = read_status(
        {"currentReplicas": 3, "rollout": {"stage": "Sideways"}, "history": "none", "novelty": {"a": 1}}
    )
    assert status == Status(currentReplicas=3)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "status", "annotations", "rollout", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), ANYTHING))
def test_no_manifest_makes_reading_fail(manifest: dict[str, Any]) -> None:
    """Whatever stands in an object, it is read."""
    read(manifest)
