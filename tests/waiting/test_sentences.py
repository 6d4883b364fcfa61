"""What a wait tells a person when it fails or runs out, word for word, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting import EnvironmentHistory, IdleTracker
from aiobaseten._waiting.steps import Wake
from aiobaseten.readings import DeploymentReading, EnvironmentReading

from .literals import (
    P,
    T,
    X,
    cancellation_wait,
    chain,
    deployment,
    deployment_wait,
    environment,
    explained,
    look,
    once_there,
    promotion_wait,
    see,
)

GIVEN_UP = "Baseten has given up on it: see its logs, then retry it or push again."
KEEPS_WORKING = "Baseten keeps working on it."
ASLEEP = "SCALED_TO_ZERO"


@pytest.mark.parametrize(
    ("status", "how", "advice"),
    [
        ("BUILD_FAILED", "is BUILD_FAILED", GIVEN_UP),
        (
            "BUILD_STOPPED",
            "is BUILD_STOPPED",
            "It does not run until somebody activates it or starts it again.",
        ),
        (
            "UNHEALTHY",
            "has been UNHEALTHY for 0 s",
            "It still runs, and may recover: see its logs.",
        ),
    ],
)
def test_a_deployment_that_will_not_become_active(status: str, how: str, advice: str) -> None:
    error = see(deployment_wait(unhealthy_grace=0), 0, deployment(status=status))

    assert str(error) == (
        f"deployment T of model m1 will not become active: deployment T {how}. {advice}"
    )


@pytest.mark.parametrize(
    ("reading", "rest"),
    [
        (deployment(status="BUILDING"), f"deployment T BUILDING. {KEEPS_WORKING}"),
        (
            chain({"One": ASLEEP, "Two": ASLEEP}, "ACTIVE"),
            "deployment T ACTIVE, chainlet One SCALED_TO_ZERO, chainlet Two SCALED_TO_ZERO. "
            "Nothing but a request will wake chainlet One, chainlet Two, or its promotion: "
            "pass accept_scaled_to_zero=True if asleep will do.",
        ),
    ],
)
def test_a_deployment_that_is_not_active_in_time(reading: DeploymentReading, rest: str) -> None:
    wait = deployment_wait(settling_time=0)

    look(wait, 0, reading)

    assert wait.still() == f"deployment T of model m1 is not active; last seen: {rest}"


def test_a_deployment_that_was_asked_to_wake_up_and_has_not() -> None:
    wait = deployment_wait(settling_time=0, wake=True)

    asked = see(wait, 0, deployment(status=ASLEEP))
    assert isinstance(asked, Wake)
    asked.woken(3)
    look(wait, 5, deployment(status=ASLEEP))

    assert wait.still() == (
        "deployment T of model m1 is not active; last seen: deployment T SCALED_TO_ZERO. "
        "It was asked to wake up at 3 s, and has not."
    )


@pytest.mark.parametrize(
    ("message", "why"), [(None, ""), ("", ""), ("no GPU.", ": no GPU"), ("no GPU", ": no GPU")]
)
def test_a_promotion_that_baseten_says_has_failed(message: str | None, why: str) -> None:
    error = see(promotion_wait(), 0, environment(P, T, "FAILED", message=message))

    assert str(error) == (f"the promotion of T failed{why}. Traffic stays on what served before.")


@pytest.mark.parametrize(
    ("reading", "traffic"),
    [
        (
            environment(P, deployment(status="FAILED"), "RELEASING"),
            "Traffic stays on what served before.",
        ),
        (
            environment(P, deployment(status="FAILED"), "RAMPING_UP", percent=25),
            "It has 25 % of the traffic.",
        ),
        (
            environment(P, deployment(status="FAILED"), "SUCCEEDED", percent=100),
            "Traffic stays on what served before.",
        ),
        (
            environment(deployment(status="FAILED"), None, "SUCCEEDED", percent=100),
            "It has the traffic.",
        ),
    ],
)
def test_a_promotion_whose_deployment_failed(reading: EnvironmentReading, traffic: str) -> None:
    error = see(promotion_wait(), 0, reading)

    assert str(error) == (
        f"the promotion of T failed: deployment T is FAILED. {traffic} {GIVEN_UP}"
    )


def test_a_promotion_that_was_cancelled() -> None:
    error = see(promotion_wait(), 0, environment(P, T, "CANCELED"))

    assert str(error) == "the promotion of T was cancelled; traffic is on what served before."


@pytest.mark.parametrize(
    ("found", "rest"),
    [(None, "Deployment T no longer exists."), (deployment(), "Deployment T is ACTIVE.")],
)
def test_a_promotion_that_is_gone(found: DeploymentReading | None, rest: str) -> None:
    wait = once_there()
    look(wait, 5, environment(P))

    assert str(explained(wait, 15, environment(P), found)) == (
        f"the promotion of T was cancelled; traffic is on what served before. {rest}"
    )


def test_a_promotion_in_whose_place_another_came() -> None:
    wait = once_there()
    look(wait, 5, environment(X))

    assert str(explained(wait, 15, environment(X), deployment())) == (
        "the promotion of T was superseded: deployment X took its place."
    )


def test_a_promotion_that_is_paused() -> None:
    paused = environment(P, T, "PAUSED", percent=25)

    assert str(see(promotion_wait(on_paused="raise"), 0, paused)) == (
        "the promotion of T is paused at 25 % of traffic; "
        "it stays so until somebody resumes or cancels it."
    )


@pytest.mark.parametrize(
    ("reading", "rest"),
    [
        (
            environment(P, T, "RAMPING_UP"),
            f"deployment T ACTIVE, promotion to production RAMPING_UP. {KEEPS_WORKING}",
        ),
        (
            environment(P, T, "PAUSED"),
            "deployment T ACTIVE, promotion to production PAUSED. "
            "It is paused: nothing moves until somebody resumes or cancels it.",
        ),
        (
            environment(P, deployment(status=ASLEEP), "RAMPING_UP"),
            f"deployment T SCALED_TO_ZERO, promotion to production RAMPING_UP. {KEEPS_WORKING}",
        ),
        (
            environment(deployment(status=ASLEEP)),
            "deployment T SCALED_TO_ZERO. It has the traffic. Nothing but a request will wake "
            "deployment T: pass accept_scaled_to_zero=True if asleep will do.",
        ),
    ],
)
def test_a_promotion_that_is_not_finished_in_time(reading: EnvironmentReading, rest: str) -> None:
    wait = promotion_wait(settling_time=0)

    look(wait, 0, reading)

    assert wait.still() == f"the promotion of T is not finished; last seen: {rest}"


def test_a_cancellation_that_was_overtaken() -> None:
    error = see(cancellation_wait(), 0, environment(T))

    assert str(error) == (
        "the cancellation was overtaken: deployment T was rolled forward all the same, "
        "and now serves."
    )


def test_a_cancellation_that_is_not_finished_in_time() -> None:
    wait = cancellation_wait()

    look(wait, 0, environment(P, T, "RAMPING_DOWN"))

    assert wait.still() == (
        "the cancellation is not finished; last seen: deployment T ACTIVE, "
        f"promotion to production RAMPING_DOWN. {KEEPS_WORKING}"
    )


def test_an_environment_that_is_not_quiet_in_time() -> None:
    wait = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    look(wait, 0, environment(P, X, "RAMPING_UP"))

    assert wait.still() == (
        "production is still busy; last seen: deployment X ACTIVE, "
        "promotion to production RAMPING_UP. Nothing was sent."
    )
