"""Time and randomness, as a dependency.

The only module that reads a clock or sleeps. The default clock is the running event loop's, so
a loop with virtual time (looptime, for example) makes the whole library run in virtual time.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

#: Seconds by which timers may fire early: the resolution of a clock, and some more.
EARLY_S = 0.001


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

    def timeout_at(self, when: float) -> asyncio.Timeout:
        """A scope that the loop cuts off at *when*."""
        return asyncio.timeout_at(None if when == float("inf") else when)

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Have the loop call it."""
        return asyncio.get_running_loop().call_at(when, callback)


class CompressedClock(LoopClock):
    """A clock on which *speed* seconds pass in each second of the event loop's.

    For a fake that is served with the same speed: what takes ten minutes at Baseten takes seconds,
    and the times that waits report are those that it would have taken.

    Args:
        speed: Seconds in one second of the loop's.
        source: Where chance comes from.

    Raises:
        ValueError: *speed* is not above 0.
    """

    def __init__(self, speed: float, source: random.Random | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed is a factor above 0, not {speed!r}: 1 is real time")
        super().__init__(source)
        self._speed = speed

    def now(self) -> float:
        """Compressed seconds on the loop's clock."""
        return super().now() * self._speed

    def timeout_at(self, when: float) -> asyncio.Timeout:
        """A scope that is cut off at a compressed time."""
        return super().timeout_at(when if math.isinf(when) else when / self._speed)

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Have the loop call it at a compressed time."""
        return super().call_at(when / self._speed, callback)
