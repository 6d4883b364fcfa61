"""The commands logs and metrics."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from aiobaseten import Baseten, cli
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._invocations import Logs
from aiobaseten.cli._jobs import Ending
from aiobaseten.cli._json import JSONView
from aiobaseten.cli._lines import LinesView
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.cli._run import Run
from aiobaseten.options import LoopClock
from aiobaseten.testing import FakeBaseten

from .command import Shell, ended, line_with

SCHEMA = json.loads(Path(cli.__file__).with_name("output.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def fake() -> FakeBaseten:
    """A model and a chain whose logs differ in each deployment."""
    fake = FakeBaseten()
    model = fake.model("m", name="ranker")
    for number in (1, 2):
        model.deployment(f"depl00{number}", name=f"v{number}").log(f"of v{number}", level="ERROR")
    model.environment("production", current="depl001")
    chain = fake.chain("c")
    chain.deployment("d", chainlets=["A", "B"]).log("of B\nand more", chainlet="B")
    chain.environment("production", current="d")
    return fake


async def shown(
    baseten: Baseten, capsys: pytest.CaptureFixture[str], line: str
) -> tuple[Ending, list[str], list[dict[str, Any]]]:
    """The ending of a command, its lines, and the records of the same."""
    ending = await execute(Run(baseten, parse(line.split()), LinesView(LoopClock())))
    lines = capsys.readouterr().out.splitlines()
    await execute(Run(baseten, parse(line.split()), JSONView(LoopClock())))
    records = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    for record in records:
        jsonschema.Draft202012Validator(SCHEMA).validate(record)
    return ending, lines, records


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("model ranker v2", "of v2"),
        ("model ranker id:depl001", "of v1"),
        ("model ranker current:production", "of v1"),
        ("model ranker production", "of v1"),
        ("chain c d --chainlet B", "of B\nand more"),
        ("chain c production", "of B\nand more"),
    ],
)
async def test_the_log_of_a_deployment_or_an_environment_is_shown(
    baseten: Baseten, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    ending, lines, records = await shown(baseten, capsys, f"logs {words}")

    assert ending.outcome is Outcome.DONE
    assert [one["message"] for one in records] == [message]
    first, *more = message.splitlines()
    assert lines[0].endswith(first)
    assert lines[1:] == [f"| {text}" for text in more]


async def test_left_out_words_are_the_default_environment_and_current_is_what_serves_there(
    fake: FakeBaseten, baseten: Baseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASETEN_MODEL", "ranker")
    monkeypatch.setenv("BASETEN_ENVIRONMENT", "production")

    for line in ("logs", "logs current", "metrics"):
        assert (
            await execute(Run(baseten, parse(line.split()), LinesView(LoopClock())))
        ).outcome is Outcome.DONE

    asked = [one.path for one in fake.requests if one.path.endswith(("/logs", "/metrics"))]
    assert asked == [
        "/v1/models/m/environments/production/logs",
        "/v1/models/m/deployments/depl001/logs",
        "/v1/models/m/environments/production/metrics",
    ]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("model ranker nowhere", Outcome.NOT_FOUND),
        ("model ranker both", Outcome.USAGE),
        ("chain c d --chainlet C", Outcome.NOT_FOUND),
        ("chain c d --follow", Outcome.USAGE),
    ],
)
async def test_a_log_that_is_not_there_or_not_one_alone_is_refused(
    fake: FakeBaseten, baseten: Baseten, words: str, outcome: Outcome
) -> None:
    fake.model("m").deployment("depl003", name="both")
    fake.model("m").environment("both", current=None)

    ending = await execute(Run(baseten, parse(f"logs {words}".split()), LinesView(LoopClock())))

    assert ending.outcome is outcome


def test_every_filter_of_logs_has_a_flag() -> None:
    words = (
        "logs model m d --limit 5 --since 2h --until 2026-11-26T12:00:00Z --level WARNING "
        "--replica r --request-id i --component c --search s --include a --include b --exclude e"
    )

    command = parse(words.split())

    assert isinstance(command, Logs)
    assert command.options == {
        "limit": 5,
        "start": timedelta(hours=2),
        "end": datetime(2026, 11, 26, 12, tzinfo=UTC),
        "min_level": "WARNING",
        "replica": "r",
        "request_id": "i",
        "component": "c",
        "search_pattern": "s",
        "includes": ["a", "b"],
        "excludes": ["e"],
    }


async def test_a_time_before_now_is_one_before_now_at_baseten(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fake's time began months ago; so may the clock of this machine be wrong."""
    _, lines, _ = await shown(baseten, capsys, "logs model ranker v1 --since 10m")

    assert lines[0].endswith("of v1")


