"""Simulate schedules: the number of looks per wait, and the delay of its result.

There is no client and no event loop: the simulation calls each schedule for the next look, for
thousands of simulated deployments.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable

from attrs import frozen

from aiobaseten._status import meaning_of
from aiobaseten._waiting.schedule import default_schedule, jittered

from .deploys import Timeline, mixed, status_at, total

#: From the status, the seconds since it was first seen, and the seconds since the wait began, to the
#: seconds until the next look.
Schedule = Callable[[str, float, float], float]

# Loops as people write them.
PEERS: dict[str, Schedule] = {
    "every 1 s": lambda *_: 1.0,
    "every 2 s": lambda *_: 2.0,
    "every 5 s": lambda *_: 5.0,
    "exponential to 30 s": lambda _status, _in, elapsed: min(1.0 + elapsed / 2.0, 30.0),
}


@frozen
class Outcome:
    """The result of a schedule: requests per wait, and mean and p99 of the delay in seconds."""

    requests: float
    mean: float
    p99: float


def ours(chance: random.Random) -> Schedule:
    """The schedule of the library, including jitter."""

    def when(status: str, in_stage: float, elapsed: float) -> float:
        due = default_schedule(meaning_of(status).stage, in_stage, elapsed)
        return jittered(due, chance.random())

    return when


@frozen
class Comparison:
    """Our schedule, compared with others that have the same p99."""

    ours: Outcome
    #: The fixed interval with the same p99, and its result.
    interval: float
    fixed: Outcome
    #: Minimum number of requests of any schedule that does not know the status.
    bound: float
    #: Our schedule, if 10 % of the deployments go directly from BUILDING to ACTIVE.
    skipping: Outcome
    #: Typical loops, and our schedule if every deployment loads for ten minutes.
    peers: dict[str, Outcome]
    long_loads: Outcome


def compare(count: int) -> Comparison:
    """Simulate all schedules with *count* deployments."""
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
    """Simulated deployments."""
    chance = random.Random(seed)
    return [mixed(chance) for _ in range(count)]


def skipping(timelines: list[Timeline], share: float, seed: int = 2) -> list[Timeline]:
    """The same deployments, but some go directly from BUILDING to ACTIVE."""
    chance = random.Random(seed)
    return [
        [("BUILDING", total(timeline))] if chance.random() < share else timeline
        for timeline in timelines
    ]


def simulate(schedule: Schedule, timelines: list[Timeline]) -> Outcome:
    """Follow each deployment with the schedule."""
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
    """The fixed interval with this p99, and its result."""
    low, high = p99 / 2.0, p99 * 2.0
    for _ in range(30):
        middle = (low + high) / 2.0
        if simulate(lambda *_: middle, timelines).p99 > p99:  # noqa: B023 - called at once
            high = middle
        else:
            low = middle
    return low, simulate(lambda *_: low, timelines)


def blind_bound(p99: float, timelines: list[Timeline], *, step: float = 0.5) -> float:
    """A lower bound of the looks at this p99, for schedules that know only the elapsed time.

    After a look at *a*, there is a look at *b* if the deployment was not ready at *a*. The look at
    *b* is late for deployments that became ready before *b - p99*.

    The method is a Lagrangian relaxation. The cost of a schedule is the number of its looks, plus a
    price for each late deployment. Its minimum is a shortest path over the times of looks. One
    deployment in a hundred may be late, so the minimum less one hundredth of the price is a lower
    bound, for every price. The result is the largest of several such bounds. Times are rounded so
    that the bound becomes smaller, never larger.
    """
    ready = sorted(total(timeline) for timeline in timelines)
    count = len(ready)
    end = int(ready[-1] / step) + 2
    # Share of deployments that are ready at each point of the grid.
    done = [bisect_left(ready, point * step + 1e-9) / count for point in range(end + 1)]
    # Two looks can be this many grid points apart without a late deployment.
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
