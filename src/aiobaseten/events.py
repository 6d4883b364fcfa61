"""Events: the reports of a wait while it goes on.

Each event prints as one line for a person. The last event of a wait is `Finished`.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from ._status import Phase, PromotionPhase, meaning_of, promotion_phase_of
from .errors import BasetenError


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
