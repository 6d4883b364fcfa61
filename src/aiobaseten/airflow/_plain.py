"""Data that every place of Airflow can store: JSON columns, messages between processes, logs.

Servers, people and own checks may send any text. Postgres stores no NUL, UTF-8 has no surrogates,
JSON has no NaN, the messages of Airflow's processes have integers of 64 bits, and Airflow reads
some keys as the description of a Python object.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_NOT_STORABLE = re.compile("[\ud800-\udfff\0]")
_RESERVED = re.compile("^__+")
#: Levels of nesting that Airflow can serialise, with room for its own.
_DEEPEST = 50


def plain_text(text: str) -> str:
    """*text* with U+FFFD in place of lone surrogates and NUL."""
    return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def plain(value: Any, *, depth: int = 0) -> Any:
    """*value* as data that Airflow can store. Everything that it cannot store becomes text.

    Args:
        value: JSON data, in which there may also be times and other objects.
        depth: The levels above it.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain_text(str(value))
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else _text_of(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {_key(key): plain(one, depth=depth + 1) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [plain(one, depth=depth + 1) for one in value]
    return plain_text(_text_of(value))


def _key(key: object) -> str:
    # Airflow refuses "__classname__", and would read "__type" as that of an object.
    return _RESERVED.sub("_", plain_text(str(key)))


def _text_of(value: object) -> str:
    try:
        return str(value)
    except (ValueError, RecursionError):  # an int of thousands of digits, a deep list
        return f"({type(value).__name__})"
