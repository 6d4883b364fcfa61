"""Arguments that several commands have: how they are added to a parser, and read."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

import attrs

from .. import Token, WaitOptions
from ..errors import ConfigurationError
from ..options import CancellationOptions, PromotionOptions
from ._addresses import parse_address
from ._checks import UsageError, no_chains
from ._defaults import Defaults, variable_of
from ._flags import add_wait_flags, option_names, parse_text
from ._invocations import (
    Access,
    EnvironmentWord,
    Kind,
    ResourceWord,
    SavedToken,
    WaitingInvocation,
)

KINDS: tuple[Kind, ...] = get_args(Kind)
#: The word for the deployment that serves in the default environment.
CURRENT = "current"
# The beginning of every token, whatever its version.
_TOKEN = re.compile(r"abt\d+\.")


def add_settings(parser: ArgumentParser) -> None:
    """Add the arguments of all commands: access and output."""
    settings = parser.add_argument_group("settings")
    settings.add_argument(
        "--api-key-file",
        metavar="PATH",
        help="file that holds the API key; - is standard input (default: BASETEN_API_KEY)",
    )
    settings.add_argument(
        "--base-url",
        metavar="URL",
        help="address of the API (default: BASETEN_BASE_URL, or else Baseten's)",
    )
    group = parser.add_argument_group("output").add_mutually_exclusive_group()
    for flags, output, text in (
        (["--json"], "json", "print JSON Lines: an object for each event or row, then the outcome"),
        (
            ["--lines"],
            "lines",
            "print lines (default: a live view while a command waits on a terminal)",
        ),
        (
            ["-q", "--quiet"],
            "quiet",
            "print only errors and the result (promote without --wait: the token)",
        ),
    ):
        group.add_argument(*flags, dest="output", action="store_const", const=output, help=text)
    parser.set_defaults(output="auto")


def read_settings(parsed: Namespace) -> dict[str, Any]:
    """The attributes of `Invocation`."""
    access = Access(api_key_file=parsed.api_key_file, base_url=parsed.base_url)
    notify: str | None = getattr(parsed, "notify", None)
    return {"access": access, "output": parsed.output, "notify": notify}


def add_words(parser: ArgumentParser, metavar: str, help_text: str) -> None:
    """Add the arguments that are no options.

    Some of them may be left out at the beginning or at the end, which argparse cannot tell.

    Args:
        parser: The parser of the command.
        metavar: What they are.
        help_text: The help.
    """
    parser.add_argument("words", nargs="*", metavar=metavar, help=help_text)
    parser.add_argument(
        "--team",
        type=parse_text,
        metavar="TEAM",
        help="team of the chain or model, if several teams have one of this name (default: "
        "BASETEN_TEAM)",
    )


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
            "--wait",
            action="store_true",
            help="wait for the end, and show progress (default: end when Baseten has accepted it)",
        )
    waiting.add_argument(
        "--notify",
        type=parse_address,
        metavar="URL",
        help="post each change, and the outcome, to this address as the object of --json (default: "
        "post nothing)",
    )
    takes = [options for kind in kinds for options in kind.takes]
    add_wait_flags(waiting, option_names(*takes))
    if PromotionOptions in takes:
        for flag, when in (
            ("timeout", "if the wait times out"),
            ("interrupt", "after Ctrl-C or SIGTERM"),
        ):
            waiting.add_argument(
                f"--cancel-on-{flag}",
                action="store_true",
                help=f"{when}, cancel the promotion (models; default: it continues)",
            )


def read_waiting(
    parsed: Namespace, kind: type[CancellationOptions], *, wait: bool
) -> dict[str, Any]:
    """The attributes of `WaitingInvocation`.

    Args:
        parsed: The arguments.
        kind: The options that this very wait takes.
        wait: Whether to wait.
    """
    given = read_given(parsed, [option.name for option in attrs.fields(WaitOptions)])
    missing = option_names(kind) - given.keys() if wait else frozenset[str]()
    return {
        **read_settings(parsed),
        "wait": wait,
        "wait_options": {**defaults_of(parsed).options(missing), **given},
        **read_given(parsed, ("cancel_on_timeout", "cancel_on_interrupt")),
    }


def read_given(parsed: Namespace, names: Sequence[str]) -> Mapping[str, Any]:
    """The options that the user passed; the library decides about the others."""
    values = vars(parsed)
    return {name: values[name] for name in names if name in values}


def defaults_of(parsed: Namespace) -> Defaults:
    """What stands for what the user left out."""
    defaults: Defaults = parsed.defaults
    return defaults


def split_words(
    parsed: Namespace,
    words: Sequence[str],
    kinds: Sequence[Kind],
    expected: str,
    rest: Collection[int],
) -> tuple[ResourceWord, Sequence[str]]:
    """A chain or a model, and the words after it.

    Args:
        parsed: The arguments.
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
        close = get_close_matches(words[0], kinds, n=1) if words and not names_resource else ()
        hint = f": did you mean {close[0]}?" if close else ""
        raise UsageError(f"expected {expected}{hint}")
    found: tuple[Kind, str] | None = None
    for kind in kinds:
        if names_resource and words[0] == kind:
            found = kind, words[1]
    if found is None:
        found = defaults_of(parsed).resource(kinds)
    if found is None:
        variables = " or ".join(map(variable_of, kinds))
        raise UsageError(f"expected {expected}; or set {variables}")
    return ResourceWord(*found, read_team(parsed, found[1])), after


