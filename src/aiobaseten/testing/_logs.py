"""Logs: lines with their times, and the window of them that a request asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Seconds of a log, up to its end, that a request gets unless it says where to begin.
WINDOW_S: Final = 1800.0
#: Seconds of a log that a request may ask for.
LONGEST_WINDOW_S: Final = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line. Without a chainlet it is a model's, or in the log of every chainlet."""

    at: float
    message: str
    chainlet: str | None
    level: str | None
    replica: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a request asks for. Times are seconds in the fake's time."""

    start: float
    end: float
    newest_first: bool
    limit: int

    def of(self, lines: Sequence[LogLine]) -> Sequence[LogLine]:
        """Those of *lines*, which are in order, that fit."""
        found = [line for line in lines if self.start <= line.at <= self.end]
        return (found[::-1] if self.newest_first else found)[: self.limit]
