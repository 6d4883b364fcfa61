"""Every figure on docs/sending.md is the constant in the code that it states."""

from __future__ import annotations

import inspect
import re
from itertools import accumulate
from typing import Any

import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten._reading_back import READ_BACK_AFTER_S
from aiobaseten._sending.aiohttp_transport import _LONGEST_LINE
from aiobaseten._sending.connections import ABANDONED_GRACE_S
from aiobaseten._sending.limits import _MARGIN, _PER_MINUTE, _PER_SECOND, LONGEST_PAUSE_S
from aiobaseten._sending.places import ROUTE_SHARE, SLOW_AFTER_S, URL_SHARE
from aiobaseten._sending.queue import LOOKS_YIELD_S
from aiobaseten._sending.retry import RetryQuota
from aiobaseten._sending.secret import _SHORTEST_KEY
from aiobaseten._waiting.budget import _RECOVERY_S
from aiobaseten._waiting.health import DOWN_AFTER, PROBE_EVERY_S
from aiobaseten._waiting.steps import NOT_FOUND_GRACE_S
from aiobaseten.errors import TRANSIENT_STATUSES
from aiobaseten.options import DEFAULT_POLLING_RATE

from .pages import DOCS

# Examples are programs: tests/docs/test_examples.py runs them.
PAGE = re.sub(r"```.*?```", "", (DOCS / "sending.md").read_text("utf-8"), flags=re.DOTALL)
TEXT = " ".join(PAGE.split())
POLICY = RetryPolicy()
#: HTTP statuses in the text. The statuses that are retried are a figure, see below.
HTTP_STATUS = r"\b(?:[1-5]xx|200|204|404|408|429|501)\b"


def written(figure: object) -> str:
    """A figure as the page writes it."""
    return figure if isinstance(figure, str) else f"{figure:g}"


def default(option: str) -> Any:
    """The default of an option of the client."""
    return inspect.signature(Baseten).parameters[option].default


def ranges(statuses: frozenset[int]) -> str:
    """Statuses as the page writes them: ``500, 502, 520 to 530``."""
    runs: list[list[int]] = []
    for status in sorted(statuses):
        if not runs or status != runs[-1][-1] + 1:
            runs.append([])
        runs[-1].append(status)
    return ", ".join(
        f"{run[0]} to {run[-1]}" if len(run) > 3 else ", ".join(map(str, run)) for run in runs
    )


#: A sentence or a row of the page, with a place for each figure; and the figures.
STATED: list[tuple[str, tuple[object, ...]]] = [
    ("| {} | retried | **not retried** |", (ranges(TRANSIENT_STATUSES - {429}),)),
    ("a 404 before the first successful look only after {} s", (NOT_FOUND_GRACE_S,)),
    ("At most {} attempts per request", (POLICY.attempts,)),
    ("The last attempt starts at most {} s after the first", (POLICY.total,)),
    (
        "at most {} s before the first retry, and twice as much before each further one, "
        "up to {} s",
        (POLICY.first_delay, POLICY.max_delay),
    ),
    ("`max_retry_after` ({} s)", (POLICY.max_retry_after,)),
    ("at most {} s later (Baseten's longest rate window)", (LONGEST_PAUSE_S,)),
    ("a quota of {} retries", (RetryQuota.CAPACITY,)),
    ("the route for the requested delay, at most {} s;", (LONGEST_PAUSE_S,)),
    ("gives back {} of a retry", (RetryQuota.REFUND,)),
    ("at once, and after {}, {} and {} s", tuple(accumulate(READ_BACK_AFTER_S))[1:]),
    ("| each route | {} per second |", _PER_SECOND[:1]),
    ("| activate a model's deployment | {} per minute |", _PER_MINUTE["activate"][:1]),
    ("| deactivate a model's deployment | {} per minute |", _PER_MINUTE["deactivate"][:1]),
    ("| retry a model's deployment | {} per minute |", _PER_MINUTE["retry"][:1]),
    ("| looks of all waits together | {} per second (`polling_rate`) |", (DEFAULT_POLLING_RATE,)),
    ("stretches their rate windows by {} %", (round(100 * (_MARGIN - 1)),)),
    ("within {} s the rate is back to normal", (_RECOVERY_S,)),
    ("After looks at {} resources of a route began to fail", (DOWN_AFTER,)),
    ("a single look, about every {} s", (PROBE_EVERY_S,)),
    ("| {} s | `connect_timeout` |", (default("connect_timeout"),)),
    ("| {} s | `read_timeout` |", (default("read_timeout"),)),
    ("| {} s | `write_timeout` |", (default("write_timeout"),)),
    ("| {} s | `pool_timeout` |", (default("pool_timeout"),)),
    ("| {} s | `answer_timeout` |", (default("answer_timeout"),)),
    ("At most {} requests run at the same time", (default("max_connections"),)),
    ("Calls go before looks that came up to {} s earlier", (LOOKS_YIELD_S,)),
    ("while a call of it has no response after {} s", (SLOW_AFTER_S,)),
    ("Its request gets another {} s to finish", (ABANDONED_GRACE_S,)),
    ("a header line of more than {} KiB", (_LONGEST_LINE // 1024,)),
    ("fewer than {} characters", (_SHORTEST_KEY,)),
]


@pytest.mark.parametrize(("sentence", "figures"), STATED, ids=[one for one, _ in STATED])
def test_a_figure_is_the_constant_in_the_code(sentence: str, figures: tuple[object, ...]) -> None:
    places = re.findall(re.escape(sentence).replace(r"\{\}", r"(\d[\d., to]*?)"), TEXT)

    assert len(places) == 1, "the page says this in another way now: adapt the sentence here"
    shown = places[0] if len(figures) > 1 else (places[0],)
    assert shown == tuple(written(figure) for figure in figures)


def test_rate_windows_are_a_second_and_a_minute_long() -> None:
    assert _PER_SECOND[1] == 1.0
    assert {seconds for _, seconds in _PER_MINUTE.values()} == {60.0}


def test_shares_of_places_are_three_and_two() -> None:
    assert (ROUTE_SHARE, URL_SHARE) == (3, 2)


def test_the_first_reading_after_a_lost_response_is_at_once() -> None:
    assert READ_BACK_AFTER_S[0] == 0.0


def test_no_figure_is_left_out() -> None:
    rest = re.sub(HTTP_STATUS, "", TEXT)
    for sentence, figures in STATED:
        shown = sentence.format(*(written(figure) for figure in figures))
        rest = rest.replace(re.sub(HTTP_STATUS, "", shown), "")

    assert re.findall(r"\S*\d\S*", rest) == [], "add each to STATED, with its constant"
