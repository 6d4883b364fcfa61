"""A sign of life after each minute of silence: a line that says what the command waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from .. import Clock
from ..events import Event
from ._invocations import Default
from ._jobs import Beat, Ending, Job, Result, ShownEnvironment
from ._picture import Picture
from ._views import View

#: Seconds of silence before a heartbeat. CI systems end a job that is silent for ten minutes.
SILENCE_S = 60.0


class HeartbeatView:
    """Another view, with a heartbeat after each minute in which it has shown nothing."""

    def __init__(
        self,
        view: View,
        clock: Clock,
        say: Callable[[Sequence[Beat]], None],
        *,
        label: str = "",
        touch: Callable[[], None] | None = None,
    ) -> None:
        """Wrap *view*.

        Args:
            view: The view.
            clock: The clock of the waits.
            say: Shows a heartbeat: everything that is waited for.
            label: The target, if it is one of several.
            touch: Puts off the next heartbeat of the whole command. Default: this view's own.
        """
        self._view = view
        self._clock = clock
        self._say = say
        self._label = label
        self._touch = touch or self._put_off
        self._next: asyncio.TimerHandle | None = None
        self._is_over = False
        self._members: Sequence[HeartbeatView] = ()
        self._picture: Picture | None = None
        self._subject = ""
        self._since = 0.0

    def note(self, text: str) -> None:
        """Show it, and remember it as what happens now."""
        self._view.note(text)
        self._wait_for(text)

    def begin(self, job: Job) -> None:
        """Show it, and remember its subject."""
        self._view.begin(job)
        self._picture = Picture(job=job)
        self._wait_for(f"waiting for {self._picture.waiting_for()}")

    def event(self, event: Event) -> None:
        """Show it, and remember what has to happen next."""
        self._view.event(event)
        if self._picture is not None:
            self._picture = self._picture.after(event)
            self._wait_for(f"waiting for {self._picture.waiting_for()}")

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Show it, and wait for the next change."""
        self._view.look(shown, at)
        self._subject = ""
        self._wait_for("waiting for a change")

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Show them."""
        self._view.defaults(defaults)

    def result(self, result: Result) -> None:
        """Show it."""
        self._view.result(result)

    def members(self, labels: Sequence[str]) -> Sequence[View]:
        """Views of several targets, which are silent together."""
        views = zip(self._view.members(labels), labels, strict=True)
        self._members = [
            HeartbeatView(view, self._clock, self._say, label=label, touch=self._touch)
            for view, label in views
        ]
        return self._members

    def end(self, ending: Ending) -> None:
        """Show it. Nothing is waited for any more."""
        self._stop()
        self._view.end(ending)

    def close(self) -> None:
        """Close the view."""
        self._stop()
        self._view.close()

    def _wait_for(self, subject: str) -> None:
        if subject != self._subject:
            self._subject, self._since = subject, self._clock.now()
        self._touch()

    def _put_off(self) -> None:
        if self._next is not None:
            self._next.cancel()
        if not self._is_over:
            self._next = self._clock.call_at(self._clock.now() + SILENCE_S, self._beat)

    def _beat(self) -> None:
        # The command itself waits for its next wave, while no target is under way.
        members = [beat for one in self._members if (beat := one.waits_for())]
        own = self.waits_for()
        beats = members or ([own] if own is not None else [])
        try:
            if beats:
                self._say(beats)
        except OSError:
            self._stop()  # the next event reports that the output is gone
            return
        self._put_off()

    def waits_for(self) -> Beat | None:
        """What it waits for, if it does."""
        if self._is_over or not self._subject:
            return None
        seconds = self._clock.now() - self._since
        since = self._clock.utcnow() - timedelta(seconds=seconds)
        return Beat(label=self._label, subject=self._subject, since=since, seconds=seconds)

    def _stop(self) -> None:
        self._is_over = True
        if self._next is not None:
            self._next.cancel()
            self._next = None
