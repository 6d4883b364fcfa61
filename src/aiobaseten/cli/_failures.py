"""Turn an error of the library into an outcome, and a message that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from ..errors import (
    AmbiguousNameError,
    APIError,
    AuthenticationError,
    BadRequestError,
    BasetenError,
    ConfigurationError,
    ConflictError,
    DeploymentFailedError,
    GuardBreachedError,
    GuardError,
    GuardUnavailableError,
    NameNotFoundError,
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
    RollbackImpossibleError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from ..options import DEFAULT_TIMEOUT_S
from ._flags import in_shell
from ._invocations import (
    Access,
    Cancel,
    Command,
    Pause,
    Promote,
    ResourceRef,
    Resume,
    Rollback,
    RollForward,
    WaitingInvocation,
)
from ._jobs import Job
from ._outcomes import Outcome
from ._text import one_line

# The most special classes come first.
_OUTCOMES: tuple[tuple[type[BasetenError], Outcome], ...] = (
    (ConfigurationError, Outcome.USAGE),
    (AuthenticationError, Outcome.REFUSED),
    (PermissionDeniedError, Outcome.REFUSED),
    (NotFoundError, Outcome.NOT_FOUND),
    (NameNotFoundError, Outcome.NOT_FOUND),
    (AmbiguousNameError, Outcome.USAGE),
    (BadRequestError, Outcome.REJECTED),
    (ConflictError, Outcome.REJECTED),
    (PromotionInProgressError, Outcome.REJECTED),
    (RequestNotActedOnError, Outcome.REJECTED),
    (RollbackImpossibleError, Outcome.REJECTED),
    (RateLimitError, Outcome.UNAVAILABLE),
    (ServerError, Outcome.UNAVAILABLE),
    (TransportError, Outcome.UNAVAILABLE),
    (PromotionOutcomeUnknownError, Outcome.UNKNOWN),
    (DeploymentFailedError, Outcome.FAILED),
    (PromotionFailedError, Outcome.FAILED),
    (PromotionCanceledError, Outcome.CANCELLED),
    (PromotionSupersededError, Outcome.SUPERSEDED),
    (PromotionPausedError, Outcome.PAUSED),
    (GuardBreachedError, Outcome.BREACHED),
    (GuardUnavailableError, Outcome.GUARD_UNAVAILABLE),
    (WaitTimeoutError, Outcome.TIMED_OUT),
)

# How the library's advice about a wrong address begins.
_ABOUT_ADDRESS = "The base URL"
# The routes with which names are looked up.
_LISTS = ("/v1/chains", "/v1/models")
# The library's sentences about where the traffic is and about what goes on.
_PRESENT = re.compile(
    r" (?:It has (?:the|\d+ % of the) traffic|Traffic is on deployment \S+|Nothing serves"
    r"|Baseten keeps working on it|The last look did not show it"
    r"|It is paused: nothing moves until somebody resumes or cancels it)\.(?= |$)"
    r"|; it stays so until somebody resumes or cancels it(?=\.)"
)
# The library's advice for programs, at the end of a message; the command gives its own.
_ADVICE_FOR_PROGRAMS = " Go on with resume(error.token)."
# That of a guard, and the commands that do the same.
_UNDOES = {
    "cancel it yourself": "cancel",
    "take it back with promotion.rollback()": "roll back",
    "take it back after its end with promotion.rollback()": "roll back",
    "roll back with environment.rollback()": "go back",
    "roll back after its end with environment.rollback()": "go back",
}
_ADVICE_OF_GUARD: Mapping[str, Sequence[str]] = {
    **{
        f" Go on with resume(error.token), or {key}{undo}.": ("continue", command)
        for key in ("", "use another API key and ")
        for undo, command in _UNDOES.items()
    },
    " Wait on with resume(error.token).": ("continue",),
    " Take it back with promotion.rollback().": ("roll back",),
    " Roll back with environment.rollback().": ("go back",),
    " Go on with promotion.resume(), or give it back with promotion.cancel().": (
        "resume",
        "cancel",
        "continue",
    ),
    " If it pauses, go on with promotion.resume(), or give it back with promotion.cancel().": (
        "continue",
        "cancel",
        "resume",
    ),
}


def advice_of_guard(error: GuardError) -> Sequence[str]:
    """The commands to type next, after a guard has ended a promotion."""
    return _ADVICE_OF_GUARD.get(_advice_in(_without_guard(error)), ())


def outcome_of(error: BasetenError) -> Outcome:
    """The outcome of a command that ended with *error*."""
    return next((one for kind, one in _OUTCOMES if isinstance(error, kind)), Outcome.ERROR)


def explain(error: BasetenError, command: Command, job: Job | None) -> str:
    """What happened and what to do, in one line.

    Args:
        error: The error that ended the command.
        command: The command.
        job: The subject of the command, if it is known.
    """
    changes = isinstance(command, Cancel | Pause | Resume | RollForward)
    return one_line(in_shell(_explain(error, command, job, changes=changes)))


def explain_refused_cancel(error: BasetenError, command: Command, job: Job) -> str:
    """Why another command could not cancel its promotion, in one line."""
    return one_line(in_shell(_explain(error, command, job, changes=True)))


def without_present(message: str) -> str:
    """A failure without the sentences about the present, which another act has changed since."""
    return _PRESENT.sub("", message)


def _explain(error: BasetenError, command: Command, job: Job | None, *, changes: bool) -> str:
    reply = _summary(error)
    contents = _hint_to_list(command.access, job)
    if isinstance(error, AuthenticationError):
        return (
            f"Baseten refuses the API key: it is wrong or revoked ({reply}). {_check_key(command)}"
        )
    if isinstance(error, PermissionDeniedError):
        return _explain_permission(error, command, reply)
    if isinstance(error, NotFoundError):
        return f"{_missing(error, job)} ({reply}){_hint_after_404(error, command.access, job)}"
    if isinstance(error, NameNotFoundError):
        listing = contents or f"; to list everything: {command.access.command('list')}"
        return str(error) if error.similar else f"{error}{listing}"
    if isinstance(error, BadRequestError | ConflictError):
        # The list shows no promotion, but the environment does.
        hint = f"; to look: {_status(command.access, job)}" if changes and job else contents
        return f"Baseten refused the request ({reply}){hint}"
    if isinstance(error, PromotionInProgressError):
        return _explain_promotion_in_progress(error, command, job)
    if isinstance(error, PromotionOutcomeUnknownError):
        look = f": {_status(command.access, job)}" if job and job.environment else ""
        return f"{error}{look}"
    if error.may_have_acted:
        look = f": {_status(command.access, job)}" if job and job.environment else ""
        return (
            f"the response was lost ({reply}), and Baseten may have acted: look before you try "
            f"again{look}"
        )
    if isinstance(error, RateLimitError | ServerError):
        return f"Baseten cannot answer now ({reply}): try again later"
    if isinstance(error, TransportError):
        return f"no response from Baseten ({error}): check the network and the address, and retry"
    if isinstance(error, GuardError):
        text = _without_guard(error)
        return text.replace(_advice_in(text), "")
    if isinstance(error, WaitTimeoutError):
        return _with_asked_time(error, command).removesuffix(_ADVICE_FOR_PROGRAMS)
    return _without_guard(error).removesuffix(_ADVICE_FOR_PROGRAMS)


def _with_asked_time(error: WaitTimeoutError, command: Command) -> str:
    """The message, with the time that the user asked for: a part of it may have gone to names."""
    message = _without_guard(error)
    if not isinstance(command, WaitingInvocation):
        return message
    asked = command.wait_options.get("timeout", DEFAULT_TIMEOUT_S)
    if asked is None or asked == error.timeout:
        return message
    _, is_over, rest = message.partition(" are over")
    names = f"{float(asked) - error.timeout:.0f} s of them to look names up"
    return f"{float(asked):.0f} s are over ({names}){rest}" if is_over else message


def _without_guard(error: BasetenError) -> str:
    """The message, without the guard that a program has to give."""
    return str(error).replace("(error.token, guard=guard)", "(error.token)")


def _advice_in(text: str) -> str:
    """The advice of a guard in its message, after which another sentence may stand."""
    return next((one for one in _ADVICE_OF_GUARD if one in text), "")


def _missing(error: NotFoundError, job: Job | None) -> str:
    """What Baseten did not find."""
    if job is None:
        return "Baseten found nothing"
    its, what = job.resource, ""
    if job.environment is not None:
        name = quote(job.environment, safe="")
        if error.path.endswith(f"/environments/{name}"):
            what = f"environment {job.environment}"
    if not what and job.deployment is not None:
        what = f"deployment {job.deployment}"
    if not what:
        return f"Baseten did not find {job.place}"
    if _may_be_missing(its):
        return f"Baseten has no {its}, or it has no {what}"
    return f"{its} has no {what}"


def _may_be_missing(resource: ResourceRef) -> bool:
    """Whether the chain or the model was not looked up, so that it may not exist."""
    return resource.word.startswith("id:")


def _hint_after_404(error: NotFoundError, access: Access, job: Job | None) -> str:
    if error.advice.startswith(_ABOUT_ADDRESS):
        return f"; {error.advice[0].lower()}{error.advice[1:]}"
    if job is None or not _may_be_missing(job.resource):
        return f"{_hint_for_name(error, job)}{_hint_to_list(access, job)}"
    listing = access.command("list", job.resource.kind)
    name = "; a name is written without id:" if error.advice else ""
    return f"; to list all {job.resource.kind}s: {listing}{name}"


def _hint_for_name(error: NotFoundError, job: Job | None) -> str:
    """A hint for an id that was not looked up, and that looks like a name."""
    if error.advice and job is not None and job.resource.kind == "chain" and job.deployment:
        return "; deployments of chains have no names, only ids"
    return ""


def _explain_permission(error: PermissionDeniedError, command: Command, reply: str) -> str:
    if error.came_from_proxy:
        return f"something in front of Baseten refused the request ({reply}): check the network"
    if error.key_owner is None:
        return (
            f"Baseten refuses the API key: it is wrong, or lacks permission ({reply}). "
            f"{_check_key(command)}, or ask for access"
        )
    exact = ". An id with id: before it needs no list" if error.path in _LISTS else ""
    return (
        f"the API key of {error.key_owner} lacks permission ({reply}): use another key, or ask for "
        f"access{exact}"
    )


def _check_key(command: Command) -> str:
    path = command.access.api_key_file
    return f"Check the key in {'BASETEN_API_KEY' if path is None else 'the file of --api-key-file'}"


def _status(access: Access, job: Job) -> str:
    return access.command("status", job.resource.kind, job.resource.word, job.environment or "")


def _hint_to_list(access: Access, job: Job | None) -> str:
    if job is None or job.task == "resource":
        return ""
    listing = access.command("list", job.resource.kind, job.resource.word)
    return f"; to list what the {job.resource.kind} has: {listing}"


def _summary(error: BasetenError) -> str:
    if not isinstance(error, APIError):
        return str(error)
    words = [f"HTTP {error.status} for {error.path}", error.message.rstrip(".")]
    if error.request_id:
        words.append(f"request id {error.request_id}")
    return ", ".join(word for word in words if word)


def _explain_promotion_in_progress(
    error: PromotionInProgressError, command: Command, job: Job | None
) -> str:
    which = f" of deployment {error.deployment_id}" if error.deployment_id else ""
    where = f" to {job.place}" if job else ""
    if error.is_paused:
        advice = (
            "cancel it, which gives its traffic back"
            if isinstance(command, Rollback)
            else "resume it, or cancel it"
        )
        return f"a promotion{which}{where} is paused, and nothing was sent: {advice}"
    if isinstance(command, Promote):
        advice = "wait for it with --if-in-progress wait"
        if error.may_be_adopted:
            advice = f"follow it with --if-in-progress adopt, or {advice}"
    elif job and job.resource.kind == "chain":
        advice = "wait for its end"  # Baseten cannot cancel it
    else:
        advice = "wait for its end, or cancel it"
    return f"a promotion{which}{where} is already running, and nothing was sent: {advice}"
