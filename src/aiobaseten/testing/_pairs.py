"""Pairs of values: a short list of combinations in which every pair of values appears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

V = TypeVar("V")
# More starts for each combination make the list shorter, and take longer.
_STARTS: Final = 8


def all_pairs(options: Mapping[str, Sequence[V]]) -> Sequence[Mapping[str, V]]:
    """Combinations of values in which each two values of two different options appear together.

    The first combination has the first value of each option. The others come from a greedy
    algorithm, the same ones each time: a combination begins with a value that misses many pairs,
    and gives each further option the value that adds the most missing pairs.

    Args:
        options: The values of each option.
    """
    choices = [(name, value) for name, values in options.items() for value in values]
    # A choice is a number from here on, and a set of choices is the bits of a number.
    groups = _groups([len(values) for values in options.values()])
    everything = (1 << len(choices)) - 1
    missing = [everything & ~_bits(group) for group in groups for _ in group]
    found: list[Sequence[int]] = [[group[0] for group in groups]]
    _cover(found[0], missing)
    while any(missing):
        found.append(_next(groups, missing))
        _cover(found[-1], missing)
    return [dict(choices[choice] for choice in sorted(combination)) for combination in found]


def _groups(sizes: Sequence[int]) -> Sequence[range]:
    """The choices of each option."""
    ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    return [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def _bits(choices: Sequence[int]) -> int:
    return sum(1 << choice for choice in choices)


def _cover(combination: Sequence[int], missing: list[int]) -> None:
    for choice in combination:
        missing[choice] &= ~_bits(combination)


def _next(groups: Sequence[range], missing: Sequence[int]) -> Sequence[int]:
    """The combination with the most missing pairs, of those from several starts."""
    busiest = sorted(groups, key=lambda group: -sum(missing[one].bit_count() for one in group))
    return max(
        (_combination([first, *busiest], missing) for first in busiest[:_STARTS]),
        key=lambda found: sum((missing[choice] & _bits(found)).bit_count() for choice in found),
    )


def _combination(groups: Sequence[range], missing: Sequence[int]) -> Sequence[int]:
    """Give each option, in this order, the value that adds the most missing pairs."""
    chosen: dict[range, int] = {}
    so_far = 0
    for group in groups:
        if group in chosen:
            continue
        chosen[group] = max(
            group,
            key=lambda one: ((missing[one] & so_far).bit_count(), missing[one].bit_count()),
        )
        so_far |= 1 << chosen[group]
    return list(chosen.values())
