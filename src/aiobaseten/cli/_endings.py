"""Endings of commands, with hints on what to type next. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .. import Token
from ..errors import BasetenError, GuardError, PromotionPausedError, WaitTimeoutError
from ._failures import advice_of_guard, explain, outcome_of
from ._invocations import Access, Command, Promote, Rollback
from ._jobs import Ending, Job
from ._outcomes import Outcome

#: The wait ended with these, and the job continues at Baseten.
_ENDS_OF_WAITS = frozenset({Outcome.TIMED_OUT, Outcome.PAUSED})
#: As above, but only if a wait had begun before.
_ENDS_OF_LOOKS = frozenset({Outcome.REFUSED, Outcome.NOT_FOUND, Outcome.UNAVAILABLE})


def hints(job: Job, access: Access, *, cancels: bool = True) -> Sequence[str]:
    """Commands that continue or cancel a job.

    Args:
        job: The job.
        access: How to reach Baseten.
        cancels: Whether it is of any use to cancel it.
    """
    if job.token is None:
        if job.task != "deployment":
            return ()
        again = access.command("wait", job.resource.kind, job.resource.word, f"id:{job.deployment}")
        return (f"to continue:  {again}",)
    lines = [f"to continue:  {access.command('wait', job.token, *job.guard_words)}"]
    if cancels and job.task == "promotion" and job.resource.kind == "model":
        lines.append(f"to cancel:    {access.command('cancel', job.token)}")
    return tuple(lines)


def to_look(job: Job, access: Access) -> Sequence[str]:
    """The command that shows the environment, if there is one."""
    if job.environment is None:
        return ()
    status = access.command("status", job.resource.kind, job.resource.word, job.environment)
    return (f"to look:      {status}",)


def to_see_history(job: Job, access: Access) -> Sequence[str]:
    """The command that shows who promoted what to the environment, if there is one."""
    if job.environment is None:
        return ()
    history = access.command("history", job.resource.kind, job.resource.word, job.environment)
    return (f"to see who:   {history}",)


def to_roll_back(job: Job, access: Access, *, when: str = "") -> Sequence[str]:
    """The command that takes a promotion back once it has ended, however it has ended."""
    if job.task != "promotion" or job.token is None:
        return ()
    return (f"to roll back{when}: {access.command('rollback', job.token, '--wait')}",)


def to_go_back(job: Job, access: Access) -> Sequence[str]:
    """The command that rolls the environment back, whatever a token knows."""
    if job.environment is None:
        return ()
    words = (job.resource.kind, job.resource.word, job.environment)
    return (f"to roll back: {access.command('rollback', *words, '--wait')}",)


def failed(
    error: BasetenError, command: Command, job: Job | None, waited: float | None = None
) -> Ending:
    """The ending of a command after an error.

    Args:
        error: The error.
        command: The command.
        job: The subject of the command, if it is known.
        waited: Seconds that the wait took, if there was one.
    """
    outcome = outcome_of(error)
    if isinstance(error, GuardError):
        lines = _after_guard(error, command.access, job)
        message = explain(error, command, job)
        return Ending(outcome=outcome, message=message, error=error, hints=lines, waited=waited)
    goes_on = outcome in _ENDS_OF_WAITS or (waited is not None and outcome in _ENDS_OF_LOOKS)
    lines = [*hints(job, command.access)] if goes_on and job is not None else []
    if waited is not None and job is not None:
        lines += _to_undo(error, outcome, job, command.access)
    if job is not None and job.token is not None and _is_paused(error):
        lines.insert(0, f"to resume:    {command.access.command('resume', job.token)}")
    return Ending(
        outcome=outcome,
        message=explain(error, command, job),
        error=error,
        hints=lines,
        waited=waited,
    )


def _is_paused(error: BasetenError) -> bool:
    """Whether the promotion was paused when it was last seen."""
    if isinstance(error, PromotionPausedError):
        return True
    seen = error.history if isinstance(error, WaitTimeoutError) else ()
    return [one.status for one in seen if one.subject == "promotion"][-1:] == ["PAUSED"]


def _to_undo(error: BasetenError, outcome: Outcome, job: Job, access: Access) -> Sequence[str]:
    """Commands that help after a promotion that did not go well."""
    if job.task != "promotion":
        return ()
    if outcome is Outcome.FAILED:
        # Mostly, the deployment before still serves, and there is nothing to take back.
        return to_roll_back(job, access) if _serves(error, job) else to_look(job, access)
    if outcome is Outcome.TIMED_OUT and job.resource.kind == "chain":
        # It cannot be cancelled.
        return to_roll_back(job, access, when=", after its end")
    if outcome in (Outcome.SUPERSEDED, Outcome.CANCELLED):
        return to_see_history(job, access)
    return ()


def _serves(error: BasetenError, job: Job) -> bool:
    """Whether the last look has shown that the deployment serves in the place of another one."""
    if job.previous in (None, job.deployment):
        return False
    last_seen = error.evidence.last_seen if error.evidence is not None else None
    current = getattr(last_seen, "current_deployment", None)
    return getattr(current, "id", None) == job.deployment


def _after_guard(error: GuardError, access: Access, job: Job | None) -> Sequence[str]:
    """Commands instead of the library's advice for programs."""
    token = error.token
    if job is None or token is None:
        return ()
    words = job.guard_words if Token.load(token).kind != "cancellation" else ()
    commands = {
        "continue": access.command("wait", token, *words),
        "resume": access.command("resume", token),
        "cancel": access.command("cancel", token),
        "roll back": access.command("rollback", token, "--wait"),
    }
    lines: list[str] = []
    for what in advice_of_guard(error):
        if what == "go back":
            lines += to_go_back(job, access)
        else:
            lines.append(f"{f'to {what}:':13} {commands[what]}")
    return tuple(lines)


