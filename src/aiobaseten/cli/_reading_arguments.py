"""The arguments of logs and metrics."""

from __future__ import annotations

from argparse import SUPPRESS as NOT_GIVEN
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, get_args

from ..logs import LogLevel
from ..metrics import DEFAULT_METRICS, DEFAULT_WINDOW_S, INGESTION_LAG_S, KNOWN_METRICS
from ._checks import UsageError
from ._durations import format_duration, parse_duration, parse_positive
from ._flags import choice, parse_log_lines, parse_text
from ._invocations import TIME_FLAGS, Kind, Logs, ResourceWord, ShowMetrics
from ._shared_arguments import (
    CURRENT,
    KINDS,
    add_words,
    read_default_environment,
    read_given,
    read_settings,
    split_words,
)

_WORDS = (
    "then its name or id (default: {}); the name or id of the deployment, latest, or "
    "current:ENVIRONMENT; or the name of the environment (default: BASETEN_ENVIRONMENT)"
)


def parse_time(text: str) -> datetime | timedelta:
    """A time of day with a time zone, or a duration before now.

    Raises:
        ArgumentTypeError: It is neither.
    """
    try:
        return timedelta(seconds=parse_duration(text))
    except (ArgumentTypeError, OverflowError):
        pass
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ArgumentTypeError(
            "write 2h for two hours ago, or a time with its zone, as 2026-11-26T12:00:00Z"
        )
    return time


def parse_metric(text: str) -> str:
    """The name of a metric that Baseten documents, with or without ``baseten_`` before it.

    Raises:
        ArgumentTypeError: There is none.
    """
    for name in (text, f"baseten_{text}"):
        if name in KNOWN_METRICS:
            return name
    close = get_close_matches(text, sorted(KNOWN_METRICS), n=1)
    hint = (
        f": did you mean {close[0]}?" if close else "; docs/metrics.md says where they are listed"
    )
    raise ArgumentTypeError(f"there is no such metric{hint}")


_TEXT: Mapping[str, Any] = {"metavar": "TEXT", "action": "append", "type": parse_text}
# How often Baseten takes a text to filter by.
_MOST_TEXTS = 8
_LEVELS = get_args(LogLevel)
# Each flag with its option of `aiobaseten.logs.LogOptions`.
_LOG_FLAGS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "--limit": (
        "limit",
        "print the newest N lines, 1 to 1000 (default: 500)",
        {"metavar": "N", "type": parse_log_lines},
    ),
    "--since": (
        "start",
        "begin at this time: 2h is two hours ago; or a time with its zone, such as "
        "2026-11-26T12:00:00Z (default: 30m before the end)",
        {"metavar": "TIME", "type": parse_time},
    ),
    "--until": (
        "end",
        "end at this time, written as for --since (default: now)",
        {"metavar": "TIME", "type": parse_time},
    ),
    "--level": (
        "min_level",
        "only lines of this level or a more serious one (default: all)",
        {"metavar": f"{{{','.join(_LEVELS)}}}", "type": choice(*_LEVELS)},
    ),
    "--replica": (
        "replica",
        "only lines of this replica (default: all)",
        {"metavar": "ID", "type": parse_text},
    ),
    "--request-id": (
        "request_id",
        "only lines of this request to the model (default: all)",
        {"metavar": "ID", "type": parse_text},
    ),
    "--component": (
        "component",
        "only lines of this component (default: all)",
        {"metavar": "NAME", "type": parse_text},
    ),
    "--search": (
        "search_pattern",
        "only lines that match this regular expression, in the syntax of RE2 (default: all)",
        {"metavar": "PATTERN", "type": parse_text},
    ),
    "--include": ("includes", "only lines with this text; repeatable, up to 8 times", _TEXT),
    "--exclude": ("excludes", "only lines without this text; repeatable, up to 8 times", _TEXT),
}


def add_logs(parser: ArgumentParser) -> None:
    """Add the arguments of logs."""
    add_words(
        parser,
        "chain|model NAME DEPLOYMENT|ENVIRONMENT",
        "chain or model, " + _WORDS.format("BASETEN_CHAIN or BASETEN_MODEL"),
    )
    parser.add_argument(
        "-f",
        "--follow",
        action="store_true",
        help="go on with new lines until Ctrl-C (default: end after the last line)",
    )
    for flag, (name, text, keywords) in _LOG_FLAGS.items():
        parser.add_argument(flag, dest=name, default=NOT_GIVEN, help=text, **keywords)
    parser.add_argument(
        "--chainlet",
        type=parse_text,
        metavar="NAME",
        help="only the log of this chainlet (chains; default: all chainlets)",
    )


