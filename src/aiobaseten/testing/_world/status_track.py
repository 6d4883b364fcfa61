"""One status over time: timelines laid end to end."""

from __future__ import annotations

from ..timelines import Timeline, moment


class StatusTrack:
    """The status of a deployment or a chainlet over time.

    Each timeline replaces the rest of the one before it. Reads may show it some seconds late.
    """

    __slots__ = ("_pieces",)

    def __init__(self, timeline: Timeline, start: float) -> None:
        self._pieces = [(start, start, timeline)]

    def put(self, timeline: Timeline, *, at: float, seen_from: float) -> None:
        """Follow *timeline* from the time *at*; reads show it from *seen_from* on."""
        self._pieces.append((at, seen_from, timeline))

    def at(self, when: float) -> str:
        """The real status at that time."""
        for start, _, timeline in reversed(self._pieces):
            if start <= when:
                return timeline.at(when - start)
        return self._pieces[0][2].at(0.0)

    def seen_at(self, when: float) -> str:
        """The status that a read shows at that time."""
        for start, seen_from, timeline in reversed(self._pieces):
            if seen_from <= when:
                return timeline.at(when - start)
        return self._pieces[0][2].at(0.0)

    def changes(self) -> frozenset[float]:
        """Every time at which it may change."""
        return frozenset(
            moment(start + offset)
            for start, _, timeline in self._pieces
            for offset, _ in timeline.changes()
        )
