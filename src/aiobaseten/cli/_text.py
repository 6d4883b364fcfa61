"""Text for people: safe in one line, and short."""

from __future__ import annotations

from datetime import datetime

_LONGEST = 600


def one_line(text: object) -> str:
    """*text* in one line that no terminal and no pipeline takes for a command.

    Messages of servers may contain line breaks, escape sequences, or GitHub's old ``##[error]``.
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    words = words.replace("##[", "## [")
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."


def timestamp(time: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def elapsed_time(seconds: float) -> str:
    """Seconds in the form 42 s, 3:07 or 1:02:03."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
