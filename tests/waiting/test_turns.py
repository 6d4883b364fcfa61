"""Which look starts next, without an event loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define

from aiobaseten._waiting.health import HELD_EACH_S, PROBE_EVERY_S, Change, Standing
from aiobaseten._waiting.turns import Route, Seat, Turns
from aiobaseten.errors import RateLimitError, RequestTimeoutError, ServerError

A: Route = ("GET", "/a")
B: Route = ("GET", "/b")
NEW, SOUND, FAILING = Standing
PLACES = 20
WHERE: Any = {"method": "GET", "path": "/a"}
BAD = ServerError("no", status=502, **WHERE)
HANGS = RequestTimeoutError("nothing", sent=True, **WHERE)
GOOD = object()


@define
class Places:
    most_looks: int


@define(eq=False)
class Poll:
    name: str
    route: Route = A
    standing: Standing = NEW


def turns(
    rate: float = 1000.0,
    paused: Callable[[Route], float] = lambda _: 0.0,
    *,
    places: int = PLACES,
) -> Turns[Poll]:
    return Turns(rate, Places(places), paused)


def polls(
    order: Turns[Poll],
    count: int,
    standing: Standing,
    route: Route = A,
    *,
    due: float = 0.0,
    deadline: float = math.inf,
) -> list[Poll]:
    """So many resources that are due; those that fail are called f0, f1 and so on."""
    made = [Poll(f"{standing.name[0].lower()}{i}", route, standing) for i in range(count)]
    for one in made:
        order.plan(one, due, deadline)
    return made


def start_all(order: Turns[Poll], now: float = 0.0) -> dict[Poll, Seat]:
    """Start all looks that may start."""
    seats: dict[Poll, Seat] = {}
    while (turn := order.next(now)).poll is not None:
        seats[turn.poll] = order.start(turn.poll, now, is_last=turn.is_last)
    return seats


def fail(order: Turns[Poll], seats: dict[Poll, Seat], error: object, at: float = 0.0) -> None:
    """These looks end with the error, and are due again at once."""
    for poll, seat in seats.items():
        order.learn(poll, error, at, 0.5)
        order.end(seat, 0.0)
        order.plan(poll, at, math.inf)


def names(seats: dict[Poll, Seat]) -> str:
    return " ".join(poll.name for poll in seats)


def test_the_one_that_is_due_first_is_first_whatever_its_route() -> None:
    order = turns()
    for at, route in [(3.0, A), (1.0, B), (2.0, A)]:
        order.plan(Poll(f"at {at:g}", route), at, math.inf)

    assert order.next(0.0).at == 1.0
    assert names(start_all(order, 3.0)) == "at 1 at 2 at 3"


def test_there_are_no_more_looks_at_a_time_than_places() -> None:
    order = turns(rate=1e9)
    polls(order, 100, SOUND)

    seats = start_all(order)
    assert len(seats) == PLACES
    assert order.next(0.0).lacks_place

    order.end(seats.popitem()[1], 0.0)
    assert len(start_all(order)) == 1


@pytest.mark.parametrize(
    ("standing", "most"), [(NEW, 14), (FAILING, 0.25 * PLACES), (SOUND, PLACES)]
)
def test_looks_that_may_hang_hold_a_share_of_the_places(standing: Standing, most: float) -> None:
    order = turns(rate=1e9)
    polls(order, 100, standing)

    assert len(start_all(order)) == most


def test_routes_that_are_not_known_to_answer_leave_places_to_others() -> None:
    order = turns(rate=1e9)
    polls(order, 100, NEW, A)
    polls(order, 100, NEW, B)
    assert len(start_all(order)) == 0.8 * PLACES

    polls(order, 100, SOUND, ("GET", "/c"))
    assert len(start_all(order)) == 0.2 * PLACES - 1  # the last is for a fourth route


@pytest.mark.parametrize(("others", "most"), [(0, PLACES), (1, 0.75 * PLACES)])
def test_a_route_leaves_places_to_another_one_that_is_polled(others: int, most: float) -> None:
    """All its looks may begin to hang."""
    order = turns(rate=1e9)
    polls(order, 100, SOUND, A)
    polls(order, others, SOUND, B, due=9.0)

    assert len(start_all(order)) == most


@pytest.mark.parametrize(("places", "of_a", "of_b"), [(1, 1, 0), (2, 1, 1), (3, 2, 1), (4, 3, 1)])
def test_the_last_place_is_for_a_route_that_holds_none(places: int, of_a: int, of_b: int) -> None:
    order = turns(rate=1e9, places=places)
    polls(order, 9, SOUND, A)
    polls(order, 9, SOUND, B, due=1.0)

    assert len(start_all(order)) == of_a
    assert len(start_all(order, 1.0)) == of_b


@pytest.mark.parametrize(
    ("standings", "is_last", "share"),
    [
        ([NEW], False, 0.8),
        ([FAILING], False, 0.25),
        ([NEW, FAILING], False, 0.8),
        ([SOUND], True, 0.8),
        ([SOUND], False, 1.0),
    ],
)
def test_a_share_of_a_single_place_is_a_share_of_its_time(
    standings: list[Standing], share: float, *, is_last: bool
) -> None:
    """Each hangs for ten seconds, while another resource, which answers, is always due."""
    order = turns(rate=1e9, places=1)
    due, deadline = (math.inf, -1.0) if is_last else (-1.0, math.inf)
    for standing in standings:
        polls(order, 100, standing, due=due, deadline=deadline)
    answers = Poll("answers", B, SOUND)
    order.plan(answers, 0.0, math.inf)
    now = held = 0.0
    while now < 300.0:
        turn = order.next(now)
        assert turn.poll is not None
        took = 0.1 if turn.poll is answers else 10.0
        seat = order.start(turn.poll, now, is_last=turn.is_last)
        now += took
        order.end(seat, now)
        if turn.poll is answers:
            order.plan(answers, now, math.inf)
        else:
            held += took
            order.drop(turn.poll)

    assert held / now == pytest.approx(share, abs=0.03)


def test_a_last_look_that_waits_for_its_share_says_when_it_may_start() -> None:
    order = turns(places=1)
    polls(order, 2, SOUND, due=math.inf, deadline=0.0)
    first = order.next(0.0).poll
    assert first is not None
    order.end(order.start(first, 0.0, is_last=True), 10.0)

    assert order.next(10.0).poll is None
    assert order.next(10.0).deadline == pytest.approx(12.5)
    assert order.next(12.5).is_last


def test_looks_that_had_the_place_while_nobody_wanted_it_need_not_pay_that_back() -> None:
    """Of every 40 s, ten are theirs. After all of a quarter of an hour, the next begins in 40 s."""
    order = turns(rate=1e9, places=1)
    for at in range(0, 1000, 10):
        (poll,) = polls(order, 1, FAILING, due=at)
        order.end(order.start(poll, at, is_last=False), at + 10.0)
        order.drop(poll)
    polls(order, 1, FAILING, due=1000.0)
    polls(order, 1, SOUND, B, due=1000.0)

    assert names(start_all(order, 1040.0)) == "f0"


def test_last_looks_leave_places_to_others() -> None:
    """All may hang, and nobody gives them up."""
    order = turns(rate=1e9)
    polls(order, 100, NEW, A, due=math.inf, deadline=0.0)
    polls(order, 100, SOUND, B)

    seats = start_all(order)

    assert [seat.is_last for seat in seats.values()].count(True) == 0.8 * PLACES
    assert len(seats) > 0.8 * PLACES
    assert not order.next(0.0).is_last
    order.end(next(iter(seats.values())), 0.0)
    assert order.next(0.0).is_last


@pytest.mark.parametrize("is_last", [False, True])
def test_without_a_free_place_the_next_moment_is_when_a_look_is_due(*, is_last: bool) -> None:
    """Then it lacks a place, and a look that hangs is given up for it."""
    order = turns(rate=1e9)
    polls(order, PLACES, SOUND)
    start_all(order)
    polls(order, 1, SOUND, due=5.0, deadline=math.inf)
    if is_last:
        polls(order, 1, SOUND, due=math.inf, deadline=4.0)

    waits = order.next(0.0)
    assert (waits.deadline if is_last else waits.at) == (4.0 if is_last else 5.0)
    assert not order.next(0.0).lacks_place
    assert order.next(5.0).lacks_place


@pytest.mark.parametrize("is_last", [False, True])
def test_resources_that_fail_want_a_place_of_nobody(*, is_last: bool) -> None:
    """A look that hangs is given up only for one that need not fail."""
    order = turns(rate=1e9)
    polls(order, PLACES, SOUND)
    start_all(order)
    due, deadline = (math.inf, 0.0) if is_last else (0.0, math.inf)
    polls(order, 100, FAILING, due=due, deadline=deadline)

    assert not order.next(0.0).lacks_place


def test_every_second_first_look_is_at_the_newest_resource_while_some_fail() -> None:
    order = turns()
    polls(order, 4, NEW, due=-1.0)
    order.plan(Poll("later"), 1.0, math.inf)

    assert names(start_all(order)) == "n0 n1 n2 n3"

    order = turns()
    polls(order, 1, FAILING, due=math.inf)
    polls(order, 4, NEW, due=-1.0)
    order.plan(Poll("later"), 1.0, math.inf)
    assert names(start_all(order)) == "n3 n0 n2 n1"


@pytest.mark.parametrize("alone", [0.0, 1000.0])
def test_failing_resources_get_a_share_of_the_budget_while_others_want_it(alone: float) -> None:
    """Also if they had all of it before, while nobody else wanted it."""
    order = turns(rate=8.0)
    failing = polls(order, 1, FAILING)[0]
    sound = polls(order, 1, SOUND, due=alone)[0]
    looks = {failing: 0, sound: 0}
    now = 0.0
    while now < alone + 100.0:
        turn = order.next(now)
        if turn.poll is None:
            now = turn.at
            continue
        order.end(order.start(turn.poll, now, is_last=False), now)
        looks[turn.poll] += now >= alone
        order.plan(turn.poll, now, math.inf)

    assert sum(looks.values()) == pytest.approx(800, abs=10)
    assert looks[failing] == pytest.approx(200, abs=10)


def test_failing_resources_get_all_of_the_budget_if_nobody_else_wants_it() -> None:
    order = turns(rate=4.0)
    polls(order, 4, FAILING)

    assert len(start_all(order)) == 4


def test_a_paused_route_holds_up_no_other() -> None:
    order = turns(paused=lambda route: 30.0 if route == A else 0.0)
    polls(order, 5, SOUND, A)
    polls(order, 1, NEW, B)

    assert names(start_all(order)) == "n0"
    assert order.next(0.0).at == 30.0


def test_a_429_slows_down_its_route_and_no_other() -> None:
    order = turns(rate=1.0)
    refused = RateLimitError("no", status=429, **WHERE)
    a, b = (polls(order, 1, SOUND, route, due=math.inf)[0] for route in (A, B))
    assert order.learn(a, refused, 0.0, 0.0) is Change.REFUSED
    spacing = {}
    for poll, now in [(a, 10.0), (b, 20.0)]:
        order.end(order.start(poll, now, is_last=False), now)
        order.plan(poll, now, math.inf)
        spacing[poll] = order.next(now).at - now
        order.plan(poll, math.inf, math.inf)

    assert spacing[a] > 1.1
    assert spacing[b] == pytest.approx(1.0)


def test_a_route_that_is_down_is_probed_by_one_look_and_holds_up_no_other() -> None:
    order = turns()
    polls(order, 200, SOUND, A, due=9.0)
    fail(order, dict([*start_for(order, polls(order, 3, SOUND, A))]), BAD)
    polls(order, 5, SOUND, A)
    polls(order, 2, SOUND, B)

    assert [poll.route for poll in start_all(order)] == [B, B]
    assert order.next(0.0).at == PROBE_EVERY_S
    probe = start_all(order, PROBE_EVERY_S)
    assert len(probe) == 1
    assert {poll.standing for poll in probe} == {SOUND}

    for poll, seat in probe.items():
        assert order.learn(poll, GOOD, 5.0, 0.5) is Change.BACK
        order.end(seat, 5.0)
    assert len(start_all(order, 5.0)) > 1


@pytest.mark.parametrize("hanging", [0, PLACES - 1])
def test_looks_that_were_held_long_enough_wait_for_no_probe(hanging: int) -> None:
    """A probe may hang, and so may everything that has a place."""
    order = turns()
    for poll in polls(order, hanging, SOUND):
        order.start(poll, 0.0, is_last=False)
    polls(order, 97 - hanging, SOUND, due=PROBE_EVERY_S)
    fail(order, dict(start_for(order, polls(order, 3, SOUND))), BAD)
    assert len(start_all(order, PROBE_EVERY_S)) == 1
    held = HELD_EACH_S * 98

    assert order.next(PROBE_EVERY_S).at == pytest.approx(held)
    turn = order.next(held)
    assert turn.poll is not None or turn.lacks_place


def test_others_wait_for_a_while_for_a_probe_that_hangs() -> None:
    order = turns()
    fail(order, dict(start_for(order, polls(order, 3, SOUND))), BAD)
    assert len(start_all(order, PROBE_EVERY_S)) == 1

    until = PROBE_EVERY_S + 10.0
    assert order.next(PROBE_EVERY_S).at == until
    assert len(start_all(order, until)) == 1


def test_one_look_probes_for_all_routes_if_everything_fails() -> None:
    order = turns()
    for route in (A, B):
        fail(order, dict([*start_for(order, polls(order, 3, SOUND, route))]), BAD)

    probe = start_all(order, PROBE_EVERY_S)
    assert len(probe) == 1
    fail(order, probe, BAD, PROBE_EVERY_S)
    assert start_all(order, PROBE_EVERY_S + 1) == {}

    ((poll, seat),) = start_all(order, 2 * PROBE_EVERY_S).items()
    order.learn(poll, GOOD, 9.0, 0.5)
    order.end(seat, 9.0)
    other = B if poll.route == A else A
    again = [one.route for one in start_all(order, 30.0)]
    # The one that answers is looked at as usual, the other one still probed.
    assert again.count(other) == 1
    assert again.count(poll.route) > 1


def test_routes_that_are_down_are_probed_apart_while_another_one_answers() -> None:
    order = turns()
    polls(order, 1, SOUND, ("GET", "/c"), due=math.inf)
    for route in (A, B):
        fail(order, dict([*start_for(order, polls(order, 3, SOUND, route))]), BAD)

    assert {poll.route for poll in start_all(order, PROBE_EVERY_S)} == {A, B}


def test_looks_that_are_held_want_no_place() -> None:
    """Otherwise, a look that hangs would be given up for them."""
    order = turns()
    polls(order, 200, SOUND)
    fail(order, dict([*start_for(order, polls(order, 3, SOUND))]), BAD)
    assert len(start_all(order, PROBE_EVERY_S)) == 1

    assert not order.next(PROBE_EVERY_S).lacks_place


def test_a_last_look_under_way_holds_up_no_probe() -> None:
    order = turns()
    polls(order, 200, SOUND, due=math.inf)
    fail(order, dict([*start_for(order, polls(order, 3, SOUND))]), BAD)
    polls(order, 1, SOUND, B, due=math.inf)
    (last,) = polls(order, 1, SOUND, due=math.inf)
    order.start(last, 1.0, is_last=True)

    assert len(start_all(order, PROBE_EVERY_S)) == 1


def test_a_route_is_looked_at_again_when_the_pause_after_a_429_is_over() -> None:
    order = turns()
    (poll,) = polls(order, 1, SOUND)

    order.learn(poll, RateLimitError("no", status=429, retry_after=30.0, **WHERE), 0.0, 0.5)

    assert order.next(0.0).at == pytest.approx(30.5)


def test_all_routes_together_share_a_budget() -> None:
    order = turns(rate=1.0)
    polls(order, 5, SOUND, A)
    polls(order, 5, SOUND, B)

    assert len(start_all(order)) == 1


def start_for(order: Turns[Poll], some: list[Poll]) -> list[tuple[Poll, Seat]]:
    return [(one, order.start(one, 0.0, is_last=False)) for one in some]


def test_a_last_look_passes_budget_pause_and_outage() -> None:
    order = turns(rate=0.001, paused=lambda _: 1e9)
    fail(order, dict(start_for(order, polls(order, 3, SOUND))), BAD)
    polls(order, 5, SOUND, due=math.inf, deadline=7.0)

    assert order.next(0.0).deadline == 7.0
    assert [seat.is_last for seat in start_all(order, 7.0).values()] == [True] * 5


def test_last_looks_of_a_refused_route_go_one_at_a_time_and_others_all() -> None:
    order = turns()
    polls(order, 5, SOUND, A, due=math.inf, deadline=7.0)
    polls(order, 5, SOUND, B, due=math.inf, deadline=7.0)
    order.learn(Poll("x", A, SOUND), RateLimitError("no", status=429, **WHERE), 7.0, 1.0)

    routes = [poll.route for poll in start_all(order, 7.0)]

    assert routes.count(A) == 1
    assert routes.count(B) == 5


def test_last_looks_at_failing_resources_come_last() -> None:
    order = turns()
    polls(order, PLACES, FAILING, due=math.inf, deadline=6.0)
    polls(order, 3, SOUND, B, due=math.inf, deadline=7.0)

    seats = start_all(order, 7.0)

    assert names(seats).startswith("s0 s1 s2 f0")
    assert len(seats) == 0.8 * PLACES


def test_a_look_that_starts_keeps_its_deadline_and_a_last_one_does_not() -> None:
    order = turns()
    (poll,) = polls(order, 1, SOUND, deadline=50.0)

    order.start(poll, 0.0, is_last=False)
    assert order.next(0.0).deadline == 50.0
    order.start(poll, 50.0, is_last=True)
    assert order.next(50.0).at == math.inf


def test_a_dropped_resource_is_not_looked_at() -> None:
    order = turns()
    (poll,) = polls(order, 1, FAILING, deadline=0.0)

    order.drop(poll)

    assert order.next(0.0).poll is None
    assert list(order.of_route(A)) == []
