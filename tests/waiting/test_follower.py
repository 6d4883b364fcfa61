"""Which lines of a log that is read again and again are new. Pure, but for the last tests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import field, frozen

from aiobaseten._waiting.follower import (
    LARGEST_READ,
    LONGEST_WINDOW_S,
    OVERLAP_S,
    REMEMBERED,
    Follower,
    Passed,
    Window,
)


@frozen
class Line:
    """A line, written at a time in milliseconds."""

    at: int
    message: str = ""
    replica: str | None = None
    timestamp: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "timestamp", str(self.at * 10**6))


@frozen
class Undated:
    """A line that does not say when it was written."""

    message: str
    timestamp: str = "soon"


class Server:
    """A log: lines with the time at which each shows up. It answers as Baseten does."""

    def __init__(self, *, tells_time: bool = True) -> None:
        self.now = 1_000_000
        self.lines: list[tuple[int, Line]] = []
        self.windows: list[Window] = []
        self.tells_time = tells_time
        self.clock_is_ahead = 0
        self.ends = 3_000_000

    def write(self, line: Line, *, late: int = 0) -> None:
        """Write a line, which shows up so many milliseconds later."""
        self.lines.append((line.at + late, line))

    async def read(self, window: Window) -> list[Line]:
        """Answer a read."""
        self.windows.append(window)
        shown = [line for shows, line in self.lines if shows <= self.now]
        start = window.start if window.start is not None else self.now - 1_800_000
        found = sorted(
            (one for one in shown if start <= one.at <= self.now), key=lambda one: one.at
        )
        return (found[::-1] if window.newest_first else found)[: window.limit]

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        assert self.now < self.ends, "no line comes"
        self.now += round(seconds * 1000)

    def time(self) -> float | None:
        """The time in seconds, a little late."""
        return self.now // 1000 + self.clock_is_ahead if self.tells_time else None


def follow(server: Server, *, start: int | None = None, limit: int = 500) -> Follower[Line]:
    """Follow it."""
    return Follower(server.read, server.pause, server.time, start=start, limit=limit)


def test_a_line_that_is_read_again_is_not_new() -> None:
    passed = Passed()
    old, new = Line(1, "a"), Line(2, "a")

    assert passed.take([old], 5) == [old]
    assert passed.take([old, new], 5) == [new]


def test_the_same_line_twice_in_one_read_is_two_lines() -> None:
    passed, line = Passed(), Line(1, "a")

    assert passed.take([line, line], 5) == [line, line]
    assert passed.take([line, line, line], 5) == [line]


def test_lines_that_differ_in_one_field_are_different() -> None:
    lines = [Line(1, "a"), Line(1, "b"), Line(1, "a", "r1"), Line(2, "a")]

    assert Passed().take(lines, 5) == lines


def test_a_line_without_a_time_is_passed_on_once() -> None:
    passed, line = Passed(), Undated("x")

    assert passed.take([line], 100_000) == [line]
    passed.forget(50_000)
    assert passed.take([line], 150_000) == []


def test_lines_from_before_the_floor_do_not_come_back() -> None:
    """A server that ignores the start of the window sends them every time."""
    passed = Passed()
    passed.take([Line(1), Line(100)], 200)
    passed.forget(50)

    assert passed.take([Line(1), Line(100)], 200) == []


def test_the_memory_is_bounded_and_the_floor_rises_with_it() -> None:
    passed = Passed()
    lines = [Line(at) for at in range(3 * REMEMBERED)]

    passed.take(lines, 0)
    passed.forget(0)

    assert passed.floor is not None
    kept = [line for line in lines if line.at >= passed.floor]
    assert len(kept) == REMEMBERED
    assert passed.take(lines, 0) == []


async def read(follower: Follower[Line], times: int) -> list[int]:
    """The times of the lines of so many reads that found some."""
    found: list[int] = []
    for _ in range(times):
        lines: Sequence[Line] = await follower.next_lines()
        found += [line.at for line in lines]
    return found


@pytest.mark.parametrize("tells_time", [True, False])
async def test_a_late_line_comes_when_it_shows_up(tells_time: bool) -> None:
    server = Server(tells_time=tells_time)
    server.write(Line(999_000))
    server.write(Line(999_500), late=OVERLAP_S * 1000 - 10_000)
    server.write(Line(1_050_000))

    assert await read(follow(server), 3) == [999_000, 1_050_000, 999_500]
    starts = [window.start for window in server.windows]
    assert all(start is not None for start in starts[1:])


async def test_more_lines_than_a_read_holds_come_in_several() -> None:
    server = Server()
    for number in range(2 * LARGEST_READ + 10):
        server.write(Line(1_000_500 + number // 3, str(number)))

    found = await read(follow(server), 3)

    assert len(found) == 2 * LARGEST_READ + 10
    assert found == sorted(found)


async def test_more_lines_in_one_millisecond_than_a_read_holds_do_not_stop_the_rest() -> None:
    server = Server()
    for number in range(LARGEST_READ + 10):
        server.write(Line(1_000_500, str(number)))
    server.write(Line(1_000_600, "after"))

    found = await read(follow(server), 2)

    assert len(found) == LARGEST_READ + 1


async def test_a_line_from_the_future_hides_no_others() -> None:
    """The clock of one replica is wrong."""
    server = Server()
    server.write(Line(990_000))
    follower = follow(server)
    assert await read(follower, 1) == [990_000]
    server.lines.append((0, Line(server.now + 1000)))
    server.now += 2000
    await read(follower, 1)
    server.write(Line(server.now + 500))

    assert await read(follower, 1) == [server.lines[-1][1].at]


async def test_lines_before_the_first_ones_that_were_asked_for_do_not_come() -> None:
    server = Server()
    for number in range(5):
        server.write(Line(999_000 + number))
    server.write(Line(1_003_000))

    assert await read(follow(server, limit=2), 2) == [999_003, 999_004, 1_003_000]


@pytest.mark.parametrize("lasts", [3, 1000])
@pytest.mark.parametrize("ahead", [150, 3600, -3600])
async def test_a_wrong_time_of_the_server_hides_no_lines(ahead: int, lasts: int) -> None:
    server = Server()
    times = [server.now + 2000 * number for number in range(1, 100)]
    for number, at in enumerate(times):
        server.write(Line(at), late=100_000 * (number % 2))
    follower = follow(server)
    found: list[int] = []

    while len(found) < len(times):
        server.clock_is_ahead = ahead if 20 <= (server.now - 1_000_000) / 1000 < 20 + lasts else 0
        lines = await follower.next_lines()
        found += [line.at for line in lines]

    assert sorted(found) == times


async def test_an_empty_log_without_a_time_is_read_by_default_until_a_line_comes() -> None:
    server = Server(tells_time=False)
    server.write(Line(1_100_000))

    assert await read(follow(server), 1) == [1_100_000]
    assert {window.start for window in server.windows} == {None}


async def test_a_log_that_is_quiet_for_more_than_a_week_is_asked_for_less() -> None:
    server = Server()
    server.write(Line(999_000))
    follower = follow(server)
    await read(follower, 1)
    server.now += 9 * 86_400_000
    server.ends = server.now + 60_000
    at = server.now
    server.write(Line(at))

    assert await read(follower, 1) == [at]
    start = server.windows[-1].start
    assert start is not None
    assert start >= server.now - LONGEST_WINDOW_S * 1000 - 5000


@pytest.mark.parametrize("start", [None, 7])
async def test_a_full_page_of_lines_without_times_ends_the_round(start: int | None) -> None:
    pages: list[list[Undated]] = [
        [],
        [Undated(f"{number}") for number in range(LARGEST_READ)],
        [Undated("more")],
    ]
    starts: list[int | None] = []

    async def next_page(window: Window) -> list[Undated]:
        starts.append(window.start)
        return pages.pop(0)

    async def pause(seconds: float) -> None:
        assert seconds > 0

    follower = Follower(next_page, pause, lambda: None, start=start, limit=500)
    found = [*await follower.next_lines(), *await follower.next_lines()]

    assert len(found) == LARGEST_READ + 1
    assert starts == [start] * 3
