"""The live view for a terminal. The only module that needs rich."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from .. import Clock, Phase
from ..errors import Startup
from ..events import Event
from ..options import LoopClock
from ._invocations import Default
from ._jobs import Ending, Job, Result, ShownEnvironment
from ._lines import defaults_text, result_text, show_ending
from ._outcomes import Outcome
from ._picture import CheckRow, Picture, Row
from ._text import elapsed_time, harmless, one_line

#: Seconds of real time between two frames.
FRAME_S = 0.25

_WIDEST_BAR = 40
_PHASE_BAR = 12
_WIDEST_CHECK = 30
_VERDICTS: Mapping[str, str] = {"pass": "green", "unavailable": "yellow", "breach": "bold red"}
_STYLES = {
    Phase.PENDING: "cyan",
    Phase.READY: "green",
    Phase.ASLEEP: "yellow",
    Phase.UNHEALTHY: "yellow",
    Phase.STOPPED: "red",
    Phase.FAILED: "bold red",
}


class LiveView:
    """Redraws the picture of a wait until it ends, and leaves the last frame."""

    def __init__(self, clock: Clock, console: Console | None = None) -> None:
        """Prepare the view; `begin` starts to draw.

        Args:
            clock: The clock of the waits.
            console: Where to draw. Default: standard output.
        """
        self._clock = clock
        self._frames = LoopClock()
        self._console = console or Console(highlight=False)
        self._picture: Picture | None = None
        self._live: RichLive | None = None
        self._began = 0.0
        self._next_frame: asyncio.TimerHandle | None = None

    def note(self, text: str) -> None:
        """Print a line above the picture."""
        self._print(text, "dim")

    def begin(self, job: Job) -> None:
        """Print the token, and start to draw, in place of what was drawn before."""
        self.close()
        if job.token is not None:
            # Without rich, which would break the line: people copy the token.
            self._console.file.write(f"token: {job.token}\n")
        self._picture = Picture(job=job)
        self._began = self._clock.now()
        self._live = RichLive(console=self._console, auto_refresh=False)
        self._live.start()
        self._draw()

    def event(self, event: Event) -> None:
        """Draw the change."""
        if self._picture is not None:
            self._picture = self._picture.after(event)
            self._show()

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Draw the environment."""
        if self._picture is not None:
            self._picture = self._picture.showing(shown.reading, at)
            self._show()

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Print a line above the picture."""
        self._print(defaults_text(defaults), "dim")

    def result(self, result: Result) -> None:
        """Print several lines."""
        for text in result_text(result):
            self._print(text)

    def end(self, ending: Ending) -> None:
        """Leave the last frame, and print the message and the hints."""
        self.close()
        is_done = ending.outcome is Outcome.DONE
        show_ending(ending, lambda text: self._print(text, "green" if is_done else ""))

    def close(self) -> None:
        """Stop drawing, and release the terminal."""
        if self._next_frame is not None:
            self._next_frame.cancel()
            self._next_frame = None
        if self._live is not None:
            live, self._live = self._live, None
            with suppress(OSError):
                live.stop()

    def _draw(self) -> None:
        """Draw now, and again after a while, because the time passes."""
        try:
            self._show()
        except OSError:
            self.close()  # the terminal is gone; the next event reports it
            return
        self._next_frame = self._frames.call_at(self._frames.now() + FRAME_S, self._draw)

    def _show(self) -> None:
        if self._live is not None and self._picture is not None:
            elapsed = self._clock.now() - self._began
            self._live.update(
                frame(
                    self._picture,
                    elapsed,
                    width=self._console.width,
                    ascii_only=is_ascii(self._console),
                ),
                refresh=True,
            )

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text(harmless(text), style=style), soft_wrap=True)


def is_ascii(console: Console) -> bool:
    """Whether the terminal can show only ASCII."""
    try:
        "█░…".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def frame(picture: Picture, elapsed: float, *, width: int, ascii_only: bool = False) -> Group:
    """The picture for rich to draw.

    Args:
        picture: The picture.
        elapsed: Seconds since the wait began.
        width: Columns of the terminal.
        ascii_only: Whether to use only ASCII.
    """
    parts: list[Text | Table] = [
        Text.assemble(
            (one_line(picture.job), "bold"), f"  {elapsed_time(elapsed)}", overflow="fold"
        )
    ]
    if picture.percent is not None or picture.promotion is not None:
        parts.append(_traffic(picture, width, ascii_only=ascii_only))
    if picture.rows:
        parts.append(_rows(picture.rows, elapsed))
    if picture.startup is not None and not picture.is_over:
        at, startup = picture.startup
        parts.append(_phases(startup, max(elapsed - at, 0.0), ascii_only=ascii_only))
    if picture.checks:
        parts.append(_checks(picture.checks))
    if not picture.is_over:
        parts.append(Text(f"waiting for {one_line(picture.waiting_for())}", style="dim"))
    if picture.last_failure is not None:
        at, message = picture.last_failure
        looks = "1 look" if picture.failures == 1 else f"{picture.failures} looks"
        ago = elapsed_time(max(elapsed - at, 0.0))
        parts.append(Text(f"{looks} failed, the last {ago} ago: {message}", style="yellow"))
    return Group(*parts)


def _traffic(picture: Picture, width: int, *, ascii_only: bool) -> Text:
    percent = picture.percent or 0
    text = f"{percent:3} %  {one_line(picture.promotion or '')}".rstrip()
    # On a narrow terminal the bar is shorter, because the text says the same.
    room = min(width - len(f"traffic  {text}"), _WIDEST_BAR)
    filled = round(max(room, 0) * percent / 100)
    full, empty = "#-" if ascii_only else "█░"
    return Text.assemble(
        "traffic ",
        (full * filled, "green"),
        (empty * (room - filled), "dim"),
        (f" {text}", "yellow" if picture.is_paused else ""),
        no_wrap=True,
        overflow="ellipsis",
    )


def _phases(startup: Startup, since: float, *, ascii_only: bool) -> Table:
    """The phases of a startup: bars that are full after the usual time.

    Args:
        startup: The startup.
        since: Seconds since it was read.
        ascii_only: Whether to use only ASCII.
    """
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis")
    full, empty = "#-" if ascii_only else "█░"
    for phase in startup.phases:
        goes_on = not phase.is_over and not startup.has_failed
        seconds = phase.seconds + (since if goes_on else 0.0)
        share = 1.0 if phase.is_over else 0.0 if not phase.usual else min(seconds / phase.usual, 1)
        filled = round(_PHASE_BAR * share)
        usually = "" if phase.usual is None else f"usually {elapsed_time(phase.usual)}"
        table.add_row(
            Text(f"  {one_line(phase.name.replace('_', ' ').lower())}"),
            Text.assemble((full * filled, "green"), (empty * (_PHASE_BAR - filled), "dim")),
            Text(f"{elapsed_time(seconds)}  {usually}".rstrip(), style="dim"),
        )
    return table


def _checks(rows: Sequence[CheckRow]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=_WIDEST_CHECK)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(
            Text(f"check {one_line(row.name)}"),
            Text(f"{row.percent} %"),
            Text(row.outcome, style=_VERDICTS[row.outcome]),
            Text(one_line(row.reason), style="dim"),
        )
    return table


def _rows(rows: Sequence[Row], elapsed: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for row in rows:
        indent = "  " if row.subject == "chainlet" else ""
        table.add_row(
            Text(f"{indent}{row.subject} {one_line(row.name)}"),
            Text(one_line(row.status), style=_STYLES[row.phase]),
            Text(elapsed_time(max(elapsed - row.since, 0.0)), style="dim"),
        )
    return table
