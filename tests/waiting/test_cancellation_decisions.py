"""Trackers of cancellations and of idle environments, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._status import Stage
from aiobaseten._waiting import EnvironmentHistory, IdleTracker
from aiobaseten._waiting.steps import Suspected
from aiobaseten.errors import PromotionSupersededError
from aiobaseten.readings import EnvironmentReading

from .literals import (
    P,
    T,
    X,
    cancellation_tracker,
    confirmed,
    deployment,
    environment,
    look,
    see,
)

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
    tracker = cancellation_tracker(target=target)

    tracker.see(quiet, 0)

    assert see(tracker, 10, quiet) == quiet.value


def test_a_success_that_was_seen_after_the_cancellation_is_waited_for() -> None:
    """It was rolled forward all the same, and vanished before the pointer followed."""
    tracker = cancellation_tracker()
    look(tracker, 0, environment(P, T, "RAMPING_DOWN"))
    look(tracker, 5, environment(P, None, "SUCCEEDED"))

    look(tracker, 20, environment(P))

    assert isinstance(see(tracker, 30, environment(T)), PromotionSupersededError)


def test_traffic_is_not_back_while_an_ended_promotion_shows_some() -> None:
    tracker = cancellation_tracker()

    look(tracker, 0, environment(P, T, "CANCELED", percent=30))
    look(tracker, 20, environment(P, T, "CANCELED", percent=30))

    assert see(tracker, 25, environment(P, T, "CANCELED"))[0] == P


def test_a_repeated_promotion_that_succeeded_all_the_same_was_overtaken() -> None:
    tracker = cancellation_tracker(previous=T)
    look(tracker, 0, environment(T, T, "RELEASING"))
    look(tracker, 5, environment(T, None, "SUCCEEDED"))

    assert isinstance(see(tracker, 125, environment(T)), PromotionSupersededError)


@pytest.mark.parametrize("target", [T, None])
@pytest.mark.parametrize("quiet", QUIET)
def test_a_promotion_that_was_not_shown_is_gone_after_the_settling_time(
    quiet: EnvironmentReading, target: str | None
) -> None:
    """It was cancelled, so servers lag behind, and may go back to the time before it."""
    tracker = cancellation_tracker(target=target, was_seen=False)

    look(tracker, 0, quiet)
    look(tracker, 11, environment(P, T, "RAMPING_UP"))
    look(tracker, 119, quiet)

    assert see(tracker, 120, quiet) == quiet.value


@pytest.mark.parametrize("running", RUNNING)
@pytest.mark.parametrize("quiet", [environment(P, None, None), environment(P, None, "CANCELED")])
def test_one_look_without_the_promotion_does_not_end_its_cancellation(
    quiet: EnvironmentReading, running: EnvironmentReading
) -> None:
    """It may come from a server that shows the time before the promotion."""
    tracker = cancellation_tracker()

    look(tracker, 20, running)
    look(tracker, 25, quiet)
    look(tracker, 30, running)
    look(tracker, 39, quiet)

    assert see(tracker, 40, quiet) == quiet.value


def test_a_leftover_candidate_is_not_taken_for_the_cancelled_one() -> None:
    tracker = cancellation_tracker(target=None, was_seen=False)

    look(tracker, 0, environment(P, X, None))
    look(tracker, 5, environment(P, T, "RAMPING_UP"))

    assert tracker.target == T


def test_another_deployment_that_serves_after_all_supersedes_an_unknown_promotion() -> None:
    tracker = cancellation_tracker(target=None, was_seen=False)

    look(tracker, 20, environment(X))

    assert isinstance(see(tracker, 30, environment(X)), PromotionSupersededError)


@pytest.mark.parametrize("status", ["CANCELED", "FAILED"])
def test_an_ended_promotion_of_the_cancelled_deployment_ends_the_wait_at_once(status: str) -> None:
    quiet = environment(P, T, status)

    assert see(cancellation_tracker(), 0, quiet) == quiet.value


@pytest.mark.parametrize("quiet", [environment(P), environment(P, None, "CANCELED")])
def test_a_first_look_that_may_be_from_before_the_promotion_decides_nothing(
    quiet: EnvironmentReading,
) -> None:
    tracker = cancellation_tracker()

    look(tracker, 0, quiet)
    look(tracker, 9, quiet)


@pytest.mark.parametrize("busy", RUNNING)
def test_a_cancellation_is_pending_while_the_promotion_runs(busy: EnvironmentReading) -> None:
    tracker = cancellation_tracker()

    look(tracker, 0, busy)
    look(tracker, 1000, busy)


def test_a_cancellation_is_done_when_another_deployment_is_promoted() -> None:
    reading = environment(P, X, "RELEASING")

    assert see(cancellation_tracker(), 10, reading) == reading.value


def test_a_rollback_shows_which_promotion_was_cancelled() -> None:
    tracker = cancellation_tracker(target=None, previous=None)
    next_one = environment(P, X, "RELEASING")

    look(tracker, 0, environment(P, T, "RAMPING_DOWN"))

    assert see(tracker, 15, next_one) == next_one.value


def test_a_third_deployment_that_serves_has_superseded_the_cancellation() -> None:
    tracker = cancellation_tracker()

    look(tracker, 20, environment(X))

    error = see(tracker, 30, environment(X))
    assert isinstance(error, PromotionSupersededError)
    assert error.by == X


def test_a_success_after_the_cancellation_waits_for_the_pointer() -> None:
    tracker = cancellation_tracker()

    look(tracker, 0, environment(P, None, "SUCCEEDED", percent=100))
    look(tracker, 60, environment(P, None, "SUCCEEDED", percent=100))

    error = see(tracker, 70, environment(T, None, "SUCCEEDED", percent=100))
    assert isinstance(error, PromotionSupersededError)
    assert error.by == T


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
    assert see(tracker, 10, quiet) == quiet.value


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


# --- a promotion that began less than a minute ago ------------------------------------------------


@pytest.mark.parametrize("quiet", [environment(P), environment(P, None, "CANCELED")])
def test_looks_from_before_the_promotion_do_not_end_its_cancellation(
    quiet: EnvironmentReading,
) -> None:
    tracker = cancellation_tracker(known_at=-20)

    look(tracker, 0, quiet)
    look(tracker, 49, quiet)

    assert see(tracker, 50, quiet) == quiet.value


def test_looks_from_before_end_a_cancellation_that_baseten_has_carried_out() -> None:
    tracker = cancellation_tracker(known_at=-20, at_once=True)

    assert confirmed(tracker, 0, environment(P)) == environment(P).value


def test_a_third_deployment_in_looks_from_before_is_looked_up_in_the_audit_log() -> None:
    """It may have served before, too."""
    tracker = cancellation_tracker(known_at=-20)
    look(tracker, 0, environment(X))

    verdict = see(tracker, 10, environment(X))

    assert isinstance(verdict, Suspected)
    assert verdict.confirm_in == 40
    assert see(tracker, 50, environment(X)).by == X
