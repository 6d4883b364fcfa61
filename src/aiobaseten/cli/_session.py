"""A command in an event loop: the key, the client, the signals."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from .. import Baseten
from ..errors import BasetenError, ConfigurationError
from ..options import Clock, CompressedClock, LoopClock
from . import _stdio
from ._commands import Run, waits
from ._failures import explain, outcome_of
from ._jobs import Ending
from ._outcomes import Outcome
from ._views import View, choose

_OUTCOMES = {signal.SIGINT: Outcome.INTERRUPTED, signal.SIGTERM: Outcome.TERMINATED}


def run(arguments: Namespace) -> int:
    """Run the command; the exit status."""
    try:
        clock = _clock(os.environ.get("AIOBASETEN_CLOCK_SPEED"))
        views = choose(arguments.output, clock, waits=waits(arguments))
        client = _client(arguments, clock)
    except ConfigurationError as error:
        _stdio.complain(str(error))
        return Outcome.USAGE.exit_status
    interruption = Interruption()
    try:
        with interruption.watched(), asyncio.Runner() as runner:
            ending = runner.run(_work(client, arguments, views, interruption))
        for view in views:
            view.end(ending)
    finally:
        for view in views:
            view.close()
    return ending.outcome.exit_status


class Interruption:
    """Ctrl-C and SIGTERM: the first ends the command in order, the second at once."""

    def __init__(self) -> None:
        self._by: signal.Signals | None = None
        self._end: Callable[[], object] = lambda: None

    @property
    def outcome(self) -> Outcome:
        """How the command ends."""
        return _OUTCOMES[self._by or signal.SIGINT]

    @contextmanager
    def watched(self) -> Generator[None]:
        """Take over the signals for as long as the block takes."""
        before = {one: signal.signal(one, self._handle) for one in _OUTCOMES}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    @contextmanager
    def ends(self, task: asyncio.Task[Any]) -> Generator[None]:
        """Have the first signal cancel *task*, for as long as the block takes."""
        loop = asyncio.get_running_loop()
        # A signal interrupts the loop's sleep, and the loop goes back to it unless it is woken.
        self._end = lambda: loop.call_soon_threadsafe(task.cancel)
        if self._by is not None:
            task.cancel()
        try:
            yield
        finally:
            self._end = lambda: None

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._by is not None:
            _stdio.release_terminal()
            os._exit(self.outcome.exit_status)
        self._by = signal.Signals(number)
        self._end()


async def _work(
    client: Baseten, arguments: Namespace, views: Sequence[View], interruption: Interruption
) -> Ending:
    """Run the command until it ends, or until somebody wants it to."""
    async with client:
        command = Run(client, arguments, views)
        task = asyncio.create_task(command.run())
        with interruption.ends(task):
            await asyncio.wait({task})
        try:
            if task.cancelled():
                for view in views:
                    view.close()
                return await command.interrupted(interruption.outcome)
            return task.result()
        except BasetenError as error:
            return Ending(
                outcome=outcome_of(error),
                message=explain(error, arguments, command.job),
                error=error,
            )


def _client(arguments: Namespace, clock: Clock) -> Baseten:
    return Baseten(
        api_key=_key(arguments.api_key_file), base_url=arguments.base_url or None, clock=clock
    )


def _key(path: str | None) -> str:
    if path is None:
        key = os.environ.get("BASETEN_API_KEY", "").strip()
        if not key:
            raise ConfigurationError("no API key: set BASETEN_API_KEY, or give --api-key-file PATH")
        return key
    try:
        content = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError, AttributeError) as error:
        why = getattr(error, "strerror", None) or "it holds no text"
        raise ConfigurationError(f"cannot read the API key from {_named(path)}: {why}") from None
    if not content.strip():
        raise ConfigurationError(f"there is no API key in {_named(path)}")
    return content.strip()


def _named(path: str) -> str:
    return "standard input" if path == "-" else path


def _clock(speed: str | None) -> Clock:
    """The clock; for tests and demos against a fake, one that runs faster."""
    if not speed:
        return LoopClock()
    try:
        factor = float(speed)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise ConfigurationError(f"AIOBASETEN_CLOCK_SPEED must be a factor above 0, not {speed!r}")
    return CompressedClock(factor)
