"""The live view on a terminal, read back from the screen."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import pyte
import pytest
from attrs import evolve
from rich.cells import cell_len
from rich.console import Console

from aiobaseten.cli._frame import frame, frame_of_several
from aiobaseten.cli._invocations import ResourceRef
from aiobaseten.cli._jobs import Ending, Job
from aiobaseten.cli._outcomes import Outcome as Exit
from aiobaseten.cli._picture import Picture, SeveralPicture, TargetPicture
from aiobaseten.cli._signals import DEBOUNCE_S
from aiobaseten.cli._table import table
from aiobaseten.cli._text import elapsed_time
from aiobaseten.cli._views import can_show_live
from aiobaseten.errors import ServerError, Startup, StartupPhase
from aiobaseten.events import (
    Event,
    GuardActed,
    HoldExtended,
    LookFailed,
    Measured,
    PromotionPaused,
    StartupProgressed,
    StatusChanged,
    StepReached,
    TrafficShifted,
)
from aiobaseten.guard import Outcome, Verdict

from .command import PATIENCE_S, SPEED, Shell, until

PROMOTION = Job(
    task="promotion",
    resource=ResourceRef("model", "m"),
    environment="prod",
    deployment="d",
    token="t",
)


class Terminal:
    """A terminal with a command in it."""

    def __init__(self, master: int, process: asyncio.subprocess.Process, size: tuple[int, int]):
        self.process = process
        self.raw = b""
        self._master = master
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the command has ended
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        self.raw += data
        self._stream.feed(data)

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal another size, in columns and lines, and clear it."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._screen.resize(size[1], size[0])
        self._screen.reset()

    @property
    def text(self) -> str:
        """The text on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def hides_cursor(self) -> bool:
        """Whether the cursor is hidden."""
        return self._screen.cursor.hidden

    async def shows(self, *words: str) -> str:
        """The screen, as soon as it contains all the words."""
        try:
            await until(lambda: all(word in self.text for word in words))
        except TimeoutError:
            pytest.fail(f"the screen never showed {words}, but:\n{self.text}")
        return self.text

    async def ends(self) -> int:
        """The exit status, after the command has ended and everything was read."""
        async with asyncio.timeout(PATIENCE_S):
            status = await self.process.wait()
        await asyncio.sleep(0.05)
        return status


