"""Names in the place of ids, and the defaults of the environment's variables."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from aiobaseten import Baseten, cli
from aiobaseten.cli import main
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._json import JSONView
from aiobaseten.cli._lines import LinesView
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.cli._run import Run
from aiobaseten.options import LoopClock
from aiobaseten.testing import FakeBaseten

from .command import run_of

SCHEMA = Path(cli.__file__).with_name("output.schema.json")


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    model = fake.model("model111", name="ranker")
    model.deployment("depl001", name="v1")
    model.deployment("depl002", name="v2", on_promote="DEPLOYING")
    model.environment("production", current="depl001")
    fake.model("model222", name="model111")
    for number, team in enumerate(["Search", "Ads"]):
        fake.model(f"twin{number}", name="twin", team=team)
    return fake


def asked(fake: FakeBaseten) -> list[str]:
    return [f"{one.method} {one.path}" for one in fake.requests]


PROMOTE = "POST /v1/models/model111/environments/production/promote"
LOOK = "GET /v1/models/model111/environments/production"


async def test_names_are_looked_up_with_one_request_each(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    run = run_of(baseten, "promote model ranker v2 --to production")
    ending = await execute(run)

    assert ending.outcome is Outcome.DONE
    assert asked(fake) == [
        "GET /v1/models",
        "GET /v1/models/model111/deployments",
        LOOK,
        PROMOTE,
    ]
    assert run.job is not None
    assert (run.job.resource.id, run.job.deployment) == ("model111", "depl002")
    assert "model ranker (model111)" in ending.message


async def test_exact_ids_are_not_looked_up(fake: FakeBaseten, baseten: Baseten) -> None:
    await execute(run_of(baseten, "promote model id:model111 id:depl002 --to production"))

    assert asked(fake) == [LOOK, PROMOTE]


@pytest.mark.parametrize("word", ["model111", "twin"])
async def test_a_word_with_two_meanings_ends_with_2_and_changes_nothing(
    fake: FakeBaseten, baseten: Baseten, word: str
) -> None:
    run = run_of(baseten, f"promote model {word} v2 --to production")
    ending = await execute(run)

    assert ending.outcome is Outcome.USAGE
    assert asked(fake) == ["GET /v1/models"]
    ids = ["model111", "model222"] if word == "model111" else ["twin0", "twin1"]
    assert all(one in ending.message for one in ids)


@pytest.mark.parametrize(
    "line",
    [
        "promote model rankr v2 --to production",
        "promote model ranker v3 --to production",
        "promote chain bot v2 --to production",
        "wait model ranker v3",
        "cancel model rankr production",
        "list model rankr",
    ],
)
async def test_a_name_that_nothing_has_ends_with_4_and_changes_nothing(
    fake: FakeBaseten, baseten: Baseten, line: str
) -> None:
    ending = await execute(run_of(baseten, line))

    assert ending.outcome is Outcome.NOT_FOUND
    assert all(one.startswith("GET ") for one in asked(fake))


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("promote v2", PROMOTE),
        ("promote v2 --to production", PROMOTE),
        ("status", LOOK),
        ("status production", LOOK),
        ("status model ranker", LOOK),
        ("wait v1", "GET /v1/models/model111/deployments/depl001"),
        ("wait current", "GET /v1/models/model111/deployments/depl001"),
        ("pause", "POST /v1/models/model111/environments/production/pause_promotion"),
        ("cancel production", "POST /v1/models/model111/environments/production/cancel_promotion"),
    ],
)
async def test_variables_stand_for_what_is_left_out(
    fake: FakeBaseten,
    baseten: Baseten,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    expected: str,
) -> None:
    monkeypatch.setenv("BASETEN_MODEL", "ranker")
    monkeypatch.setenv("BASETEN_ENVIRONMENT", "production")

    await execute(run_of(baseten, line))

    assert expected in asked(fake)


@pytest.mark.looptime
@pytest.mark.parametrize(
    "line",
    [
        "wait model ranker v1 --timeout 30m",
        "wait model ranker current --timeout 30m",
        "promote model ranker v2 --to production --wait --timeout 30m",
        "cancel model ranker production --wait --timeout 30m",
    ],
)
async def test_names_are_looked_up_again_for_as_long_as_the_command_waits(
    fake: FakeBaseten, baseten: Baseten, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("BASETEN_ENVIRONMENT", "production")
    fake.model("model111").deployment("depl003", name="v3", on_promote="DEPLOYING")
    fake.model("model111").environment("production").promote("depl003")
    fake.faults.status(503, route="GET /v1/models", lasting=20 * 60)
    loop = asyncio.get_running_loop()
    began = loop.time()

    ending = await execute(run_of(baseten, line))

    if line.startswith("promote"):
        assert ending.outcome is Outcome.REJECTED  # another promotion is under way
    else:
        assert ending.outcome is Outcome.DONE
    assert 20 * 60 <= loop.time() - began < 21 * 60


@pytest.mark.looptime
async def test_a_connection_that_is_refused_is_told_on_standard_error_before_a_long_wait(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.faults.refuse(times=None, route="GET /v1/models")

    await execute(run_of(baseten, "wait model ranker v1 --timeout 10m --quiet"))

    hints = [line for line in capsys.readouterr().err.splitlines() if line.startswith("hint: ")]
    assert len(hints) == 1
    assert "connection refused" in hints[0]
    assert "address" in hints[0]


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("line", "lasts"),
    [
        ("wait model ranker v1 --timeout 10m", 600),
        ("wait model ranker v1 --timeout 0", 0),
        ("status model ranker production", 60),
        ("promote model ranker v2 --to production", 60),
    ],
)
async def test_a_look_up_ends_with_6_when_the_time_of_the_wait_or_of_a_call_is_over(
    fake: FakeBaseten, baseten: Baseten, line: str, lasts: float
) -> None:
    fake.faults.status(503, times=None, route="GET /v1/models")
    loop = asyncio.get_running_loop()
    began = loop.time()

    ending = await execute(run_of(baseten, line))

    assert ending.outcome is Outcome.UNAVAILABLE
    assert loop.time() - began <= lasts
    assert loop.time() - began >= lasts - 60


@pytest.mark.looptime
async def test_the_time_of_a_look_up_is_a_part_of_the_time_of_the_wait(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("model111").deployment("depl004", name="v4", status="DEPLOYING")
    fake.faults.status(503, route="GET /v1/models", lasting=20 * 60)
    loop = asyncio.get_running_loop()
    began = loop.time()

    ending = await execute(run_of(baseten, "wait model ranker v4 --timeout 30m"))

    assert ending.outcome is Outcome.TIMED_OUT
    assert 30 * 60 - 1 <= loop.time() - began <= 30 * 60 + 1


@pytest.mark.looptime
async def test_a_look_up_that_fails_is_told_at_once(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.faults.status(503, route="GET /v1/models", lasting=20 * 60)

    waits = parse(["wait", "model", "ranker", "v1", "--timeout", "30m"])
    await execute(Run(baseten, waits, LinesView(LoopClock())))

    assert capsys.readouterr().out.count("HTTP 503") == 1


async def test_a_team_tells_two_models_of_one_name_apart(
    fake: FakeBaseten, baseten: Baseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.model("twin1").environment("production", current=None)
    run = run_of(baseten, "status model twin production --team Ads")
    by_variable = run_of(baseten, "status model twin production")

    assert (await execute(run)).outcome is Outcome.DONE
    assert run.job is not None
    # Without a team, only the id means it in later commands.
    assert (run.job.resource.id, run.job.resource.word) == ("twin1", "id:twin1")
    assert (await execute(by_variable)).outcome is Outcome.USAGE
    monkeypatch.setenv("BASETEN_TEAM", "Ads")
    assert (await execute(run_of(baseten, "status model twin production"))).outcome is Outcome.DONE
    other = await execute(run_of(baseten, "status model twin production --team Maps"))
    assert other.outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"BASETEN_MODEL": ""}, "status production"),
        ({"BASETEN_MODEL": "m", "BASETEN_CHAIN": "c"}, "status production"),
        ({"BASETEN_CHAIN": "c"}, "pause production"),
        ({"BASETEN_MODEL": "m", "BASETEN_ENVIRONMENT": " "}, "status"),
        ({"BASETEN_MODEL": "m"}, "promote v2"),
        ({"BASETEN_MODEL": "m"}, "wait current"),
        ({"BASETEN_MODEL": "m", "BASETEN_TEAM": ""}, "status production"),
    ],
)
def test_missing_empty_and_contradicting_variables_end_with_2(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], line: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2


def test_the_key_in_a_variable_is_refused_as_among_the_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "a-key-of-some-length")
    monkeypatch.setenv("BASETEN_BASE_URL", "http://127.0.0.1:9")  # nobody listens
    monkeypatch.setenv("BASETEN_MODEL", "a-key-of-some-length")

    assert main(["status", "production"]) == 2
    assert "a-key-of" not in capsys.readouterr().err


@pytest.mark.looptime
@pytest.mark.parametrize("line", ["rollback model ranker production", "rollback production"])
async def test_an_environment_is_rolled_back_without_a_token(
    fake: FakeBaseten, baseten: Baseten, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("BASETEN_MODEL", "ranker")
    fake.model("model111").deployment("depl003", on_promote="ACTIVE")
    promotion = await baseten.model("model111").environment("production").promote("depl003")
    await promotion.wait(timeout=3600)

    run = run_of(baseten, f"{line} --wait")
    ending = await execute(run)

    assert ending.outcome is Outcome.DONE
    current = fake.model("model111").environment("production").current
    assert current is not None
    assert current.id == "depl001"
    assert run.job is not None
    assert run.job.token is not None


@pytest.mark.looptime
async def test_an_environment_without_a_past_is_not_rolled_back(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    ending = await execute(run_of(baseten, "rollback model ranker production"))

    assert ending.outcome is Outcome.REJECTED
    assert all(one.startswith("GET ") for one in asked(fake))


async def test_the_output_says_which_variables_were_used(
    baseten: Baseten, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BASETEN_MODEL", "ranker")
    monkeypatch.setenv("BASETEN_ENVIRONMENT", "production")

    for view in (LinesView(LoopClock()), JSONView(LoopClock())):
        await execute(Run(baseten, parse(["status"]), view))

    out = capsys.readouterr().out.splitlines()
    used = ["BASETEN_MODEL", "BASETEN_ENVIRONMENT", "ranker", "production"]
    assert all(word in out[0] for word in used)
    (record,) = [json.loads(line) for line in out if '"defaults"' in line]
    assert record["variables"] == {"BASETEN_MODEL": "ranker", "BASETEN_ENVIRONMENT": "production"}


async def test_all_chains_and_models_are_listed(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.chain("chain111", name="bot")

    await execute(Run(baseten, parse(["list"]), LinesView(LoopClock())))
    await execute(Run(baseten, parse(["list", "model"]), JSONView(LoopClock())))

    out = capsys.readouterr().out.splitlines()
    rows = [line.split()[:3] for line in out if not line.startswith("{")]
    records = [json.loads(line) for line in out if line.startswith("{")]
    assert rows[:3] == [
        ["KIND", "NAME", "ID"],
        ["chain", "bot", "chain111"],
        ["model", "ranker", "model111"],
    ]
    assert [one["owner"] for one in records] == ["model111", "model222", "twin0", "twin1"]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for record in records:
        jsonschema.Draft202012Validator(schema).validate(record)


async def test_the_history_of_an_environment_is_a_table_and_records(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake.acting_as("ops@example.com", source="UI"):
        fake.model("model111").environment("production").promote("depl002")

    line = ["history", "model", "ranker", "production", "--limit", "2"]
    await execute(Run(baseten, parse(line), LinesView(LoopClock())))
    await execute(Run(baseten, parse([*line, "--json"]), JSONView(LoopClock())))

    out = capsys.readouterr().out.splitlines()
    rows = [re.split("  +", text) for text in out if not text.startswith("{")]
    assert rows[1] == ["PROMOTED", "DEPLOYMENT", "NAME", "STATE", "BY", "THROUGH"]
    assert rows[2][1:] == ["depl002", "v2", "promoting", "ops@example.com", "the UI"]
    assert rows[3][1:4] == ["depl001", "v1", "serves"]
    records = [json.loads(text) for text in out if text.startswith("{")]
    assert [one["deployment"] for one in records] == ["depl002", "depl001"]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for record in records:
        jsonschema.Draft202012Validator(schema).validate(record)


_OF_ENTRY = {
    "event_type": "MODEL_DEPLOYMENT_PROMOTED",
    "event_data": {"environment_name": "production", "deployment_id": "depl001"},
}
_NO_TIME: tuple[dict[str, str | None], ...] = (
    {},
    {"created": None},
    {"created": "0001-01-01T00:00:00+14:00"},
)


@pytest.mark.parametrize(
    ("line", "route", "body", "row"),
    [
        ("list model", "GET /v1/models", {"models": [{"id": "x"}]}, ["model", "x", "x", "-"]),
        ("list chain", "GET /v1/chains", {"chains": [{"id": "x"}]}, ["chain", "x", "x", "-"]),
        (
            "list model id:model111",
            "GET /v1/models/model111/deployments",
            {"deployments": [{"id": "x", "status": "ACTIVE", "created_at": 5}]},
            ["x", "-", "ACTIVE", "-", "-"],
        ),
        *(
            (
                "history model id:model111 production",
                "GET /v1/models/model111/audit_logs",
                {"items": [{**_OF_ENTRY, **time}], "pagination": {"has_more": False}},
                ["-", "depl001", "v1", "serves"],
            )
            for time in _NO_TIME
        ),
    ],
)
async def test_a_field_that_baseten_leaves_out_is_a_dash_and_null(
    fake: FakeBaseten,
    baseten: Baseten,
    capsys: pytest.CaptureFixture[str],
    line: str,
    route: str,
    body: object,
    row: list[str],
) -> None:
    fake.faults.status(200, body=body, route=route, times=2)

    for view in (LinesView(LoopClock()), JSONView(LoopClock())):
        ending = await execute(Run(baseten, parse(line.split()), view))
        assert ending.outcome is Outcome.DONE

    out = capsys.readouterr().out.splitlines()
    assert row in [text.split()[: len(row)] for text in out]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for record in [json.loads(text) for text in out if text.startswith("{")]:
        jsonschema.Draft202012Validator(schema).validate(record)
