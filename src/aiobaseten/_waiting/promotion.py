"""A wait until a promotion is finished, read from the environment. Pure.

A deployment's own status is not enough: a reused deployment is ACTIVE before traffic moves, and
a new candidate is scaled to zero before it has ever loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any

from attrs import define, evolve, field

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
    Parts,
    advice,
    chainlets,
    describe_failure,
    record_parts,
    stays_asleep,
)
from .doubt import MISSING_GRACE_S, MOST_STALE_S, Doubt, KnownEnd, certain_at
from .history import History
from .steps import (
    KEEPS_WORKING,
    NOT_SHOWN,
    TO_BE_CONFIRMED,
    UNTOLD,
    Consult,
    Done,
    Explain,
    Failed,
    IsOver,
    MayHaveServed,
    Over,
    Pending,
    Question,
    Step,
    Still,
    Suspected,
    Verdict,
    cut,
)

# Seconds after which the audit log is asked again whether the promotion is over.
_ASK_AGAIN_S = 60.0
# Seconds after a promotion began, from which on a wait for it is late.
_LATE_S = 2.0
# Seconds until a log that lacks the promotion is read again.
_LOG_AGAIN_S = 5.0


@define(kw_only=True)
class Baseline:
    """The environment before the promotion. A look that still shows it may be out of date.

    The promotion and its waits share it, because a look may correct it.

    Attributes:
        current_id: The deployment that served, or ``None`` if there was none or it is not known.
        candidate_id: The candidate that lingered, or ``None``.
        promotion_status: The status of the promotion that lingered, or ``None``.
        live_at: When a look first showed that the promotion was over and its deployment current, on
            the clock of this process; ``None`` if none has.
        current_made_at: When the deployment that served was made, or ``None``.
        has_served: Whether the promoted deployment served before, and was replaced; ``None`` if
            nobody has asked yet.
        served_until: Until when at the latest, by the same clock; ``None`` before the promotion
            has begun.
    """

    current_id: str | None = None
    candidate_id: str | None = None
    promotion_status: str | None = None
    live_at: float | None = field(default=None, eq=False)
    current_made_at: datetime | None = field(default=None, eq=False)
    has_served: bool | None = field(default=None, eq=False)
    served_until: float | None = field(default=None, eq=False)

    def is_certain(self, at: float) -> bool:
        """Whether a look that shows the deployment as current is not from when it served before."""
        if self.has_served is False or self.served_until is None:
            return True
        return at >= certain_at(self.served_until)

    def note_served(self, told: bool | None, made_at: datetime | None) -> None:
        """Note whether the deployment has served before, as *told* by the audit log.

        Without the log, one that was made before the one that served is taken to have served.
        """
        if told is None and made_at is not None and self.current_made_at is not None:
            told = made_at < self.current_made_at
        self.has_served = bool(told)

    def note_live(self, reading: EnvironmentReading, target: str, at: float) -> None:
        """Note when *target* is first shown as live. Later looks that show less are older."""
        is_live = reading.current_id == target and not reading.is_busy
        if self.live_at is None and is_live and self.is_certain(at):
            self.live_at = at

    def correct(self, reading: EnvironmentReading, target: str) -> None:
        """Correct what served before: the look before the promotion may have been out of date.

        While the promotion of *target* runs, the current deployment is the one that serves before
        it. A deployment that was current already may be shown as it was promoted earlier.
        """
        is_under_way = reading.shows_promotion and reading.candidate_id == target
        is_told = reading.current_id not in (None, target) and self.current_id != target
        if is_under_way and is_told:
            if self.current_id != reading.current_id:
                self.current_made_at = None
            self.current_id = reading.current_id


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
        return self._was_last(PromotionPhase.PAUSED)

    @property
    def is_rolling_back(self) -> bool:
        """Whether it was being rolled back when last seen."""
        return self._was_last(PromotionPhase.ROLLING_BACK)

    def _was_last(self, phase: PromotionPhase) -> bool:
        return self.last is not None and self.last.phase is phase


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
        began: When the wait began, on the clock of this process.
        under_way_at: When the promotion was certainly under way, in seconds since the wait began.
            Looks may show the time before for a while.
    """

    label: str
    target: str
    seen: EnvironmentHistory
    options: WaitOptions
    retried: bool = False
    baseline: Baseline = field(factory=Baseline)
    began: float = 0.0
    under_way_at: float = 0.0
    _was_there: bool = False
    _current_since: float | None = None
    _missing_since: float | None = None
    _succeeded_since: float | None = None
    _alone_since: float | None = None
    _was_replaced: bool = False
    _doubt: Doubt = field(factory=Doubt)
    _asked_at: float = -math.inf
    _was_behind_at: float = -math.inf
    _end: KnownEnd | None = None
    _asleep: tuple[Part, ...] = ()
    _outlook: str = NOT_SHOWN

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        return self.seen.history

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide what one look means: look again, done, or failed."""
        ours = self._find(reading, at)
        if self._end is not None and (ours is None or ours is not reading.current):
            self._end.clear()
        if self._current_since is None:  # else another promotion of the same deployment is shown
            before = self.baseline.current_id
            self.baseline.correct(reading, self.target)
            if self._end is not None and self.baseline.current_id != before:
                self._end.replaced_at = -math.inf  # it had served before
        self.baseline.note_live(reading, self.target, self.began + at)
        is_old = self._is_old(reading, at)
        events: list[Event] = record_parts(self.history, ours, at) if ours else []
        self._was_replaced |= self._shows_another(reading)
        promotion = reading.promotion if self._is_ours(reading, is_old=is_old) else None
        noted = self.seen.note(promotion, at)
        if not self._may_be_a_rollback(reading):
            events += noted
        self._outlook = _outlook(ours, promotion)
        if ours is None:
            verdict = self._absent(reading, promotion, at)
        else:
            verdict = self._present(reading, ours, promotion, at)
        return self._step(verdict, events, ours, at)

    def still(self) -> Still:
        """What the message says when the wait times out."""
        if self.seen.is_paused:
            outlook = "It is paused: nothing moves until somebody resumes or cancels it."
        elif self._asleep:
            outlook = f"It has the traffic. {stays_asleep(self._asleep)}"
        else:
            outlook = self._outlook
        return Still(f"{self.label} is not finished", self._described(), outlook)

    def _described(self) -> str:
        last = self.seen.last
        traffic = f", {last.percent} % of traffic" if last and 0 < last.percent < 100 else ""
        return f"{self.history.describe()}{traffic}"

    def _step(
        self, verdict: Verdict, events: list[Event], ours: DeploymentReading | None, at: float
    ) -> Step:
        return Step(
            verdict=verdict,
            events=tuple(events),
            stage=ours.stage if ours else Stage.IDLE,
            in_stage=at - self.history.changed_at,
        )

    # --- what the environment shows --------------------------------------------------------------

    def _find(self, reading: EnvironmentReading, at: float) -> DeploymentReading | None:
        """The deployment that is promoted, if the environment shows it."""
        if reading.current_id == self.target:
            if self._served_already or self.baseline.is_certain(self.began + at):
                self._was_there = True
                if self._current_since is None:
                    self._current_since = at
            return reading.current
        # The end of the rollback was not shown: a candidate that is still there is a leftover.
        is_leftover = reading.promotion is None and self.seen.is_rolling_back
        if reading.candidate_id == self.target and not is_leftover:
            self._was_there = True
            return reading.candidate
        return None

    def _shows_baseline(self, reading: EnvironmentReading) -> bool:
        """Whether this is exactly the environment from before the promotion."""
        return (
            self.target not in (reading.current_id, reading.candidate_id)
            and baseline_of(reading) == self.baseline
        )

    def _is_old(self, reading: EnvironmentReading, at: float) -> bool:
        """Whether the promotion that is shown may be an earlier one that lingers."""
        promotion = reading.promotion
        if promotion is None or not self._is_status_of_before(reading):
            return False
        if self._shows_baseline(reading):
            return True
        if self.seen.last is not None:
            return False
        if self._served_already:
            return True
        is_early = at < self.options.settling_time or not self._was_there
        return is_early and reading.current_id != self.target

    def _is_ours(self, reading: EnvironmentReading, *, is_old: bool) -> bool:
        """Whether the promotion that is shown is the one that we follow."""
        if reading.promotion is None or is_old:
            return False
        if reading.candidate_id is not None:
            return reading.candidate_id == self.target
        # Without a candidate it may be anybody's: not ours if a third deployment serves, or was
        # promoted meanwhile.
        return not self._is_third_current(reading) and not self._was_replaced

    def _may_be_a_rollback(self, reading: EnvironmentReading) -> bool:
        """Whether the end that is shown may be that of a rollback, long after ours."""
        is_over = reading.promotion is not None and reading.promotion.is_over
        is_back = reading.candidate_id is None and reading.current_id != self.target
        return self._is_late and is_over and is_back

    def _shows_another(self, reading: EnvironmentReading) -> bool:
        """Whether the promotion of a deployment that was not there before is shown."""
        before = (None, self.target, self.baseline.current_id, self.baseline.candidate_id)
        return reading.shows_promotion and reading.candidate_id not in before

    # --- it is there -----------------------------------------------------------------------------

    def _present(
        self,
        reading: EnvironmentReading,
        ours: DeploymentReading,
        promotion: PromotionReading | None,
        at: float,
    ) -> Verdict:
        """It is there: it serves, or it is about to."""
        self._missing_since = None
        is_current = ours is reading.current
        judge = Judge(options=self.options, retried=self.retried)
        parts = judge.parts(ours, self.history, at, promoting=not is_current)
        self._asleep = () if parts.pending else parts.asleep
        if promotion is not None and (not is_current or self._served_already):
            # Traffic has not moved, whatever the deployment's own status says.
            if promotion.phase is PromotionPhase.FAILED:
                return self._unless_old(
                    reading, self._failed(reading, promotion, ours, at), at, "failed"
                )
            if promotion.phase is PromotionPhase.CANCELED:
                return self._unless_old(reading, self._canceled(reading), at, "cancelled")
            if promotion.phase is PromotionPhase.ROLLING_BACK:
                return self._pending()  # its end says more than the candidate's status
        if parts.failed:
            return self._broke(reading, parts.failed, at)
        is_over = promotion is not None and promotion.phase is PromotionPhase.SUCCEEDED
        if is_over and not is_current:
            return self._pointer_lags(reading, at)
        is_moving = promotion is not None and not promotion.is_over
        if is_moving or not is_current:
            return self._moving(promotion)
        return self._serves(reading, ours, parts, at, is_over=is_over)

    def _serves(
        self,
        reading: EnvironmentReading,
        ours: DeploymentReading,
        parts: Parts,
        at: float,
        *,
        is_over: bool,
    ) -> Verdict:
        """It is current, and no promotion of it is under way."""
        if parts.pending or parts.asleep:
            return self._pending()
        may_be_earlier = self._is_status_of_before(reading) or self._old_for(at) > 0
        if self._served_already and is_over and may_be_earlier and not self._is_new("over", at):
            return Pending(confirm_in=self._doubt.remaining(at))
        if self._served_already and not is_over:
            # Only the promotion's own end decides. If none is ever shown, there was none to do.
            if reading.candidate_id == self.target != self.baseline.candidate_id:
                # A candidate is there for as long as its promotion, or lingers: no look tells.
                self._alone_since = None
                self._outlook = UNTOLD
                return self._pending()
            if self._alone_since is None:
                self._alone_since = at
            has_ended = self.seen.last is not None and self._is_new("ended", at)
            alone_for = at - self._alone_since
            if has_ended or (alone_for >= MISSING_GRACE_S and self._old_for(at) <= 0):
                if self._was_cancelled:
                    return self._canceled(reading)
                if self._may_ask(at):
                    return self._ask_whether_over(reading, at)
                if reading.candidate_id is not None and self._shows_another(reading):
                    # It hides how ours has ended.
                    return self._superseded(reading, reading.candidate_id)
            if not has_ended and alone_for < self.options.settling_time:
                return Pending()
        elif not self._served_already and not self.baseline.is_certain(self.began + at):
            return self._perhaps_earlier(reading, ours, at)
        return self._unless_outdated(reading, Done(lambda: ours.value), at)

    def _unless_outdated(self, reading: EnvironmentReading, done: Done, at: float) -> Verdict:
        """*done*, unless the look may be older than an end that another look or the log shows."""
        end, candidate = self._end, reading.candidate_id
        if (self._is_late or (end is not None and end.may_be)) and self._may_ask(at):
            return self._ask_whether_over(reading, at)
        if end is not None and not end.believes(reading.current_id, candidate, at):
            self._outlook = TO_BE_CONFIRMED
            return Pending(confirm_in=end.remaining(at))
        self._doubt.clear()
        return done

    def _perhaps_earlier(
        self, reading: EnvironmentReading, ours: DeploymentReading, at: float
    ) -> Verdict:
        """It serves, unless the look is from when it served before."""
        baseline, made = self.baseline, made_at(ours)
        certain_in = certain_at(baseline.served_until or 0.0) - self.began - at
        if baseline.has_served is None:
            if at - self._was_behind_at >= _LOG_AGAIN_S:
                return self._consult(MayHaveServed(made), self._note_served(made, at), reading)
            certain_in = min(certain_in, self._was_behind_at + _LOG_AGAIN_S - at)
        self._doubt.clear()
        return Pending(confirm_in=certain_in)

    def _note_served(self, made: datetime | None, at: float) -> Callable[[bool | str | None], None]:
        def note(told: bool | str | None) -> None:
            if isinstance(told, str):
                self._was_behind_at = at
            else:
                self.baseline.note_served(told, made)

        return note

    @property
    def _is_late(self) -> bool:
        """Whether it began some time before the wait, which did not see that."""
        return self.under_way_at < -_LATE_S

    def _is_status_of_before(self, reading: EnvironmentReading) -> bool:
        promotion = reading.promotion
        return promotion is not None and promotion.status == self.baseline.promotion_status

    @property
    def _served_already(self) -> bool:
        return self.baseline.current_id == self.target

    def _unless_old(
        self, reading: EnvironmentReading, verdict: Verdict, at: float, shown: str
    ) -> Verdict:
        """*verdict*, once it is certain that it is about this promotion."""
        is_certain = (
            reading.candidate_id == self.target != self.baseline.candidate_id
            and not self._served_already
        )
        known_at = self.under_way_at if self._is_status_of_before(reading) else -math.inf
        if is_certain or self._doubt.is_confirmed(shown, at, known_at):
            return verdict
        return Pending(confirm_in=self._doubt.remaining(at))

    def _unless_before(self, failed: Failed, at: float, since: float | None = None) -> Verdict:
        """*failed*, once it is certain that it came after the promotion, or after *since*."""
        old_for = certain_at(self.under_way_at if since is None else since) - at
        return Suspected(failed, confirm_in=old_for) if old_for > 0 else failed

    def _is_new(self, shown: Hashable, at: float) -> bool:
        """Whether what a look shows is certainly not from before the promotion."""
        return self._doubt.is_confirmed(shown, at, self.under_way_at)

    def _old_for(self, at: float) -> float:
        """Seconds for which a look may show the time before the promotion."""
        return certain_at(self.under_way_at) - at

    # --- what only the audit log shows -----------------------------------------------------------

    @property
    def _known_end(self) -> KnownEnd:
        """What is known of its end; most waits never need it."""
        if self._end is None:
            self._end = KnownEnd()
        return self._end

    @property
    def _was_cancelled(self) -> bool:
        """Whether the log told so."""
        return self._end is not None and self._end.is_cancelled

    def _may_ask(self, at: float) -> bool:
        """Whether to ask the log again whether it is over: all waits together, once a minute."""
        return at - self._asked_at >= _ASK_AGAIN_S

    def _ask_whether_over(self, reading: EnvironmentReading, at: float) -> Consult:
        self._asked_at = at

        def note(told: Over | None) -> None:
            if told is None:
                self._known_end.is_logged = False
                return
            self._known_end.note_log(is_cancelled=told.is_cancelled, newer=told.newer, at=at)

        return self._consult(IsOver(), note, reading)

    def _consult(
        self, question: Question, note: Callable[[Any], None], reading: EnvironmentReading
    ) -> Consult:
        return Consult(question, note, lambda at: self.see(reading, at))

    def _pending(self) -> Pending:
        self._doubt.clear()
        return Pending()

    def _moving(self, promotion: PromotionReading | None) -> Verdict:
        """Look again, unless it is paused and the caller asked to be told."""
        self._doubt.clear()
        self._succeeded_since = None
        if promotion is None or promotion.phase is not PromotionPhase.PAUSED:
            return Pending()
        if self.options.on_paused == "wait":
            return Pending()
        message = (
            f"{self.label} is paused at {promotion.percent} % of traffic; "
            "it stays so until somebody resumes or cancels it."
        )
        return Failed(lambda evidence: PromotionPausedError(message, evidence=evidence))

    def _pointer_lags(self, reading: EnvironmentReading, at: float) -> Verdict:
        """Baseten says SUCCEEDED, and another deployment is still current."""
        if self._succeeded_since is None:
            self._succeeded_since = at
        lasted = at - self._succeeded_since
        if lasted < max(MISSING_GRACE_S, self.options.settling_time):
            return Pending()
        if self._may_ask(at):
            return self._ask_whether_over(reading, at)  # it may be the end of a newer one
        serving = reading.current_id
        other = f"deployment {serving} still serves" if serving else "nothing serves"
        message = (
            f"{self.label} has not taken effect, or was undone: Baseten says that it SUCCEEDED, "
            f"but {other} in {self.seen.environment} {lasted:.0f} s later."
        )
        return Failed(lambda evidence: PromotionFailedError(message, evidence=evidence))

    # --- it is not there -------------------------------------------------------------------------

    def _absent(
        self, reading: EnvironmentReading, promotion: PromotionReading | None, at: float
    ) -> Verdict:
        """Neither current nor candidate: not shown yet, or gone."""
        if promotion is not None and not promotion.is_over:  # ours, without a candidate
            self._note_missing(at)
            return self._moving(promotion)
        self._note_end(reading, at)
        if self._is_replaced(reading, at):
            return Explain(lambda deployment, at: self._explain(reading, deployment, at))
        has_succeeded = promotion is not None and promotion.phase is PromotionPhase.SUCCEEDED
        since = self._current_since
        if has_succeeded and since is not None and reading.current_id is not None:
            # It has served, so that this is the end of a promotion that came after it.
            if self._doubt.is_confirmed(("replaced", reading.current_id), at, since):
                return self._superseded(reading, reading.current_id)
            return Pending(confirm_in=self._doubt.remaining(at))
        if has_succeeded or self._may_follow(reading):
            self._doubt.clear()
            self._missing_since = None
            return self._pointer_lags(reading, at)
        since = self._note_missing(at)
        if promotion is None:
            self._doubt.clear()
        elif not self._doubt.is_confirmed(promotion.phase, at):
            return Pending(confirm_in=self._doubt.remaining(at))
        elif promotion.phase is PromotionPhase.CANCELED:
            return self._unless_before(self._canceled(reading), at)
        elif self._old_for(at) <= 0:
            return self._failed(reading, promotion, None, at)
        # A look that is newer than its beginning, and does not show it, is newer than its end. A
        # cancel in the log may still be under way.
        has_lasted = not self._was_there or at - since >= MISSING_GRACE_S
        if has_lasted and self._old_for(at) <= 0 and self._successor(reading) is None:
            if self._was_cancelled:
                return self._canceled(reading)
            if self._may_ask(at):
                return self._ask_whether_over(reading, at)
        elif self._is_third_current(reading) and self._may_ask(at):
            return self._ask_whether_over(reading, at)
        shown_within = 0.0 if self._was_there else self.options.settling_time
        remaining = max(MISSING_GRACE_S, shown_within) - (at - since)
        if remaining > 0:
            return Pending(confirm_in=remaining)
        return Explain(lambda deployment, at: self._explain(reading, deployment, at))

    def _note_end(self, reading: EnvironmentReading, at: float) -> None:
        """Note what a look that does not show it tells of its end. Later ones may be older."""
        since = self._current_since
        was_current = since is not None and at >= certain_at(since)
        if self._is_third_current(reading) or (was_current and reading.current_id is not None):
            self._known_end.may_be, self._known_end.replaced_at = True, at
            return
        is_known = self._was_there or self._is_late
        if is_known and self._old_for(at) <= 0 and self._succeeded_since is None:
            self._known_end.may_be = True

    def _is_third_current(self, reading: EnvironmentReading) -> bool:
        """Whether a deployment serves that did not before."""
        return reading.current_id not in (None, self.target, self.baseline.current_id)

    def _is_replaced(self, reading: EnvironmentReading, at: float) -> bool:
        """Whether a deployment serves that was promoted after ours, as the log tells."""
        is_after = self._is_third_current(reading) or self._old_for(at) <= 0
        return is_after and self._end is not None and reading.current_id in self._end.newer

    def _may_follow(self, reading: EnvironmentReading) -> bool:
        """Whether it was seen SUCCEEDED, and nothing else has become current since."""
        is_unchanged = reading.current_id in (None, self.baseline.current_id)
        return self._succeeded_since is not None and is_unchanged

    def _note_missing(self, at: float) -> float:
        if self._missing_since is None:
            self._missing_since = at
        return self._missing_since

    def _explain(
        self, reading: EnvironmentReading, deployment: DeploymentReading | None, at: float
    ) -> Step:
        events = record_parts(self.history, deployment, at) if deployment else []
        return self._step(self._why(reading, deployment, at), events, deployment, at)

    def _why(
        self, reading: EnvironmentReading, deployment: DeploymentReading | None, at: float
    ) -> Verdict:
        """Why it is not there, from the deployment and from the environment."""
        old_for = self._old_for(at)
        is_old = old_for > 0 and self._is_status_of_before(reading)
        promotion = reading.promotion if self._is_ours(reading, is_old=is_old) else None
        has_failed = promotion is not None and promotion.phase is PromotionPhase.FAILED
        if deployment is not None and (broken := deployment.parts_in(Phase.FAILED)):
            # It may have failed before, unless the environment says the same.
            if old_for > 0 and not has_failed:
                return Pending(confirm_in=old_for)
            return self._broke(reading, broken, at)
        successor = self._successor(reading)
        if self._is_replaced(reading, at):
            successor = reading.current_id
        if successor is not None:
            is_before = successor == self.baseline.current_id
            since = self._current_since if is_before else None
            return self._unless_before(self._superseded(reading, successor), at, since)
        has_settled = at - self.history.changed_at >= self.options.settling_time
        may_follow = deployment is not None and (
            deployment.parts_in(Phase.PENDING) or not has_settled
        )
        if may_follow and not self._was_there:
            return Pending()  # the environment need not show it before it serves
        if promotion is not None and has_failed:
            if old_for > 0 and not (deployment and deployment.is_hopeless):
                return Pending(confirm_in=old_for)
            # If Baseten never began ours, the message is about an earlier one.
            is_of_before = self._is_status_of_before(reading)
            shown = evolve(promotion, message=None) if is_of_before else promotion
            return self._failed(reading, shown, deployment, at)
        if promotion is not None and promotion.phase is PromotionPhase.SUCCEEDED:
            return self._pointer_lags(reading, at)
        fate = f"is {deployment.status}" if deployment else "no longer exists"
        ended = promotion or self.seen.last
        if ended is not None and ended.phase is PromotionPhase.CANCELED:
            canceled = self._canceled(reading, f" Deployment {self.target} {fate}.")
            return self._unless_before(canceled, at)
        if ended is not None and ended.phase is PromotionPhase.FAILED and old_for <= 0:
            return self._failed(reading, ended, deployment, at)
        if ended is None and self._may_become_current(deployment, at):
            return Pending()
        if not self.seen.is_rolling_back:  # else it is known why it is gone
            # The current deployment may follow late.
            old_for = max(old_for, self._note_missing(at) + MOST_STALE_S - at)
        if old_for > 0:
            return Pending(confirm_in=old_for)
        return self._gone(reading, f" Deployment {self.target} {fate}.")

    def _may_become_current(self, deployment: DeploymentReading | None, at: float) -> bool:
        """Whether it is ready, and no look has shown how its promotion goes: it may have succeeded.

        Environments of chains need not show promotions, and the current deployment follows late.
        """
        if deployment is None or deployment.parts_in(Phase.READY) != deployment.parts:
            return False
        return at - self._note_missing(at) < self.options.settling_time

    def _successor(self, reading: EnvironmentReading) -> str | None:
        """The deployment that took the place, if one did."""
        before = self.baseline
        if self._is_third_current(reading):
            return reading.current_id
        is_new = reading.candidate_id not in (
            None,
            self.target,
            before.current_id,
            before.candidate_id,
        )
        is_promoted_again = (
            reading.candidate_id not in (None, self.target)
            and reading.is_busy
            and not self._shows_baseline(reading)
        )
        if is_new or is_promoted_again:
            return reading.candidate_id
        # It served, so the deployment that serves now came later, even if it also served before.
        return reading.current_id if self._current_since is not None else None

    # --- sentences -------------------------------------------------------------------------------

    def _failed(
        self,
        reading: EnvironmentReading,
        promotion: PromotionReading,
        ours: DeploymentReading | None,
        at: float,
    ) -> Failed:
        """Baseten says that the promotion failed."""
        failed = ours.parts_in(Phase.FAILED) if ours else ()
        why = f": {cut(promotion.message.rstrip('.'))}" if promotion.message else ""
        which = f" {_capital(describe_failure(failed, self.history, at))}." if failed else ""
        what_to_do = f" {advice(failed)}" if failed else ""
        message = f"{self.label} failed{why}.{which} {_traffic(reading)}{what_to_do}"
        return Failed(
            lambda evidence: PromotionFailedError(
                message, evidence=evidence, failed=chainlets(failed)
            )
        )

    def _broke(self, reading: EnvironmentReading, failed: tuple[Part, ...], at: float) -> Failed:
        """The deployment itself failed."""
        promotion = reading.promotion if reading.candidate_id == self.target else None
        if reading.current_id == self.target:
            traffic = "It has the traffic."
        elif promotion is not None and promotion.percent and not promotion.is_over:
            traffic = f"It has {promotion.percent} % of the traffic."
        else:
            traffic = _traffic(reading)
        message = (
            f"{self.label} failed: {describe_failure(failed, self.history, at)}. "
            f"{traffic} {advice(failed)}"
        )
        return Failed(
            lambda evidence: PromotionFailedError(
                message, evidence=evidence, failed=chainlets(failed)
            )
        )

    def _canceled(self, reading: EnvironmentReading, note: str = "") -> Failed:
        message = f"{self.label} was cancelled. {_traffic(reading)}{note}"
        return Failed(lambda evidence: PromotionCanceledError(message, evidence=evidence))

    def _gone(self, reading: EnvironmentReading, note: str) -> Failed:
        message = (
            f"{self.label} is gone, and no look has shown its end: most likely it was cancelled. "
            f"{_traffic(reading)}{note}"
        )
        return Failed(lambda evidence: PromotionCanceledError(message, evidence=evidence))

    def _superseded(self, reading: EnvironmentReading, by: str) -> Failed:
        how = "took its place" if reading.current_id == by else "was promoted after it"
        message = f"{self.label} was superseded: deployment {by} {how}."
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))


def made_at(deployment: DeploymentReading) -> datetime | None:
    """When a deployment was made, or ``None``."""
    at = getattr(deployment.value, "created_at", None)
    return at if isinstance(at, datetime) and at.tzinfo is not None else None


def _traffic(reading: EnvironmentReading) -> str:
    """Where the traffic is, for a person."""
    if reading.current_id is None:
        return "Nothing serves."
    return f"Traffic is on deployment {reading.current_id}."


def _outlook(ours: DeploymentReading | None, promotion: PromotionReading | None) -> str:
    """What to expect after a look that shows this."""
    if promotion is not None and promotion.is_over:
        return TO_BE_CONFIRMED
    return KEEPS_WORKING if ours is not None or promotion is not None else NOT_SHOWN


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
