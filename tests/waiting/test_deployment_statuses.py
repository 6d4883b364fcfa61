"""The meaning of each status of a deployment, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import DeploymentFailedError

from .literals import T, deployment, deployment_tracker, look, see

ON_THE_WAY = ["BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP"]
FAILED = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED"]


def test_active_ends_the_wait() -> None:
    assert see(deployment_tracker(), 0, deployment(status="ACTIVE")) == T


@pytest.mark.parametrize("status", [*ON_THE_WAY, "HIBERNATING"])
def test_a_pending_or_unknown_status_is_waited_for(status: str) -> None:
    tracker = deployment_tracker()

    for at in (0, 1000, 100_000):
        look(tracker, at, deployment(status=status))

    assert see(tracker, 100_001, deployment()) == T


@pytest.mark.parametrize("status", [*FAILED, "BUILD_STOPPED"])
def test_a_failed_or_stopped_deployment_fails_the_wait_at_once(status: str) -> None:
    error = see(deployment_tracker(), 0, deployment(status=status))

    assert isinstance(error, DeploymentFailedError)
    assert error.failed == ()
