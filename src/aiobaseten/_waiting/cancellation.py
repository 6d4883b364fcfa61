"""Waits until no promotion is under way in an environment. Pure."""

from __future__ import annotations

from attrs import define

from .._status import PromotionPhase, Stage
from ..errors import PromotionSupersededError
from ..events import Event
from ..options import WaitOptions
from ..readings import EnvironmentReading
from .deployment import record_parts
from .history import History
from .promotion import EnvironmentHistory
from .steps import KEEPS_WORKING, Done, Failed, Pending, Step, Verdict


@define
class CancellationTracker:
    """Follows a cancelled promotion until traffic is back.

    Attributes:
        label: What is waited for, to begin a sentence with.
        seen: The promotion so far.
        options: The caller's.
        at_once: Whether Baseten said CANCELED rather than RAMPING_DOWN.
        target: The deployment whose promotion was cancelled; if not known, the candidate that is
            seen to be rolled back.
        previous: The deployment that served before that promotion, if known.
    """

    label: str
    seen: EnvironmentHistory
    options: WaitOptions
    at_once: bool = False
    target: str | None = None
    previous: str | None = None

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        return self.seen.history

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        promotion = reading.promotion
        is_rolling_back = promotion is not None and promotion.phase is PromotionPhase.ROLLING_BACK
        if is_rolling_back and self.target is None:
            self.target, self.previous = reading.candidate_id, reading.current_id
        is_another = self.target is not None and reading.candidate_id not in (None, self.target)
        events = [] if is_another else record_environment(self.seen, reading, at)
        return Step(
            verdict=self._verdict(reading, at, is_over=is_another or not reading.is_busy),
            events=tuple(events),
            stage=Stage.LOAD,
            in_stage=at - self.history.changed_at,
        )

    def still(self) -> str:
        """The sentence for a wait that times out."""
        return (
            f"{self.label} is not finished; last seen: {self.history.describe()}. {KEEPS_WORKING}"
        )

    def _verdict(self, reading: EnvironmentReading, at: float, *, is_over: bool) -> Verdict:
        if self.target is not None and reading.current_id == self.target != self.previous:
            return self._overtaken(self.target)
        # Baseten said that it ended at once: a promotion that runs after the settling time is new.
        is_new = self.at_once and self.target is None and at >= self.options.settling_time
        return Done(lambda: reading.value) if is_over or is_new else Pending()

    def _overtaken(self, by: str) -> Failed:
        message = (
            f"{self.label} was overtaken: deployment {by} was rolled forward all the same, "
            "and now serves."
        )
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))


@define
class IdleTracker:
    """Follows an environment until no promotion is under way, however it ends."""

    label: str
    seen: EnvironmentHistory

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        return self.seen.history

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        return Step(
            verdict=Pending() if reading.is_busy else Done(lambda: reading),
            events=tuple(record_environment(self.seen, reading, at)),
            stage=Stage.IDLE,
            in_stage=at - self.history.changed_at,
        )

    def still(self) -> str:
        """The sentence for a wait that times out."""
        return (
            f"{self.label} is still busy; last seen: {self.history.describe()}. Nothing was sent."
        )


def record_environment(
    seen: EnvironmentHistory, reading: EnvironmentReading, at: float
) -> list[Event]:
    """Record the candidate and the promotion; returns what is new."""
    events = record_parts(seen.history, reading.candidate, at) if reading.candidate else []
    return events + seen.note(reading.promotion, at)
