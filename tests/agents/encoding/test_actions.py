"""The classical action space."""

from __future__ import annotations

from rlagents.encoding import actions


def test_the_nine_actions_are_in_their_order() -> None:
    """A model's outputs mean these, in this order."""
    space = actions.CLASSICAL
    assert space.key == "classical/1"
    assert [action.replicas for action in space.actions] == [0, 1, 2, -1, -2, 0, 0, 0, 0]
    assert [action.cpu for action in space.actions[5:7]] == [0.5, -0.5]
    assert [action.memory for action in space.actions[7:]] == [268435456.0, -268435456.0]
    assert len(set(space.names)) == len(space) == 9


def test_only_the_last_four_change_limits() -> None:
    """Where limits may not be touched these are the ones to bar."""
    flags = [action.is_limit_action for action in actions.CLASSICAL.actions]
    assert flags == [False] * 5 + [True] * 4
