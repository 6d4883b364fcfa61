"""Ctrl-C, SIGTERM and SIGHUP."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .. import Clock
from . import _stdio
from ._outcomes import Outcome

#: A signal that comes sooner after the first one means the same: the terminal sends Ctrl-C to every
#: process, and a parent may pass it on.
DEBOUNCE_S = 1.0

_OUTCOMES = {signal.SIGINT: Outcome.INTERRUPTED, signal.SIGTERM: Outcome.TERMINATED}
if hasattr(signal, "SIGHUP"):  # not on Windows
    _OUTCOMES[signal.SIGHUP] = Outcome.TERMINATED


class Interruption:
    """The first signal cancels the command's task, a later one ends the process immediately."""

    def __init__(self, clock: Clock, *, ends_process: bool) -> None:
        """Prepare.

        Args:
            clock: The clock of the waits.
            ends_process: Whether the process ends after the command.
        """
        self._clock = clock
        self._ends_process = ends_process
        self._signal: signal.Signals | None = None
        self._at: float | None = None
        self._end: Callable[[], object] = lambda: None

    @property
    def has_begun(self) -> bool:
        """Whether a signal has arrived."""
        return self._signal is not None

    @property
    def outcome(self) -> Outcome:
        """The outcome of the command after a signal."""
        return _OUTCOMES[self._signal or signal.SIGINT]

    @contextmanager
    def watched(self) -> Generator[None]:
        """Handle the signals during the block, except those that the parent has ignored.

        ``nohup`` ignores SIGHUP, and a shell ignores Ctrl-C for a command in the background. If one
        has arrived and the process ends, all are ignored after the block, so that none changes
        the exit status.
        """
        before = {one: signal.getsignal(one) for one in _OUTCOMES}
        handled = {one: old for one, old in before.items() if old not in (signal.SIG_IGN, None)}
        for one in handled:
            signal.signal(one, self._handle)
        try:
            yield
        finally:
            ignores = self.has_begun and self._ends_process
            for one, handler in handled.items():
                # While Python ends, it keeps no handler, but it keeps ignoring.
                signal.signal(one, signal.SIG_IGN if ignores else handler)

    @contextmanager
    def cancels(self, task: asyncio.Task[Any]) -> Generator[None]:
        """Cancel *task* on the first signal during the block, or on one before it."""
        loop = asyncio.get_running_loop()
        # A signal interrupts the loop's sleep, and the loop continues it unless something wakes it.
        self._end = lambda: loop.call_soon_threadsafe(task.cancel)
        if self._signal is not None:
            task.cancel()
        try:
            yield
        finally:
            self._end = lambda: None

    def _handle(self, number: int, _: FrameType | None) -> None:
        now = self._now()
        if self._signal is None:
            self._signal, self._at = signal.Signals(number), now
            _stdio.hurry()
            self._end()
        elif now is None:
            pass  # outside of the loop, the command waits for nothing
        elif self._at is None:
            self._at = now
        elif now - self._at >= DEBOUNCE_S:
            _stdio.release_terminal()
            os._exit(self.outcome.exit_status)

    def _now(self) -> float | None:
        try:
            return self._clock.now()
        except RuntimeError:
            return None  # the loop has not begun, or has ended
