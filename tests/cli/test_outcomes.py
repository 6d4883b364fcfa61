"""Each outcome of a command, as a shell sees it."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from aiobaseten import Token
from aiobaseten.cli._outcomes import Outcome

from .command import TOKEN, Shell, ended, line_with

DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"


async def test_a_promotion_that_serves_ends_with_0_and_a_line_for_each_event(
    shell: Shell,
) -> None:
    ended = await shell.run("promote", "chain", "c", "new", "--to", "production", "--wait")

    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)
    texts = [line[21:] for line in lines]
    [token] = [text for text in texts if text.startswith("token: ")]
    assert TOKEN.fullmatch(token.removeprefix("token: "))
    assert [text[11:] for text in texts if "deployment new:" in text] == [
        "deployment new: DEPLOYING",
        "deployment new: DEPLOYING -> ACTIVE",
    ]


async def test_without_wait_it_ends_early_and_another_process_continues(
    shell: Shell,
) -> None:
    begun = await shell.run("promote", "chain", "c", "new", "--to", "production", "--quiet")
    assert begun.status == 0
    token = begun.out.strip()
    assert TOKEN.fullmatch(token)

    waited = await shell.run("wait", token, "--json")

    assert waited.status == 0
    assert (waited.outcome["task"], waited.outcome["deployment"]) == ("promotion", "new")
    promotions = [one for one in shell.fake.requests if one.method == "POST"]
    assert len(promotions) == 1


async def test_a_promotion_that_fails_ends_with_10(shell: Shell) -> None:
    ended = await shell.run("promote", "model", "m", "broken", "--to", "production", "--wait")

    assert ended.status == 10
    assert "BUILD_FAILED" in ended.complaint


@pytest.mark.parametrize("output", ["--lines", "--json"])
async def test_a_timeout_ends_with_11_and_the_token_continues(shell: Shell, output: str) -> None:
    promote = ("promote", "chain", "c", "stuck", "--to", "production", "--wait")

    late = await shell.run(*promote, "--timeout", "5s", output)

    assert late.status == 11
    assert "error.token" not in late.complaint  # advice for programs
    token = late.hinted("wait")
    if output == "--json":
        assert late.outcome["hints"] == late.err.splitlines()[1:]

    shell.fake.chain("c").deployment("stuck").set("ACTIVE")

    assert (await shell.run("wait", token)).status == 0


async def test_a_timeout_cancels_the_promotion_on_request(shell: Shell) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")

    late = await shell.run(*promote, "--timeout", "5s", "--cancel-on-timeout")

    assert late.status == 11
    promotion = shell.fake.model("m").environment("production").promotion
    assert promotion is not None
    assert promotion.status == "CANCELED"


async def test_after_a_timeout_that_cancelled_the_token_is_that_of_the_cancellation(
    shell: Shell,
) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait", "--json")

    late = await shell.run(*promote, "--timeout", "5s", "--cancel-on-timeout")

    assert (late.status, late.outcome["task"]) == (11, "cancellation")
    assert Token.load(late.outcome["token"]).kind == "cancellation"
    assert (await shell.run("wait", late.outcome["token"])).status == 0


async def test_a_cancellation_that_is_refused_gives_no_hint_to_repeat_it(shell: Shell) -> None:
    shell.fake.faults.status(
        400, route="POST /v1/models/m/environments/production/cancel_promotion"
    )
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")

    late = await shell.run(*promote, "--timeout", "5s", "--cancel-on-timeout")

    assert late.status == 11
    assert "HTTP 400" in late.complaint
    assert late.complaint.endswith("aiobaseten status model m production")
    assert TOKEN.fullmatch(late.hinted("wait"))
    assert "to cancel" not in late.err


@pytest.mark.parametrize("output", ["--quiet", "--json", "--lines"])
async def test_a_timeout_says_how_the_looks_failed(shell: Shell, output: str) -> None:
    without_tls = shell.url.replace("http:", "https:")
    # A look needs its time also on a busy machine.
    patient = shell.having(AIOBASETEN_CLOCK_SPEED="1")

    late = await patient.run(
        "wait", "chain", "id:c", "old", "--timeout", "0", output, "--base-url", without_tls
    )

    assert late.status == 11
    assert "SSL" in late.complaint
    assert "keeps working" not in late.complaint


async def test_a_cancellation_that_fails_keeps_the_outcome_and_the_hints(shell: Shell) -> None:
    shell.fake.faults.status(
        429, times=None, route="POST /v1/models/m/environments/production/cancel_promotion"
    )
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")

    late = await shell.run(*promote, "--timeout", "5s", "--cancel-on-timeout")

    assert late.status == 11
    assert "HTTP 429" in late.complaint
    assert TOKEN.fullmatch(late.hinted("cancel"))


async def test_hints_contain_the_same_address_and_key_file(shell: Shell, tmp_path: Path) -> None:
    key = tmp_path / "the key"
    key.write_text("test-key")
    same = ("--base-url", shell.url, "--api-key-file", str(key))

    late = await shell.having(BASETEN_BASE_URL="").run(
        *("promote", "chain", "c", "stuck", "--to", "production"),
        *("--wait", "--timeout", "5s", *same),
    )

    assert late.status == 11
    assert shlex.split(late.hinted("wait"))[1:] == list(same)


async def test_an_empty_key_file_ends_with_2(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")

    ended = await shell.run("list", "chain", "c", "--api-key-file", str(tmp_path / "key"))

    assert ended.status == 2
    assert not shell.fake.requests


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


async def test_a_pause_ends_a_wait_with_13_on_request(shell: Shell) -> None:
    promote = ("promote", "model", "m", "other", "--to", "production", "--wait")

    async with shell.running(*promote, "--on-paused", "fail") as process:
        await line_with("traffic: 25 %", process.stdout)
        shell.fake.model("m").environment("production").pause()
        paused = await ended(process)

    assert paused.status == 13
    assert paused.hinted("resume") == paused.hinted("cancel") == paused.hinted("wait")


async def test_a_promotion_that_somebody_cancels_ends_with_14(shell: Shell) -> None:
    async with shell.running(
        "promote", "model", "m", "stuck", "--to", "production", "--wait"
    ) as process:
        await line_with("DEPLOYING", process.stdout)
        shell.fake.model("m").environment("production").cancel()
        cancelled = await ended(process)

    assert cancelled.status == 14
    assert cancelled.complaint


REFUSED = {
    "status chain nope production": 4,
    "status model m prodution": 4,
    "promote chain c nope --to production": 4,
    "promote model m new --to restricted": 3,
    "pause model m production": 5,
}


async def test_a_refusal_of_baseten_is_one_line(shell: Shell) -> None:
    found = await asyncio.gather(*(shell.run(*line.split()) for line in REFUSED))

    assert [one.status for one in found] == [*REFUSED.values()]
    for one in found:
        assert one.complaint
        assert len(one.err.splitlines()) == 1


async def test_a_wrong_key_ends_with_3_and_is_not_shown(shell: Shell) -> None:
    ended = await shell.having(BASETEN_API_KEY="s3cret-but-wrong").run("list", "chain", "c")

    assert ended.status == 3
    assert "s3cret" not in ended.out + ended.err


async def test_a_second_promotion_ends_with_5_and_sends_nothing(shell: Shell) -> None:
    shell.fake.chain("c").environment("production").promote("stuck")

    ended = await shell.run("promote", "chain", "c", "new", "--to", "production")

    assert ended.status == 5
    assert {one.method for one in shell.fake.requests} == {"GET"}


async def test_a_repeated_promotion_names_the_flag_that_follows_the_first(shell: Shell) -> None:
    shell.fake.chain("c").environment("production").promote("stuck")

    same = await shell.run("promote", "chain", "c", "stuck", "--to", "production")
    other = await shell.run("promote", "chain", "c", "new", "--to", "production")

    assert "--if-in-progress adopt" in same.complaint
    assert "--if-in-progress adopt" not in other.complaint


async def test_no_network_ends_with_6(shell: Shell) -> None:
    # Port 9 is for discarding, and nobody listens there.
    ended = await shell.run(
        "status", "chain", "c", "production", "--base-url", "http://127.0.0.1:9"
    )

    assert ended.status == 6
    assert "127.0.0.1:9" in ended.complaint or "/v1/chains/c" in ended.complaint


async def test_an_unexpected_response_ends_with_1(shell: Shell) -> None:
    shell.fake.faults.garbage(times=1)

    ended = await shell.run("status", "chain", "c", "production")

    assert ended.status == 1


async def test_a_lost_response_ends_with_15_and_a_command_to_look(shell: Shell) -> None:
    shell.fake.faults.reset(route="POST")

    ended = await shell.run("promote", "chain", "c", "new", "--to", "production")

    assert ended.status == 15
    assert ended.complaint.endswith("aiobaseten status chain c production")


async def test_no_key_ends_with_2_and_nothing_is_sent(shell: Shell) -> None:
    ended = await shell.having(BASETEN_API_KEY="").run("list", "chain", "c")

    assert ended.status == 2
    assert not shell.fake.requests


def test_exit_statuses_are_all_different() -> None:
    assert len({one.exit_status for one in Outcome}) == len(Outcome)


def test_the_documentation_has_the_same_table() -> None:
    rows = re.findall(r"^\| (\d+) \| `?(\w+)`? \| (.*) \|$", DOCS.read_text("utf-8"), re.MULTILINE)

    assert rows == [(str(one.exit_status), one.label, one.meaning) for one in Outcome]
