"""Trackers of cancellations and of idle environments, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._status import Stage
from aiobaseten._waiting import EnvironmentHistory, IdleTracker
from aiobaseten.errors import PromotionSupersededError
from aiobaseten.readings import EnvironmentReading

from .literals import P, T, X, cancellation_tracker, deployment, environment, look, see

QUIET = [
    environment(P, None, None),
    environment(P, None, "CANCELED"),
    environment(P, None, "FAILED"),
    environment(P, T, "CANCELED"),
    environment(P, deployment(status="INACTIVE"), None),
]
BUSY = [
    environment(P, T, "RELEASING"),
    environment(P, T, "RAMPING_UP"),
    environment(P, T, "PAUSED"),
    environment(P, T, "RAMPING_DOWN"),
    environment(P, T, "SHIFTING"),
    environment(P, T, None),
    environment(P, None, "RAMPING_DOWN"),
]


@pytest.mark.parametrize("quiet", QUIET)
@pytest.mark.parametrize("target", [T, None])
def test_a_cancellation_is_done_when_no_promotion_runs(
    quiet: EnvironmentReading, target: str | None
) -> None:
    assert see(cancellation_tracker(target=target), 0, quiet) == quiet.value


@pytest.mark.parametrize("busy", BUSY)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_cancellation_is_pending_while_the_promotion_runs(
    busy: EnvironmentReading, at_once: bool
) -> None:
    tracker = cancellation_tracker(at_once=at_once)

    look(tracker, 0, busy)
    look(tracker, 1000, busy)


def test_a_cancellation_is_done_when_another_deployment_is_promoted() -> None:
    reading = environment(P, X, "RELEASING")

    assert see(cancellation_tracker(), 0, reading) == reading.value


def test_a_rollback_shows_which_promotion_was_cancelled() -> None:
    tracker = cancellation_tracker(target=None, previous=None)
    next_one = environment(P, X, "RELEASING")

    look(tracker, 0, environment(P, T, "RAMPING_DOWN"))

    assert see(tracker, 5, next_one) == next_one.value


@pytest.mark.parametrize("target", [T, None])
def test_a_rollback_that_is_rolled_forward_is_an_error(target: str | None) -> None:
    tracker = cancellation_tracker(target=target, previous=P if target else None)

    look(tracker, 0, environment(P, T, "RAMPING_DOWN"))

    error = see(tracker, 5, environment(T, None, "SUCCEEDED"))
    assert isinstance(error, PromotionSupersededError)
    assert error.by == T


@pytest.mark.parametrize("target", [T, None])
def test_a_deployment_that_served_before_was_not_rolled_forward(target: str | None) -> None:
    """The deployment served before its promotion, and serves again after the cancellation."""
    tracker = cancellation_tracker(target=target, previous=target)

    look(tracker, 0, environment(T, T, "RAMPING_DOWN"))

    quiet = environment(T, None, "CANCELED")
    assert see(tracker, 5, quiet) == quiet.value


def test_a_promotion_that_runs_after_the_settling_time_is_another_one() -> None:
    tracker = cancellation_tracker(target=None, at_once=True)
    running = environment(P, X, "RELEASING")

    look(tracker, 0, running)
    look(tracker, 119, running)

    assert see(tracker, 120, running) == running.value


def test_a_cancellation_that_was_not_at_once_has_no_settling_time() -> None:
    tracker = cancellation_tracker(target=None, at_once=False)

    look(tracker, 0, environment(P, T, "RAMPING_UP"))
    look(tracker, 500, environment(P, T, "RAMPING_UP"))


def test_returning_traffic_is_reported_and_that_of_another_promotion_is_not() -> None:
    tracker = cancellation_tracker()

    ours = tracker.see(environment(P, T, "RAMPING_DOWN", percent=25), 0).events
    theirs = tracker.see(environment(P, X, "RAMPING_UP", percent=50), 5).events

    assert [str(event)[11:] for event in ours] == [
        "deployment T: ACTIVE",
        "promotion to production: RAMPING_DOWN",
        "traffic: 25 % on the new deployment",
    ]
    assert theirs == ()


def test_a_rollback_has_the_stage_load_from_its_beginning() -> None:
    tracker = cancellation_tracker()

    look(tracker, 10, environment(P, T, "RAMPING_DOWN"))
    step = tracker.see(environment(P, T, "RAMPING_DOWN"), 70)

    assert (step.stage, step.in_stage) == (Stage.LOAD, 60)


@pytest.mark.parametrize("quiet", QUIET)
def test_an_environment_is_idle_when_no_promotion_runs(quiet: EnvironmentReading) -> None:
    tracker = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    assert see(tracker, 0, quiet) == quiet


@pytest.mark.parametrize("busy", BUSY)
def test_an_environment_is_busy_while_a_candidate_or_promotion_is_under_way(
    busy: EnvironmentReading,
) -> None:
    tracker = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    look(tracker, 10, busy)
    step = tracker.see(busy, 70)

    assert (step.stage, step.in_stage) == (Stage.IDLE, 60)
