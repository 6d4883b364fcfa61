"""When each of many keys is due, without an event loop; and against a naive timetable."""

from __future__ import annotations

import math
import random
import weakref

from hypothesis import given, settings
from hypothesis import strategies as st

from aiobaseten._waiting.timetable import Timetable


def in_order(timetable: Timetable[str]) -> list[tuple[float, str]]:
    """The keys as they fall due; empties the timetable."""
    found: list[tuple[float, str]] = []
    while (first := timetable.first()) is not None:
        found.append(first)
        timetable.drop(first[1])
    return found


def test_the_earliest_time_comes_first() -> None:
    timetable: Timetable[str] = Timetable()
    for key, at in [("b", 2.0), ("c", 3.0), ("a", 1.0)]:
        timetable.set(key, at)

    assert timetable.next_at == 1.0
    assert in_order(timetable) == [(1.0, "a"), (2.0, "b"), (3.0, "c")]


def test_of_equal_times_the_one_that_was_set_first_comes_first() -> None:
    timetable: Timetable[str] = Timetable()
    for key in "cab":
        timetable.set(key, 1.0)

    assert [key for _, key in in_order(timetable)] == ["c", "a", "b"]


def test_a_key_that_is_moved_to_an_equal_time_comes_last() -> None:
    timetable: Timetable[str] = Timetable()
    for key, at in [("a", 1.0), ("b", 2.0), ("a", 2.0)]:
        timetable.set(key, at)

    assert [key for _, key in in_order(timetable)] == ["b", "a"]


def test_setting_the_same_time_again_does_not_cost_a_key_its_place() -> None:
    timetable: Timetable[str] = Timetable()
    for key in "aba":
        timetable.set(key, 1.0)

    assert [key for _, key in in_order(timetable)] == ["a", "b"]


def test_a_new_time_takes_the_place_of_an_earlier_and_of_a_later_one() -> None:
    timetable: Timetable[str] = Timetable()
    timetable.set("a", 5.0)
    timetable.set("a", 9.0)
    assert timetable.first() == (9.0, "a")

    timetable.set("a", 2.0)
    assert timetable.first() == (2.0, "a")
    assert timetable["a"] == 2.0


def test_infinity_means_never_and_the_key_stays() -> None:
    timetable: Timetable[str] = Timetable()
    timetable.set("a", 5.0)
    timetable.set("a", math.inf)

    assert timetable.first() is None
    assert timetable.next_at == math.inf
    assert "a" in timetable
    assert dict(timetable.items()) == {"a": math.inf}


def test_a_dropped_key_is_gone_and_dropping_it_again_is_harmless() -> None:
    timetable: Timetable[str] = Timetable()
    timetable.set("a", 1.0)
    timetable.set("b", 2.0)
    timetable.drop("a")
    timetable.drop("a")

    assert "a" not in timetable
    assert list(timetable) == ["b"]
    assert in_order(timetable) == [(2.0, "b")]
    assert len(timetable) == 0


def test_a_key_may_come_back_at_the_time_that_it_was_dropped_at() -> None:
    timetable: Timetable[str] = Timetable()
    timetable.set("a", 1.0)
    timetable.set("b", 1.0)
    timetable.drop("a")
    timetable.set("a", 1.0)

    assert sorted(in_order(timetable)) == [(1.0, "a"), (1.0, "b")]


def test_replace_sets_all_times_and_forgets_the_other_keys() -> None:
    timetable: Timetable[str] = Timetable()
    timetable.set("a", 1.0)
    timetable.set("b", 2.0)
    timetable.replace({"b": 7.0, "c": 3.0, "d": math.inf})

    assert list(timetable) == ["b", "c", "d"]
    assert timetable.first() == (3.0, "c")
    timetable.drop("c")
    assert timetable.first() == (7.0, "b")


# --- against a naive timetable -------------------------------------------------------------------

