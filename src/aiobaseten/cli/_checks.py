"""What only shows when the arguments of a command are looked at together. No I/O."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

_MODELS_ONLY = "only models: Baseten cannot {} a chain's promotion"
_FOR_PROMOTIONS = ("on_paused", "cancel_on_timeout", "cancel_on_interrupt")


class UsageError(Exception):
    """The arguments are wrong in a way that only shows when they are looked at together."""


def check_nothing(_: argparse.Namespace) -> None:
    """Everything shows in each argument alone."""


def check_promote(arguments: argparse.Namespace) -> None:
    """A promotion, of a chain or a model."""
    if arguments.kind == "chain":
        _refuse(arguments, "only models have this", "preserve_env_instance_type")
        _check_can_cancel(arguments)
    if arguments.if_in_progress != "wait":
        _refuse(arguments, "it goes with --if-in-progress wait", "in_progress_timeout")
    _check_waits(arguments)


def _check_waits(arguments: argparse.Namespace) -> None:
    if not arguments.wait:
        _refuse(
            arguments,
            "it goes with --wait",
            "timeout",
            "settling_time",
            "on_paused",
            "accept_scaled_to_zero",
            "unhealthy_grace",
            "log_lines",
            "cancel_on_timeout",
            "cancel_on_interrupt",
        )


def check_wait(arguments: argparse.Namespace) -> None:
    """A wait, for what a token goes on with or for a deployment."""
    _take_subject(arguments, ("chain", "model"), "deployment")
    if arguments.token is None:
        _refuse(arguments, "it goes with a token", *_FOR_PROMOTIONS)
        if arguments.kind == "chain":
            _refuse(arguments, "only models can be woken", "wake")
        return
    _refuse(arguments, "it goes with a deployment", "wake")
    if _kind_of(arguments.token) == "cancellation":
        _refuse(
            arguments,
            "the token is of a cancellation, which has no use for it",
            *_FOR_PROMOTIONS,
            "accept_scaled_to_zero",
            "unhealthy_grace",
            "log_lines",
        )
    elif _kind_of(arguments.token) == "chain promotion":
        _check_can_cancel(arguments)


def check_promotion(arguments: argparse.Namespace) -> None:
    """What interferes with a promotion that is under way."""
    verb = {"roll-forward": "roll forward"}.get(arguments.command, arguments.command)
    if arguments.subject[0] == "chain":
        raise UsageError(_MODELS_ONLY.format(verb))
    _take_subject(arguments, ("model",), "environment")
    if arguments.token is not None:
        kind = _kind_of(arguments.token)
        if kind == "chain promotion":
            raise UsageError(_MODELS_ONLY.format(verb))
        if kind == "cancellation" and arguments.command == "cancel":
            raise UsageError(
                "the token is of a cancellation: wait for it, with aiobaseten wait TOKEN"
            )
    if arguments.command == "cancel":
        _check_waits(arguments)


def check_rollback(arguments: argparse.Namespace) -> None:
    """A rollback, by a token."""
    kind = _kind_of(arguments.token)
    if kind == "cancellation":
        raise UsageError("the token is of a cancellation: what served before serves again")
    if kind == "chain promotion":
        _check_can_cancel(arguments)
    _check_waits(arguments)


def _check_can_cancel(arguments: argparse.Namespace) -> None:
    _refuse(arguments, _MODELS_ONLY.format("cancel"), "cancel_on_timeout", "cancel_on_interrupt")


def _refuse(arguments: argparse.Namespace, why: str, *names: str) -> None:
    for name in names:
        if getattr(arguments, name, None) is not None:
            raise UsageError(f"--{name.replace('_', '-')}: {why}")


def _take_subject(arguments: argparse.Namespace, kinds: Sequence[str], third: str) -> None:
    """A token; or what it is, its id and a third word."""
    subject = arguments.subject
    arguments.token = None
    if len(subject) == 1 and subject[0] not in kinds:
        (arguments.token,) = subject
        _kind_of(arguments.token)
    elif len(subject) == 3 and subject[0] in kinds:
        arguments.kind, arguments.owner, last = subject
        setattr(arguments, third, last)
    else:
        raise UsageError(f"say TOKEN, or {' or '.join(kinds)}, its id and the {third}")


def _kind_of(token: str) -> str:
    from .. import Token
    from ..errors import ConfigurationError

    try:
        return Token.load(token).kind
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