def accepted(job: Job, command: Command) -> Ending:
    """The ending of a command that started a promotion, and does not wait."""
    # A promotion that was adopted may be finished already.
    adopts = isinstance(command, Rollback) or (
        isinstance(command, Promote) and command.options.get("if_in_progress") == "adopt"
    )
    state = "now or earlier; wait to know whether it is live" if adopts else "it is not live yet"
    separator = ", " if adopts else "; "
    return Ending(
        outcome=Outcome.DONE,
        message=f"Baseten has accepted {job}{separator}{state}",
        hints=hints(job, command.access),
        only_began=True,
    )


def interrupted(outcome: Outcome, command: Command, job: Job) -> Ending:
    """The ending of an interrupted wait: the job continues, and no guard measures it any more."""
    unguarded = " without its guard" if job.guard_words else ""
    return Ending(
        outcome=outcome,
        message=f"{outcome.label}; {job} continues at Baseten{unguarded}",
        hints=hints(job, command.access),
    )


def interrupted_early(outcome: Outcome, command: Command, job: Job | None) -> Ending:
    """The ending of a command that was interrupted before it waited.

    A request may have been on its way then, and nobody knows whether Baseten acted on it.
    """
    if job is None or job.environment is None or not command.writes:
        return Ending(outcome=outcome, message=outcome.label)
    lines = [*to_look(job, command.access)]
    sent: Job | None = None
    if isinstance(command, Promote):
        question = f"{job} has started"
        if job.token is not None:
            # A wait with this token finds out whether it has.
            sent = job
            lines = [*hints(job, command.access, cancels=False), *lines]
    elif isinstance(command, Rollback):
        question = f"the rollback of {job} has started"
    else:
        question = f"Baseten received the request ({command.name}, {job})"
    return Ending(
        outcome=outcome,
        message=f"{outcome.label} before Baseten's response: it is not known whether {question}",
        hints=lines,
        job=sent,
    )
