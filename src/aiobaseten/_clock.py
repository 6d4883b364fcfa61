"""Time and randomness, as a dependency.

The only module that reads a clock or sleeps. The default clock is the running event loop's, so
a loop with virtual time (looptime, for example) makes the whole library run in virtual time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the library needs of time and chance."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def utcnow(self) -> datetime:
        """The time of day, aware, for dates that servers send."""
        ...

    def random(self) -> float:
        """A number in [0, 1), for jitter."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of `now()`."""
        ...

    def timeout_at(self, when: float) -> asyncio.Timeout:
        """Cut off what runs inside at the time *when* of `now()`; infinity means never."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call *callback* at the time *when* of `now()`."""
        ...


class LoopClock:
    """The running event loop's time."""

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.Random()  # noqa: S311 - jitter, not secrets

    def now(self) -> float:
        """Seconds on the loop's clock."""
        return asyncio.get_running_loop().time()

    def utcnow(self) -> datetime:
        """The time of day."""
        return datetime.now(UTC)

    def random(self) -> float:
        """A number in [0, 1)."""
        return self._source.random()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the loop."""
        await asyncio.sleep(seconds)

    def timeout_at(self, when: float) -> asyncio.Timeout:
        """A scope that the loop cuts off at *when*."""
        return asyncio.timeout_at(None if when == float("inf") else when)

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Have the loop call it."""
        return asyncio.get_running_loop().call_at(when, callback)
