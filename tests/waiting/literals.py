"""Readings and waits for tests without an event loop, with only what matters spelled out."""

from __future__ import annotations

from typing import Any

from aiobaseten import WaitOptions
from aiobaseten._waiting import (
    Baseline,
    CancellationTracker,
    DeploymentTracker,
    EnvironmentHistory,
    PromotionTracker,
    Tracker,
)
from aiobaseten._waiting.steps import Done, Explain, Failed, Pending
from aiobaseten.errors import Evidence
from aiobaseten.readings import DeploymentReading, EnvironmentReading, Part, PromotionReading

PENDING = Pending()
#: The deployment that is promoted, the one that serves before, and one that is somebody else's.
T, P, X = "T", "P", "X"


def deployment(
    name: str = T, status: str = "ACTIVE", *, deployed: bool = True, promoting: bool = False
) -> DeploymentReading:
    """A model's deployment. What it is worth to a wait is its id."""
    part = Part(id=name, subject="deployment", name=name, status=status, deployed=deployed)
    return DeploymentReading(id=name, parts=(part,), build=lambda: name, promoting=promoting)


def chain(
    chainlets: dict[str, str], status: str | None = None, *, name: str = T, deployed: bool = True
) -> DeploymentReading:
    """A chain's deployment, whose own status is the first chainlet's unless it is given."""
    own = next(iter(chainlets.values()), "ACTIVE") if status is None else status
    parts = [
        Part(id=one, subject="chainlet", name=one, status=its, deployed=deployed)
        for one, its in chainlets.items()
    ]
    first = Part(id=name, subject="deployment", name=name, status=own, deployed=deployed)
    return DeploymentReading(id=name, parts=(first, *parts), build=lambda: name)


def environment(
    current: str | DeploymentReading | None = P,
    candidate: str | DeploymentReading | None = None,
    promotion: str | None = None,
    *,
    percent: int = 0,
    message: str | None = None,
) -> EnvironmentReading:
    """An environment; a deployment of which only the id is given is ACTIVE."""
    return EnvironmentReading(
        current=deployment(current) if isinstance(current, str) else current,
        candidate=deployment(candidate) if isinstance(candidate, str) else candidate,
        promotion=PromotionReading(status=promotion, percent=percent, message=message)
        if promotion
        else None,
        build=lambda: (current, candidate, promotion),
    )


def deployment_wait(
    *, can_wake: bool = False, retried: bool = False, **options: Any
) -> DeploymentTracker:
    """A wait for T to be ACTIVE."""
    return DeploymentTracker(
        label="deployment T of model m1",
        options=WaitOptions(**options),
        retried=retried,
        can_wake=can_wake,
    )


def promotion_wait(
    *, baseline: Baseline | None = None, retried: bool = False, **options: Any
) -> PromotionTracker:
    """A wait for the promotion of T, before which P served."""
    return PromotionTracker(
        label="the promotion of T",
        target=T,
        seen=EnvironmentHistory("production"),
        options=WaitOptions(**options),
        retried=retried,
        baseline=baseline or Baseline(current_id=P),
    )


def cancellation_wait(
    *,
    target: str | None = T,
    previous: str | None = P,
    settling_time: float = 120.0,
) -> CancellationTracker:
    """A wait until T is no longer being promoted."""
    return CancellationTracker(
        label="the cancellation",
        seen=EnvironmentHistory("production"),
        options=WaitOptions(settling_time=settling_time),
        target=target,
        previous=previous,
    )


def see(wait: Tracker[Any], at: float, reading: Any) -> Any:
    """What a look makes of a wait: its verdict; the value of Done, the error of Failed."""
    verdict = wait.see(reading, at).verdict
    return verdict.result() if isinstance(verdict, Done) else _error_of(verdict, at)


def confirmed(wait: Tracker[Any], at: float, reading: Any) -> Any:
    """The verdict of a look that shows again, ten seconds later, what one has shown."""
    look(wait, at, reading)
    return see(wait, at + 10, reading)


def look(wait: Tracker[Any], at: float, reading: Any) -> None:
    """A look after which the wait goes on."""
    assert see(wait, at, reading) == PENDING


def explained(
    wait: PromotionTracker, at: float, reading: EnvironmentReading, found: DeploymentReading | None
) -> Any:
    """What a look comes to that finds the deployment gone, once the deployment was read."""
    asked = see(wait, at, reading)
    assert isinstance(asked, Explain)
    return _error_of(asked.given(found, at).verdict, at)


def _error_of(verdict: Any, at: float) -> Any:
    """The error of a wait that failed, which carries what it is given; else the verdict."""
    if not isinstance(verdict, Failed):
        return verdict
    evidence = Evidence(waited=at)
    error = verdict.error(evidence)
    assert error.evidence is evidence
    return error


def once_there(**options: Any) -> PromotionTracker:
    """A wait that has seen its deployment as the candidate."""
    wait = promotion_wait(**options)
    look(wait, 0, environment(P, deployment(status="DEPLOYING"), "RELEASING"))
    return wait
