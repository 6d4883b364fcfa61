"""A client whose seconds are the fake's."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable

from .._clock import LoopClock


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

    async def sleep(self, seconds: float) -> None:
        """Sleep for compressed seconds."""
        await super().sleep(seconds / self._speed)

    def timeout_at(self, when: float) -> asyncio.Timeout:
        """A scope that is cut off at a compressed time."""
        return super().timeout_at(when if math.isinf(when) else when / self._speed)

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Have the loop call it at a compressed time."""
        return super().call_at(when / self._speed, callback)
