"""Startups of replicas: each attempt to become ready, with its phases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PHASES: Final = (
    "SCHEDULING",
    "IMAGE_PULL",
    "WEIGHT_DOWNLOAD",
    "CONTAINER_CREATE",
    "CONTAINER_START",
    "READINESS",
)
"""The phases, in their order."""

# Statuses in which a replica starts, and the phase that it is in unless a test says otherwise.
_STARTING: Final[Mapping[str, str]] = {
    "DEPLOYING": "SCHEDULING",
    "WAKING_UP": "WEIGHT_DOWNLOAD",
    "LOADING_MODEL": "WEIGHT_DOWNLOAD",
}
_READY: Final = "ACTIVE"


@dataclass(frozen=True, slots=True)
class FakePhase:
    """One phase of a startup. Times are seconds of the fake's time.

    Attributes:
        name: One of `PHASES`.
        start: When it began.
        end: When it ended; None if it has not.
    """

    name: str
    start: float
    end: float | None


@dataclass(frozen=True, slots=True)
class FakeStartup:
    """One attempt of a replica to become ready. Times are seconds of the fake's time.

    Attributes:
        start: When it began.
        end: When it ended; None if it has not.
        is_ready: Whether the replica became ready.
        phases: Its phases, in their order.
    """

    start: float
    end: float | None
    is_ready: bool
    phases: Sequence[FakePhase]


def check_phases(seconds: Mapping[str, float]) -> Mapping[str, float]:
    """Seconds of phases, in their order; raises ValueError for others."""
    unknown = sorted(seconds.keys() - set(PHASES))
    if unknown or not all(0 <= one < math.inf for one in seconds.values()):
        raise ValueError(f"seconds of phases, of {', '.join(PHASES)}: {dict(seconds)}")
    return {name: seconds[name] for name in PHASES if name in seconds}


def startups(
    history: Sequence[tuple[float, str]], seconds: Mapping[str, float], when: float
) -> Sequence[FakeStartup]:
    """The startups of a deployment until a time, oldest first.

    Args:
        history: Its statuses, each with the time at which it began.
        seconds: How long each phase takes, in order; the last one takes as long as it has to. If
            empty, the phases follow from the statuses.
        when: The time.
    """
    found: list[FakeStartup] = []
    began: float | None = None
    statuses: list[tuple[float, str]] = []
    for at, status in history:
        if at > when:
            break
        if status in _STARTING:
            began = at if began is None else began
            statuses.append((at, status))
        elif began is not None:
            found.append(_startup(began, at, status == _READY, statuses, seconds))
            began, statuses = None, []
    if began is not None:
        found.append(_startup(began, None, False, statuses, seconds, when))
    return found


def _startup(
    start: float,
    end: float | None,
    is_ready: bool,
    statuses: Sequence[tuple[float, str]],
    seconds: Mapping[str, float],
    when: float = math.inf,
) -> FakeStartup:
    begins: list[tuple[float, str]] = []
    if seconds:
        at = start
        for name, lasting in seconds.items():
            begins.append((at, name))
            at += lasting
    else:
        for at, status in statuses:
            if not begins or begins[-1][1] != _STARTING[status]:
                begins.append((at, _STARTING[status]))
    until = when if end is None else end
    begun = [(at, name) for at, name in begins if at <= until]
    ends = [*(at for at, _ in begun[1:]), end if is_ready else None]
    phases = [FakePhase(name, at, over) for (at, name), over in zip(begun, ends, strict=True)]
    return FakeStartup(start, end, is_ready, phases)


def earlier(seconds: Mapping[str, float], times: int) -> Sequence[FakeStartup]:
    """So many startups from before the fake's time began."""
    phases: list[FakePhase] = []
    at = -sum(seconds.values())
    for name, lasting in seconds.items():
        phases.append(FakePhase(name, at, at + lasting))
        at += lasting
    return [FakeStartup(phases[0].start, 0.0, True, phases)] * times
