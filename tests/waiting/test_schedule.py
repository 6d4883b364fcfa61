"""The pauses between looks, without an event loop."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiobaseten._status import Stage
from aiobaseten._waiting.schedule import (
    LEAST_AFTER_TROUBLE_S,
    MOST_AFTER_TROUBLE_S,
    after_trouble,
    default_schedule,
    jittered,
)
from aiobaseten.errors import ConfigurationError


@pytest.mark.parametrize(
    ("stage", "in_stage", "elapsed", "seconds"),
    [
        (Stage.BUILD, 0, 0, 2),  # at first, everything is looked at often
        (Stage.BUILD, 0, 45, 9),  # a share of the time that it has taken
        (Stage.BUILD, 0, 3600, 12),
        (Stage.DEPLOY, 0, 3600, 5),  # whatever the build has taken
        (Stage.DEPLOY, 40, 3600, 6),
        (Stage.DEPLOY, 600, 3600, 8),  # loading may be skipped
        (Stage.LOAD, 0, 3600, 2),  # it has only begun to load
        (Stage.LOAD, 120, 3600, 2),
        (Stage.LOAD, 200, 3600, 3),
        (Stage.LOAD, 3600, 3600, 10),
        (Stage.IDLE, 0, 0, 2),
        (Stage.IDLE, 0, 100, 5),
        (Stage.IDLE, 0, 3600, 10),
    ],
)
def test_the_stage_decides_the_pause_between_looks(
    stage: Stage, in_stage: float, elapsed: float, seconds: float
) -> None:
    assert default_schedule(stage, in_stage=in_stage, elapsed=elapsed) == seconds


@given(
    stage=st.sampled_from(Stage),
    in_stage=st.floats(0, 1e9),
    elapsed=st.floats(0, 1e9),
)
def test_a_pause_is_two_to_twelve_seconds(stage: Stage, in_stage: float, elapsed: float) -> None:
    assert 2 <= default_schedule(stage, in_stage=in_stage, elapsed=elapsed) <= 12


@given(seconds=st.floats(1e-3, 1e9), chance=st.floats(0, 1, exclude_max=True))
def test_jitter_makes_no_look_later(seconds: float, chance: float) -> None:
    assert 0.9 * seconds <= jittered(seconds, chance) <= seconds


def test_jitter_shortens_a_pause_by_up_to_a_tenth() -> None:
    assert jittered(10, 0.0) == 10
    assert jittered(10, 0.5) == 9.5


@pytest.mark.parametrize("said", [True, None, "2"])
def test_a_schedule_that_returns_no_number_is_refused(said: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^poll must "):
        jittered(said, 0.5)


@pytest.mark.parametrize("said", [0, -1.0, math.nan, math.inf])
def test_a_schedule_that_returns_no_finite_time_above_zero_is_refused(said: float) -> None:
    with pytest.raises(ConfigurationError, match=r"^poll must "):
        jittered(said, 0.5)


def test_failed_looks_become_rarer() -> None:
    waits = [after_trouble(failures, asked=None, chance=1.0) for failures in range(1, 7)]

    assert waits == [2, 4, 8, 16, 30, 30]


def test_the_pause_after_a_failure_is_random() -> None:
    assert after_trouble(3, asked=None, chance=0.0) == 4
    assert after_trouble(3, asked=None, chance=0.5) == 6


def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    assert after_trouble(1, asked=37, chance=0.5) == 37.5
    assert after_trouble(9, asked=37, chance=0.0) == 37


def test_a_pause_of_zero_is_lengthened() -> None:
    assert after_trouble(1, asked=0, chance=0.0) == LEAST_AFTER_TROUBLE_S


@given(failures=st.integers(1, 10**9), chance=st.floats(0, 1, exclude_max=True))
def test_looks_go_on_however_many_have_failed(failures: int, chance: float) -> None:
    wait = after_trouble(failures, asked=None, chance=chance)

    assert LEAST_AFTER_TROUBLE_S / 2 <= wait <= MOST_AFTER_TROUBLE_S
    assert math.isfinite(wait)
