"""Run a command in an event loop, with the user's API key, a client and the signals."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from pathlib import Path

from .. import Baseten, Clock
from ..errors import BasetenError, ConfigurationError
from ..options import CompressedClock, LoopClock
from . import _stdio
from ._commands import execute
from ._endings import failed
from ._invocations import Access, Command
from ._jobs import Ending
from ._outcomes import Outcome
from ._run import Run
from ._signals import Interruption
from ._views import View, choose_view
from ._waits import interrupt


def run_command(command: Command) -> int:
    """Run a command. Returns the exit status."""
    try:
        clock = _clock(os.environ.get("AIOBASETEN_CLOCK_SPEED"))
        view = choose_view(command.output, clock, waits=command.waits)
        client = _client(command.access, clock)
    except ConfigurationError as error:
        _stdio.complain(str(error))
        return Outcome.USAGE.exit_status
    interruption = Interruption()
    try:
        with interruption.watched(), asyncio.Runner() as runner:
            ending = runner.run(_work(client, command, view, interruption))
        view.end(ending)
    finally:
        view.close()
    return ending.outcome.exit_status


async def _work(
    client: Baseten, command: Command, view: View, interruption: Interruption
) -> Ending:
    """Run a command until it ends, or until a signal interrupts it."""
    run = Run(client, command, view)
    try:
        async with client:
            task = asyncio.create_task(execute(run))
            with interruption.cancels(task):
                await asyncio.wait({task})
            if task.cancelled():
                view.close()
                return await interrupt(run, interruption.outcome)
            return task.result()
    except BasetenError as error:
        return failed(error, command, run.job)


def _client(access: Access, clock: Clock) -> Baseten:
    key = _api_key(access.api_key_file)
    return Baseten(api_key=key, base_url=access.base_url or None, clock=clock)


def _api_key(path: str | None) -> str:
    if path is None:
        key = os.environ.get("BASETEN_API_KEY", "").strip()
        if not key:
            raise ConfigurationError("no API key: set BASETEN_API_KEY, or pass --api-key-file PATH")
        return key
    source = "standard input" if path == "-" else path
    try:
        content = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(f"cannot read the API key from {source}: {reason}") from None
    if not content.strip():
        raise ConfigurationError(f"there is no API key in {source}")
    return content.strip()


def _clock(speed: str | None) -> Clock:
    """The clock; a faster one for tests and demos against a fake."""
    if not speed:
        return LoopClock()
    try:
        factor = float(speed)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise ConfigurationError(f"AIOBASETEN_CLOCK_SPEED must be a number above 0, not {speed!r}")
    return CompressedClock(factor)
