"""How old a read may be before it is believed over a newer one. Pure.

Reads may come from servers that lag behind each other and go back in time. So one look that shows
a failure, a cancellation or another deployment decides nothing, unless only this promotion can have
led to what it shows. And a look may show any moment of the last minute: if it contradicts what was
known already, it may be older. Then it is believed once no server shows the time before any more.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

from attrs import define

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
