"""A wait until a promotion is finished, read from the environment.

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
from .deployment import (
    advice,
    chainlets,
    fold,
    nobody_will_wake,
    note_parts,
    what_failed,
)
from .history import Log
from .readings import DeploymentReading, EnvironmentReading, Part, PromotionReading
from .steps import (
    KEEPS_WORKING,
    MISSING_GRACE_S,
    Done,
    Explain,
    Failed,
    Pending,
    Policy,
    Step,
    Verdict,
)


@frozen(kw_only=True)
class Baseline:
    """The environment before the promotion. What still looks so may be old.

    Attributes:
        current_id: The deployment that served, or ``None`` if there was none or it is not known.
        candidate_id: The candidate that lingered, or ``None``.
        promotion_status: What the promotion that lingered said, or ``None``.
    """

    current_id: str | None = None
    candidate_id: str | None = None
    promotion_status: str | None = None


def baseline_of(reading: EnvironmentReading) -> Baseline:
    """What to remember of an environment before promoting to it."""
    return Baseline(
        current_id=reading.current_id,
        candidate_id=reading.candidate_id,
        promotion_status=reading.promotion.status if reading.promotion else None,
    )


@define
class PromotionLog:
    """An environment's promotion, as it was seen so far.

    Attributes:
        environment: The environment's name.
        log: The statuses seen so far.
        last: The promotion as it was last seen; ``None`` before that.
    """

    environment: str
    log: Log = field(factory=Log)
    last: PromotionReading | None = None

    def note(self, promotion: PromotionReading | None, at: float) -> list[Event]:
        """Take in the promotion's state, and tell what is news."""
        if promotion is None:
            return []
        kind = StatusChanged
        if promotion.phase is PromotionPhase.PAUSED:
            kind = PromotionPaused
        elif self.is_paused and promotion.phase is PromotionPhase.RUNNING:
            kind = PromotionResumed
        events: list[Event] = [
            *self.log.note(("promotion", f"to {self.environment}"), promotion.status, at, kind)
        ]
        if promotion.percent != (self.last.percent if self.last else 0):
            self.log.changed_at = at
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
class PromotionWait:
    """A wait until a deployment serves in an environment, traffic moved.

    Attributes:
        label: What is waited for, to begin a sentence with.
        target: The deployment's id.
        seen: The promotion so far.
        policy: What the caller asked.
        baseline: The environment before the promotion.
    """

    label: str
    target: str
    seen: PromotionLog
    policy: Policy
    baseline: Baseline = field(factory=Baseline)
    _was_there: bool = False
    _was_current: bool = False
    _missing_since: float | None = None
    _asleep: tuple[Part, ...] = ()

    @property
    def log(self) -> Log:
        """The statuses seen so far."""
        return self.seen.log

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        ours = self._find(reading)
        is_old = self._is_old(reading, at)
        events: list[Event] = note_parts(self.log, ours, at) if ours else []
        if reading.candidate_id in (None, self.target) and not is_old:
            events += self.seen.note(reading.promotion, at)
        if ours is None:
            verdict = self._absent(reading, at, is_old=is_old)
        else:
            verdict = self._present(reading, ours, at, is_old=is_old)
        return self._step(verdict, events, ours, at)

    def still(self) -> str:
        """What a wait that runs out has to say."""
        said = f"{self.label} is not finished; last seen: {self.log.describe()}."
        if self.seen.is_paused:
            return f"{said} It is paused: nothing moves until somebody resumes or cancels it."
        if self._asleep:
            return f"{said} It has the traffic. {nobody_will_wake(self._asleep)}"
        return f"{said} {KEEPS_WORKING}"

    def _step(
        self, verdict: Verdict, events: list[Event], ours: DeploymentReading | None, at: float
    ) -> Step:
        return Step(
            verdict=verdict,
            events=tuple(events),
            stage=ours.stage if ours else Stage.IDLE,
            in_stage=at - self.log.changed_at,
        )

    def _find(self, reading: EnvironmentReading) -> DeploymentReading | None:
        """The deployment that is promoted: the one that serves, or else the candidate."""
        if reading.current_id == self.target:
            self._was_there = self._was_current = True
            return reading.current
        # The end of the rollback was not shown: what is still there as candidate is a leftover.
        is_leftover = reading.promotion is None and self.seen.is_rolling_back
        if reading.candidate_id == self.target and not is_leftover:
            self._was_there = True
            return reading.candidate
        return None

    def _is_old(self, reading: EnvironmentReading, at: float) -> bool:
        """Whether the promotion that is shown may be an earlier one, which lingers."""
        return (
            reading.promotion is not None
            and reading.promotion.status == self.baseline.promotion_status
            and reading.current_id != self.target
            and self.seen.last is None
            and (at < self.policy.settling_time or not self._was_there)
        )

    def _present(
        self, reading: EnvironmentReading, ours: DeploymentReading, at: float, *, is_old: bool
    ) -> Verdict:
        """It is there: it serves, or it is about to."""
        self._missing_since = None
        is_current = ours is reading.current
        folded = fold(ours, self.log, self.policy, at, promoting=not is_current)
        self._asleep = () if folded.pending else folded.asleep
        promotion = None if is_old else reading.promotion
        if not is_current and promotion is not None:
            # Traffic has not moved, whatever the deployment's own status says.
            if promotion.phase is PromotionPhase.FAILED:
                return self._failed(promotion, chainlets(ours.parts_in(Phase.FAILED)))
            if promotion.phase is PromotionPhase.CANCELED:
                return self._canceled()
            if promotion.phase is PromotionPhase.ROLLING_BACK:
                return Pending()  # its end says more than what becomes of the candidate
        if folded.failed:
            return self._broke(reading, folded.failed, at)
        is_anothers = reading.candidate_id not in (None, self.target)
        is_moving = promotion is not None and not promotion.is_over and not is_anothers
        if is_moving or not is_current:
            return self._moving(reading)
        return Pending() if folded.pending or folded.asleep else Done(ours.value)

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
        shown_within = 0.0 if self._was_there else self.policy.settling_time
        if at - self._missing_since < max(MISSING_GRACE_S, shown_within):
            return Pending()
        return Explain(lambda deployment, at: self._explain(reading, deployment, at))

    def _explain(
        self, reading: EnvironmentReading, deployment: DeploymentReading | None, at: float
    ) -> Step:
        events = note_parts(self.log, deployment, at) if deployment else []
        return self._step(self._why(reading, deployment, at), events, deployment, at)

    def _why(
        self, reading: EnvironmentReading, deployment: DeploymentReading | None, at: float
    ) -> Verdict:
        """Why it is not there, from the deployment and from what is there instead."""
        if deployment is not None and (broken := deployment.parts_in(Phase.FAILED)):
            return self._broke(reading, broken, at)
        successor = self._successor(reading)
        if successor is not None:
            return self._superseded(successor)
        if deployment is None:
            return self._canceled(f" Deployment {self.target} no longer exists.")
        has_settled = at - self.log.changed_at >= self.policy.settling_time
        if not self._was_there and (deployment.parts_in(Phase.PENDING) or not has_settled):
            return Pending()  # nobody promised that the environment shows it before it serves
        return self._canceled(f" Deployment {self.target} is {deployment.parts[0].status}.")

    def _successor(self, reading: EnvironmentReading) -> str | None:
        """The deployment that took the place, if one did."""
        old = {None, self.target, self.baseline.current_id, self.baseline.candidate_id}
        new = [one for one in (reading.current_id, reading.candidate_id) if one not in old]
        if new:
            return new[0]
        # It did serve once, so what serves now came after it, even if it is what was before.
        has_served = self._was_current or (
            self.seen.last is not None and self.seen.last.phase is PromotionPhase.SUCCEEDED
        )
        return reading.current_id if has_served else None

    def _moving(self, reading: EnvironmentReading) -> Verdict:
        """Look again, unless it is paused and the caller wants to know."""
        promotion = reading.promotion
        if promotion is None or promotion.phase is not PromotionPhase.PAUSED:
            return Pending()
        if self.policy.on_paused == "wait":
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
            f"{self.label} failed: {what_failed(failed, self.log, at)}. {traffic} {advice(failed)}"
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
