"""Every exception that aiobaseten raises, as one tree.

.. code-block:: text

    BasetenError
    ├── ConfigurationError (also ValueError)      the caller's mistake, before any I/O
    ├── APIError                                  the server refused or failed
    │   ├── BadRequestError 400, 422
    │   ├── AuthenticationError 401
    │   ├── PermissionDeniedError 403
    │   ├── NotFoundError 404
    │   ├── ConflictError 409
    │   ├── RateLimitError 429
    │   └── ServerError 5xx
    ├── TransportError                            no response
    │   └── RequestTimeoutError (also TimeoutError)
    ├── ResponseShapeError                        a response that does not fit the spec
    ├── NameNotFoundError                         nothing has this name
    ├── AmbiguousNameError                        several things have this name
    ├── PromotionInProgressError                  the environment is busy; yours has not begun
    ├── PromotionOutcomeUnknownError              it may or may not have started, or be cancelled
    ├── RequestNotActedOnError                    a 200 that says: not done
    ├── RollbackImpossibleError                   nothing to roll back to; nothing was sent
    └── WaitError                                 a wait ended without success
        ├── DeploymentFailedError
        ├── PromotionFailedError
        ├── PromotionCanceledError
        ├── PromotionSupersededError
        ├── PromotionPausedError
        ├── GuardError                        a guard has ended the promotion
        │   ├── GuardBreachedError            it was measured, and is worse
        │   └── GuardUnavailableError         it could not be measured
        └── WaitTimeoutError (also TimeoutError)

An error says what happened and what is still true, and carries the objects that the caller needs
next. All errors pickle and copy. None ever holds the API key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from attrs import field, frozen

from ._first_use import names_of, on_first_use
from ._numbers import in_seconds

if TYPE_CHECKING:
    from . import _verdict
    from ._evidence import AuditedAct, LogLine, Seen, Startup, StartupPhase
    from ._verdict import GuardReport
else:
    _verdict = on_first_use("._verdict")

__all__ = [
    "APIError",
    "AmbiguousNameError",
    "AuditedAct",
    "AuthenticationError",
    "BadRequestError",
    "BasetenError",
    "ConfigurationError",
    "ConflictError",
    "DeploymentFailedError",
    "Evidence",
    "GuardBreachedError",
    "GuardError",
    "GuardUnavailableError",
    "LogLine",
    "NameNotFoundError",
    "NotFoundError",
    "PermissionDeniedError",
    "PromotionCanceledError",
    "PromotionFailedError",
    "PromotionInProgressError",
    "PromotionOutcomeUnknownError",
    "PromotionPausedError",
    "PromotionSupersededError",
    "RateLimitError",
    "RequestNotActedOnError",
    "RequestTimeoutError",
    "ResponseShapeError",
    "RollbackImpossibleError",
    "Seen",
    "ServerError",
    "Startup",
    "StartupPhase",
    "TransportError",
    "WaitError",
    "WaitTimeoutError",
]

_IN_EVIDENCE = ("AuditedAct", "LogLine", "Seen", "Startup", "StartupPhase")
if not TYPE_CHECKING:
    __getattr__, __dir__ = names_of(__name__, dict.fromkeys(_IN_EVIDENCE, "aiobaseten._evidence"))

_Error = TypeVar("_Error", bound="BasetenError")
# Characters in a message.
_LONGEST_REASON = 500
_LONGEST_QUOTING = 1000
# The method of a request that changes nothing.
_READ = "GET"
# A gateway sends it when its own patience ends, too.
_REQUEST_TIMEOUT = 408

#: HTTP statuses with which a server, or a proxy in front of it, says that the failure may pass.
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 531)})


@frozen(kw_only=True)
class Evidence:
    """The knowledge of a wait when it ended.

    Attributes:
        waited: Seconds that the wait took.
        last_seen: The deployment or environment of the last successful look, or ``None``.
        history: The statuses seen, oldest first; the newest 500.
        request_ids: Request ids of the last responses, newest last, for Baseten's support.
        trouble: The last failed look that did not end the wait, or ``None``.
        token: The text for ``Baseten.resume``, or ``None`` for a wait on a deployment, which needs
            no more than its ids.
        log_lines: The last lines of the log, oldest first, if the wait was asked for them; of a
            chain, the logs of the chainlets that failed, or that are not ready. If a log could not
            be read, a note of the error says why. Not in the repr.
        startup: The startup of a replica of a model's deployment that is not ready, if Baseten
            tells it within two seconds; else ``None``.
        act: Who cancelled, paused or superseded the promotion, if the audit log tells it within two
            seconds; else ``None``.
    """

    waited: float
    last_seen: Any = None
    history: tuple[Seen, ...] = ()
    request_ids: tuple[str, ...] = ()
    trouble: BasetenError | None = None
    token: str | None = None
    log_lines: tuple[LogLine, ...] = field(default=(), repr=False)
    report: GuardReport | None = field(default=None, repr=False)
    startup: Startup | None = None
    act: AuditedAct | None = None


class BasetenError(Exception):
    """The base class of all errors of aiobaseten.

    Attributes:
        evidence: The knowledge of the wait that this error ended, or ``None``.
    """

    evidence: Evidence | None = None
    _may_pass: ClassVar[bool] = False

    @property
    def is_transient(self) -> bool:
        """Whether the failure may pass by itself, so that another try may end differently.

        It does not say that a request may be sent again: the library repeats those that may.
        """
        return self._may_pass

    @property
    def may_have_acted(self) -> bool:
        """Whether the request that failed may have changed something at Baseten all the same.

        Its response was lost, or does not tell. Look at what it was to change before you send it
        again.
        """
        return False

    def __reduce__(self) -> tuple[Callable[..., BasetenError], tuple[Any, ...], dict[str, Any]]:
        # The default calls the class with `args`, which cannot fill keyword-only parameters. The
        # state is apart, because it may hold this error again: as the trouble of its evidence.
        return _rebuild, (type(self), self.args), self.__dict__


def _shortened(message: str) -> str:
    """A message that quotes a value of the caller's, which may be of any length."""
    if len(message) <= _LONGEST_QUOTING:
        return message
    return f"{message[: _LONGEST_QUOTING // 2]} … {message[-_LONGEST_QUOTING // 4 :]}"


