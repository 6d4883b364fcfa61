"""Follows a log: reads it again and again, and finds the lines that are new.

Lines may show up a minute late, and not in order. So each read begins two minutes before the last
one, and lines that were passed on already are left out. How many of those are remembered is
limited: of a log that is written very fast, the windows overlap by less.
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
#: Lines that are remembered.
MOST_REMEMBERED = 10_000
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
            at = now if written is None else written
            if self.floor is not None and at < self.floor:
                continue
            replica = getattr(line, "replica", None)
            key = hash((str(line.timestamp), str(line.message), str(replica)))
            here[key] += 1
            if here[key] > self._counts.get(key, (0, 0))[1]:
                self._counts[key] = (at, here[key])
                new.append(line)
        return new

    def forget(self, before: int) -> None:
        """Forget lines from before that time, and the oldest of too many."""
        if len(self._counts) > MOST_REMEMBERED:
            times = sorted(at for at, _ in self._counts.values())
            before = max(before, times[-MOST_REMEMBERED // 2 - 1] + 1)
        self._counts = {key: one for key, one in self._counts.items() if one[0] >= before}
        self.floor = before if self.floor is None else max(self.floor, before)


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
        self._round_began: int | None = None
        self._newest: int | None = None

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
        is_new_round = self._page is None
        start = self._passed.floor if self._page is None else self._page
        began = self._now() if is_new_round else self._round_began
        lines = await self._read(Window(start, LARGEST_READ))
        self._round_began = began
        if len(lines) < LARGEST_READ:
            self._page = None
            return self._end_round(lines)
        last = milliseconds(lines[-1]) or 0
        # Of more lines than that in one millisecond, the rest cannot be asked for.
        self._page = last if start is None or last > start else start + 1
        return self._note(lines)

    def _end_round(self, lines: Sequence[L]) -> Sequence[L]:
        new = self._note(lines)
        began = self._round_began if self._round_began is not None else self._now()
        if began is not None:
            self._passed.forget(began - OVERLAP_S * 1000)
        self._round_began = None
        self._delay = BUSY_S if new else IDLE_S
        return new

    def _note(self, lines: Sequence[L]) -> Sequence[L]:
        new = self._passed.take(lines, self._now() or 0)
        times = [at for at in map(milliseconds, lines) if at is not None]
        self._newest = max([*times, self._newest or 0])
        return new

    def _now(self) -> int | None:
        """The server's time in milliseconds; if it does not say that, the time of a line."""
        now = self._server_time()
        return self._newest if now is None else int(now * 1000)


def milliseconds(line: Line) -> int | None:
    """When a line was written, in milliseconds since 1970, or ``None``."""
    try:
        return int(line.timestamp) // 10**6
    except (TypeError, ValueError):
        return None
