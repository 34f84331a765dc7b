"""Milli-units as Kubernetes rounds them."""

from __future__ import annotations

import pytest

from rlautoscaler.observing.samples import milli


@pytest.mark.parametrize(
    ("cores", "expected"),
    [
        (0.5, 500),
        (1.1, 1100),
        (0.29, 290),
        (0.57, 570),
        (0.0, 0),
        (0.0001, 1),
        (0.5000001, 501),
        (0.50000000001, 500),
        (1e9, 10**12),
    ],
)
def test_thousandths_are_rounded_up_after_the_ninth_decimal(cores: float, expected: int) -> None:
    """Binary fractions do not add a thousandth, real ones do, as `MilliValue` of a nano-quantity."""
    assert milli(cores) == expected
