"""Schedules in simulation: how many looks a wait costs, and how late it notices.

No client, no loop: each schedule is asked when to look next, over thousands of made-up deploys.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable

from attrs import frozen

from aiobaseten._status import meaning_of
from aiobaseten._waiting.schedule import default_schedule, jittered

from .deploys import Timeline, mixed, status_at, total

#: Status, seconds since it was first seen, seconds since the wait began: seconds to the next look.
Schedule = Callable[[str, float, float], float]

# Naive loops as the peers write them.
PEERS: dict[str, Schedule] = {
    "every 1 s": lambda *_: 1.0,
    "every 2 s": lambda *_: 2.0,
    "every 5 s": lambda *_: 5.0,
    "exponential to 30 s": lambda _status, _in, elapsed: min(1.0 + elapsed / 2.0, 30.0),
}


@frozen
class Outcome:
    """What a schedule comes to."""

    requests: float
    mean: float
    p99: float


def ours(chance: random.Random) -> Schedule:
    """The library's own, jitter included."""

    def when(status: str, in_stage: float, elapsed: float) -> float:
        due = default_schedule(meaning_of(status).stage, in_stage, elapsed)
        return jittered(due, chance.random())

    return when


@frozen
class Comparison:
    """Ours, beside what else comes to the same p99."""

    ours: Outcome
    #: The fixed interval, and what it comes to.
    interval: float
    fixed: Outcome
    #: Requests that no schedule that is blind to phases can do without.
    bound: float
    #: Ours, when a tenth of the deploys stay BUILDING until they are ACTIVE.
    skipping: Outcome
    #: Naive loops, and ours when everything loads for ten minutes.
    peers: dict[str, Outcome]
    long_loads: Outcome


def compare(count: int) -> Comparison:
    """Simulate everything over so many deploys."""
    timelines = deploys(count)
    found = simulate(ours(random.Random(3)), timelines)
    interval, fixed = fixed_with(found.p99, timelines)
    loads: list[Timeline] = [[("DEPLOYING", 45.0), ("LOADING_MODEL", 600.0)]] * 100
    return Comparison(
        ours=found,
        interval=interval,
        fixed=fixed,
        bound=blind_bound(found.p99, timelines, step=found.p99 / 16.0),
        skipping=simulate(ours(random.Random(4)), skipping(timelines, 0.1)),
        peers={name: simulate(schedule, timelines) for name, schedule in PEERS.items()},
        long_loads=simulate(ours(random.Random(5)), loads),
    )


def deploys(count: int, seed: int = 1) -> list[Timeline]:
    """Made-up deploys."""
    chance = random.Random(seed)
    return [mixed(chance) for _ in range(count)]


def skipping(timelines: list[Timeline], share: float, seed: int = 2) -> list[Timeline]:
    """The same deploys, but some stay BUILDING until they are ACTIVE."""
    chance = random.Random(seed)
    return [
        [("BUILDING", total(timeline))] if chance.random() < share else timeline
        for timeline in timelines
    ]


def simulate(schedule: Schedule, timelines: list[Timeline]) -> Outcome:
    """Follow each deploy with the schedule."""
    looks = 0
    late = []
    for timeline in timelines:
        ready = total(timeline)
        at, seen, since = 0.0, "", 0.0
        while True:
            looks += 1
            if at >= ready:
                break
            status, _ = status_at(timeline, at)
            if status != seen:
                seen, since = status, at
            at += schedule(status, at - since, at)
        late.append(at - ready)
    late.sort()
    count = len(timelines)
    return Outcome(looks / count, sum(late) / count, late[int(0.99 * count)])


def fixed_with(p99: float, timelines: list[Timeline]) -> tuple[float, Outcome]:
    """The fixed interval with this p99, and what it comes to."""
    low, high = p99 / 2.0, p99 * 2.0
    for _ in range(30):
        middle = (low + high) / 2.0
        if simulate(lambda *_: middle, timelines).p99 > p99:  # noqa: B023 - called at once
            high = middle
        else:
            low = middle
    return low, simulate(lambda *_: low, timelines)


def blind_bound(p99: float, timelines: list[Timeline], *, step: float = 0.5) -> float:
    """Looks that no schedule that knows only the elapsed time can do without at this p99.

    A look at *b* after one at *a* is made if the deploy was not ready at *a*; it is late for what
    became ready before *b - p99*. Minimal looks plus a price on being late is a shortest path over
    look times. For every price, the cheapest path minus the price of the one late deploy in a
    hundred that is allowed is a lower bound; the best price gives the best bound. Rounding the
    grid in the bound's favour keeps it one.
    """
    ready = sorted(total(timeline) for timeline in timelines)
    count = len(ready)
    end = int(ready[-1] / step) + 2
    # Share that is ready by each point of the grid.
    done = [bisect_left(ready, point * step + 1e-9) / count for point in range(end + 1)]
    # A look may be this many points after the one before without being late for anything.
    reach = int(p99 / step) + 1
    longest = [
        *range(1, reach + 1),
        *range(reach + 2, 4 * reach, 4),
        *range(4 * reach, 16 * reach, reach),
    ]

    def cheapest(price: float) -> float:
        cost = [0.0] * (end + 1)
        for a in range(end - 1, -1, -1):
            left = 1.0 - done[a]
            if left <= 0.0:
                continue
            best = float("inf")
            for gap in longest:
                b = min(a + gap, end)
                late = done[b - reach] - done[a] if gap > reach else 0.0
                best = min(best, price * max(late, 0.0) + cost[b])
                if b == end:
                    break
            cost[a] = left + best
        return 1.0 + cost[0] - price * 0.01

    return max(cheapest(2.0**power) for power in range(0, 11, 2))