KEYS = st.integers(0, 7)
TIMES = st.sampled_from([0.0, 1.0, 2.0, 3.0, math.inf])
OPERATIONS = st.one_of(
    st.tuples(st.just("set"), KEYS, TIMES),
    st.tuples(st.just("drop"), KEYS, st.just(0.0)),
    st.tuples(st.just("replace"), st.dictionaries(KEYS, TIMES), st.just(0.0)),
)


@given(st.lists(OPERATIONS, max_size=60))
def test_a_timetable_agrees_with_a_dictionary(operations: list[tuple[str, object, float]]) -> None:
    timetable: Timetable[object] = Timetable()
    naive: dict[object, float] = {}
    for name, argument, at in operations:
        if name == "set":
            timetable.set(argument, at)
            naive[argument] = at
        elif name == "drop":
            timetable.drop(argument)
            naive.pop(argument, None)
        elif isinstance(argument, dict):
            timetable.replace(argument)
            naive = dict(argument)

        assert dict(timetable.items()) == naive
        first = min(naive.values(), default=math.inf)
        assert timetable.next_at == first
        found = timetable.first()
        assert found is None or (naive[found[1]] == found[0] == first)


@settings(max_examples=12)
@given(
    seed=st.integers(),
    keys=st.sampled_from([1, 3, 50, 1000]),
    drops=st.sampled_from([0.0, 0.2, 0.9, 1.0]),
)
def test_the_size_of_a_timetable_stays_in_proportion_to_its_keys(
    seed: int, keys: int, drops: float
) -> None:
    """A poll that has ended must not be kept by the timetable of those that go on."""
    chance = random.Random(seed)
    timetable: Timetable[int] = Timetable()
    for key in range(keys):
        timetable.set(key, 1.0)

    for _ in range(10_000):
        key = chance.randrange(keys)
        if chance.random() < drops:
            timetable.drop(key)
        else:
            timetable.set(key, chance.choice([chance.random(), math.inf]))

        assert entries(timetable) <= 2 * len(timetable) + 32


def entries(timetable: Timetable[int]) -> int:
    """How many entries it holds, those that are out of date included."""
    return len(timetable._heap)  # noqa: SLF001 - its size cannot be seen from outside


class Counted(float):
    """A time that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: float) -> bool:
        Counted.compared += 1
        return super().__lt__(other)

    def __le__(self, other: float) -> bool:
        Counted.compared += 1
        return super().__le__(other)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = float.__hash__


def test_a_key_more_costs_few_comparisons_however_many_there_are() -> None:
    def comparisons(keys: int) -> int:
        timetable: Timetable[int] = Timetable()
        for key in range(keys):
            timetable.set(key, Counted(key))
        before = Counted.compared
        timetable.set(keys, Counted(-1.0))
        assert timetable.next_at == -1.0
        timetable.drop(keys)
        assert timetable.next_at == 0.0
        return Counted.compared - before

    assert comparisons(10_000) < 3 * comparisons(100) < 300


def test_a_key_that_was_dropped_is_freed_from_memory() -> None:
    class Key:
        """Something that can be watched."""

    timetable: Timetable[Key] = Timetable()
    key = Key()
    timetable.set(key, 1.0)
    timetable.drop(key)
    watched = weakref.ref(key)
    del key

    assert watched() is None


def test_the_newest_is_the_one_that_was_added_last_of_those_that_are_due() -> None:
    timetable: Timetable[str] = Timetable()
    for key, at in [("a", 2.0), ("b", 1.0), ("c", 3.0)]:
        timetable.set(key, at)

    assert [timetable.newest(at) for at in (0.0, 1.0, 2.0, 3.0)] == [None, "b", "b", "c"]


def test_the_newest_is_found_with_few_comparisons_however_many_are_not_due() -> None:
    timetable: Timetable[int] = Timetable()
    for key in range(10_000):
        timetable.set(key, Counted(key > 0))
    before = Counted.compared

    assert timetable.newest(0.5) is None
    assert timetable.first() == (0.0, 0)
    assert Counted.compared - before < 200
