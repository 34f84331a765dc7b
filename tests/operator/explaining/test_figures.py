"""Figures as people read them."""

from __future__ import annotations

import pytest

from rlautoscaler.explaining import figures


@pytest.mark.parametrize(
    ("quantity", "resource", "text"),
    [
        ("1930m", "cpu", "1.93 cores"),
        ("1", "cpu", "1 core"),
        ("2k", "cpu", "2000 cores"),
        ("7m", "cpu", "0.007 cores"),
        ("0", "cpu", "0 cores"),
        ("256Mi", "memory", "256 Mi"),
        ("1342177280", "memory", "1.25 Gi"),
        ("314572800001m", "memory", "300 Mi"),
        ("2Ti", "memory", "2 Ti"),
        ("900", "memory", "900 bytes"),
        ("1k", None, "1000"),
        ("1234567m", None, "1235"),
        ("1250m", None, "1.25"),
        ("-2500m", None, "-2.5"),
        ("1", None, "1"),
        (None, "cpu", "-"),
    ],
)
def test_amounts_are_in_the_unit_of_their_resource(
    quantity: str | None, resource: str | None, text: str
) -> None:
    """Cores, bytes in powers of 1024, plain numbers; three digits, and all before the point."""
    assert figures.amount(quantity, resource) == text


@pytest.mark.parametrize(
    ("figure", "text"),
    [(9.999, "10"), (0.9996, "1"), (99.96, "100"), (0.0004, "0"), (-0.0004, "0"), (123456.7, "123457")],
)
def test_rounding_keeps_numbers_plain(figure: float, text: str) -> None:
    """No exponent, no zeros behind the point, no minus before nothing."""
    assert figures.number(figure) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (8.0, "8 s"), (119.0, "119 s"), (150.0, "2 min"), (9000.0, "2 h"), (200000.0, "2 d")],
)
def test_ages_have_one_figure(seconds: float, text: str) -> None:
    """Seconds while they are few, then minutes, hours, days."""
    assert figures.age(seconds) == text


def test_moments_of_another_day_have_a_date() -> None:
    """A time of day alone is of today."""
    assert figures.moment(1_790_000_000.0, 1_790_000_100.0) == "14:13:20"
    assert figures.moment(1_790_000_000.0, 1_790_100_000.0) == "2026-09-21 14:13:20"
