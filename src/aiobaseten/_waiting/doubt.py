"""How old a read may be before it is believed over a newer one. Pure.

Reads may come from servers that lag behind each other and go back in time. So one look that shows
a failure, a cancellation or another deployment decides nothing, unless only this promotion can have
led to what it shows. And a look may show any moment of the last minute: if it contradicts what was
known already, it may be older. Then it is believed once no server shows the time before any more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable

from attrs import define, field

#: Seconds between two looks that confirm each other: the first may hit the moment in which the
#: candidate becomes the current deployment, or a server that lags behind. A look may take as long.
MISSING_GRACE_S = 10.0
#: Seconds by which a server lags behind at most.
MOST_STALE_S = 60.0


def certain_at(known_at: float) -> float:
    """When every look is newer than a state that was known at that time."""
    return known_at + MOST_STALE_S + MISSING_GRACE_S


@define
class Doubt:
    """What looks have shown lately, and since when without interruption."""

    _shown: Hashable = None
    _since: float = 0.0
    _certain_at: float = 0.0

    def is_confirmed(self, shown: Hashable, at: float, known_at: float = -math.inf) -> bool:
        """Record what a look shows; returns whether it is certain.

        It must be seen in two looks apart, without another one between them.

        Args:
            shown: What.
            at: When.
            known_at: Since when the state is known that this one may be older than; by default, it
                cannot be older than any.
        """
        if shown != self._shown:
            self._shown, self._since = shown, at
        self._certain_at = max(self._since + MISSING_GRACE_S, certain_at(known_at))
        return at >= self._certain_at

    def remaining(self, at: float) -> float:
        """Seconds until a look may confirm it."""
        return self._certain_at - at

    @property
    def is_open(self) -> bool:
        """Whether something is in doubt."""
        return self._shown is not None

    def clear(self) -> None:
        """Forget the doubtful state: a look has shown another one."""
        self._shown = None


@define
class KnownEnd:
    """What is known of the end of a promotion. A look that shows it as live may be older.

    Attributes:
        is_logged: Whether the audit log could be read when it was asked last.
        is_cancelled: Whether the log told that somebody has cancelled it.
        newer: When the log first told of a newer promotion of each deployment.
        may_be: Whether a look has shown that it may be over.
        replaced_at: When a look last showed that another deployment took its place.
    """

    is_logged: bool = False
    is_cancelled: bool = False
    newer: dict[str, float] = field(factory=dict[str, float])
    may_be: bool = False
    replaced_at: float = -math.inf
    _live: Doubt = field(factory=Doubt)

    def note_log(self, *, is_cancelled: bool, newer: Collection[str], at: float) -> None:
        """Note what the audit log told."""
        self.is_logged, self.is_cancelled = True, is_cancelled
        self.newer = {one: self.newer.get(one, at) for one in newer}

    def believes(self, current: Hashable, candidate: str | None, at: float) -> bool:
        """Record a look that shows it as live; returns whether that is certain.

        Args:
            current: The deployment that serves, as shown.
            candidate: The deployment that is promoted by now, as shown.
            at: When.
        """
        is_told = self.newer or self.replaced_at > -math.inf
        if not is_told and (self.is_logged or not self.may_be):
            return True
        hidden = [since for one, since in self.newer.items() if one != candidate]
        return self._live.is_confirmed(current, at, max(self.replaced_at, *hidden, -math.inf))

    def remaining(self, at: float) -> float:
        """Seconds until a look may confirm that it is live."""
        return self._live.remaining(at)

    def clear(self) -> None:
        """A look has shown that it is not live."""
        self._live.clear()
