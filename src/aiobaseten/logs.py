"""Logs: which lines to read, and the lines of a log that is followed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal, NoReturn, Self, TypeAlias, TypedDict

from .schemas import Log

__all__ = ["LogLevel", "LogOptions", "LogStream"]

LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class LogOptions(TypedDict, total=False):
    """Which lines of a log to read. An option that is left out or ``None`` is no filter.

    Attributes:
        limit: How many lines at most: the newest, 1 to 1000 (default: 500).
        start: Where to begin, with a time zone (default: half an hour before *end*). For a build
            that failed earlier, pass the deployment's ``created_at``.
        end: Where to end, with a time zone (default: now). Baseten allows a week from *start*.
        min_level: Only lines of this level or a more serious one. It leaves out all lines without
            a level.
        replica: Only lines of the replica with this id.
        request_id: Only lines that belong to this call of the model.
        component: Only lines of this component.
        search_pattern: Only lines that match this regular expression, in RE2's syntax.
        includes: Only lines that have all of these texts, up to 8; upper and lower case differ.
        excludes: Only lines that have none of these texts, up to 8.
    """

    limit: int
    start: datetime | None
    end: datetime | None
    min_level: LogLevel | None
    replica: str | None
    request_id: str | None
    component: str | None
    search_pattern: str | None
    includes: Sequence[str] | None
    excludes: Sequence[str] | None


class LogStream(AsyncIterator[Log]):
    """The lines of a log that is followed: those that are there, then new ones as they show up.

    Use it as ``async for line in deployment.logs(follow=True):``. Nothing runs between two lines,
    so a loop may be left at any time. A loop that was cancelled, or that ended with an error, can
    go on with the same object: no line comes twice.
    """

    def __init__(self, next_lines: Callable[[], Awaitable[Sequence[Log]]]) -> None:
        """Store how to read. The first read is sent when the first line is asked for."""
        self._next_lines = next_lines
        self._lines: deque[Log] = deque()
        self._one_at_a_time = asyncio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Log:
        """The next line, once there is one.

        Raises:
            BasetenError: The log could not be read; see `aiobaseten.errors`.
        """
        async with self._one_at_a_time:
            while not self._lines:
                self._lines.extend(await self._next_lines())
            return self._lines.popleft()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a stream of lines cannot be copied or pickled: ask for another one")
