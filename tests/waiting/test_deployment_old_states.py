"""Statuses from before an activate or a retry, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import DeploymentFailedError

from .literals import T, confirmed, deployment, deployment_tracker, look, see

FAILED = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED"]


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_inactive_at_first_is_pending_for_the_settling_time(status: str) -> None:
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status=status))
    look(tracker, 119, deployment(status=status))

    assert isinstance(see(tracker, 120, deployment(status=status)), DeploymentFailedError)


def test_deactivating_then_inactive_at_first_is_pending() -> None:
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status="DEACTIVATING"))
    look(tracker, 10, deployment(status="INACTIVE"))
    look(tracker, 20, deployment(status="DEPLOYING"))

    assert see(tracker, 60, deployment()) == T


def test_deactivating_and_inactive_share_one_settling_time() -> None:
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status="DEACTIVATING"))
    look(tracker, 100, deployment(status="INACTIVE"))

    assert isinstance(see(tracker, 120, deployment(status="INACTIVE")), DeploymentFailedError)


def test_the_settling_time_of_inactive_begins_with_the_first_answered_look() -> None:
    tracker = deployment_tracker()

    look(tracker, 60, deployment(status="INACTIVE"))
    look(tracker, 179, deployment(status="INACTIVE"))

    assert isinstance(see(tracker, 180, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_inactive_after_another_status_is_a_failure_when_it_lasts(status: str) -> None:
    """No GPU to be had: half an hour of DEPLOYING, then INACTIVE without a word."""
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status="DEPLOYING"))

    assert isinstance(confirmed(tracker, 5, deployment(status=status)), DeploymentFailedError)


def test_inactive_after_the_settling_time_is_a_failure_at_once() -> None:
    tracker = deployment_tracker()

    look(tracker, 1790, deployment(status="DEPLOYING"))

    assert isinstance(see(tracker, 1800, deployment(status="INACTIVE")), DeploymentFailedError)


def test_inactive_for_the_second_time_is_a_failure_when_it_lasts() -> None:
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status="INACTIVE"))
    look(tracker, 5, deployment(status="DEPLOYING"))
    look(tracker, 10, deployment(status="INACTIVE"))
    look(tracker, 74, deployment(status="INACTIVE"))  # all servers may lag behind

    assert isinstance(see(tracker, 75, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", [*FAILED, "BUILD_STOPPED", "INACTIVE"])
def test_a_failure_from_before_a_retry_is_pending_for_the_settling_time(status: str) -> None:
    tracker = deployment_tracker(retried=True)

    look(tracker, 0, deployment(status=status))
    look(tracker, 5, deployment(status="BUILDING"))

    assert see(tracker, 40, deployment()) == T


def test_a_failure_that_outlasts_the_settling_time_after_a_retry_is_final() -> None:
    tracker = deployment_tracker(retried=True)

    look(tracker, 0, deployment(status="FAILED"))

    assert isinstance(see(tracker, 120, deployment(status="FAILED")), DeploymentFailedError)


def test_a_new_failure_after_a_retry_is_final_when_it_lasts() -> None:
    tracker = deployment_tracker(retried=True)

    look(tracker, 0, deployment(status="BUILD_FAILED"))
    look(tracker, 5, deployment(status="BUILDING"))

    look(tracker, 10, deployment(status="BUILD_FAILED"))
    look(tracker, 74, deployment(status="BUILD_FAILED"))
    assert isinstance(see(tracker, 75, deployment(status="BUILD_FAILED")), DeploymentFailedError)


def test_without_settling_time_the_first_look_decides() -> None:
    tracker = deployment_tracker(settling_time=0, retried=True)

    assert isinstance(see(tracker, 0, deployment(status="INACTIVE")), DeploymentFailedError)
