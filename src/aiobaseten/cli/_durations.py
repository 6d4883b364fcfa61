"""Durations, as people write them: 90, 45m, 1h30m."""

from __future__ import annotations

import math
import re
from argparse import ArgumentTypeError

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(
    r"(?:(?P<d>\d+(?:\.\d+)?)d)?(?:(?P<h>\d+(?:\.\d+)?)h)?"
    r"(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?",
    re.ASCII,
)
# Seconds, because nothing else is written with it.
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds, from ``90``, ``90s``, ``45m``, ``1h30m``.

    Raises:
        ArgumentTypeError: It is not a duration, has a number without a unit, or is too long.
    """
    words = text.strip().lower()
    if _NUMBER.fullmatch(words):
        words += "s"
    found = _DURATION.fullmatch(words)
    if found is None or not any(found.groups()):
        if _DURATION.fullmatch(f"{words}s"):
            raise ArgumentTypeError("the last number has no unit; write 90, 45m or 1h30m")
        raise ArgumentTypeError("not a duration; write 90, 45m or 1h30m")
    seconds = sum(float(found[unit]) * size for unit, size in _UNITS.items() if found[unit])
    if math.isinf(seconds):
        raise ArgumentTypeError("too long; write none for no limit")
    return seconds


def parse_positive(text: str) -> float:
    """As `parse_duration`, but not zero.

    Raises:
        ArgumentTypeError: It is zero, or no duration.
    """
    seconds = parse_duration(text)
    if not seconds:
        raise ArgumentTypeError("must be more than zero")
    return seconds


def parse_time_limit(text: str) -> float | None:
    """As `parse_duration`; ``none`` means no limit.

    Raises:
        ArgumentTypeError: It is neither.
    """
    return None if text.strip().lower() == "none" else parse_duration(text)


def format_duration(seconds: float) -> str:
    """Text that `parse_time_limit` reads as the same number of seconds."""
    if math.isinf(seconds):
        return "none"
    parts: list[str] = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size) if unit != "s" else (seconds, 0.0)
        if count:
            parts.append(f"{count:g}{unit}")
    return "".join(parts) or "0s"
