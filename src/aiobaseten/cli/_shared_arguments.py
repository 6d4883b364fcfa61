"""Arguments that several commands have: how they are added to a parser, and read."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

import attrs

from .. import Token, WaitOptions
from ..errors import ConfigurationError
from ..options import PromotionOptions
from ._checks import UsageError, no_chains
from ._flags import add_wait_flags, option_names
from ._invocations import (
    Access,
    EnvironmentWord,
    Kind,
    ResourceWord,
    SavedToken,
    WaitingInvocation,
)

KINDS: tuple[Kind, ...] = get_args(Kind)
#: The environment variable with the default environment.
ENVIRONMENT = "BASETEN_ENVIRONMENT"
#: All variables that stand for left out arguments.
VARIABLES = ("BASETEN_CHAIN", "BASETEN_MODEL", ENVIRONMENT)
# The beginning of every token, whatever its version.
_TOKEN = re.compile(r"abt\d+\.")


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


def add_words(parser: ArgumentParser, metavar: str, help_text: str) -> None:
    """Add the arguments that are no options.

    Some of them may be left out at the beginning or at the end, which argparse cannot tell.

    Args:
        parser: The parser of the command.
        metavar: What they are.
        help_text: The help.
    """
    parser.add_argument("words", nargs="*", metavar=metavar, help=help_text)


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


def split_words(
    words: Sequence[str], kinds: Sequence[Kind], expected: str, rest: Collection[int]
) -> tuple[ResourceWord, Sequence[str]]:
    """A chain or a model, and the words after it.

    Args:
        words: The words that the user wrote.
        kinds: The kinds of resources that the command takes.
        expected: What the words should be, for the message.
        rest: How many words may follow.

    Raises:
        UsageError: There are too many or too few words, or the resource is missing.
    """
    names_resource = bool(words) and words[0] in kinds
    after = words[2:] if names_resource else words
    if len(words) > 2 + max(rest) and names_resource:
        raise UsageError("too many arguments")
    if len(after) not in rest or (names_resource and len(words) < 2):
        raise UsageError(f"expected {expected}")
    for kind in kinds:
        if names_resource and words[0] == kind:
            return ResourceWord(kind, words[1]), after
    defaults: list[tuple[Kind, str]] = [(kind, variable_of(kind)) for kind in kinds]
    found = [one for one in defaults if one[1] in os.environ]
    if not found:
        variables = " or ".join(variable for _, variable in defaults)
        raise UsageError(f"expected {expected}; or set {variables}")
    if len(found) > 1:
        raise UsageError(
            "BASETEN_CHAIN and BASETEN_MODEL are both set: write chain or model, and its name"
        )
    kind, variable = found[0]
    return ResourceWord(kind, read_variable(variable), variable), after


def variable_of(kind: Kind) -> str:
    """The environment variable with the default chain or model."""
    return f"BASETEN_{kind.upper()}"


def read_variable(name: str) -> str:
    """The value of an environment variable that is set.

    Raises:
        UsageError: It is empty, as a variable of a pipeline is by mistake.
    """
    value = os.environ[name].strip()
    if not value:
        raise UsageError(f"{name} is empty: set it, or unset it")
    return value


def read_environment(resource: ResourceWord, name: str | None, missing: str) -> EnvironmentWord:
    """An environment by its name, or that of BASETEN_ENVIRONMENT.

    Args:
        resource: The chain or the model.
        name: The name, or ``None`` if the user left it out.
        missing: The message if there is no default.

    Raises:
        UsageError: There is no name.
    """
    if name is not None:
        return EnvironmentWord(resource, name)
    if ENVIRONMENT not in os.environ:
        raise UsageError(f"{missing}; or set {ENVIRONMENT}")
    return EnvironmentWord(resource, read_variable(ENVIRONMENT), ENVIRONMENT)


def read_place(words: Sequence[str], kinds: Sequence[Kind], *, or_token: bool) -> EnvironmentWord:
    """The environment of a chain or a model.

    Args:
        words: The words that the user wrote.
        kinds: The kinds of resources that the command takes.
        or_token: Whether the command takes a token, too.

    Raises:
        UsageError: The words name no environment.
    """
    token = "TOKEN, or " if or_token else ""
    expected = f"{token}{' or '.join(kinds)}, its name or id, and the environment"
    resource, after = split_words(words, kinds, expected, (0, 1))
    return read_environment(resource, after[0] if after else None, f"expected {expected}")


def read_deployment(words: Sequence[str], *, or_token: bool) -> tuple[ResourceWord, str]:
    """The deployment of a chain or a model.

    Args:
        words: The words that the user wrote.
        or_token: Whether the command takes a token, too.

    Raises:
        UsageError: The words name no deployment.
    """
    token = "TOKEN, or " if or_token else ""
    expected = f"{token}chain or model, its name or id, and the deployment"
    resource, after = split_words(words, KINDS, expected, (1,))
    return resource, after[0]


def is_token(words: Sequence[str]) -> bool:
    """Whether the user wrote a token, or what a token has become."""
    return len(words) == 1 and _TOKEN.match(words[0]) is not None


def read_token(text: str) -> SavedToken:
    """A token with its content.

    Raises:
        UsageError: It is invalid.
    """
    try:
        return SavedToken(text, Token.load(text))
    except ConfigurationError as error:
        raise UsageError(str(error)) from None


def read_running_promotion(parsed: Namespace) -> SavedToken | EnvironmentWord:
    """The promotion to change, by its token or its environment.

    Raises:
        UsageError: It is a chain's, or the words name no promotion.
    """
    if is_token(parsed.words):
        return read_token(parsed.words[0])
    if parsed.words[:1] == ["chain"]:
        raise UsageError(no_chains(parsed.command))
    return read_place(parsed.words, ("model",), or_token=True)
