"""Whether the server counts as down, from the results of looks, without an event loop."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten._waiting.health import DOWN_AFTER, PROBE_EVERY_S, Change, Health
from aiobaseten.errors import (
    APIError,
    BasetenError,
    NotFoundError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
    TransportError,
)

WHERE: dict[str, Any] = {"method": "GET", "path": "/v1/models/m1"}
SUCCESS = object()


def refusal(kind: type[APIError], status: int, retry_after: float | None = None) -> APIError:
    error = kind("no", status=status, **WHERE)
    error.retry_after = retry_after
    return error


DOWN: list[BasetenError] = [
    refusal(ServerError, 503),
    TransportError("reset", sent=True, **WHERE),
    ResponseShapeError("it is empty", status=200, **WHERE),
]


def after(
    health: Health, outcome: object, at: float = 0.0, *, is_alone: bool = False, chance: float = 0.5
) -> Change:
    return health.after(outcome, at, is_alone=is_alone, chance=chance)


@pytest.mark.parametrize("error", DOWN, ids=lambda error: type(error).__name__)
def test_the_server_is_down_after_three_failures_in_a_row(error: BasetenError) -> None:
    health = Health()

    changes = [after(health, error, at) for at in (1.0, 2.0, 3.0)]

    assert DOWN_AFTER == 3
    assert changes == [Change.NOTHING, Change.NOTHING, Change.DOWN]
    assert health.is_down
    assert health.held_until == 3.0 + PROBE_EVERY_S


def test_failures_of_different_kinds_count_together() -> None:
    health = Health()

    assert [after(health, error) for error in DOWN][-1] is Change.DOWN


def test_a_success_between_failures_begins_the_count_anew() -> None:
    health = Health()
    for outcome in (DOWN[0], DOWN[0], SUCCESS, DOWN[0], DOWN[0]):
        assert after(health, outcome) is Change.NOTHING

    assert not health.is_down
    assert health.held_until == 0.0


@pytest.mark.parametrize(
    "error", [refusal(APIError, 400), refusal(NotFoundError, 404)], ids=["400", "404"]
)
def test_a_refusal_of_the_caller_shows_that_the_server_answers(error: APIError) -> None:
    health = Health()
    for _ in range(DOWN_AFTER):
        after(health, DOWN[0])

    assert after(health, error) is Change.BACK


def test_while_it_is_down_each_failure_holds_the_looks_again() -> None:
    health = Health()
    for at in (0.0, 0.0, 0.0):
        after(health, DOWN[0], at)

    assert after(health, DOWN[0], 10.0) is Change.DOWN
    assert health.held_until == 10.0 + PROBE_EVERY_S


def test_the_pause_between_probes_is_random_by_a_quarter() -> None:
    held: list[float] = []
    for chance in (0.0, 0.999):
        health = Health()
        for _ in range(DOWN_AFTER):
            after(health, DOWN[0], chance=chance)
        held.append(health.held_until)

    assert held == pytest.approx([0.75 * PROBE_EVERY_S, 1.25 * PROBE_EVERY_S], abs=0.01)


def test_a_single_poll_is_not_held_for_others() -> None:
    """Its own wait says when to look again."""
    health = Health()

    changes = {after(health, DOWN[0], is_alone=True) for _ in range(DOWN_AFTER + 1)}

    assert changes == {Change.NOTHING}
    assert health.is_down
    assert health.held_until == 0.0


def test_the_first_success_after_an_outage_ends_the_hold() -> None:
    health = Health()
    for _ in range(DOWN_AFTER):
        after(health, DOWN[0])

    assert after(health, SUCCESS, 5.0) is Change.BACK
    assert not health.is_down
    assert health.held_until == 0.0
    assert after(health, SUCCESS, 6.0) is Change.NOTHING


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(37.0, 37.0, 38.0), (37_000.0, 60.0, 61.0), (None, 1.0, 2.0)]
)
def test_a_429_holds_all_looks_for_as_long_as_it_asks_but_for_a_minute_at_most(
    asked: float | None, least: float, most: float
) -> None:
    health = Health()

    change = after(health, refusal(RateLimitError, 429, asked), 100.0)

    assert change is Change.REFUSED
    assert least <= health.held_until - 100.0 <= most
    assert not health.is_down


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    health = Health()
    after(health, refusal(RateLimitError, 429, 37.0), 0.0)
    held = health.held_until

    after(health, refusal(RateLimitError, 429, 2.0), 1.0)

    assert health.held_until == held


def test_a_429_is_no_failure_of_the_server() -> None:
    health = Health()
    for _ in range(10):
        after(health, refusal(RateLimitError, 429, 2.0))

    assert not health.is_down
