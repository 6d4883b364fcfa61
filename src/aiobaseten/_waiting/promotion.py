"""A wait until a promotion is finished, read from the environment. Pure.

A deployment's own status is not enough: a reused deployment is ACTIVE before traffic moves, and
a new candidate is scaled to zero before it has ever loaded.
"""

from __future__ import annotations

from attrs import define, field, frozen

from .._status import Phase, PromotionPhase, Stage
from ..errors import (
    PromotionCanceledError,
    PromotionFailedError,
    PromotionPausedError,
    PromotionSupersededError,
)
from ..events import Event, PromotionPaused, PromotionResumed, StatusChanged, TrafficShifted
from ..options import WaitOptions
from ..readings import DeploymentReading, EnvironmentReading, Part, PromotionReading
from .deployment import (
    Judge,
    advice,
    chainlets,
    describe_failure,
    record_parts,
    stays_asleep,
)
from .history import History
from .steps import (
    KEEPS_WORKING,
    MISSING_GRACE_S,
    Done,
    Explain,
    Failed,
    Pending,
    Step,
    Verdict,
)


@frozen(kw_only=True)
class Baseline:
    """The environment before the promotion. A look that still shows it may be out of date.

    Attributes:
        current_id: The deployment that served, or ``None`` if there was none or it is not known.
        candidate_id: The candidate that lingered, or ``None``.
        promotion_status: The status of the promotion that lingered, or ``None``.
    """

    current_id: str | None = None
    candidate_id: str | None = None
    promotion_status: str | None = None


def baseline_of(reading: EnvironmentReading) -> Baseline:
    """The baseline of an environment that is about to be promoted to."""
    return Baseline(
        current_id=reading.current_id,
        candidate_id=reading.candidate_id,
        promotion_status=reading.promotion.status if reading.promotion else None,
    )


@define
class EnvironmentHistory:
    """An environment's promotion, as far as it was seen.

    Attributes:
        environment: The environment's name.
        history: The statuses seen so far.
        last: The promotion as it was last seen; ``None`` before that.
    """

    environment: str
    history: History = field(factory=History)
    last: PromotionReading | None = None

    def note(self, promotion: PromotionReading | None, at: float) -> list[Event]:
        """Record the promotion's state; returns what is new."""
        if promotion is None:
            return []
        kind = StatusChanged
        if promotion.phase is PromotionPhase.PAUSED:
            kind = PromotionPaused
        elif self.is_paused and promotion.phase is PromotionPhase.RUNNING:
            kind = PromotionResumed
        events: list[Event] = [
            *self.history.note(("promotion", f"to {self.environment}"), promotion.status, at, kind)
        ]
        if promotion.percent != (self.last.percent if self.last else 0):
            self.history.changed_at = at
            events.append(TrafficShifted(at=at, percent=promotion.percent))
        self.last = promotion
        return events

    @property
    def is_paused(self) -> bool:
        """Whether it was paused when last seen."""
        return self.last is not None and self.last.phase is PromotionPhase.PAUSED

    @property
    def is_rolling_back(self) -> bool:
        """Whether it was being rolled back when last seen."""
        return self.last is not None and self.last.phase is PromotionPhase.ROLLING_BACK


