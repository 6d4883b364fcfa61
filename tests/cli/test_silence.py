"""Long silences: heartbeats in the output, and notices to an address."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import define, field

from aiobaseten.cli._addresses import parse_address
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._invocations import ResourceRef
from aiobaseten.cli._jobs import Ending, Job
from aiobaseten.cli._notify import Notices, NotifyView
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.options import LoopClock

from .command import SPEED, Shell, furnish
from .test_output import VALIDATOR, valid
from .test_several import Desk, desk_with_nothing  # noqa: F401 - a fixture

STUCK = ("promote", "model", "m", "stuck", "--to", "production", "--wait", "--timeout", "10m")


@pytest.mark.looptime
@pytest.mark.parametrize(("output", "count"), [("--lines", 9), ("--json", 9), ("--quiet", 0)])
async def test_each_minute_of_silence_ends_with_a_line(
    empty_desk: Desk, output: str, count: int
) -> None:
    furnish(empty_desk.fake)

    late = await empty_desk.run(*STUCK, output)

    assert late.status == 11
    beats = [line for line in late.out.splitlines() if ", since 20" in line or "heartbeat" in line]
    assert len(beats) == count
    if output == "--json":
        waits = [one["waiting"][0] for one in valid(late).records if one["type"] == "heartbeat"]
        seconds = [one["seconds"] for one in waits]
        assert seconds == sorted(seconds)
        assert {one["subject"] for one in waits} == {"waiting for stuck to become ready"}


@pytest.mark.looptime
async def test_several_targets_are_silent_together(empty_desk: Desk) -> None:
    furnish(empty_desk.fake)
    targets = ("model:m@stuck", "chain:c@stuck")

    late = await empty_desk.run("promote", *targets, *STUCK[4:], "--json")

    beats = [one["waiting"] for one in valid(late).records if one["type"] == "heartbeat"]
    assert len(beats) == 9
    assert [{one["target"] for one in beat} for beat in beats] == [{*targets}] * 9


async def test_the_time_of_day_is_as_fast_as_the_clock_of_a_compressed_command(
    shell: Shell,
) -> None:
    started = time.monotonic()
    late = await shell.run(*STUCK[:-1], "150s", "--json")
    took = time.monotonic() - started

    # On a slow machine, a minute is over before the promotion begins.
    kinds = [one["type"] for one in late.records]
    records = late.records[kinds.index("began") :]
    beat = next(one for one in records if one["type"] == "heartbeat")
    (waiting,) = beat["waiting"]
    began = datetime.fromisoformat(records[0]["time"])
    since = datetime.fromisoformat(waiting["since"])
    passed = datetime.fromisoformat(late.outcome["time"]) - began
    assert timedelta(seconds=-1) < since - began < passed  # "since" is told in whole seconds
    assert waiting["seconds"] > 40
    # The first line comes a little after the beginning of the wait.
    assert late.outcome["waited"] - 1 <= passed.total_seconds() <= took * SPEED


# --- notices -------------------------------------------------------------------------------------


@define
class Receiver:
    """A server that gets notices."""

    status: str = "204 No Content"
    answers: bool = True
    bodies: list[Any] = field(factory=list)
    headers: list[str] = field(factory=list)
    _handlers: list[asyncio.Future[None]] = field(factory=list)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handlers.append(asyncio.ensure_future(self._handle(reader, writer)))

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.headers.append(head)
        length = int(head.lower().partition("content-length:")[2].split()[0])
        self.bodies.append(json.loads(await reader.readexactly(length)))
        if self.answers:
            writer.write(f"HTTP/1.1 {self.status}\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        else:
            await reader.read()  # until the sender gives up
        writer.close()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on a loopback port; gives the address."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}/hook"
            await asyncio.gather(*self._handlers, return_exceptions=True)


async def test_each_transition_is_posted_once_and_the_outcome_last(shell: Shell) -> None:
    receiver = Receiver()
    promote = ("promote", "model", "m", "new", "--to", "production", "--wait", "--quiet")

    async with receiver.served() as url:
        ended = await shell.having(HTTP_PROXY="http://127.0.0.1:9").run(*promote, "--notify", url)

    assert (ended.status, ended.err) == (0, "")
    for body in receiver.bodies:
        VALIDATOR.validate(body)
    types = [body["type"] for body in receiver.bodies]
    assert types == ["began", *["event"] * (len(types) - 2), "outcome"]
    traffic = [
        body["percent"] for body in receiver.bodies if body.get("event") == "traffic_shifted"
    ]
    assert traffic[-1] == 100
    sent = "".join(receiver.headers) + json.dumps(receiver.bodies)
    assert str(shell.fake.api_key) not in sent


async def test_a_dead_receiver_changes_neither_the_exit_status_nor_the_output(
    shell: Shell,
) -> None:
    promote = ("promote", "model", "m", "new", "--to", "production", "--wait", "--quiet")

    ended = await shell.run(*promote, "--notify", "http://127.0.0.1:9/s3cret")

    assert (ended.status, ended.out) == (0, "")
    assert ended.complaint.startswith("aiobaseten: --notify: ")
    assert "s3cret" not in ended.err


JOB = Job(task="promotion", resource=ResourceRef("model", "m"), environment="e", deployment="d")
DONE = Ending(outcome=Outcome.DONE, message="")


@pytest.mark.parametrize(
    "receiver",
    [
        Receiver(answers=False),
        Receiver(status="500 Internal Server Error"),
        Receiver(status="302 Found\r\nLocation: /hook"),
    ],
    ids=["silent", "failing", "redirecting"],
)
async def test_a_receiver_that_does_not_accept_a_notice_delays_nothing(
    receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    async with receiver.served() as url:
        notices = Notices(url, limit=0.3)
        view = NotifyView(notices, LoopClock())
        began = time.monotonic()
        for _ in range(300):  # more than are kept
            view.begin(JOB)
        posting = time.monotonic() - began
        await asyncio.to_thread(view.end, DONE)

    assert posting < 0.3
    assert "of 301 notices did not arrive" in capsys.readouterr().err


async def test_a_log_may_have_secrets_and_is_not_posted() -> None:
    receiver = Receiver()
    async with receiver.served() as url:
        view = NotifyView(Notices(url), LoopClock())
        view.begin(JOB)
        await asyncio.to_thread(view.end, DONE)

    assert [body["type"] for body in receiver.bodies] == ["began", "outcome"]
    assert receiver.bodies[1]["log"] == []


@pytest.mark.parametrize(
    "address", ["https://example.com/x?y", "http://[::1]:8/", "http://localhost"]
)
def test_an_address_may_be_https_or_loopback(address: str) -> None:
    assert parse_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/",
        "ftp://127.0.0.1/",
        "https://user:s3cret@example.com/",
        "https://",
        "s3cret",
        "http://127.0.0.1.example.com/",
        "http://[::1/",
    ],
)
def test_an_address_that_is_not_safe_is_refused(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["wait", "model", "m", "d", "--notify", address])

    assert "s3cret" not in capsys.readouterr().err
