"""Decisions against the caller that must be seen twice, apart. Pure.

Reads may come from servers that lag behind each other and go back in time. So one look that shows
a failure, a cancellation or another deployment decides nothing, unless only this promotion can have
led to what it shows.
"""

from __future__ import annotations

from collections.abc import Hashable

from attrs import define

#: Seconds between two looks that confirm each other: the first may hit the moment in which the
#: candidate becomes the current deployment, or a server that lags behind. Where a mistake could
#: take back a promotion that is well, it must last for `MOST_STALE_S`.
MISSING_GRACE_S = 10.0
#: Seconds by which a server lags behind at most. A state that looks as before a promotion must last
#: for as long, because a promotion that is wrongly called over may be taken back.
MOST_STALE_S = 60.0


@define
class Doubt:
    """What looks have shown lately, and since when without interruption."""

    _shown: Hashable = None
    _since: float = 0.0
    _lasts: float = MISSING_GRACE_S

    def is_confirmed(self, shown: Hashable, at: float, lasts: float = MISSING_GRACE_S) -> bool:
        """Record what a look shows; returns whether it was seen before, *lasts* seconds ago."""
        if shown != self._shown:
            self._shown, self._since = shown, at
        self._lasts = lasts
        return at - self._since >= lasts

    def remaining(self, at: float) -> float:
        """Seconds until a look may confirm it."""
        return self._lasts - (at - self._since)

    @property
    def is_open(self) -> bool:
        """Whether something is in doubt."""
        return self._shown is not None

    def clear(self) -> None:
        """Forget the doubtful state: a look has shown another one."""
        self._shown = None
