"""Timelines: a status as a function of the seconds since the beginning."""

import math

import pytest

from aiobaseten.testing import timelines
from aiobaseten.testing.timelines import Timeline


def test_each_step_lasts_for_its_seconds_and_the_last_for_ever() -> None:
    timeline = Timeline([("BUILDING", 12), ("DEPLOYING", 1.4), "ACTIVE"])

    seen = [timeline.at(second) for second in (0, 11.999, 12, 13.399999, 13.4, 10**9)]

    assert seen == ["BUILDING", "BUILDING", "DEPLOYING", "DEPLOYING", "ACTIVE", "ACTIVE"]


def test_a_string_is_a_status_that_stays() -> None:
    assert Timeline("SCALED_TO_ZERO").changes() == ((0.0, "SCALED_TO_ZERO"),)


def test_an_unknown_status_is_accepted() -> None:
    assert Timeline([("HIBERNATING", 3), "ACTIVE"]).at(1) == "HIBERNATING"


def test_a_step_of_no_length_is_never_seen() -> None:
    assert Timeline([("BUILDING", 0), "ACTIVE"]).at(0) == "ACTIVE"


def test_many_small_steps_add_up_exactly() -> None:
    """Three times 0.1 is 0.30000000000000004, which must not be later than 0.3."""
    assert Timeline([("BUILDING", 0.1)] * 3 + ["ACTIVE"]).at(0.3) == "ACTIVE"


@pytest.mark.parametrize(
    ("steps", "advice"),
    [
        ([], "a timeline needs a step"),
        ([("BUILDING", 12)], "the status after it is unknown: add the status that stays"),
        (["BUILDING", "ACTIVE"], r"say how many seconds it takes, \('BUILDING', 30\)"),
        ([("BUILDING", -1), "ACTIVE"], "'BUILDING' cannot last -1 seconds"),
        ([("BUILDING", math.inf), "ACTIVE"], "cannot last inf seconds"),
        ([("BUILDING", math.nan), "ACTIVE"], "cannot last nan seconds"),
        ([("BUILDING", "12"), "ACTIVE"], "cannot last '12' seconds"),
        ([""], "a status is a word"),
        ([(" ", 3), "ACTIVE"], "a status is a word"),
        ("", "a status is a word"),
    ],
)
def test_an_impossible_timeline_is_refused_with_advice(steps: timelines.Steps, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        Timeline(steps)


@pytest.mark.parametrize(
    ("steps", "changes"),
    [
        (
            timelines.SCALED_TO_ZERO_ON_THE_WAY,
            {"DEPLOYING": 11.5, "SCALED_TO_ZERO": 12.9, "WAKING_UP": 24.3, "ACTIVE": 631.0},
        ),
        (timelines.CAPACITY_STARVATION, {"INACTIVE": 1800.0}),
        (timelines.CRASH_LOOP, {"DEPLOY_FAILED": 245.0}),
        (timelines.BUILD_FAILED, {"BUILD_FAILED": 12.0}),
        (timelines.STUCK, {"DEPLOYING": 12.0}),
        (timelines.HEALTHY, {"ACTIVE": 44.0}),
        (timelines.HEALTHY_PROMOTION, {"ACTIVE": 32.0}),
    ],
)
def test_the_named_timelines_change_when_their_docstrings_say(
    steps: timelines.Steps, changes: dict[str, float]
) -> None:
    when = {status: at for at, status in Timeline(steps).changes()}

    assert {status: when[status] for status in changes} == changes
