"""Who may send at the same time, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._sending.places import SLOW_AFTER_S, Place, Places

READ = ("GET", "/v1/models/{model_id}/deployments/{deployment_id}")
PROMOTE = ("POST", "/v1/models/{model_id}/environments/{env_name}/promote")
LIST = ("GET", "/v1/models")


def call(route: tuple[str, str] = READ, url: str = "/a") -> Place:
    return Place(route, url, is_look=False)


def look(url: str = "/a") -> Place:
    return Place(READ, url, is_look=True)


def fill(places: Places, *wanted: Place) -> int:
    """Take places in turn until nobody has room; returns how many were taken."""
    taken = 0
    while room := [place for place in wanted if places.has_room(place)]:
        for place in room:
            if places.has_room(place):
                places.take(place, 0.0)
                taken += 1
    return taken


@pytest.mark.parametrize(
    ("total", "of_looks", "of_a_route", "of_a_url"),
    [(1, 1, 1, 1), (2, 1, 1, 1), (3, 2, 2, 2), (4, 3, 3, 3), (20, 15, 15, 14), (100, 75, 75, 67)],
)
def test_nobody_holds_all_places(total: int, of_looks: int, of_a_route: int, of_a_url: int) -> None:
    urls = [call(url=f"/{number}") for number in range(total)]

    assert fill(Places(total), look()) == Places(total).most_looks == of_looks
    assert fill(Places(total), *urls) == of_a_route
    assert fill(Places(total), call()) == of_a_url


@pytest.mark.parametrize("total", [4, 7, 20, 100])
@pytest.mark.parametrize(
    "hogs",
    [[look()], [call()], [look(), call()], [look(), call(), call(PROMOTE)]],
    ids=["looks", "a route", "both", "and another route"],
)
def test_a_route_finds_a_place_whoever_holds_the_others(total: int, hogs: list[Place]) -> None:
    places = Places(total)
    fill(places, *hogs)

    assert places.has_room(call(LIST, "/v1/models")) or len(hogs) >= total


def test_looks_find_a_place_whatever_calls_hold() -> None:
    places = Places(20)
    fill(places, call(), call(PROMOTE), call(LIST))

    assert places.has_room(look())


@pytest.mark.parametrize(
    ("total", "kept"), [(1, 0), (2, 1), (3, 1), (4, 1), (8, 2), (20, 5), (100, 25)]
)
@pytest.mark.parametrize("has_waits", [True, False])
def test_calls_keep_a_quarter_of_the_places_for_looks_while_waits_go_on(
    total: int, kept: int, *, has_waits: bool
) -> None:
    places = Places(total)
    places.has_waits = has_waits
    calls = [call((f"{number}", ""), url=f"/{number}") for number in range(total)]

    assert fill(places, *calls) == (total - kept if has_waits else total)
    assert places.most_looks == max(kept if has_waits else 0, 1)
    assert fill(places, look()) == (kept if has_waits else 0)


def test_looks_that_are_under_way_count_to_the_places_that_are_kept_for_them() -> None:
    places = Places(8)
    places.has_waits = True
    looks = [look(), look()]
    for one in looks:
        places.take(one, 0.0)

    assert fill(places, *(call((f"{number}", "")) for number in range(8))) == 6
    places.leave(looks.pop(), 0.0)
    assert not places.has_room(call(LIST))
    assert places.has_room(look())


def test_more_looks_may_be_under_way_when_calls_have_ended() -> None:
    places = Places(20)
    held = [call((f"{number}", "")) for number in range(12)]
    for one in held:
        places.take(one, 0.0)
    assert places.most_looks == fill(places, look()) == 6
    for one in held:
        places.leave(one, 0.0)

    assert places.most_looks == 15


def test_another_url_of_the_same_route_finds_a_place() -> None:
    places = Places(20)
    fill(places, call(url="/hangs"))

    assert places.has_room(call(url="/fine"))


def test_places_that_are_left_may_be_taken_again() -> None:
    places = Places(4)
    for _ in range(100):
        held = [call(), call(), call()]
        for one in held:
            assert places.has_room(one)
            places.take(one, 0.0)
        assert not places.has_room(call())
        for one in held:
            places.leave(one, 0.0)

    assert fill(places, look()) == 3


def test_a_route_is_slow_if_its_oldest_or_last_call_takes_more_than_five_seconds() -> None:
    places = Places(20)
    old, young = call(url="/old"), call(url="/young")
    places.take(old, 0.0)
    places.take(young, 6.0)
    places.take(look(), 0.0)
    places.take(call(LIST), 6.0)

    assert SLOW_AFTER_S == 5.0
    assert [places.is_slow(READ, at) for at in (5.0, 5.1)] == [False, True]
    assert not places.is_slow(LIST, 6.0)
    places.leave(old, 9.0)
    assert places.is_slow(READ, 9.0)
    places.leave(young, 11.0)
    assert not places.is_slow(READ, 99.0)
