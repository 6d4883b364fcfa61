"""Ctrl-C, SIGTERM and SIGHUP, as shells, terminals and pipelines send them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys

import pytest

from aiobaseten import Token
from aiobaseten.cli._signals import DEBOUNCE_S

from .command import SPEED, TOKEN, Shell, ended, line_with, until


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)],
    ids=["ctrl-c", "sigterm", "sighup"],
)
async def test_a_signal_ends_the_wait_and_the_token_continues(
    shell: Shell, number: signal.Signals, status: int
) -> None:
    async with shell.running(
        "promote", "chain", "c", "stuck", "--to", "production", "--wait"
    ) as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(number)
        stopped = await ended(process)

    assert stopped.status == status
    assert TOKEN.fullmatch(stopped.hinted("wait"))
    promotion = shell.fake.chain("c").environment("production").promotion
    assert promotion is not None
    assert promotion.status == "RELEASING"


async def test_ctrl_c_cancels_the_promotion_on_request(shell: Shell) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait", "--json")

    async with shell.running(*promote, "--cancel-on-interrupt") as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert stopped.outcome["outcome"] == "interrupted"
    promotion = shell.fake.model("m").environment("production").promotion
    assert promotion is not None
    assert promotion.status == "CANCELED"


async def test_a_second_ctrl_c_ends_at_once(shell: Shell) -> None:
    shell.fake.faults.hang(route="POST /v1/models/m/environments/production/cancel_promotion")
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")

    async with shell.running(*promote, "--cancel-on-interrupt") as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGINT)
        await until(lambda: any("cancel" in one.path for one in shell.fake.requests))
        await asyncio.sleep(2 * DEBOUNCE_S / SPEED)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    # First of all, because nothing could be said at the end.
    (token,) = stopped.err.splitlines()
    assert TOKEN.fullmatch(token.removeprefix("token: "))


# Reads standard input at the very end of the process, after Python has removed its handlers.
_ENDS_SLOWLY = """
import os, sys
from aiobaseten.cli import main

class Last:
    def __del__(self, read=os.read, write=os.write):
        write(2, b"at the end\\n")
        read(0, 1)

last = Last()
sys.exit(main())
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_while_the_process_ends_does_not_change_the_status(
    shell: Shell, second: signal.Signals
) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")
    async with shell.started(sys.executable, "-c", _ENDS_SLOWLY, *promote) as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGINT)
        await line_with("at the end", process.stderr)
        process.send_signal(second)
        stopped = await ended(process, b"x")

    assert stopped.status == 130


# Goes on after the command.
_GOES_ON = """
import signal, sys
from aiobaseten.cli import main

before = signal.getsignal(signal.SIGINT)
status = main(sys.argv[1:])
print(status, signal.getsignal(signal.SIGINT) is before, file=sys.stderr)
"""


async def test_a_program_that_calls_the_command_keeps_its_handlers_after_a_signal(
    shell: Shell,
) -> None:
    promote = ("promote", "chain", "c", "stuck", "--to", "production", "--wait")
    async with shell.started(sys.executable, "-c", _GOES_ON, *promote) as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.err.splitlines()[-1] == "130 True"


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_that_arrives_twice_within_a_second_cancels_the_promotion(
    shell: Shell, second: signal.Signals
) -> None:
    # A second of the command's lasts longer than any delay of a busy machine.
    slower = shell.having(AIOBASETEN_CLOCK_SPEED="0.1")
    # So long that the second signal arrives meanwhile.
    shell.fake.faults.delay(
        SPEED / 10, route="POST /v1/models/m/environments/production/cancel_promotion"
    )
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait", "--json")

    async with slower.running(*promote, "--cancel-on-interrupt") as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGINT)
        await until(lambda: any("cancel" in one.path for one in shell.fake.requests))
        process.send_signal(second)
        stopped = await ended(process)

    assert (stopped.status, stopped.outcome["outcome"]) == (130, "interrupted")
    promotion = shell.fake.model("m").environment("production").promotion
    assert promotion is not None
    assert promotion.status == "CANCELED"


