"""Running, paused and rolled back promotions: rule 4, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import PromotionCanceledError, PromotionPausedError
from aiobaseten.readings import EnvironmentReading

from .literals import (
    CERTAIN_AT,
    PENDING,
    P,
    T,
    X,
    after_candidate_was_seen,
    deployment,
    environment,
    explained,
    look,
    promotion_tracker,
    see,
)


@pytest.mark.parametrize("promotion", ["RELEASING", "RAMPING_UP", "RAMPING_DOWN", "SHIFTING", None])
@pytest.mark.parametrize("status", ["BUILDING", "SCALED_TO_ZERO", "WAKING_UP", "UNHEALTHY"])
def test_a_pending_candidate_is_waited_for(status: str, promotion: str | None) -> None:
    look(promotion_tracker(), 0, environment(P, deployment(status=status), promotion))


def test_a_promotion_whose_candidate_is_not_shown_is_waited_for() -> None:
    tracker = promotion_tracker()

    for at in (0, 1000, 2000):
        look(tracker, at, environment(P, None, "RELEASING"))


def test_a_rollback_that_is_rolled_forward_ends_in_success() -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(P, T, "RAMPING_DOWN", percent=25))

    assert see(tracker, 5, environment(T, None, "SUCCEEDED", percent=100)) == T


@pytest.mark.parametrize("status", ["DEACTIVATING", "INACTIVE", "FAILED"])
def test_the_status_of_a_candidate_during_a_rollback_does_not_decide(status: str) -> None:
    tracker = after_candidate_was_seen()

    look(tracker, 5, environment(P, T, "RAMPING_DOWN"))
    look(tracker, 10, environment(P, deployment(status=status), "RAMPING_DOWN"))

    error = see(tracker, 15, environment(P, deployment(status=status), "CANCELED"))
    assert isinstance(error, PromotionCanceledError)


@pytest.mark.parametrize("leftover", ["INACTIVE", "ACTIVE"])
def test_a_rollback_whose_end_was_not_shown_is_a_cancellation(leftover: str) -> None:
    """The promotion turns to null, and the candidate lingers."""
    tracker = after_candidate_was_seen()

    look(tracker, 5, environment(P, T, "RAMPING_DOWN"))
    look(tracker, 10, environment(P, deployment(status=leftover), None))

    left = environment(P, deployment(status=leftover))
    found = deployment(status=leftover)
    assert explained(tracker, CERTAIN_AT - 1, left, found) == PENDING

    assert isinstance(explained(tracker, CERTAIN_AT, left, found), PromotionCanceledError)


def test_a_rollback_whose_end_was_not_shown_is_over_ten_seconds_later() -> None:
    """Later in a wait, no look is from before the promotion."""
    tracker = after_candidate_was_seen()
    look(tracker, 300, environment(P, T, "RAMPING_DOWN"))
    look(tracker, 305, environment(P))

    assert isinstance(explained(tracker, 315, environment(P), deployment()), PromotionCanceledError)


def test_a_pause_is_waited_through() -> None:
    tracker = after_candidate_was_seen()

    look(tracker, 5, environment(P, T, "PAUSED", percent=25))
    look(tracker, 10_000, environment(P, T, "PAUSED", percent=25))


@pytest.mark.parametrize(
    "reading", [environment(P, T, "PAUSED", percent=25), environment(P, None, "PAUSED", percent=25)]
)
def test_a_pause_is_an_error_with_on_paused_raise(reading: EnvironmentReading) -> None:
    error = see(promotion_tracker(on_paused="raise"), 0, reading)

    assert isinstance(error, PromotionPausedError)


def test_the_pause_of_another_promotion_is_ignored() -> None:
    tracker = promotion_tracker(on_paused="raise")

    look(tracker, 0, environment(deployment(status="UPDATING"), X, "PAUSED", percent=25))
