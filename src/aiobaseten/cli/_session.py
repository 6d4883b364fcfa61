"""Run a command in an event loop, with the user's API key, a client and the signals."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from attrs import evolve

from .. import Baseten
from ..errors import BasetenError, ConfigurationError
from ..options import LoopClock
from . import _stdio
from ._checks import holds_key
from ._commands import execute
from ._endings import failed, hints
from ._files import UnreadableError, read_text
from ._guard import hide_key
from ._invocations import Command, Promote, PromoteSeveral, Target, WaitForSeveral, WaitForToken
from ._jobs import Ending
from ._run import Run
from ._signals import Interruption
from ._views import View, choose_view
from ._waits import interrupt

# Bytes of a file that holds an API key.
_LONGEST_KEY = 10_000


def run_command(command: Command, words: Sequence[str], *, ends_process: bool) -> int:
    """Run a command. Returns the exit status.

    Args:
        command: The command.
        words: The words that it was parsed from.
        ends_process: Whether the process ends after the command.
    """
    try:
        client = _client(command, words)
    except ConfigurationError as error:
        # Without notices: the key may be in their address.
        view = choose_view(command.output, LoopClock(), waits=command.waits)
        return _show(view, failed(error, command, None))
    clock = client.clock
    view = choose_view(command.output, clock, waits=command.waits, notify=command.notify)
    run = Run(client, command, view, clock)
    interruption = Interruption(clock, ends_process=ends_process)
    try:
        with interruption.watched(), asyncio.Runner() as runner:
            return runner.run(_work_and_show(run, interruption))
    except OSError:
        # The output cannot be written, and what has begun at Baseten continues.
        for text in _not_shown(run):
            _stdio.hint(text)
        if not interruption.has_begun:
            raise
        _stdio.silence()
        return interruption.outcome.exit_status
    finally:
        view.close()


def _not_shown(run: Run) -> Sequence[str]:
    """The hints with a token that the user has not seen."""
    if run.members:
        return [text for one in run.members for text in _not_shown(one)]
    ending = run.ending
    if ending is not None and (ending.job is not None or not run.is_shown):
        return ending.hints
    if run.job is None or not run.has_begun or run.is_shown:
        return ()
    return hints(run.job, run.command.access)


def _show(view: View, ending: Ending) -> int:
    try:
        view.end(ending)
        if ending.job is not None:
            _stdio.keep_token(ending.job.token)
    finally:
        view.close()
    return ending.outcome.exit_status


async def _work_and_show(run: Run, interruption: Interruption) -> int:
    """Run a command, and show its ending. Returns the exit status."""
    ending = await _work(run, interruption)
    run.ending = evolve(ending, report=run.report_after(ending))
    # In the loop, whose clock tells a signal that arrives twice from a second one; and before it is
    # closed, which may have to wait for a lookup of an address.
    return _show(run.view, run.ending)


async def _work(run: Run, interruption: Interruption) -> Ending:
    """Run a command until it ends, or until a signal interrupts it."""
    try:
        async with run.client:
            task = asyncio.create_task(execute(run))
            with interruption.cancels(task):
                await asyncio.wait({task})
            if task.cancelled() or (interruption.has_begun and _cannot_write(task)):
                return await interrupt(run, interruption.outcome)
            return task.result()
    except BasetenError as error:
        return failed(error, run.command, run.job)


def _cannot_write(task: asyncio.Task[Ending]) -> bool:
    # Errors of the library are endings, also those that are OSErrors.
    return isinstance(task.exception(), OSError)


def _targets(command: Command) -> Sequence[Target]:
    return command.targets if isinstance(command, PromoteSeveral | WaitForSeveral) else ()


def _client(command: Command, words: Sequence[str]) -> Baseten:
    access = command.access
    key = _api_key(access.api_key_file)
    # Defaults and a file's targets stand for arguments, and are shown and sent like them.
    targets = _targets(command)
    words = [*words, *(one.text for one in command.defaults), *(one.label for one in targets)]
    for one in (key, os.environ.get("BASETEN_API_KEY", "").strip()):
        if any(holds_key(word, one) for word in words):
            raise ConfigurationError(
                "the API key is among the arguments, where other users can see it: nothing was "
                "sent; replace the key, and pass it in BASETEN_API_KEY or with --api-key-file PATH"
            )
    for each in [command, *(target.command for target in targets)]:
        if isinstance(each, Promote | WaitForToken):
            hide_key(each.guarding, key)
    return Baseten(api_key=key, base_url=command.access.base_url)


def _api_key(path: str | None) -> str:
    if path is None:
        key = os.environ.get("BASETEN_API_KEY", "").strip()
        if not key:
            raise ConfigurationError("no API key: set BASETEN_API_KEY, or pass --api-key-file PATH")
        return key
    # Not the path, which may be the key itself, in the wrong place.
    source = "standard input" if path == "-" else "the file of --api-key-file"
    try:
        content = read_text(path, most=_LONGEST_KEY)
    except UnreadableError as error:
        raise ConfigurationError(f"cannot read the API key from {source}: {error}") from None
    if not content.strip():
        raise ConfigurationError(f"there is no API key in {source}")
    return content.strip()
