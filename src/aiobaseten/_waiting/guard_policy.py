"""When a guard measures, holds, goes on and acts. Pure.

A step is a time in which the percentage of traffic did not change. Steps are observed, not
computed: only ready replicas count, and the percentage may stand still or go down. All times are
seconds since the wait began.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, cast

from attrs import define, evolve, field, frozen

from .._audit_log import Whose
from .._status import PromotionPhase
from .._verdict import GuardReport, StepReport, Verdict, worst
from ..events import (
    Event,
    GuardActed,
    GuardOverridden,
    HoldExtended,
    Measured,
    StepReached,
)
from ..guard import MEASURE_EVERY_S, Guard, OnBreach, OnUnavailable
from .doubt import MISSING_GRACE_S, Doubt, certain_at

#: Seconds before the end of a hold at which a step that has not passed is paused: a look may come
#: ten seconds late, show a state ten seconds old, and the request needs time, too.
MARGIN_S = 45.0
#: How often, and how many seconds apart, the audit log is asked who has paused a promotion.
ASK_WHO_TIMES, ASK_WHO_EVERY_S = 3, 30.0
#: Percent of the traffic.
ALL = 100
#: Why a guard does not resume, for a person.
LOG_UNREADABLE = "the audit log cannot be read, and only it tells who paused"
#: Seconds after which a signal that was refused, or could not be sent, is sent again.
AGAIN_AFTER_S = 15.0
# Seconds by which the time of day at Baseten may be wrong: its dates are whole seconds.
_CLOCK_S = 2.0
# Seconds that may pass between a look and the request that follows from it.
_LATE_S = 1.0
# Steps in a report.
_MOST_STEPS = 200

_GOES_BACK = frozenset(
    {PromotionPhase.ROLLING_BACK, PromotionPhase.FAILED, PromotionPhase.CANCELED}
)

Cause: TypeAlias = Literal["breach", "unavailable"]
TakeBack: TypeAlias = Literal["cancel", "force_cancel"]


@frozen(kw_only=True)
class Measure:
    """Measure both deployments in this window, and ask the checks of the caller.

    Attributes:
        percent: The share of traffic on the new deployment.
        start: When the window begins.
        end: When it ends.
        is_alone: Whether the new deployment has all traffic.
        old_id: The deployment that serves, or ``None``.
    """

    percent: int
    start: float
    end: float
    is_alone: bool
    old_id: str | None = None


@frozen
class Signal:
    """Send a signal to the promotion.

    Attributes:
        action: Which.
        most: For a resume, how many pauses in a row may be ours.
    """

    action: Literal["pause", "resume"]
    most: int = 1


@frozen
class AskWhoPaused:
    """Find out whether an earlier process of this guard has paused the promotion."""


@frozen(kw_only=True)
class Ends:
    """The guard ends the promotion.

    Attributes:
        cause: Why.
        how: What is left to do, or ``None`` if nothing is.
        why: The reason, as a sentence without a full stop.
        percent: The share of traffic on the new deployment in that step.
        seen_at: When that was seen, in seconds since the wait began.
        is_live: Whether it has all traffic.
        is_paused: Whether it is paused.
        is_overruled: Whether somebody else has rolled it forward.
    """

    cause: Cause
    how: TakeBack | None
    why: str
    percent: int
    seen_at: float
    is_live: bool = False
    is_paused: bool = False
    is_overruled: bool = False


Errand: TypeAlias = Measure | Signal | AskWhoPaused
#: What is known of a signal's effect: it was sent, and its answer may have been lost; Baseten
#: answered that it did not act; or it was certainly not sent. The latter may be because the audit
#: log cannot be read, or says that the pause is somebody else's, or that it was resumed.
Answer: TypeAlias = Literal["sent", "refused", "not sent", "no log", Whose]
#: Whose a pause is that a wait finds: somebody else's; that of an earlier wait, which held the step
#: until it has passed, or left it to a person; or perhaps that of an earlier process.
PauseBefore: TypeAlias = Literal["others", "held", "left", "perhaps"]


@define
class _Step:
    """The present step.

    Attributes:
        percent: The share of traffic.
        since: When it was first seen: it began at that time or earlier.
        earliest: When the step before was last seen: it began at that time or later.
        pause: What became of our pause: not asked for, asked for at the step before and not seen,
            asked for, seen, asked to end, or ended.
        may_come_late: Whether a pause of ours may come one step late.
        passed: Whether the last measurement has passed.
        let_go: Whether somebody has resumed it, so that it is not paused again.
        had_too_little: Whether a measurement had too little to look at.
        breaches: How many, since the last pass.
        silences: Measurements without an answer in a row.
        is_reported: Whether the policy has had its say.
        measured_at: When it was measured last.
        resumed_at: When we resumed it.
        refused_at: When a signal of ours was refused, or could not be sent.
        lacks_log: Whether that is because the audit log cannot be read, as was told.
    """

    percent: int
    since: float
    earliest: float
    pause: Literal["no", "carried", "asked", "stands", "resumed", "over"] = "no"
    may_come_late: bool = False
    passed: bool = False
    let_go: bool = False
    had_too_little: bool = False
    breaches: int = 0
    silences: int = 0
    is_reported: bool = False
    measured_at: float = -math.inf
    resumed_at: float = 0.0
    refused_at: float = -math.inf
    lacks_log: bool = False


@define
class GuardPolicy:
    """Follows a guarded promotion from look to look, and says what to do.

    Attributes:
        guard: The caller's.
        hold: Seconds for which Baseten holds each step; 0 if that is not known, or is not true.
        has_steps: Whether the promotion can be stopped between steps; a chain's cannot.
        not_before: When the deployments may be measured first: at most once in a minute.
        pause_before: Whose a pause is that was there before. One that was left to a person is told
            of no more, and stays.
        pauses_sent: How many pauses the guard has asked for since it last resumed.
        report: What was seen and done so far.
        cause: Whether the last measurement was a breach or without an answer.
        why: Its reasons.
        has_guarded: Whether a look has shown it running, paused or live.
    """

    guard: Guard
    hold: float
    has_steps: bool = True
    not_before: float = -math.inf
    pause_before: PauseBefore = "others"
    pauses_sent: int = 0
    report: GuardReport = field(factory=GuardReport)
    cause: Cause | None = None
    why: str = ""
    has_guarded: bool = False
    _policy: Literal["", "pause"] | TakeBack = ""
    _step: _Step | None = None
    _passed_before: bool = False
    _seen_at: float = -math.inf
    _phase: PromotionPhase | None = None
    _is_live: bool = False
    _is_overruled: bool = False
    _is_strangers_pause: bool = False
    # When the pause that stands was known first, and when it last went on after one.
    _paused_at: float | None = None
    _went_on_at: float = -math.inf
    _asked_who: int = 0
    _asked_who_at: float = -math.inf
    _went_down: Doubt = field(factory=Doubt)
    _went_on: Doubt = field(factory=Doubt)

    # --- looks -----------------------------------------------------------------------------------

    def observe(
        self, phase: PromotionPhase | None, percent: int, at: float, *, is_live: bool
    ) -> list[Event]:
        """Take in what a look shows; returns what is new.

        Args:
            phase: The promotion's, if it is shown.
            percent: The share of traffic on the new deployment.
            at: When.
            is_live: Whether the new deployment serves, and has all traffic.
        """
        percent = ALL if is_live else percent
        under_way = (PromotionPhase.RUNNING, PromotionPhase.PAUSED)
        self.has_guarded |= is_live or phase in under_way
        by = self._others(phase, percent, at, is_live=is_live)
        self.report = evolve(self.report, overridden=(*self.report.overridden, *by))
        events: list[Event] = [GuardOverridden(at=at, by=one) for one in by]
        self._phase, self._is_live = phase, is_live
        has_begun = percent > 0 and phase is not PromotionPhase.ROLLING_BACK
        if has_begun and self._is_new(percent, at):
            self._begin(percent, at)
            events.append(StepReached(at=at, percent=percent))
        self._seen_at = at
        step = self._step
        # At a lower percentage, it is the pause of an earlier step, from a server that lags behind.
        if step and phase is PromotionPhase.PAUSED and percent == step.percent:
            is_from_before = step.pause == "no" and self.pause_before == "held"
            if step.pause in ("asked", "carried") or is_from_before:
                step.pause = "stands"
        return events

    def _is_new(self, percent: int, at: float) -> bool:
        """Whether a step begins. A lower percentage may come from a server that lags behind."""
        step = self._step
        if step is not None and percent < step.percent:
            return self._went_down.is_confirmed(percent, at, step.since)
        self._went_down.clear()
        return step is None or percent > step.percent

    def _begin(self, percent: int, at: float) -> None:
        """A step begins. A pause that was asked for may act at its end."""
        before = self._step
        self._went_down.clear()
        self._went_on.clear()
        self._passed_before = before is not None and before.passed
        if before is not None and self._came_early(before, at):
            self.hold = 0.0  # Baseten does not hold the steps: pause each one at once
        is_carried = (
            before is not None and before.may_come_late and before.pause in ("asked", "carried")
        )
        self._step = _Step(
            percent,
            since=at,
            earliest=self._seen_at,
            pause="carried" if is_carried else "no",
            may_come_late=is_carried,
            breaches=0 if before is None else before.breaches,
        )
        if not self._is_live:
            self._policy = self.why = ""  # it was not stopped in time: measure again
        step = StepReport(percent=percent, since=at)
        self.report = evolve(self.report, steps=(*self.report.steps, step)[-_MOST_STEPS:])

    def _came_early(self, before: _Step, at: float) -> bool:
        """Whether a step that was neither passed nor paused has ended before its hold was over."""
        is_undecided = not before.passed and not before.let_go and before.pause == "no"
        return is_undecided and before.percent > 0 and at - before.earliest < self.hold

    def _others(
        self, phase: PromotionPhase | None, percent: int, at: float, *, is_live: bool
    ) -> list[str]:
        """What others have done since the last look."""
        step, before = self._step, self._phase
        by: list[str] = []
        is_back = phase is PromotionPhase.ROLLING_BACK
        if is_back and before not in (None, phase):
            by.append("cancel")
        if is_live and before is PromotionPhase.ROLLING_BACK:
            self._is_overruled = True
            by.append("roll forward")
        if step is not None and percent < step.percent and not is_back:
            return by  # from a server that lags behind, most likely
        if phase is PromotionPhase.PAUSED:
            self._went_on.clear()
            if not percent and self.pause_before == "perhaps":
                self.pause_before = "others"  # a guard pauses steps
            is_ours = step is not None and step.pause not in ("no", "over")
            is_known = is_ours or self._is_strangers_pause or self.pause_before != "others"
            if not is_known and at < certain_at(self._went_on_at):
                return by  # the pause before, from a server that lags behind
            if not is_known:
                self._is_strangers_pause = True
                by.append("pause")
            if self._paused_at is None:
                self._paused_at = at
            return by
        is_certain = is_live or is_back or (step is not None and percent > step.percent)
        if self._must_doubt_running(step) and not is_certain:
            known_at = 0.0 if self._paused_at is None else self._paused_at
            if not self._went_on.is_confirmed("running", at, known_at):
                return by
        if self._paused_at is not None:
            self._paused_at, self._went_on_at = None, at
        self._is_strangers_pause = False
        if phase is not None and self.pause_before != "perhaps":
            self.pause_before = "others"
        if step is not None and step.pause == "resumed":
            step.pause, self._went_on_at = "over", at
        if step is not None and step.pause == "stands":
            step.pause, step.let_go = "no", True
            self._is_overruled |= is_live
            if not is_back:
                by.append("roll forward" if is_live else "resume")
        return by

    def _must_doubt_running(self, step: _Step | None) -> bool:
        """Whether a pause stands that nobody here has ended."""
        is_ours = step is not None and step.pause == "stands"
        return is_ours or self._is_strangers_pause or self.pause_before in ("held", "left")

    # --- decisions -------------------------------------------------------------------------------

    def decide(self, at: float) -> Errand | Ends | None:
        """What to do now; ``None`` if nothing."""
        step = self._step
        if step is None or self._went_down.is_open or self._phase in _GOES_BACK:
            return None
        if at - step.refused_at < AGAIN_AFTER_S:
            return None
        if self._policy:
            return self._follow(step, self._policy)
        if self._must_ask_who(step, at):
            return AskWhoPaused()
        if self._must_pause(step, at):
            return Signal("pause")
        if self._due_at(step) <= at:
            return self._measure(step, at)
        if step.passed and self._may_resume(step, at):
            return Signal("resume", most=max(self.pauses_sent, 1))
        return None

    def next_at(self) -> float:
        """When there is something to do, if no look shows anything new before."""
        step = self._step
        if step is None or self._policy:
            return math.inf
        due = self._due_at(step)
        if self._may_ask_who(step):
            due = min(due, self._asked_who_at + ASK_WHO_EVERY_S)
        return min(due, self._pause_at(step)) if self._may_pause(step) else due

    def before(self, at: float) -> Measure:
        """The step before the promotion, without traffic."""
        self._begin(0, at)
        return Measure(percent=0, start=at, end=at, is_alone=True)

    @property
    def may_be_sent(self) -> bool:
        """Whether the checks before the promotion have passed, or nobody minds."""
        step = self._step
        return step is not None and (step.passed or step.is_reported)

    @property
    def is_stopping(self) -> bool:
        """Whether the policy is to act, and could not yet."""
        return bool(self._policy)

    def ends(self) -> Ends:
        """The end that the guard has decided."""
        is_taken_back = not self._is_overruled and self._policy not in ("", "pause")
        return Ends(
            cause=self.cause or "breach",
            how=cast("TakeBack", self._policy) if is_taken_back else None,
            why=self.why,
            percent=self._step.percent if self._step else 0,
            seen_at=self._seen_at,
            is_live=self._is_live,
            is_paused=self._phase is PromotionPhase.PAUSED,
            is_overruled=self._is_overruled,
        )

    @property
    def has_paused(self) -> bool:
        """Whether a pause that is shown may be ours."""
        if self.pause_before in ("held", "perhaps"):
            return True
        return self._step is not None and self._step.pause not in ("no", "over")

    @property
    def awaits_pause(self) -> bool:
        """Whether a pause was asked for that no look has shown."""
        return self._step is not None and self._step.pause in ("asked", "carried")

    @property
    def pause_after(self) -> PauseBefore:
        """Whose a pause is that the next wait may see."""
        step = self._step
        if step is None or step.pause in ("no", "over"):
            return self.pause_before
        return "left" if self._policy else "held"

    @property
    def is_satisfied(self) -> bool:
        """Whether a promotion that is live is good, so that the wait may end."""
        return self._is_live and self._step is not None and not self._owes(self._step)

    def _owes(self, step: _Step) -> bool:
        """Whether it has still to be measured at 100 %."""
        is_baking = self.guard.bake > 0 or not self.has_steps
        # Baseten may hold the last step, too: then it is measured before it is live.
        may_skip = self._must_compare if not self._is_live else step.measured_at == -math.inf
        if may_skip and not is_baking and self._passed_before:
            return False
        is_good = step.passed or (self._is_dry and step.is_reported)
        return not is_good or self._seen_at < step.since + self.guard.bake

    def _follow(self, step: _Step, policy: Literal["pause"] | TakeBack) -> Errand | Ends | None:
        """Follow the policy, once it is to act."""
        is_stopped = self._phase is PromotionPhase.PAUSED or self._is_live
        if policy == "pause" and not is_stopped:
            can_ask = step.pause in ("no", "carried") and not step.let_go
            return Signal("pause") if can_ask else None
        return self.ends()

    @property
    def _must_compare(self) -> bool:
        """Whether a check has no bound of its own: with all traffic, nothing is left to compare."""
        return any(one.at_most is None for one in self.guard.metric_checks)

    @property
    def _is_dry(self) -> bool:
        return self.guard.on_breach == "report"

    # --- measuring -------------------------------------------------------------------------------

    def _due_at(self, step: _Step) -> float:
        if step.percent == ALL and not self._owes(step):
            return math.inf
        first = step.since + self.guard.measured_after
        every = MEASURE_EVERY_S + _LATE_S
        pause = max(every, self.guard.window) if step.passed else every
        return max(first, step.measured_at + pause, self.not_before)

    def _measure(self, step: _Step, at: float) -> Measure:
        """The newest window, within the step."""
        begins = step.since + max(self.guard.warmup, _CLOCK_S)
        # The look may be from a server that lags behind, and the step over by now.
        end = max(at - max(self.guard.lag, MISSING_GRACE_S), begins)
        # With too few requests, as much of the step as there is.
        start = begins if step.had_too_little else max(begins, end - self.guard.window)
        step.measured_at = at
        return Measure(percent=step.percent, start=start, end=end, is_alone=step.percent == ALL)

    def measured(self, errand: Measure, verdicts: tuple[Verdict, ...], at: float) -> list[Event]:
        """Take in the verdicts of a measurement; returns what is new."""
        step = self._step
        if step is None:
            return []
        outcome = worst(verdicts)
        self._add_measurement(errand, verdicts)
        events: list[Event] = [
            Measured(at=at, percent=errand.percent, verdict=one) for one in verdicts
        ]
        step.passed = outcome == "pass"
        step.had_too_little |= outcome == "unavailable"
        self.why = "; ".join(
            f"{one.check}: {one.reason}" for one in verdicts if one.outcome == outcome
        )
        if outcome == "pass":
            step.breaches = step.silences = 0
            step.is_reported = True
            self.cause, self.why = None, ""
        elif outcome == "breach":
            step.breaches += 1
            step.silences = 0
            self.cause = "breach"
            if step.breaches >= self.guard.breaches:
                events += self._act(step, self.guard.on_breach, at)
        else:
            step.silences += 1
            self.cause = "unavailable"
            if step.silences >= self.guard.unavailable:
                policy = self.guard.on_unavailable
                events += self._act(step, "report" if self._is_dry else policy, at)
        return events

    def _act(self, step: _Step, policy: OnBreach | OnUnavailable, at: float) -> list[Event]:
        """What the policy says."""
        was_reported, step.is_reported = step.is_reported, True
        if policy == "report":
            return [] if was_reported else self._acted(policy, at, self.why)
        if policy == "proceed":
            step.passed = True
            return self._acted(policy, at, self.why)
        self._policy = policy
        return []

    def _acted(self, what: str, at: float, why: str) -> list[Event]:
        self.report = evolve(self.report, actions=(*self.report.actions, what))
        return [GuardActed(at=at, policy=what, why=why)]

    # --- pausing ---------------------------------------------------------------------------------

    def _may_pause(self, step: _Step) -> bool:
        return (
            self.has_steps
            and not self._is_dry
            and not step.passed
            and not step.let_go
            and step.pause in ("no", "carried")
            and step.percent < ALL
            and self._phase is PromotionPhase.RUNNING
        )

    def _pause_at(self, step: _Step) -> float:
        if self.guard.hold == "pause":
            return step.since
        return step.earliest + self.hold - self.guard.checks_timeout - MARGIN_S

    def _must_pause(self, step: _Step, at: float) -> bool:
        return self._may_pause(step) and at >= self._pause_at(step)

    def _may_resume(self, step: _Step, at: float) -> bool:
        if self._phase is not PromotionPhase.PAUSED:
            return False
        # Then no server shows the time before any more: the resume was lost.
        is_lost = step.pause == "resumed" and at >= certain_at(step.resumed_at)
        return step.pause == "stands" or is_lost

    def _may_ask_who(self, step: _Step) -> bool:
        """Whether it is open who has paused it. A pause that was asked for may still come."""
        is_open = self.pause_before == "perhaps" and step.pause == "no"
        return is_open and self._phase in (PromotionPhase.PAUSED, PromotionPhase.RUNNING)

    def _must_ask_who(self, step: _Step, at: float) -> bool:
        return self._may_ask_who(step) and at - self._asked_who_at >= ASK_WHO_EVERY_S

    def told_who(self, *, is_ours: bool | None, at: float) -> list[Event]:
        """Whether the pause is ours; ``None`` if nobody can tell yet. Returns what is new."""
        step, is_paused = self._step, self._phase is PromotionPhase.PAUSED
        self._asked_who, self._asked_who_at = self._asked_who + 1, at
        is_late = is_ours is None and is_paused and self._asked_who < ASK_WHO_TIMES
        if step is None or is_late:
            return []
        self.pause_before = "others"
        if is_ours:
            step.pause, step.may_come_late = "stands" if is_paused else "asked", True
        return [] if is_ours or not is_paused else self._left_to_others(at)

    def _left_to_others(self, at: float) -> list[Event]:
        """The pause that stands is somebody else's, and stays. Returns what is new."""
        self._is_strangers_pause = True
        self.report = evolve(self.report, overridden=(*self.report.overridden, "pause"))
        return [GuardOverridden(at=at, by="pause")]

    def signalled(self, signal: Signal, at: float, answer: Answer) -> list[Event]:
        """A signal was sent; its answer may have been lost. Returns what is new."""
        step = self._step
        if step is None:
            return []
        if answer == "no log":
            step.refused_at = at
            was_told, step.lacks_log = step.lacks_log, True
            until = at + AGAIN_AFTER_S
            return [] if was_told else [HoldExtended(at=at, reason=LOG_UNREADABLE, until=until)]
        if answer == "not sent" or (answer == "refused" and signal.action == "resume"):
            step.refused_at = at
            return []
        if answer == "resumed" and step.pause == "resumed":
            step.refused_at = at  # Baseten has our resume, and does not show it yet
            return []
        if answer in ("others", "resumed"):
            step.pause, self.pause_before = "over", "others"
            return self._left_to_others(at)
        if signal.action == "resume":
            self.pauses_sent = 0
            step.pause, step.resumed_at = "resumed", at
            return self._acted("resume", at, f"every check has passed at {step.percent} %")
        self.pauses_sent += 1
        # A pause that Baseten says it did not make may still come, but in this step only.
        step.pause, step.may_come_late = "asked", answer == "sent"
        if self._policy:
            return self._acted("pause", at, self.why)
        why = self.why or f"{step.percent} % has not passed yet"
        self.report = evolve(self.report, actions=(*self.report.actions, "pause"))
        return [HoldExtended(at=at, reason=why, until=max(self._due_at(step), at))]

    # --- the report ------------------------------------------------------------------------------

    def _add_measurement(self, errand: Measure, verdicts: tuple[Verdict, ...]) -> None:
        steps = list(self.report.steps)
        for index, step in reversed(list(enumerate(steps))):
            if step.percent == errand.percent:
                steps[index] = evolve(
                    step,
                    measurements=step.measurements + 1,
                    outcome=worst(verdicts),
                    verdicts=verdicts,
                )
                break
        self.report = evolve(self.report, steps=tuple(steps))
