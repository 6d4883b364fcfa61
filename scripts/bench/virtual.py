"""An event loop with virtual time: an hour takes no real time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NoSockets(selectors.SelectSelector):
    """Advances the clock instead of waiting. A virtual run must not use sockets or threads."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the run has not ended, but no timer is left")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock stops while there is work, and jumps to the next timer when there is none."""

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
