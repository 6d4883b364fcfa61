"""The grace of UNHEALTHY, without an event loop."""

from __future__ import annotations

from aiobaseten.errors import DeploymentFailedError

from .literals import T, chain, deployment, deployment_tracker, look, see


def test_unhealthy_fails_the_wait_after_its_grace() -> None:
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status="UNHEALTHY"))
    for at in range(50, 300, 50):
        look(tracker, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 300, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_another_status_in_between_restarts_the_grace() -> None:
    tracker = deployment_tracker(unhealthy_grace=50)

    look(tracker, 0, deployment(status="UNHEALTHY"))
    look(tracker, 40, deployment(status="LOADING_MODEL"))
    look(tracker, 45, deployment(status="UNHEALTHY"))
    look(tracker, 94, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 95, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_an_outage_restarts_the_grace() -> None:
    """A deployment that restarts again and again may be UNHEALTHY before and after by chance."""
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status="UNHEALTHY"))
    look(tracker, 320, deployment(status="UNHEALTHY"))
    for at in range(370, 620, 50):
        look(tracker, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 620, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_a_minute_without_a_look_does_not_restart_the_grace() -> None:
    tracker = deployment_tracker(unhealthy_grace=120)

    for at in (0, 60):
        look(tracker, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 120, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_more_than_a_minute_without_a_look_restarts_the_grace() -> None:
    tracker = deployment_tracker(unhealthy_grace=120)

    for at in (0, 60.5, 120.5, 180):
        look(tracker, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 180.5, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_each_chainlet_has_a_grace_of_its_own() -> None:
    """Two chainlets take turns in being UNHEALTHY."""
    tracker = deployment_tracker(unhealthy_grace=50)

    for at in range(0, 400, 40):
        turn = ("UNHEALTHY", "ACTIVE") if at % 80 else ("ACTIVE", "UNHEALTHY")
        look(tracker, at, chain({"One": turn[0], "Two": turn[1]}, "DEPLOYING"))

    assert see(tracker, 401, chain({"One": "ACTIVE", "Two": "ACTIVE"})) == T
