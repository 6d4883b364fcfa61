"""One status over time: timelines laid end to end."""

from __future__ import annotations

from ..timelines import Timeline, moment
from .history import History


class StatusTrack:
    """The status of a deployment or a chainlet over time.

    Each timeline replaces the rest of the one before it. Reads may show it some seconds late.
    """

    __slots__ = ("_real", "_seen")

    def __init__(self, timeline: Timeline, start: float) -> None:
        self._real = History((start, timeline))
        self._seen = History((start, timeline))

    def put(self, timeline: Timeline, *, at: float, seen_from: float) -> None:
        """Follow *timeline* from the time *at*; reads show it from *seen_from* on."""
        self._real.put((at, timeline), since=at)
        self._seen.put((at, timeline), since=seen_from)

    def at(self, when: float) -> str:
        """The real status at that time."""
        start, timeline = self._real.at(when)
        return timeline.at(when - start)

    def seen_at(self, when: float) -> str:
        """The status that a read shows at that time."""
        start, timeline = self._seen.at(when)
        return timeline.at(when - start)

    def changes(self) -> frozenset[float]:
        """Every time at which it may change."""
        return frozenset(
            moment(start + offset)
            for start, timeline in self._real.values()
            for offset, _ in timeline.changes()
        )
