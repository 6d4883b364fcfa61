"""An event loop in which an hour takes no time, and runs that use it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NoSockets(selectors.SelectSelector):
    """Instead of waiting, moves the clock. Nothing in a virtual run uses sockets or threads."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is due any more, and the run has not ended")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock stands still while something is to be done, and jumps when nothing is."""

    def __init__(self) -> None:
        self._skips = _NoSockets()
        super().__init__(self._skips)

    def time(self) -> float:
        """Seconds since the beginning of the run."""
        return self._skips.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
