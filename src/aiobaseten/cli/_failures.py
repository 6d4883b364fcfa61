"""From what the library raises to how the command ends: which status, and what to do about it."""

from __future__ import annotations

from argparse import Namespace

from ..errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BasetenError,
    ConfigurationError,
    ConflictError,
    DeploymentFailedError,
    NotFoundError,
    PermissionDeniedError,
    PromotionCanceledError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    PromotionPausedError,
    PromotionSupersededError,
    RateLimitError,
    RequestNotActedOnError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from ._jobs import Job, command, one_line
from ._outcomes import Outcome

# An error's class, most special first, and how a command ends with it.
_OUTCOMES: tuple[tuple[type[BasetenError], Outcome], ...] = (
    (ConfigurationError, Outcome.USAGE),
    (AuthenticationError, Outcome.REFUSED),
    (PermissionDeniedError, Outcome.REFUSED),
    (NotFoundError, Outcome.NOT_FOUND),
    (BadRequestError, Outcome.REJECTED),
    (ConflictError, Outcome.REJECTED),
    (PromotionInProgressError, Outcome.REJECTED),
    (RequestNotActedOnError, Outcome.REJECTED),
    (RateLimitError, Outcome.UNAVAILABLE),
    (ServerError, Outcome.UNAVAILABLE),
    (TransportError, Outcome.UNAVAILABLE),
    (PromotionOutcomeUnknownError, Outcome.UNKNOWN),
    (DeploymentFailedError, Outcome.FAILED),
    (PromotionFailedError, Outcome.FAILED),
    (PromotionCanceledError, Outcome.CANCELLED),
    (PromotionSupersededError, Outcome.SUPERSEDED),
    (PromotionPausedError, Outcome.PAUSED),
    (WaitTimeoutError, Outcome.TIMED_OUT),
)

# How the library ends a message for those who write Python.
_FOR_PROGRAMS = " Go on with resume(error.token)."


def outcome_of(error: BasetenError) -> Outcome:
    """How a command ends that met *error*."""
    return next((one for kind, one in _OUTCOMES if isinstance(error, kind)), Outcome.ERROR)


def explain(error: BasetenError, arguments: Namespace, job: Job | None) -> str:
    """What happened and what to do, in one line."""
    return one_line(_explain(error, arguments, job))


def _explain(error: BasetenError, arguments: Namespace, job: Job | None) -> str:
    said = _said(error)
    if isinstance(error, AuthenticationError):
        return f"the API key is wrong or revoked ({said}): give another in BASETEN_API_KEY"
    if isinstance(error, PermissionDeniedError):
        return f"the API key may not do this ({said}): use another key, or ask for access"
    if isinstance(error, NotFoundError):
        return f"no such thing at Baseten ({said}): check the ids{_where_to_look(arguments, job)}"
    if isinstance(error, BadRequestError | ConflictError):
        return f"Baseten refuses ({said}){_where_to_look(arguments, job)}"
    if isinstance(error, PromotionInProgressError):
        return _busy(error, arguments, job)
    if isinstance(error, RateLimitError | ServerError):
        return f"Baseten cannot answer now ({said}): try again later"
    if isinstance(error, TransportError):
        return f"no answer from Baseten ({error}): check the network and the address, and try again"
    if isinstance(error, PromotionOutcomeUnknownError):
        if job is None or job.environment is None:
            return str(error)
        look = command(arguments, "status", job.kind, job.owner, job.environment)
        return f"{error}: {look}"
    if isinstance(error, WaitTimeoutError):
        return str(error).removesuffix(_FOR_PROGRAMS)
    return str(error)


def _where_to_look(arguments: Namespace, job: Job | None) -> str:
    if job is None or job.task == "owner":
        return ""
    listing = command(arguments, "list", job.kind, job.owner)
    return f"; if the {job.kind}'s is right, to see what it has: {listing}"


def _said(error: BasetenError) -> str:
    if not isinstance(error, APIError):
        return str(error)
    words = [f"HTTP {error.status} for {error.path}", error.message.rstrip(".")]
    if error.request_id:
        words.append(f"request id {error.request_id}")
    return ", ".join(word for word in words if word)


def _busy(error: PromotionInProgressError, arguments: Namespace, job: Job | None) -> str:
    which = f" of deployment {error.deployment_id}" if error.deployment_id else ""
    where = f" to {job.place}" if job else ""
    if arguments.command == "promote":
        what = "wait for it with --if-in-progress wait"
        if error.deployment_id == arguments.deployment:
            what = f"follow it with --if-in-progress adopt, or {what}"
    elif job and job.kind == "chain":
        what = "wait for its end"  # Baseten cannot cancel it
    else:
        what = "wait for its end, or cancel it"
    return f"a promotion{which}{where} is under way, and nothing was sent: {what}"
