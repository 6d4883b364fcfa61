"""A guarded wait: the promotion's tracker says how it goes, the policy says what to do. Pure."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from attrs import define, evolve, field

from .._status import precedes_traffic
from .._verdict import GuardReport, Verdict
from ..errors import (
    AuditedAct,
    ConfigurationError,
    Evidence,
    GuardError,
    PromotionSupersededError,
    WaitError,
)
from ..guard import Guard
from ..options import WaitOptions
from ..readings import EnvironmentReading, PromotionReading
from .doubt import certain_at
from .guard_policy import AskWhoPaused, Ends, Errand, GuardPolicy, Measure, PauseBefore
from .history import History
from .promotion import PromotionTracker
from .steps import Act, Consult, Done, Failed, Pending, Step, Still
from .steps import Verdict as Decision

#: What to tell of a pause that was asked for, and that no look has shown.
PAUSE_MAY_COME = (
    "The guard asked for a pause, but no look has shown it. If the promotion under way is paused, "
    "somebody must resume it."
)
# Seconds between two looks in which nobody can cancel a promotion and bring another one as far.
_GAP_S = 30.0
# Seconds for the next step of the way back, beside those for which Baseten holds it.
_BACK_S = 900.0


@define
class GuardMemory:
    """What a guarded promotion remembers from one wait to the next.

    Attributes:
        guard: The caller's.
        hold: Seconds for which Baseten holds each step; 0 if that is not known.
        report: What was seen and done in the last wait.
        pause_before: Whose a pause is that was there before the first wait.
        was_held: Whether the token says that the guard held the step by a pause.
        measured_at: When metrics were asked for last, on the clock.
    """

    guard: Guard
    hold: float
    report: GuardReport = field(factory=GuardReport)
    pause_before: PauseBefore = "others"
    was_held: bool = False
    measured_at: float = -math.inf
    _policy: GuardPolicy | None = None
    _is_guarded: bool = False
    _did_before: tuple[str, ...] = ()
    _checked: GuardReport = field(factory=GuardReport)
    _checked_from: float = 0.0

    @contextmanager
    def guarding(self) -> Generator[None]:
        """For as long as a wait guards.

        Raises:
            ConfigurationError: Another one does: two guards would act twice.
        """
        if self._is_guarded:
            raise ConfigurationError(
                "another wait guards this promotion already, and two would act twice: use its "
                "events or its result"
            )
        self._is_guarded = True
        self._did_before += self.report.actions
        self.report = GuardReport()
        try:
            yield
        finally:
            self._is_guarded = False

    def note_checked(self, report: GuardReport, began: float) -> None:
        """The caller's checks were asked before the promotion was sent, from *began* on."""
        self._checked, self._checked_from = report, began

    def report_from(self, started: float) -> GuardReport:
        """What is known when a wait starts: what was checked before the promotion was sent."""
        earlier = self._checked_from - started
        steps = [evolve(one, since=one.since + earlier) for one in self._checked.steps]
        return evolve(self._checked, steps=tuple(steps))

    @property
    def cancel_timeout(self) -> float:
        """Seconds for the traffic to come back; by default, for the next step of the way back."""
        # Baseten may hold each step on the way back, too.
        own = self.guard.cancel_timeout
        return _BACK_S + self.hold if own is None else own

    @property
    def has_taken_back(self) -> bool:
        """Whether an earlier wait has, so that its end is nobody else's act."""
        return not {"cancel", "force_cancel", "rollback"}.isdisjoint(self._did_before)

    @property
    def pause(self) -> PauseBefore:
        """Whose a pause is that the next wait may see."""
        return self.pause_before if self._policy is None else self._policy.pause_after

    @property
    def pauses_sent(self) -> int:
        """How many pauses were asked for since it was last resumed."""
        return 0 if self._policy is None else self._policy.pauses_sent

    def follow(self, policy: GuardPolicy) -> None:
        """A wait begins, in which *policy* decides."""
        self._policy, self.report = policy, policy.report

    def note_action(self, what: str) -> None:
        """The guard acts."""
        self.report = evolve(self.report, actions=(*self.report.actions, what))

    def note_overridden(self, by: str) -> bool:
        """Somebody else has acted; returns whether that is new."""
        if self.report.overridden[-1:] == (by,):
            return False
        self.report = evolve(self.report, overridden=(*self.report.overridden, by))
        return True


class StoppedError(GuardError):
    """The guard has ended the promotion, and what it has decided is still to be done.

    Attributes:
        ends: The decision.
    """

    def __init__(self, ends: Ends, *, evidence: Evidence) -> None:
        """Keep the decision."""
        super().__init__(ends.why, evidence=evidence)
        self.ends = ends


@define
class _Track:
    """What looks alone tell of another promotion of the same deployment, without an audit log.

    Attributes:
        is_unbroken: Whether it was seen from its beginning on, without a gap, and no look could be
            one of another promotion.
    """

    is_unbroken: bool = True
    _moved_at: float | None = None
    _seen_at: float | None = None

    def is_promoted_again(self, shown: PromotionReading, at: float) -> bool:
        """Take in a look; returns whether ours has ended, and another one is under way.

        No promotion goes back to waiting for its deployment once traffic has moved.
        """
        is_beginning = precedes_traffic(shown.status)
        is_first, since = self._seen_at is None, self._seen_at or 0.0
        is_gap = bool(shown.percent) if is_first else at - since > _GAP_S
        if is_gap or (is_beginning and self._moved_at is not None):
            self.is_unbroken = False
        self._seen_at = at
        if shown.percent and self._moved_at is None:
            self._moved_at = at
        moved_at = self._moved_at
        return is_beginning and moved_at is not None and at >= certain_at(moved_at)


