"""What a guard found out: verdicts, steps and the report. Plain data; `aiobaseten.guard` has it."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

from attrs import field, frozen

#: What a check says about a step.
Outcome: TypeAlias = Literal["pass", "breach", "unavailable"]

#: The worst one decides about a step.
_WORST_FIRST: tuple[Outcome, ...] = ("breach", "unavailable", "pass")


def _outcome(value: Outcome) -> Outcome:
    if value not in get_args(Outcome):
        raise ValueError(f'a verdict is "pass", "breach" or "unavailable", not {value!r}')
    return value


def _number(value: float | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"value and bound of a verdict are numbers, not {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"value and bound of a verdict are finite numbers, not {value}")
    return float(value)


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"check and reason of a verdict are text, not {type(value).__name__}")
    return value


@frozen(kw_only=True)
class Side:
    """One deployment in a window.

    Attributes:
        deployment_id: Which deployment.
        value: The measured value, or ``None`` if there is no data.
        requests: The number of its requests in the window, or ``None`` if there is no data.
        start: When the window began.
        end: When it ended.
    """

    deployment_id: str
    value: float | None
    requests: float | None
    start: datetime
    end: datetime

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "deployment_id": self.deployment_id,
            "value": self.value,
            "requests": self.requests,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }


@frozen
class Verdict:
    """What one check says about one step.

    A check of yours may return one: ``Verdict("breach", reason="3 of 40 answers are wrong")``.

    Attributes:
        outcome: ``"pass"``, ``"breach"`` or ``"unavailable"``.
        reason: Why, as a sentence.
        value: The measured value: a share of requests, or seconds; ``None`` if there is none.
        bound: The bound that decided; ``None`` if there is none.
        check: The name of the check. The guard sets it.
        new: The new deployment in the window; ``None`` for a check that reads no metrics.
        old: The deployment that serves, in the same window; ``None`` if it was not measured.

    Raises:
        ValueError: The outcome is none of the three, or a number is not finite.
        TypeError: A number or a text is of another type.
    """

    outcome: Outcome = field(converter=_outcome)
    reason: str = field(default="", kw_only=True, converter=_text)
    value: float | None = field(default=None, kw_only=True, converter=_number)
    bound: float | None = field(default=None, kw_only=True, converter=_number)
    check: str = field(default="", kw_only=True, converter=_text)
    new: Side | None = field(default=None, kw_only=True)
    old: Side | None = field(default=None, kw_only=True)

    @property
    def requests(self) -> float | None:
        """The requests of the new deployment in the window, or ``None`` if there is no data."""
        return None if self.new is None else self.new.requests

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """When the window began and ended; ``None`` for a check that reads no metrics."""
        return None if self.new is None else (self.new.start, self.new.end)

    def __str__(self) -> str:
        return f"{self.check}: {self.outcome}" + (f" ({self.reason})" if self.reason else "")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "check": self.check,
            "outcome": self.outcome,
            "reason": self.reason,
            "value": self.value,
            "bound": self.bound,
            "new": None if self.new is None else self.new.to_dict(),
            "old": None if self.old is None else self.old.to_dict(),
        }


def worst(verdicts: tuple[Verdict, ...]) -> Outcome:
    """The outcome that decides; of no verdict at all, that nothing is known."""
    found = {verdict.outcome for verdict in verdicts}
    for outcome in _WORST_FIRST:
        if outcome in found:
            return outcome
    return "unavailable"


@frozen(kw_only=True)
class StepReport:
    """One step of a guarded promotion: a time in which the percentage of traffic did not change.

    Attributes:
        percent: The share of traffic on the new deployment, 0 to 100.
        since: Seconds from the start of the wait until it was first seen. Negative for checks from
            before the promotion was sent.
        measurements: How often it was measured.
        outcome: The outcome of the last measurement, or ``None`` if there was none.
        verdicts: The verdicts of the last measurement, one for each check.
    """

    percent: int
    since: float
    measurements: int = 0
    outcome: Outcome | None = None
    verdicts: tuple[Verdict, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "percent": self.percent,
            "since": self.since,
            "measurements": self.measurements,
            "outcome": self.outcome,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }


@frozen(kw_only=True)
class GuardReport:
    """What a guard has seen and done.

    Attributes:
        steps: The steps, oldest first; the newest 200.
        actions: What it did, oldest first: ``"pause"``, ``"resume"``, ``"cancel"``,
            ``"force_cancel"``, ``"rollback"``, ``"report"`` or ``"proceed"``.
        overridden: What others did meanwhile, oldest first: ``"pause"``, ``"resume"``,
            ``"cancel"``, ``"roll forward"`` or ``"promote"``.
        traffic: Where the traffic is in the end, as a sentence; empty until then.
    """

    steps: tuple[StepReport, ...] = ()
    actions: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    traffic: str = ""

    @property
    def breached(self) -> tuple[Verdict, ...]:
        """The breaches among the last verdicts of each step."""
        return self._all("breach")

    @property
    def unavailable(self) -> tuple[Verdict, ...]:
        """Those among the last verdicts of each step that could not tell."""
        return self._all("unavailable")

    def _all(self, outcome: Outcome) -> tuple[Verdict, ...]:
        return tuple(
            verdict
            for step in self.steps
            for verdict in step.verdicts
            if verdict.outcome == outcome
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "steps": [step.to_dict() for step in self.steps],
            "actions": list(self.actions),
            "overridden": list(self.overridden),
            "traffic": self.traffic,
        }
