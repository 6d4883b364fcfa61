"""Waits until an environment is quiet again."""

from __future__ import annotations

from attrs import define

from .._status import PromotionPhase, Stage
from ..errors import PromotionSupersededError
from .history import Log
from .promotion import PromotionLog
from .readings import EnvironmentReading
from .steps import Done, Failed, Pending, Policy, Step, Verdict


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
    """

    label: str
    seen: PromotionLog
    policy: Policy
    at_once: bool = False
    target: str | None = None

    @property
    def log(self) -> Log:
        """The statuses seen so far."""
        return self.seen.log

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        promotion = reading.promotion
        if promotion is not None and promotion.phase is PromotionPhase.ROLLING_BACK:
            self.target = self.target or reading.candidate_id
        is_another = self.target is not None and reading.candidate_id not in (None, self.target)
        return Step(
            verdict=self._verdict(reading, at, is_another=is_another),
            events=() if is_another else tuple(self.seen.note(promotion, at)),
            stage=Stage.LOAD,
            in_stage=at - self.log.changed_at,
        )

    def still(self) -> str:
        """What a wait that runs out has to say."""
        return f"{self.label} is not finished; last seen: {self.log.describe()}."

    def _verdict(self, reading: EnvironmentReading, at: float, *, is_another: bool) -> Verdict:
        if self.target is not None and reading.current_id == self.target:
            return self._overtaken(self.target)
        if is_another or not reading.is_busy:
            return Done(reading.value)
        # Baseten said that it was over at once: what still runs after the settling time is new.
        is_new = self.at_once and self.target is None and at >= self.policy.settling_time
        return Done(reading.value) if is_new else Pending()

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
            events=tuple(self.seen.note(reading.promotion, at)),
            stage=Stage.IDLE,
            in_stage=at - self.log.changed_at,
        )

    def still(self) -> str:
        """What a wait that runs out has to say."""
        return f"{self.label} is still busy; last seen: {self.log.describe()}."
