"""Arguments that several commands have: how they are added to a parser, and read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import attrs

from .. import Token, WaitOptions
from ..errors import ConfigurationError
from ..options import PromotionOptions
from ._checks import UsageError, no_chains
from ._flags import add_wait_flags, choice, option_names
from ._invocations import Access, EnvironmentRef, Kind, ResourceRef, SavedToken, WaitingInvocation

KINDS: tuple[Kind, ...] = get_args(Kind)


def add_settings(parser: ArgumentParser) -> None:
    """Add the arguments of all commands: access and output."""
    settings = parser.add_argument_group("settings")
    settings.add_argument(
        "--api-key-file",
        metavar="PATH",
        help="file with the API key, - for standard input (default: BASETEN_API_KEY)",
    )
    settings.add_argument(
        "--base-url", metavar="URL", help="address of the API (default: BASETEN_BASE_URL)"
    )
    group = parser.add_argument_group("output").add_mutually_exclusive_group()
    for flags, output, text in (
        (["--json"], "json", "JSON Lines: one object per event, and one for the outcome"),
        (["--lines"], "lines", "one line per event, also on a terminal"),
        (
            ["-q", "--quiet"],
            "quiet",
            "print only errors and the result (for promote without --wait: the token)",
        ),
    ):
        group.add_argument(*flags, dest="output", action="store_const", const=output, help=text)
    parser.set_defaults(output="auto")


def read_settings(parsed: Namespace) -> dict[str, Any]:
    """The attributes of `Invocation`."""
    access = Access(api_key_file=parsed.api_key_file, base_url=parsed.base_url)
    return {"access": access, "output": parsed.output}


def add_resource(parser: ArgumentParser) -> None:
    """Add the kind and the id of a resource."""
    parser.add_argument(
        "kind", type=choice(*KINDS), metavar="chain|model", help="the kind of the resource"
    )
    parser.add_argument("id", metavar="ID", help="the id of the chain or the model")


def read_resource(parsed: Namespace) -> ResourceRef:
    """The resource that `add_resource` parsed."""
    return ResourceRef(parsed.kind, parsed.id)


def add_waiting(parser: ArgumentParser, *kinds: type[WaitingInvocation], optional: bool) -> None:
    """Add the flags for waiting that some invocations take.

    Args:
        parser: The parser of the command.
        kinds: The invocations.
        optional: Whether the command waits only with ``--wait``.
    """
    waiting = parser.add_argument_group("waiting")
    if optional:
        waiting.add_argument(
            "--wait", action="store_true", help="wait for the end, and show progress"
        )
    takes = [options for kind in kinds for options in kind.takes]
    add_wait_flags(waiting, option_names(*takes))
    if PromotionOptions in takes:
        for flag, when in (("timeout", "timeout"), ("interrupt", "Ctrl-C or SIGTERM")):
            waiting.add_argument(
                f"--cancel-on-{flag}",
                action="store_true",
                help=f"on {when}, cancel the promotion (models)",
            )


def read_waiting(parsed: Namespace, *, wait: bool) -> dict[str, Any]:
    """The attributes of `WaitingInvocation`."""
    return {
        **read_settings(parsed),
        "wait": wait,
        "wait_options": read_given(parsed, [option.name for option in attrs.fields(WaitOptions)]),
        **read_given(parsed, ("cancel_on_timeout", "cancel_on_interrupt")),
    }


def read_given(parsed: Namespace, names: Sequence[str]) -> Mapping[str, Any]:
    """The options that the user passed; the library decides about the others."""
    values = vars(parsed)
    return {name: values[name] for name in names if name in values}


def add_subject(parser: ArgumentParser, token: str, words: str) -> None:
    """Add a token, or the words that name something in a resource.

    Args:
        parser: The parser of the command.
        token: What the token is of.
        words: The other way to say it.
    """
    parser.add_argument("subject", nargs="+", metavar="TOKEN", help=f"{token}; or {words}")


def read_subject(
    words: Sequence[str], kinds: Sequence[Kind], third: str
) -> SavedToken | tuple[ResourceRef, str]:
    """A token; or a resource, and the name of something in it.

    Args:
        words: The words that the user wrote.
        kinds: The kinds of resources that the command takes.
        third: The kind of the third word, for the message.

    Raises:
        UsageError: The words name neither a token nor a resource, or the token is invalid.
    """
    if len(words) == 1 and words[0] not in kinds:
        return read_token(words[0])
    for kind in kinds:
        if len(words) == 3 and words[0] == kind:
            return ResourceRef(kind, words[1]), words[2]
    raise UsageError(f"expected TOKEN, or {' or '.join(kinds)}, its id and the {third}")


def read_token(text: str) -> SavedToken:
    """A token with its content.

    Raises:
        UsageError: It is invalid.
    """
    try:
        return SavedToken(text, Token.load(text))
    except ConfigurationError as error:
        raise UsageError(str(error)) from None


def add_running_promotion(parser: ArgumentParser) -> None:
    """Add a token, or the environment of a model."""
    add_subject(parser, "the token of the promotion", "model MODEL ENVIRONMENT")


def read_running_promotion(parsed: Namespace) -> SavedToken | EnvironmentRef:
    """The promotion that `add_running_promotion` parsed.

    Raises:
        UsageError: It is a chain's, or the words name no promotion.
    """
    if parsed.subject[0] == "chain":
        raise UsageError(no_chains(parsed.command))
    subject = read_subject(parsed.subject, ("model",), "environment")
    return subject if isinstance(subject, SavedToken) else EnvironmentRef(*subject)
