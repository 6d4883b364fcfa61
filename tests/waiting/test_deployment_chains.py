"""The joint meaning of the statuses of chainlets, without an event loop."""

from __future__ import annotations

from aiobaseten.errors import DeploymentFailedError

from .literals import T, chain, deployment_tracker, look, see


def test_a_chain_is_ready_when_it_and_all_its_chainlets_are() -> None:
    tracker = deployment_tracker()

    look(tracker, 0, chain({"One": "ACTIVE", "Two": "LOADING_MODEL"}))
    look(tracker, 5, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "UPDATING"))

    assert see(tracker, 10, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chain_that_says_active_is_not_ready_before_its_chainlets() -> None:
    """How Baseten folds the chainlets' statuses into the chain's is not documented."""
    look(deployment_tracker(), 0, chain({"One": "LOADING_MODEL"}, "ACTIVE"))


def test_a_failure_of_a_chain_names_the_chainlets_that_failed() -> None:
    error = see(
        deployment_tracker(),
        0,
        chain({"One": "ACTIVE", "Two": "BUILD_FAILED", "Three": "BUILD_STOPPED"}, "ACTIVE"),
    )

    assert error.failed == ("Two", "Three")


def test_a_chain_that_failed_by_itself_names_no_chainlet() -> None:
    error = see(deployment_tracker(), 0, chain({"One": "ACTIVE"}, "FAILED"))

    assert error.failed == ()
    assert isinstance(error, DeploymentFailedError)


def test_a_chainlet_may_sleep_while_others_deploy() -> None:
    """Baseten's own tool reports a failed deployment."""
    tracker = deployment_tracker(accept_scaled_to_zero=True)

    look(tracker, 0, chain({"One": "ACTIVE", "Two": "BUILDING"}, "DEPLOYING"))
    look(tracker, 1000, chain({"One": "SCALED_TO_ZERO", "Two": "BUILDING"}, "DEPLOYING"))

    assert see(tracker, 1010, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chainlet_that_was_ready_needs_no_settling_time_when_it_sleeps() -> None:
    tracker = deployment_tracker(accept_scaled_to_zero=True)

    look(tracker, 0, chain({"One": "ACTIVE", "Two": "UPDATING"}, "ACTIVE"))
    look(tracker, 5, chain({"One": "WAKING_UP", "Two": "UPDATING"}, "ACTIVE"))

    assert see(tracker, 10, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chain_without_chainlets_has_its_own_status() -> None:
    tracker = deployment_tracker()

    look(tracker, 0, chain({}, "DEPLOYING"))

    assert see(tracker, 5, chain({}, "ACTIVE")) == T
