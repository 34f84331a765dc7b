"""Kubernetes quantities as exact thousandths, and back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.structs import quantities
from rlagents.structs.errors import InvalidSpecError


@pytest.mark.parametrize(
    ("quantity", "milli"),
    [
        ("250", 250_000),
        ("500m", 500),
        ("1.5", 1_500),
        (".5", 500),
        ("5.", 5_000),
        ("+2", 2_000),
        ("-2", -2_000),
        ("0", 0),
        ("1n", 1),
        ("1u", 1),
        ("1000u", 1),
        ("1001u", 2),
        ("1.0001", 1_001),
        ("-0.9m", -1),
        ("1k", 10**6),
        ("1M", 10**9),
        ("1G", 10**12),
        ("1T", 10**15),
        ("1P", 10**18),
        ("1Ki", 1024 * 1000),
        ("1Mi", 1024**2 * 1000),
        ("1Gi", 1024**3 * 1000),
        ("1.5Gi", 1536 * 1024**2 * 1000),
        ("1Ti", 1024**4 * 1000),
        ("1Pi", 1024**5 * 1000),
        ("2e3", 2_000_000),
        ("2E3", 2_000_000),
        ("2e-3", 2),
        ("2e+1", 20_000),
        (250, 250_000),
        (0.5, 500),
        (1e-7, 1),
    ],
)  # fmt: skip
def test_every_way_to_write_a_quantity(quantity, milli):
    """All suffixes and exponents are read exactly, and what is finer than a thousandth is rounded away from zero."""
    assert quantities.to_milli(quantity) == milli


@pytest.mark.parametrize("quantity", ["1E", "1Ei", "8Ei", "1e999999999", "9" * 90])
def test_what_exceeds_64_bits_is_cut(quantity):
    """A figure that the API server cannot hold in milli-units saturates, quickly."""
    assert quantities.to_milli(quantity) == 2**63 - 1
    assert quantities.to_milli(f"-{quantity}") == -(2**63 - 1)


@pytest.mark.parametrize("quantity", ["", ".", "m", "1K", "1mi", "1kB", "1e", "1e3.5", "1 ", " 1", "1\n", "--1", "1,5", "x", "nan", "inf", "٣", "1" * 101, True, None, [1], {}])  # fmt: skip
def test_what_is_no_quantity_is_refused_with_a_remedy(quantity):
    """The error says how quantities are written."""
    with pytest.raises(InvalidSpecError, match="write a number with at most one suffix"):
        quantities.to_milli(quantity)


@pytest.mark.parametrize(
    ("quantity", "double"),
    [
        ("0.1", 0.1),
        ("50m", 0.05),
        ("0.05", 0.05),
        ("9m", 0.009000000000000001),
        ("16Gi", 17179869184.0),
        ("1", 1.0),
        ("1500", 1500.0),
        ("-1.5", -1.5),
        ("0", 0.0),
    ],
)
def test_doubles_are_those_of_kubernetes(quantity, double):
    """A double is mantissa times power of ten in canonical form, which is not always the nearest one."""
    assert quantities.to_float(quantity) == double


@pytest.mark.parametrize(
    ("milli", "binary", "text"),
    [
        (500, False, "500m"),
        (1_000, False, "1"),
        (1_500, False, "1500m"),
        (250_000, False, "250"),
        (10**6, False, "1k"),
        (0, False, "0"),
        (-2_000, False, "-2"),
        (500 * 1024**2 * 1000, True, "500Mi"),
        (1536 * 1024**2 * 1000, True, "1536Mi"),
        (1024 * 1000, True, "1Ki"),
        (1023 * 1000, True, "1023"),
        (2000 * 1000, True, "2000"),
        (1024 * 1000 + 1, True, "1024001m"),
        (500 * 1024**2 * 1000, False, "524288k"),
    ],
)
def test_the_canonical_text(milli, binary, text):
    """No fraction, the largest suffix that loses nothing; binary suffixes only for whole figures from 1024 on."""
    assert quantities.from_milli(milli, binary=binary) == text


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.booleans())
def test_texts_are_read_back_exactly(milli, binary):
    """Whatever is written in canonical form is read back as the same figure."""
    assert quantities.to_milli(quantities.from_milli(milli, binary=binary)) == milli


@given(
    st.integers(0, 10**9),
    st.integers(0, 6),
    st.sampled_from([("n", Fraction(1, 10**9)), ("u", Fraction(1, 10**6)), ("m", Fraction(1, 1000)), ("", Fraction(1)), ("k", Fraction(1000)), ("Ki", Fraction(1024)), ("Mi", Fraction(1024**2)), ("e-4", Fraction(1, 10**4)), ("e2", Fraction(100))]),
)  # fmt: skip
def test_reading_is_exact_up_to_the_last_thousandth(digits, places, suffix):
    """The figure is the exact value, rounded up by less than one thousandth."""
    text = f"{digits // 10**places}.{digits % 10**places:0{places}d}" if places else str(digits)
    exact = Fraction(digits, 10**places) * suffix[1] * 1000
    assert 0 <= quantities.to_milli(text + suffix[0]) - exact < 1
