"""Kubernetes quantities ("500m", "1.5Gi", "2e3") as exact integers in thousandths, and back.

Follows the API's own reading (`k8s.io/apimachinery`, package `resource`): what is finer than a thousandth is
rounded away from zero, what exceeds 2^63 - 1 is cut there.
"""

from __future__ import annotations

import re
from typing import Final

from rlagents.structs.errors import InvalidSpecError

LARGEST: Final = 2**63 - 1
"""Of milli-units: the API server's integers have 64 bits."""

_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]+))?"
)
_POWERS_OF_TEN = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_POWERS_OF_1024 = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_FARTHEST_EXPONENT = 100
"""Beyond it a quantity is cut at the limit anyway; nobody may make us compute 10^999999999."""
_LONGEST_TEXT = 100


def to_milli(quantity: str | int | float) -> int:
    """The quantity in thousandths of its unit, rounded away from zero.

    YAML may hand over plain numbers; they mean what their text means. Raises `InvalidSpecError`.
    """
    return max(-LARGEST, min(_scaled(quantity, 3), LARGEST))


def to_float(quantity: str | int | float) -> float:
    """The quantity as the double that Kubernetes gets: mantissa times a power of ten, in canonical form.

    Not always the nearest double: 9m is 9 × 0.001. Raises `InvalidSpecError`.
    """
    mantissa, decimals = _scaled(quantity, 9), 9
    while decimals and mantissa % 1000 == 0:
        mantissa, decimals = mantissa // 1000, decimals - 3
    return mantissa * (1.0, 1e-3, 1e-6, 1e-9)[decimals // 3]


def from_milli(milli: int, *, binary: bool = False) -> str:
    """The canonical text: no fraction, the largest suffix that loses nothing.

    `binary` asks for Ki, Mi, … where the figure is whole and at least 1024, as the API does for memory.
    """
    if binary and milli % 1000 == 0 and abs(milli) >= 1024 * 1000:
        return _with_suffix(milli // 1000, 1024, ("", *_POWERS_OF_1024))
    return _with_suffix(milli, 1000, ("m", "", "k", "M", "G", "T", "P", "E"))


def _scaled(quantity: str | int | float, decimals: int) -> int:
    """The quantity times 10^decimals, rounded away from zero."""
    text = "" if isinstance(quantity, bool) else str(quantity)
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None or not (match["whole"] or match["fraction"]):
        raise InvalidSpecError(
            f"{text[:_LONGEST_TEXT] or quantity!r} is not a Kubernetes quantity: "
            "write a number with at most one suffix, as in 500m, 1.5, 2Gi or 1e3."
        )
    fraction = match["fraction"] or ""
    suffix = match["suffix"] or ""
    digits = int(match["whole"] + fraction) * int(1024 ** _POWERS_OF_1024.get(suffix, 0))
    power = int(match["exponent"] or _POWERS_OF_TEN.get(suffix, 0))
    magnitude = _shifted(digits, power + decimals - len(fraction))
    return -magnitude if match["sign"] == "-" else magnitude


def _shifted(digits: int, power: int) -> int:
    """`digits` × 10^power, rounded up."""
    if digits == 0:
        return 0
    if power >= 0:
        return digits * int(10 ** min(power, _FARTHEST_EXPONENT))
    # More places than digits: anything above nothing rounds up to one.
    return -(-digits // int(10 ** min(-power, len(str(digits)) + 1)))


def _with_suffix(number: int, base: int, suffixes: tuple[str, ...]) -> str:
    place = 0
    while number and number % base == 0 and place < len(suffixes) - 1:
        number, place = number // base, place + 1
    return f"{number}{suffixes[place]}" if number else "0"
