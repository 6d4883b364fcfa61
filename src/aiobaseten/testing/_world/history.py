"""A value over time, for reads as of any time until now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


def since_ever(began: float) -> float:
    """From when on something holds: what began before time did was always there."""
    return began if began > 0 else -math.inf


class History(Generic[T]):
    """A value over time.

    A value holds from its time on, until the time of a value that was put later has come. So a
    value can be put for a later time, and replaced before that time comes.

    Args:
        first: The value that holds before all others.
    """

    __slots__ = ("_entries",)

    def __init__(self, first: T) -> None:
        self._entries: list[tuple[float, T]] = [(-math.inf, first)]

    def put(self, value: T, *, since: float) -> None:
        """Let *value* hold from the time *since* on."""
        self._entries.append((since, value))

    def at(self, when: float) -> T:
        """The value that holds at that time."""
        for since, value in reversed(self._entries):
            if since <= when:
                return value
        raise AssertionError("the first value holds from the beginning")

    def values(self) -> Sequence[T]:
        """All its values, in the order in which they were put."""
        return [value for _, value in self._entries]

    def times(self) -> Sequence[float]:
        """When each value but the first was put to hold, in the order in which they were put."""
        return [since for since, _ in self._entries[1:]]
