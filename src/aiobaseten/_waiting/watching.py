"""Watches an environment that somebody else may promote to. Pure."""

from __future__ import annotations

from attrs import define, field

from .._status import Stage
from ..events import EnvironmentChanged
from ..readings import EnvironmentReading
from .history import History
from .steps import KEEPS_WORKING, Pending, Step, Still


@define
class WatchTracker:
    """Reports each change of an environment, and never ends.

    Attributes:
        label: The environment, to begin a sentence with.
        history: Empty: this follows no status.
    """

    label: str
    history: History = field(factory=History)
    _last: EnvironmentReading | None = None

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Report what has changed."""
        is_new = reading != self._last
        if is_new:
            self._last, self.history.changed_at = reading, at
        candidate = reading.candidate if reading.is_busy else None
        return Step(
            verdict=Pending(),
            events=(EnvironmentChanged(at=at, reading=reading),) if is_new else (),
            stage=Stage.IDLE if candidate is None else candidate.stage,
            in_stage=at - self.history.changed_at,
        )

    def still(self) -> Still:
        """What a message would say if the time for it were limited."""
        seen = "nothing of it" if self._last is None else "no change"
        return Still(f"{self.label} is watched", seen, KEEPS_WORKING)
