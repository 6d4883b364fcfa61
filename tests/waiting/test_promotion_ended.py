"""When Baseten or the deployment itself has ended a promotion: rules 2 and 3, without a loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import PromotionCanceledError, PromotionFailedError

from .literals import P, T, chain, deployment, environment, look, once_there, promotion_wait, see

HOPELESS = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED", "BUILD_STOPPED"]


def test_a_promotion_that_failed_is_an_error_with_what_baseten_said() -> None:
    error = see(
        once_there(),
        5,
        environment(P, deployment(status="DEPLOYING"), "FAILED", message="Out of GPUs."),
    )

    assert isinstance(error, PromotionFailedError)


def test_a_promotion_that_failed_without_a_word_is_an_error_without_one() -> None:
    error = see(once_there(), 5, environment(P, None, "FAILED"))

    assert isinstance(error, PromotionFailedError)
    assert error.failed == ()


def test_a_promotion_that_failed_names_the_chainlets_that_did() -> None:
    candidate = chain({"One": "ACTIVE", "Two": "BUILD_FAILED"}, "ACTIVE")

    error = see(promotion_wait(), 0, environment(P, candidate, "FAILED"))

    assert error.failed == ("Two",)


@pytest.mark.parametrize("lingering", [T, None])
def test_a_promotion_that_was_cancelled_is_another_error(lingering: str | None) -> None:
    error = see(once_there(), 5, environment(P, lingering, "CANCELED"))

    assert isinstance(error, PromotionCanceledError)


def test_a_failure_is_told_at_once_even_if_the_candidate_was_never_shown() -> None:
    error = see(promotion_wait(), 0, environment(P, None, "FAILED", message="No."))

    assert isinstance(error, PromotionFailedError)


@pytest.mark.parametrize("promotion", [None, "RELEASING", "RAMPING_UP", "PAUSED", "SUCCEEDED"])
@pytest.mark.parametrize("status", HOPELESS)
def test_a_candidate_that_failed_has_failed_before_its_promotion_has(
    status: str, promotion: str | None
) -> None:
    error = see(promotion_wait(), 0, environment(P, deployment(status=status), promotion))

    assert isinstance(error, PromotionFailedError)
    assert error.failed == ()


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_a_candidate_that_was_on_its_way_and_is_switched_off_has_failed(status: str) -> None:
    error = see(once_there(), 5, environment(P, deployment(status=status), "RELEASING"))

    assert isinstance(error, PromotionFailedError)


def test_a_candidate_may_be_inactive_at_first() -> None:
    """A deployment that is off can be promoted; it is activated for that."""
    wait = promotion_wait()

    look(wait, 0, environment(P, deployment(status="INACTIVE"), "RELEASING"))
    look(wait, 5, environment(P, deployment(status="DEPLOYING"), "RELEASING"))

    assert see(wait, 60, environment(T, None, "SUCCEEDED")) == T


def test_an_unhealthy_candidate_is_given_time_and_the_error_says_where_the_traffic_is() -> None:
    wait = promotion_wait(unhealthy_grace=30)
    sick = environment(P, deployment(status="UNHEALTHY"), "RAMPING_UP", percent=25)

    look(wait, 0, sick)

    assert isinstance(see(wait, 30, sick), PromotionFailedError)


def test_what_fails_once_it_has_the_traffic_is_said_to_have_it() -> None:
    """After a first deployment that fails, the environment still points at it."""
    error = see(promotion_wait(), 0, environment(deployment(status="DEPLOY_FAILED")))

    assert isinstance(error, PromotionFailedError)


def test_a_failed_chainlet_fails_the_promotion_whatever_the_chain_says() -> None:
    candidate = chain({"One": "ACTIVE", "Two": "FAILED"}, "ACTIVE")

    error = see(promotion_wait(), 0, environment(P, candidate))

    assert isinstance(error, PromotionFailedError)
    assert error.failed == ("Two",)
