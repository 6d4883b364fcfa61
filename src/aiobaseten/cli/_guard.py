"""The flags of a guard: how they are added to a parser, and become a `aiobaseten.Guard`."""

from __future__ import annotations

import argparse
import inspect
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar, cast, get_args

from attrs import frozen

from ..errors import ConfigurationError
from ..guard import Check, Guard, Hold, MetricCheck, OnBreach, OnUnavailable, Quantile, check
from ._checks import UsageError
from ._durations import format_duration, parse_duration, parse_positive
from ._flags import Flag, choice, flag_name, in_flags, in_shell
from ._invocations import Guarding
from ._outcomes import Outcome
from ._own_check import CommandCheck
from ._text import one_line

_Value = TypeVar("_Value")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)(%?)", re.ASCII)
_MILLISECONDS = re.compile(r"(\d+(?:\.\d+)?)ms", re.ASCII)
_ERROR_RATE = "error_rate"
_QUANTILES: Mapping[str, Quantile] = {name: name for name in get_args(Quantile)}
# Flags that make checks: their order is that of the checks in events and in the report.
_CHECKS = ("max_error_rate", "max_latency", "max_regression", "check")


@frozen
class _Given(Generic[_Value]):
    """A value of a flag, and the text that the user wrote."""

    text: str
    value: _Value


def _kept(parse: Callable[[str], _Value]) -> Callable[[str], _Given[_Value]]:
    """A parser that keeps the text, too."""
    return lambda text: _Given(text, parse(text))


def _parse_error_rate(text: str) -> float:
    """A share of at most 1."""
    share = parse_share(text)
    if share > 1:
        raise argparse.ArgumentTypeError("more than 100 %")
    return share


def parse_share(text: str) -> float:
    """A share, from ``2%`` or ``0.02``.

    Raises:
        ArgumentTypeError: It is not a share, or it may be a number of percent without its sign.
    """
    found = _SHARE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError("not a share; write 2% or 0.02")
    number = float(found[1])
    if found[2]:
        return number / 100
    if number >= 1:
        raise argparse.ArgumentTypeError("is that a number of percent? write 2% or 0.02")
    return number


def _parse_latency(text: str) -> tuple[Quantile, float]:
    """A quantile and its bound in seconds."""
    name, _, bound = text.partition("=")
    if name not in _QUANTILES or not bound:
        raise argparse.ArgumentTypeError(
            f"write p95=1.5s or p50=300ms; the quantiles are {', '.join(_QUANTILES)}"
        )
    in_ms = _MILLISECONDS.fullmatch(bound)
    return _QUANTILES[name], float(in_ms[1]) / 1000 if in_ms else parse_duration(bound)


def _parse_regression(text: str) -> tuple[str, float]:
    """A metric and its relative bound."""
    name, _, bound = text.partition("=")
    metrics = (_ERROR_RATE, *_QUANTILES)
    if name not in metrics or not bound:
        raise argparse.ArgumentTypeError(f"write p95=20%; the metrics are {', '.join(metrics)}")
    return name, parse_share(bound)


def _parse_command(text: str) -> str:
    if not one_line(text).strip():
        raise argparse.ArgumentTypeError("an empty command")
    if one_line(text) in (_ERROR_RATE, *(f"latency {one}" for one in _QUANTILES)):
        raise argparse.ArgumentTypeError("a check of a metric has this name; write it as ./NAME")
    return text


def _parse_count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError("not a number")
    return int(text)


def _parse_times(text: str) -> int:
    if not (times := _parse_count(text)):
        raise argparse.ArgumentTypeError("must be more than zero")
    return times


def _words(literal: object) -> Mapping[str, Any]:
    """How argparse parses one of Python's words, which may contain an underscore."""
    words = [in_flags(word) for word in get_args(literal)]
    parse = choice(*words)
    return {
        "type": _kept(lambda text: parse(text).replace("-", "_")),
        "metavar": f"{{{','.join(words)}}}",
    }


