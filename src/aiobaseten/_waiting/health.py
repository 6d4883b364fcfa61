"""Whether a route answers, from the results of its looks. Pure.

What fails is what is probed. A resource that fails again says nothing new about its route, so only
the first failure of each counts. Requests that hang do not count: they hold few places, and are
rare by themselves.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from ..errors import (
    RateLimitError,
    RequestTimeoutError,
    ResponseShapeError,
    ServerError,
    TransportError,
)
from . import schedule

#: Resources of a route that began to fail, with no success between, after which it counts as down.
DOWN_AFTER = 3
#: Seconds between looks at a route that is down.
PROBE_EVERY_S = 4.0
#: Seconds for which a route that is down holds the looks at resources that answered before: for
#: each of them, and at most. With the default budget, each is seen within twice its schedule.
HELD_EACH_S = 0.1
MOST_HELD_S = 60.0
#: Seconds for which it holds none after one of them answered: only others are down.
PARTLY_DOWN_S = 60.0
_FAILURES = (ServerError, TransportError, ResponseShapeError)


# A key of many dictionaries: a string has its hash ready.
class Standing(StrEnum):
    """How the last look at a resource ended."""

    NEW = "there was none"
    SOUND = "it was answered"
    FAILING = "it failed in a way that may pass"


class Change(Enum):
    """What a look changed for the others of its route."""

    NOTHING = "nothing"
    REFUSED = "the server asked for a pause"
    BACK = "the route answers again"


class Health:
    """The health of one route.

    Attributes:
        refused_until: Until when the server has asked for a pause, on the clock. Only last looks
            start before, one at a time.
        probe_at: When the next look may start while the route is down.
        seen_down_at: When a look last found it down.
        held_until: Until when it holds the looks at resources that answered before.
    """

    def __init__(self) -> None:
        self.refused_until = 0.0
        self.probe_at = 0.0
        self.seen_down_at = float("-inf")
        self.held_until = 0.0
        self._holds_again_at = 0.0
        self._failures = 0  # resources in a row
        self._prompt_failures = 0  # those of them that did not hang

    @property
    def is_down(self) -> bool:
        """Whether the route counts as down."""
        return self._prompt_failures >= DOWN_AFTER

    def holds(self, standing: Standing, now: float) -> bool:
        """Whether looks at such resources wait for a probe.

        A first look is always made. And what answered before is held for a while only, because not
        everything need be down.
        """
        if not self.is_down or standing is Standing.NEW:
            return False
        return standing is Standing.FAILING or now < self.held_until

    def after(
        self, outcome: object, at: float, *, before: Standing, sound: int, chance: float
    ) -> Change:
        """Learn from a look.

        Args:
            outcome: Its error, or anything else for a success.
            at: When it ended, on the clock.
            before: How the look before it ended.
            sound: How many resources of the route answered before.
            chance: A random number in [0, 1).
        """
        if isinstance(outcome, RateLimitError):
            pause = schedule.after_trouble(1, asked=schedule.asked_pause(outcome), chance=chance)
            self.refused_until = max(self.refused_until, at + pause)
            return Change.REFUSED
        if standing_after(outcome) is Standing.FAILING:
            if before is not Standing.FAILING:
                self._count(outcome, at, sound)
            if self.is_down:
                self.seen_down_at = at
                self.probe_at = at + PROBE_EVERY_S * (0.75 + 0.5 * chance)
            return Change.NOTHING
        if self.is_down:
            self.held_until, self._holds_again_at = at, at + PARTLY_DOWN_S
        has_failed = self._failures >= DOWN_AFTER
        self._failures = self._prompt_failures = 0
        self.refused_until = 0.0
        return Change.BACK if has_failed else Change.NOTHING

    def _count(self, outcome: object, at: float, sound: int) -> None:
        was_down = self.is_down
        self._failures += 1
        self._prompt_failures += not isinstance(outcome, RequestTimeoutError)
        if self.is_down and not was_down and at >= self._holds_again_at:
            self.held_until = at + min(HELD_EACH_S * sound, MOST_HELD_S)


def standing_after(outcome: object) -> Standing:
    """The standing of a resource after a look.

    A refusal of the caller is an answer: the server works.
    """
    return Standing.FAILING if isinstance(outcome, _FAILURES) else Standing.SOUND