def _rebuild(cls: type[_Error], args: tuple[Any, ...]) -> _Error:
    error = cls.__new__(cls, *args)
    error.args = args  # those that are OSErrors, too, take none from __new__
    return error


class ConfigurationError(BasetenError, ValueError):
    """An argument is invalid, or the client is used in a wrong way.

    Raised before any I/O: no key, an id that cannot stand in a path, a negative duration, a client
    that was not entered, was closed, or belongs to another event loop. The message quotes a wrong
    value; of a long one the beginning and the end.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(_shortened(message))


class APIError(BasetenError):
    """The server refused or failed.

    Attributes:
        status: HTTP status.
        code: Baseten's error code, such as ``"VALIDATION_ERROR"``, or ``None``.
        message: The server's message, or an empty string.
        body: The beginning of the response body, as text.
        request_id: The id of the request for Baseten's support, or ``None``.
        method: HTTP method of the request.
        path: Path of the request.
        retry_after: Seconds for which the server asks the client to wait, or ``None``.
        came_from_proxy: Whether the body is not JSON: something in front of Baseten sent it.
        advice: What to do about it, or an empty string.
    """

    _advice: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        method: str,
        path: str,
        code: str | None = None,
        body: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
        came_from_proxy: bool = False,
        advice: str = "",
    ) -> None:
        said = ": ".join(part for part in (code, message) if part)
        sentence = (
            f"{method} {path}: HTTP {status}"
            + (f", {said}" if said else "")
            + (f" (request id {request_id})" if request_id else "")
            + ("" if came_from_proxy else self._advice)
            + (f"; it asks for a pause of {in_seconds(retry_after)}" if retry_after else "")
        )
        super().__init__(f"{sentence.rstrip('.')}. {advice}" if advice else sentence)
        self.status = status
        self.code = code
        self.message = message
        self.body = body
        self.request_id = request_id
        self.method = method
        self.path = path
        self.retry_after = retry_after
        self.came_from_proxy = came_from_proxy
        self.advice = advice

    @property
    def is_transient(self) -> bool:
        """Whether another try may end differently."""
        return self._may_pass or self.status in TRANSIENT_STATUSES

    @property
    def may_have_acted(self) -> bool:
        """Whether it was no read, and a gateway lost patience (408) or a server failed (5xx)."""
        return self.method != _READ and (self.status == _REQUEST_TIMEOUT or self.status >= 500)


class BadRequestError(APIError):
    """The server refused the request as invalid (400 or 422)."""


class AuthenticationError(APIError):
    """The API key is missing, wrong or revoked (401)."""


class PermissionDeniedError(APIError):
    """The API key is unknown, or may not do this, as in a restricted environment (403).

    Attributes:
        key_owner: The user that the key belongs to, and the workspace, if Baseten told: then the
            key is known. A call asks for it, within two seconds; a wait does not.
    """

    _advice = "; the API key is unknown, or lacks permission"
    key_owner: str | None = None

    def __str__(self) -> str:
        said = super().__str__()
        if self.key_owner is None:
            return said
        known = f"; the API key belongs to {self.key_owner}, and lacks permission"
        return said.replace(self._advice, known)


class NotFoundError(APIError):
    """There is no such chain, model, environment or deployment for this key (404)."""


class ConflictError(APIError):
    """The resource is in a state that does not allow this (409)."""

    _may_pass = True


class RateLimitError(APIError):
    """Too many requests (429). The server did not act on this one."""


class ServerError(APIError):
    """The server, or a proxy in front of it, failed (5xx)."""

    _may_pass = True


class TransportError(BasetenError):
    """No response arrived.

    Attributes:
        sent: Whether the request may have reached the server.
        method: HTTP method of the request.
        path: Path of the request.
    """

    _may_pass = True

    def __init__(self, message: str, *, method: str, path: str, sent: bool) -> None:
        fate = "it may have reached Baseten" if sent else "it did not reach Baseten"
        super().__init__(f"{method} {path}: {message}; {fate}")
        self.sent = sent
        self.method = method
        self.path = path

    @property
    def may_have_acted(self) -> bool:
        """Whether it was no read, and may have reached the server."""
        return self.sent and self.method != _READ


class RequestTimeoutError(TransportError, TimeoutError):
    """No response arrived in time."""


class ResponseShapeError(BasetenError):
    """The server reported success with a body that does not fit the spec.

    Attributes:
        status: HTTP status.
        body: The beginning of the response body, as text.
        request_id: The id of the request for Baseten's support, or ``None``.
        method: HTTP method of the request.
        path: Path of the request.
    """

    _may_pass = True

    def __init__(
        self,
        reason: str,
        *,
        status: int,
        method: str,
        path: str,
        body: str = "",
        request_id: str | None = None,
    ) -> None:
        super().__init__(
            f"{method} {path}: HTTP {status} with an unexpected body: {reason}"
            + (f" (request id {request_id})" if request_id else "")
        )
        self.status = status
        self.body = body
        self.request_id = request_id
        self.method = method
        self.path = path

    @property
    def may_have_acted(self) -> bool:
        """Whether it was no read."""
        return self.method != _READ


class NameNotFoundError(BasetenError):
    """No chain, model or deployment that the key may see has this name.

    Attributes:
        name: The name.
        similar: Names that exist and differ in little, the most similar first.
    """

    def __init__(self, message: str, *, name: str, similar: tuple[str, ...]) -> None:
        super().__init__(_shortened(message))
        self.name = name
        self.similar = similar


class AmbiguousNameError(BasetenError):
    """Several chains, models or deployments have this name. None was chosen.

    Names are unique only within a team.

    Attributes:
        name: The name.
        candidates: Those that have it, as the API lists them: each has an ``id``, and a chain or a
            model a ``team_name``.
    """

    def __init__(self, message: str, *, name: str, candidates: tuple[Any, ...]) -> None:
        super().__init__(message)
        self.name = name
        self.candidates = candidates


class PromotionInProgressError(BasetenError):
    """Another promotion to the environment is under way. Yours has not begun.

    Attributes:
        deployment_id: The deployment that is being promoted, or ``None`` if it is not shown.
        environment: The environment as it was read.
        is_paused: Whether it is paused, and goes on only if somebody resumes it.
        may_be_adopted: Whether it promotes the deployment that you asked for, or a copy that
            Baseten made of it, so that ``if_in_progress="adopt"`` follows it.
    """

    _may_pass = True

    def __init__(
        self,
        message: str,
        *,
        deployment_id: str | None,
        environment: Any,
        is_paused: bool = False,
        may_be_adopted: bool = False,
    ) -> None:
        super().__init__(message)
        self.deployment_id = deployment_id
        self.environment = environment
        self.is_paused = is_paused
        self.may_be_adopted = may_be_adopted


class PromotionOutcomeUnknownError(BasetenError):
    """The answer to a promotion or a cancel was lost, and nothing that can be read settles it.

    The promotion may or may not have started; or it may or may not be cancelled. The message says
    which. Look at the environment before you send it again. The cause is the original error.

    Attributes:
        deployment_id: The deployment that was to be promoted, or whose promotion was to be
            cancelled; ``None`` if it is not known, or if Baseten was to make it, because of other
            instance types.
        before: The environment as it was read before; ``None`` if another process read it.
        after: The environment as it was read after, or ``None`` if that failed, too.
        sent: Whether the request may have been sent. If not, it is not known whether an earlier
            one did the same.
    """

    def __init__(
        self,
        message: str,
        *,
        deployment_id: str | None,
        before: Any,
        after: Any,
        sent: bool = True,
    ) -> None:
        super().__init__(message)
        self.sent = sent
        self.deployment_id = deployment_id
        self.before = before
        self.after = after

    @property
    def is_transient(self) -> bool:
        """Whether another try may tell more, because the environment could not be read."""
        return self.after is None

    @property
    def may_have_acted(self) -> bool:
        """Whether it may have been sent."""
        return self.sent


class RequestNotActedOnError(BasetenError):
    """Baseten did not act on the request.

    Its answer says so, or each answer to a cancel was lost, and the promotion still runs.

    Attributes:
        action: The action, such as ``"retry"``.
        reason: Baseten's reason, or an empty string. The message shows its first 500 characters.
    """

    _may_pass = True

    def __init__(self, action: str, reason: str) -> None:
        is_long = len(reason) > _LONGEST_REASON
        shown = f"{reason[:_LONGEST_REASON]} …" if is_long else reason.rstrip(".")
        said = f": {shown}" if shown else "; it did not say why"
        super().__init__(f"Baseten did not {action}{said}. The request changed nothing")
        self.action = action
        self.reason = reason


class RollbackImpossibleError(BasetenError):
    """No deployment served before, or it is not known which one. Nothing was sent.

    The message says why. Promote the deployment that you want instead.
    """


class WaitError(BasetenError):
    """A wait ended without success.

    Attributes:
        evidence: The knowledge of the wait when it ended.
    """

    def __init__(self, message: str, *, evidence: Evidence) -> None:
        super().__init__(message)
        self.evidence: Evidence | None = evidence

    @property
    def _known(self) -> Evidence:
        return cast("Evidence", self.evidence)

    @property
    def last_seen(self) -> Any:
        """The deployment or environment of the last successful look, or ``None``."""
        return self._known.last_seen

    @property
    def history(self) -> tuple[Seen, ...]:
        """The statuses seen, oldest first."""
        return self._known.history

    @property
    def request_ids(self) -> tuple[str, ...]:
        """Request ids of the last responses, newest last."""
        return self._known.request_ids

    @property
    def token(self) -> str | None:
        """The text with which ``Baseten.resume`` goes on with this wait, or ``None``."""
        return self._known.token

    @property
    def log_lines(self) -> tuple[LogLine, ...]:
        """The last lines of the log, oldest first, if the wait was asked for them."""
        return self._known.log_lines


class DeploymentFailedError(WaitError):
    """The deployment failed or was stopped. It will not become active by itself.

    Attributes:
        failed: Names of the chainlets that failed; empty for a model, or if the chain itself did.
    """

    def __init__(self, message: str, *, evidence: Evidence, failed: tuple[str, ...] = ()) -> None:
        super().__init__(message, evidence=evidence)
        self.failed = failed


class PromotionFailedError(WaitError):
    """The promotion failed, or the deployment itself. The message says where the traffic is.

    Attributes:
        failed: Names of the chainlets that failed; empty for a model, or if the chain itself did.
    """

    def __init__(self, message: str, *, evidence: Evidence, failed: tuple[str, ...] = ()) -> None:
        super().__init__(message, evidence=evidence)
        self.failed = failed


class PromotionCanceledError(WaitError):
    """Somebody cancelled the promotion. Traffic is back on the previous deployment.

    Raised by a request to pause or resume it, the traffic may still be on its way back.
    """


class PromotionSupersededError(WaitError):
    """Somebody promoted another deployment since, or the same one again.

    Attributes:
        by: The id of that deployment.
    """

    def __init__(self, message: str, *, evidence: Evidence, by: str) -> None:
        super().__init__(message, evidence=evidence)
        self.by = by


class PromotionPausedError(WaitError):
    """The promotion is paused, and the caller asked not to wait through a pause.

    It stays paused until somebody resumes or cancels it.
    """

    _may_pass = True


class GuardError(WaitError):
    """A guard has ended the promotion. The message says where the traffic is."""

    @property
    def report(self) -> GuardReport:
        """What the guard has seen and done."""
        return self._known.report or _verdict.GuardReport()


class GuardBreachedError(GuardError):
    """The new deployment was measured, and a check is out of its bound."""


class GuardUnavailableError(GuardError):
    """The new deployment could not be measured: no data, too few requests, or a check that failed.

    It need not be bad. A guard never takes silence for health.
    """


class WaitTimeoutError(WaitError, TimeoutError):
    """The wait timed out. Baseten keeps working on it.

    Attributes:
        timeout: Seconds that the wait was allowed to take.
    """

    _may_pass = True

    def __init__(self, message: str, *, evidence: Evidence, timeout: float) -> None:
        super().__init__(message, evidence=evidence)
        self.timeout = timeout
