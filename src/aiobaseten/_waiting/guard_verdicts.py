"""What measurements of two deployments in the same window mean for each check. Pure.

Silence is never health: without data, or with too few requests, a check does not pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from .._numbers import in_requests
from .._verdict import Outcome, Side, Verdict
from ..guard import MetricCheck

# So that a value exactly at a bound passes, whatever the rounding.
_ROUNDING = 1e-9


@frozen(kw_only=True)
class Measurement:
    """The traffic of one deployment in a window.

    Attributes:
        deployment_id: Which deployment.
        start: When the window began.
        end: When it ended.
        requests: How many requests were answered, or ``None`` if there is no data.
        error_share: The share of them that was answered 5xx, or ``None`` if there is no data.
        latency: Seconds, by ``"p50"``, …, ``"avg"``; a quantile without data is left out.
        trouble: Why there is no data, or an empty string.
    """

    deployment_id: str
    start: datetime
    end: datetime
    requests: float | None = None
    error_share: float | None = None
    latency: Mapping[str, float] = field(factory=dict[str, float])
    trouble: str = ""

    def side(self, check: MetricCheck) -> Side:
        """What the report shows of it."""
        return Side(
            deployment_id=self.deployment_id,
            value=self.value(check),
            requests=self.requests,
            start=self.start,
            end=self.end,
        )

    def value(self, check: MetricCheck) -> float | None:
        """The value that a check is about, or ``None`` if there is no data."""
        if not self.requests:
            return None
        found = self.error_share if check.quantile is None else self.latency.get(check.quantile)
        return found if found is not None and math.isfinite(found) else None


def judge(
    checks: tuple[MetricCheck, ...],
    new: Measurement,
    old: Measurement | None,
    *,
    min_requests: int,
    is_alone: bool = False,
) -> tuple[Verdict, ...]:
    """The verdict of each check.

    Args:
        checks: The checks.
        new: The new deployment.
        old: The deployment that serves, in the same window; ``None`` if there is none.
        min_requests: Requests of a deployment below which it says nothing.
        is_alone: Whether the new deployment has all traffic, so that there is nothing to compare
            with: absolute bounds then decide alone.
    """
    if _is_idle(new, old, min_requests):
        reason = "idle: neither deployment had a request in the window, and min_requests is 0"
        return tuple(_verdict("pass", reason, one, new, old) for one in checks)
    return tuple(
        _judge_one(one, new, old, min_requests=min_requests, is_alone=is_alone) for one in checks
    )


def _is_idle(new: Measurement, old: Measurement | None, min_requests: int) -> bool:
    """Whether both were read, and neither shows a request; only if the caller needs none."""
    sides = [new] if old is None else [new, old]
    return min_requests == 0 and not any(
        side.trouble or side.requests or side.latency for side in sides
    )


def _judge_one(
    check: MetricCheck,
    new: Measurement,
    old: Measurement | None,
    *,
    min_requests: int,
    is_alone: bool,
) -> Verdict:
    unknown = _unknown(check, new, min_requests)
    if unknown:
        return _verdict("unavailable", unknown, check, new, old)
    value = new.value(check) or 0.0
    if check.at_most is not None and _is_above(value, check.at_most):
        return _verdict(
            "breach",
            f"{_said(check, value)} is above {_said(check, check.at_most)}",
            check,
            new,
            old,
            check.at_most,
        )
    if check.worse_by_at_most is None or (is_alone and check.at_most is not None):
        bound = check.at_most or 0.0
        reason = f"{_said(check, value)} is within {_said(check, bound)}"
        return _verdict("pass", reason, check, new, old, check.at_most)
    if old is None:
        reason = "there is no other deployment to compare with"
        return _verdict("unavailable", reason, check, new, old)
    unknown = _unknown(check, old, min_requests)
    if unknown:
        reason = f"nothing to compare with: {unknown}"
        return _verdict("unavailable", reason, check, new, old)
    before = old.value(check) or 0.0
    limit = before * (1 + check.worse_by_at_most)
    said = (
        f"{_said(check, value)} against {_said(check, before)} of deployment "
        f"{old.deployment_id}; up to {_said(check, limit)} was allowed"
    )
    outcome: Outcome = "breach" if _is_above(value, limit) else "pass"
    if outcome == "pass" and check.at_most is not None:
        limit = min(limit, check.at_most)
    return _verdict(outcome, said, check, new, old, limit)


def _unknown(check: MetricCheck, side: Measurement, min_requests: int) -> str:
    """Why a deployment says nothing, or an empty string."""
    whose = f"deployment {side.deployment_id}"
    if side.trouble or side.requests is None:
        return f"no data of {whose}" + (f": {side.trouble}" if side.trouble else "")
    if side.requests < min_requests:
        had = in_requests(side.requests)
        return f"{whose} had {had} in the window, and {min_requests} are needed"
    if side.value(check) is None:
        return f"{whose} had {in_requests(side.requests)}, and no data about {check.name}"
    return ""


def _is_above(value: float, bound: float) -> bool:
    return value > bound and not math.isclose(value, bound, rel_tol=_ROUNDING, abs_tol=_ROUNDING)


def _said(check: MetricCheck, value: float) -> str:
    return f"{value * 100:.4g} %" if check.quantile is None else f"{value:.4g} s"


def _verdict(
    outcome: Outcome,
    reason: str,
    check: MetricCheck,
    new: Measurement,
    old: Measurement | None,
    bound: float | None = None,
) -> Verdict:
    if bound is None:
        bound = check.at_most
    return Verdict(
        outcome,
        reason=reason,
        value=new.value(check),
        bound=bound,
        check=check.name,
        new=new.side(check),
        old=None if old is None else old.side(check),
    )
