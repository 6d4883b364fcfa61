"""Log lines, and the part of a log that a request asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Length of the part of a log that a request gets by default, in seconds.
DEFAULT_RANGE_S: Final = 1800.0
#: Length of the longest part of a log that a request may ask for, in seconds.
LONGEST_RANGE_S: Final = 7 * 86400.0
#: Levels of lines, the least serious first.
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class FakeLogLine:
    """A log line. A line without a chainlet is a model's, or in the log of every chainlet."""

    at: float
    message: str
    chainlet: str | None
    level: str | None
    replica: str | None
    request_id: str | None = None
    component: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """The lines that a request asks for. ``None`` is no condition."""

    min_level: str | None
    replica: str | None
    request_id: str | None
    component: str | None
    pattern: re.Pattern[str] | None
    includes: Sequence[str]
    excludes: Sequence[str]

    def keeps(self, line: FakeLogLine) -> bool:
        """Whether the line fits."""
        return (
            self._is_serious(line.level)
            and self.replica in (None, line.replica)
            and self.request_id in (None, line.request_id)
            and self.component in (None, line.component)
            and (self.pattern is None or self.pattern.search(line.message) is not None)
            and all(text in line.message for text in self.includes)
            and not any(text in line.message for text in self.excludes)
        )

    def _is_serious(self, level: str | None) -> bool:
        if self.min_level is None:
            return True
        return level in LEVELS and LEVELS.index(level) >= LEVELS.index(self.min_level)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRange:
    """The part of a log that a request asks for. Times are seconds in the fake's time."""

    start: float
    end: float
    newest_first: bool
    limit: int

    def select(self, lines: Sequence[FakeLogLine]) -> Sequence[FakeLogLine]:
        """The lines inside the range; *lines* are oldest first."""
        found = [line for line in lines if self.start <= line.at <= self.end]
        return (found[::-1] if self.newest_first else found)[: self.limit]
