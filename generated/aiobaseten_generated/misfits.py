"""Values that do not fit the spec: kept and logged, or refused. Also the conversion to JSON."""

import datetime
import enum
import logging
from typing import Any
from uuid import UUID

from .types import UNSET

_LOG = logging.getLogger("aiobaseten")

logged: set[str] = set()
"""The places that were logged, for example "Deployment.model_id"."""


def keep(place: str, expected: str, value: object) -> None:
    """Log that a value is kept although it does not fit: once per place and process.

    Never logs the value itself, which may be confidential.
    """
    if place not in logged:
        logged.add(place)
        _LOG.warning(
            "An answer does not fit Baseten's spec: %s must be %s, but is %s. It stays as it is; "
            "this is logged once.",
            place,
            expected,
            _kind(value),
        )


def misfit(place: str, expected: str, value: object) -> TypeError:
    """The error to raise for a value that must fit."""
    return TypeError(f"{place} must be {expected}, but is {_kind(value)}")


def date_time(text: str) -> datetime.datetime:
    """An aware time: without an offset, Baseten means UTC.

    Raises:
        ValueError: The text is not an ISO 8601 date-time.
    """
    time = datetime.datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def as_json(value: Any) -> Any:
    """A decoded value as JSON. A value that was kept unchanged stays unchanged."""
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime.date):  # a datetime is one, too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value.to_dict() if hasattr(value, "to_dict") else value


def _kind(value: object) -> str:
    if value is UNSET:
        return "missing"
    return _KINDS.get(type(value), type(value).__name__)


_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}
