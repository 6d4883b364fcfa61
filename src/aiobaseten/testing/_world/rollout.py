"""A promotion is stepped here: from 0 % of the traffic to its end, alone or by people's actions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..timelines import moment
from . import status
from .deployment import FakeDeployment

Ramp = Sequence[tuple[int, float]]
"""Steps: percent of the traffic, and the seconds for which the candidate gets it."""

RAMP: Final[Ramp] = ((25, 30.0), (50, 30.0), (75, 30.0))


@dataclass(frozen=True, slots=True)
class PromotionState:
    """One entry in the history of a promotion.

    Attributes:
        at: When it began, in seconds of the fake's time.
        status: RELEASING, RAMPING_UP, …
        percent: Percent of the traffic on the candidate.
        error_message: Why it failed; None if it has not.
    """

    at: float
    status: str
    percent: int
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRules:
    """The rules of one promotion.

    Attributes:
        rolling: Whether traffic moves step by step.
        ramp: The steps between no traffic and all of it.
        moves_on: The statuses of a candidate that is ready for traffic.
        traffic_delay: Seconds for which the candidate must be ready before it gets traffic.
        failure_noticed_after: Seconds from the candidate's failure to that of the promotion.
        roll_forward_at_once: Whether a forced roll forward ignores the current step.
        roll_back_at_once: Whether a graceful cancel takes all traffic back in one step.
        cancel_seen_after: Seconds from a cancel until it takes effect.
    """

    rolling: bool
    ramp: Ramp
    moves_on: frozenset[str]
    traffic_delay: float
    failure_noticed_after: float
    roll_forward_at_once: bool
    roll_back_at_once: bool
    cancel_seen_after: float


def check_ramp(ramp: Ramp) -> Ramp:
    """Return *ramp* if it is a valid one.

    Raises:
        ValueError: It does not rise from above 0 % to below 100 %, or a step has no length.
    """
    percents = [percent for percent, _ in ramp]
    rises = all(low < high for low, high in zip([0, *percents], [*percents, 100], strict=True))
    if not (ramp and rises and all(0 < seconds < math.inf for _, seconds in ramp)):
        raise ValueError(
            f"a ramp rises from above 0 % to below 100 %, with a number of seconds for each step,"
            f" as in [(25, 30), (50, 30)]; this one does not: {list(ramp)}"
        )
    return tuple(ramp)


class Rollout:
    """One promotion: its current status, percentage and history, and its next step."""

    def __init__(self, candidate: FakeDeployment, rules: RolloutRules, *, started: float) -> None:
        self.candidate = candidate
        self.started = started
        self.rolling: bool = rules.rolling
        self.status: str = status.RELEASING
        self.percent: int = 0
        self.error_message: str | None = None
        self.ended: float | None = None
        self.history: list[PromotionState] = [PromotionState(started, self.status, 0)]
        self._rules = rules
        self._step_began = started
        self._step_lasts = 0.0
        self._steps_ahead = list(rules.ramp) if rules.rolling else []
        self._steps_behind: list[tuple[int, float]] = []
        self._pause_requested = False
        self._forward_requested = False
        self._cancels_ahead: list[tuple[float, bool]] = []
        self._next_change = started
        self._computed_for_version: int | None = None

    def next_change(self) -> float:
        """The time of the next change, as things stand; infinity if none is to come."""
        if self.ended is not None:
            return math.inf
        if self._computed_for_version != self.candidate.version:
            self._next_change = min(self._failure_time(), self._cancel_time(), self._step_time())
            self._computed_for_version = self.candidate.version
        return self._next_change

    def change(self) -> None:
        """Make that change: fail, be cancelled, or take the next step up or down."""
        failure, cancel, step = self._failure_time(), self._cancel_time(), self._step_time()
        if failure <= min(cancel, step):
            self.fail(
                failure,
                f"Deployment {self.candidate.id} did not become active:"
                f" its status is {self.candidate.status_at(failure)}.",
            )
        elif cancel <= step:
            _, forced = self._cancels_ahead.pop(0)
            self.take_back(cancel, forced=forced)
        elif self.status == status.RAMPING_DOWN:
            self._step_down(step)
        else:
            self._step_up(step)

    def pause(self) -> None:
        """Pause at the end of the current step."""
        self._pause_requested = True

    def resume(self, now: float) -> None:
        """Continue, or withdraw a pause that has not begun."""
        self._pause_requested = False
        if self.status == status.PAUSED:
            self._step_up(now)

    def state_at(self, when: float) -> PromotionState:
        """The status and percentage at a time, past or present."""
        past = [state for state in self.history if state.at <= when]
        return past[-1] if past else self.history[0]

    def cancel(self, now: float) -> str:
        """Take the traffic back, step by step if the candidate has some; returns the status.

        With ``cancel_seen_after`` it takes effect later, if the promotion has not ended by then.
        """
        at_once = self.percent == 0 or self._rules.roll_back_at_once
        self._cancel(now, forced=False)
        return status.CANCELED if at_once else status.RAMPING_DOWN

    def force_cancel(self, now: float) -> None:
        """Take all traffic back in one step, now or with ``cancel_seen_after`` later."""
        self._cancel(now, forced=True)

    def fail(self, at: float, message: str) -> None:
        """Fail: the candidate gets no traffic any more."""
        self.error_message = message
        self._enter(status.FAILED, 0, at)

    def take_back(self, at: float, *, forced: bool) -> None:
        """Take the traffic back from the time *at*: in one step if *forced*."""
        if forced or self.percent == 0 or self._rules.roll_back_at_once:
            self._enter(status.CANCELED, 0, at)
            return
        if self.status == status.RAMPING_DOWN:
            self._computed_for_version = None
            return
        # Each percentage, also the current one, lasts as long as on the way up.
        self._steps_ahead = list(reversed(self._steps_behind))
        self._step_lasts = self._steps_ahead.pop(0)[1]
        self._enter(status.RAMPING_DOWN, self.percent, at)

    def force_roll_forward(self, now: float) -> None:
        """Give the candidate all traffic, whatever its status, also while rolling back."""
        if self.status in status.RAMPING and not self._rules.roll_forward_at_once:
            self._forward_requested = True
        else:
            self._enter(status.SUCCEEDED, 100, now)

    def _cancel(self, now: float, *, forced: bool) -> None:
        if self._rules.cancel_seen_after == 0:
            self.take_back(now, forced=forced)
            return
        self._cancels_ahead.append((moment(now + self._rules.cancel_seen_after), forced))
        self._computed_for_version = None

    def _cancel_time(self) -> float:
        return self._cancels_ahead[0][0] if self._cancels_ahead else math.inf

    def _failure_time(self) -> float:
        if self.status == status.RAMPING_DOWN:
            return math.inf
        return self._held(status.HOPELESS, self._rules.failure_noticed_after)

    def _step_time(self) -> float:
        if self.status == status.RELEASING:
            return self._held(self._rules.moves_on, self._rules.traffic_delay)
        if self.status == status.PAUSED:
            return math.inf
        return moment(self._step_began + self._step_lasts)

    def _held(self, statuses: frozenset[str], lasting: float) -> float:
        at = self.candidate.first_held(statuses, since=self.started, lasting=lasting)
        # A deployment set by hand may meet the condition for a time that has passed: act now.
        return math.inf if at is None else max(at, self._step_began)

    def _step_up(self, at: float) -> None:
        if self._forward_requested:
            self._enter(status.SUCCEEDED, 100, at)
        elif self._pause_requested:
            self._enter(status.PAUSED, self.percent, at)
        elif self._steps_ahead:
            percent, self._step_lasts = step = self._steps_ahead.pop(0)
            self._steps_behind.append(step)
            self._enter(status.RAMPING_UP, percent, at)
        else:
            self._enter(status.SUCCEEDED, 100, at)

    def _step_down(self, at: float) -> None:
        if self._forward_requested:
            self._enter(status.SUCCEEDED, 100, at)
        elif self._steps_ahead:
            percent, self._step_lasts = self._steps_ahead.pop(0)
            self._enter(status.RAMPING_DOWN, percent, at)
        else:
            self._enter(status.CANCELED, 0, at)

    def _enter(self, name: str, percent: int, at: float) -> None:
        self.status, self.percent, self._step_began = name, percent, at
        self.history.append(PromotionState(at, name, percent, self.error_message))
        self._computed_for_version = None
        if name in status.ENDED:
            self.ended = at
