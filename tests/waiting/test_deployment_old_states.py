"""Statuses from before somebody started a deployment, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import DeploymentFailedError

from .literals import T, confirmed, deployment, deployment_wait, look, see

FAILED = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED"]


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_inactive_at_first_is_pending_for_the_settling_time(status: str) -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status=status))
    look(wait, 119, deployment(status=status))

    assert isinstance(see(wait, 120, deployment(status=status)), DeploymentFailedError)


def test_deactivating_then_inactive_at_first_is_pending() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEACTIVATING"))
    look(wait, 10, deployment(status="INACTIVE"))
    look(wait, 20, deployment(status="DEPLOYING"))

    assert see(wait, 60, deployment()) == T


def test_deactivating_and_inactive_share_one_settling_time() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEACTIVATING"))
    look(wait, 100, deployment(status="INACTIVE"))

    assert isinstance(see(wait, 120, deployment(status="INACTIVE")), DeploymentFailedError)


def test_the_settling_time_of_inactive_begins_with_the_first_answered_look() -> None:
    wait = deployment_wait()

    look(wait, 60, deployment(status="INACTIVE"))
    look(wait, 179, deployment(status="INACTIVE"))

    assert isinstance(see(wait, 180, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_inactive_after_another_status_is_a_failure_when_it_lasts(status: str) -> None:
    """No GPU to be had: half an hour of DEPLOYING, then INACTIVE without a word."""
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEPLOYING"))

    assert isinstance(confirmed(wait, 5, deployment(status=status)), DeploymentFailedError)


def test_inactive_after_the_settling_time_is_a_failure_at_once() -> None:
    wait = deployment_wait()

    look(wait, 1790, deployment(status="DEPLOYING"))

    assert isinstance(see(wait, 1800, deployment(status="INACTIVE")), DeploymentFailedError)


def test_inactive_for_the_second_time_is_a_failure_when_it_lasts() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="INACTIVE"))
    look(wait, 5, deployment(status="DEPLOYING"))

    assert isinstance(confirmed(wait, 10, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", [*FAILED, "BUILD_STOPPED", "INACTIVE"])
def test_a_failure_from_before_a_retry_is_pending_for_the_settling_time(status: str) -> None:
    wait = deployment_wait(retried=True)

    look(wait, 0, deployment(status=status))
    look(wait, 5, deployment(status="BUILDING"))

    assert see(wait, 40, deployment()) == T


def test_a_failure_that_outlasts_the_settling_time_after_a_retry_is_final() -> None:
    wait = deployment_wait(retried=True)

    look(wait, 0, deployment(status="FAILED"))

    assert isinstance(see(wait, 120, deployment(status="FAILED")), DeploymentFailedError)


def test_a_new_failure_after_a_retry_is_final_when_it_lasts() -> None:
    wait = deployment_wait(retried=True)

    look(wait, 0, deployment(status="BUILD_FAILED"))
    look(wait, 5, deployment(status="BUILDING"))

    error = confirmed(wait, 10, deployment(status="BUILD_FAILED"))
    assert isinstance(error, DeploymentFailedError)


def test_without_settling_time_the_first_look_decides() -> None:
    wait = deployment_wait(settling_time=0, retried=True)

    assert isinstance(see(wait, 0, deployment(status="INACTIVE")), DeploymentFailedError)
