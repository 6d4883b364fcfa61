"""The fake's own time: seconds since it started, taken from the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from .timelines import moment

# The time of day at which a fake begins, unless told otherwise.
STARTED: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Seconds since the fake was first used inside an event loop.

    It follows the loop's clock, so virtual time in the loop is virtual time here, and stands
    still while no loop runs.
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
            # It counts from a start of its own: go on from where we were.
            self._source = source
            self._origin = loop.time() - self._last / self.speed
        self._last = max(self._last, moment((loop.time() - self._origin) * self.speed))
        return self._last

    @contextmanager
    def hold(self, at: float) -> Generator[None]:
        """Make it *at* for as long as the block takes."""
        before, self._held = self._held, at
        try:
            yield
        finally:
            self._held = before

    def in_loop(self, seconds: float) -> float:
        """The same duration in seconds of the event loop."""
        return seconds / self.speed