@define
class PromotionTracker:
    """Follows a promotion until its deployment serves and traffic has moved.

    Attributes:
        label: What is waited for, to begin a sentence with.
        target: The deployment's id.
        seen: The promotion so far.
        options: The caller's.
        retried: Whether the first looks may still show that the deployment failed earlier.
        baseline: The environment before the promotion.
    """

    label: str
    target: str
    seen: EnvironmentHistory
    options: WaitOptions
    retried: bool = False
    baseline: Baseline = field(factory=Baseline)
    _was_there: bool = False
    _was_current: bool = False
    _missing_since: float | None = None
    _asleep: tuple[Part, ...] = ()

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        return self.seen.history

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        ours = self._find(reading)
        is_old = self._is_old(reading, at)
        events: list[Event] = record_parts(self.history, ours, at) if ours else []
        if reading.candidate_id in (None, self.target) and not is_old:
            events += self.seen.note(reading.promotion, at)
        if ours is None:
            verdict = self._absent(reading, at, is_old=is_old)
        else:
            verdict = self._present(reading, ours, at, is_old=is_old)
        return self._step(verdict, events, ours, at)

    def still(self) -> str:
        """The sentence for a wait that times out."""
        seen = f"{self.label} is not finished; last seen: {self.history.describe()}."
        if self.seen.is_paused:
            return f"{seen} It is paused: nothing moves until somebody resumes or cancels it."
        if self._asleep:
            return f"{seen} It has the traffic. {stays_asleep(self._asleep)}"
        return f"{seen} {KEEPS_WORKING}"

    def _step(
        self, verdict: Verdict, events: list[Event], ours: DeploymentReading | None, at: float
    ) -> Step:
        return Step(
            verdict=verdict,
            events=tuple(events),
            stage=ours.stage if ours else Stage.IDLE,
            in_stage=at - self.history.changed_at,
        )

    def _find(self, reading: EnvironmentReading) -> DeploymentReading | None:
        """The deployment that is promoted, if the environment shows it."""
        if reading.current_id == self.target:
            self._was_there = self._was_current = True
            return reading.current
        # The end of the rollback was not shown: a candidate that is still there is a leftover.
        is_leftover = reading.promotion is None and self.seen.is_rolling_back
        if reading.candidate_id == self.target and not is_leftover:
            self._was_there = True
            return reading.candidate
        return None

    def _is_old(self, reading: EnvironmentReading, at: float) -> bool:
        """Whether the promotion that is shown may be an earlier one that lingers."""
        return (
            reading.promotion is not None
            and reading.promotion.status == self.baseline.promotion_status
            and reading.current_id != self.target
            and self.seen.last is None
            and (at < self.options.settling_time or not self._was_there)
        )

    def _present(
        self, reading: EnvironmentReading, ours: DeploymentReading, at: float, *, is_old: bool
    ) -> Verdict:
        """It is there: it serves, or it is about to."""
        self._missing_since = None
        is_current = ours is reading.current
        judge = Judge(options=self.options, retried=self.retried)
        parts = judge.parts(ours, self.history, at, promoting=not is_current)
        self._asleep = () if parts.pending else parts.asleep
        promotion = None if is_old else reading.promotion
        if not is_current and promotion is not None:
            # Traffic has not moved, whatever the deployment's own status says.
            if promotion.phase is PromotionPhase.FAILED:
                return self._failed(promotion, chainlets(ours.parts_in(Phase.FAILED)))
            if promotion.phase is PromotionPhase.CANCELED:
                return self._canceled()
            if promotion.phase is PromotionPhase.ROLLING_BACK:
                return Pending()  # its end says more than the candidate's status
        if parts.failed:
            return self._broke(reading, parts.failed, at)
        is_anothers = reading.candidate_id not in (None, self.target)
        is_moving = promotion is not None and not promotion.is_over and not is_anothers
        if is_moving or not is_current:
            return self._moving(reading)
        return Pending() if parts.pending or parts.asleep else Done(lambda: ours.value)

    def _absent(self, reading: EnvironmentReading, at: float, *, is_old: bool) -> Verdict:
        """Neither current nor candidate: not shown yet, or gone."""
        if self._missing_since is None:
            self._missing_since = at
        promotion = reading.promotion
        if promotion is not None and reading.candidate is None and not is_old:
            if not promotion.is_over:
                return self._moving(reading)
            if promotion.phase is PromotionPhase.CANCELED:
                return self._canceled()
            if promotion.phase is PromotionPhase.FAILED:
                return self._failed(promotion, ())
        shown_within = 0.0 if self._was_there else self.options.settling_time
        if at - self._missing_since < max(MISSING_GRACE_S, shown_within):
            return Pending()
        return Explain(lambda deployment, at: self._explain(reading, deployment, at))

    def _explain(
        self, reading: EnvironmentReading, deployment: DeploymentReading | None, at: float
    ) -> Step:
        events = record_parts(self.history, deployment, at) if deployment else []
        return self._step(self._why(reading, deployment, at), events, deployment, at)

    def _why(
        self, reading: EnvironmentReading, deployment: DeploymentReading | None, at: float
    ) -> Verdict:
        """Why it is not there, from the deployment and from the environment."""
        if deployment is not None and (broken := deployment.parts_in(Phase.FAILED)):
            return self._broke(reading, broken, at)
        successor = self._successor(reading)
        if successor is not None:
            return self._superseded(successor)
        if deployment is None:
            return self._canceled(f" Deployment {self.target} no longer exists.")
        has_settled = at - self.history.changed_at >= self.options.settling_time
        if not self._was_there and (deployment.parts_in(Phase.PENDING) or not has_settled):
            return Pending()  # the environment need not show it before it serves
        return self._canceled(f" Deployment {self.target} is {deployment.status}.")

    def _successor(self, reading: EnvironmentReading) -> str | None:
        """The deployment that took the place, if one did."""
        old = {None, self.target, self.baseline.current_id, self.baseline.candidate_id}
        new = [one for one in (reading.current_id, reading.candidate_id) if one not in old]
        if new:
            return new[0]
        # It served once, so the deployment that serves now came later, even if it served before.
        has_served = self._was_current or (
            self.seen.last is not None and self.seen.last.phase is PromotionPhase.SUCCEEDED
        )
        return reading.current_id if has_served else None

    def _moving(self, reading: EnvironmentReading) -> Verdict:
        """Look again, unless it is paused and the caller asked to be told."""
        promotion = reading.promotion
        if promotion is None or promotion.phase is not PromotionPhase.PAUSED:
            return Pending()
        if self.options.on_paused == "wait":
            return Pending()
        message = (
            f"{self.label} is paused at {promotion.percent} % of traffic; "
            "it stays so until somebody resumes or cancels it."
        )
        return Failed(lambda evidence: PromotionPausedError(message, evidence=evidence))

    def _failed(self, promotion: PromotionReading, failed: tuple[str, ...]) -> Failed:
        """Baseten says that the promotion failed."""
        why = f": {promotion.message}" if promotion.message else ""
        message = f"{self.label} failed{why.rstrip('.')}. Traffic stays on what served before."
        return Failed(
            lambda evidence: PromotionFailedError(message, evidence=evidence, failed=failed)
        )

    def _broke(self, reading: EnvironmentReading, failed: tuple[Part, ...], at: float) -> Failed:
        """The deployment itself failed."""
        promotion = reading.promotion if reading.candidate_id == self.target else None
        if reading.current_id == self.target:
            traffic = "It has the traffic."
        elif promotion is not None and promotion.percent and not promotion.is_over:
            traffic = f"It has {promotion.percent} % of the traffic."
        else:
            traffic = "Traffic stays on what served before."
        message = (
            f"{self.label} failed: {describe_failure(failed, self.history, at)}. "
            f"{traffic} {advice(failed)}"
        )
        return Failed(
            lambda evidence: PromotionFailedError(
                message, evidence=evidence, failed=chainlets(failed)
            )
        )

    def _canceled(self, note: str = "") -> Failed:
        message = f"{self.label} was cancelled; traffic is on what served before.{note}"
        return Failed(lambda evidence: PromotionCanceledError(message, evidence=evidence))

    def _superseded(self, by: str) -> Failed:
        message = f"{self.label} was superseded: deployment {by} took its place."
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))
