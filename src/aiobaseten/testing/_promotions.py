"""One promotion: how it moves from step to step by itself, and when somebody interferes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from . import _statuses as status
from .timelines import moment

if TYPE_CHECKING:
    from ._deployments import FakeDeployment

Ramp = Sequence[tuple[int, float]]
"""Percent of the traffic, and the seconds for which the candidate gets it."""

RAMP: Final[Ramp] = ((25, 30.0), (50, 30.0), (75, 30.0))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a promotion was from a time on.

    Attributes:
        at: Seconds in the fake's time.
        status: RELEASING, RAMPING_UP, …
        percent: Traffic on the candidate.
    """

    at: float
    status: str
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a promotion is going to go, if nothing interferes.

    Attributes:
        ramp: The steps between no traffic and all of it; empty when it moves at once.
        moves_on: Statuses of the candidate on which traffic begins to move.
        traffic_delay: Seconds for which the candidate has to be so first.
        failure_noticed_after: Seconds for which it has to have failed first.
        roll_forward_at_once: Whether a forced roll forward does not wait for the next step.
    """

    rolling: bool
    ramp: Ramp
    moves_on: frozenset[str]
    traffic_delay: float
    failure_noticed_after: float
    roll_forward_at_once: bool


def check_ramp(ramp: Ramp) -> Ramp:
    """*ramp*, if it is one.

    Raises:
        ValueError: It does not rise from above 0 % to below 100 %, or a step has no length.
    """
    percents = [percent for percent, _ in ramp]
    rises = all(low < high for low, high in zip([0, *percents], [*percents, 100], strict=True))
    if not (ramp and rises and all(0 < seconds < math.inf for _, seconds in ramp)):
        raise ValueError(
            f"a ramp rises from above 0 % to below 100 %, a number of seconds at each step, as in"
            f" [(25, 30), (50, 30)]; this one does not: {list(ramp)}"
        )
    return tuple(ramp)


class Rollout:
    """A promotion at work: where it is, after all that has happened to it."""

    def __init__(self, candidate: FakeDeployment, course: Course, *, started: float) -> None:
        self.candidate = candidate
        self.started = started
        self.rolling: bool = course.rolling
        self.status: str = status.RELEASING
        self.percent: int = 0
        self.error_message: str | None = None
        self.ended: float | None = None
        self.history: list[Reading] = [Reading(started, self.status, 0)]
        self._course = course
        self._since = started
        self._lasts = 0.0
        self._ahead = list(course.ramp) if course.rolling else []
        self._behind: list[tuple[int, float]] = []
        self._pause_asked = False
        self._forward_asked = False
        self._foreseen = started
        self._foreseen_for: int | None = None

    def next_event(self) -> float:
        """When something is going to happen by itself, as things stand; infinity if nothing is."""
        if self.ended is not None:
            return math.inf
        if self._foreseen_for != self.candidate.version:
            self._foreseen = min(self._failure(), self._step())
            self._foreseen_for = self.candidate.version
        return self._foreseen

    def happen(self) -> None:
        """Let that happen."""
        failure, step = self._failure(), self._step()
        if failure <= step:
            self._fail(failure)
        elif self.status == status.RAMPING_DOWN:
            self._step_down(step)
        else:
            self._step_up(step)

    def pause(self) -> None:
        """Stop at the end of the step under way."""
        self._pause_asked = True

    def resume(self, now: float) -> None:
        """Go on, or do not stop after all."""
        self._pause_asked = False
        if self.status == status.PAUSED:
            self._step_up(now)

    def cancel(self, now: float) -> str:
        """Take the traffic back, step by step if it has begun to move; answers the new status."""
        if self.status == status.RAMPING_DOWN:
            return self.status
        if self.percent == 0:
            self._enter(status.CANCELED, 0, now)
            return self.status
        # It stays at each percentage for as long as on its way up, the present one included.
        self._ahead = list(reversed(self._behind))
        self._lasts = self._ahead.pop(0)[1]
        self._enter(status.RAMPING_DOWN, self.percent, now)
        return self.status

    def force_cancel(self, now: float) -> None:
        """Take all traffic back at once."""
        self._enter(status.CANCELED, 0, now)

    def force_roll_forward(self, now: float) -> None:
        """Give the candidate all traffic, whatever its state, also while rolling back."""
        moving = self.status in {status.RAMPING_UP, status.RAMPING_DOWN}
        if moving and not self._course.roll_forward_at_once:
            self._forward_asked = True
        else:
            self._enter(status.SUCCEEDED, 100, now)

    def _failure(self) -> float:
        if self.status == status.RAMPING_DOWN:
            return math.inf
        return self._held(status.HOPELESS, self._course.failure_noticed_after)

    def _step(self) -> float:
        if self.status == status.RELEASING:
            return self._held(self._course.moves_on, self._course.traffic_delay)
        if self.status == status.PAUSED:
            return math.inf
        return moment(self._since + self._lasts)

    def _held(self, statuses: frozenset[str], lasting: float) -> float:
        at = self.candidate.first_held(statuses, since=self.started, lasting=lasting)
        # What became true of the past only now (a deployment set by hand) happens now.
        return math.inf if at is None else max(at, self._since)

    def _step_up(self, at: float) -> None:
        if self._forward_asked:
            self._enter(status.SUCCEEDED, 100, at)
        elif self._pause_asked:
            self._enter(status.PAUSED, self.percent, at)
        elif self._ahead:
            percent, self._lasts = step = self._ahead.pop(0)
            self._behind.append(step)
            self._enter(status.RAMPING_UP, percent, at)
        else:
            self._enter(status.SUCCEEDED, 100, at)

    def _step_down(self, at: float) -> None:
        if self._forward_asked:
            self._enter(status.SUCCEEDED, 100, at)
        elif self._ahead:
            percent, self._lasts = self._ahead.pop(0)
            self._enter(status.RAMPING_DOWN, percent, at)
        else:
            self._enter(status.CANCELED, 0, at)

    def _fail(self, at: float) -> None:
        self.error_message = (
            f"Deployment {self.candidate.id} did not become active:"
            f" its status is {self.candidate.status_at(at)}."
        )
        self._enter(status.FAILED, 0, at)

    def _enter(self, name: str, percent: int, at: float) -> None:
        self.status, self.percent, self._since = name, percent, at
        self.history.append(Reading(at, name, percent))
        self._foreseen_for = None
        if name in status.ENDED:
            self.ended = at


class FakePromotion:
    """A promotion, past or present. Made by `FakeEnvironment.promote`.

    It tells what is really so at the time of asking; times are seconds in the fake's time.
    """

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout

    def __repr__(self) -> str:
        return f"<FakePromotion of {self.candidate.id}: {self.status} {self.percent} %>"

    @property
    def candidate(self) -> FakeDeployment:
        """The deployment that is, or was, being promoted."""
        return self._rollout.candidate

    @property
    def started(self) -> float:
        """When it began."""
        return self._rollout.started

    @property
    def status(self) -> str:
        """RELEASING, RAMPING_UP, PAUSED, RAMPING_DOWN, SUCCEEDED, FAILED or CANCELED."""
        return self._settled().status

    @property
    def percent(self) -> int:
        """Traffic on the candidate."""
        return self._settled().percent

    @property
    def error_message(self) -> str | None:
        """Why it failed; None if it has not."""
        return self._settled().error_message

    @property
    def ended(self) -> float | None:
        """When it ended; None if it has not."""
        return self._settled().ended

    @property
    def history(self) -> Sequence[Reading]:
        """Every status and percentage until now."""
        return tuple(self._settled().history)

    def _settled(self) -> Rollout:
        self._rollout.candidate.owner.settled()
        return self._rollout
