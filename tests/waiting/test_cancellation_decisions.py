"""From environments to quiet again: waits for the end of somebody's promotion, without a loop."""

from __future__ import annotations

import pytest

from aiobaseten._status import Stage
from aiobaseten._waiting import EnvironmentHistory, IdleTracker
from aiobaseten.errors import PromotionSupersededError
from aiobaseten.readings import EnvironmentReading

from .literals import P, T, X, cancellation_wait, deployment, environment, look, see

QUIET = [
    environment(P, None, None),
    environment(P, None, "CANCELED"),
    environment(P, None, "FAILED"),
    environment(P, T, "CANCELED"),
    environment(P, deployment(status="INACTIVE"), None),
]
#: A promotion is under way.
RUNNING = [
    environment(P, T, "RELEASING"),
    environment(P, T, "RAMPING_UP"),
    environment(P, T, "PAUSED"),
    environment(P, T, "RAMPING_DOWN"),
    environment(P, T, "SHIFTING"),
    environment(P, None, "RAMPING_DOWN"),
]
BUSY = [*RUNNING, environment(P, T, None)]


@pytest.mark.parametrize("quiet", [*QUIET, environment(P, T, None)])
@pytest.mark.parametrize("target", [T, None])
def test_a_cancellation_is_done_when_no_promotion_runs(
    quiet: EnvironmentReading, target: str | None
) -> None:
    """At first, the look may come from a server that shows the time before the promotion."""
    wait = cancellation_wait(target=target)

    wait.see(quiet, 0)

    assert see(wait, 10, quiet) == quiet.value


@pytest.mark.parametrize("status", ["CANCELED", "FAILED"])
def test_an_ended_promotion_of_the_cancelled_deployment_ends_the_wait_at_once(status: str) -> None:
    quiet = environment(P, T, status)

    assert see(cancellation_wait(), 0, quiet) == quiet.value


@pytest.mark.parametrize("quiet", [environment(P), environment(P, None, "CANCELED")])
def test_a_first_look_that_may_be_from_before_the_promotion_decides_nothing(
    quiet: EnvironmentReading,
) -> None:
    wait = cancellation_wait()

    look(wait, 0, quiet)
    look(wait, 9, quiet)


@pytest.mark.parametrize("busy", RUNNING)
def test_a_cancellation_is_pending_while_the_promotion_runs(busy: EnvironmentReading) -> None:
    wait = cancellation_wait()

    look(wait, 0, busy)
    look(wait, 1000, busy)


def test_a_cancellation_is_done_when_another_deployment_is_promoted() -> None:
    reading = environment(P, X, "RELEASING")

    assert see(cancellation_wait(), 10, reading) == reading.value


def test_a_rollback_shows_which_promotion_was_cancelled() -> None:
    wait = cancellation_wait(target=None, previous=None)
    next_one = environment(P, X, "RELEASING")

    look(wait, 0, environment(P, T, "RAMPING_DOWN"))

    assert see(wait, 15, next_one) == next_one.value


def test_a_third_deployment_that_serves_has_superseded_the_cancellation() -> None:
    wait = cancellation_wait()

    look(wait, 20, environment(X))

    error = see(wait, 30, environment(X))
    assert isinstance(error, PromotionSupersededError)
    assert error.by == X


def test_a_success_after_the_cancellation_waits_for_the_pointer() -> None:
    wait = cancellation_wait()

    look(wait, 0, environment(P, None, "SUCCEEDED", percent=100))
    look(wait, 60, environment(P, None, "SUCCEEDED", percent=100))

    error = see(wait, 70, environment(T, None, "SUCCEEDED", percent=100))
    assert isinstance(error, PromotionSupersededError)
    assert error.by == T


@pytest.mark.parametrize("target", [T, None])
def test_a_rollback_that_is_rolled_forward_is_an_error(target: str | None) -> None:
    wait = cancellation_wait(target=target, previous=P if target else None)

    look(wait, 0, environment(P, T, "RAMPING_DOWN"))

    error = see(wait, 5, environment(T, None, "SUCCEEDED"))
    assert isinstance(error, PromotionSupersededError)
    assert error.by == T


@pytest.mark.parametrize("target", [T, None])
def test_a_deployment_that_served_before_was_not_rolled_forward(target: str | None) -> None:
    """Promoting what serves already can be cancelled, and then it serves as before."""
    wait = cancellation_wait(target=target, previous=target)

    look(wait, 0, environment(T, T, "RAMPING_DOWN"))

    quiet = environment(T, None, "CANCELED")
    assert see(wait, 10, quiet) == quiet.value


def test_returning_traffic_is_reported_and_that_of_another_promotion_is_not() -> None:
    wait = cancellation_wait()

    ours = wait.see(environment(P, T, "RAMPING_DOWN", percent=25), 0).events
    theirs = wait.see(environment(P, X, "RAMPING_UP", percent=50), 5).events

    assert [str(event)[11:] for event in ours] == [
        "deployment T: ACTIVE",
        "promotion to production: RAMPING_DOWN",
        "traffic: 25 % on the new deployment",
    ]
    assert theirs == ()


def test_a_rollback_has_the_stage_load_from_its_beginning() -> None:
    wait = cancellation_wait()

    look(wait, 10, environment(P, T, "RAMPING_DOWN"))
    step = wait.see(environment(P, T, "RAMPING_DOWN"), 70)

    assert (step.stage, step.in_stage) == (Stage.LOAD, 60)


@pytest.mark.parametrize("quiet", QUIET)
def test_an_environment_is_idle_when_no_promotion_runs(quiet: EnvironmentReading) -> None:
    wait = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    assert see(wait, 0, quiet) == quiet


@pytest.mark.parametrize("busy", BUSY)
def test_an_environment_is_busy_while_a_candidate_or_promotion_is_under_way(
    busy: EnvironmentReading,
) -> None:
    wait = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    look(wait, 10, busy)
    step = wait.see(busy, 70)

    assert (step.stage, step.in_stage) == (Stage.IDLE, 60)
