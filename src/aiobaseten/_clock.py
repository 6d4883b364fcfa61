"""Time and randomness, as a dependency.

No other module reads a clock or sets a timer by itself. The default clock is the event loop's, so
that a loop with virtual time (such as looptime) makes the whole library run in virtual time.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

#: Seconds by which timers may fire early: the resolution of a clock, and a margin.
EARLY_S = 0.001


class Clock(Protocol):
    """The time and randomness that the library needs."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def utcnow(self) -> datetime:
        """The time of day, with a time zone, for dates in headers."""
        ...

    def random(self) -> float:
        """A number in [0, 1), for jitter."""
        ...

    def timeout_at(self, when: float) -> asyncio.Timeout:
        """A scope that is cut off at the time *when* of `now()`; infinity means never."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call *callback* at the time *when* of `now()`."""
        ...


class LoopClock:
    """The running event loop's time."""

    def __init__(self, source: random.Random | None = None) -> None:
        # The system's random numbers differ between workers that are forked from one process.
        self._source = source or random.SystemRandom()

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
    """A clock on which *speed* seconds pass in each second of the event loop.

    For a fake that is served with the same speed: ten minutes at Baseten take seconds, and waits
    report the times that they would take at Baseten. The time of day passes as fast, from the
    moment when the clock was made.

    Args:
        speed: Seconds in one second of the loop's.
        source: The random numbers.

    Raises:
        ValueError: *speed* is not above 0.
    """

    def __init__(self, speed: float, source: random.Random | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed is a factor above 0, not {speed!r}: 1 is real time")
        super().__init__(source)
        self._speed = speed
        self._made = super().utcnow()

    def now(self) -> float:
        """Compressed seconds on the loop's clock."""
        return super().now() * self._speed

    def utcnow(self) -> datetime:
        """The time of day, compressed."""
        return self._made + (super().utcnow() - self._made) * self._speed

    def timeout_at(self, when: float) -> asyncio.Timeout:
        """A scope that is cut off at a compressed time."""
        return super().timeout_at(when if math.isinf(when) else when / self._speed)

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Have the loop call it at a compressed time."""
        return super().call_at(when / self._speed, callback)
