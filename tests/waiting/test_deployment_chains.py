"""What the statuses of chainlets mean together, without an event loop."""

from __future__ import annotations

from aiobaseten.errors import DeploymentFailedError

from .literals import T, chain, deployment_wait, look, see


def test_a_chain_is_ready_when_it_and_all_its_chainlets_are() -> None:
    wait = deployment_wait()

    look(wait, 0, chain({"One": "ACTIVE", "Two": "LOADING_MODEL"}))
    look(wait, 5, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "UPDATING"))

    assert see(wait, 10, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chain_that_says_active_is_not_ready_before_its_chainlets() -> None:
    """How Baseten folds the chainlets' statuses into the chain's is not documented."""
    look(deployment_wait(), 0, chain({"One": "LOADING_MODEL"}, "ACTIVE"))


def test_a_failure_of_a_chain_names_the_chainlets_that_failed() -> None:
    error = see(
        deployment_wait(),
        0,
        chain({"One": "ACTIVE", "Two": "BUILD_FAILED", "Three": "BUILD_STOPPED"}, "ACTIVE"),
    )

    assert error.failed == ("Two", "Three")


def test_a_chain_that_failed_by_itself_names_no_chainlet() -> None:
    error = see(deployment_wait(), 0, chain({"One": "ACTIVE"}, "FAILED"))

    assert error.failed == ()
    assert isinstance(error, DeploymentFailedError)


def test_a_chainlet_may_sleep_while_others_deploy() -> None:
    """Baseten's own tool calls that a failed deployment."""
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, chain({"One": "ACTIVE", "Two": "BUILDING"}, "DEPLOYING"))
    look(wait, 1000, chain({"One": "SCALED_TO_ZERO", "Two": "BUILDING"}, "DEPLOYING"))

    assert see(wait, 1010, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chainlet_that_was_ready_needs_no_settling_time_when_it_sleeps() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, chain({"One": "ACTIVE", "Two": "UPDATING"}, "ACTIVE"))
    look(wait, 5, chain({"One": "WAKING_UP", "Two": "UPDATING"}, "ACTIVE"))

    assert see(wait, 10, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chain_without_chainlets_has_its_own_status() -> None:
    wait = deployment_wait()

    look(wait, 0, chain({}, "DEPLOYING"))

    assert see(wait, 5, chain({}, "ACTIVE")) == T
