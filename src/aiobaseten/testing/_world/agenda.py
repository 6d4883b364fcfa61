"""Actions planned for a later time, which run when the time is read."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence

from .clock import FakeClock


class Agenda:
    """Runs planned actions in order, each at exactly its time.

    Nothing runs in the background: an action runs when the time is read for the first time after
    it.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._planned: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()
        self._running = False

    def now(self) -> float:
        """The time, in seconds, after all actions that are due have run."""
        now = self._clock.now()
        while self._planned and self._planned[0][0] <= now and not self._running:
            at, _, action = heapq.heappop(self._planned)
            # An action reads the time too, and must end before the next one begins.
            self._running = True
            try:
                with self._clock.hold(at):
                    action()
            finally:
                self._running = False
        return now

    def plan(self, at: float, action: Callable[[], object]) -> None:
        """Run *action* at the time *at*.

        Raises:
            ValueError: That time has passed.
        """
        if at < self._clock.now():
            raise ValueError(
                f"it is {self._clock.now():g} s already: call the action itself, or plan it for a"
                f" time later than {at:g} s"
            )
        heapq.heappush(self._planned, (at, next(self._count), action))

    def planned(self) -> Sequence[str]:
        """The actions that have not run yet, described, in order."""
        return [f"<action at {at:g} s: {action!r}>" for at, _, action in sorted(self._planned)]