@define
class GuardTracker:
    """Follows a guarded promotion until it is live and good, or the guard ends it.

    Attributes:
        promotion: Follows the promotion.
        policy: Decides for the guard.
    """

    promotion: PromotionTracker
    policy: GuardPolicy
    _options: WaitOptions | None = None
    _live: Done | None = None
    _serving: str | None = None
    _track: _Track = field(factory=_Track)

    @property
    def label(self) -> str:
        """What is waited for."""
        return self.promotion.label

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        return self.promotion.history

    def still(self) -> Still:
        """What the message says when the wait times out."""
        still = self.promotion.still()
        if self._live is None:
            return still
        return evolve(still, state=f"{self.label} is live, and not measured enough yet")

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide what one look means, for the promotion and then for the guard."""
        self._expect_pauses()
        step = self.promotion.see(reading, at)
        if isinstance(step.verdict, Consult):
            asked = step.verdict
            again = Consult(asked.question, asked.note, lambda at: self.see(reading, at))
            return evolve(step, verdict=again)
        if not isinstance(step.verdict, Pending | Done):
            return step
        if isinstance(step.verdict, Done):
            self._live = step.verdict
        is_live = self._live is not None
        shown = reading.promotion if reading.candidate_id == self.promotion.target else None
        if shown is None and not is_live:
            return step
        if reading.current_id != self.promotion.target:
            self._serving = reading.current_id
        if shown is not None and self._track.is_promoted_again(shown, at):
            return evolve(step, verdict=self._superseded(self.promotion.target))
        events = self.policy.observe(
            shown.phase if shown else None,
            shown.percent if shown and self.policy.has_steps else 0,
            at,
            is_live=is_live,
        )
        verdict = self._verdict(step, self.policy.decide(at), at)
        return evolve(step, verdict=verdict, events=(*step.events, *events))

    @property
    def has_followed(self) -> bool:
        """Whether looks alone tell that it is the promotion that the wait began with."""
        return self._track.is_unbroken

    def _superseded(self, by: str, act: AuditedAct | None = None) -> Failed:
        since = "again" if by == self.promotion.target else "since"
        who = "" if act is None else f" (by {act.by})"
        why = f"{self.label} is over: deployment {by} was promoted {since}{who}."
        return Failed(
            lambda evidence: PromotionSupersededError(
                why, evidence=evolve(evidence, act=act), by=by
            )
        )

    @property
    def _before(self) -> str | None:
        """The deployment that served before, as far as that is known."""
        before = self.promotion.baseline.current_id
        return None if before == self.promotion.target else before

    def _expect_pauses(self) -> None:
        """A pause of ours is no reason to end the wait."""
        promotion = self.promotion
        if self._options is None:
            self._options = promotion.options
        on_paused = "wait" if self.policy.has_paused else self._options.on_paused
        if promotion.options.on_paused != on_paused:
            promotion.options = evolve(promotion.options, on_paused=on_paused)

    def _verdict(self, step: Step, errand: Errand | Ends | None, at: float) -> Decision:
        if isinstance(errand, Ends):
            return _stop(errand)
        if isinstance(errand, Measure):
            # If no look has shown it running: what was read before the request.
            errand = evolve(errand, old_id=self._serving or self._before)
        if errand is not None:
            return Act(errand, lambda outcome, at: self._after(step, errand, outcome, at))
        if self._live is not None and self.policy.is_satisfied:
            return self._live
        if isinstance(step.verdict, Pending) and step.verdict.confirm_in is not None:
            return step.verdict
        due = self.policy.next_at() - at
        return Pending(due if 0 < due < math.inf else None)

    def _after(self, step: Step, errand: Errand, outcome: Any, at: float) -> Step:
        """Go on with the outcome of an errand."""
        if isinstance(outcome, PromotionSupersededError):
            act = None if outcome.evidence is None else outcome.evidence.act
            return evolve(step, verdict=self._superseded(outcome.by, act), events=())
        if isinstance(errand, Measure):
            verdicts: tuple[Verdict, ...] = outcome
            events = self.policy.measured(errand, verdicts, at)
        elif isinstance(errand, AskWhoPaused):
            events = self.policy.told_who(is_ours=outcome, at=at)
        else:
            events = self.policy.signalled(errand, at, outcome)
        decided = self.policy.decide(at)
        # Time has passed since the look: only the end of the promotion need not look again.
        verdict = _stop(decided) if isinstance(decided, Ends) else Pending(0.0)
        return evolve(step, verdict=verdict, events=tuple(events))

    def stopping(self, error: WaitError) -> StoppedError | None:
        """What ends the wait instead of *error*, if the policy was to act."""
        if not self.policy.is_stopping or error.evidence is None:
            return None
        return StoppedError(self.policy.ends(), evidence=error.evidence)


def _stop(ends: Ends) -> Failed:
    return Failed(lambda evidence: StoppedError(ends, evidence=evidence))
