"""Ctrl-C and SIGTERM, as a shell sends them."""

from __future__ import annotations

import signal

import pytest

from .command import TOKEN, Shell, ended, line_with, until


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
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
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert stopped.err == ""


async def test_ctrl_c_before_the_response_gives_a_command_to_look(shell: Shell) -> None:
    shell.fake.faults.hang(route="GET")

    async with shell.running("promote", "chain", "c", "new", "--to", "production") as process:
        await until(lambda: shell.fake.requests)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert stopped.hinted("status") == "chain c production"
