"""Waits until an environment is quiet again."""

from __future__ import annotations

from attrs import define

from .._status import PromotionPhase, Stage
from ..errors import PromotionSupersededError
from ..events import Event
from .deployment import note_parts
from .history import Log
from .promotion import PromotionLog
from .readings import EnvironmentReading
from .steps import KEEPS_WORKING, Done, Failed, Pending, Policy, Step, Verdict


@define
class CancellationWait:
    """A wait until traffic is back after a cancelled promotion.

    Attributes:
        label: What is waited for, to begin a sentence with.
        seen: The promotion so far.
        policy: What the caller asked.
        at_once: Whether Baseten said CANCELED rather than RAMPING_DOWN.
        target: The deployment whose promotion was cancelled; where not known, the candidate that
            is seen to be rolled back.
        previous: The deployment that served before that promotion, where known.
    """

    label: str
    seen: PromotionLog
    policy: Policy
    at_once: bool = False
    target: str | None = None
    previous: str | None = None

    @property
    def log(self) -> Log:
        """The statuses seen so far."""
        return self.seen.log

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        promotion = reading.promotion
        is_rolling_back = promotion is not None and promotion.phase is PromotionPhase.ROLLING_BACK
        if is_rolling_back and self.target is None:
            self.target, self.previous = reading.candidate_id, reading.current_id
        is_another = self.target is not None and reading.candidate_id not in (None, self.target)
        events = [] if is_another else note_environment(self.seen, reading, at)
        return Step(
            verdict=self._verdict(reading, at, is_over=is_another or not reading.is_busy),
            events=tuple(events),
            stage=Stage.LOAD,
            in_stage=at - self.log.changed_at,
        )

    def still(self) -> str:
        """What a wait that runs out has to say."""
        return f"{self.label} is not finished; last seen: {self.log.describe()}. {KEEPS_WORKING}"

    def _verdict(self, reading: EnvironmentReading, at: float, *, is_over: bool) -> Verdict:
        if self.target is not None and reading.current_id == self.target != self.previous:
            return self._overtaken(self.target)
        # Baseten said that it was over at once: what still runs after the settling time is new.
        is_new = self.at_once and self.target is None and at >= self.policy.settling_time
        return Done(reading.value) if is_over or is_new else Pending()

    def _overtaken(self, by: str) -> Failed:
        message = (
            f"{self.label} was overtaken: deployment {by} was rolled forward all the same, "
            "and now serves."
        )
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))


@define
class QuietWait:
    """A wait until no promotion is under way in an environment, however it ends."""

    label: str
    seen: PromotionLog

    @property
    def log(self) -> Log:
        """The statuses seen so far."""
        return self.seen.log

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        return Step(
            verdict=Pending() if reading.is_busy else Done(reading.value),
            events=tuple(note_environment(self.seen, reading, at)),
            stage=Stage.IDLE,
            in_stage=at - self.log.changed_at,
        )

    def still(self) -> str:
        """What a wait that runs out has to say."""
        return f"{self.label} is still busy; last seen: {self.log.describe()}. Nothing was sent."


def note_environment(seen: PromotionLog, reading: EnvironmentReading, at: float) -> list[Event]:
    """Take in what is promoted, and tell what is news."""
    events = note_parts(seen.log, reading.candidate, at) if reading.candidate else []
    return events + seen.note(reading.promotion, at)
