"""Whether the server answers, from the results of looks. Pure."""

from __future__ import annotations

from enum import Enum

from ..errors import RateLimitError, ResponseShapeError, ServerError, TransportError
from . import schedule
from .steps import asked_pause

#: Failed looks in a row, of whatever resource, after which the server counts as down.
DOWN_AFTER = 3
#: Seconds between looks while the server is down.
PROBE_EVERY_S = 4.0


class Change(Enum):
    """What a look changed for all others."""

    NOTHING = "nothing"
    REFUSED = "the server asked for a pause"
    DOWN = "the server is down, and one look probes for all"
    BACK = "the server is back"


class Health:
    """The server's health.

    Attributes:
        held_until: Until when no look may start, on the clock, but for last looks.
        refused_until: Until when the server has asked for a pause: last looks go one at a time.
    """

    def __init__(self) -> None:
        self.held_until = 0.0
        self.refused_until = 0.0
        self._failures = 0

    @property
    def is_down(self) -> bool:
        """Whether the server counts as down."""
        return self._failures >= DOWN_AFTER

    def after(self, outcome: object, at: float, *, is_alone: bool, chance: float) -> Change:
        """Learn from a look.

        Args:
            outcome: Its error, or anything else for a success.
            at: When it ended, on the clock.
            is_alone: Whether nothing else is polled.
            chance: A random number in [0, 1).
        """
        if isinstance(outcome, RateLimitError):
            pause = schedule.after_trouble(1, asked=asked_pause(outcome), chance=chance)
            self._hold(at + pause)
            self.refused_until = max(self.refused_until, at + pause)
            return Change.REFUSED
        if isinstance(outcome, ServerError | TransportError | ResponseShapeError):
            self._failures += 1
            if self.is_down and not is_alone:
                self._hold(at + PROBE_EVERY_S * (0.75 + 0.5 * chance))
                return Change.DOWN
            return Change.NOTHING
        was_down, self._failures = self.is_down, 0
        was_refused, self.refused_until = at < self.refused_until, 0.0
        if was_down or was_refused:
            self.held_until = 0.0
        return Change.BACK if was_down else Change.NOTHING

    def _hold(self, until: float) -> None:
        self.held_until = max(self.held_until, until)
