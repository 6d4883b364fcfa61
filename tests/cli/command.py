"""The command as a process, against a served fake whose time is compressed."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import warnings
from asyncio import StreamReader
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, NoReturn

from attrs import field, frozen

from aiobaseten.cli import main
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
    async def running(self, *arguments: str) -> AsyncIterator[Forked]:
        """A command that runs; it does not outlive the block."""
        process = await Forked.started(arguments, self.environ())
        try:
            yield process
        finally:
            await process.gone()

    @asynccontextmanager
    async def started(
        self, *words: str, **options: Any
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A process of its own from the first instruction; it does not outlive the block.

        What decides before `main` is called, or after it has returned, shows only here: streams
        that are closed, a terminal.
        """
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), PIPE)
        process = await asyncio.create_subprocess_exec(
            *words, env=self.environ(), **{**pipes, **options}
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()


class Forked:
    """A command in a process that has loaded everything already.

    A new interpreter takes twenty times as long to be ready as a command takes to run.
    """

    def __init__(
        self, process: ForkServerProcess, stdin: Connection, out: StreamReader, err: StreamReader
    ) -> None:
        self.stdout = out
        self.stderr = err
        self._process = process
        self._stdin = stdin

    @classmethod
    async def started(cls, arguments: Sequence[str], environ: Mapping[str, str]) -> Forked:
        """Start the command."""
        (stdin, ours), (our_out, out), (our_err, err) = (
            _FORKS.Pipe(duplex=False) for _ in range(3)
        )
        process = _FORKS.Process(target=_become, args=(arguments, environ, (stdin, out, err)))
        process.start()
        for theirs in (stdin, out, err):
            theirs.close()
        return cls(process, ours, await _reader(our_out), await _reader(our_err))

    async def communicate(self, stdin: bytes | None) -> tuple[bytes, bytes]:
        """Give it all of its input; all of its output, once it has ended."""
        os.write(self._stdin.fileno(), stdin or b"")
        self._stdin.close()
        said = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await asyncio.to_thread(self._process.join)
        return said

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    @property
    def returncode(self) -> int | None:
        """Its exit status, once it has ended."""
        return self._process.exitcode

    async def gone(self) -> None:
        """Return when it is gone, and see to that."""
        self._process.kill()
        await asyncio.to_thread(self._process.join)
        self._process.close()
        self._stdin.close()


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    # The last two are what httpx imports when it is first used.
    [f"aiobaseten.cli.{room}" for room in ("_arguments", "_session", "_json", "_lines")]
    + ["httpcore", "anyio._backends._asyncio"]
)


def _become(
    arguments: Sequence[str], environ: Mapping[str, str], streams: Sequence[Connection]
) -> NoReturn:
    """What a forked process does: be the command."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environ)
    warnings.simplefilter("error")
    sys.exit(main(arguments))


async def _reader(end: Connection) -> StreamReader:
    reader = StreamReader()
    # The loop closes what it reads from, at the end.
    pipe = os.fdopen(os.dup(end.fileno()), "rb", buffering=0)
    end.close()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader


async def ended(process: Forked | asyncio.subprocess.Process, stdin: bytes | None = None) -> Ended:
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
