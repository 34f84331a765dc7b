"""The scenarios themselves: apart enough, admitted by both APIs, and true to their promises."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from rlautoscaler.conformance import catalogues, manifests, paces
from rlautoscaler.conformance.scenarios import Edit, Restart, Scenario, Side, twins
from rlautoscaler.resources import autoscalers, conversions
from rlautoscaler.resources.autoscalers import SpecInvalid

EVERYTHING = (*catalogues.ALL, *catalogues.SHORT)


def by_name(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", EVERYTHING, ids=by_name)
def test_acts_lie_more_than_four_passes_apart_or_belong_together(scenario: Scenario) -> None:
    """Either everything of the act before has settled, or the acts are one in several parts."""
    gaps = [later.at - earlier.at for earlier, later in pairwise(scenario.moments)]
    assert all(gap > 4 * paces.PERIOD or gap <= 2 * paces.PERIOD for gap in gaps)
    assert all(0 < moment.at < scenario.seconds for moment in scenario.moments)


@pytest.mark.parametrize("seconds", [paces.DOWNSCALE_WINDOW, paces.CPU_INITIALIZATION, paces.READINESS_DELAY])
def test_windows_are_no_multiple_of_the_period(seconds: float) -> None:
    """No entry is ever just as old as a window is long: the nearest multiple is half a period away."""
    assert seconds % paces.PERIOD == paces.PERIOD / 2


@pytest.mark.parametrize("scenario", EVERYTHING, ids=by_name)
def test_periods_of_behaviours_are_no_multiple_of_the_period(scenario: Scenario) -> None:
    """The same for what scenarios name themselves; 0 is no window."""
    edits = [moment.act.patch.get("behavior") for moment in scenario.moments if isinstance(moment.act, Edit)]
    for behavior in filter(None, [scenario.behavior, *edits]):
        for rules in behavior.values():
            spans = [one["periodSeconds"] for one in rules.get("policies", ())]
            spans.append(rules.get("stabilizationWindowSeconds", 0))
            assert all(span == 0 or span % paces.PERIOD == paces.PERIOD / 2 for span in spans)


@pytest.mark.parametrize("scenario", EVERYTHING, ids=by_name)
def test_our_side_is_admitted_and_is_the_same_hpa(scenario: Scenario) -> None:
    """The RLAutoscaler's baseline is the HPA of the other side, field by field."""
    theirs, ours = twins(scenario)
    document = manifests.autoscaler(ours) | {"status": {}}
    document["metadata"] = {**document["metadata"], "uid": "u"}
    spec = autoscalers.read(document).spec
    assert not isinstance(spec, SpecInvalid), spec
    hpa_spec = manifests.hpa(theirs)["spec"]
    baseline = manifests.autoscaler(ours)["spec"]["baseline"]
    assert {name: hpa_spec.get(name) for name in ("metrics", "behavior")} == {
        name: baseline.get(name) for name in ("metrics", "behavior")
    }
    assert conversions.baseline(spec).max_replicas == scenario.max_replicas


def test_an_edit_lands_at_the_same_field_of_both_sides() -> None:
    """Bounds are above the baseline, metrics and behaviour inside of it."""
    patch = {"maxReplicas": 5, "behavior": {"scaleUp": {"selectPolicy": "Min"}}}
    assert manifests.hpa_edit(patch) == {"spec": patch}
    assert manifests.autoscaler_edit(patch) == {
        "spec": {"maxReplicas": 5, "baseline": {"behavior": patch["behavior"]}}
    }


def test_the_flags_say_the_same_to_everybody() -> None:
    """Controller, operator and pure pass reckon with the same times."""
    assert f"--horizontal-pod-autoscaler-sync-period={paces.PERIOD:g}s" in paces.FLAGS.arguments
    for mine, theirs in (
        ("downscale-stabilization", paces.PARAMETERS.downscale_window),
        ("cpu-initialization-period", paces.PARAMETERS.cpu_initialization_period),
        ("initial-readiness-delay", paces.PARAMETERS.initial_readiness_delay),
    ):
        assert f"--horizontal-pod-autoscaler-{mine}={theirs:g}s" in paces.FLAGS.arguments
        assert f"--hpa-{mine}={theirs:g}s" in paces.OPERATOR


def test_every_name_is_there_once_and_there_are_more_than_ten() -> None:
    """Names are Deployments'; two of a name would share pods."""
    assert max(Counter(map(by_name, EVERYTHING)).values()) == 1
    assert len(catalogues.ALL) > 10


def test_only_the_last_scenarios_restart_the_autoscalers() -> None:
    """A restart concerns everybody, so those with one are played by themselves, with it at the same moment."""
    restarting = [scenario for scenario in catalogues.ALL if scenario.restarts]
    assert catalogues.ALL[-len(restarting) :] == tuple(restarting)
    moments = {m.at for one in restarting for m in one.moments if isinstance(m.act, Restart)}
    assert len(moments) == 1


def test_twins_differ_by_name_alone() -> None:
    """Deployments of a pair are alike but for what tells them apart."""
    pair = twins(catalogues.ALL[0])
    documents = [manifests.deployment(twin) for twin in pair]
    texts = [str(document).replace(twin.name, "twin") for document, twin in zip(documents, pair, strict=True)]
    assert texts[0] == texts[1]
    assert [twin.side for twin in pair] == [Side.THEIRS, Side.OURS]
