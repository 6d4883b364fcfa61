"""The picture of a healthy promotion shows what happens today."""

from __future__ import annotations

import re

import draw_promotion


def test_the_picture_is_what_the_script_draws() -> None:
    drawn = draw_promotion.picture()

    assert drawn == draw_promotion.TARGET.read_text("utf-8"), "draw it again: make picture"


def test_it_shows_that_only_one_of_three_is_right() -> None:
    verdicts = re.findall(r'class="(bad|good)[^"]*">([^<]+)<', draw_promotion.picture())

    assert [kind for kind, _ in verdicts] == ["bad", "bad", "good"]
    assert verdicts[0][1] == "“failed”, at 14 s"
    assert verdicts[1][1] == "“live”, at 14 s; it first serves 10 minutes later"
    assert re.fullmatch(r"live, \d+ s after all traffic has moved", verdicts[2][1])
