"""Guards: what callers may pass, and guards as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aiobaseten import Guard, Verdict, check, error_rate, latency
from aiobaseten.errors import ConfigurationError
from aiobaseten.guard import GuardedStep, MetricCheck


async def passes(step: GuardedStep) -> bool:
    return step.percent > 0


async def passes_without_the_step() -> bool:
    return True


def not_a_coroutine(step: GuardedStep) -> bool:
    return True


async def takes_two(step: GuardedStep, other: int) -> bool:
    return True


ERRORS = error_rate(at_most=0.02)


def test_durations_may_be_timedeltas() -> None:
    guard = Guard(ERRORS, window=timedelta(minutes=5), lag=timedelta(minutes=3))

    assert (guard.window, guard.lag) == (300.0, 180.0)
    assert latency("p95", at_most=timedelta(seconds=2)).at_most == 2.0


def test_the_stabilization_is_long_enough_to_measure_and_to_pause() -> None:
    assert Guard(ERRORS, window=300, lag=180, warmup=60).stabilization == 300 + 180 + 60 + 90
    with_own = Guard(ERRORS, check("evals", passes, timeout=120))
    assert with_own.stabilization == Guard(ERRORS).stabilization + 120
    assert Guard(check("evals", passes, timeout=10), warmup=60).stabilization == 60 + 10 + 90


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Guard(), "without checks"),
        (lambda: Guard(not_a_coroutine), "made by error_rate"),  # type: ignore[arg-type]
        (lambda: Guard(ERRORS, ERRORS), "two checks are named"),
        (lambda: Guard(ERRORS, window=0), "window"),
        (lambda: Guard(ERRORS, window="5m"), "window"),  # type: ignore[arg-type]
        (lambda: Guard(ERRORS, lag=-1), "lag"),
        (lambda: Guard(ERRORS, breaches=0), "breaches"),
        (lambda: Guard(ERRORS, min_requests=-1), "min_requests"),
        (lambda: Guard(ERRORS, on_breach="proceed"), "on_breach"),  # type: ignore[arg-type]
        (lambda: Guard(ERRORS, on_unavailable="report"), "on_unavailable"),  # type: ignore[arg-type]
        (lambda: Guard(ERRORS, hold=None), "hold"),  # type: ignore[arg-type]
        (lambda: Guard(ERRORS, window=3600), "3600"),
        (lambda: Guard(ERRORS, on_breach="report", hold="pause"), "choose one"),
        (lambda: Guard(error_rate(worse_by_at_most=0.1), bake=600), "bake"),
        (lambda: error_rate(), "no bound"),
        (lambda: error_rate(at_most=2), "0.02"),
        (lambda: error_rate(at_most=math.nan), "bound"),
        (lambda: error_rate(at_most=True), "bound"),
        (lambda: latency("p42", at_most=1), "quantile"),  # type: ignore[arg-type]
        (lambda: latency("p95", at_most=-1), "at_most"),
        (lambda: latency("p95", worse_by_at_most=-0.1), "bound"),
        (lambda: MetricCheck(metric="cpu", at_most=1), "metric"),  # type: ignore[arg-type]
        (lambda: check("", passes), "name"),
        (lambda: check("evals", not_a_coroutine), "coroutine"),  # type: ignore[arg-type]
        (lambda: check("evals", takes_two), "one argument"),  # type: ignore[arg-type]
        (lambda: check("evals", passes, timeout=0), "timeout"),
        (lambda: check("evals", "passes"), "coroutine"),  # type: ignore[arg-type]
    ],
)
def test_a_guard_that_could_not_work_is_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Verdict("good"),  # type: ignore[arg-type]
        lambda: Verdict("pass", value=math.nan),
        lambda: Verdict("pass", value=True),
        lambda: Verdict("pass", reason=3),  # type: ignore[arg-type]
    ],
)
def test_a_verdict_is_checked_when_it_is_made(make: Callable[[], Verdict]) -> None:
    with pytest.raises((ValueError, TypeError)):
        make()


def test_a_guard_comes_back_from_json() -> None:
    guard = Guard(
        ERRORS,
        latency("p95", at_most=1.5, worse_by_at_most=0.2),
        check("evals", passes, timeout=120),
        check("smoke", passes_without_the_step),
        window=600,
        on_breach="pause",
        bake=900,
    )

    assert Guard.from_dict(guard.to_dict()) == guard


def test_a_guard_from_json_has_the_defaults_of_a_guard() -> None:
    listed = [{"metric": "error_rate", "at_most": 0.02}]

    assert Guard.from_dict({"checks": listed}) == Guard(ERRORS)


def test_a_check_without_a_dotted_path_has_no_json() -> None:
    async def inner() -> bool:
        return True

    with pytest.raises(ConfigurationError, match="top of a module"):
        Guard(check("inner", inner)).to_dict()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "object"),
        ({}, "checks"),
        ({"checks": "error_rate"}, "checks"),
        ({"checks": []}, "without checks"),
        ({"checks": [{"metric": "error_rate", "at_most": 0.1}], "windw": 1}, "windw"),
        ({"checks": [{"metric": "error_rate", "atmost": 0.1}]}, "atmost"),
        ({"checks": [{"name": "evals"}]}, "function"),
        ({"checks": ["error_rate"]}, "object"),
        ({"checks": [{"check": "evals", "function": "print(1)"}]}, "dotted path"),
        ({"checks": [{"check": "evals", "function": "nowhere.at_all"}]}, "cannot be imported"),
        ({"checks": [{"check": "evals", "function": "math.pi2"}]}, "cannot be imported"),
        ({"checks": [{"check": "evals", "function": "math.sqrt"}]}, "coroutine"),
    ],
)
def test_wrong_json_is_refused_by_what_is_wrong(given: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Guard.from_dict(given)
