"""When a deployment is neither current nor candidate: rule 5, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting import Baseline, baseline_of
from aiobaseten._waiting.steps import Explain
from aiobaseten.errors import PromotionCanceledError, PromotionFailedError, PromotionSupersededError
from aiobaseten.readings import EnvironmentReading

from .literals import (
    PENDING,
    P,
    T,
    X,
    deployment,
    environment,
    explained,
    look,
    once_there,
    promotion_wait,
    see,
)


def test_a_candidate_that_is_not_shown_at_first_is_waited_for() -> None:
    wait = promotion_wait()

    look(wait, 0, environment(P))
    look(wait, 119, environment(P))
    look(wait, 121, environment(P, deployment(status="BUILDING")))

    assert see(wait, 200, environment(T)) == T


def test_the_settling_time_begins_with_the_first_answered_look() -> None:
    wait = promotion_wait()

    look(wait, 60, environment(P))
    look(wait, 179, environment(P))

    assert isinstance(see(wait, 180, environment(P)), Explain)


def test_without_settling_time_a_promotion_may_be_missing_for_ten_seconds() -> None:
    wait = promotion_wait(settling_time=0)

    look(wait, 0, environment(P))
    look(wait, 9, environment(P))

    assert isinstance(see(wait, 10, environment(P)), Explain)


def test_a_pending_deployment_that_is_never_shown_is_waited_for() -> None:
    """Nobody promised that an environment shows what is promoted before it serves."""
    wait = promotion_wait()

    look(wait, 0, environment(P))
    for at in (120, 500, 1000):
        found = deployment(status="LOADING_MODEL")
        assert explained(wait, at, environment(P), found) == PENDING
    assert explained(wait, 1010, environment(P), deployment()) == PENDING

    assert see(wait, 1020, environment(T)) == T


def test_a_deployment_that_is_never_shown_is_reported() -> None:
    wait = promotion_wait()
    look(wait, 0, environment(P))

    asked = see(wait, 120, environment(P))
    step = asked.given(deployment(status="LOADING_MODEL"), 121)

    assert [str(event)[11:] for event in step.events] == ["deployment T: LOADING_MODEL"]
    assert step.stage.value == "load"


def test_a_ready_deployment_that_is_never_shown_was_cancelled() -> None:
    wait = promotion_wait()
    look(wait, 0, environment(P))
    assert explained(wait, 120, environment(P), deployment()) == PENDING

    error = explained(wait, 240, environment(P), deployment())

    assert isinstance(error, PromotionCanceledError)


def test_a_deployment_may_be_missing_for_a_moment_before_it_is_current() -> None:
    wait = once_there()

    look(wait, 5, environment(P))
    look(wait, 14, environment(P))

    assert see(wait, 16, environment(T, None, "SUCCEEDED")) == T


def test_two_short_absences_do_not_add_up() -> None:
    wait = once_there()

    look(wait, 5, environment(P))
    look(wait, 10, environment(P, T))
    look(wait, 15, environment(P))

    look(wait, 24, environment(P))


def test_a_deployment_that_stays_missing_was_cancelled_if_no_other_took_its_place() -> None:
    wait = once_there()
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), deployment(status="INACTIVE"))

    assert isinstance(error, PromotionCanceledError)


def test_a_failed_deployment_that_stays_missing_is_a_failure() -> None:
    wait = once_there()
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), deployment(status="BUILD_FAILED"))

    assert isinstance(error, PromotionFailedError)
    assert wait.history.seen()[-1].status == "BUILD_FAILED"


def test_a_deleted_deployment_was_cancelled() -> None:
    wait = once_there()
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), None)

    assert isinstance(error, PromotionCanceledError)


@pytest.mark.parametrize(
    "now", [environment(X), environment(P, X), environment(P, X, "RELEASING"), environment(X, P)]
)
def test_a_successor_is_named(now: EnvironmentReading) -> None:
    """Somebody cancelled the promotion and began another between two looks."""
    wait = once_there()
    look(wait, 5, now)

    error = explained(wait, 15, now, deployment())

    assert isinstance(error, PromotionSupersededError)
    assert error.by == X


def test_a_candidate_that_lingered_before_is_no_successor() -> None:
    lingering = environment(P, deployment(X, "FAILED"))
    wait = promotion_wait(baseline=baseline_of(lingering))
    look(wait, 0, lingering)

    assert isinstance(explained(wait, 120, lingering, None), PromotionCanceledError)


def test_the_previous_deployment_is_the_successor_after_a_rollback() -> None:
    wait = promotion_wait()
    look(wait, 0, environment(deployment(status="WAKING_UP")))
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), deployment(status="SCALED_TO_ZERO"))

    assert isinstance(error, PromotionSupersededError)
    assert error.by == P


def test_a_success_whose_pointer_lags_is_pending() -> None:
    """The servers need not agree at once that the candidate has become the current deployment."""
    wait = once_there()
    look(wait, 5, environment(P, None, "SUCCEEDED"))
    look(wait, 60, environment(P, None, "SUCCEEDED"))

    assert see(wait, 100, environment(T, None, "SUCCEEDED")) == T


def test_a_success_without_effect_after_the_settling_time_is_a_failure() -> None:
    wait = once_there()
    look(wait, 5, environment(P, None, "SUCCEEDED"))

    error = see(wait, 125, environment(P, None, "SUCCEEDED"))

    assert isinstance(error, PromotionFailedError)


def test_an_environment_without_current_has_no_successor() -> None:
    wait = promotion_wait(baseline=Baseline())
    look(wait, 0, environment(None, T))
    look(wait, 5, environment(None))

    assert isinstance(explained(wait, 15, environment(None), deployment()), PromotionCanceledError)


def test_a_new_candidate_is_the_successor_although_nothing_serves() -> None:
    wait = promotion_wait(baseline=Baseline(current_id=P, candidate_id="lingering"))
    now = environment(None, X)
    look(wait, 0, environment(P, T))
    look(wait, 5, now)

    assert explained(wait, 15, now, deployment()).by == X


def test_any_current_deployment_is_the_successor_where_nothing_served_before() -> None:
    wait = promotion_wait(baseline=Baseline())
    look(wait, 0, environment(None, T))
    look(wait, 5, environment(P))

    assert explained(wait, 15, environment(P), deployment()).by == P
