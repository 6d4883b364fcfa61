"""A wait until a promotion is finished, read from the environment.

A deployment's own status is not enough: a reused deployment is ACTIVE before traffic moves, and
a new candidate is scaled to zero before it has ever loaded.
"""

from __future__ import annotations

from attrs import define, field, frozen

from .._status import Phase, PromotionPhase, Stage, phase_of, promotion_phase_of
from ..errors import (
    PromotionCanceledError,
    PromotionFailedError,
    PromotionPausedError,
    PromotionSupersededError,
)
from ..events import Event, PromotionPaused, PromotionResumed, StatusChanged, TrafficShifted
from .deployment import (
    ASLEEP_NOTE,
    advice,
    chainlets,
    fold,
    note_parts,
    slowest,
    what_failed,
)
from .history import Log
from .readings import DeploymentReading, EnvironmentReading, Part, PromotionReading
from .steps import Explain, Failed, Pending, Policy, Step, Verdict


@frozen(kw_only=True)
class Baseline:
    """The environment as it was before the promotion. What still looks so may be old."""

    current_id: str | None = None
    candidate_id: str | None = None
    promotion_status: str | None = None


def baseline_of(reading: EnvironmentReading) -> Baseline:
    """What to remember of an environment before promoting to it."""
    return Baseline(
        current_id=reading.current_id,
        candidate_id=reading.candidate_id,
        promotion_status=str(reading.promotion.status) if reading.promotion else None,
    )


@define
class PromotionLog:
    """An environment's promotion, as it was seen so far."""

    environment: str
    log: Log = field(factory=Log)
    _percent: int = 0

    def note(self, promotion: PromotionReading | None, at: float) -> list[Event]:
        """Take in the promotion's state, and tell what is news."""
        if promotion is None:
            return []
        kind: type[StatusChanged] = StatusChanged
        if promotion.phase is PromotionPhase.PAUSED:
            kind = PromotionPaused
        elif self.is_paused:
            kind = PromotionResumed
        name = f"to {self.environment}"
        events: list[Event] = list(self.log.note("promotion", name, promotion.status, at, kind))
        if promotion.percent is not None and promotion.percent != self._percent:
            self._percent = promotion.percent
            self.log.changed_at = at
            events.append(TrafficShifted(at=at, percent=promotion.percent))
        return events

    @property
    def is_paused(self) -> bool:
        """Whether it was paused when last seen."""
        status = self.log.status("promotion")
        return status is not None and promotion_phase_of(status) is PromotionPhase.PAUSED

    @property
    def has_changed(self) -> bool:
        """Whether the promotion has had more than one status."""
        return self.log.has_changed("promotion")


