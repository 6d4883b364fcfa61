"""How many looks per second a client may make, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting.budget import PlaceTime, PollingBudget


@pytest.mark.parametrize(("rate", "at_once"), [(5.0, 5), (80.0, 5), (2.0, 2), (0.5, 1)])
def test_a_burst_of_looks_is_followed_by_even_spacing(rate: float, at_once: int) -> None:
    budget = PollingBudget(rate)

    for _ in range(at_once):
        assert budget.free_at(0.0) == 0.0
        budget.take(0.0)

    assert budget.free_at(0.0) == pytest.approx(1 / rate)


def test_a_refusal_halves_the_rate_and_a_minute_restores_it() -> None:
    budget = PollingBudget(1.0)
    budget.slow_down(10.0)
    spacing: list[float] = []
    for now in (10.0, 16.0, 40.0, 80.0):
        budget.take(now)
        spacing.append(budget.free_at(now) - now)

    assert spacing == pytest.approx([1 / 0.5, 1 / 0.6, 1, 1])


def test_many_refusals_leave_a_part_of_the_rate_and_time_restores_it() -> None:
    budget = PollingBudget(10.0)
    for _ in range(20):
        budget.slow_down(0.0)
    slow = looks_of(budget, since=0.0, until=10.0)

    later = looks_of(budget, since=200.0, until=210.0)

    assert slow < 50
    assert later >= 100


def looks_of(budget: PollingBudget, *, since: float, until: float) -> int:
    """The number of looks if one is always wanted."""
    budget.take(since)
    count, now = 1, since
    while (now := budget.free_at(now)) < until:
        budget.take(now)
        count += 1
    return count


def test_looks_side_by_side_use_up_the_time_of_their_places_together() -> None:
    """Two of two places for ten seconds, of which half is theirs: then they have had 20 s."""
    time = PlaceTime(0.5)
    assert time.is_left(0.0)

    for _ in range(2):
        time.use(0.0, 10.0, places=2)

    assert not time.is_left(19.9)
    assert time.is_left(20.0)


def test_time_in_which_nobody_held_a_place_is_not_saved_up() -> None:
    time = PlaceTime(0.5)
    time.use(0.0, 1.0, places=1)

    time.use(1000.0, 1010.0, places=1)

    assert time.used_until == pytest.approx(1020.0)
