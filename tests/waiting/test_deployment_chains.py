"""What the statuses of chainlets mean together, without an event loop."""

from __future__ import annotations

from aiobaseten.errors import DeploymentFailedError

from .literals import T, chain, deployment_wait, look, see


def test_a_chain_is_ready_when_all_its_chainlets_are_and_it_says_so() -> None:
    wait = deployment_wait()

    look(wait, 0, chain({"One": "ACTIVE", "Two": "LOADING_MODEL"}))
    look(wait, 5, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "UPDATING"))

    assert see(wait, 10, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chain_that_says_active_is_not_ready_before_its_chainlets() -> None:
    """How Baseten folds the chainlets' statuses into the chain's is not documented."""
    look(deployment_wait(), 0, chain({"One": "LOADING_MODEL"}, "ACTIVE"))


def test_a_failure_names_the_chainlets_that_failed_and_how() -> None:
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


def test_a_chainlet_that_falls_asleep_while_others_deploy_is_waited_with() -> None:
    """Baseten's own tool calls that a failed deployment."""
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, chain({"One": "ACTIVE", "Two": "BUILDING"}, "DEPLOYING"))
    look(wait, 1000, chain({"One": "SCALED_TO_ZERO", "Two": "BUILDING"}, "DEPLOYING"))

    assert see(wait, 1010, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chainlet_that_was_ready_and_went_to_sleep_needs_no_time_to_settle() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, chain({"One": "ACTIVE", "Two": "UPDATING"}, "ACTIVE"))
    look(wait, 5, chain({"One": "WAKING_UP", "Two": "UPDATING"}, "ACTIVE"))

    assert see(wait, 10, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chain_without_chainlets_is_what_it_says_itself() -> None:
    wait = deployment_wait()

    look(wait, 0, chain({}, "DEPLOYING"))

    assert see(wait, 5, chain({}, "ACTIVE")) == T
