"""Runs, in order, the changes that happen by themselves in one chain or model.

A deployment's status is not changed here: `status_track` computes it from the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Protocol


class ChangesByItself(Protocol):
    """Something that changes as time passes, such as an environment with a promotion."""

    def next_change(self) -> float:
        """The time of its next change; infinity if none is to come."""
        ...

    def change(self) -> None:
        """Make that change."""


class Progress:
    """Brings the parts of one chain or model up to date when somebody reads them.

    Args:
        now: Gives the time, in seconds of the fake's time.
        parts: The parts that change by themselves; parts may be added and removed.
    """

    def __init__(self, now: Callable[[], float], parts: Mapping[str, ChangesByItself]) -> None:
        self.now = now
        self._parts = parts
        self._quiet_until = math.inf

    def advance(self, until: float) -> None:
        """Make all changes, in order, whose time has come at *until*."""
        while until >= self._quiet_until:
            # A change may lead to more changes: it then calls `invalidate`.
            self._quiet_until = math.inf
            part = min(self._parts.values(), key=lambda one: one.next_change(), default=None)
            when = math.inf if part is None else part.next_change()
            if part is not None and when <= until:
                part.change()
                when = until
            self._quiet_until = min(self._quiet_until, when)

    def advance_to_now(self) -> float:
        """Make all changes whose time has come; returns the time."""
        now = self.now()
        self.advance(now)
        return now

    def invalidate(self) -> None:
        """Compute the next change anew: something happened that may have moved it."""
        self._quiet_until = -math.inf