def read_logs(parsed: Namespace) -> Logs:
    """The typed arguments of logs.

    Raises:
        UsageError: They are invalid.
    """
    resource, where, environment = _read_where(parsed, KINDS)
    if parsed.chainlet is not None and resource.kind == "model":
        raise UsageError("--chainlet: only for chains")
    options = read_given(parsed, [name for name, _, _ in _LOG_FLAGS.values()])
    for flag, name in (("--include", "includes"), ("--exclude", "excludes")):
        if len(options.get(name, ())) > _MOST_TEXTS:
            raise UsageError(f"{flag}: at most {_MOST_TEXTS} times")
    if parsed.follow and "end" in options:
        raise UsageError("--until: not with --follow, which goes on until Ctrl-C")
    return Logs(
        resource=resource,
        where=where,
        environment=environment,
        follow=parsed.follow,
        chainlet=parsed.chainlet,
        options=options,
        **read_settings(parsed),
    )


def add_metrics(parser: ArgumentParser) -> None:
    """Add the arguments of metrics."""
    add_words(
        parser, "model NAME DEPLOYMENT|ENVIRONMENT", "model, " + _WORDS.format("BASETEN_MODEL")
    )
    names = ", ".join(one.removeprefix("baseten_") for one in DEFAULT_METRICS)
    parser.add_argument(
        "--metric",
        dest="names",
        type=parse_metric,
        action="append",
        default=[],
        metavar="NAME",
        help=f"name of a metric; repeatable (default: {names})",
    )
    parser.add_argument(
        "--window",
        type=parse_positive,
        default=NOT_GIVEN,
        metavar="DURATION",
        help=f"length of the window, at most 7d (default: {format_duration(DEFAULT_WINDOW_S)})",
    )
    for flag, name, text in (
        (
            "--since",
            "start",
            "begin at this time: 2h is two hours ago (default: --window before the end)",
        ),
        (
            "--until",
            "end",
            "end at this time: 2h is two hours ago, 0 is now, which is incomplete (default: "
            f"{format_duration(INGESTION_LAG_S)} ago, because Baseten counts late)",
        ),
    ):
        parser.add_argument(
            flag, dest=name, type=parse_time, default=NOT_GIVEN, metavar="TIME", help=text
        )
    modes = parser.add_mutually_exclusive_group()
    for flag, mode, text in (
        (
            "--series",
            "SERIES",
            "print a line for each step of the window (default: one value for all of it)",
        ),
        ("--now", "CURRENT", "print the values of this moment, without a window"),
    ):
        modes.add_argument(flag, dest="mode", action="store_const", const=mode, help=text)
    parser.set_defaults(mode="SUMMARY")


def read_metrics(parsed: Namespace) -> ShowMetrics:
    """The typed arguments of metrics.

    Raises:
        UsageError: They are invalid.
    """
    if parsed.words[:1] == ["chain"]:
        raise UsageError("only for models: chains have no metrics at Baseten")
    resource, where, environment = _read_where(parsed, ("model",))
    options = read_given(parsed, [*TIME_FLAGS.values()])
    if parsed.mode == "CURRENT" and options:
        raise UsageError("--window, --since and --until: not with --now, which has no window")
    if len(options) == len(TIME_FLAGS):
        raise UsageError("--window, --since and --until: two of them at most")
    return ShowMetrics(
        resource=resource,
        where=where,
        environment=environment,
        names=tuple(parsed.names),
        mode=parsed.mode,
        options=options,
        **read_settings(parsed),
    )


def _read_where(parsed: Namespace, kinds: Sequence[Kind]) -> tuple[ResourceWord, str, str | None]:
    """The resource, the word after it, and the environment that ``current`` alone means."""
    expected = f"{' or '.join(kinds)}, its name or id, and the deployment or the environment"
    resource, after = split_words(parsed, parsed.words, kinds, expected, (0, 1))
    if after and after[0] != CURRENT:
        return resource, after[0], None
    name = read_default_environment(parsed, f"expected {expected}")
    return (resource, CURRENT, name) if after else (resource, name, None)
