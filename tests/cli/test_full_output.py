"""Output that cannot be written: full pipes, full disks, readers that are gone."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aiobaseten import Token

from .command import PATIENCE_S, TOKEN, Ended, Shell, ended, until

# Each starts processes that wait: together they take minutes.
pytestmark = pytest.mark.thorough

COMMAND = (sys.executable, "-m", "aiobaseten.cli")
PROMOTE = ("promote", "model", "m", "new", "--to", "production")
STUCK = ("promote", "model", "m", "stuck", "--to", "production", "--wait")


class FullPipe:
    """A pipe without room, until somebody reads it."""

    def __init__(self, *, blocks: bool) -> None:
        self.reads, self.writes = os.pipe()
        fcntl.fcntl(self.writes, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(self.writes, False)
        self._filling = os.write(self.writes, b"." * 4096)
        os.set_blocking(self.writes, blocks)

    async def read(self) -> str:
        """All that was written, until the end."""
        os.close(self.writes)
        with open(self.reads, "rb", closefd=False) as pipe:  # noqa: ASYNC230 - read in a thread
            content = await asyncio.to_thread(pipe.read)
        return content[self._filling :].decode()

    def close(self) -> None:
        """Close both ends."""
        for end in (self.reads, self.writes):
            with suppress(OSError):
                os.close(end)


@pytest.fixture(params=[True, False], ids=["blocking", "non-blocking"])
def full_pipe(request: pytest.FixtureRequest) -> Iterator[FullPipe]:
    pipe = FullPipe(blocks=request.param)
    yield pipe
    pipe.close()


async def test_the_command_waits_for_a_full_pipe(shell: Shell, full_pipe: FullPipe) -> None:
    logs = shell.fake.chain("c").deployment("broken").log
    for number in range(200):
        logs(f"{number} " + "x" * 100)
    promote = ("promote", "chain", "c", "broken", "--to", "production", "--wait", "--json")

    # Reading the log must not take longer than the command allows.
    slower = shell.having(AIOBASETEN_CLOCK_SPEED="5")
    async with slower.started(
        *COMMAND, *promote, "--log-lines", "200", stdout=full_pipe.writes
    ) as process:
        await until(lambda: "POST" in [one.method for one in shell.fake.requests])
        async with asyncio.timeout(PATIENCE_S):
            out = await full_pipe.read()
        whole = Ended((await ended(process)).status, out, "")

    assert whole.status == 10
    assert TOKEN.fullmatch(whole.records[0]["token"])
    assert len(whole.outcome["log"]) == 200


@pytest.mark.parametrize("output", ["--quiet", "--json"])
async def test_a_signal_ends_a_command_whose_output_nobody_reads(
    shell: Shell, full_pipe: FullPipe, output: str
) -> None:
    async with shell.started(*COMMAND, *STUCK, output, stdout=full_pipe.writes) as process:
        await until(lambda: "POST" in [one.method for one in shell.fake.requests])
        await asyncio.sleep(0.1)  # more than it takes to print the beginning
        process.send_signal(signal.SIGTERM)
        stopped = await ended(process)

    assert stopped.status == 143
    assert TOKEN.search(stopped.err)


async def test_a_signal_cancels_a_promotion_although_nobody_reads_the_output(
    shell: Shell, full_pipe: FullPipe
) -> None:
    cancels = (*STUCK, "--json", "--cancel-on-interrupt")
    async with shell.started(*COMMAND, *cancels, stdout=full_pipe.writes) as process:
        environment = shell.fake.model("m").environment("production")
        await until(lambda: environment.promotion)
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert environment.promotion is not None
    assert environment.promotion.status == "CANCELED"
    assert Token.load(stopped.hinted("wait")).kind == "cancellation"


@pytest.mark.parametrize("output", ["--lines", "--quiet", "--json"])
@pytest.mark.parametrize(
    "limit", ["ulimit -f 0; exec {} > {}/file", "exec {} > /dev/full"], ids=["limit", "disk"]
)
async def test_the_token_is_in_standard_error_if_the_output_cannot_be_written(
    shell: Shell, tmp_path: Path, limit: str, output: str
) -> None:
    line = limit.format(" ".join((*COMMAND, *PROMOTE, output)), tmp_path)
    async with shell.started("bash", "-c", line) as process:
        begun = await ended(process)

    if output == "--lines":
        # The first line, before anything is sent, says that it promotes.
        assert begun.status == 1
        assert {one.method for one in shell.fake.requests} == {"GET"}
        return
    assert begun.status == 1
    assert begun.complaint
    assert TOKEN.fullmatch(begun.hinted("wait"))
    assert shell.fake.model("m").environment("production").promotion


@pytest.mark.parametrize("output", ["--lines", "--quiet", "--json"])
async def test_the_token_is_in_standard_error_if_the_output_is_closed(
    shell: Shell, output: str
) -> None:
    line = f"exec {' '.join((*COMMAND, *PROMOTE, output))} >&-"
    async with shell.started("bash", "-c", line) as process:
        begun = await ended(process)

    assert begun.status == 0
    assert TOKEN.fullmatch(begun.err.strip().removeprefix("token: "))


async def test_the_token_of_the_cancellation_is_in_standard_error_if_the_output_is_closed(
    shell: Shell,
) -> None:
    words = (*COMMAND, *STUCK, "--json", "--timeout", "5s", "--cancel-on-timeout")
    async with shell.started("bash", "-c", f"exec {' '.join(words)} >&-") as process:
        late = await ended(process)

    assert late.status == 11
    first, second = dict.fromkeys(TOKEN.findall(late.err))  # the second stands in a hint, too
    assert Token.load(first).kind == "model promotion"
    assert Token.load(second).kind == "cancellation"


@pytest.mark.parametrize("output", ["--lines", "--quiet"])
@pytest.mark.parametrize("error", ["2>&-", "2>/dev/full"])
async def test_the_token_is_in_standard_output_if_standard_error_cannot_be_written(
    shell: Shell, error: str, output: str
) -> None:
    words = (*COMMAND, *STUCK, output, "--timeout", "5s")
    async with shell.started("bash", "-c", f"exec {' '.join(words)} {error}") as process:
        late = await ended(process)

    assert late.status == 11
    assert TOKEN.fullmatch(Ended(late.status, "", late.out).hinted("wait"))


async def test_a_command_that_can_write_nowhere_keeps_its_status(shell: Shell) -> None:
    words = (*COMMAND, *STUCK, "--quiet", "--timeout", "5s")
    line = f"exec {' '.join(words)} >/dev/full 2>/dev/full"
    async with shell.started("bash", "-c", line) as process:
        late = await ended(process)

    assert late.status == 11


async def test_github_gets_the_token_although_the_output_cannot_be_written(
    shell: Shell, tmp_path: Path
) -> None:
    outputs = tmp_path / "output"
    github = shell.having(GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(outputs))
    line = f"exec {' '.join((*COMMAND, *PROMOTE, '--json'))} > /dev/full"

    async with github.started("bash", "-c", line) as process:
        begun = await ended(process)

    assert begun.status == 1
    assert outputs.read_text("utf-8").startswith(f"token={begun.hinted('wait')}\n")


def restless(shell: Shell, *flags: str) -> str:
    """A command that writes a new line all the time, and so notices when its reader leaves."""
    steps = [(status, 5.0) for status in ("BUILDING", "DEPLOYING") * 50]
    shell.fake.model("m").deployment("restless", on_promote=[*steps, "ACTIVE"])
    return " ".join((*COMMAND, "promote", "model", "m", "restless", *STUCK[4:], *flags))


async def test_the_token_is_in_standard_error_if_the_reader_left_before_it(shell: Shell) -> None:
    words = restless(shell)
    async with shell.started(
        "bash", "-c", f"{words} | head -1; exit ${{PIPESTATUS[0]}}"
    ) as process:
        closed = await ended(process)

    assert closed.status == 141
    assert TOKEN.fullmatch(closed.hinted("wait"))
    assert "aiobaseten: " not in closed.err
    assert len(closed.out.splitlines()) == 1


async def test_a_reader_that_has_the_token_ends_the_command_without_a_message(
    shell: Shell,
) -> None:
    words = restless(shell, "--json")
    async with shell.started(
        "bash", "-c", f"{words} | head -1; exit ${{PIPESTATUS[0]}}"
    ) as process:
        closed = await ended(process)

    assert (closed.status, closed.err) == (141, "")
    assert json.loads(closed.out)["token"]
