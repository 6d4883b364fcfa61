"""Decisions against the caller that must be seen twice, apart. Pure.

Reads may come from servers that lag behind each other and go back in time. So one look that shows
a failure, a cancellation or another deployment decides nothing, unless only this promotion can have
led to what it shows.
"""

from __future__ import annotations

from collections.abc import Hashable

from attrs import define

#: Seconds between two looks that confirm each other. It is also the time for which a promotion may
#: be missing from its environment: a look may hit the moment in which the candidate becomes the
#: current deployment, or a server that lags behind.
MISSING_GRACE_S = 10.0


@define
class Doubt:
    """What looks have shown lately, and since when without interruption."""

    _shown: Hashable = None
    _since: float = 0.0

    def is_confirmed(self, shown: Hashable, at: float) -> bool:
        """Record what a look shows; returns whether it was seen before, long enough ago."""
        if shown != self._shown:
            self._shown, self._since = shown, at
        return at - self._since >= MISSING_GRACE_S

    def remaining(self, at: float) -> float:
        """Seconds until a look may confirm it."""
        return MISSING_GRACE_S - (at - self._since)

    @property
    def is_open(self) -> bool:
        """Whether something is in doubt."""
        return self._shown is not None

    def clear(self) -> None:
        """Forget the doubtful state: a look has shown another one."""
        self._shown = None
