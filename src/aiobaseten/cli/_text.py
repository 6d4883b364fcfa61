"""Text for people: safe in one line, and short."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from unicodedata import category, east_asian_width

_LONGEST = 600

#: The beginning, in two parts, of a pipeline's command that may stand anywhere in a line: GitHub's
#: ##[error], Azure's ##vso[task], TeamCity's ##teamcity[build], GitLab's sections, Travis's folds.
COMMAND = re.compile(r"(##[\w.-]*|section_(?:start|end)|travis_(?:fold|time))([\[:])")
# Those at the beginning of a line: GitHub's ::error::, and Buildkite's ---, +++, ~~~ and ^^^.
_COMMAND_AT_BEGINNING = re.compile(r"^(\s*)(:(?=:)|([-+~^])(?=\3\3))")


def harmless(text: str) -> str:
    """*text* as a line that no terminal and no pipeline takes for a command.

    Text of servers may contain line breaks, escape sequences, and commands of pipelines.
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    return _COMMAND_AT_BEGINNING.sub(r"\1\2 ", COMMAND.sub(r"\1 \2", line))


def one_line(text: object) -> str:
    """*text* in one short line that no terminal and no pipeline takes for a command."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return harmless(words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}...")


def padded(text: str, width: int) -> str:
    """*text* with spaces up to this many columns of a terminal."""
    return text + " " * (width - columns(text))


def columns(text: str) -> int:
    """How many columns of a terminal a line takes: some characters take two, some none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if category(c) in ("Mn", "Me", "Cf") else 2 if east_asian_width(c) in "WF" else 1
        for c in text
    )


def timestamp(time: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def shown_time(time: datetime | None) -> str:
    """A time in UTC; a dash if it is not known, or not in the calendar of UTC."""
    try:
        return "-" if time is None else timestamp(time.astimezone(UTC))
    except (ValueError, OverflowError):
        return "-"


def told_text(value: object) -> str | None:
    """A text of the API; ``None`` if it has left it out, or sends something else."""
    return str(value) if isinstance(value, str) else None


def told_time(value: object) -> datetime | None:
    """A time of the API, in its own time zone; ``None`` as above."""
    return value if isinstance(value, datetime) else None


def number(value: float) -> str:
    """A measured number: ``0.647``, ``913``, ``1 234 567``."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{float(f'{value:.3g}'):g}"
    return text.replace(",", " ")


def elapsed_time(seconds: float) -> str:
    """Seconds in the form 42 s, 3:07 or 1:02:03."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
