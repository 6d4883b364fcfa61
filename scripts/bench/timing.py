"""Time variants in turns, so that noise of the machine affects all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import Any

from attrs import frozen

#: Calls at the start of each batch that do not count: another variant has used the CPU caches.
WARM_UP = 5

#: Makes the given number of calls, one after another.
Calls = Callable[[int], Awaitable[None]]


def each(call: Callable[[], Awaitable[Any]]) -> Calls:
    """A function that makes calls one after another."""

    async def calls(count: int) -> None:
        for _ in range(count):
            await call()

    return calls


@frozen
class Spread:
    """The median, and the lower and upper quartile."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(median(values), low, high)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The ratio in each round. A slow round affects both sides, so the ratio is stable."""
    return Spread.of([one / other for one, other in zip(ours, theirs, strict=True)])


async def by_turns(
    variants: Mapping[str, Calls], *, rounds: int, calls: int
) -> dict[str, list[float]]:
    """CPU seconds of this process per call, for each variant and each round.

    Every round runs all variants, and starts with another one.
    """
    names = list(variants)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        await _batch(variants[name], calls)  # warm up
    for number in range(rounds):
        gc.collect()
        first = number % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(await _batch(variants[name], calls))
    return taken


async def _batch(make: Calls, calls: int) -> float:
    await make(WARM_UP)
    began = time.process_time()
    await make(calls)
    return (time.process_time() - began) / calls
