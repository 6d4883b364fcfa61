"""When SCALED_TO_ZERO is on its way, and when it is settled, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting.steps import Wake

from .literals import T, deployment, deployment_wait, look, see


def test_asleep_is_pending_until_it_has_settled() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, deployment(status="SCALED_TO_ZERO"))
    look(wait, 119, deployment(status="SCALED_TO_ZERO"))

    assert see(wait, 120, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_begins_to_settle_when_it_is_first_seen() -> None:
    """The published rollout was asleep after its build; a build may take longer than settling."""
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, deployment(status="BUILDING"))
    look(wait, 1000, deployment(status="SCALED_TO_ZERO"))
    look(wait, 1085, deployment(status="WAKING_UP"))

    assert see(wait, 1600, deployment()) == T


def test_asleep_does_not_settle_while_a_promotion_may_start_it() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    for at in (0, 200, 400):
        look(wait, at, deployment(status="SCALED_TO_ZERO", promoting=True))

    assert see(wait, 500, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_does_not_settle_before_it_has_finished_deploying() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    for at in (0, 200, 400):
        look(wait, at, deployment(status="SCALED_TO_ZERO", deployed=False))

    assert see(wait, 500, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_stays_pending_unless_the_caller_accepts_it() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="SCALED_TO_ZERO"))
    look(wait, 120, deployment(status="SCALED_TO_ZERO"))
    look(wait, 10_000, deployment(status="SCALED_TO_ZERO"))


def test_a_sleeping_deployment_is_woken_once_when_it_has_settled() -> None:
    wait = deployment_wait(wake=True)
    asleep = deployment(status="SCALED_TO_ZERO")

    look(wait, 0, asleep)
    asked = see(wait, 120, asleep)
    assert isinstance(asked, Wake)
    asked.woken(121)

    look(wait, 125, asleep)
    look(wait, 1000, asleep)
    look(wait, 1005, deployment(status="WAKING_UP"))
    assert see(wait, 1100, deployment()) == T


@pytest.mark.parametrize("status", ["UNHEALTHY", "INACTIVE"])
def test_a_deployment_that_may_come_back_by_itself_is_not_woken(status: str) -> None:
    wait = deployment_wait(wake=True)

    look(wait, 0, deployment(status=status))


def test_a_lost_wake_request_is_asked_for_again() -> None:
    wait = deployment_wait(wake=True, settling_time=0)

    assert isinstance(see(wait, 0, deployment(status="SCALED_TO_ZERO")), Wake)
    assert isinstance(see(wait, 5, deployment(status="SCALED_TO_ZERO")), Wake)
