"""The fake's time: seconds since it began, taken from the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from ..timelines import moment

# The default time of day at which a fake's time begins.
STARTED: Final = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """Seconds since the fake was first used inside an event loop.

    It follows the loop's clock: virtual time in the loop is virtual time here. It stands still
    while no loop runs.

    Args:
        speed: Seconds of the fake's time in one second of the loop's.

    Raises:
        ValueError: *speed* is not above 0.
    """

    def __init__(self, speed: float) -> None:
        if not speed > 0:
            raise ValueError(f"speed is a factor above 0, not {speed!r}: 1 is real time")
        self.speed = speed
        self._source: object = None
        self._origin = 0.0
        self._last = 0.0
        self._held: float | None = None

    def now(self) -> float:
        """Seconds in the fake's time, to the microsecond."""
        if self._held is not None:
            return self._held
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._last
        # looptime makes a loop's time virtual for the test, and real again for its fixtures.
        source = (loop, getattr(loop, "looptime_on", None))
        if source != self._source:
            # Each source has its own zero: continue from the last time.
            self._source = source
            self._origin = loop.time() - self._last / self.speed
        self._last = max(self._last, moment((loop.time() - self._origin) * self.speed))
        return self._last

    @contextmanager
    def hold(self, at: float) -> Generator[None]:
        """Stop the clock at the time *at* while the block runs."""
        before, self._held = self._held, at
        try:
            yield
        finally:
            self._held = before

    def in_loop(self, seconds: float) -> float:
        """Convert a duration to seconds of the event loop."""
        return seconds / self.speed
