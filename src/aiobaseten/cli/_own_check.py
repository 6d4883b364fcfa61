"""Run a shell command that checks a step of a guarded promotion."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import define, field

from ..guard import GuardedStep, Outcome, Verdict
from ._text import one_line

# Bytes of its output that are kept, and characters that are shown: the end, where the reason is.
_KEPT = 4000
_SHOWN = 400
# A shorter key is a placeholder in somebody's tests.
_SHORTEST_KEY = 8
_OUTCOMES: Mapping[int, Outcome] = {0: "pass", 1: "breach"}


@define(eq=False)
class CommandCheck:
    """A shell command as a check: exit status 0 passes, 1 is a breach, all else is no answer.

    It runs in a process group of its own, which is killed when the command ends, and when the check
    is cancelled: after its timeout, or by a signal. It has our environment variables, so that it
    has the API key only if that is one of them, and the step in ``AIOBASETEN_…``.

    Attributes:
        command: The command.
        key: The API key of this process, which is not shown; empty if it is not known yet.
    """

    command: str
    key: str = field(default="", init=False, repr=False)
    _steps: int = field(default=0, init=False)
    _percent: int | None = field(default=None, init=False)

    async def __call__(self, step: GuardedStep) -> Verdict:
        """Run the command."""
        if step.percent != self._percent:
            self._percent, self._steps = step.percent, self._steps + 1
        loop = asyncio.get_running_loop()
        transport, running = await loop.subprocess_shell(
            lambda: _Running(loop),
            self.command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env={**os.environ, **_variables(step, self._steps)},
            start_new_session=True,
        )
        try:
            await running.ended.wait()
        finally:
            if not running.ended.is_set() and running.kill():
                await running.ended.wait()
            transport.close()
        return _verdict(transport.get_returncode(), _shown(running.output, self.key))


class _Running(asyncio.SubprocessProtocol):
    """A command that runs, and the end of its output."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ended = asyncio.Event()
        self.output = b""
        self._loop = loop
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's
        self.output = (self.output + data)[-_KEPT:]

    def process_exited(self) -> None:
        # Whatever it has left behind must not go on, nor keep its output open.
        self.kill()
        # The rest of the output is in the pipe, and the loop reads that before the next call.
        self._loop.call_soon(self.ended.set)

    def kill(self) -> bool:
        """Kill all its processes that are left. Returns whether there were any."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
            else:  # on Windows
                self._transport.kill()
            return True
        return False


def _variables(step: GuardedStep, number: int) -> dict[str, str]:
    return {
        "AIOBASETEN_KIND": step.kind,
        "AIOBASETEN_RESOURCE_ID": step.resource_id,
        "AIOBASETEN_ENVIRONMENT": step.environment_name,
        "AIOBASETEN_DEPLOYMENT_ID": step.deployment_id,
        "AIOBASETEN_PREVIOUS_ID": step.previous_id or "",
        "AIOBASETEN_STEP": str(number),
        "AIOBASETEN_PERCENT": str(step.percent),
    }


def _shown(output: bytes, key: str) -> str:
    """The end of the output in one line, without API keys: ours, and that of the command."""
    text = output.decode(errors="replace")
    for one in (key, os.environ.get("BASETEN_API_KEY", "").strip()):
        if len(one) >= _SHORTEST_KEY:
            text = text.replace(one, "***")
    # The first word may be the end of the key.
    words = " ".join(text.split()[1 if len(output) == _KEPT else 0 :])
    return one_line(words if len(words) <= _SHOWN else f"...{words[-_SHOWN:]}")


def _verdict(status: int | None, output: str) -> Verdict:
    if status is not None and status < 0:
        said = f"killed by signal {-status}"
    else:
        said = f"exit status {status}"
    outcome = _OUTCOMES.get(-1 if status is None else status, "unavailable")
    return Verdict(outcome, reason=f"{said}: {output}" if output else said)
