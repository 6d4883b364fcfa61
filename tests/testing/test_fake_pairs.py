"""Combinations in which every pair of values appears."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from aiobaseten.testing._pairs import all_pairs


def pairs(options: dict[str, list[int]]) -> set[tuple[tuple[str, int], tuple[str, int]]]:
    return {
        ((one, a), (other, b))
        for one, other in combinations(options, 2)
        for a in options[one]
        for b in options[other]
    }


@given(sizes=st.lists(st.integers(1, 5), max_size=9))
def test_every_pair_appears_and_nothing_else(sizes: list[int]) -> None:
    options = {f"option {number}": list(range(size)) for number, size in enumerate(sizes)}
    found = all_pairs(options)

    assert all(list(one) == list(options) for one in found)
    assert {pair for one in found for pair in combinations(one.items(), 2)} == pairs(options)


def test_the_first_combination_has_all_first_values() -> None:
    assert all_pairs({"a": [3, 1], "b": [2, 4]})[0] == {"a": 3, "b": 2}


def test_the_list_is_short_and_the_same_each_time() -> None:
    """Three values of each of thirteen options: fifteen are the fewest that anybody has found."""
    options = {f"option {number}": [0, 1, 2] for number in range(13)}
    found = all_pairs(options)

    assert len(found) <= 21
    assert found == all_pairs(options)
