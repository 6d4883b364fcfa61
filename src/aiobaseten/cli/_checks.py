"""Check the arguments of a command together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import ConfigurationError
from ..options import (
    DEFAULT_TIMEOUT_S,
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    PromotionOptions,
    WaitOptions,
)
from ._durations import format_duration
from ._flags import flag_name, in_shell, option_names
from ._invocations import (
    ROLLBACK_ON_FAILURE,
    Cancel,
    Change,
    ChangeEnvironment,
    Command,
    EnvironmentWord,
    Guarding,
    History,
    List,
    Logs,
    PlanPromotion,
    Promote,
    PromoteSeveral,
    Rollback,
    Several,
    ShowMetrics,
    Status,
    Target,
    WaitForDeployment,
    WaitForSeveral,
    WaitForToken,
    WaitingInvocation,
)

# A shorter key is a placeholder in somebody's tests.
_SHORTEST_KEY = 8
# So long a key is in no word by chance.
_LONG_KEY = 16


class UsageError(Exception):
    """The arguments contradict each other."""


def check(command: Command) -> None:
    """Check all arguments of a command together.

    Raises:
        UsageError: They contradict each other.
    """
    if isinstance(command, WaitingInvocation):
        # The wait would refuse them, too, but only after something has begun.
        try:
            WaitOptions(**command.wait_options)
        except ConfigurationError as error:
            raise UsageError(in_shell(str(error))) from None
    match command:
        case Promote():
            _check_promote(command)
        case PlanPromotion():
            _check_options(command)
        case PromoteSeveral() | WaitForSeveral():
            _check_several(command)
        case WaitForToken():
            _check_wait_for_token(command)
        case WaitForDeployment():
            _check_wait_for_deployment(command)
        case Rollback():
            _check_rollback(command)
        case ChangeEnvironment():
            _check_environment(command)
        case Status() | History() | Logs() | ShowMetrics() | List():
            pass
        case _:
            _check_change(command)


def holds_key(word: str, key: str) -> bool:
    """Whether the API key is in a word of the command line, which would be sent and shown.

    Args:
        word: The word.
        key: The API key. A short one may be a part of an id by chance.
    """
    if len(key) < _SHORTEST_KEY:
        return False
    if len(key) >= _LONG_KEY:
        return key in word
    # Nor is the name of a file the key.
    return re.search(rf"(?<![\w/-]){re.escape(key)}(?![\w-])", word) is not None


def no_chains(name: str) -> str:
    """The message that a command or a flag works only for models.

    Args:
        name: The name of the command.
    """
    return f"only for models: Baseten cannot {name.replace('-', ' ')} a chain's promotion"


def _check_promote(promote: Promote) -> None:
    _check_options(promote)
    if promote.environment.resource.kind == "chain":
        _check_can_cancel(promote)
    _check_rollback_on_failure(promote)
    if promote.guarding is not None and not promote.wait:
        raise UsageError("a guard works only with --wait: without it, nobody would measure")
    _check_time_of_guard(promote)
    if promote.options.get("if_in_progress") != "wait":
        _refuse({"in_progress_timeout"} & promote.options.keys(), "only with --if-in-progress wait")
    _check_wait_flags(promote)


def _check_several(several: Several) -> None:
    flaws = [flaw for flaw in map(_flaw, several.targets) if flaw]
    if flaws:
        # A flag that suits models need not suit chains.
        only_some = "; this is about some of the targets only: give them a command of their own"
        raise UsageError(flaws[0] + (only_some if len(flaws) < len(several.targets) else ""))
    if not isinstance(several, PromoteSeveral):
        return
    if not several.wait:
        given = {"fail_fast": several.fail_fast, "wave": several.wave, "between": several.between}
        _refuse((name for name, value in given.items() if value), "only with --wait")
    if several.between and several.wave is None:
        raise UsageError("--between: only with --wave")


def _flaw(target: Target) -> str:
    """What is wrong with the command for one target; empty if nothing is."""
    try:
        check(target.command)
    except UsageError as error:
        return str(error)
    return ""


def _check_options(promotion: Promote | PlanPromotion) -> None:
    if promotion.environment.resource.kind == "chain":
        _check_guard_of_chain(promotion.guarding)
        _refuse({"preserve_env_instance_type"} & promotion.options.keys(), "only for models")


def _check_wait_for_token(wait: WaitForToken) -> None:
    given = _wait_flags(wait)
    _refuse(_others(given, PromotionOptions, cancels=True), "only with a deployment")
    if wait.token.content.kind == "cancellation":
        _refuse(_others(given, CancellationOptions), "not with the token of a cancellation")
        if wait.guarding is not None:
            raise UsageError("a cancellation has no guard: leave out its flags")
        if wait.rollback_on_failure:
            raise UsageError(f"{ROLLBACK_ON_FAILURE}: not with the token of a cancellation")
        return
    _check_rollback_on_failure(wait)
    if wait.token.content.kind == "chain promotion":
        _check_can_cancel(wait)
        _check_guard_of_chain(wait.guarding)
    if wait.token.content.hold is not None and wait.guarding is None:
        raise UsageError(
            "this promotion has a guard, which its token does not hold: pass the same flags again, "
            "such as --max-error-rate, or --no-guard to go on without it"
        )


def _check_rollback_on_failure(command: Promote | WaitForToken) -> None:
    if not command.rollback_on_failure:
        return
    if not command.wait:
        raise UsageError(f"{ROLLBACK_ON_FAILURE}: only with --wait")
    if command.cancel_on_timeout:
        raise UsageError(
            f"--cancel-on-timeout: {ROLLBACK_ON_FAILURE} already cancels after a timeout"
        )


def _check_time_of_guard(promote: Promote) -> None:
    guard = promote.guarding.guard if promote.guarding is not None else None
    limit = promote.wait_options.get("timeout", DEFAULT_TIMEOUT_S)
    if guard is not None and limit is not None and guard.least_wait > limit:
        raise UsageError(
            f"--timeout: this guard takes at least {format_duration(guard.least_wait)}, and the "
            f"wait would end after {format_duration(limit)}: pass a longer --timeout, or none"
        )


def _check_guard_of_chain(guarding: Guarding | None) -> None:
    if guarding is None or guarding.guard is None:
        return
    for one in guarding.guard.metric_checks:
        raise UsageError(f"chains have no metrics, such as {one.name}: check them with --check")
    guard = guarding.guard
    if "pause" in (guard.on_breach, guard.hold):
        raise UsageError(f"--on-breach and --hold: {no_chains('pause')}")


def _check_wait_for_deployment(wait: WaitForDeployment) -> None:
    given = _wait_flags(wait)
    _refuse(_others(given, ModelDeploymentOptions), "only with a token")
    if wait.resource.kind == "chain":
        _refuse(_others(given, DeploymentOptions), "only for models: Baseten cannot wake a chain")


def _check_change(change: Change) -> None:
    if not isinstance(change.promotion, EnvironmentWord):
        kind = change.promotion.content.kind
        if kind == "chain promotion":
            raise UsageError(no_chains(change.name))
        if kind == "cancellation" and isinstance(change, Cancel):
            raise UsageError(
                "this is the token of a cancellation: to wait for it, use aiobaseten wait TOKEN"
            )
    if isinstance(change, Cancel):
        _check_wait_flags(change)


def _check_environment(change: ChangeEnvironment) -> None:
    if change.verb != "update":
        _refuse(change.options, "only with update")
    if change.verb == "delete":
        if change.arguments:
            raise UsageError("--set: not with delete")
        if change.environment.resource.kind == "chain":
            raise UsageError("only for models: Baseten cannot delete an environment of a chain")


def _check_rollback(rollback: Rollback) -> None:
    if isinstance(rollback.promotion, EnvironmentWord):
        is_chain = rollback.promotion.resource.kind == "chain"
    else:
        kind = rollback.promotion.content.kind
        if kind == "cancellation":
            raise UsageError(
                "this is the token of a cancellation, which returns to the previous deployment "
                "itself"
            )
        is_chain = kind == "chain promotion"
    if is_chain:
        _check_can_cancel(rollback)
    _check_wait_flags(rollback)


def _check_wait_flags(command: WaitingInvocation) -> None:
    if not command.wait:
        _refuse(_wait_flags(command), "only with --wait")


def _check_can_cancel(command: WaitingInvocation) -> None:
    _refuse(_cancel_flags(command), no_chains("cancel"))


def _wait_flags(command: WaitingInvocation) -> list[str]:
    """The flags for waiting that the user passed."""
    return [*command.wait_options, *_cancel_flags(command)]


def _cancel_flags(command: WaitingInvocation) -> list[str]:
    flags = {
        "cancel_on_timeout": command.cancel_on_timeout,
        "cancel_on_interrupt": command.cancel_on_interrupt,
    }
    return [name for name, is_given in flags.items() if is_given]


def _others(
    given: Iterable[str], kind: type[CancellationOptions], *, cancels: bool = False
) -> list[str]:
    """The given flags that a kind of wait does not take.

    Args:
        given: The flags.
        kind: The options of the wait.
        cancels: Whether the flags that cancel a promotion are allowed, too.
    """
    known = set(option_names(kind))
    if cancels:
        known |= {"cancel_on_timeout", "cancel_on_interrupt"}
    return [name for name in given if name not in known]


def _refuse(options: Iterable[str], why: str) -> None:
    for option in options:
        raise UsageError(f"{flag_name(option)}: {why}")
