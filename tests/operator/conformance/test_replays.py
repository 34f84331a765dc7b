"""The pure pass beside passes of a controller: what agrees, and that what does not is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rlagents.policies import hpa
from rlautoscaler.conformance import journals, paces, replays
from rlautoscaler.conformance.evidence import Evidence, PodSeen
from rlautoscaler.conformance.replays import Replayed
from rlautoscaler.conformance.scenarios import Scenario, twins

Replay = Callable[..., tuple[Replayed, ...]]


@pytest.fixture
def replay(scenario: Scenario) -> Replay:
    def run(seen: Evidence, parameters: hpa.HpaParameters = paces.PARAMETERS) -> tuple[Replayed, ...]:
        return replays.replayed(journals.passes(seen, twins(scenario)[0]), seen, parameters)

    return run


def test_what_the_controller_did_right_agrees(evidence: Callable[..., Evidence], replay: Replay) -> None:
    """Twice the target doubles the size, and the pass before, on target, leaves it."""
    found = replay(evidence())
    assert [one.agrees for one in found] == [True, True]
    assert [one.is_rescale for one in found] == [False, True]
    assert not any(one.is_nearby for one in found)


@pytest.mark.parametrize(
    ("proposals", "why"),
    [
        ((2, 5), "another size"),
        ((2, None), "no proposal where there is one"),
        ((3, 4), "a rescale where there is none"),
    ],
)
def test_what_the_controller_did_otherwise_is_a_mismatch(
    evidence: Callable[..., Evidence], replay: Replay, proposals: tuple[int | None, ...], why: str
) -> None:
    """A controller that decides otherwise than the pure pass is never waved through."""
    assert not all(one.agrees for one in replay(evidence(proposals=proposals))), why


def test_the_proposal_counts_and_not_the_size_alone(
    evidence: Callable[..., Evidence], replay: Replay, scenario: Scenario
) -> None:
    """A window may hide a wrong proposal: 2 pods at 28 % propose 2, whatever the size becomes."""
    right = replay(
        evidence(usages=(125, 30), proposals=(2, 1)), replace(paces.PARAMETERS, downscale_window=1.0)
    )
    assert all(one.agrees for one in right)
    wrong = evidence(usages=(125, 70), proposals=(2, 2))
    told = replace(
        wrong, log=tuple(line.replace("desiredReplicas=2", "desiredReplicas=1") for line in wrong.log)
    )
    assert not any(one.agrees for one in replay(told))


@pytest.mark.parametrize(
    "parameters", [replace(paces.PARAMETERS, tolerance=1.0), replace(paces.PARAMETERS, tolerance=0.0)]
)
def test_another_tolerance_is_noticed(
    evidence: Callable[..., Evidence], replay: Replay, parameters: hpa.HpaParameters
) -> None:
    """The replay depends on the parameters: with others than the controller's it disagrees."""
    seen = evidence(usages=(130, 250), proposals=(2, 4))
    assert all(one.agrees for one in replay(seen))
    assert not all(one.agrees for one in replay(seen, parameters))


def test_a_state_just_beside_the_pass_is_tried_and_told(
    evidence: Callable[..., Evidence], replay: Replay, made: Any
) -> None:
    """A pod that is gone for us, but by an eye's blink not yet for the controller, is an agreement nearby."""
    seen = evidence(usages=(125, 250), proposals=(2, 4))
    gone = PodSeen(made.epoch + 2.0, "made-hpa", "b", None)
    found = replay(replace(seen, pods=(*seen.pods, gone)))
    assert [(one.agrees, one.is_nearby) for one in found] == [(True, False), (True, True)]


def test_a_state_out_of_reach_is_not_tried(
    evidence: Callable[..., Evidence], replay: Replay, made: Any
) -> None:
    """What had been so for longer than two watches may differ is what the controller saw."""
    seen = evidence(usages=(125, 250), proposals=(2, 4))
    gone = PodSeen(made.epoch + 1.0, "made-hpa", "b", None)
    assert [one.agrees for one in replay(replace(seen, pods=(*seen.pods, gone)))] == [True, False]


def test_logs_go_from_pass_to_pass(evidence: Callable[..., Evidence], replay: Replay) -> None:
    """The window holds the size over many passes, by nothing but what the pure pass remembers."""
    held = evidence(usages=(125, *(50,) * 11), proposals=(2, *(1,) * 11), holds=True)
    found = replay(held)
    assert [one.desired for one in found] == [*[2] * 11, 1]
    assert [one.agrees for one in found] == [*[True] * 11, False]


def test_a_restart_begins_the_logs_anew(
    evidence: Callable[..., Evidence], scenario: Scenario, made: Any
) -> None:
    """After a restart the controller protects the size it meets for one window; kept logs are older."""
    usages, proposals = (125, *(50,) * 14), (2, *(None,) * 14)
    seen = evidence(usages=usages, proposals=proposals, restarts=(made.epoch + 9.0,))
    passes = journals.passes(seen, twins(scenario)[0])
    forgetful = [one.desired for one in replays.replayed(passes, seen, paces.PARAMETERS)]
    steady = [one.desired for one in replays.replayed(passes, replace(seen, restarts=()), paces.PARAMETERS)]
    assert steady.index(1) == 11  # 22 s after the first pass
    assert 1 not in forgetful  # 21 s after the fifth are not over yet