async def test_after_cancelling_the_token_is_that_of_the_cancellation(shell: Shell) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait", "--json")

    async with shell.running(*promote, "--cancel-on-interrupt") as process:
        began = json.loads(await line_with("token", process.stdout))
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert Token.load(began["token"]).kind == "model promotion"
    assert stopped.outcome["task"] == "cancellation"
    assert Token.load(stopped.outcome["token"]).kind == "cancellation"


async def test_signals_that_the_parent_ignores_stay_ignored(shell: Shell) -> None:
    promote = "promote chain c stuck --to production --wait"
    line = f"trap '' HUP INT; exec {sys.executable} -m aiobaseten.cli {promote}"

    async with shell.started("bash", "-c", line) as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        shell.fake.chain("c").deployment("stuck").set("ACTIVE")
        ignored = await ended(process)

    assert (ignored.status, ignored.err) == (0, "")


# Makes the terminal that it is connected to the one that hangs up on it.
_AT_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "aiobaseten.cli", *sys.argv[1:]])
"""


@pytest.mark.parametrize("output", ["--lines", "--json", "--quiet"])
async def test_a_terminal_that_is_closed_cancels_the_promotion_on_request(
    shell: Shell, output: str
) -> None:
    master, slave = pty.openpty()
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait", output)
    words = (sys.executable, "-c", _AT_TERMINAL, *promote, "--cancel-on-interrupt")
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
    environment = shell.fake.model("m").environment("production")

    async with shell.started(*words, start_new_session=True, **streams) as process:
        os.close(slave)
        await until(lambda: environment.promotion)
        await until(lambda: shell.fake.requests[-1].method == "GET")
        os.close(master)
        gone = await ended(process)

    assert gone.status == 143
    assert environment.promotion is not None
    assert environment.promotion.status == "CANCELED"


PROMOTE = "POST /v1/models/m/environments/production/promote"


@pytest.mark.parametrize("output", ["--lines", "--json", "--quiet"])
@pytest.mark.parametrize("waits", [[], ["--wait"]], ids=["begin", "wait"])
async def test_the_token_finds_a_promotion_whose_response_was_not_awaited(
    shell: Shell, waits: list[str], output: str
) -> None:
    shell.fake.faults.hang(route=PROMOTE)
    promote = ("promote", "model", "m", "new", "--to", "production", output, *waits)
    async with shell.running(*promote) as process:
        await until(lambda: "POST" in [one.method for one in shell.fake.requests])
        process.send_signal(signal.SIGTERM)
        stopped = await ended(process)

    assert stopped.status == 143
    token = stopped.outcome["token"] if output == "--json" else stopped.hinted("wait")
    async with shell.fake.client() as same_key:  # the request arrives after all
        await same_key.model("m").environment("production").promote("new")
    found = await shell.run("wait", token, "--json")
    assert (found.status, found.outcome["deployment"]) == (0, "new")


async def test_ctrl_c_before_the_response_cancels_a_promotion_that_has_started(
    shell: Shell,
) -> None:
    shell.fake.faults.hang(route=PROMOTE, acts=True)
    environment = shell.fake.model("m").environment("production")
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait", "--json")
    async with shell.running(*promote, "--cancel-on-interrupt") as process:
        await until(lambda: environment.promotion is not None)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert environment.promotion is not None
    assert environment.promotion.status == "CANCELED"
    assert Token.load(stopped.outcome["token"]).kind == "cancellation"


async def test_ctrl_c_before_the_response_cancels_no_other_promotion(shell: Shell) -> None:
    shell.fake.faults.hang(route=PROMOTE)
    environment = shell.fake.model("m").environment("production")
    promote = ("promote", "model", "m", "new", "--to", "production", "--wait", "--json")
    async with shell.running(*promote, "--cancel-on-interrupt") as process:
        await until(lambda: "POST" in [one.method for one in shell.fake.requests])
        environment.promote("stuck")
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert environment.promotion is not None
    assert environment.promotion.status != "CANCELED"
    assert Token.load(stopped.outcome["token"]).intended


async def test_ctrl_c_before_the_response_gives_a_command_to_look(shell: Shell) -> None:
    shell.fake.faults.hang(route="GET /v1/chains/c/environments/production")

    async with shell.running("promote", "chain", "id:c", "new", "--to", "production") as process:
        await until(lambda: shell.fake.requests)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert stopped.hinted("status") == "chain id:c production"