_DURATION: Mapping[str, Any] = {"type": _kept(parse_duration), "metavar": "DURATION"}
_POSITIVE: Mapping[str, Any] = {"type": _kept(parse_positive), "metavar": "DURATION"}
_COUNT: Mapping[str, Any] = {"type": _kept(_parse_count), "metavar": "N"}
_TIMES: Mapping[str, Any] = {"type": _kept(_parse_times), "metavar": "N"}

# The flags that make checks.
_CHECK_FLAGS: Mapping[str, Flag] = {
    "max_error_rate": Flag(
        "maximum share of requests that are answered 5xx, such as 2%% (models)",
        None,
        {"type": _kept(_parse_error_rate), "metavar": "SHARE"},
    ),
    "max_latency": Flag(
        "maximum response time, such as p95=1.5s or p50=300ms; the quantiles are "
        f"{', '.join(_QUANTILES)}; repeatable (models)",
        None,
        {"type": _kept(_parse_latency), "metavar": "QUANTILE=DURATION", "action": "append"},
    ),
    "max_regression": Flag(
        "maximum increase over the deployment that serves now, such as p95=20%% (at most 1.2 "
        "times as long) or error_rate=50%%; repeatable (models)",
        None,
        {"type": _kept(_parse_regression), "metavar": "METRIC=SHARE", "action": "append"},
    ),
    "check": Flag(
        "shell command that checks each step: exit status 0 passes, 1 is a breach, any other is "
        "no answer; repeatable",
        None,
        {"type": _kept(_parse_command), "metavar": "COMMAND", "action": "append"},
    ),
    "check_timeout": Flag(
        "maximum time that a command of --check may take", format_duration, _POSITIVE
    ),
}
#: One flag for each setting of `aiobaseten.Guard`.
GUARD_FLAGS: Mapping[str, Flag] = {
    "window": Flag("length of the time that is measured", format_duration, _POSITIVE),
    "lag": Flag(
        "the measured window ends this long before now, because metrics come late",
        format_duration,
        _DURATION,
    ),
    "warmup": Flag(
        "time after each change of traffic that is not measured", format_duration, _DURATION
    ),
    "min_requests": Flag(
        "with fewer requests than this in the window, a check has no answer", str, _COUNT
    ),
    "breaches": Flag(
        "act by --on-breach after N breaches without a pass between them", str, _TIMES
    ),
    "unavailable": Flag(
        "act by --on-unavailable after N measurements in a row without an answer",
        str,
        _TIMES,
    ),
    "on_breach": Flag(
        f"after a breach (exit status {Outcome.BREACHED.exit_status}): cancel moves the traffic "
        "back in steps, force-cancel moves it at once, pause leaves it where it is, report does "
        "nothing",
        in_flags,
        _words(OnBreach),
    ),
    "on_unavailable": Flag(
        "if a step cannot be measured (exit status "
        f"{Outcome.GUARD_UNAVAILABLE.exit_status}): pause, cancel, or proceed as after a pass",
        in_flags,
        _words(OnUnavailable),
    ),
    "hold": Flag(
        "how a step is held until it has passed: by Baseten's stabilization time, or by a pause "
        "that this command makes after each step",
        in_flags,
        _words(Hold),
    ),
    "bake": Flag("time to go on measuring with 100 %% of the traffic", format_duration, _DURATION),
    "cancel_timeout": Flag(
        "maximum time to move the traffic back, in addition to --timeout",
        lambda _: "for each step back, 15m and its hold",
        _POSITIVE,
    ),
}
_ALL_FLAGS = {**_CHECK_FLAGS, **GUARD_FLAGS}


