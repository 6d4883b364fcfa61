"""The events of the tracker of a deployment, without an event loop."""

from __future__ import annotations

from .literals import chain, deployment, deployment_tracker


def test_an_unchanged_reading_reports_no_event() -> None:
    tracker = deployment_tracker()

    first = tracker.see(deployment(status="BUILDING"), 0).events
    second = tracker.see(deployment(status="BUILDING"), 5).events
    third = tracker.see(deployment(status="DEPLOYING"), 10).events

    assert [str(event) for event in (*first, *second, *third)] == [
        "    0.0 s  deployment T: BUILDING",
        "   10.0 s  deployment T: BUILDING -> DEPLOYING",
    ]


def test_the_part_that_is_furthest_from_ready_decides_the_stage_of_a_step() -> None:
    step = deployment_tracker().see(chain({"One": "LOADING_MODEL", "Two": "BUILDING"}, "ACTIVE"), 0)

    assert step.stage.value == "build"


def test_in_stage_counts_from_the_last_change() -> None:
    tracker = deployment_tracker()

    tracker.see(deployment(status="WAKING_UP"), 10)

    assert tracker.see(deployment(status="WAKING_UP"), 70).in_stage == 60
