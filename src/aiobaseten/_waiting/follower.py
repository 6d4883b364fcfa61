"""Follows a log: reads it again and again, and finds the lines that are new.

Lines may show up a minute late, and not in order. So each read begins two minutes before the newest
line, and lines that were passed on already are left out. How many of those are remembered is
limited: of a log that is written very fast, the windows overlap by less.

Only lines move the window. The server's time does not: one wrong ``Date`` would hide all lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

from attrs import define, field, frozen

#: Seconds by which a line may be late and is still passed on.
OVERLAP_S = 120
#: Lines of one read; Baseten allows no more.
LARGEST_READ = 1000
#: Lines that are remembered at least, if there are so many.
REMEMBERED = 10_000
#: Baseten allows a week from the start of a window.
LONGEST_WINDOW_S = 6 * 86_400
#: Seconds between reads after one that found lines, and after one that found none.
BUSY_S, IDLE_S = 2.0, 5.0


class Line(Protocol):
    """What following a log reads of a line."""

    @property
    def timestamp(self) -> str:
        """Nanoseconds since 1970."""
        ...

    @property
    def message(self) -> str:
        """What it says."""
        ...


L = TypeVar("L", bound=Line)


@frozen
class Window:
    """The lines that one read asks for.

    Attributes:
        start: Milliseconds since 1970; ``None`` for what Baseten shows by default.
        limit: How many lines at most.
        newest_first: Whether the newest come first. If not, the oldest do.
    """

    start: int | None
    limit: int
    newest_first: bool = False


@define
class Passed:
    """The lines that were passed on, as far as they may be read again. Pure.

    Attributes:
        floor: Milliseconds since 1970 before which nothing is read again, or ``None``.
    """

    floor: int | None = None
    _counts: dict[Hashable, tuple[int, int]] = field(factory=dict[Hashable, tuple[int, int]])

    def take(self, lines: Sequence[L], now: int) -> list[L]:
        """Remember the lines of one read at the time *now*, and return those that are new.

        The same line twice in one read is two lines: a program may write it twice at once.
        """
        here: Counter[Hashable] = Counter()
        new: list[L] = []
        for line in lines:
            written = milliseconds(line)
            at = max(now, self.floor or 0) if written is None else written
            if self.floor is not None and at < self.floor:
                continue
            replica = getattr(line, "replica", None)
            key = hash((str(line.timestamp), str(line.message), str(replica)))
            here[key] += 1
            if here[key] > self._counts.get(key, (0, 0))[1]:
                self._counts[key] = (at, here[key])
                new.append(line)
        return new

    def forget(self, before: int | None) -> None:
        """Forget lines from before that time, and the oldest of too many."""
        floors = [one for one in (before, self.floor) if one is not None]
        if len(self._counts) > 2 * REMEMBERED:  # not for each line: it sorts
            times = sorted(at for at, _ in self._counts.values())
            floors.append(times[-REMEMBERED])
        if floors:
            self.floor = floor = max(floors)
            self._counts = {key: one for key, one in self._counts.items() if one[0] >= floor}


class Follower(Generic[L]):
    """Reads a log again and again.

    A read that is cancelled, or that fails, changes nothing: the next one asks for the same.

    Args:
        read: Reads a window.
        pause: Waits for so many seconds.
        server_time: The server's time of day in seconds since 1970, or ``None`` if not known.
        start: Milliseconds since 1970 from when on to read, or ``None``.
        limit: How many of the lines that are there already to begin with.
    """

    def __init__(
        self,
        read: Callable[[Window], Awaitable[list[L]]],
        pause: Callable[[float], Awaitable[None]],
        server_time: Callable[[], float | None],
        *,
        start: int | None,
        limit: int,
    ) -> None:
        self._read = read
        self._pause = pause
        self._server_time = server_time
        self._start = start
        self._limit = limit
        self._passed = Passed(start)
        self._has_begun = False
        self._delay = 0.0
        self._page: int | None = None  # where the next page of this round begins
        self._newest: int | None = None  # of the lines, as far as the server's time confirms it
        self._newest_before: int | None = None  # the same when this round began

    async def next_lines(self) -> Sequence[L]:
        """Wait until there are new lines, and return them.

        Raises:
            BasetenError: The log could not be read.
        """
        while True:
            delay, self._delay = self._delay, 0.0
            if delay:
                await self._pause(delay)
            lines = await (self._first() if not self._has_begun else self._again())
            if lines:
                return lines

    async def _first(self) -> Sequence[L]:
        window = Window(self._start, self._limit, newest_first=True)
        lines = (await self._read(window))[::-1]
        self._has_begun = True
        if len(lines) == self._limit:
            # The caller did not ask for the lines before.
            self._passed.floor = milliseconds(lines[0])
        return self._end_round(lines)

    async def _again(self) -> Sequence[L]:
        start = self._start_of_round() if self._page is None else self._page
        lines = await self._read(Window(start, LARGEST_READ))
        if self._page is None:
            self._newest_before = self._newest
        last = max(_times(lines), default=None)
        if len(lines) < LARGEST_READ or last is None:
            return self._end_round(lines)
        # Of more lines than that in one millisecond, the rest cannot be asked for.
        self._page = last if start is None or last > start else start + 1
        return self._note(lines)

    def _start_of_round(self) -> int | None:
        """Where the first page begins: a log may say nothing for longer than a window lasts."""
        start, now = self._passed.floor, self._server_time()
        if start is None or now is None:
            return start
        return max(start, int((now - LONGEST_WINDOW_S) * 1000))

    def _end_round(self, lines: Sequence[L]) -> Sequence[L]:
        new = self._note(lines)
        # Lines may show up while a round reads its pages. Before the first line there is no time.
        newest = self._newest if self._newest_before is None else self._newest_before
        self._passed.forget(None if newest is None else newest - OVERLAP_S * 1000)
        self._page = self._newest_before = None
        self._delay = BUSY_S if new else IDLE_S
        return new

    def _note(self, lines: Sequence[L]) -> Sequence[L]:
        told = self._server_time()
        now = None if told is None else int(told * 1000)
        new = self._passed.take(lines, now or self._newest or 0)
        # The clock of a replica may be ahead: a line from the future proves nothing.
        proven = [at for at in _times(lines) if now is None or at <= now]
        known = [] if self._newest is None else [self._newest]
        self._newest = max([*known, *proven], default=None)
        return new


def _times(lines: Sequence[Line]) -> list[int]:
    return [at for at in map(milliseconds, lines) if at is not None]


def milliseconds(line: Line) -> int | None:
    """When a line was written, in milliseconds since 1970, or ``None``."""
    try:
        return int(line.timestamp) // 10**6
    except (TypeError, ValueError):
        return None