@pytest.mark.parametrize("word", ["v1", "production", "current:production"])
@pytest.mark.parametrize("output", ["--lines", "--json", "--quiet"])
async def test_an_empty_log_is_said_to_be_empty_on_standard_error(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str], word: str, output: str
) -> None:
    line = f"logs model ranker {word} --search nowhere {output}"

    ending = await execute(Run(baseten, parse(line.split()), LinesView(LoopClock())))

    assert ending.outcome is Outcome.DONE
    out, err = capsys.readouterr()
    assert out == ""
    assert bool(err) is (output != "--quiet")


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("words", "route"),
    [
        ("model ranker v1", "GET /v1/models/m/deployments/depl001/logs"),
        ("model ranker production", "GET /v1/models/m/environments/production/logs"),
        (
            "chain c d --chainlet B",
            "GET /v1/chains/{chain_id}/deployments/{deployment_id}/chainlets/{chainlet_id}/logs",
        ),
    ],
)
async def test_a_followed_log_goes_on_after_an_outage_and_says_once_a_minute_that_there_is_one(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str], words: str, route: str
) -> None:
    fake.at(10, lambda: fake.faults.status(503, route=route, lasting=280))
    line = f"logs {words} --follow"

    following = asyncio.create_task(
        execute(Run(baseten, parse(line.split()), LinesView(LoopClock())))
    )
    await asyncio.sleep(100)
    fake.model("m").deployment("depl001").log("during")
    fake.chain("c").deployment("d").log("during", chainlet="B")
    await asyncio.sleep(300)

    assert not following.done()
    out, err = capsys.readouterr()
    assert out.count("during") == 1
    assert 3 <= err.count("HTTP 503") <= 5
    fake.faults.status(403, route=route, times=None)
    assert (await following).outcome is Outcome.REFUSED


async def test_a_followed_log_goes_on_until_ctrl_c(shell: Shell) -> None:
    deployment = shell.fake.model("m").deployment("old")
    deployment.log("early")
    async with shell.running("logs", "model", "m", "old", "--follow", "--json") as process:
        assert json.loads(await line_with("early", process.stdout))["type"] == "log"
        deployment.log("late")
        await line_with("late", process.stdout)
        process.send_signal(signal.SIGINT)
        over = await ended(process)
    assert (over.status, over.outcome["outcome"]) == (130, "interrupted")


@pytest.mark.looptime
async def test_metrics_are_a_table_that_says_what_is_missing_and_what_is_incomplete(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    _, nothing, (none,) = await shown(baseten, capsys, "metrics model ranker production")
    assert "no data" in " ".join(nothing)
    assert (none["traffic"]["requests"], none["is_complete"]) == (None, True)

    fake.model("m").environment("production").receives(requests_per_second=10)
    await asyncio.sleep(1800)
    _, lines, (record,) = await shown(baseten, capsys, "metrics model ranker v1 --window 10m")
    assert record["traffic"]["requests"] == 6000
    assert any("6 000" in text for text in lines)
    assert not any("incomplete" in text for text in lines)

    await asyncio.sleep(60)
    _, late, (incomplete,) = await shown(
        baseten, capsys, "metrics model ranker v1 --window 10m --until 0"
    )
    assert incomplete["is_complete"] is False
    assert any("incomplete" in text for text in late)

    await asyncio.sleep(60)
    _, steps, (series,) = await shown(baseten, capsys, "metrics model ranker v1 --series")
    assert len(series["steps"]) > 1
    assert len([text for text in steps if text.startswith("20")]) == len(series["steps"])


@pytest.mark.parametrize("timestamp", ["9" * 40, "soon", None])
async def test_a_line_whose_time_cannot_be_told_is_shown_all_the_same(
    fake: FakeBaseten,
    baseten: Baseten,
    capsys: pytest.CaptureFixture[str],
    timestamp: str | None,
) -> None:
    line = {"timestamp": timestamp, "message": "ready", "replica": None}
    route = "GET /v1/models/{model_id}/deployments/{deployment_id}/logs"
    fake.faults.status(200, body={"logs": [line]}, route=route, times=None)

    ending, lines, _ = await shown(baseten, capsys, "logs model ranker v1")

    assert ending.outcome is Outcome.DONE
    assert lines[0].endswith("ready")