@define
class PromotionWait:
    """A wait until a deployment serves in an environment, traffic moved.

    Attributes:
        label: What is waited for, to begin a sentence with.
        target: The deployment's id.
        seen: The promotion so far.
        policy: What the caller asked.
        baseline: The environment before the promotion, where known.
    """

    label: str
    target: str
    seen: PromotionLog
    policy: Policy
    baseline: Baseline | None = None
    _was_there: bool = False
    _was_current: bool = False
    _previous: str | None = None
    _asleep: tuple[Part, ...] = ()

    @property
    def log(self) -> Log:
        """The statuses seen so far."""
        return self.seen.log

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        ours = self._find(reading)
        events: list[Event] = note_parts(self.log, ours, at) if ours else []
        if ours is not None or reading.candidate is None:
            events += self.seen.note(reading.promotion, at)
        if ours is None:
            verdict = self._absent(reading, at)
        elif ours is reading.current:
            verdict = self._as_current(reading, ours, at)
        else:
            verdict = self._as_candidate(reading, ours, at)
        return Step(
            verdict=verdict,
            events=tuple(events),
            stage=slowest(ours.parts) if ours else Stage.IDLE,
            in_stage=at - self.log.changed_at,
        )

    def explain(
        self, reading: EnvironmentReading, deployment: DeploymentReading | None, at: float
    ) -> Failed:
        """Say how the deployment came to be gone, from itself and from who is there instead.

        Args:
            reading: The environment, without the deployment.
            deployment: The deployment, or ``None`` if it no longer exists.
            at: Seconds since the wait began.
        """
        if deployment is not None and (broken := _broken(deployment)):
            note_parts(self.log, deployment, at)
            return self._broke(broken, at)
        previous = self.baseline.current_id if self.baseline else self._previous
        others = (reading.current_id, reading.candidate_id)
        by = next((other for other in others if other not in (None, previous)), None)
        if by is None and (previous is None or self._was_current):
            by = reading.current_id
        return self._superseded(by) if by else self._canceled(is_deleted=deployment is None)

    def still(self) -> str:
        """What a wait that runs out has to say."""
        note = ASLEEP_NOTE.format(wake="") if self._asleep else ""
        if self.seen.is_paused:
            note += " The promotion is paused: nothing moves until somebody resumes it."
        return f"{self.label} is not finished; last seen: {self.log.describe()}.{note}"

    def _find(self, reading: EnvironmentReading) -> DeploymentReading | None:
        """The deployment that is promoted: the one that serves, or else the candidate."""
        ours = next(
            (
                there
                for there in (reading.current, reading.candidate)
                if there is not None and there.id == self.target
            ),
            None,
        )
        if ours is not None:
            self._was_there = True
            if ours is reading.current:
                self._was_current = True
            else:
                self._previous = reading.current_id
        return ours

    def _as_current(
        self, reading: EnvironmentReading, ours: DeploymentReading, at: float
    ) -> Verdict:
        """Traffic has moved, unless the promotion still runs and it is not another's."""
        is_ours = reading.candidate_id in (None, self.target)
        if is_ours and reading.promotion is not None and not reading.promotion.is_over:
            return self._moving(reading)
        return self._serving(ours, at, promoting=False)

    def _as_candidate(
        self, reading: EnvironmentReading, ours: DeploymentReading, at: float
    ) -> Verdict:
        """Traffic has not moved, whatever the deployment's own status says."""
        promotion = reading.promotion
        if promotion is not None and not self._is_old(reading, at):
            if promotion.phase is PromotionPhase.FAILED:
                return self._failed(promotion, ours)
            if promotion.phase is PromotionPhase.CANCELED:
                return self._canceled()
        verdict = self._serving(ours, at, promoting=True)
        return verdict if isinstance(verdict, Failed) else self._moving(reading)

    def _absent(self, reading: EnvironmentReading, at: float) -> Verdict:
        """Neither current nor candidate: not shown yet, or gone."""
        promotion = reading.promotion
        if reading.candidate is None and promotion is not None and not promotion.is_over:
            return self._moving(reading)
        if not self._was_there and at < self.policy.settling_time:
            return Pending()
        is_old = not self._was_there and self.baseline == baseline_of(reading)
        if reading.candidate is None and promotion is not None and not is_old:
            if promotion.phase is PromotionPhase.CANCELED:
                return self._canceled()
            if promotion.phase is PromotionPhase.FAILED:
                return self._failed(promotion, None)
        return Explain()

    def _is_old(self, reading: EnvironmentReading, at: float) -> bool:
        """Whether this may still be the end of an earlier promotion of the same deployment."""
        return (
            not self.seen.has_changed
            and self.baseline == baseline_of(reading)
            and at < self.policy.settling_time
        )

    def _serving(self, ours: DeploymentReading, at: float, *, promoting: bool) -> Verdict:
        folded = fold(ours, self.log, self.policy, at, promoting=promoting)
        self._asleep = folded.asleep
        return folded.verdict or self._broke(folded.failed, at)

    def _moving(self, reading: EnvironmentReading) -> Verdict:
        """Look again, unless it is paused and the caller wants to know."""
        promotion = reading.promotion
        is_paused = promotion is not None and promotion.phase is PromotionPhase.PAUSED
        if promotion is None or not is_paused or self.policy.on_paused == "wait":
            return Pending()
        share = f" at {promotion.percent} % of traffic" if promotion.percent is not None else ""
        message = f"{self.label} is paused{share}; it stays so until somebody resumes or cancels it"
        return Failed(lambda evidence: PromotionPausedError(message, evidence=evidence))

    def _failed(self, promotion: PromotionReading, ours: DeploymentReading | None) -> Failed:
        """Baseten says that the promotion failed."""
        why = f": {promotion.message}" if promotion.message else ""
        names = chainlets(_broken(ours)) if ours else ()
        message = f"{self.label} failed{why}. Traffic stays on what served before."
        return Failed(
            lambda evidence: PromotionFailedError(message, evidence=evidence, failed=names)
        )

    def _broke(self, failed: tuple[Part, ...], at: float) -> Failed:
        """The deployment itself failed."""
        names = chainlets(failed)
        message = f"{self.label} failed: {what_failed(failed, self.log, at)}. {advice(failed)}"
        return Failed(
            lambda evidence: PromotionFailedError(message, evidence=evidence, failed=names)
        )

    def _canceled(self, *, is_deleted: bool = False) -> Failed:
        message = f"{self.label} was cancelled; traffic is on what served before." + (
            f" Deployment {self.target} no longer exists." if is_deleted else ""
        )
        return Failed(lambda evidence: PromotionCanceledError(message, evidence=evidence))

    def _superseded(self, by: str) -> Failed:
        message = f"{self.label} was superseded: deployment {by} took its place."
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))


def _broken(deployment: DeploymentReading) -> tuple[Part, ...]:
    return tuple(part for part in deployment.parts if phase_of(part.status) is Phase.FAILED)
