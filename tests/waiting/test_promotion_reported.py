"""The events of the tracker of a promotion, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._status import Stage
from aiobaseten._waiting import Baseline
from aiobaseten.events import PromotionPaused, PromotionResumed, StatusChanged, TrafficShifted

from .literals import P, T, X, deployment, environment, promotion_tracker


def test_a_success_is_reported_even_if_an_earlier_one_lingered() -> None:
    tracker = promotion_tracker(baseline=Baseline(current_id=P, promotion_status="SUCCEEDED"))

    events = tracker.see(environment(T, None, "SUCCEEDED", percent=100), 0).events

    assert [str(event)[11:] for event in events] == [
        "deployment T: ACTIVE",
        "promotion to production: SUCCEEDED",
        "traffic: 100 % on the new deployment",
    ]


def test_in_stage_counts_from_the_start_before_anything_was_seen() -> None:
    step = promotion_tracker().see(environment(P), 40)

    assert (step.stage, step.in_stage) == (Stage.IDLE, 40)


def test_the_stage_of_the_deployment_is_the_stage_of_a_step() -> None:
    step = promotion_tracker().see(
        environment(P, deployment(status="LOADING_MODEL"), "RELEASING"), 0
    )

    assert step.stage is Stage.LOAD


def test_pauses_and_traffic_are_reported_as_they_change() -> None:
    tracker = promotion_tracker()

    events = [
        event
        for at, reading in enumerate(
            [
                environment(P, T, "RAMPING_UP", percent=25),
                environment(P, T, "PAUSED", percent=25),
                environment(P, T, "PAUSED", percent=25),
                environment(P, T, "RAMPING_UP", percent=50),
                environment(T, None, "SUCCEEDED", percent=100),
            ]
        )
        for event in tracker.see(reading, at).events
    ]

    assert [(type(event), str(event)[11:]) for event in events] == [
        (StatusChanged, "deployment T: ACTIVE"),
        (StatusChanged, "promotion to production: RAMPING_UP"),
        (TrafficShifted, "traffic: 25 % on the new deployment"),
        (PromotionPaused, "promotion to production: RAMPING_UP -> PAUSED"),
        (PromotionResumed, "promotion to production: PAUSED -> RAMPING_UP"),
        (TrafficShifted, "traffic: 50 % on the new deployment"),
        (StatusChanged, "promotion to production: RAMPING_UP -> SUCCEEDED"),
        (TrafficShifted, "traffic: 100 % on the new deployment"),
    ]


@pytest.mark.parametrize("end", ["CANCELED", "RAMPING_DOWN", "FAILED", "SUCCEEDED"])
def test_a_pause_that_ends_otherwise_is_not_resumed(end: str) -> None:
    tracker = promotion_tracker()
    tracker.see(environment(P, T, "PAUSED"), 0)

    (changed,) = tracker.see(environment(P, T, end), 5).events

    assert type(changed) is StatusChanged


def test_moving_traffic_counts_as_a_change() -> None:
    tracker = promotion_tracker()

    tracker.see(environment(P, T, "RAMPING_UP", percent=25), 0)
    step = tracker.see(environment(P, T, "RAMPING_UP", percent=50), 30)

    assert step.in_stage == 0


def test_the_promotion_of_another_deployment_is_not_reported() -> None:
    tracker = promotion_tracker()

    step = tracker.see(environment(deployment(status="UPDATING"), X, "RAMPING_UP", percent=50), 0)

    assert [str(event)[11:] for event in step.events] == ["deployment T: UPDATING"]
