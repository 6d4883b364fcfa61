"""Deployments that are neither current nor candidate: rule 5, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting import Baseline, baseline_of
from aiobaseten._waiting.steps import Explain
from aiobaseten.errors import (
    PromotionCanceledError,
    PromotionFailedError,
    PromotionSupersededError,
    WaitError,
)
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
    suspected,
)


def test_a_candidate_that_is_not_shown_at_first_is_waited_for() -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(P))
    look(tracker, 119, environment(P))
    look(tracker, 121, environment(P, deployment(status="BUILDING")))

    assert see(tracker, 200, environment(T)) == T


def test_the_settling_time_begins_with_the_first_answered_look() -> None:
    tracker = promotion_tracker()

    look(tracker, 60, environment(P))
    look(tracker, 179, environment(P))

    assert isinstance(see(tracker, 180, environment(P)), Explain)


def test_without_settling_time_a_promotion_may_be_missing_for_ten_seconds() -> None:
    tracker = promotion_tracker(settling_time=0)

    look(tracker, 0, environment(P))
    look(tracker, 9, environment(P))

    assert isinstance(see(tracker, 10, environment(P)), Explain)


def test_a_pending_deployment_that_is_never_shown_is_waited_for() -> None:
    """The documentation does not promise that an environment shows its candidate."""
    tracker = promotion_tracker()

    look(tracker, 0, environment(P))
    for at in (120, 500, 1000):
        found = deployment(status="LOADING_MODEL")
        assert explained(tracker, at, environment(P), found) == PENDING
    assert explained(tracker, 1010, environment(P), deployment()) == PENDING

    assert see(tracker, 1020, environment(T)) == T


def test_a_deployment_that_is_never_shown_is_reported() -> None:
    tracker = promotion_tracker()
    look(tracker, 0, environment(P))

    asked = see(tracker, 120, environment(P))
    step = asked.given(deployment(status="LOADING_MODEL"), 121)

    assert [str(event)[11:] for event in step.events] == ["deployment T: LOADING_MODEL"]
    assert step.stage.value == "load"


def test_a_ready_deployment_that_is_never_shown_was_cancelled() -> None:
    tracker = promotion_tracker()
    look(tracker, 0, environment(P))
    assert explained(tracker, 120, environment(P), deployment()) == PENDING

    error = explained(tracker, 240, environment(P), deployment())

    assert isinstance(error, PromotionCanceledError)


def test_a_deployment_may_be_missing_for_a_moment_before_it_is_current() -> None:
    tracker = after_candidate_was_seen()

    look(tracker, 5, environment(P))
    look(tracker, 14, environment(P))

    assert see(tracker, 16, environment(T, None, "SUCCEEDED")) == T


def test_two_short_absences_do_not_add_up() -> None:
    tracker = after_candidate_was_seen()

    look(tracker, 5, environment(P))
    look(tracker, 10, environment(P, T))
    look(tracker, 15, environment(P))

    look(tracker, 24, environment(P))


def test_a_deployment_that_stays_missing_was_cancelled_if_no_other_took_its_place() -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 5, environment(P))
    for at in (15, 69):
        found = deployment(status="INACTIVE")
        assert explained(tracker, at, environment(P), found) == PENDING

    error = explained(tracker, CERTAIN_AT, environment(P), deployment(status="INACTIVE"))

    assert isinstance(error, PromotionCanceledError)


def test_a_failed_deployment_that_stays_missing_is_a_failure() -> None:
    tracker = after_candidate_was_seen()
    broken = deployment(status="BUILD_FAILED")
    look(tracker, 5, environment(P))
    for at in (15, 69):
        # It may have failed before.
        assert explained(tracker, at, environment(P), broken) == PENDING

    error = explained(tracker, CERTAIN_AT, environment(P), broken)

    assert isinstance(error, PromotionFailedError)
    assert tracker.history.seen()[-1].status == "BUILD_FAILED"


def test_a_deployment_that_goes_missing_later_may_become_current_for_a_minute() -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 300, environment(P))
    found = deployment(status="INACTIVE")
    assert explained(tracker, 359, environment(P), found) == PENDING

    assert isinstance(explained(tracker, 360, environment(P), found), PromotionCanceledError)


def test_a_deleted_deployment_was_cancelled() -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 5, environment(P))

    error = explained(tracker, CERTAIN_AT, environment(P), None)

    assert isinstance(error, PromotionCanceledError)


@pytest.mark.parametrize(
    "now", [environment(X), environment(P, X), environment(P, X, "RELEASING"), environment(X, P)]
)
def test_a_successor_is_named(now: EnvironmentReading) -> None:
    """Somebody cancelled the promotion and promoted another deployment between two looks."""
    tracker = after_candidate_was_seen()
    look(tracker, 5, now)

    early = suspected(explained(tracker, 15, now, deployment()), 15)
    error = explained(tracker, CERTAIN_AT, now, deployment())

    assert isinstance(error, PromotionSupersededError)
    assert early.by == error.by == X


def test_a_candidate_that_lingered_before_is_no_successor() -> None:
    lingering = environment(P, deployment(X, "FAILED"))
    tracker = promotion_tracker(baseline=baseline_of(lingering))
    look(tracker, 0, lingering)

    assert isinstance(explained(tracker, 120, lingering, None), PromotionCanceledError)


def test_the_previous_deployment_is_the_successor_after_a_rollback() -> None:
    tracker = promotion_tracker()
    look(tracker, 0, environment(deployment(status="WAKING_UP")))
    look(tracker, 5, environment(P))
    found = deployment(status="SCALED_TO_ZERO")
    early = suspected(explained(tracker, 69, environment(P), found), 69)

    error = explained(tracker, CERTAIN_AT, environment(P), found)

    assert isinstance(early, PromotionSupersededError)

    assert isinstance(error, PromotionSupersededError)
    assert error.by == P


def test_a_success_whose_pointer_lags_is_pending() -> None:
    """The servers need not agree at once that the candidate has become the current deployment."""
    tracker = after_candidate_was_seen()
    look(tracker, 5, environment(P, None, "SUCCEEDED"))
    look(tracker, 60, environment(P, None, "SUCCEEDED"))

    assert see(tracker, 100, environment(T, None, "SUCCEEDED")) == T


def test_a_success_without_effect_after_the_settling_time_is_a_failure() -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 5, environment(P, None, "SUCCEEDED"))

    error = see(tracker, 125, environment(P, None, "SUCCEEDED"))

    assert isinstance(error, PromotionFailedError)


def test_an_environment_without_current_has_no_successor() -> None:
    tracker = promotion_tracker(baseline=Baseline())
    look(tracker, 0, environment(None, T))
    look(tracker, 5, environment(None))

    assert isinstance(
        explained(tracker, CERTAIN_AT, environment(None), deployment(status="INACTIVE")),
        PromotionCanceledError,
    )


def test_a_ready_deployment_whose_promotion_no_look_has_shown_may_become_current() -> None:
    tracker = promotion_tracker(baseline=Baseline(current_id=P))
    look(tracker, 0, environment(P, T))
    look(tracker, 5, environment(P))

    soon = explained(tracker, 15, environment(P), deployment())
    late = explained(tracker, 130, environment(P), deployment())

    assert soon == PENDING
    assert isinstance(late, PromotionCanceledError)


def test_a_new_candidate_is_the_successor_although_nothing_serves() -> None:
    tracker = promotion_tracker(baseline=Baseline(current_id=P, candidate_id="lingering"))
    now = environment(None, X)
    look(tracker, 0, environment(P, T))
    look(tracker, 5, now)

    assert explained(tracker, CERTAIN_AT, now, deployment()).by == X


def test_any_current_deployment_is_the_successor_where_nothing_served_before() -> None:
    tracker = promotion_tracker(baseline=Baseline())
    look(tracker, 0, environment(None, T))
    look(tracker, 5, environment(P))

    assert explained(tracker, CERTAIN_AT, environment(P), deployment()).by == P


# --- while the pointer lags, and after somebody else has promoted ---------------------------------


@pytest.mark.parametrize(
    "after",
    [environment(P), environment(None), environment(P, X, "RELEASING")],
    ids=["vanished", "nothing serves", "somebody else promotes"],
)
def test_a_success_that_was_seen_is_waited_for(after: EnvironmentReading) -> None:
    """`current_deployment` may follow late, and the promotion may vanish before."""
    tracker = promotion_tracker(baseline=Baseline(current_id=P))
    look(tracker, 0, environment(P, T, "RAMPING_UP"))
    look(tracker, 5, environment(P, None, "SUCCEEDED"))

    look(tracker, 20, after)
    look(tracker, 100, after)

    assert see(tracker, 110, environment(T)) == T


def test_a_success_that_never_takes_effect_is_a_failure() -> None:
    tracker = promotion_tracker(baseline=Baseline(current_id=P))
    look(tracker, 0, environment(P, T, "RAMPING_UP"))
    look(tracker, 5, environment(P, None, "SUCCEEDED"))

    assert isinstance(see(tracker, 125, environment(P)), PromotionFailedError)


def test_an_early_cancellation_that_vanishes_is_looked_up_in_the_audit_log() -> None:
    """It may be that of the promotion before."""
    tracker = after_candidate_was_seen()
    look(tracker, 2, environment(P, None, "CANCELED"))
    look(tracker, 5, environment(P))

    verdict = explained(tracker, 15, environment(P), deployment())

    assert isinstance(suspected(verdict, 15), PromotionCanceledError)


@pytest.mark.parametrize("status", ["FAILED", "CANCELED"])
def test_the_end_of_a_promotion_by_somebody_else_is_not_ours(status: str) -> None:
    tracker = promotion_tracker(baseline=Baseline(current_id=P))
    look(tracker, 0, environment(P, T, "RAMPING_UP"))
    look(tracker, 5, environment(P))
    look(tracker, 10, environment(P, X, "RELEASING"))
    ended = environment(P, None, status, message="Somebody else's.")
    assert isinstance(see(tracker, 16, ended), Explain)

    error = explained(tracker, CERTAIN_AT, ended, deployment())

    assert isinstance(error, PromotionCanceledError)
    assert "Somebody else's." not in str(error)


@pytest.mark.parametrize("status", ["FAILED", "CANCELED"])
def test_an_end_without_a_candidate_has_ten_seconds_of_its_own(status: str) -> None:
    tracker = promotion_tracker(baseline=Baseline(current_id=P))
    look(tracker, 0, environment(P, T, "RAMPING_UP"))
    look(tracker, 60, environment(P))

    look(tracker, 69, environment(P, None, status))
    look(tracker, 78, environment(P, None, status))

    assert isinstance(see(tracker, 79, environment(P, None, status)), WaitError)
