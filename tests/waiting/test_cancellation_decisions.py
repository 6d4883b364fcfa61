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
def test_a_cancellation_is_finished_when_nothing_is_under_way(
    quiet: EnvironmentReading, target: str | None
) -> None:
    assert see(cancellation_wait(target=target), 0, quiet) == quiet.value


@pytest.mark.parametrize("busy", BUSY)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_cancellation_is_not_finished_while_the_promotion_is_under_way(
    busy: EnvironmentReading, at_once: bool
) -> None:
    wait = cancellation_wait(at_once=at_once)

    look(wait, 0, busy)
    look(wait, 1000, busy)


def test_a_cancellation_is_finished_when_something_else_is_promoted() -> None:
    reading = environment(P, X, "RELEASING")

    assert see(cancellation_wait(), 0, reading) == reading.value


def test_a_rollback_tells_whose_promotion_was_cancelled() -> None:
    wait = cancellation_wait(target=None, previous=None)
    next_one = environment(P, X, "RELEASING")

    look(wait, 0, environment(P, T, "RAMPING_DOWN"))

    assert see(wait, 5, next_one) == next_one.value


@pytest.mark.parametrize("target", [T, None])
def test_a_rollback_that_is_rolled_forward_after_all_is_an_error(target: str | None) -> None:
    wait = cancellation_wait(target=target, previous=P if target else None)

    look(wait, 0, environment(P, T, "RAMPING_DOWN"))

    error = see(wait, 5, environment(T, None, "SUCCEEDED"))
    assert isinstance(error, PromotionSupersededError)
    assert error.by == T


@pytest.mark.parametrize("target", [T, None])
def test_what_served_before_its_own_promotion_was_not_rolled_forward(target: str | None) -> None:
    """Promoting what serves already can be cancelled, and then it serves as before."""
    wait = cancellation_wait(target=target, previous=target)

    look(wait, 0, environment(T, T, "RAMPING_DOWN"))

    quiet = environment(T, None, "CANCELED")
    assert see(wait, 5, quiet) == quiet.value


def test_what_still_runs_long_after_it_was_said_to_be_over_is_somebody_elses() -> None:
    wait = cancellation_wait(target=None, at_once=True)
    running = environment(P, X, "RELEASING")

    look(wait, 0, running)
    look(wait, 119, running)

    assert see(wait, 120, running) == running.value


def test_what_was_only_said_to_roll_back_is_waited_for() -> None:
    wait = cancellation_wait(target=None, at_once=False)

    look(wait, 0, environment(P, T, "RAMPING_UP"))
    look(wait, 500, environment(P, T, "RAMPING_UP"))


def test_traffic_that_goes_back_is_reported_and_somebody_elses_is_not() -> None:
    wait = cancellation_wait()

    ours = wait.see(environment(P, T, "RAMPING_DOWN", percent=25), 0).events
    theirs = wait.see(environment(P, X, "RAMPING_UP", percent=50), 5).events

    assert [str(event)[11:] for event in ours] == [
        "deployment T: ACTIVE",
        "promotion to production: RAMPING_DOWN",
        "traffic: 25 % on the new deployment",
    ]
    assert theirs == ()


def test_a_rollback_is_looked_at_like_what_comes_next_and_from_when_it_began() -> None:
    wait = cancellation_wait()

    look(wait, 10, environment(P, T, "RAMPING_DOWN"))
    step = wait.see(environment(P, T, "RAMPING_DOWN"), 70)

    assert (step.stage, step.in_stage) == (Stage.LOAD, 60)


@pytest.mark.parametrize("quiet", QUIET)
def test_an_environment_is_quiet_when_nothing_is_under_way(quiet: EnvironmentReading) -> None:
    wait = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    assert see(wait, 0, quiet) == quiet


@pytest.mark.parametrize("busy", BUSY)
def test_an_environment_is_busy_while_anything_is(busy: EnvironmentReading) -> None:
    wait = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    look(wait, 10, busy)
    step = wait.see(busy, 70)

    assert (step.stage, step.in_stage) == (Stage.IDLE, 60)