def add_guard(parser: ArgumentParser, *, continues: bool) -> None:
    """Add the flags of a guard.

    A flag that the user does not pass leaves no trace: the library decides about its default.

    Args:
        parser: The parser of the command.
        continues: Whether the command continues a promotion that may have a guard already.
    """
    group = parser.add_argument_group(
        "guard: measure each step of the promotion, and take it back if it is worse"
    )
    defaults = _defaults()
    for name, flag in _ALL_FLAGS.items():
        default = f" (default: {flag.show(defaults[name])})" if flag.show else ""
        group.add_argument(
            flag_name(name), default=argparse.SUPPRESS, help=flag.help + default, **flag.keywords
        )
    if continues:
        group.add_argument(
            "--no-guard",
            action="store_true",
            help="continue a guarded promotion without its guard (default: pass the guard's flags "
            "again)",
        )


def _defaults() -> Mapping[str, Any]:
    arguments = inspect.signature(Guard).parameters
    timeout = inspect.signature(check).parameters["timeout"].default
    return {**{name: arguments[name].default for name in GUARD_FLAGS}, "check_timeout": timeout}


def read_guard(parsed: Namespace) -> Guarding | None:
    """The guard that the user asked for, or ``None``.

    Raises:
        UsageError: It cannot work.
    """
    values = vars(parsed)
    given = {name: values[name] for name in _ALL_FLAGS if name in values}
    if values.get("no_guard"):
        for name in given:
            raise UsageError(f"{flag_name(name)}: not with --no-guard")
        return Guarding(guard=None, words=())
    if not given:
        return None
    if not any(name in given for name in _CHECKS):
        raise UsageError(
            f"{flag_name(next(iter(given)))}: only with a check, such as --max-error-rate 2%"
        )
    if "check_timeout" in given and "check" not in given:
        raise UsageError("--check-timeout: only with --check")
    settings = {name: given[name].value for name in GUARD_FLAGS if name in given}
    try:
        guard = Guard(*_checks(given), **settings)
    except ConfigurationError as error:
        raise UsageError(in_shell(str(error))) from None
    return Guarding(guard=guard, words=tuple(_repeated(given)))


def hide_key(guarding: Guarding | None, key: str) -> None:
    """Show the API key in no output of a command that checks a step."""
    if guarding is None or guarding.guard is None:
        return
    for one in guarding.guard.own_checks:
        if isinstance(one.function, CommandCheck):
            one.function.key = key


def refuse_guard(parsed: Namespace, why: str) -> None:
    """Refuse all flags of a guard.

    Raises:
        UsageError: The user passed one.
    """
    values = vars(parsed)
    given = [name for name in _ALL_FLAGS if name in values]
    for name in [*given, *(["no_guard"] if values.get("no_guard") else [])]:
        raise UsageError(f"{flag_name(name)}: {why}")


def _repeated(given: Mapping[str, Any]) -> Iterator[str]:
    """The flags as the user wrote them."""
    for name, one in given.items():
        repeated = cast("list[_Given[Any]]", one) if isinstance(one, list) else [one]
        for each in repeated:
            yield f"{flag_name(name)}={each.text}"


def _checks(given: Mapping[str, Any]) -> Iterator[Check]:
    bounds: dict[str, dict[str, float]] = {}
    rate = given.get("max_error_rate")
    if rate is not None:
        bounds[_ERROR_RATE] = {"at_most": rate.value}
    for name, kind in (("max_latency", "at_most"), ("max_regression", "worse_by_at_most")):
        for one in given.get(name, ()):
            metric, bound = one.value
            its = bounds.setdefault(metric, {})
            if kind in its:
                raise UsageError(f"{flag_name(name)}: {metric} is given twice")
            its[kind] = bound
    for metric, its in bounds.items():
        quantile = _QUANTILES.get(metric)
        yield MetricCheck(
            metric="error_rate" if quantile is None else "latency",
            quantile=quantile,
            at_most=its.get("at_most"),
            worse_by_at_most=its.get("worse_by_at_most"),
        )
    commands = [one.value for one in given.get("check", ())]
    if len({*map(one_line, commands)}) < len(commands):
        raise UsageError("--check: the same command is given twice")
    timeout = {"timeout": given["check_timeout"].value} if "check_timeout" in given else {}
    for command in commands:
        yield check(one_line(command), CommandCheck(command), **timeout)
