"""Timelines: the status of a deployment over time, and some timelines from practice."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

Step = str | tuple[str, float]
"""A status and its length in seconds; or a status alone, which lasts for ever."""

Steps = Sequence[Step]
"""Steps in order. A bare string is one status that lasts for ever."""

HEALTHY: Final[Steps] = (
    ("BUILDING", 12.0),
    ("DEPLOYING", 2.0),
    ("LOADING_MODEL", 30.0),
    "ACTIVE",
)
"""A normal new deployment. It is built, placed and loaded, and serves after 44 s."""

HEALTHY_PROMOTION: Final[Steps] = (
    ("DEPLOYING", 2.0),
    ("LOADING_MODEL", 30.0),
    "ACTIVE",
)
"""A normal candidate. Its image exists already, so it serves after 32 s."""

SCALED_TO_ZERO_ON_THE_WAY: Final[Steps] = (
    ("BUILDING", 11.5),
    ("DEPLOYING", 1.4),
    ("SCALED_TO_ZERO", 11.4),
    ("WAKING_UP", 606.7),
    "ACTIVE",
)
"""A published rolling promotion that went well. Asleep at 12.9 s, serving at 631 s."""

CAPACITY_STARVATION: Final[Steps] = (("DEPLOYING", 1800.0), "INACTIVE")
"""No GPU is available. Half an hour of DEPLOYING, then INACTIVE without an error."""

CRASH_LOOP: Final[Steps] = (
    ("BUILDING", 60.0),
    ("DEPLOYING", 20.0),
    ("LOADING_MODEL", 45.0),
    ("UNHEALTHY", 15.0),
    ("LOADING_MODEL", 45.0),
    ("UNHEALTHY", 15.0),
    ("LOADING_MODEL", 45.0),
    "DEPLOY_FAILED",
)
"""The server process crashes while loading, three times. Baseten gives up at 245 s."""

BUILD_FAILED: Final[Steps] = (("BUILDING", 12.0), "BUILD_FAILED")
"""The image does not build."""

STUCK: Final[Steps] = (("BUILDING", 12.0), "DEPLOYING")
"""DEPLOYING for ever."""


def moment(seconds: float) -> float:
    """Round a time to microseconds, so that sums of steps compare as expected."""
    return round(seconds, 6)


class Timeline:
    """A status as a function of the seconds since the timeline began.

    Raises:
        ValueError: There are no steps, a step has no status or an impossible length, or the last
            step has a length, so that the status after it is unknown.
    """

    __slots__ = ("_starts", "_statuses")

    def __init__(self, steps: Steps) -> None:
        entries: tuple[Step, ...] = (steps,) if isinstance(steps, str) else tuple(steps)
        if not entries:
            raise ValueError("a timeline needs a step: for example [('BUILDING', 12), 'ACTIVE']")
        starts = [0.0]
        statuses: list[str] = []
        for entry in entries[:-1]:
            name, seconds = _timed(entry)
            statuses.append(name)
            starts.append(moment(starts[-1] + seconds))
        statuses.append(_lasting(entries[-1]))
        self._starts = starts
        self._statuses = statuses

    def __repr__(self) -> str:
        return f"Timeline({list(self.changes())})"

    def at(self, elapsed: float) -> str:
        """The status, so many seconds after the beginning."""
        return self._statuses[max(bisect_right(self._starts, moment(elapsed)) - 1, 0)]

    def changes(self) -> Sequence[tuple[float, str]]:
        """Each status, with the seconds after which it begins."""
        return tuple(zip(self._starts, self._statuses, strict=True))


def _timed(entry: Step) -> tuple[str, float]:
    name, seconds = (entry, None) if isinstance(entry, str) else entry
    if seconds is None:
        raise ValueError(
            f"{name!r} would last for ever, so no step can follow it: say how many seconds it"
            f" takes, ({name!r}, 30), or make it the last step"
        )
    if not (isinstance(seconds, int | float) and 0 <= seconds < math.inf):
        raise ValueError(f"{name!r} cannot last {seconds!r} seconds: use a number from 0 up")
    return _named(name), float(seconds)


def _lasting(entry: Step) -> str:
    if not isinstance(entry, str):
        raise ValueError(  # noqa: TRY004 - the type is right for a step, the place is wrong
            f"the timeline ends with {entry!r}, and the status after it is unknown: add the"
            " status that stays, for example 'ACTIVE'"
        )
    return _named(entry)


def _named(name: str) -> str:
    if not (isinstance(name, str) and name.strip()):
        raise ValueError(f"a status is a word such as 'ACTIVE', not {name!r}")
    return name