@asynccontextmanager
async def terminal(
    shell: Shell, *arguments: str, size: tuple[int, int] = (78, 16), term: str = "xterm-256color"
) -> AsyncIterator[Terminal]:
    """A command in a terminal. The size is in columns and lines."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
    try:
        words = (sys.executable, "-m", "aiobaseten.cli", *arguments)
        async with shell.having(TERM=term).started(
            *words, start_new_session=True, **streams
        ) as process:
            os.close(slave)
            yield Terminal(master, process, size)
    finally:
        asyncio.get_running_loop().remove_reader(master)
        with suppress(OSError):
            os.close(master)


PROMOTE = ("promote", "model", "m", "stuck", "--to", "production", "--wait")


async def test_a_terminal_shows_the_promotion_as_it_goes_on(shell: Shell) -> None:
    model = shell.fake.model("m")
    async with terminal(shell, *PROMOTE) as screen:
        await screen.shows("deployment stuck  DEPLOYING")
        assert screen.hides_cursor
        shell.fake.faults.status(502)
        await screen.shows("HTTP 502")
        model.deployment("stuck").set("ACTIVE")
        await screen.shows("RAMPING_UP", "██████████░░░░", " 25 %")
        model.environment("production").force_roll_forward()
        assert await screen.ends() == 0
        # Each frame replaced the one before.
        assert screen.text.count("deployment stuck  ") == 1
        assert not screen.hides_cursor


async def test_ctrl_c_at_a_terminal_releases_it(shell: Shell) -> None:
    async with terminal(shell, *PROMOTE, size=(100, 24)) as screen:
        await screen.shows("DEPLOYING")
        screen.process.send_signal(signal.SIGINT)
        assert await screen.ends() == 130
        assert "aiobaseten wait abt2." in screen.text
        assert not screen.hides_cursor


async def test_a_second_ctrl_c_at_a_terminal_releases_it(shell: Shell) -> None:
    shell.fake.faults.hang(route="POST /v1/models/m/environments/production/cancel_promotion")
    async with terminal(shell, *PROMOTE, "--cancel-on-interrupt") as screen:
        await screen.shows("DEPLOYING")
        screen.process.send_signal(signal.SIGINT)
        await until(lambda: any("cancel" in one.path for one in shell.fake.requests))
        await asyncio.sleep(2 * DEBOUNCE_S / SPEED)
        screen.process.send_signal(signal.SIGINT)
        assert await screen.ends() == 130
        assert not screen.hides_cursor


async def test_a_terminal_shows_a_list_as_lines(shell: Shell) -> None:
    async with terminal(shell, "list", "model", "m", size=(100, 24)) as screen:
        assert await screen.ends() == 0
        assert "restricted" in screen.text


async def test_a_narrow_window_and_no_color_show_the_same_words(shell: Shell) -> None:
    async with terminal(shell.having(NO_COLOR="1"), *PROMOTE, size=(40, 24)) as screen:
        await screen.shows("deployment stuck  DEPLOYING")
        shell.fake.model("m").deployment("stuck").set("ACTIVE")
        await screen.shows("traffic ███", "░  25 %  RAMPING_UP")
    assert b"\x1b[3" not in screen.raw  # the beginning of a colour
    assert b"38;5" not in screen.raw


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (("chain", "many", "new"), ("Part0  ", " more: ", " and 36 more")),
        (
            ("chain:many@id:new", "model:m@stuck"),
            ("2 targets: 2 under way", "DEPLOYING, 0 of 40 ready", "model:m@stuck "),
        ),
    ],
    ids=["forty chainlets", "several targets"],
)
async def test_a_view_fits_terminals_of_every_size(
    shell: Shell, targets: tuple[str, ...], words: tuple[str, ...]
) -> None:
    chain = shell.fake.chain("many")
    chain.deployment("old")
    chain.deployment("new", chainlets={f"Part{i}": "DEPLOYING" for i in range(40)})
    chain.environment("production", current="old")
    promote = ("promote", *targets, "--to", "production", "--wait")

    async with terminal(shell, *promote, size=(60, 16)) as screen:
        for size in [(60, 16), (80, 24), (120, 30)]:
            screen.resize(size)
            text = await screen.shows(*words)
            assert text.count(words[0]) == 1  # each frame replaces the one before
        screen.process.send_signal(signal.SIGINT)
        assert await screen.ends() == 130
        assert not screen.hides_cursor


async def test_a_dumb_terminal_gets_lines(shell: Shell) -> None:
    promote = ("promote", "chain", "c", "new", "--to", "production", "--wait")

    async with terminal(shell, *promote, size=(200, 24), term="dumb") as screen:
        assert await screen.ends() == 0
        assert b"\x1b" not in screen.raw
        assert "DEPLOYING -> ACTIVE" in screen.text


@pytest.mark.parametrize(
    ("environ", "is_terminal", "has_rich", "live"),
    [
        ({"TERM": "xterm"}, True, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, True, True),
        ({"TERM": "xterm", "CI": "false"}, True, True, True),
        ({"TERM": "xterm"}, False, True, False),
        ({"TERM": "xterm"}, True, False, False),
        ({"TERM": "xterm", "CI": "1"}, True, True, False),
        ({"TERM": "xterm", "GITHUB_ACTIONS": "true"}, True, True, False),
        ({"TERM": "dumb"}, True, True, False),
        ({}, True, True, False),
    ],
)
def test_the_live_view_is_for_people_at_a_capable_terminal(
    environ: Mapping[str, str], is_terminal: bool, has_rich: bool, live: bool
) -> None:
    assert can_show_live(environ, is_terminal=is_terminal, has_rich=has_rich) is live


def drawn(
    picture: Picture | SeveralPicture,
    elapsed: float,
    *,
    width: int = 78,
    height: int = 50,
    ascii_only: bool = False,
) -> str:
    """The frame, as text."""
    console = Console(width=width, color_system=None, force_terminal=True)
    size: dict[str, int] = {"width": width, "height": height}
    with console.capture() as capture:
        if isinstance(picture, SeveralPicture):
            console.print(frame_of_several(picture, elapsed, **size))
        else:
            console.print(frame(picture, elapsed, **size, ascii_only=ascii_only))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def after(*events: Event) -> Picture:
    """The picture after some events."""
    picture = Picture(job=PROMOTION)
    for event in events:
        picture = picture.after(event)
    return picture


def change(at: float, subject: str, name: str, status: str) -> StatusChanged:
    """A status that is seen for the first time."""
    return StatusChanged(at=at, subject=subject, name=name, previous=None, status=status)


def test_a_frame_shows_each_part_with_its_status_and_the_time_in_it() -> None:
    picture = after(
        change(0, "deployment", "d", "LOADING_MODEL"),
        change(0, "chainlet", "Ingest", "ACTIVE"),
        change(2, "chainlet", "Answer", "BUILDING"),
        change(60, "chainlet", "Answer", "LOADING_MODEL"),
        change(0, "promotion", "to prod", "RAMPING_UP"),
        TrafficShifted(at=70, percent=40),
    )

    title, *parts, _ = drawn(picture, 75.5).splitlines()

    assert title == f"{PROMOTION}  1:15"
    assert parts == [
        "traffic ████████████████░░░░░░░░░░░░░░░░░░░░░░░░  40 %  RAMPING_UP",
        "deployment d       LOADING_MODEL  1:15",
        "  chainlet Ingest  ACTIVE         1:15",
        "  chainlet Answer  LOADING_MODEL  15 s",
    ]


def test_a_frame_shows_a_pause_and_the_last_failed_look() -> None:
    error = ServerError("\x1b[2J", status=502, method="GET", path="/")
    paused = PromotionPaused(
        at=1, subject="promotion", name="to prod", previous="RAMPING_UP", status="PAUSED"
    )
    picture = after(paused, LookFailed(at=5, error=error, next_look=2))

    text = drawn(picture, 9)

    assert "PAUSED" in text
    assert "4 s ago: GET /: HTTP 502" in text
    assert "\x1b[2J" not in text


def test_a_frame_shows_the_phases_of_a_slow_startup_until_the_deployment_is_ready() -> None:
    phases = (
        StartupPhase(name="IMAGE_PULL", seconds=40.0, is_over=True, usual=None),
        StartupPhase(name="WEIGHT_DOWNLOAD", seconds=60.0, is_over=False, usual=180.0),
    )
    startup = Startup(replica=None, has_failed=False, seconds=100.0, phases=phases)
    picture = Picture(job=PROMOTION).after(StartupProgressed(at=100.0, startup=startup))

    text = drawn(picture, 130, ascii_only=True)
    ready = picture.after(
        StatusChanged(at=140, subject="deployment", name="d", previous=None, status="ACTIVE")
    )

    assert re.search(r"image pull +#{12} +40 s$", text, re.MULTILINE)
    assert re.search(r"weight download +#{6}-{6} +1:30  usually 3:00", text), text
    assert "weight download" not in drawn(ready, 141)


@pytest.mark.parametrize(
    ("elapsed", "estimate"),
    [
        (100, "usually ready in about 1:40"),
        (160, "usually ready in about 40 s"),
        (200, "later than usual; nine of ten were ready within 5:00"),
        (300, "later than usual: 3:20"),
    ],
)
def test_a_frame_estimates_when_a_slow_startup_is_over(elapsed: float, estimate: str) -> None:
    phases = (StartupPhase(name="READINESS", seconds=60.0, is_over=False, usual=None),)
    startup = Startup(
        replica=None, has_failed=False, seconds=100, phases=phases, usual=200, usual_at_most=300
    )
    picture = Picture(job=PROMOTION).after(StartupProgressed(at=100.0, startup=startup))
    failed = picture.after(StartupProgressed(at=100.0, startup=evolve(startup, has_failed=True)))

    assert re.search(rf"^  {estimate}$", drawn(picture, elapsed), re.MULTILINE)
    assert "usual" not in drawn(failed, elapsed)


def measured(at: float, name: str, outcome: Outcome, reason: str, percent: int = 25) -> Measured:
    """A verdict about a step."""
    return Measured(at=at, percent=percent, verdict=Verdict(outcome, check=name, reason=reason))


def test_a_frame_shows_a_row_for_each_check_with_its_last_verdict() -> None:
    picture = after(
        StepReached(at=1, percent=25),
        measured(5, "error_rate", "unavailable", "no data of deployment d"),
        measured(5, "\x1b[2Jsmoke.sh", "pass", "exit status 0"),
        measured(65, "error_rate", "pass", "1 % is within 2 %"),
        StepReached(at=70, percent=50),
        measured(99, "error_rate", "breach", "8 % is above 2 %", percent=50),
    )

    _, *rows, _ = drawn(picture, 99).splitlines()

    assert rows == [
        "check error_rate   50 %  breach  8 % is above 2 %",
        "check [2Jsmoke.sh  25 %  pass    exit status 0",
    ]


def test_a_frame_waits_for_the_guard_also_while_it_has_paused_the_promotion() -> None:
    change_of_traffic = change(0, "promotion", "to prod", "RAMPING_UP")
    held = after(change_of_traffic, HoldExtended(at=1, reason="no data", until=61))
    paused = held.after(
        PromotionPaused(
            at=2, subject="promotion", name="to prod", previous="RAMPING_UP", status="PAUSED"
        )
    )

    assert held.waiting_for() == paused.waiting_for() == "the guard to measure again: no data"
    resumed = paused.after(GuardActed(at=3, policy="resume", why="every check has passed"))
    cancelled = resumed.after(GuardActed(at=4, policy="cancel", why="slow"))
    assert "guard" not in resumed.waiting_for()
    assert cancelled.waiting_for() == "traffic to move back to the previous deployment"


def test_before_the_first_look_the_frame_has_no_parts() -> None:
    assert len(drawn(Picture(job=PROMOTION), 0).splitlines()) == 2


@pytest.mark.parametrize("width", [10, 20, 40, 200])
def test_a_frame_fits_every_width(width: int) -> None:
    picture = after(
        change(0, "chainlet", "AnExceedinglyLongNameOfAChainlet", "SCALED_TO_ZERO"),
        change(0, "promotion", "to prod", "A_STATUS_THAT_NOBODY_KNOWS_YET"),
        measured(5, "./a-command-with-a-long-name.sh", "breach", "exit status 1: " + "no " * 99),
    )

    assert all(len(line) <= width for line in drawn(picture, 5, width=width).splitlines())


REASON = "the error rate of the new deployment is 8 % in 100 requests, and at most 2 % may fail"
FAILURE = ServerError(
    "upstream connect error or disconnect before headers", status=502, method="GET", path="/v1/x"
)
WIDTHS = pytest.mark.parametrize("width", [60, 80, 120])


def busy(chainlets: int) -> Picture:
    """A guarded promotion with trouble of every kind."""
    phases = tuple(
        StartupPhase(name=name, seconds=40.0, is_over=False, usual=180.0)
        for name in ("SCHEDULING", "IMAGE_PULL", "WEIGHT_DOWNLOAD")
    )
    startup = Startup(replica=None, has_failed=False, seconds=100.0, phases=phases)
    parts = [
        change(at, "chainlet", f"Chainlet{at}", "BUILDING" if at % 9 == 8 else "ACTIVE")
        for at in range(chainlets)
    ]
    return after(
        change(0, "deployment", "d", "LOADING_MODEL"),
        *parts,
        change(0, "promotion", "to prod", "RAMPING_UP"),
        TrafficShifted(at=1, percent=25),
        StartupProgressed(at=2, startup=startup),
        measured(3, "latency p95", "pass", "0.2 s is within 1.5 s"),
        measured(3, "error_rate", "breach", REASON),
        LookFailed(at=4, error=FAILURE, next_look=2),
    )


def said(text: str) -> str:
    """The text of a frame without its line breaks."""
    return " ".join(text.split())


@WIDTHS
def test_a_frame_never_has_more_lines_or_columns_than_the_terminal(width: int) -> None:
    for height in (1, 2, 5, 9, 12, 15, 23, 39):
        lines = drawn(busy(40), 9, width=width, height=height).splitlines()
        assert len(lines) <= height
        assert all(len(line) <= width for line in lines)


@WIDTHS
def test_of_forty_chainlets_a_frame_shows_first_those_that_are_not_ready_and_counts_the_rest(
    width: int,
) -> None:
    text = drawn(busy(40), 9, width=width, height=23)

    for number in (8, 17, 26, 35):
        assert re.search(rf"^  chainlet Chainlet{number} +BUILDING +\d+ s$", text, re.MULTILINE)
    assert re.search(r"^  and \d+ more: \d+ ACTIVE$", text, re.MULTILINE)
    assert "deployment d" in text
    assert "waiting for Chainlet8, Chainlet17, Chainlet26, Chainlet35 to become ready" in said(text)


@WIDTHS
def test_a_frame_shows_a_sentence_whole_or_not_at_all(width: int) -> None:
    for height in (*range(5, 15), 23, 60):
        text = said(drawn(busy(40), 9, width=width, height=height))
        shortened = text.replace(REASON, "").replace(str(FAILURE), "")
        assert "upstream" not in shortened
        assert "requests" not in shortened
        assert "…" not in text
    assert REASON in text
    assert str(FAILURE) in text
    assert "usually 3:00" in text


@WIDTHS
def test_a_frame_of_many_targets_shows_first_those_that_failed_and_counts_the_rest(
    width: int,
) -> None:
    waiting = [TargetPicture(label=f"model:ranker-{number}@v2") for number in range(40)]
    moving = waiting[7].begun(PROMOTION, 5).after(change(1, "deployment", "d", "BUILDING"))
    moving = moving.after(change(9, "deployment", "d", "ACTIVE"))
    moving = moving.after(change(9, "promotion", "to prod", "RAMPING_UP"))
    moving = moving.after(TrafficShifted(at=9, percent=25))
    failed = waiting[30].ended(Ending(outcome=Exit.TIMED_OUT, message=""))
    done = [one.ended(Ending(outcome=Exit.DONE, message="")) for one in waiting[:7]]
    targets = (*done, moving, *waiting[8:30], failed, *waiting[31:])
    picture = SeveralPicture(targets=targets, note="wave 3 of 8")

    text = drawn(picture, 65, width=width, height=10)

    title = "40 targets: 7 done, 31 not begun, 1 under way, 1 failed 1:05"
    assert said(text).startswith(title)
    first, second, *_ = re.findall(r"^model:.*$", text, re.MULTILINE)
    assert first.split() == ["model:ranker-30@v2", "timed", "out"]
    assert second.split() == ["model:ranker-7@v2", "RAMPING_UP", "25", "%", "1:00"]
    assert re.search(r"^  and 3\d more: 2\d not begun, 7 done\nwave 3 of 8$", text, re.MULTILINE)
    assert len(text.splitlines()) == 10


def test_a_terminal_without_blocks_gets_a_bar_of_ascii() -> None:
    picture = after(TrafficShifted(at=0, percent=50))

    text = drawn(picture, 0, ascii_only=True)

    assert text.isascii()
    assert "#" * 20 + "-" * 20 in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0 s"), (59.9, "59 s"), (187, "3:07"), (3723, "1:02:03")]
)
def test_times_are_short(seconds: float, text: str) -> None:
    assert elapsed_time(seconds) == text


# Names of one width in characters, and of others on a screen: wide, joined and combining ones.
ODD_NAMES = ["模型" * 30, "e\u0301" * 40, "🚀" * 30, "한 국 " * 20, "M" * 120]


@pytest.mark.parametrize("width", [20, 60, 80, 200])
@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_frame_with_long_or_wide_names_fits_and_keeps_what_matters(name: str, width: int) -> None:
    job = evolve(PROMOTION, resource=ResourceRef("model", name), environment=name, deployment=name)
    chainlets = [change(at, "chainlet", f"{at}{name}", "BUILDING") for at in range(40)]
    picture = evolve(after(*chainlets, change(0, "promotion", "to prod", "RAMPING_UP")), job=job)
    picture = picture.after(measured(3, name, "breach", f"{name} {REASON}"))

    lines = drawn(picture, 9, width=width, height=23).splitlines()

    assert max(map(cell_len, lines)) <= width
    assert len(lines) <= 23
    text = said("\n".join(lines))
    for words in ("the promotion of deployment", "waiting for", "to become ready", "BUILDING"):
        assert words in text
    assert "breach" in text or "1 more" in text


def test_a_count_of_many_statuses_is_not_cut() -> None:
    parts = [change(0, "chainlet", f"C{at}", f"STATUS_{at}") for at in range(40)]

    text = drawn(after(*parts), 9, width=60, height=10)

    assert re.search(r"^  and \d\d more$", text, re.MULTILINE)
    assert "…" not in text


def test_a_sentence_at_the_end_that_does_not_fit_is_left_out() -> None:
    parts = [change(0, "chainlet", f"Chainlet{at}", "BUILDING") for at in range(40)]

    for height in range(1, 8):
        lines = drawn(after(*parts), 9, width=20, height=height).splitlines()
        assert len(lines) <= height
        text = said("\n".join(lines))
        assert ("waiting for" in text) is ("to become ready" in text)


def test_a_table_with_wide_and_combining_names_has_straight_columns() -> None:
    names = ["模型", "e\u0301", "ranker", "🚀", "\u200bx"]

    lines = [*table(["NAME", "ID"], [[name, "id"] for name in names])]

    assert len({cell_len(line) for line in lines}) == 1


def test_a_word_that_is_longer_than_a_line_goes_on_in_the_next_one() -> None:
    path = "/v1/" + "".join(map(str, range(60)))
    error = ServerError("no", status=502, method="GET", path=path)

    text = drawn(after(LookFailed(at=4, error=error, next_look=2)), 9, width=60, height=23)

    assert path in "".join(text.split())
