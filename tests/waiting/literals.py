"""Readings and trackers for tests without an event loop: a test names only what matters to it."""

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
from aiobaseten._waiting.steps import Consult, Done, Explain, Failed, Pending, Suspected
from aiobaseten.errors import Evidence
from aiobaseten.readings import DeploymentReading, EnvironmentReading, Part, PromotionReading

PENDING = Pending()
#: From then on, no look of a wait shows the time before its promotion.
CERTAIN_AT = 70
#: The target of a promotion, the deployment that served before, and one of somebody else's.
T, P, X = "T", "P", "X"


def deployment(
    name: str = T, status: str = "ACTIVE", *, deployed: bool = True, promoting: bool = False
) -> DeploymentReading:
    """The reading of a model's deployment. Its value is its id."""
    part = Part(id=name, subject="deployment", name=name, status=status, deployed=deployed)
    return DeploymentReading(id=name, parts=(part,), build=lambda: name, promoting=promoting)


def chain(
    chainlets: dict[str, str], status: str | None = None, *, name: str = T, deployed: bool = True
) -> DeploymentReading:
    """The reading of a chain's deployment (default status: that of the first chainlet)."""
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
    """The reading of an environment. A deployment that is only an id is ACTIVE."""
    return EnvironmentReading(
        current=deployment(current) if isinstance(current, str) else current,
        candidate=deployment(candidate) if isinstance(candidate, str) else candidate,
        promotion=PromotionReading(status=promotion, percent=percent, message=message)
        if promotion
        else None,
        build=lambda: (current, candidate, promotion),
    )


def deployment_tracker(
    *, can_wake: bool = False, retried: bool = False, **options: Any
) -> DeploymentTracker:
    """The tracker of a wait until T is ACTIVE."""
    return DeploymentTracker(
        deployment_id=T,
        owner="model m1",
        options=WaitOptions(**options),
        retried=retried,
        can_wake=can_wake,
    )


def promotion_tracker(
    *, baseline: Baseline | None = None, retried: bool = False, **options: Any
) -> PromotionTracker:
    """The tracker of a wait for the promotion of T, before which P served."""
    return PromotionTracker(
        label="the promotion of T",
        target=T,
        seen=EnvironmentHistory("production"),
        options=WaitOptions(**options),
        retried=retried,
        baseline=baseline or Baseline(current_id=P),
    )


def cancellation_tracker(
    *,
    target: str | None = T,
    previous: str | None = P,
    settling_time: float = 120.0,
    was_seen: bool = True,
    known_at: float = -600.0,
    at_once: bool = False,
) -> CancellationTracker:
    """The tracker of a wait for the end of a cancelled promotion of T that began long ago."""
    return CancellationTracker(
        label="the cancellation",
        seen=EnvironmentHistory("production"),
        options=WaitOptions(settling_time=settling_time),
        target=target,
        previous=previous,
        was_seen=was_seen,
        known_at=known_at,
        at_once=at_once,
    )


def see(tracker: Tracker[Any], at: float, reading: Any) -> Any:
    """The verdict on a reading; of Done its value, of Failed its error.

    The audit log cannot be read.
    """
    verdict = tracker.see(reading, at).verdict
    if isinstance(verdict, Consult):
        verdict.note(None)
        verdict = verdict.again(at).verdict
    return verdict.result() if isinstance(verdict, Done) else _error_of(verdict, at)


def confirmed(wait: Tracker[Any], at: float, reading: Any) -> Any:
    """The verdict of a look that shows again, ten seconds later, what one has shown."""
    look(wait, at, reading)
    return see(wait, at + 10, reading)


def look(wait: Tracker[Any], at: float, reading: Any) -> None:
    """A look after which the wait goes on."""
    assert see(wait, at, reading) == PENDING


def explained(
    tracker: PromotionTracker,
    at: float,
    reading: EnvironmentReading,
    found: DeploymentReading | None,
) -> Any:
    """The verdict on a reading without the target, after the deployment was read."""
    asked = see(tracker, at, reading)
    assert isinstance(asked, Explain)
    return _error_of(asked.given(found, at).verdict, at)


def suspected(verdict: Any, at: float) -> Any:
    """The error of a wait that seems to have failed, if the audit log confirms it."""
    assert isinstance(verdict, Suspected)
    assert at + verdict.confirm_in == CERTAIN_AT
    return _error_of(verdict.failed, at)


def _error_of(verdict: Any, at: float) -> Any:
    """The error of Failed, which must carry the evidence; else the verdict itself."""
    if not isinstance(verdict, Failed):
        return verdict
    evidence = Evidence(waited=at)
    error = verdict.error(evidence)
    assert error.evidence is evidence
    return error


def after_candidate_was_seen(**options: Any) -> PromotionTracker:
    """The tracker of a promotion that has seen T as the candidate."""
    tracker = promotion_tracker(**options)
    look(tracker, 0, environment(P, deployment(status="DEPLOYING"), "RELEASING"))
    return tracker
