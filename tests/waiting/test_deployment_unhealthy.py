"""How long UNHEALTHY may last, without an event loop."""

from __future__ import annotations

from aiobaseten.errors import DeploymentFailedError

from .literals import T, chain, deployment, deployment_wait, look, see


def test_unhealthy_fails_the_wait_after_its_grace() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="UNHEALTHY"))
    for at in range(50, 300, 50):
        look(wait, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 300, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_another_status_in_between_restarts_the_grace() -> None:
    wait = deployment_wait(unhealthy_grace=50)

    look(wait, 0, deployment(status="UNHEALTHY"))
    look(wait, 40, deployment(status="LOADING_MODEL"))
    look(wait, 45, deployment(status="UNHEALTHY"))
    look(wait, 94, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 95, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_an_outage_restarts_the_grace() -> None:
    """A deployment that restarts again and again may be UNHEALTHY before and after by chance."""
    wait = deployment_wait()

    look(wait, 0, deployment(status="UNHEALTHY"))
    look(wait, 320, deployment(status="UNHEALTHY"))
    for at in range(370, 620, 50):
        look(wait, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 620, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_a_minute_without_a_look_does_not_restart_the_grace() -> None:
    wait = deployment_wait(unhealthy_grace=120)

    for at in (0, 60):
        look(wait, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 120, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_more_than_a_minute_without_a_look_restarts_the_grace() -> None:
    wait = deployment_wait(unhealthy_grace=120)

    for at in (0, 60.5, 120.5, 180):
        look(wait, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 180.5, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_each_chainlet_has_a_grace_of_its_own() -> None:
    """Two chainlets that take turns have neither been UNHEALTHY for long."""
    wait = deployment_wait(unhealthy_grace=50)

    for at in range(0, 400, 40):
        turn = ("UNHEALTHY", "ACTIVE") if at % 80 else ("ACTIVE", "UNHEALTHY")
        look(wait, at, chain({"One": turn[0], "Two": turn[1]}, "DEPLOYING"))

    assert see(wait, 401, chain({"One": "ACTIVE", "Two": "ACTIVE"})) == T
