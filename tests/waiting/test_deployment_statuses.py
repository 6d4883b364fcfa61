"""What one status means to a wait on a deployment, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten.errors import DeploymentFailedError

from .literals import T, deployment, deployment_wait, look, see

ON_THE_WAY = ["BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP"]
FAILED = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED"]


def test_active_is_what_is_waited_for() -> None:
    assert see(deployment_wait(), 0, deployment(status="ACTIVE")) == T


@pytest.mark.parametrize("status", [*ON_THE_WAY, "HIBERNATING"])
def test_what_is_on_its_way_or_not_known_is_waited_for_as_long_as_it_takes(status: str) -> None:
    wait = deployment_wait()

    for at in (0, 1000, 100_000):
        look(wait, at, deployment(status=status))

    assert see(wait, 100_001, deployment()) == T


@pytest.mark.parametrize("status", [*FAILED, "BUILD_STOPPED"])
def test_what_has_failed_or_was_stopped_fails_the_wait_at_once(status: str) -> None:
    error = see(deployment_wait(), 0, deployment(status=status))

    assert isinstance(error, DeploymentFailedError)
    assert str(error).startswith(
        f"deployment T of model m1 will not become active: deployment T is {status}. "
    )


def test_an_error_says_what_to_do_about_it() -> None:
    failed = see(deployment_wait(), 0, deployment(status="BUILD_FAILED"))
    stopped = see(deployment_wait(), 0, deployment(status="BUILD_STOPPED"))
    unhealthy = see(deployment_wait(unhealthy_grace=0), 0, deployment(status="UNHEALTHY"))

    assert "given up on it: see its logs, then retry it or push again" in str(failed)
    assert "does not run until somebody activates it or starts it again" in str(stopped)
    assert "still runs, and may recover: see its logs" in str(unhealthy)
