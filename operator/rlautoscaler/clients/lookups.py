"""What is looked up once and remembered for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from rlautoscaler.errors import MetricsUnavailableError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lookups(Generic[Key, Value]):
    """Answers to questions that hardly ever change. Those who ask at once share one look.

    Args:
        look: answers a question; with a `MetricsUnavailableError` an old answer holds on, where there is one.
        clock: monotonic seconds.
        patience: seconds after which is looked again, also for what was not found.

    """

    def __init__(
        self, look: Callable[[Key], Awaitable[Value]], *, clock: Callable[[], float], patience: float
    ) -> None:
        self._look = look
        self._clock = clock
        self._patience = patience
        self._known: dict[Key, tuple[float, Value]] = {}
        self._lock = asyncio.Lock()

    async def get(self, key: Key) -> Value:
        """The answer."""
        async with self._lock:
            known = self._known.get(key)
            if known is None or self._clock() - known[0] >= self._patience:
                await self._renew(key)
            return self._known[key][1]

    async def _renew(self, key: Key) -> None:
        try:
            value = await self._look(key)
        except MetricsUnavailableError:
            if key not in self._known:
                raise
        else:
            self._known[key] = (self._clock(), value)
