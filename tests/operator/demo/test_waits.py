"""Waiting with a limit."""

from __future__ import annotations

import pytest

from rlautoscaler.demo import waits
from rlautoscaler.errors import DemoError, SandboxError


async def test_what_comes_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks until there is an answer."""
    monkeypatch.setattr(waits, "POLL_SECONDS", 0.0)
    answers = iter([None, None, 5])

    async def look() -> int | None:
        return next(answers)

    assert await waits.until(look, "never", seconds=5) == 5


async def test_what_does_not_come_is_told_in_a_sentence() -> None:
    """After the limit the complaint is an error for people."""

    async def look() -> None:
        return None

    with pytest.raises(DemoError, match=r"^After 0.01 s the pods were not ready\.$"):
        await waits.until(look, "the pods were not ready.", seconds=0.01)


async def test_waiting_ends_with_what_it_waits_for() -> None:
    """Where a program has ended by itself, its own error counts, at once."""

    async def look() -> None:
        return None

    def check() -> None:
        raise SandboxError("etcd ended by itself.")

    with pytest.raises(SandboxError, match="etcd"):
        await waits.until(look, "never", seconds=60, check=check)
