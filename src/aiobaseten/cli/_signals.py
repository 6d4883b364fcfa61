"""Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from . import _stdio
from ._outcomes import Outcome

_OUTCOMES = {signal.SIGINT: Outcome.INTERRUPTED, signal.SIGTERM: Outcome.TERMINATED}


class Interruption:
    """The first signal cancels the command's task, the second ends the process immediately."""

    def __init__(self) -> None:
        self._signal: signal.Signals | None = None
        self._end: Callable[[], object] = lambda: None

    @property
    def outcome(self) -> Outcome:
        """The outcome of the command after a signal."""
        return _OUTCOMES[self._signal or signal.SIGINT]

    @contextmanager
    def watched(self) -> Generator[None]:
        """Handle the signals during the block."""
        before = {one: signal.signal(one, self._handle) for one in _OUTCOMES}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

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
        if self._signal is not None:
            _stdio.release_terminal()
            os._exit(self.outcome.exit_status)
        self._signal = signal.Signals(number)
        self._end()
