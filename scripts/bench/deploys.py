"""Simulated deployments, as described in `docs/performance.md`: the duration of each status."""

from __future__ import annotations

import random
from typing import Final

#: Status, median seconds, spread of the logarithm, least and most seconds.
BUILD: Final = ("BUILDING", 150.0, 0.6, 30.0, 1800.0)
DEPLOY: Final = ("DEPLOYING", 45.0, 0.5, 5.0, 600.0)
LOAD: Final = ("LOADING_MODEL", 40.0, 0.8, 2.0, 1800.0)
#: Share of deployments with a cached image, and the duration of their build.
CACHED: Final = (0.4, 5.0)

Timeline = list[tuple[str, float]]


def lasting(
    chance: random.Random, median: float, spread: float, least: float, most: float
) -> float:
    """A lognormal duration within bounds."""
    return min(max(median * chance.lognormvariate(0.0, spread), least), most)


def mixed(chance: random.Random) -> Timeline:
    """One deployment: its statuses before ACTIVE, each with its duration."""
    name, *shape = BUILD
    is_cached = chance.random() < CACHED[0]
    build = CACHED[1] if is_cached else lasting(chance, *shape)
    return [
        (name, build),
        (DEPLOY[0], lasting(chance, *DEPLOY[1:])),
        (LOAD[0], lasting(chance, *LOAD[1:])),
    ]


def status_at(timeline: Timeline, at: float) -> tuple[str, float]:
    """The status at *at* seconds, and how long it has lasted by then."""
    for status, seconds in timeline:
        if at < seconds:
            return status, at
        at -= seconds
    return "ACTIVE", at


def total(timeline: Timeline) -> float:
    """Seconds until ACTIVE."""
    return sum(seconds for _, seconds in timeline)
