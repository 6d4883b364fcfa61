"""What logs add when a wait fails: the last lines (--log-lines), and who ended the promotion."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

import aiobaseten.cli

from .command import Shell, until

SCHEMA = json.loads(
    (Path(aiobaseten.cli.__file__).parent / "output.schema.json").read_text("utf-8")
)
PROMOTE = ("promote", "chain", "c", "broken", "--to", "production", "--wait")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture(name="shell")
def slower_shell(shell: Shell) -> Shell:
    """A wait reads a log for at most five seconds, too short in compressed time under load."""
    return shell.having(AIOBASETEN_CLOCK_SPEED="5")


@pytest.mark.parametrize("output", ["--lines", "--quiet"])
async def test_after_a_failure_come_the_last_lines_of_the_log(shell: Shell, output: str) -> None:
    log = shell.fake.chain("c").deployment("broken").log
    log("installing")
    log("no such\x1b[31m package ##[error]::warning::")

    ended = await shell.run(*PROMOTE, "--log-lines", "1", output)

    assert ended.status == 10
    last = ended.err.splitlines()[-1]
    assert re.fullmatch(rf"{TIME} Main: no such \[31m package ## \[error\]::warning::", last), (
        ended.err
    )
    assert "installing" not in ended.err + ended.out


async def test_a_traceback_keeps_its_lines_and_no_line_is_a_command(shell: Shell) -> None:
    traceback = "cannot load\nTraceback:\n  File x\n::error::nonsense\nOutOfMemoryError"
    shell.fake.chain("c").deployment("broken").log(traceback)

    ended = await shell.run(*PROMOTE, "--log-lines", "5")

    _, hint, first, *more = ended.err.splitlines()
    assert "aiobaseten status" in hint
    assert first.endswith("Z Main: cannot load")
    assert more == ["| Traceback:", "| File x", "| ::error::nonsense", "| OutOfMemoryError"]


async def test_a_timeout_prints_log_lines_after_the_hints(shell: Shell) -> None:
    shell.fake.model("m").deployment("old").set("DEPLOYING")
    shell.fake.model("m").deployment("old").log("still loading")

    ended = await shell.run("wait", "model", "m", "old", "--timeout", "5", "--log-lines", "9")

    assert ended.status == 11
    *_, hint, last = ended.err.splitlines()
    assert hint.endswith("aiobaseten wait model m id:old")
    assert re.fullmatch(rf"{TIME} still loading", last)


async def test_without_the_flag_no_log_is_read(shell: Shell) -> None:
    shell.fake.chain("c").deployment("broken").log("no such package")

    plain = await shell.run(*PROMOTE, "--json")

    assert plain.outcome["log"] == []
    assert "no such package" not in plain.out + plain.err
    assert not [one for one in shell.fake.requests if one.path.endswith("/logs")]


async def test_json_has_log_lines_in_the_outcome_only(shell: Shell) -> None:
    shell.fake.chain("c").deployment("broken").log("no such package")

    ended = await shell.run(*PROMOTE, "--json", "--log-lines", "5")

    jsonschema.Draft202012Validator(SCHEMA).validate(ended.outcome)
    (line,) = ended.outcome["log"]
    assert (line["chainlet"], line["message"]) == ("Main", "no such package")
    assert re.fullmatch(TIME, line["at"])
    assert ended.out.count("no such package") == 1
    assert "no such package" not in ended.err


async def test_a_log_that_cannot_be_read_adds_a_note_and_keeps_the_outcome(shell: Shell) -> None:
    path = "/v1/chains/c/deployments/broken/chainlets/broken-Main/logs"
    shell.fake.faults.status(403, route=f"GET {path}")

    printed = await shell.run(*PROMOTE, "--log-lines", "5")
    shell.fake.faults.status(403, route=f"GET {path}")
    ended = await shell.run("wait", "chain", "c", "broken", "--log-lines", "5", "--json")

    assert printed.status == ended.status == 10
    (note,) = ended.outcome["notes"]
    assert path in note
    assert path in printed.err.splitlines()[-1]


@pytest.mark.parametrize("output", ["--lines", "--quiet", "--json"])
async def test_a_timeout_says_why_the_deployment_is_slow(shell: Shell, output: str) -> None:
    deployment = shell.fake.model("m").deployment("old")
    deployment.started_before(WEIGHT_DOWNLOAD=180)
    deployment.set("LOADING_MODEL")

    ended = await shell.run("wait", "model", "m", "old", "--timeout", "5", output)

    assert ended.status == 11
    assert re.search(r"downloading weights for \d+ (s|min) \(usually 3 min\)", ended.err), ended.err
    if output == "--json":
        jsonschema.Draft202012Validator(SCHEMA).validate(ended.outcome)
        (phase,) = ended.outcome["startup"]["phases"]
        assert (phase["phase"], phase["is_over"], phase["usual"]) == ("WEIGHT_DOWNLOAD", False, 180)


@pytest.mark.parametrize(("act", "action"), [("pause", "paused"), ("force_cancel", "cancelled")])
async def test_the_author_of_an_act_is_in_the_complaint_and_in_the_outcome(
    shell: Shell, act: str, action: str
) -> None:
    """The audit log is read within two seconds, which is short in compressed time, too."""
    model = shell.fake.model("m")
    model.environment("production").promote("other")
    model.deployment("other").set("DEPLOYING")  # until the command has found it

    adopt = ("--if-in-progress", "adopt", "--wait", "--on-paused", "fail", "--json")
    wait = asyncio.create_task(
        shell.run("promote", "model", "m", "other", "--to", "production", *adopt)
    )
    await until(lambda: sum("environments" in one.path for one in shell.fake.requests) > 2)
    getattr(model.environment("production"), act)()
    model.deployment("other").set("ACTIVE")  # a pause acts at the end of a step
    ended = await wait

    jsonschema.Draft202012Validator(SCHEMA).validate(ended.outcome)
    told = ended.outcome["act"]
    assert (told["action"], told["by"], told["through"]) == (action, "ops@example.com", "the UI")
    assert re.fullmatch(TIME, told["at"])
    for text in (ended.outcome["message"], ended.complaint):
        assert f"{action} by ops@example.com through the UI at 20" in text
