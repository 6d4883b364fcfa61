"""What a wait may decide about a reading or about an error. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from attrs import field, frozen

from .._status import Stage
from ..errors import (
    APIError,
    BasetenError,
    ConfigurationError,
    Evidence,
    NotFoundError,
    PermissionDeniedError,
    ResponseShapeError,
    WaitError,
)
from ..events import Event
from ..readings import DeploymentReading
from .doubt import MISSING_GRACE_S
from .history import History

# What to expect after the last look, if that succeeded.
KEEPS_WORKING = "Baseten keeps working on it."
NOT_SHOWN = "The last look did not show it."
TO_BE_CONFIRMED = "Another look would have confirmed that."
UNTOLD = (
    "It serves, as it did before, and is still shown as the candidate: nothing tells whether this "
    "promotion has ended."
)

#: Baseten may answer 404 for the first seconds of a deployment's life; its own tools allow 30.
NOT_FOUND_GRACE_S = 30.0

# Characters of a server's text in a message. The evidence has all of it.
_LONGEST_QUOTE = 500

_HTTP_CLIENT_ERRORS = range(400, 500)
_TRANSIENT_CLIENT_ERRORS = frozenset({408, 425, 429})

R = TypeVar("R", contravariant=True)


@frozen
class Pending:
    """Look again.

    Attributes:
        confirm_in: Seconds after which a look may confirm what this one showed, or ``None``.
    """

    confirm_in: float | None = field(default=None, eq=False)


@frozen
class Done:
    """The wait has succeeded."""

    result: Callable[[], Any]


@frozen
class Failed:
    """The wait cannot succeed."""

    error: Callable[[Evidence], WaitError]


@frozen
class Suspected:
    """The wait seems to have failed, unless the look is from before. Ask the audit log.

    Attributes:
        failed: How it ends if the audit log confirms that.
        confirm_in: Seconds after which a look may confirm it, if the log does not.
    """

    failed: Failed
    confirm_in: float


@frozen
class IsOver:
    """Asks the audit log whether the promotion is over."""


@frozen
class Over:
    """What an audit log tells of the end of a promotion.

    Attributes:
        is_cancelled: Whether somebody has cancelled it.
        newer: The deployments that were promoted after it lately, by promotions that nobody has
            cancelled.
    """

    is_cancelled: bool = False
    newer: frozenset[str] = frozenset()


@frozen
class MayHaveServed:
    """Asks the audit log whether the deployment may have served before, and been replaced.

    The answer is `BEHIND` if the log does not show even the promotion that is followed.

    Attributes:
        made_at: When it was made, or ``None``.
    """

    made_at: datetime | None


#: The log lacks the promotion that is followed: it may show it soon.
BEHIND: Final = "behind"

Question: TypeAlias = "IsOver | MayHaveServed"


@frozen
class Consult:
    """The look leaves a doubt that the audit log may settle. Ask it, and judge the look again.

    Attributes:
        question: What to ask.
        note: To be called with the answer: `Over`, or a bool; with ``None`` if the log cannot be
            read.
        again: To be called afterwards, with the time; returns the step of the same look.
    """

    question: Question
    note: Callable[[Any], None]
    again: Callable[[float], Step]


@frozen
class Wake:
    """The deployment sleeps, and the caller asked to wake it. Wake it and look again.

    Attributes:
        woken: To be called afterwards, with the time; returns the event.
        refused: To be called instead if the request failed.
    """

    woken: Callable[[float], Event]
    refused: Callable[[BasetenError], None]


@frozen
class Explain:
    """The environment does not show the promotion. Read the deployment, and call this with it.

    ``None`` stands for a deployment that no longer exists.
    """

    given: Callable[[DeploymentReading | None, float], Step]


@frozen
class Act:
    """Do something else than looking, and go on with its outcome.

    Attributes:
        errand: What to do.
        given: To be called afterwards, with the outcome and the time.
    """

    errand: Any
    given: Callable[[Any, float], Step]


Verdict: TypeAlias = "Pending | Done | Failed | Suspected | Consult | Wake | Explain | Act"


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
    def label(self) -> str:
        """What is waited for."""
        ...

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        ...

    def see(self, reading: R, at: float) -> Step:
        """Decide."""
        ...

    def still(self) -> Still:
        """What the message says when the wait times out."""
        ...


@frozen
class Still:
    """What a wait that times out says.

    Attributes:
        state: What is not so yet.
        seen: The last look that showed something.
        outlook: What to expect, if the last look succeeded.
    """

    state: str
    seen: str
    outlook: str

    def __str__(self) -> str:
        return f"{self.state}; last seen: {self.seen}. {self.outlook}"


def ends_in(error: BasetenError, at: float, *, lasts: float, has_looked: bool) -> float:
    """Seconds until *error* of a look ends the wait, if all looks fail like this one.

    At most 0: it ends now. Infinity: the wait rides it out. A refusal of the caller (401, 403,
    422, …) will be the same next time. A failure of the server or of the network may pass.

    Args:
        error: The error.
        at: Seconds since the wait began.
        lasts: Seconds for which every look has failed like this one.
        has_looked: Whether a look has ever succeeded.
    """
    if isinstance(error, ConfigurationError):
        return 0.0
    is_refused = isinstance(error, NotFoundError | PermissionDeniedError)
    if is_refused and has_looked and _came_from_proxy(error):
        return NOT_FOUND_GRACE_S - lasts  # it may be gone the next time
    if isinstance(error, NotFoundError):
        # A server that lags behind may not know it yet; one look is not enough.
        return max(MISSING_GRACE_S - lasts, 0.0 if has_looked else NOT_FOUND_GRACE_S - at)
    if isinstance(error, ResponseShapeError):
        return math.inf if has_looked else NOT_FOUND_GRACE_S - lasts
    if isinstance(error, APIError) and error.status in _HTTP_CLIENT_ERRORS:
        return math.inf if error.status in _TRANSIENT_CLIENT_ERRORS else 0.0
    return math.inf


def _came_from_proxy(error: BasetenError) -> bool:
    return isinstance(error, APIError) and error.came_from_proxy


def cut(text: str) -> str:
    """A server's text, short enough for a message."""
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]} …"
