"""Events: the reports of a wait while it goes on.

Each event prints as one line for a person. The last event of a wait is `Finished`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from attrs import frozen

from ._status import Phase, PromotionPhase, meaning_of, promotion_phase_of
from .errors import BasetenError, Startup
from .readings import EnvironmentReading

if TYPE_CHECKING:
    from ._verdict import Verdict


@frozen(kw_only=True)
class Event:
    """Something that happened during a wait.

    Attributes:
        at: Seconds since the wait began.
    """

    at: float

    def __str__(self) -> str:
        return f"{self.at:7.1f} s  {self._said()}"

    def _said(self) -> str:
        return type(self).__name__


@frozen(kw_only=True)
class StatusChanged(Event):
    """A status has changed since the last look, or was seen for the first time.

    Attributes:
        subject: The kind of thing: ``"deployment"``, ``"chainlet"`` or ``"promotion"``.
        name: Which one: an id, or a chainlet's name.
        previous: The status before, or ``None`` the first time.
        status: The status now. It may be one that this version does not know.
    """

    subject: str
    name: str
    previous: str | None
    status: str

    @property
    def phase(self) -> Phase | PromotionPhase:
        """What the status means to a wait."""
        if self.subject == "promotion":
            return promotion_phase_of(self.status)
        return meaning_of(self.status).phase

    def _said(self) -> str:
        before = f"{self.previous} -> " if self.previous else ""
        return f"{self.subject} {self.name}: {before}{self.status}"


@frozen(kw_only=True)
class PromotionPaused(StatusChanged):
    """Somebody paused the promotion. It stays paused until somebody resumes it."""


@frozen(kw_only=True)
class PromotionResumed(StatusChanged):
    """The promotion goes on after a pause."""


@frozen(kw_only=True)
class TrafficShifted(Event):
    """The share of traffic on the new deployment has changed.

    Attributes:
        percent: The share now, 0 to 100.
    """

    percent: int

    def _said(self) -> str:
        return f"traffic: {self.percent} % on the new deployment"


@frozen(kw_only=True)
class DeploymentWoken(Event):
    """The deployment was scaled to zero and has been asked to wake up."""

    def _said(self) -> str:
        return "asked the deployment to wake up"


@frozen(kw_only=True)
class StartupProgressed(Event):
    """A replica of a model's deployment that takes long to start is in another phase.

    Attributes:
        startup: Its phases, how long they took, and how long they usually take.
    """

    startup: Startup

    def _said(self) -> str:
        return str(self.startup)


@frozen(kw_only=True)
class LookFailed(Event):
    """A look failed in a way that may pass. The wait goes on.

    Attributes:
        error: The error.
        next_look: Seconds until the next look.
    """

    error: BasetenError
    next_look: float

    def _said(self) -> str:
        return f"could not look, trying again in {self.next_look:.1f} s: {self.error}"


@frozen(kw_only=True)
class StepReached(Event):
    """A guarded promotion has reached a step: the share of traffic has changed.

    Attributes:
        percent: The share on the new deployment, 0 to 100.
    """

    percent: int

    def _said(self) -> str:
        return f"guard: step {self.percent} %"


@frozen(kw_only=True)
class Measured(Event):
    """A check of a guard has a verdict about a step.

    Attributes:
        percent: The share of traffic on the new deployment in the step.
        verdict: The verdict, with the numbers of both deployments.
    """

    percent: int
    verdict: Verdict

    def _said(self) -> str:
        return f"guard: {self.percent} %: {self.verdict}"


@frozen(kw_only=True)
class HoldExtended(Event):
    """A step has not passed in time, so the guard holds it for longer.

    Attributes:
        reason: Why.
        until: Seconds from the start of the wait until it is measured next.
    """

    reason: str
    until: float

    def _said(self) -> str:
        return f"guard: holds the step, measures again at {self.until:.0f} s: {self.reason}"


@frozen(kw_only=True)
class GuardActed(Event):
    """A guard has acted on the promotion.

    Attributes:
        policy: What it does: ``"pause"``, ``"resume"``, ``"cancel"``, ``"force_cancel"``,
            ``"rollback"``, ``"report"`` or ``"proceed"``.
        why: Why.
    """

    policy: str
    why: str

    def _said(self) -> str:
        return f"guard: {self.policy}: {self.why}"


@frozen(kw_only=True)
class GuardOverridden(Event):
    """Somebody else, or another process, has acted on a guarded promotion. The guard leaves that.

    Attributes:
        by: What they did: ``"pause"``, ``"resume"``, ``"cancel"``, ``"roll forward"`` or
            ``"promote"``.
    """

    by: str

    def _said(self) -> str:
        return f"guard: overridden from outside: {self.by}"


@frozen(kw_only=True)
class EnvironmentChanged(Event):
    """A watched environment has changed since the last look, or was seen for the first time.

    Attributes:
        reading: The environment as it is now.
    """

    reading: EnvironmentReading

    def _said(self) -> str:
        parts = [
            f"{role} {deployment.id} {deployment.status}"
            for role, deployment in (
                ("current", self.reading.current),
                ("candidate", self.reading.candidate),
            )
            if deployment is not None
        ]
        promotion = self.reading.promotion
        if promotion is not None:
            parts.append(f"promotion {promotion.status}, {promotion.percent} %")
        return f"environment {self.reading.name}: {'; '.join(parts) or 'nothing serves'}"


@frozen(kw_only=True)
class Finished(Event):
    """The wait has ended. An event stream ends after this, by raising *error* if there is one.

    Attributes:
        result: The result of the wait, or ``None`` if it failed.
        error: Why the wait failed, or ``None``.
    """

    result: Any
    error: BasetenError | None

    def _said(self) -> str:
        return "done" if self.error is None else f"failed: {self.error}"


class EventStream(AsyncGenerator[Event, None]):
    """The events of a wait, as they are seen; `Finished` comes last.

    Use it as ``async with promotion.events() as events:``, with ``async for event in events:`` in
    the block: when the block ends, the wait stops. Without the block, a loop that is left early
    leaves the wait running until `aclose`, or until nobody refers to the stream any more.
    """

    def __init__(self, events: AsyncGenerator[Event, None]) -> None:
        """Store them. The wait begins with the first event that is asked for."""
        self._events = events

    def __reduce__(self) -> NoReturn:
        raise TypeError("a stream of events cannot be copied or pickled: ask for another one")

    async def asend(self, value: None) -> Event:
        """The next event."""
        return await self._events.asend(value)

    async def athrow(self, *error: Any) -> Event:
        """Raise an error where the stream stands."""
        return await self._events.athrow(*error)

    async def aclose(self) -> None:
        """Stop the wait; nothing is left running. Safe to call twice."""
        await self._events.aclose()

    async def __aenter__(self) -> Self:
        """Nothing happens yet."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the wait: see `aclose`."""
        await self.aclose()
