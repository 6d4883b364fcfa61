"""What a wait is asked, and what it may answer to a reading or to trouble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from attrs import frozen

from .._status import Stage
from ..errors import (
    APIError,
    BasetenError,
    ConfigurationError,
    Evidence,
    NotFoundError,
    WaitError,
)
from ..events import Event
from .readings import DeploymentReading

KEEPS_WORKING = "Baseten keeps working on it."

#: Seconds for which a state may be one from before the wait, or on its way to another.
SETTLING_TIME_S = 120.0
#: Seconds for which an unhealthy deployment may still recover.
UNHEALTHY_GRACE_S = 300.0
#: Seconds for which a promotion may be missing from its environment: looks may hit the moment in
#: which the candidate becomes the current deployment, or a server that is a moment behind.
MISSING_GRACE_S = 10.0
#: Baseten may answer 404 for the first seconds of a deployment's life; its own tools allow 30.
NOT_FOUND_GRACE_S = 30.0
#: The longest of Baseten's documented windows. A server that asks for more is mistaken, or means
#: something else, and would blind every wait of the client.
LONGEST_ASKED_S = 60.0

_HTTP_CLIENT_ERRORS = range(400, 500)
_PASSING_CLIENT_ERRORS = frozenset({408, 425, 429})

OnPaused: TypeAlias = Literal["wait", "raise"]


@frozen(kw_only=True)
class Policy:
    """What the caller asked of a wait. Times are seconds."""

    accept_scaled_to_zero: bool = False
    wake: bool = False
    settling_time: float = SETTLING_TIME_S
    unhealthy_grace: float = UNHEALTHY_GRACE_S
    on_paused: OnPaused = "wait"
    after_retry: bool = False

    def __attrs_post_init__(self) -> None:
        if self.on_paused not in ("wait", "raise"):
            raise ConfigurationError(f'on_paused must be "wait" or "raise", not {self.on_paused!r}')
        if self.wake and self.accept_scaled_to_zero:
            raise ConfigurationError(
                "wake and accept_scaled_to_zero exclude each other: wake it, or leave it asleep"
            )


@frozen
class Pending:
    """Look again."""


@frozen
class Done:
    """What was waited for is there."""

    value: Any


@frozen
class Failed:
    """It will not come."""

    error: Callable[[Evidence], WaitError]


@frozen
class Wake:
    """It sleeps, and the caller asked to wake it. Do that, call this, and look again."""

    woken: Callable[[float], Event]


@frozen
class Explain:
    """The environment does not show it. Read the deployment, and call this with what was found.

    ``None`` means that the deployment no longer exists.
    """

    given: Callable[[DeploymentReading | None, float], Step]


Verdict: TypeAlias = "Pending | Done | Failed | Wake | Explain"


@frozen(kw_only=True)
class Step:
    """What a wait makes of one reading."""

    verdict: Verdict
    events: tuple[Event, ...]
    stage: Stage
    in_stage: float


def ends_wait(error: BasetenError, at: float, *, has_looked: bool) -> bool:
    """Whether *error* of a look ends the wait. The rest is ridden out.

    What the server says about the caller (401, 403, 422, …) will not change by asking again; what
    it says about itself, and what gets lost on the way, may.
    """
    if isinstance(error, ConfigurationError):
        return True
    if isinstance(error, NotFoundError):
        return has_looked or at >= NOT_FOUND_GRACE_S
    if isinstance(error, APIError):
        return error.status in _HTTP_CLIENT_ERRORS and error.status not in _PASSING_CLIENT_ERRORS
    return False


def asked_delay(error: BasetenError) -> float | None:
    """Seconds that the server asked for, a minute at most, or ``None``."""
    asked = error.retry_after if isinstance(error, APIError) else None
    return None if asked is None else min(asked, LONGEST_ASKED_S)
