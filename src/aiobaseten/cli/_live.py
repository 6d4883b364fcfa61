"""The live view for a person at a terminal. The only place that needs rich."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from .._status import Phase
from ..events import Event
from ..options import Clock, LoopClock
from ..readings import EnvironmentReading
from ._jobs import Ending, Job, Listed, one_line
from ._lines import environment, listing, tell
from ._outcomes import Outcome
from ._picture import Picture, Row

#: Seconds of real time between two frames.
FRAME_S = 0.25

_WIDEST_BAR = 40
_STYLES = {
    Phase.PENDING: "cyan",
    Phase.READY: "green",
    Phase.ASLEEP: "yellow",
    Phase.UNHEALTHY: "yellow",
    Phase.STOPPED: "red",
    Phase.FAILED: "bold red",
}


class Live:
    """Redraws the picture of a wait until it ends; what it showed last stays."""

    def __init__(self, clock: Clock, console: Console | None = None) -> None:
        """Take over the terminal when something begins.

        Args:
            clock: The waits' clock.
            console: Where to draw; standard output otherwise.
        """
        self._clock = clock
        self._frames = LoopClock()
        self._console = console or Console(highlight=False)
        self._picture: Picture | None = None
        self._live: RichLive | None = None
        self._began = 0.0
        self._next_frame: asyncio.TimerHandle | None = None

    def note(self, text: str) -> None:
        """A line above what is drawn."""
        self._print(text, "dim")

    def begin(self, job: Job) -> None:
        """Say the token, and begin to draw."""
        if job.token is not None:
            # Not through rich, which would break the line: a token has to be copied whole.
            self._console.file.write(f"token: {job.token}\n")
        self._picture = Picture(job=job)
        self._began = self._clock.now()
        self._live = RichLive(console=self._console, auto_refresh=False)
        self._live.start()
        self._draw()

    def event(self, event: Event) -> None:
        """Draw what has changed."""
        if self._picture is not None:
            self._picture = self._picture.after(event)
            self._show()

    def environment(self, job: Job, reading: EnvironmentReading) -> None:
        """As lines."""
        for text in environment(job, reading):
            self._print(text)

    def listing(
        self, job: Job, environments: Sequence[EnvironmentReading], deployments: Sequence[Listed]
    ) -> None:
        """As lines."""
        for text in listing(job, environments, deployments):
            self._print(text)

    def end(self, ending: Ending) -> None:
        """Leave the last frame, and say how it ended."""
        self.close()
        is_done = ending.outcome is Outcome.DONE
        tell(ending, lambda text: self._print(text, "green" if is_done else ""))

    def close(self) -> None:
        """Give the terminal back."""
        if self._next_frame is not None:
            self._next_frame.cancel()
            self._next_frame = None
        if self._live is not None:
            live, self._live = self._live, None
            with suppress(OSError):
                live.stop()

    def _draw(self) -> None:
        """Show the time passing."""
        try:
            self._show()
        except OSError:
            self.close()  # the terminal has gone; the next event says so
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
        self._console.print(Text(text, style=style), soft_wrap=True)


def is_ascii(console: Console) -> bool:
    """Whether the terminal cannot show more than ASCII."""
    try:
        "█░…".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def frame(picture: Picture, elapsed: float, *, width: int, ascii_only: bool = False) -> Group:
    """The picture after so many seconds, for rich to draw in so many columns."""
    parts: list[Text | Table] = [
        Text.assemble((str(picture.job), "bold"), f"  {clock_time(elapsed)}", overflow="fold")
    ]
    if picture.percent is not None or picture.promotion is not None:
        parts.append(_traffic(picture, width, ascii_only=ascii_only))
    if picture.rows:
        parts.append(_rows(picture.rows, elapsed))
    if not picture.is_over:
        parts.append(Text(f"waiting for {picture.waiting_for()}", style="dim"))
    if picture.trouble is not None:
        at, said = picture.trouble
        looks = "1 look" if picture.failures == 1 else f"{picture.failures} looks"
        ago = clock_time(max(elapsed - at, 0.0))
        parts.append(Text(f"{looks} failed, the last {ago} ago: {said}", style="yellow"))
    return Group(*parts)


def _traffic(picture: Picture, width: int, *, ascii_only: bool) -> Text:
    percent = picture.percent or 0
    said = f"{percent:3} %  {one_line(picture.promotion or '')}".rstrip()
    # On a narrow terminal the bar gives way: what it says stands beside it.
    room = min(width - len(f"traffic  {said}"), _WIDEST_BAR)
    filled = round(max(room, 0) * percent / 100)
    full, empty = "#-" if ascii_only else "█░"
    return Text.assemble(
        "traffic ",
        (full * filled, "green"),
        (empty * (room - filled), "dim"),
        (f" {said}", "yellow" if picture.is_paused else ""),
        no_wrap=True,
        overflow="ellipsis",
    )


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
            Text(clock_time(max(elapsed - row.since, 0.0)), style="dim"),
        )
    return table


def clock_time(seconds: float) -> str:
    """Seconds as people read them: 42 s, 3:07, 1:02:03."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
