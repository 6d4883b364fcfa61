"""Output for programs and pipelines: JSON Lines, pipes, GitHub Actions."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

import aiobaseten.cli
from aiobaseten.cli._github import annotation, summary
from aiobaseten.cli._invocations import ResourceRef
from aiobaseten.cli._jobs import Ending, Job
from aiobaseten.cli._json import event_object, job_object, outcome_object, record
from aiobaseten.cli._lines import event_text
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.cli._text import one_line
from aiobaseten.errors import ServerError, Startup, StartupPhase
from aiobaseten.events import (
    DeploymentWoken,
    GuardActed,
    GuardOverridden,
    HoldExtended,
    LookFailed,
    Measured,
    PromotionPaused,
    PromotionResumed,
    StartupProgressed,
    StatusChanged,
    StepReached,
    TrafficShifted,
)
from aiobaseten.guard import Verdict

from .command import TOKEN, Ended, Shell, ended, line_with

SCHEMA = json.loads(
    (Path(aiobaseten.cli.__file__).parent / "output.schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
JOB = Job(
    task="promotion",
    resource=ResourceRef("chain", "c"),
    environment="prod",
    deployment="d",
    token="t",
)

HOSTILE = ServerError(
    "<b>|`x`\r\n::set-env::##[error]\x1b[31m%", status=502, method="GET", path="/"
)

STARTUP = Startup(
    replica="ab12c",
    has_failed=False,
    seconds=60.0,
    phases=(StartupPhase(name="NEW_PHASE", seconds=60.0, is_over=False, usual=None),),
)

EVENTS = [
    StatusChanged(at=0.0, subject="chainlet", name="A", previous=None, status="BUILDING"),
    PromotionPaused(at=1.0, subject="promotion", name="p", previous="RAMPING_UP", status="PAUSED"),
    PromotionResumed(at=2.0, subject="promotion", name="p", previous="PAUSED", status="NEW_ONE"),
    TrafficShifted(at=3.0, percent=40),
    DeploymentWoken(at=4.0),
    StartupProgressed(at=4.5, startup=STARTUP),
    LookFailed(at=5.0, error=HOSTILE, next_look=2.0),
    StepReached(at=6.0, percent=25),
    Measured(at=7.0, percent=25, verdict=Verdict("breach", check="|`x`", reason="::x|", value=0.1)),
    HoldExtended(at=8.0, reason="no data", until=70.0),
    GuardActed(at=9.0, policy="force_cancel", why="slow"),
    GuardOverridden(at=10.0, by="roll forward"),
]


def valid(ended: Ended) -> Ended:
    """The same command, after each of its lines was validated."""
    for each in ended.records:
        VALIDATOR.validate(each)
    return ended


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_fits_the_schema(event: StatusChanged) -> None:
    VALIDATOR.validate(record("event", event_object(event), NOW))


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.PIPE_CLOSED])
def test_every_outcome_fits_the_schema(outcome: Outcome) -> None:
    VALIDATOR.validate(
        record("outcome", outcome_object(Ending(outcome=outcome, message=""), None), NOW)
    )


def test_the_json_keys_of_a_job_are_those_of_the_schema() -> None:
    assert job_object(JOB) == {
        "task": "promotion",
        "kind": "chain",
        "owner": "c",
        "environment": "prod",
        "deployment": "d",
        "token": "t",
    }
    assert job_object(None) == dict.fromkeys(job_object(JOB))
    listed = Job(task="resource", resource=ResourceRef("chain", "c"))
    VALIDATOR.validate(record("began", job_object(listed), NOW))


def test_the_schema_refuses_an_unknown_event() -> None:
    assert not VALIDATOR.is_valid(
        {"version": 1, "type": "event", "time": "now", "event": "unheard"}
    )


async def test_json_is_one_object_for_each_event_and_one_for_the_outcome(shell: Shell) -> None:
    ended = valid(
        await shell.run("promote", "chain", "c", "new", "--to", "production", "--wait", "--json")
    )

    # On a busy machine, a minute of compressed time passes without a line.
    kinds = [each["type"] for each in ended.records if each["type"] != "heartbeat"]
    assert kinds == ["began", *["event"] * (len(kinds) - 2), "outcome"]
    assert ended.outcome["outcome"] == "done"
    assert ended.outcome["exit_status"] == ended.status == 0
    (began,) = [each for each in ended.records if each["type"] == "began"]
    assert began["token"] == ended.outcome["token"]
    assert "test-key" not in ended.out


async def test_json_of_status_and_list_fits_the_schema(shell: Shell) -> None:
    shell.fake.chain("c").environment("production").promote("stuck")

    shown, listed, refused = await asyncio.gather(
        shell.run("status", "chain", "c", "production", "--json"),
        shell.run("list", "model", "m", "--json"),
        shell.run("list", "model", "id:nope", "--json"),
    )

    assert valid(shown).records[0]["candidate"]["status"] == "DEPLOYING"
    deployments = [one for one in valid(listed).records if one["type"] == "deployment"]
    assert "stuck" in [one["deployment"] for one in deployments]
    assert valid(refused).outcome["error"]["http_status"] == 404


@pytest.mark.parametrize("line", ["plan", "promote --plan --wait --timeout 5m"])
async def test_json_of_a_plan_fits_the_schema_and_nothing_is_sent(shell: Shell, line: str) -> None:
    words = [*line.split(), "model", "m", "new", "--to", "production", "--json"]

    shown = valid(await shell.run(*words))

    (plan, outcome) = shown.records
    assert (plan["type"], plan["deployment_id"], plan["current_id"]) == ("plan", "new", "old")
    assert outcome["outcome"] == "done"
    assert {one.method for one in shell.fake.requests} == {"GET"}


async def test_a_plan_that_is_blocked_ends_with_5(shell: Shell) -> None:
    shell.fake.chain("c").environment("production").promote("stuck")

    shown = valid(await shell.run("plan", "chain", "c", "new", "--to", "production", "--json"))

    assert shown.status == 5
    assert shown.records[0]["is_blocked"] is True
    assert shown.records[0]["warnings"][0]["code"] == "promotion_in_progress"


async def test_a_failed_look_is_an_event(shell: Shell) -> None:
    async with shell.running(
        "promote", "chain", "c", "stuck", "--to", "production", "--wait", "--json"
    ) as process:
        await line_with("DEPLOYING", process.stdout)
        shell.fake.faults.html(502)
        trouble = json.loads(await line_with("look_failed", process.stdout))
        shell.fake.chain("c").deployment("stuck").set("ACTIVE")
        assert (await ended(process)).status == 0

    VALIDATOR.validate(trouble)
    assert trouble["error"]["http_status"] == 502


async def test_closed_streams_and_ascii_do_not_crash_the_command(shell: Shell) -> None:
    closed, ascii_only = await asyncio.gather(
        run_in_bash(shell, "status chain c production >&- 2>&-"),
        run_in_bash(shell.having(PYTHONIOENCODING="ascii"),
                    "status chain bücher production"),
    )  # fmt: skip

    assert closed.status == 0
    assert ascii_only.status == 4
    assert "b\\xfccher" in ascii_only.complaint


async def run_in_bash(shell: Shell, line: str) -> Ended:
    command = f"{sys.executable} -m aiobaseten.cli {line}"
    async with shell.started("bash", "-c", command) as process:
        return await ended(process)


async def test_the_key_can_come_from_a_file_or_from_standard_input(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("test-key\n")
    keyless = shell.having(BASETEN_API_KEY="wrong")

    from_file, from_stdin = await asyncio.gather(
        keyless.run("list", "chain", "c", "--api-key-file", str(file)),
        keyless.run("list", "chain", "c", "--api-key-file", "-", stdin=b"test-key\n"),
    )

    assert from_file.status == from_stdin.status == 0


async def test_github_actions_gets_annotations_a_summary_and_outputs(
    shell: Shell, tmp_path: Path
) -> None:
    page, outputs = tmp_path / "summary.md", tmp_path / "output"
    in_github = shell.having(
        CI="true",
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(page),
        GITHUB_OUTPUT=str(outputs),
    )

    ended = await in_github.run("promote", "chain", "c", "broken", "--to", "production", "--wait")

    assert ended.status == 10
    (error,) = [each for each in ended.out.splitlines() if each.startswith("::")]
    assert error.startswith("::error title=aiobaseten%3A failed::")
    written = page.read_text("utf-8")
    assert written.startswith("### ❌ ")
    assert re.search(r"\| deployment broken: (\w+ -&#62; )?BUILD&#95;FAILED \|", written)
    token, *others = outputs.read_text("utf-8").splitlines()
    assert TOKEN.fullmatch(token.removeprefix("token="))
    assert others == [
        "deployment_id=broken",
        "previous_id=old",
        "url=https://chain-c.api.baseten.co/environments/production/run_remote",
        "outcome=failed",
    ]


def test_an_annotation_is_always_one_line() -> None:
    assert annotation("error", "a:b,c", "100 %\r\n::x") == (
        "::error title=a%3Ab%2Cc::100 %25%0D%0A::x"
    )


def test_a_summary_escapes_markdown_and_html() -> None:
    written = summary(JOB, EVENTS, Ending(outcome=Outcome.FAILED, message=one_line(HOSTILE)))

    rows = [each for each in written.splitlines() if each.startswith("|")]
    assert len(rows) == 2 + len(EVENTS)
    assert all(each.count("|") == 3 for each in rows)
    assert "<b>" not in written


def test_an_act_has_the_word_of_the_flag_in_lines_and_that_of_python_in_json() -> None:
    act = GuardActed(at=9.0, policy="force_cancel", why="force_cancel is the bound")

    assert event_text(act).endswith("guard: force-cancel: force_cancel is the bound")
    assert event_object(act)["policy"] == "force_cancel"


def test_a_message_of_a_server_stays_in_its_line() -> None:
    text = event_text(EVENTS[5])

    assert text.isprintable()
    assert "##[" not in text
