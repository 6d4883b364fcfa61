"""The content of the live view, as a value that events change. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from .. import EnvironmentReading, Phase, PromotionPhase
from ..errors import Startup
from ..events import (
    Event,
    Finished,
    GuardActed,
    HoldExtended,
    LookFailed,
    Measured,
    StartupProgressed,
    StatusChanged,
    StepReached,
    TrafficShifted,
)
from ..guard import Outcome
from ._jobs import Ending, Job
from ._outcomes import Outcome as Exit
from ._text import one_line

_MOST_NAMES = 4
# Percent of the traffic.
_ALL = 100

#: In which of four groups a target is.
Standing: TypeAlias = Literal["done", "not begun", "under way", "failed"]


@frozen(kw_only=True)
class Row:
    """A deployment or a chainlet.

    Attributes:
        subject: ``"deployment"`` or ``"chainlet"``.
        name: Its id or name.
        status: Its status.
        phase: The meaning of the status.
        since: Seconds of the wait when the status was first seen.
    """

    subject: str
    name: str
    status: str
    phase: Phase
    since: float


@frozen(kw_only=True)
class CheckRow:
    """A check of the guard.

    Attributes:
        name: Its name.
        percent: The share of traffic of the step that it has measured last.
        outcome: Its last verdict.
        reason: Why.
        at: Seconds of the wait when it was measured.
    """

    name: str
    percent: int
    outcome: Outcome
    reason: str
    at: float


@frozen(kw_only=True)
class Picture:
    """A wait so far.

    Attributes:
        job: The subject of the command.
        rows: The deployment and its chainlets, in the order in which they were seen.
        checks: The checks of the guard, in the order in which they were measured first.
        measuring: The share of traffic of the step that the guard measures, until it has passed.
        held_for: Why the guard holds the step, if it does.
        taken_back: Whether the guard is taking the promotion back.
        promotion: The status of the promotion, if it was seen.
        is_paused: Whether the promotion is paused.
        percent: The share of traffic on the deployment, if it was seen.
        failures: The number of failed looks.
        last_failure: The time and the message of the last failed look, if there was one.
        is_over: Whether the wait has ended.
        startup: The time and the phases of a startup that takes long, if there is one.
    """

    job: Job
    rows: tuple[Row, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    measuring: int | None = None
    held_for: str | None = None
    taken_back: bool = False
    promotion: str | None = None
    is_paused: bool = False
    percent: int | None = None
    failures: int = 0
    last_failure: tuple[float, str] | None = None
    is_over: bool = False
    startup: tuple[float, Startup] | None = None

    def showing(self, reading: EnvironmentReading, at: float) -> Picture:
        """The picture of an environment that is watched, after a look that has shown a change.

        Args:
            reading: What the look has shown.
            at: Seconds since the watch began.
        """
        before = dict(zip(_keys(self.rows), self.rows, strict=True))
        rows = _rows_of(reading, at)
        same = (before.get(key) for key in _keys(rows))
        promotion = reading.promotion
        moves = promotion is not None and reading.candidate is not None
        return evolve(
            self,
            rows=tuple(
                evolve(row, since=old.since)
                if old is not None and old.status == row.status
                else row
                for row, old in zip(rows, same, strict=True)
            ),
            promotion=None if promotion is None else promotion.status,
            is_paused=promotion is not None and promotion.phase is PromotionPhase.PAUSED,
            percent=promotion.percent if promotion is not None and moves else None,
        )

    def after(self, event: Event) -> Picture:
        """The picture after *event*."""
        if isinstance(event, StatusChanged):
            picture = self._after_status(event)
            return evolve(picture, startup=None) if event.phase is Phase.READY else picture
        if isinstance(event, TrafficShifted):
            return evolve(self, percent=event.percent)
        if isinstance(event, StartupProgressed):
            return evolve(self, startup=(event.at, event.startup))
        if isinstance(event, StepReached | Measured | HoldExtended | GuardActed):
            return self._after_guard(event)
        if isinstance(event, LookFailed):
            failure = (event.at, one_line(event.error))
            return evolve(self, failures=self.failures + 1, last_failure=failure)
        if isinstance(event, Finished):
            return evolve(self, is_over=True)
        return self

    def _after_guard(self, event: StepReached | Measured | HoldExtended | GuardActed) -> Picture:
        match event:
            case StepReached():
                return evolve(self, held_for=None, measuring=event.percent)
            case HoldExtended():
                return evolve(self, held_for=one_line(event.reason))
            case GuardActed():
                is_back = event.policy in ("cancel", "force_cancel", "rollback")
                return evolve(self, held_for=None, taken_back=self.taken_back or is_back)
            case Measured():
                verdict = event.verdict
                new = CheckRow(
                    name=verdict.check,
                    percent=event.percent,
                    outcome=verdict.outcome,
                    reason=verdict.reason,
                    at=event.at,
                )
                return self._after_check(new)

    def _after_check(self, new: CheckRow) -> Picture:
        names = [row.name for row in self.checks]
        place = names.index(new.name) if new.name in names else len(names)
        checks = (*self.checks[:place], new, *self.checks[place + 1 :])
        has_passed = all(row.outcome == "pass" and row.percent == new.percent for row in checks)
        # With all traffic, it measures until it is live, or its bake is over.
        is_last = new.percent == _ALL
        measuring = new.percent if is_last or not has_passed else None
        return evolve(self, checks=checks, measuring=measuring)

    def _after_status(self, event: StatusChanged) -> Picture:
        phase = event.phase
        if isinstance(phase, PromotionPhase):
            is_paused = phase is PromotionPhase.PAUSED
            return evolve(self, promotion=event.status, is_paused=is_paused)
        new = Row(
            subject=event.subject,
            name=event.name,
            status=event.status,
            phase=phase,
            since=event.at,
        )
        keys = [(row.subject, row.name) for row in self.rows]
        if (new.subject, new.name) not in keys:
            return evolve(self, rows=(*self.rows, new))
        place = keys.index((new.subject, new.name))
        return evolve(self, rows=(*self.rows[:place], new, *self.rows[place + 1 :]))

    def waiting_for(self) -> str:
        """The next thing that has to happen, in a few words."""
        if not self.rows and self.promotion is None:
            return "the first look"
        if self.job.task == "environment":
            return "the next change; Ctrl-C ends this"
        if self.taken_back:
            return "traffic to move back to the previous deployment"
        if self.held_for is not None:
            return f"the guard to measure again: {self.held_for}"
        if self.is_paused:
            return "somebody to resume or cancel the promotion"
        if self.job.task == "cancellation":
            return "traffic to move back to the previous deployment"
        chainlets = [row for row in self.rows if row.subject == "chainlet"]
        unready = [row.name for row in chainlets or self.rows if row.phase is not Phase.READY]
        if unready:
            more = len(unready) - _MOST_NAMES
            names = ", ".join(unready[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
            return f"{names} to become ready"
        if self.measuring is not None:
            return f"the guard to measure it at {self.measuring} % of the traffic"
        if self.job.task == "promotion":
            return "traffic to move"
        return "the deployment to become ready"

    def headline(self) -> str:
        """Where it stands, in very few words."""
        if self.taken_back:
            return "moving back"
        if self.is_paused:
            return self.promotion or "paused"
        unready = [row for row in self.rows if row.phase is not Phase.READY]
        chainlets = [row for row in self.rows if row.subject == "chainlet"]
        if unready:
            ready = sum(row.phase is Phase.READY for row in chainlets)
            many = f", {ready} of {len(chainlets)} ready" if chainlets else ""
            return f"{unready[0].status}{many}"
        if self.promotion is not None:
            share = "" if self.percent is None else f" {self.percent} %"
            return f"{self.promotion}{share}"
        return self.rows[0].status if self.rows else "begun"


@frozen(kw_only=True)
class TargetPicture:
    """One of several targets so far.

    Attributes:
        label: What the user wrote.
        standing: In which of four groups it is.
        title: Its outcome, once there is one.
        picture: Its wait so far, once it has begun.
        since: Seconds of the command when it began.
    """

    label: str
    standing: Standing = "not begun"
    title: str = ""
    picture: Picture | None = None
    since: float | None = None

    def started(self, at: float) -> TargetPicture:
        """The picture after something has started that may take a while."""
        return evolve(self, standing="under way", since=at)

    def begun(self, job: Job, at: float) -> TargetPicture:
        """The picture after it has begun at Baseten, or its wait has."""
        return evolve(self, standing="under way", picture=Picture(job=job), since=at)

    def after(self, event: Event) -> TargetPicture:
        """The picture after *event*."""
        picture = None if self.picture is None else self.picture.after(event)
        return evolve(self, picture=picture)

    def ended(self, ending: Ending) -> TargetPicture:
        """The picture after the command has ended for it."""
        is_done = ending.outcome is Exit.DONE
        return evolve(
            self, standing="done" if is_done else "failed", title=ending.title, since=None
        )

    def headline(self) -> str:
        """Where it stands, in very few words."""
        if self.standing == "under way":
            return "begun" if self.picture is None else self.picture.headline()
        return self.title or self.standing


@frozen(kw_only=True)
class SeveralPicture:
    """Several targets so far.

    Attributes:
        targets: The targets, in the order of the command.
        note: What happens now, such as the next wave.
    """

    targets: tuple[TargetPicture, ...]
    note: str = ""


def _rows_of(reading: EnvironmentReading, at: float) -> tuple[Row, ...]:
    """The deployments of an environment, each with its chainlets."""
    rows: list[Row] = []
    for role, deployment in (("current", reading.current), ("candidate", reading.candidate)):
        if deployment is None:
            continue
        for part in deployment.parts:
            subject = "chainlet" if part.subject == "chainlet" else role
            rows.append(
                Row(subject=subject, name=part.name, status=part.status, phase=part.phase, since=at)
            )
    if reading.current is None:
        rows.insert(0, Row(subject="current", name="none", status="", phase=Phase.ASLEEP, since=at))
    return tuple(rows)


def _keys(rows: Sequence[Row]) -> Sequence[tuple[str, str, str]]:
    """What tells the rows apart: both deployments may have a chainlet of one name."""
    role = ""
    keys: list[tuple[str, str, str]] = []
    for row in rows:
        role = role if row.subject == "chainlet" else row.subject
        keys.append((role, row.subject, row.name))
    return keys
