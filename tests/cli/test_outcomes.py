"""Each way in which a command can end, as a shell sees it."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
from pathlib import Path

import pytest
from command import Shell, ended, line_with, stage, until

from aiobaseten.cli._outcomes import Outcome

shell = pytest.fixture(stage)

DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"
TOKEN = re.compile(r"abt1\.[0-9a-f]{8}\.[\w-]+")


async def test_a_promotion_that_serves_ends_with_0_and_a_line_for_each_transition(
    shell: Shell,
) -> None:
    ended = await shell.run("promote", "chain", "c", "new", "--to", "production", "--wait")

    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)
    said = [line[21:] for line in lines]
    assert said[0] == "promoting deployment new to production of chain c"
    assert TOKEN.fullmatch(said[2].removeprefix("token: "))
    assert [line[11:] for line in said if "deployment new:" in line] == [
        "deployment new: DEPLOYING",
        "deployment new: DEPLOYING -> ACTIVE",
    ]
    assert said[-1] == "deployment new serves production of chain c"


async def test_without_wait_it_ends_when_baseten_has_accepted_and_another_process_goes_on(
    shell: Shell,
) -> None:
    begun = await shell.run("promote", "chain", "c", "new", "--to", "production", "--quiet")
    assert begun.status == 0
    token = begun.out.strip()
    assert TOKEN.fullmatch(token)

    waited = await shell.run("wait", token)

    assert waited.status == 0
    assert waited.out.endswith("deployment new serves production of chain c\n")
    promotions = [one for one in shell.fake.requests if one.method == "POST"]
    assert len(promotions) == 1


async def test_a_promotion_that_fails_ends_with_10(shell: Shell) -> None:
    ended = await shell.run("promote", "model", "m", "broken", "--to", "production", "--wait")

    assert ended.status == 10
    assert "BUILD_FAILED" in ended.complaint


async def test_a_wait_that_runs_out_ends_with_11_and_its_token_goes_on(shell: Shell) -> None:
    late = await shell.run(
        "promote", "chain", "c", "stuck", "--to", "production", "--wait", "--timeout", "5s"
    )
    assert late.status == 11
    assert late.complaint.endswith("Baseten keeps working on it.")
    (go_on,) = re.findall(r"^to go on waiting:  aiobaseten wait (\S+)$", late.err, re.MULTILINE)

    shell.fake.chain("c").deployment("stuck").set("ACTIVE")

    assert (await shell.run("wait", go_on)).status == 0


async def test_when_time_runs_out_it_cancels_if_asked_to(shell: Shell) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")

    late = await shell.run(*promote, "--timeout", "5s", "--cancel-on-timeout")

    assert late.status == 11
    assert "was cancelled: Baseten says CANCELED" in late.complaint
    promotion = shell.fake.model("m").environment("production").promotion
    assert promotion is not None
    assert promotion.status == "CANCELED"


async def test_what_could_not_be_cancelled_is_said(shell: Shell) -> None:
    shell.fake.faults.status(
        503, route="POST /v1/models/m/environments/production/cancel_promotion"
    )
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")

    late = await shell.run(*promote, "--timeout", "5s", "--cancel-on-timeout")

    assert late.status == 11
    assert "could not be cancelled: Baseten cannot answer now" in late.complaint
    assert "to cancel it:" in late.err


async def test_what_to_do_next_is_said_for_the_same_address_and_key(
    shell: Shell, tmp_path: Path
) -> None:
    key = tmp_path / "the key"
    key.write_text("test-key")
    same = ("--base-url", shell.url, "--api-key-file", str(key))

    late = await shell.having(BASETEN_BASE_URL="").run(
        *("promote", "chain", "c", "stuck", "--to", "production"),
        *("--wait", "--timeout", "5s", *same),
    )

    assert late.status == 11
    (go_on,) = re.findall(r"^to go on waiting:  aiobaseten (.+)$", late.err, re.MULTILINE)
    assert shlex.split(go_on)[2:] == list(same)


async def test_a_key_file_with_nothing_in_it_ends_with_2(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")

    ended = await shell.run("list", "chain", "c", "--api-key-file", str(tmp_path / "key"))

    assert ended.status == 2
    assert "there is no API key in" in ended.complaint


async def test_a_promotion_that_another_overtakes_ends_with_12(shell: Shell) -> None:
    environment = shell.fake.model("m").environment("production")

    async with shell.running(
        "promote", "model", "m", "stuck", "--to", "production", "--wait", "--json"
    ) as process:
        await line_with('"deployment"', process.stdout)
        environment.force_cancel()
        environment.promote("other")
        overtaken = await ended(process)

    assert overtaken.status == 12
    assert overtaken.outcome["superseded_by"] == "other"


async def test_a_pause_ends_a_wait_with_13_if_asked_to(shell: Shell) -> None:
    promote = ("promote", "model", "m", "other", "--to", "production", "--wait")

    async with shell.running(*promote, "--on-paused", "fail") as process:
        await line_with("traffic: 25 %", process.stdout)
        shell.fake.model("m").environment("production").pause()
        paused = await ended(process)

    assert paused.status == 13
    assert "is paused at" in paused.complaint
    assert "to resume it:      aiobaseten resume abt1." in paused.err
    assert "to cancel it:      aiobaseten cancel abt1." in paused.err


async def test_a_promotion_that_somebody_cancels_ends_with_14(shell: Shell) -> None:
    async with shell.running(
        "promote", "model", "m", "stuck", "--to", "production", "--wait"
    ) as process:
        await line_with("DEPLOYING", process.stdout)
        shell.fake.model("m").environment("production").cancel()
        cancelled = await ended(process)

    assert cancelled.status == 14
    assert "was cancelled" in cancelled.complaint


REFUSED = [
    (
        "status chain nope production",
        4,
        "if the chain's is right, to see what it has: aiobaseten list chain nope",
    ),
    ("status model m prodution", 4, "check the ids"),
    ("promote chain c nope --to production", 4, "aiobaseten list chain c"),
    ("promote model m new --to restricted", 3, "ask for access"),
    ("pause model m production", 5, "no in progress promotion"),
]


async def test_what_baseten_refuses_is_one_line_that_says_what_to_do(shell: Shell) -> None:
    found = await asyncio.gather(*(shell.run(*line.split()) for line, _, _ in REFUSED))

    assert [one.status for one in found] == [status for _, status, _ in REFUSED]
    for one, (_, _, advice) in zip(found, REFUSED, strict=True):
        assert advice in one.complaint
        assert len(one.err.splitlines()) == 1


async def test_a_wrong_key_ends_with_3_and_is_not_shown(shell: Shell) -> None:
    ended = await shell.having(BASETEN_API_KEY="s3cret-but-wrong").run("list", "chain", "c")

    assert ended.status == 3
    assert "the API key is wrong or revoked" in ended.complaint
    assert "s3cret" not in ended.out + ended.err


async def test_a_second_promotion_ends_with_5_and_sends_nothing(shell: Shell) -> None:
    shell.fake.chain("c").environment("production").promote("stuck")

    ended = await shell.run("promote", "chain", "c", "new", "--to", "production")

    assert ended.status == 5
    assert "wait for it with --if-in-progress wait" in ended.complaint
    assert [one.method for one in shell.fake.requests] == ["GET"]


async def test_a_promotion_that_is_begun_again_says_how_to_follow_the_first(shell: Shell) -> None:
    shell.fake.chain("c").environment("production").promote("stuck")

    same = await shell.run("promote", "chain", "c", "stuck", "--to", "production")
    other = await shell.run("promote", "chain", "c", "new", "--to", "production")

    assert "follow it with --if-in-progress adopt, or wait for it" in same.complaint
    assert "adopt" not in other.complaint


async def test_what_serves_already_is_not_said_to_be_not_live_yet(shell: Shell) -> None:
    fresh = await shell.run("promote", "chain", "c", "new", "--to", "production", "--wait")
    again = ("promote", "chain", "c", "new", "--to", "production")
    adopted = await shell.run(*again, "--if-in-progress", "adopt")
    sent = await shell.run(*again)

    assert fresh.status == adopted.status == sent.status == 0
    assert "not live yet" not in adopted.out
    assert "now or before; a wait tells whether it is live" in adopted.out
    assert "not live yet" in sent.out


async def test_what_baseten_said_ends_without_its_full_stop(shell: Shell) -> None:
    ended = await shell.run("status", "chain", "nothing", "production")

    assert ended.status == 4
    assert ".," not in ended.complaint


async def test_no_network_ends_with_6(shell: Shell) -> None:
    # Port 9 is for discarding, and nobody listens there.
    ended = await shell.run(
        "status", "chain", "c", "production", "--base-url", "http://127.0.0.1:9"
    )

    assert ended.status == 6
    assert "check the network" in ended.complaint


async def test_an_answer_that_makes_no_sense_ends_with_1(shell: Shell) -> None:
    shell.fake.faults.garbage(times=1)

    ended = await shell.run("status", "chain", "c", "production")

    assert ended.status == 1
    assert "unexpected body" in ended.complaint


async def test_a_lost_answer_ends_with_15_and_says_where_to_look(shell: Shell) -> None:
    shell.fake.faults.reset(route="POST")

    ended = await shell.run("promote", "chain", "c", "new", "--to", "production")

    assert ended.status == 15
    assert ended.complaint.endswith("aiobaseten status chain c production")


async def test_no_key_ends_with_2_and_nothing_is_sent(shell: Shell) -> None:
    ended = await shell.having(BASETEN_API_KEY="").run("list", "chain", "c")

    assert ended.status == 2
    assert "set BASETEN_API_KEY" in ended.complaint
    assert not shell.fake.requests


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
async def test_a_signal_says_what_still_runs_and_how_to_go_on(
    shell: Shell, number: signal.Signals, status: int
) -> None:
    async with shell.running(
        "promote", "chain", "c", "stuck", "--to", "production", "--wait"
    ) as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(number)
        stopped = await ended(process)

    assert stopped.status == status
    assert "goes on at Baseten" in stopped.complaint
    assert "to go on waiting:  aiobaseten wait abt1." in stopped.err
    promotion = shell.fake.chain("c").environment("production").promotion
    assert promotion is not None
    assert promotion.status == "RELEASING"


async def test_ctrl_c_cancels_only_when_asked_to(shell: Shell) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait", "--json")

    async with shell.running(*promote, "--cancel-on-interrupt") as process:
        await line_with("DEPLOYING", process.stdout)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert stopped.outcome["outcome"] == "interrupted"
    assert "was cancelled: Baseten says CANCELED" in stopped.outcome["message"]
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


async def test_ctrl_c_before_the_answer_says_that_nobody_knows(shell: Shell) -> None:
    shell.fake.faults.hang(route="GET")

    async with shell.running("promote", "chain", "c", "new", "--to", "production") as process:
        await until(lambda: shell.fake.requests)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    assert "is not known" in stopped.complaint
    assert "to look:  aiobaseten status chain c production" in stopped.err


def test_exit_statuses_are_all_different() -> None:
    assert len({one.exit_status for one in Outcome}) == len(Outcome)


def test_the_documentation_has_the_same_table() -> None:
    rows = re.findall(r"^\| (\d+) \| `?(\w+)`? \| (.*) \|$", DOCS.read_text(), re.MULTILINE)

    assert rows == [(str(one.exit_status), one.label, one.meaning) for one in Outcome]
