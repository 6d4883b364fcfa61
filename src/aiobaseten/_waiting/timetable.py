"""When each of many things is due. Pure."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, ItemsView, Iterator, Mapping
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

# Below this size a heap is not worth rebuilding.
_SMALL = 32
# Keys among which the newest one is looked for.
_NEWEST_OF = 100


class Timetable(Generic[K]):
    """A time for each key, and the earliest of them. Infinity means never.

    Every operation takes logarithmic time, and the size is in proportion to the number of keys.
    Of keys with the same time the one that was set first comes first.
    """

    __slots__ = ("_at", "_count", "_heap")

    def __init__(self) -> None:
        self._at: dict[K, float] = {}
        # Entries whose time is no longer that of their key are out of date.
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._at)

    def __iter__(self) -> Iterator[K]:
        return iter(self._at)

    def __contains__(self, key: object) -> bool:
        return key in self._at

    def __getitem__(self, key: K) -> float:
        return self._at[key]

    def items(self) -> ItemsView[K, float]:
        """Each key with its time."""
        return self._at.items()

    def set(self, key: K, at: float) -> None:
        """Set the time of a key, in place of an earlier one."""
        if self._at.get(key) == at:
            return
        self._at[key] = at
        if at < math.inf:
            self._count += 1
            heapq.heappush(self._heap, (at, self._count, key))
        self._tidy()

    def replace(self, times: Mapping[K, float]) -> None:
        """Set the times of all keys at once."""
        self._at = dict(times)
        entries = [(at, self._count + i, key) for i, (key, at) in enumerate(times.items())]
        self._heap = [entry for entry in entries if entry[0] < math.inf]
        self._count += len(entries)
        heapq.heapify(self._heap)

    def drop(self, key: K) -> None:
        """Remove a key, if it is there."""
        self._at.pop(key, None)
        self._tidy()

    def first(self) -> tuple[float, K] | None:
        """The earliest time and its key, or ``None`` if nothing is ever due."""
        while self._heap:
            at, _, key = self._heap[0]
            if self._at.get(key) == at:
                return at, key
            heapq.heappop(self._heap)
        return None

    def newest(self, now: float) -> K | None:
        """The key that was added last, of those that are due; ``None`` if that was long ago."""
        newest = islice(reversed(self._at), _NEWEST_OF)
        return next((key for key in newest if self._at[key] <= now), None)

    @property
    def next_at(self) -> float:
        """The earliest time; infinity if nothing is ever due."""
        first = self.first()
        return math.inf if first is None else first[0]

    def _tidy(self) -> None:
        """Rebuild the heap if most of its entries are out of date.

        Otherwise their keys are never freed from memory. Nor is that of a table that was large.
        """
        if len(self._heap) > 2 * len(self._at) + _SMALL:
            self.replace(dict(self._at))
        elif not self._at:
            self._at, self._heap = {}, []
