"""A value over time."""

from aiobaseten.testing._world.history import History


def test_a_value_holds_until_the_time_of_the_next() -> None:
    history = History("a")
    history.put("b", since=3)
    history.put("c", since=5)

    assert [history.at(when) for when in (-1000, 2.9, 3, 4.9, 5, 1000)] == [*"aabbcc"]


def test_a_value_for_later_can_be_replaced_before_its_time() -> None:
    history = History("a")
    history.put("late", since=8)
    history.put("newer", since=3)

    assert [history.at(when) for when in (2, 3, 8, 9)] == ["a", "newer", "newer", "newer"]


def test_the_past_stays_as_it_was() -> None:
    history = History("a")
    before = [history.at(when) for when in range(10)]
    history.put("b", since=10)

    assert [history.at(when) for when in range(10)] == before
