"""The live view for a terminal. Only this and its frame need rich."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import evolve
from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.text import Text

from .. import Clock
from ..events import Event
from ..options import LoopClock
from ._frame import frame, frame_of_several
from ._invocations import Default
from ._jobs import Ending, Job, Result, ShownEnvironment, ShownTargets
from ._lines import defaults_text, result_text, show_ending
from ._outcomes import Outcome
from ._picture import Picture, SeveralPicture, TargetPicture
from ._text import harmless, one_line
from ._views import View

#: Seconds of real time between two frames.
FRAME_S = 0.25


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
        self._picture: Picture | SeveralPicture | None = None
        self._failures: list[tuple[str, Ending]] = []
        self._live: RichLive | None = None
        self._began = 0.0
        self._next_frame: asyncio.TimerHandle | None = None

    def note(self, text: str) -> None:
        """Print a line above the picture; several targets have it in the picture."""
        if isinstance(self._picture, SeveralPicture):
            self._picture = evolve(self._picture, note=text)
            self._show()
        else:
            self._print(text, "dim")

    def begin(self, job: Job) -> None:
        """Print the token, and start to draw, in place of what was drawn before."""
        self.close()
        if job.token is not None:
            # Without rich, which would break the line: people copy the token.
            self._console.file.write(f"token: {job.token}\n")
        self._start(Picture(job=job))

    def _start(self, picture: Picture | SeveralPicture) -> None:
        self._picture = picture
        self._began = self._clock.now()
        self._live = RichLive(console=self._console, auto_refresh=False)
        self._live.start()
        self._draw()

    def event(self, event: Event) -> None:
        """Draw the change."""
        if isinstance(self._picture, Picture):
            self._picture = self._picture.after(event)
            self._show()

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Draw the environment."""
        if isinstance(self._picture, Picture):
            self._picture = self._picture.showing(shown.reading, at)
            self._show()

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Print a line above the picture."""
        self._print(defaults_text(defaults), "dim")

    def result(self, result: Result) -> None:
        """Print several lines. The table of several targets takes the place of the picture."""
        if isinstance(result, ShownTargets) and self._live is not None:
            self._live.transient = True
            self.close()
        for text in result_text(result):
            self._print(text)

    def members(self, labels: Sequence[str]) -> Sequence[View]:
        """Views of several targets, which share this picture."""
        self._start(SeveralPicture(targets=tuple(TargetPicture(label=one) for one in labels)))
        return [_TargetView(self, number, label) for number, label in enumerate(labels)]

    def change(self, number: int, change: Callable[[TargetPicture], TargetPicture]) -> None:
        """Draw a change of the target with this number."""
        if isinstance(self._picture, SeveralPicture):
            targets = list(self._picture.targets)
            targets[number] = change(targets[number])
            self._picture = evolve(self._picture, targets=tuple(targets))
            self._show()

    def fail(self, label: str, ending: Ending) -> None:
        """Keep the failure of a target until there is no picture that it would disturb."""
        self._failures.append((label, ending))

    def now(self) -> float:
        """Seconds since the picture began."""
        return self._clock.now() - self._began

    def end(self, ending: Ending) -> None:
        """Leave the last frame, and print the message and the hints."""
        self.close()
        for label, failure in self._failures:
            show_ending(failure, self._print, one_line(label))
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
            self._live.update(self._drawn(self._picture), refresh=True)

    def _drawn(self, picture: Picture | SeveralPicture) -> Group:
        # One line less than the terminal has: the cursor must not scroll it.
        width, height = self._console.width, max(self._console.height - 1, 1)
        if isinstance(picture, SeveralPicture):
            return frame_of_several(picture, self.now(), width=width, height=height)
        ascii_only = is_ascii(self._console)
        return frame(picture, self.now(), width=width, height=height, ascii_only=ascii_only)

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text(harmless(text), style=style), soft_wrap=True)


def is_ascii(console: Console) -> bool:
    """Whether the terminal can show only ASCII."""
    try:
        "█░…".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


class _TargetView:
    """One of several targets in the picture."""

    def __init__(self, view: LiveView, number: int, label: str) -> None:
        self._view = view
        self._number = number
        self._label = label

    def note(self, text: str) -> None:
        """Show that something starts, without its words: there is no room."""
        del text
        self._change(lambda one: one.started(self._view.now()))

    def begin(self, job: Job) -> None:
        """Show the promotion. Its token is in the token file, or among the hints at the end."""
        self._change(lambda one: one.begun(job, self._view.now()))

    def event(self, event: Event) -> None:
        """Show the change."""
        self._change(lambda one: one.after(event))

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Do nothing: several targets are not watched."""

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Do nothing: they are those of the whole command."""

    def result(self, result: Result) -> None:
        """Do nothing: the table shows it."""

    def members(self, labels: Sequence[str]) -> Sequence[View]:
        """The views of the whole command."""
        return self._view.members(labels)

    def end(self, ending: Ending) -> None:
        """Show the outcome, and keep the message of a failure."""
        self._change(lambda one: one.ended(ending))
        if ending.outcome is not Outcome.DONE:
            self._view.fail(self._label, ending)

    def close(self) -> None:
        """Do nothing: the picture goes on."""

    def _change(self, change: Callable[[TargetPicture], TargetPicture]) -> None:
        self._view.change(self._number, change)
