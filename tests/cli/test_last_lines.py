"""The end of the log, for those who ask the command to print it when a wait fails."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from command import Shell, stage

import aiobaseten.cli
from aiobaseten._token import Token
from aiobaseten.cli import main

shell = pytest.fixture(stage)

SCHEMA = json.loads((Path(aiobaseten.cli.__file__).parent / "output.schema.json").read_text())
PROMOTE = ("promote", "chain", "c", "broken", "--to", "production", "--wait")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.mark.parametrize("output", ["--lines", "--quiet"])
async def test_after_a_failure_come_the_last_lines_of_the_log(shell: Shell, output: str) -> None:
    log = shell.fake.chain("c").deployment("broken").log
    log("installing")
    log("no such\x1b[31m package ##[error]::warning::")

    ended = await shell.run(*PROMOTE, "--log-lines", "1", output)

    assert ended.status == 10
    assert "BUILD_FAILED" in ended.complaint
    last = ended.err.splitlines()[-1]
    assert re.fullmatch(rf"{TIME} Main: no such \[31m package ## \[error\]::warning::", last), (
        ended.err
    )
    assert "installing" not in ended.err + ended.out


async def test_a_traceback_keeps_its_lines_and_none_of_them_is_a_command(shell: Shell) -> None:
    traceback = "cannot load\nTraceback:\n  File x\n::error::nonsense\nOutOfMemoryError"
    shell.fake.chain("c").deployment("broken").log(traceback)

    ended = await shell.run(*PROMOTE, "--log-lines", "5")

    first, *more = ended.err.splitlines()[1:]
    assert first.endswith("Z Main: cannot load")
    assert more == ["| Traceback:", "| File x", "| ::error::nonsense", "| OutOfMemoryError"]


async def test_time_that_runs_out_prints_them_after_what_to_type(shell: Shell) -> None:
    shell.fake.model("m").deployment("old").set("DEPLOYING")
    shell.fake.model("m").deployment("old").log("still loading")

    ended = await shell.run("wait", "model", "m", "old", "--timeout", "5", "--log-lines", "9")

    assert ended.status == 11
    *_, hint, last = ended.err.splitlines()
    assert hint.startswith("to go on waiting: ")
    assert re.fullmatch(rf"{TIME} still loading", last)


async def test_nobody_who_did_not_ask_gets_them(shell: Shell) -> None:
    shell.fake.chain("c").deployment("broken").log("no such package")

    plain = await shell.run(*PROMOTE, "--json")

    assert plain.outcome["log"] == []
    assert "no such package" not in plain.out + plain.err
    assert not [one for one in shell.fake.requests if one.path.endswith("/logs")]


async def test_programs_get_them_in_the_outcome_and_nowhere_else(shell: Shell) -> None:
    shell.fake.chain("c").deployment("broken").log("no such package")

    ended = await shell.run(*PROMOTE, "--json", "--log-lines", "5")

    jsonschema.Draft202012Validator(SCHEMA).validate(ended.outcome)
    (line,) = ended.outcome["log"]
    assert (line["chainlet"], line["message"]) == ("Main", "no such package")
    assert re.fullmatch(TIME, line["at"])
    assert ended.out.count("no such package") == 1
    assert "no such package" not in ended.err


async def test_a_log_that_cannot_be_read_is_said_and_changes_nothing(shell: Shell) -> None:
    path = "/v1/chains/c/deployments/broken/chainlets/broken-Main/logs"
    shell.fake.faults.status(403, route=f"GET {path}")

    ended = await shell.run(*PROMOTE, "--log-lines", "5")

    assert ended.status == 10
    assert ended.err.splitlines()[-1].startswith("The log could not be read: ")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("promote chain c d --to prod --log-lines 5", "--log-lines: it goes with --wait"),
        ("promote chain c d --to prod --wait --log-lines many", "not a number from 1 to 1000"),
        ("promote chain c d --to prod --wait --log-lines 0", "not a number from 1 to 1000"),
        ("wait chain c d --log-lines 1001", "not a number from 1 to 1000"),
        ("cancel model m prod --wait --log-lines 5", "unrecognized arguments"),
    ],
)
def test_a_number_of_lines_that_makes_no_sense_is_refused_in_one_line(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert says in complaint
    assert complaint.count("\n") == 1


def test_a_wait_for_a_cancellation_has_no_use_for_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    token = Token(
        kind="cancellation", resource_id="m", environment_name="prod", deployment_id=None
    ).dump()

    with pytest.raises(SystemExit):
        main(["wait", token, "--log-lines", "5"])

    assert "which has no use for it" in capsys.readouterr().err
