"""What a wait may decide about a reading or about an error. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar

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
from ..readings import DeploymentReading
from .history import History

KEEPS_WORKING = "Baseten keeps working on it."

#: Seconds for which a promotion may be missing from its environment: a look may hit the moment in
#: which the candidate becomes the current deployment, or a server that lags behind.
MISSING_GRACE_S = 10.0
#: Baseten may answer 404 for the first seconds of a deployment's life; its own tools allow 30.
NOT_FOUND_GRACE_S = 30.0
#: The longest of Baseten's documented rate windows. A server that asks for a longer pause is wrong,
#: and would stop every wait of the client from looking.
LONGEST_PAUSE_S = 60.0

_HTTP_CLIENT_ERRORS = range(400, 500)
_TRANSIENT_CLIENT_ERRORS = frozenset({408, 425, 429})

R = TypeVar("R", contravariant=True)


@frozen
class Pending:
    """Look again."""


@frozen
class Done:
    """The wait has succeeded."""

    result: Callable[[], Any]


@frozen
class Failed:
    """The wait cannot succeed."""

    error: Callable[[Evidence], WaitError]


@frozen
class Wake:
    """The deployment sleeps, and the caller asked to wake it. Wake it, call this, look again."""

    woken: Callable[[float], Event]


@frozen
class Explain:
    """The environment does not show the promotion. Read the deployment, and call this with it.

    ``None`` stands for a deployment that no longer exists.
    """

    given: Callable[[DeploymentReading | None, float], Step]


Verdict: TypeAlias = "Pending | Done | Failed | Wake | Explain"


@frozen(kw_only=True)
class Step:
    """What a tracker makes of one reading.

    Attributes:
        verdict: The decision.
        events: What is new.
        stage: How far the thing is from ready.
        in_stage: Seconds since something last changed.
    """

    verdict: Verdict
    events: tuple[Event, ...]
    stage: Stage
    in_stage: float


class Tracker(Protocol[R]):
    """Follows one thing from reading to reading, and decides. No I/O, no clock.

    All times are seconds since the wait began.
    """

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        ...

    def see(self, reading: R, at: float) -> Step:
        """Decide."""
        ...

    def still(self) -> str:
        """The sentence for a wait that times out."""
        ...


def ends_wait(error: BasetenError, at: float, *, has_looked: bool) -> bool:
    """Whether *error* of a look ends the wait. The wait rides out every other error.

    A refusal of the caller (401, 403, 422, …) will be the same next time. A failure of the server
    or of the network may pass.
    """
    if isinstance(error, ConfigurationError):
        return True
    if isinstance(error, NotFoundError):
        return has_looked or at >= NOT_FOUND_GRACE_S
    if isinstance(error, APIError):
        return error.status in _HTTP_CLIENT_ERRORS and error.status not in _TRANSIENT_CLIENT_ERRORS
    return False


def asked_pause(error: BasetenError) -> float | None:
    """Seconds for which the server asks for a pause, at most a minute, or ``None``."""
    asked = error.retry_after if isinstance(error, APIError) else None
    return None if asked is None else min(asked, LONGEST_PAUSE_S)
