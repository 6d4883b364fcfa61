"""When SCALED_TO_ZERO is pending, and when it has settled, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting.steps import Wake

from .literals import T, deployment, deployment_tracker, look, see


def test_asleep_is_pending_until_it_has_settled() -> None:
    tracker = deployment_tracker(accept_scaled_to_zero=True)

    look(tracker, 0, deployment(status="SCALED_TO_ZERO"))
    look(tracker, 119, deployment(status="SCALED_TO_ZERO"))

    assert see(tracker, 120, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_begins_to_settle_when_it_is_first_seen() -> None:
    """The published rollout slept after its build, which may be longer than settling."""
    tracker = deployment_tracker(accept_scaled_to_zero=True)

    look(tracker, 0, deployment(status="BUILDING"))
    look(tracker, 1000, deployment(status="SCALED_TO_ZERO"))
    look(tracker, 1085, deployment(status="WAKING_UP"))

    assert see(tracker, 1600, deployment()) == T


def test_asleep_does_not_settle_while_a_promotion_may_start_it() -> None:
    tracker = deployment_tracker(accept_scaled_to_zero=True)

    for at in (0, 200, 400):
        look(tracker, at, deployment(status="SCALED_TO_ZERO", promoting=True))

    assert see(tracker, 500, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_does_not_settle_before_it_has_finished_deploying() -> None:
    tracker = deployment_tracker(accept_scaled_to_zero=True)

    for at in (0, 200, 400):
        look(tracker, at, deployment(status="SCALED_TO_ZERO", deployed=False))

    assert see(tracker, 500, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_stays_pending_unless_the_caller_accepts_it() -> None:
    tracker = deployment_tracker()

    look(tracker, 0, deployment(status="SCALED_TO_ZERO"))
    look(tracker, 120, deployment(status="SCALED_TO_ZERO"))
    look(tracker, 10_000, deployment(status="SCALED_TO_ZERO"))


def test_a_sleeping_deployment_is_woken_once_when_it_has_settled() -> None:
    tracker = deployment_tracker(wake=True)
    asleep = deployment(status="SCALED_TO_ZERO")

    look(tracker, 0, asleep)
    asked = see(tracker, 120, asleep)
    assert isinstance(asked, Wake)
    asked.woken(121)

    look(tracker, 125, asleep)
    look(tracker, 1000, asleep)
    look(tracker, 1005, deployment(status="WAKING_UP"))
    assert see(tracker, 1100, deployment()) == T


@pytest.mark.parametrize("status", ["UNHEALTHY", "INACTIVE"])
def test_a_deployment_that_may_come_back_by_itself_is_not_woken(status: str) -> None:
    tracker = deployment_tracker(wake=True)

    look(tracker, 0, deployment(status=status))


def test_a_lost_wake_request_is_asked_for_again() -> None:
    tracker = deployment_tracker(wake=True, settling_time=0)

    assert isinstance(see(tracker, 0, deployment(status="SCALED_TO_ZERO")), Wake)
    assert isinstance(see(tracker, 5, deployment(status="SCALED_TO_ZERO")), Wake)
