"""The flags of waits, one for each field of `aiobaseten.WaitOptions`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs
from attrs import frozen

from .. import WaitOptions
from ..options import CancellationOptions
from ._durations import format_duration, parse_duration, parse_time_limit
from ._outcomes import Outcome

#: The words of the command line whose word in Python is another.
PYTHON_WORDS = {"fail": "raise"}
# An argument of Python, which messages of the library write with an equals sign.
_ARGUMENT = re.compile(r"(?<![\w-])([a-z_]+)=(?:True\b|\"(\w+)\"|(?=[\s,;:.]|$))")
# Those whose flag has another name.
_FLAGS = {
    "at_most=": "--max-error-rate or --max-latency",
    "the timeout= of a check": "--check-timeout",
}
# What a message about a setting or a word of the user begins with.
_SUBJECTS = {
    "base_url": "--base-url",
    "chain_id": "the name or id of the chain",
    "model_id": "the name or id of the model",
    "deployment_id": "the name or id of the deployment",
    "environment": "the name of the environment",
}
_SUBJECT = re.compile(rf"({'|'.join(_SUBJECTS)})(?= must | is not a URL)")
# Advice for which there is no flag.
_EVEN_IF = "; to act all the same, pass even_if_superseded=True"


class StorePythonWord(argparse.Action):
    """Store Python's word for a choice: the command fails where Python raises."""

    def __call__(self, _parser: object, namespace: argparse.Namespace, word: Any, *_: Any) -> None:
        setattr(namespace, self.dest, PYTHON_WORDS.get(word, word))


@frozen
class Flag:
    """A flag for a field of `aiobaseten.WaitOptions`.

    Attributes:
        help: What it does.
        show: Turns the default of the field into text, or ``None`` for a flag without a value.
        keywords: How argparse parses it.
    """

    help: str
    show: Callable[[Any], str] | None
    keywords: Mapping[str, Any]


def parse_log_lines(text: str) -> int:
    """A number of log lines.

    Raises:
        ArgumentTypeError: It is not a number from 1 to 1000.
    """
    digits = text.lstrip("0")
    if not digits.isdecimal() or len(digits) > 4 or int(digits) > 1000:
        raise argparse.ArgumentTypeError("not a number from 1 to 1000")
    return int(digits)


def parse_text(text: str) -> str:
    """A text.

    Raises:
        ArgumentTypeError: It is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def parse_environment(text: str) -> str:
    """The name of an environment.

    Raises:
        ArgumentTypeError: No environment can have it.
    """
    is_odd = not text.isprintable() or "/" in text or "\\" in text
    if is_odd or text.strip(" ") in ("", ".", ".."):
        raise argparse.ArgumentTypeError("not the name of an environment")
    return text


def choice(*words: str) -> Callable[[str], str]:
    """A parser for one of some words.

    Argparse's own quotes any other word, which may be the API key in the wrong place.
    """

    def parse(text: str) -> str:
        if text not in words:
            raise argparse.ArgumentTypeError(f"choose from {', '.join(words)}")
        return text

    return parse


# One flag for each option of `WaitOptions`.
WAIT_FLAGS: Mapping[str, Flag] = {
    "timeout": Flag(
        "maximum time to wait; none is no limit",
        format_duration,
        {"type": parse_time_limit, "metavar": "DURATION"},
    ),
    "settling_time": Flag(
        "time for which a state that may be an old one is not trusted",
        format_duration,
        {"type": parse_duration, "metavar": "DURATION"},
    ),
    "unhealthy_grace": Flag(
        "time for which an UNHEALTHY deployment may recover before the wait fails",
        format_duration,
        {"type": parse_duration, "metavar": "DURATION"},
    ),
    "accept_scaled_to_zero": Flag(
        "treat a deployment that is scaled to zero as ready (default: wait on)",
        None,
        {"action": "store_true"},
    ),
    "wake": Flag(
        "if the deployment is scaled to zero, wake it (models; default: wait on)",
        None,
        {"action": "store_true"},
    ),
    "on_paused": Flag(
        f"while the promotion is paused, wait or fail (exit status {Outcome.PAUSED.exit_status})",
        str,
        {"type": choice("wait", "fail"), "metavar": "{wait,fail}", "action": StorePythonWord},
    ),
    "log_lines": Flag(
        "if the wait fails or times out, print the last N lines of the log, 1 to 1000",
        lambda lines: str(lines or "none"),
        {"type": parse_log_lines, "metavar": "N"},
    ),
}


def in_shell(message: str) -> str:
    """A message of the library, with flags instead of arguments of Python."""
    subject = _SUBJECT.match(message)
    if subject is not None:
        message = f"{_SUBJECTS[subject[1]]}{message[subject.end() :]}"
    for said, flag in _FLAGS.items():
        message = message.replace(said, flag)
    return _ARGUMENT.sub(_flag, message.replace(_EVEN_IF, ""))


def _flag(found: re.Match[str]) -> str:
    word = found[2] or ""
    value = {"": "", "raise": " fail"}.get(word, f" {in_flags(word)}")
    return f"{flag_name(found[1])}{value}"


def in_flags(word: str) -> str:
    """A word of Python as it is written on the command line, such as ``force-cancel``."""
    return word.replace("_", "-")


def option_names(*kinds: type[CancellationOptions]) -> frozenset[str]:
    """The names of all options of some kinds of waits."""
    keys: Sequence[frozenset[str]] = [getattr(kind, "__optional_keys__") for kind in kinds]  # noqa: B009 - typing has no name for it
    return frozenset(name for names in keys for name in names)


def flag_name(option: str) -> str:
    """The flag of an option."""
    return f"--{in_flags(option)}"


def add_wait_flags(group: Any, options: Collection[str]) -> None:
    """Add the flags of some fields of `aiobaseten.WaitOptions` to a group of argparse's.

    A flag that the user does not pass leaves no trace: the library decides about its default.
    """
    for option in attrs.fields(WaitOptions):
        if option.name in options:
            flag = WAIT_FLAGS[option.name]
            default = f" (default: {flag.show(option.default)})" if flag.show else ""
            group.add_argument(
                flag_name(option.name),
                default=argparse.SUPPRESS,
                help=flag.help + default,
                **flag.keywords,
            )
