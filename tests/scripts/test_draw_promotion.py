"""The pictures of promotions show the behaviour of the current code."""

from __future__ import annotations

import re

import pytest

import draw_guard
import draw_promotion


def test_the_picture_is_up_to_date() -> None:
    drawn = draw_promotion.picture()

    assert drawn == draw_promotion.TARGET.read_text("utf-8"), "run make picture"


@pytest.mark.thorough
def test_the_picture_of_a_guard_is_up_to_date() -> None:
    assert draw_guard.picture() == draw_guard.TARGET.read_text("utf-8"), "run make picture"


def test_only_one_of_three_ways_of_waiting_is_right() -> None:
    verdicts = re.findall(r'class="(bad|good)[^"]*">([^<]+)<', draw_promotion.picture())

    assert [kind for kind, _ in verdicts] == ["bad", "bad", "good"]
    assert verdicts[0][1] == "“failed” at 14 s"
    assert verdicts[1][1] == "“live” at 14 s, 10 minutes too early"
    assert re.fullmatch(r"live, \d+ s after all traffic has moved", verdicts[2][1])
