"""What measurements mean for each check. Silence is never health."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aiobaseten._waiting.guard_verdicts import Measurement, judge
from aiobaseten.guard import MetricCheck, Verdict, error_rate, latency

START, END = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 12, 5, tzinfo=UTC)


def measurement(
    requests: float | None = 1000, errors: float | None = 0.0, trouble: str = "", **latencies: float
) -> Measurement:
    return Measurement(
        deployment_id="new",
        start=START,
        end=END,
        requests=requests,
        error_share=errors,
        latency=latencies,
        trouble=trouble,
    )


def verdict(check: MetricCheck, new: Measurement, old: Measurement | None, **how: Any) -> Verdict:
    [found] = judge((check,), new, old, **{"min_requests": 100, **how})
    return found


GOOD = measurement(p95=1.0)
IDLE = measurement(0, None)
SILENT = measurement(None, None)
FAILED = measurement(None, None, trouble="HTTP 429")


@pytest.mark.parametrize(
    ("check", "new", "old", "outcome"),
    [
        (error_rate(at_most=0.02), measurement(errors=0.01), GOOD, "pass"),
        (error_rate(at_most=0.02), measurement(errors=0.02), GOOD, "pass"),
        (error_rate(at_most=0.02), measurement(errors=0.021), GOOD, "breach"),
        (error_rate(at_most=0.0), measurement(errors=0.0), GOOD, "pass"),
        (error_rate(at_most=0.0), measurement(errors=0.001), GOOD, "breach"),
        (error_rate(at_most=0.02), measurement(errors=0.01), None, "pass"),
        (latency("p95", at_most=1.5), measurement(p95=1.5), GOOD, "pass"),
        (latency("p95", at_most=1.5), measurement(p95=1.51), GOOD, "breach"),
        (latency("p95", worse_by_at_most=0.2), measurement(p95=1.2), GOOD, "pass"),
        (latency("p95", worse_by_at_most=0.2), measurement(p95=1.21), GOOD, "breach"),
        (latency("p95", worse_by_at_most=0.2), measurement(p95=0.5), GOOD, "pass"),
        (latency("p95", worse_by_at_most=0.1), measurement(p95=0.33), measurement(p95=0.3), "pass"),
        # Exactly at the bound, whatever the rounding: 0.03 * 1.15 is below 0.0345.
        (
            latency("p95", worse_by_at_most=0.15),
            measurement(p95=0.0345),
            measurement(p95=0.03),
            "pass",
        ),
        # Worse than nothing by any share is worse.
        (error_rate(worse_by_at_most=5.0), measurement(errors=0.001), GOOD, "breach"),
        (error_rate(worse_by_at_most=0.0), measurement(errors=0.0), GOOD, "pass"),
        # An absolute bound counts without the other side, a relative one does not.
        (error_rate(at_most=0.02, worse_by_at_most=1.0), measurement(errors=0.5), None, "breach"),
        (error_rate(at_most=0.02, worse_by_at_most=1.0), GOOD, None, "unavailable"),
        (error_rate(at_most=0.02, worse_by_at_most=1.0), GOOD, SILENT, "unavailable"),
        (error_rate(at_most=0.02, worse_by_at_most=1.0), GOOD, IDLE, "unavailable"),
    ],
)
def test_a_value_is_judged_by_its_bounds(
    check: MetricCheck, new: Measurement, old: Measurement | None, outcome: str
) -> None:
    assert verdict(check, new, old).outcome == outcome


@pytest.mark.parametrize(
    "new",
    [
        IDLE,
        SILENT,
        measurement(1000, None),
        measurement(99, 0.0, p95=1.0),
        measurement(None, 0.0, p95=1.0),
        measurement(1000, 0.0, trouble="HTTP 429", p95=1.0),
        measurement(1000, float("nan")),
    ],
)
@pytest.mark.parametrize("min_requests", [100, 0])
def test_silence_is_never_a_pass(new: Measurement, min_requests: int) -> None:
    for check in (error_rate(at_most=1.0), error_rate(worse_by_at_most=9.0)):
        found = verdict(check, new, GOOD, min_requests=min_requests)
        enough = min_requests == 0 and new.requests == 99
        assert found.outcome == ("pass" if enough else "unavailable")


def test_a_quantile_without_data_is_not_judged() -> None:
    assert verdict(latency("p99", at_most=9), GOOD, GOOD).outcome == "unavailable"


def test_both_idle_pass_only_if_no_requests_are_needed_and_it_is_said() -> None:
    check = error_rate(at_most=0.02)

    assert verdict(check, IDLE, IDLE, min_requests=0).outcome == "pass"
    assert "idle" in verdict(check, IDLE, IDLE, min_requests=0).reason
    assert verdict(check, IDLE, GOOD, min_requests=0).outcome == "unavailable"
    assert verdict(check, SILENT, SILENT, min_requests=0).outcome == "pass"
    assert verdict(check, SILENT, FAILED, min_requests=0).outcome == "unavailable"
    assert verdict(check, FAILED, SILENT, min_requests=0).outcome == "unavailable"
    assert verdict(check, IDLE, IDLE, min_requests=1).outcome == "unavailable"


def test_alone_with_all_traffic_only_absolute_bounds_decide() -> None:
    both = error_rate(at_most=0.02, worse_by_at_most=0.1)
    relative = error_rate(worse_by_at_most=0.1)

    assert verdict(both, GOOD, None, is_alone=True).outcome == "pass"
    assert verdict(both, measurement(errors=0.5), None, is_alone=True).outcome == "breach"
    assert verdict(relative, GOOD, None, is_alone=True).outcome == "unavailable"


def test_every_verdict_carries_the_numbers_of_both_sides() -> None:
    found = verdict(
        latency("p95", at_most=9.0, worse_by_at_most=0.2),
        measurement(1200, 0.0, p95=1.5),
        measurement(3600, 0.0, p95=1.0),
    )

    assert (found.outcome, found.value, found.bound) == ("breach", 1.5, 1.2)
    assert found.requests == 1200
    assert found.window == (START, END)
    assert found.old is not None
    assert (found.old.value, found.old.requests, found.old.start) == (1.0, 3600, START)
