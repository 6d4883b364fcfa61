"""Failed and cancelled promotions: rules 2 and 3, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import PromotionCanceledError, PromotionFailedError

from .literals import (
    PENDING,
    P,
    T,
    after_candidate_was_seen,
    chain,
    confirmed,
    deployment,
    environment,
    explained,
    look,
    promotion_tracker,
    see,
    suspected,
)

HOPELESS = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED", "BUILD_STOPPED"]


def test_a_failed_promotion_is_an_error() -> None:
    error = see(
        after_candidate_was_seen(),
        5,
        environment(P, deployment(status="DEPLOYING"), "FAILED", message="Out of GPUs."),
    )

    assert isinstance(error, PromotionFailedError)


def test_a_failed_promotion_without_a_message_is_an_error() -> None:
    error = confirmed(after_candidate_was_seen(), 60, environment(P, None, "FAILED"))

    assert isinstance(error, PromotionFailedError)
    assert error.failed == ()


def test_a_failed_promotion_names_the_chainlets_that_failed() -> None:
    candidate = chain({"One": "ACTIVE", "Two": "BUILD_FAILED"}, "ACTIVE")

    error = see(promotion_tracker(), 0, environment(P, candidate, "FAILED"))

    assert error.failed == ("Two",)


def test_a_cancelled_promotion_is_another_error() -> None:
    error = see(after_candidate_was_seen(), 5, environment(P, T, "CANCELED"))

    assert isinstance(error, PromotionCanceledError)


def test_a_cancelled_promotion_without_its_candidate_must_be_seen_twice() -> None:
    error = confirmed(after_candidate_was_seen(), 60, environment(P, None, "CANCELED"))

    assert isinstance(error, PromotionCanceledError)


def test_an_early_cancellation_without_its_candidate_is_looked_up_in_the_audit_log() -> None:
    """It may be the end of the promotion before."""
    verdict = confirmed(after_candidate_was_seen(), 5, environment(P, None, "CANCELED"))

    assert isinstance(suspected(verdict, 15), PromotionCanceledError)


def test_a_failure_is_an_error_although_the_candidate_was_never_shown() -> None:
    error = confirmed(promotion_tracker(), 60, environment(P, None, "FAILED", message="No."))

    assert isinstance(error, PromotionFailedError)


@pytest.mark.parametrize("status", ["BUILD_FAILED", "INACTIVE"])
def test_an_early_failure_without_its_candidate_is_one_if_the_deployment_says_the_same(
    status: str,
) -> None:
    """It may be the end of the promotion before."""
    failed = environment(P, None, "FAILED")
    tracker = after_candidate_was_seen()
    look(tracker, 5, failed)
    assert explained(tracker, 15, failed, deployment()) == PENDING

    error = explained(tracker, 20, failed, deployment(status=status))

    assert isinstance(error, PromotionFailedError)


@pytest.mark.parametrize("promotion", [None, "RELEASING", "RAMPING_UP", "PAUSED", "SUCCEEDED"])
@pytest.mark.parametrize("status", HOPELESS)
def test_a_failed_candidate_fails_the_wait_before_its_promotion_fails(
    status: str, promotion: str | None
) -> None:
    error = see(promotion_tracker(), 0, environment(P, deployment(status=status), promotion))

    assert isinstance(error, PromotionFailedError)
    assert error.failed == ()


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_a_candidate_that_is_switched_off_on_its_way_has_failed(status: str) -> None:
    error = confirmed(
        after_candidate_was_seen(), 5, environment(P, deployment(status=status), "RELEASING")
    )

    assert isinstance(error, PromotionFailedError)


def test_a_candidate_may_be_inactive_at_first() -> None:
    """A deployment that is off can be promoted; it is activated for that."""
    tracker = promotion_tracker()

    look(tracker, 0, environment(P, deployment(status="INACTIVE"), "RELEASING"))
    look(tracker, 5, environment(P, deployment(status="DEPLOYING"), "RELEASING"))

    assert see(tracker, 60, environment(T, None, "SUCCEEDED")) == T


def test_an_unhealthy_candidate_fails_the_wait_after_its_grace() -> None:
    tracker = promotion_tracker(unhealthy_grace=30)
    sick = environment(P, deployment(status="UNHEALTHY"), "RAMPING_UP", percent=25)

    look(tracker, 0, sick)

    assert isinstance(see(tracker, 30, sick), PromotionFailedError)


def test_a_current_deployment_that_fails_fails_the_wait() -> None:
    """After a first deployment that fails, the environment still points at it."""
    error = see(promotion_tracker(), 0, environment(deployment(status="DEPLOY_FAILED")))

    assert isinstance(error, PromotionFailedError)


def test_a_failed_chainlet_fails_the_wait_whatever_the_status_of_the_chain() -> None:
    candidate = chain({"One": "ACTIVE", "Two": "FAILED"}, "ACTIVE")

    error = see(promotion_tracker(), 0, environment(P, candidate))

    assert isinstance(error, PromotionFailedError)
    assert error.failed == ("Two",)
