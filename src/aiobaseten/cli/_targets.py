"""Several targets of one command, such as model:ranker@v2: their flags, and how they are read."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from ..errors import ConfigurationError
from ._checks import UsageError
from ._durations import parse_duration
from ._files import UnreadableError, read_text
from ._invocations import (
    Kind,
    Promote,
    PromoteSeveral,
    ResourceWord,
    Target,
    WaitForDeployment,
    WaitForSeveral,
    WaitForToken,
)
from ._shared_arguments import KINDS, is_token, read_settings, read_team
from ._token_file import TokenFile

_TARGET = re.compile(r"(chain|model):(.+)@(.+)")
_EXPECTED = "expected targets, such as model:ranker@v2 or chain:support-bot@latest"
_MOST = 10_000
# Bytes: thousands of targets.
_LARGEST_FILE = 1_000_000

#: Makes the command for one target, of its resource and its deployment.
OfDeployment: TypeAlias = Callable[[ResourceWord, str], Promote | WaitForDeployment]
#: Makes the command for one target, of its token.
OfToken: TypeAlias = Callable[[str], WaitForToken]


def _parse_wave(text: str) -> int:
    digits = text.lstrip("0")
    if not digits.isdecimal() or len(digits) > len(str(_MOST)) or int(digits) > _MOST:
        raise ArgumentTypeError(f"not a number from 1 to {_MOST}")
    return int(digits)


def add_targets(parser: ArgumentParser, *, promotes: bool) -> None:
    """Add the flags for several targets.

    Args:
        parser: The parser of the command.
        promotes: Whether the command promotes the targets.
    """
    group = parser.add_argument_group(
        "several targets, each written as chain|model:NAME@DEPLOYMENT"
    )
    group.add_argument(
        "--targets", metavar="FILE", help="file with one target on each line; - is standard input"
    )
    group.add_argument(
        "--fail-fast",
        action="store_true",
        help="end all waits after the first failure; the promotions continue (default: wait on)",
    )
    if not promotes:
        group.add_argument(
            "--token-file",
            metavar="FILE",
            help="wait for the promotions in this file, which promote --token-file has written; it "
            "is not changed",
        )
        return
    group.add_argument(
        "--wave",
        type=_parse_wave,
        metavar="N",
        help="promote N targets at a time; the next N begin when all of these serve (default: all "
        "targets at once)",
    )
    group.add_argument(
        "--between",
        type=parse_duration,
        metavar="DURATION",
        help="with --wave: time between two waves (default: 0s)",
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        help="file that remembers what has begun and what is done: to continue, run the same "
        "command again (default: remember nothing)",
    )


def names_several(parsed: Namespace) -> bool:
    """Whether the user named targets in the way of several, also if it is only one."""
    words: Sequence[str] = parsed.words
    is_several = any(_TARGET.fullmatch(word) for word in words)
    several_tokens = len(words) > 1 and is_token(words[:1])
    is_filed = parsed.command == "wait" and parsed.token_file is not None
    if is_several or several_tokens or is_filed or parsed.targets is not None:
        return True
    for name in ("fail_fast", "wave", "between", "token_file"):
        if getattr(parsed, name, None):
            raise UsageError(f"--{name.replace('_', '-')}: only with targets; {_EXPECTED}")
    return False


def read_promotions(parsed: Namespace, promote: OfDeployment) -> PromoteSeveral:
    """The arguments of ``promote`` with several targets.

    Raises:
        UsageError: They are invalid.
    """
    if parsed.plan:
        raise UsageError("--plan: only with one deployment")
    return PromoteSeveral(
        targets=_distinct([_target(parsed, word, promote) for word in _words(parsed)]),
        wait=parsed.wait,
        fail_fast=parsed.fail_fast,
        wave=parsed.wave,
        between=parsed.between or 0.0,
        token_file=parsed.token_file,
        **read_settings(parsed),
    )


def read_waits(
    parsed: Namespace, wait_for_token: OfToken, wait_for_deployment: OfDeployment
) -> WaitForSeveral:
    """The arguments of ``wait`` with several targets.

    Raises:
        UsageError: They are invalid.
    """
    begun = _begun(parsed.token_file)
    words = _words(parsed) if parsed.words or parsed.targets or not begun else ()
    targets = [
        _promotion(wait_for_token(word))
        if is_token([word])
        else _target(parsed, word, wait_for_deployment)
        for word in words
    ]
    targets += [
        Target(label=label, command=wait_for_token(token)) for label, token in begun.items()
    ]
    return WaitForSeveral(
        targets=_distinct(targets), fail_fast=parsed.fail_fast, **read_settings(parsed)
    )


def _begun(path: str | None) -> Mapping[str, str]:
    """The tokens in a file of ``promote``, by the targets."""
    if path is None:
        return {}
    if not Path(path).exists():
        raise UsageError("argument --token-file: there is no such file")
    try:
        entries = TokenFile(path).begun()
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    if not entries:
        raise UsageError("argument --token-file: nothing in it is left to wait for")
    tokens: dict[str, str] = {}
    for key, entry in entries.items():
        resource, _, environment = key.rpartition(" ")
        tokens[f"{resource}@{entry.word} {environment}"] = entry.token or ""
    return tokens


def _words(parsed: Namespace) -> Sequence[str]:
    words = [*parsed.words, *_lines(parsed.targets, parsed.api_key_file)]
    if not words:
        raise UsageError("argument --targets: the file has no targets")
    return words


def _lines(path: str | None, key_file: str | None) -> Iterator[str]:
    """The targets of a file; a line may be empty or a comment."""
    if path is None:
        return
    if path == key_file == "-":
        raise UsageError("--targets and --api-key-file cannot both be standard input")
    try:
        text = read_text(path, most=_LARGEST_FILE)
    except UnreadableError as error:
        raise UsageError(f"argument --targets: cannot read it: {error}") from None
    for line in text.splitlines():
        word = line.strip()
        if word and not word.startswith("#"):
            yield word


def _target(parsed: Namespace, word: str, of_deployment: OfDeployment) -> Target:
    found = _TARGET.fullmatch(word)
    if found is None:
        raise UsageError(_EXPECTED)
    kinds: list[Kind] = [kind for kind in KINDS if kind == found[1]]
    resource = ResourceWord(kinds[0], found[2], read_team(parsed, found[2]))
    return Target(label=word, command=of_deployment(resource, found[3]))


def _promotion(command: WaitForToken) -> Target:
    content = command.token.content
    resource = command.token.resource
    label = f"{resource.kind}:{resource.id}@{content.deployment_id or content.environment_name}"
    return Target(label=label, command=command)


def _distinct(targets: Sequence[Target]) -> Sequence[Target]:
    """The same targets.

    Raises:
        UsageError: The same chain or model is there twice, so that one would replace the other.
    """
    seen: set[object] = set()
    for target in targets:
        command = target.command
        key: object = command.environment if isinstance(command, Promote) else target.label
        if key in seen:
            raise UsageError("the same target is given twice")
        seen.add(key)
    return targets
