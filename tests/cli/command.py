"""Run the command against a fake: as a process in compressed time, or here in virtual time."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import re
import shlex
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

from aiobaseten import Baseten
from aiobaseten.cli import main
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._run import Run
from aiobaseten.cli._views import Views
from aiobaseten.testing import FakeBaseten, timelines

#: Seconds of the fake's time, and of the command's, in one second.
SPEED = 50.0
#: Only a process that hangs needs so long, also on a very busy machine.
PATIENCE_S = 120.0

TOKEN = re.compile(r"abt2\.[\w-]+")

# Variables that a person or a pipeline may have set, and that change the output.
_CHANGES_OUTPUT = (
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
    "PYTHONASYNCIODEBUG",
    "PYTHONCOERCECLOCALE",
    "PYTHONDEVMODE",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
)


@frozen
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The objects of its JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def outcome(self) -> dict[str, Any]:
        """The last of them."""
        last = self.records[-1]
        assert last["type"] == "outcome"
        return last

    @property
    def complaint(self) -> str:
        """The one line with the error."""
        assert "Traceback" not in self.err
        (line,) = [one for one in self.err.splitlines() if one.startswith("aiobaseten: ")]
        return line

    def hinted(self, name: str) -> str:
        """The arguments of the command *name* among its hints."""
        (found,) = re.findall(rf"^to .*: +aiobaseten {name} (.+)$", self.err, re.MULTILINE)
        return str(found)


def _is_kept(name: str) -> bool:
    """Whether a command gets this variable of ours: not those that change its output or its way."""
    return name not in _CHANGES_OUTPUT and not name.lower().endswith("_proxy")


@frozen
class Shell:
    """A shell in which commands run."""

    fake: FakeBaseten
    url: str
    environment: Mapping[str, str] = field(factory=dict)

    def environ(self) -> dict[str, str]:
        """The environment variables of a command."""
        return {
            **{name: value for name, value in os.environ.items() if _is_kept(name)},
            "LC_ALL": "C.UTF-8",
            "PYTHONWARNINGS": "error",
            "BASETEN_API_KEY": self.fake.api_key or "any-key",
            "BASETEN_BASE_URL": self.url,
            "AIOBASETEN_CLOCK_SPEED": f"{SPEED:g}",
            **self.environment,
        }

    def having(self, **environment: str) -> Shell:
        """The same shell with other environment variables."""
        return Shell(self.fake, self.url, {**self.environment, **environment})

    async def run(self, *arguments: str, stdin: bytes = b"") -> Ended:
        """Run a command until it ends."""
        async with self.running(*arguments) as process:
            return await ended(process, stdin)

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[Forked]:
        """A running command; it is killed at the end of the block."""
        process = await Forked.started(arguments, self.environ())
        try:
            yield process
        finally:
            await process.gone()

    @asynccontextmanager
    async def started(
        self, *words: str, **options: Any
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A new process; it is killed at the end of the block.

        Only this shows effects before `main` is called and after it has returned, such as closed
        streams and terminals.
        """
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), PIPE)
        # In the encoding of the process, which is not that of the tests in an ASCII locale.
        process = await asyncio.create_subprocess_exec(
            *(word.encode() for word in words), env=self.environ(), **{**pipes, **options}
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()


class Forked:
    """A command in a process that has already loaded all modules.

    A new interpreter takes twenty times as long to start as a command takes to run.
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
        """Write all of its input. Returns all of its output after it has ended."""
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
        """Kill it, and wait until it is gone."""
        self._process.kill()
        await asyncio.to_thread(self._process.join)
        self._process.close()
        self._stdin.close()


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    # httpx imports the last two when it is first used.
    [f"aiobaseten.cli.{name}" for name in ("_arguments", "_grammar", "_session", "_json", "_lines")]
    + ["httpcore", "anyio._backends._asyncio"]
)


def _become(
    arguments: Sequence[str], environ: Mapping[str, str], streams: Sequence[Connection]
) -> NoReturn:
    """Run the command in a forked process."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    # As the variables say, which came too late for this interpreter.
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8")  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environ)
    warnings.simplefilter("error")
    # In development mode, asyncio warns of slow steps: all are slow on a busy machine.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    sys.exit(main(arguments))


async def _reader(end: Connection) -> StreamReader:
    reader = StreamReader()
    # The loop closes the pipe at the end.
    pipe = os.fdopen(os.dup(end.fileno()), "rb", buffering=0)
    end.close()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader


async def ended(process: Forked | asyncio.subprocess.Process, stdin: bytes | None = None) -> Ended:
    """The end of a command."""
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


async def line_with(text: str, stream: asyncio.StreamReader | None) -> str:
    """The next line of a command's output that contains *text*."""
    assert stream is not None
    async with asyncio.timeout(PATIENCE_S):
        while line := (await stream.readline()).decode():
            if text in line:
                return line
    raise AssertionError(f"it ended without {text!r}")


async def until(condition: Callable[[], object]) -> None:
    """Return as soon as *condition* holds, because of another process."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - another process cannot set an event
            await asyncio.sleep(0.01)


#: Long enough for a test to interfere, short enough to wait for.
SOON: timelines.Steps = (("DEPLOYING", 10.0), "ACTIVE")


def furnish(fake: FakeBaseten) -> None:
    """Add chain c and model m, with environments in which the deployment old serves."""
    chain, model = fake.chain("c"), fake.model("m")
    for resource in (chain, model):
        resource.deployment("old")
        resource.deployment("new", on_promote=SOON)
        resource.deployment("other")
        resource.deployment("broken", on_promote=timelines.BUILD_FAILED)
        resource.deployment("stuck", on_promote="DEPLOYING")
    chain.environment("production", current="old", traffic_delay=0)
    model.environment("production", current="old", ramp=[(25, 60.0), (50, 60.0)])
    model.environment("restricted", current=None, restricted=True)


async def stage() -> AsyncIterator[Shell]:
    """A shell whose commands reach a furnished fake."""
    fake = FakeBaseten(speed=SPEED)
    furnish(fake)
    async with fake.serve() as url:
        yield Shell(fake, url)


def run_of(client: Baseten, line: str) -> Run:
    """A run of a command in this process, without output."""
    return Run(client, parse(shlex.split(line)), Views([]))
