"""What callers hand in, checked before any I/O."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypedDict

from .errors import ConfigurationError

#: Seconds, or a `timedelta`.
Duration: TypeAlias = float | timedelta


def path_argument(name: str, value: object) -> str:
    """*value*, if it can stand in a path as one segment and mean itself.

    Escaping alone does not help: ``..`` is legal in a URL and names another resource, and an empty
    segment names the collection.

    Raises:
        ConfigurationError: It cannot.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
    if value.strip(" ") in {"", ".", ".."}:
        raise ConfigurationError(f"{name} must not be {value!r}: that is not the name of anything")
    if any(character in "/\\" or not character.isprintable() for character in value):
        raise ConfigurationError(f"{name} must not hold slashes or control characters: {value!r}")
    return value


def seconds(name: str, value: Duration) -> float:
    """*value* as seconds.

    Raises:
        ConfigurationError: It is negative, not finite or not a duration.
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(
            f"{name} must be seconds or a timedelta, not {type(value).__name__}"
        )
    if not math.isfinite(value) or value < 0:
        raise ConfigurationError(f"{name} must be zero or more seconds, not {value}")
    return float(value)


def json_object(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of *value* that can be written as JSON.

    Raises:
        ConfigurationError: It is not a mapping from strings to what JSON knows.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} must be a mapping, not {type(value).__name__}")
    try:
        return dict(json.loads(json.dumps(dict(value), allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name} cannot be written as JSON: {error}") from None


def choice(name: str, value: bool | None) -> bool | None:
    """*value*, if it is true, false or ``None``.

    Raises:
        ConfigurationError: It is something else, such as the string ``"false"``.
    """
    if value is not None and not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True, False or None, not {value!r}")
    return value


def time_limit(name: str, value: Duration | None) -> float:
    """*value* as seconds, infinity for ``None``.

    Raises:
        ConfigurationError: It is negative, not finite or not a duration.
    """
    return math.inf if value is None else seconds(name, value)


def count(name: str, value: int, *, least: int = 1, most: int | None = None) -> int:
    """*value*, if it is a whole number from *least* to *most*.

    Raises:
        ConfigurationError: It is not.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or value < least
        or (most is not None and value > most)
    ):
        to = "up" if most is None else f"to {most}"
        raise ConfigurationError(f"{name} must be a whole number from {least} {to}, not {value!r}")
    return value


def log_lines(value: int) -> int:
    """*value*, if a wait can bring so many lines of a log along: Baseten shows 1000 at once.

    Raises:
        ConfigurationError: It cannot.
    """
    return count("log_lines", value, least=0, most=1000)


class LogWindow(TypedDict):
    """Which lines of a log to ask for."""

    limit: int
    start_epoch_millis: int | None
    end_epoch_millis: int | None


def log_window(limit: int, start: datetime | None, end: datetime | None) -> LogWindow:
    """Which lines of a log to ask for.

    Raises:
        ConfigurationError: *limit* is no number of lines, or a time is not one, or has no zone.
    """
    return LogWindow(
        limit=count("limit", limit),
        start_epoch_millis=_epoch_millis("start", start),
        end_epoch_millis=_epoch_millis("end", end),
    )


def _epoch_millis(name: str, value: datetime | None) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ConfigurationError(f"{name} must be a datetime with a time zone, not {value!r}")
    return int(value.timestamp() * 1000)
