"""The masked categorical distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlagents.policies.distributions import MaskedCategorical


def of(logits: list[float], mask: list[bool]) -> MaskedCategorical:
    """One row."""
    return MaskedCategorical(np.array([logits], dtype=np.float32), np.array([mask]))


rows = st.integers(1, 9).flatmap(
    lambda count: st.tuples(
        st.lists(st.floats(-30, 30), min_size=count, max_size=count),
        st.lists(st.booleans(), min_size=count, max_size=count).filter(any),
    )
)


@settings(max_examples=200)
@given(row=rows)
def test_barred_actions_do_not_exist(row: tuple[list[float], list[bool]]) -> None:
    """Probabilities sum to 1 over allowed actions, are 0 elsewhere, and neither draw nor mode is barred."""
    logits, mask = row
    distribution = of(logits, mask)
    probabilities = distribution.probabilities()[0]
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    assert (probabilities[~np.array(mask)] == 0).all()
    assert mask[int(distribution.mode()[0])]
    generator = np.random.default_rng(0)
    assert all(mask[int(distribution.sample(generator)[0])] for _ in range(20))


def test_two_equal_allowed_actions_are_a_coin() -> None:
    """Log-probability ln ½ each and ln 2 of entropy, whatever the barred logits are."""
    distribution = of([3.0, 3.0, 50.0], [True, True, False])
    assert distribution.log_probability(np.array([1]))[0] == pytest.approx(np.log(0.5))
    assert distribution.entropy()[0] == pytest.approx(np.log(2.0))


def test_a_single_allowed_action_is_certain() -> None:
    """Probability 1, no entropy, even where its logit is far below the barred ones."""
    distribution = of([-30.0, 30.0], [True, False])
    assert distribution.probabilities()[0].tolist() == [1.0, 0.0]
    assert distribution.entropy()[0] == 0.0


def test_draws_have_the_probabilities_that_are_logged() -> None:
    """Frequencies of 20,000 draws are within two points of the masked probabilities."""
    distribution = MaskedCategorical(
        np.tile(np.array([[0.0, 1.0, 2.0, 9.0]], dtype=np.float32), (20000, 1)),
        np.tile(np.array([[True, True, True, False]]), (20000, 1)),
    )
    drawn = np.bincount(distribution.sample(np.random.default_rng(1)), minlength=4) / 20000
    np.testing.assert_allclose(drawn, distribution.probabilities()[0], atol=0.02)


def test_equal_generators_draw_equally() -> None:
    """A recorded decision can be drawn again."""

    def draw(seed: int) -> NDArray[np.int64]:
        logits = np.zeros((50, 9), dtype=np.float32)
        distribution = MaskedCategorical(logits, np.ones((50, 9), dtype=np.bool_))
        return distribution.sample(np.random.default_rng(seed))

    np.testing.assert_array_equal(draw(5), draw(5))
    assert (draw(5) != draw(6)).any()


def test_a_row_that_bars_everything_is_refused() -> None:
    """There must be a no-op, or nothing could be decided."""
    with pytest.raises(ValueError, match="always allow doing nothing"):
        of([1.0, 2.0], [False, False])


def test_a_mask_of_another_shape_is_refused() -> None:
    """Broadcasting a mask over rows would bar the wrong actions in silence."""
    with pytest.raises(ValueError, match="one entry per action and row"):
        MaskedCategorical(np.zeros((3, 9), dtype=np.float32), np.ones((1, 9), dtype=np.bool_))
