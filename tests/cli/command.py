"""The command as a process, against a served fake whose time is compressed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import field, frozen

from aiobaseten.testing import FakeBaseten, timelines

#: Seconds of the fake's time, and of the command's, in one second.
SPEED = 50.0
PATIENCE_S = 20.0

# What a person or a pipeline may have set, and which decides what is shown.
_DECIDES = (
    "BASETEN_API_KEY",
    "BASETEN_BASE_URL",
    "CI",
    "COLUMNS",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",
    "GITHUB_OUTPUT",
    "GITHUB_STEP_SUMMARY",
    "LINES",
    "NO_COLOR",
    "PYTHONIOENCODING",
)


@frozen
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Its output, as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def outcome(self) -> dict[str, Any]:
        """The last of them."""
        last = self.records[-1]
        assert last["type"] == "outcome"
        return last

    @property
    def complaint(self) -> str:
        """The one line that says what went wrong."""
        assert "Traceback" not in self.err
        (line,) = [one for one in self.err.splitlines() if one.startswith("aiobaseten: ")]
        return line


@frozen
class Shell:
    """Where commands are typed."""

    fake: FakeBaseten
    url: str
    environment: Mapping[str, str] = field(factory=dict)

    def environ(self) -> dict[str, str]:
        """The environment of a command."""
        return {
            **{name: value for name, value in os.environ.items() if name not in _DECIDES},
            "LC_ALL": "C.UTF-8",
            "PYTHONWARNINGS": "error",
            "BASETEN_API_KEY": self.fake.api_key or "any-key",
            "BASETEN_BASE_URL": self.url,
            "AIOBASETEN_CLOCK_SPEED": f"{SPEED:g}",
            **self.environment,
        }

    def having(self, **environment: str) -> Shell:
        """The same with other variables."""
        return Shell(self.fake, self.url, {**self.environment, **environment})

    async def run(self, *arguments: str, stdin: bytes = b"") -> Ended:
        """Run a command until it ends."""
        async with self.running(*arguments) as process:
            return await ended(process, stdin)

    @asynccontextmanager
    async def running(
        self, *arguments: str, **streams: Any
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A command that runs; it does not outlive the block."""
        options: dict[str, Any] = dict.fromkeys(
            ("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "aiobaseten.cli",
            *arguments,
            env=self.environ(),
            **{**options, **streams},
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()


async def ended(process: asyncio.subprocess.Process, stdin: bytes | None = None) -> Ended:
    """What became of a command."""
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


async def line_with(text: str, stream: asyncio.StreamReader | None) -> str:
    """The next line of a command's output that has *text* in it."""
    assert stream is not None
    async with asyncio.timeout(PATIENCE_S):
        while line := (await stream.readline()).decode():
            if text in line:
                return line
    raise AssertionError(f"it ended without saying {text!r}")


async def until(condition: Callable[[], object]) -> None:
    """Return when *condition* holds, which another process brings about."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the other process sets no event of ours
            await asyncio.sleep(0.01)


#: Long enough to be interfered with, short enough to wait for.
SOON: timelines.Steps = (("DEPLOYING", 10.0), "ACTIVE")


async def stage() -> AsyncIterator[Shell]:
    """A shell whose commands reach a fake: chain c and model m, in which old serves.

    Test modules make a fixture of it.
    """
    fake = FakeBaseten(speed=SPEED)
    chain, model = fake.chain("c"), fake.model("m")
    for owner in (chain, model):
        owner.deployment("old")
        owner.deployment("new", on_promote=SOON)
        owner.deployment("other")
        owner.deployment("broken", on_promote=timelines.BUILD_FAILED)
        owner.deployment("stuck", on_promote="DEPLOYING")
    chain.environment("production", current="old", traffic_delay=0)
    model.environment("production", current="old", ramp=[(25, 60.0), (50, 60.0)])
    model.environment("restricted", current=None, restricted=True)
    async with fake.serve() as url:
        yield Shell(fake, url)
