"""Waiting for something, with a limit and a sentence for when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rlautoscaler.errors import DemoError

POLL_SECONDS = 0.25

T = TypeVar("T")


async def until(
    look: Callable[[], Awaitable[T | None]],
    complaint: str,
    *,
    seconds: float,
    check: Callable[[], None] = lambda: None,
) -> T:
    """Look until there is an answer, and return it.

    Args:
        look: gives None while there is none.
        complaint: what is not so after `seconds`, with what to do about it; the text of a `DemoError`.
        seconds: the limit.
        check: called between looks; raises where waiting has no sense any more.

    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                check()
                found = await look()
                if found is not None:
                    return found
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise DemoError(f"After {seconds:g} s {complaint}") from None
