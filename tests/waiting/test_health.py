"""Whether a route counts as down, from the results of its looks, without an event loop."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten._waiting.health import (
    DOWN_AFTER,
    PROBE_EVERY_S,
    Change,
    Health,
    Standing,
    standing_after,
)
from aiobaseten.errors import (
    APIError,
    BasetenError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ResponseShapeError,
    ServerError,
    TransportError,
)

WHERE: dict[str, Any] = {"method": "GET", "path": "/v1/models/m1"}
SUCCESS = object()
NEW, SOUND, FAILING = Standing


def refusal(kind: type[APIError], status: int, retry_after: float | None = None) -> APIError:
    error = kind("no", status=status, **WHERE)
    error.retry_after = retry_after
    return error


DOWN: list[BasetenError] = [
    refusal(ServerError, 503),
    TransportError("reset", sent=True, **WHERE),
    ResponseShapeError("it is empty", status=200, **WHERE),
]
HANGS = RequestTimeoutError("nothing", sent=True, **WHERE)


def after(
    health: Health,
    outcome: object,
    at: float = 0.0,
    *,
    before: Standing = SOUND,
    sound: int = 1000,
    chance: float = 0.5,
) -> Change:
    return health.after(outcome, at, before=before, sound=sound, chance=chance)


def is_held(health: Health, at: float = 0.0) -> list[Standing]:
    return [standing for standing in Standing if health.holds(standing, at)]


@pytest.mark.parametrize("before", [NEW, SOUND])
@pytest.mark.parametrize("error", DOWN, ids=lambda error: type(error).__name__)
def test_a_route_is_down_after_three_resources_began_to_fail(
    error: BasetenError, before: Standing
) -> None:
    health = Health()

    is_down = []
    for at in (1.0, 2.0, 3.0):
        after(health, error, at, before=before)
        is_down.append(health.is_down)

    assert is_down == [False, False, True]
    assert health.probe_at == 3.0 + 4.0
    assert health.seen_down_at == 3.0


def test_failures_of_different_kinds_count_together() -> None:
    health = Health()
    for error in DOWN:
        after(health, error)

    assert health.is_down


def test_a_resource_that_fails_again_and_again_does_not_count_again() -> None:
    health = Health()
    for before in (SOUND, *[FAILING] * 20):
        after(health, DOWN[0], before=before)

    assert not health.is_down


def test_a_success_between_failures_begins_the_count_anew() -> None:
    health = Health()
    for outcome in (DOWN[0], DOWN[0], SUCCESS, DOWN[0], DOWN[0]):
        assert after(health, outcome) is Change.NOTHING

    assert not health.is_down
    assert is_held(health) == []


@pytest.mark.parametrize(
    "error", [refusal(APIError, 400), refusal(NotFoundError, 404)], ids=["400", "404"]
)
def test_a_refusal_of_the_caller_shows_that_the_server_answers(error: APIError) -> None:
    health = Health()
    for _ in range(DOWN_AFTER):
        after(health, DOWN[0])

    assert after(health, error) is Change.BACK
    assert standing_after(error) is SOUND


def test_while_it_is_down_each_failure_holds_the_looks_again() -> None:
    health = Health()
    for at in (0.0, 0.0, 0.0):
        after(health, DOWN[0], at)

    after(health, DOWN[0], 10.0, before=FAILING)

    assert health.probe_at == 10.0 + PROBE_EVERY_S


@pytest.mark.parametrize(("sound", "held"), [(5, 0.5), (60, 6.0), (600, 60.0), (1000, 60.0)])
def test_a_first_look_is_never_held_and_sound_resources_as_long_as_there_are_many(
    sound: int, held: float
) -> None:
    health = Health()
    for at in (0.0, 1.0, 2.0, 2.5):
        after(health, DOWN[0], at, sound=sound)

    assert is_held(health, 2.0 + held - 0.01) == [SOUND, FAILING]
    assert is_held(health, 2.0 + held) == [FAILING]


def test_a_route_on_which_something_answers_holds_no_sound_resources_for_a_minute() -> None:
    health = Health()

    def goes_down(at: float) -> None:
        for _ in range(DOWN_AFTER):
            after(health, DOWN[0], at)

    goes_down(0.0)
    after(health, SUCCESS, 10.0)
    goes_down(11.0)
    assert is_held(health, 11.0) == [FAILING]

    after(health, SUCCESS, 12.0)
    goes_down(12.0 + 59.9)
    assert is_held(health, 12.0 + 59.9) == [FAILING]

    after(health, SUCCESS, 100.0)
    goes_down(100.0 + 60.0)
    assert is_held(health, 100.0 + 60.0) == [SOUND, FAILING]


def test_the_pause_between_probes_is_random_by_a_quarter() -> None:
    probes: list[float] = []
    for chance in (0.0, 0.999):
        health = Health()
        for _ in range(DOWN_AFTER):
            after(health, DOWN[0], chance=chance)
        probes.append(health.probe_at)

    assert probes == pytest.approx([0.75 * PROBE_EVERY_S, 1.25 * PROBE_EVERY_S], abs=0.01)


def test_the_first_success_after_an_outage_ends_the_hold() -> None:
    health = Health()
    for _ in range(DOWN_AFTER):
        after(health, DOWN[0])

    assert after(health, SUCCESS, 5.0) is Change.BACK
    assert is_held(health, 5.0) == []
    assert after(health, SUCCESS, 6.0) is Change.NOTHING


def test_requests_that_hang_hold_no_others_and_their_end_is_news() -> None:
    health = Health()
    for _ in range(10):
        after(health, HANGS)

    assert is_held(health) == []
    assert after(health, SUCCESS) is Change.BACK


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(37.0, 37.0, 38.0), (37_000.0, 60.0, 61.0), (None, 1.0, 2.0)]
)
def test_a_429_pauses_a_route_for_as_long_as_it_asks_but_for_a_minute_at_most(
    asked: float | None, least: float, most: float
) -> None:
    health = Health()

    change = after(health, refusal(RateLimitError, 429, asked), 100.0)

    assert change is Change.REFUSED
    assert least <= health.refused_until - 100.0 <= most
    assert not health.is_down


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    health = Health()
    after(health, refusal(RateLimitError, 429, 37.0), 0.0)
    until = health.refused_until

    after(health, refusal(RateLimitError, 429, 2.0), 1.0)

    assert health.refused_until == until


def test_an_answer_ends_a_pause() -> None:
    health = Health()
    after(health, refusal(RateLimitError, 429, 37.0), 0.0)

    assert after(health, SUCCESS, 1.0) is Change.NOTHING
    assert health.refused_until == 0.0


def test_a_429_is_no_failure_of_the_server() -> None:
    health = Health()
    for _ in range(10):
        after(health, refusal(RateLimitError, 429, 2.0))

    assert not health.is_down
