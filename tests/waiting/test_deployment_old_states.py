"""Statuses from before somebody started a deployment, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import DeploymentFailedError

from .literals import T, deployment, deployment_wait, look, see

FAILED = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED"]


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_being_off_at_first_may_be_the_state_before_an_activate(status: str) -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status=status))
    look(wait, 119, deployment(status=status))

    assert isinstance(see(wait, 120, deployment(status=status)), DeploymentFailedError)


def test_deactivating_and_activating_again_may_show_both_ways_of_being_off() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEACTIVATING"))
    look(wait, 10, deployment(status="INACTIVE"))
    look(wait, 20, deployment(status="DEPLOYING"))

    assert see(wait, 60, deployment()) == T


def test_two_ways_of_being_off_get_one_settling_time_between_them() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEACTIVATING"))
    look(wait, 100, deployment(status="INACTIVE"))

    assert isinstance(see(wait, 120, deployment(status="INACTIVE")), DeploymentFailedError)


def test_being_off_is_given_time_from_the_first_look_that_is_answered() -> None:
    wait = deployment_wait()

    look(wait, 60, deployment(status="INACTIVE"))
    look(wait, 179, deployment(status="INACTIVE"))

    assert isinstance(see(wait, 180, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_being_off_after_it_was_on_its_way_is_a_failure_at_once(status: str) -> None:
    """No GPU to be had: half an hour of DEPLOYING, then INACTIVE without a word."""
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEPLOYING"))

    assert isinstance(see(wait, 5, deployment(status=status)), DeploymentFailedError)


def test_being_off_again_after_an_activate_is_a_failure_at_once() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="INACTIVE"))
    look(wait, 5, deployment(status="DEPLOYING"))

    assert isinstance(see(wait, 10, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", [*FAILED, "BUILD_STOPPED", "INACTIVE"])
def test_after_a_retry_the_failure_from_before_gets_time_to_go_away(status: str) -> None:
    wait = deployment_wait(retried=True)

    look(wait, 0, deployment(status=status))
    look(wait, 5, deployment(status="BUILDING"))

    assert see(wait, 40, deployment()) == T


def test_a_failure_that_a_retry_did_not_mend_is_believed_in_the_end() -> None:
    wait = deployment_wait(retried=True)

    look(wait, 0, deployment(status="FAILED"))

    assert isinstance(see(wait, 120, deployment(status="FAILED")), DeploymentFailedError)


def test_a_failure_after_the_retry_had_begun_is_a_new_one() -> None:
    wait = deployment_wait(retried=True)

    look(wait, 0, deployment(status="BUILD_FAILED"))
    look(wait, 5, deployment(status="BUILDING"))

    error = see(wait, 10, deployment(status="BUILD_FAILED"))
    assert isinstance(error, DeploymentFailedError)


def test_without_time_to_settle_the_first_look_is_believed() -> None:
    wait = deployment_wait(settling_time=0, retried=True)

    assert isinstance(see(wait, 0, deployment(status="INACTIVE")), DeploymentFailedError)