def read_team(parsed: Namespace, word: str) -> str | None:
    """The team of a chain or a model; ``None`` for any.

    Raises:
        UsageError: The user passed one, and the word needs none.
    """
    team: str | None = parsed.team
    if not word.startswith("id:"):
        return defaults_of(parsed).word("team") if team is None else team
    if team is not None:
        raise UsageError("--team: only with a name; an id with id: before it needs none")
    return None


def refuse_team(parsed: Namespace) -> None:
    """Refuse the team if there is no name.

    Raises:
        UsageError: The user passed it.
    """
    if parsed.team is not None:
        raise UsageError("--team: only with the name of a chain or a model")


def read_environment(
    parsed: Namespace, resource: ResourceWord, name: str | None, missing: str
) -> EnvironmentWord:
    """An environment by its name, or the default one.

    Args:
        parsed: The arguments.
        resource: The chain or the model.
        name: The name, or ``None`` if the user left it out.
        missing: The message if there is no default.

    Raises:
        UsageError: There is no name.
    """
    if name is None:
        name = read_default_environment(parsed, missing)
    return EnvironmentWord(resource, name)


def read_default_environment(parsed: Namespace, missing: str) -> str:
    """The environment that stands for one that the user left out.

    Raises:
        UsageError: There is no default; the message begins with *missing*.
    """
    name = defaults_of(parsed).word("environment")
    if name is None:
        raise UsageError(f"{missing}; or set {variable_of('environment')}")
    return name


def read_place(parsed: Namespace, kinds: Sequence[Kind], *, or_token: bool) -> EnvironmentWord:
    """The environment of a chain or a model.

    Args:
        parsed: The arguments.
        kinds: The kinds of resources that the command takes.
        or_token: Whether the command takes a token, too.

    Raises:
        UsageError: The words name no environment.
    """
    token = "TOKEN, or " if or_token else ""
    expected = f"{token}{' or '.join(kinds)}, its name or id, and the environment"
    resource, after = split_words(parsed, parsed.words, kinds, expected, (0, 1))
    return read_environment(parsed, resource, after[0] if after else None, f"expected {expected}")


def read_deployment(parsed: Namespace, *, or_token: bool) -> tuple[ResourceWord, str]:
    """The deployment of a chain or a model.

    Args:
        parsed: The arguments.
        or_token: Whether the command takes a token, too.

    Raises:
        UsageError: The words name no deployment.
    """
    token = "TOKEN, or " if or_token else ""
    expected = f"{token}chain or model, its name or id, and the deployment"
    resource, after = split_words(parsed, parsed.words, KINDS, expected, (1,))
    return resource, after[0]


def read_environment_of_current(parsed: Namespace, deployment: str) -> str | None:
    """The environment that ``current`` alone means; ``None`` for another word.

    Raises:
        UsageError: There is no default environment.
    """
    if deployment != CURRENT:
        return None
    missing = "of which environment? write current:ENVIRONMENT"
    return read_default_environment(parsed, missing)


def is_token(words: Sequence[str]) -> bool:
    """Whether the user wrote a token, or what a token has become."""
    return len(words) == 1 and _TOKEN.match(words[0]) is not None


def read_token(parsed: Namespace, text: str) -> SavedToken:
    """A token with its content.

    Raises:
        UsageError: It is invalid.
    """
    refuse_team(parsed)
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
        return read_token(parsed, parsed.words[0])
    if parsed.words[:1] == ["chain"]:
        raise UsageError(no_chains(parsed.command))
    return read_place(parsed, ("model",), or_token=True)
