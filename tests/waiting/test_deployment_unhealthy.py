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
    tracker.history.note_missing(200)
    look(tracker, 320, deployment(status="UNHEALTHY"))
    for at in range(370, 620, 50):
        look(tracker, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 620, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_a_minute_without_an_answer_does_not_restart_the_grace() -> None:
    tracker = deployment_tracker(unhealthy_grace=120)

    look(tracker, 0, deployment(status="UNHEALTHY"))
    tracker.history.note_missing(30)
    look(tracker, 60, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 120, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_more_than_a_minute_without_an_answer_restarts_the_grace() -> None:
    tracker = deployment_tracker(unhealthy_grace=120)

    look(tracker, 0, deployment(status="UNHEALTHY"))
    tracker.history.note_missing(30)
    for at in (60.5, 120.5, 180):
        look(tracker, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 180.5, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_an_answer_that_was_missing_restarts_the_grace_once() -> None:
    tracker = deployment_tracker(unhealthy_grace=200)

    look(tracker, 0, deployment(status="UNHEALTHY"))
    tracker.history.note_missing(70)  # the look at 70 s showed that the one before was held
    look(tracker, 70, deployment(status="UNHEALTHY"))
    look(tracker, 140, deployment(status="UNHEALTHY"))
    look(tracker, 210, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 270, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_looks_that_nobody_asked_for_are_no_break() -> None:
    """A schedule of 70 s, or a budget that four hundred deployments share."""
    tracker = deployment_tracker()

    for at in (0, 70, 140, 210, 280):
        look(tracker, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(tracker, 350, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_each_chainlet_has_a_grace_of_its_own() -> None:
    """Two chainlets take turns in being UNHEALTHY."""
    tracker = deployment_tracker(unhealthy_grace=50)

    for at in range(0, 400, 40):
        turn = ("UNHEALTHY", "ACTIVE") if at % 80 else ("ACTIVE", "UNHEALTHY")
        look(tracker, at, chain({"One": turn[0], "Two": turn[1]}, "DEPLOYING"))

    assert see(tracker, 401, chain({"One": "ACTIVE", "Two": "ACTIVE"})) == T
