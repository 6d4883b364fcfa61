"""Log lines, and the part of a log that a request asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Length of the part of a log that a request gets by default, in seconds.
DEFAULT_RANGE_S: Final = 1800.0
#: Length of the longest part of a log that a request may ask for, in seconds.
LONGEST_RANGE_S: Final = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class FakeLogLine:
    """A log line. A line without a chainlet is a model's, or in the log of every chainlet."""

    at: float
    message: str
    chainlet: str | None
    level: str | None
    replica: str | None


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
