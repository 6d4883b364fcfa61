"""status --watch: a live view of an environment that nobody promotes through us."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from aiobaseten import cli

from .command import Shell, ended, line_with
from .test_terminal import terminal

SCHEMA = json.loads(Path(cli.__file__).with_name("output.schema.json").read_text(encoding="utf-8"))
WATCH = ("status", "chain", "bot", "production", "--watch")
NAMES = ("Ingest", "AnswerTheQuestionsOfPeople")


def furnish_bot(shell: Shell) -> None:
    """Add a chain whose promotion stands still until somebody moves it."""
    chain = shell.fake.chain("bot")
    chain.deployment("v1", chainlets=NAMES)
    chain.deployment("v2", chainlets=NAMES, on_promote="LOADING_MODEL")
    chain.environment("production", current="v1", traffic_delay=0)


@pytest.mark.parametrize("columns", [60, 80, 120])
async def test_a_terminal_shows_a_promotion_of_somebody_else_until_ctrl_c(
    shell: Shell, columns: int
) -> None:
    furnish_bot(shell)
    chain = shell.fake.chain("bot")
    async with terminal(shell, *WATCH, size=(columns, 24)) as screen:
        await screen.shows("production of chain bot", "current v1", "Ingest", "ACTIVE", "Ctrl-C")
        assert "candidate" not in screen.text
        chain.environment("production").promote("v2")
        text = await screen.shows("candidate v2", "LOADING_MODEL", "traffic", "0 %")
        assert text.count("AnswerTheQuestionsOfPeople") == 2
        assert "…" not in text
        chain.deployment("v2").set("ACTIVE")
        await screen.shows("current v2")
        screen.process.send_signal(signal.SIGINT)
        assert await screen.ends() == 130
        assert screen.text.count("production of chain bot") == 1
        assert not screen.hides_cursor


async def test_json_and_lines_have_one_line_for_each_change(shell: Shell) -> None:
    furnish_bot(shell)
    async with shell.running(*WATCH, "--json") as records, shell.running(*WATCH) as lines:
        first = json.loads(await line_with('"environment"', records.stdout))
        jsonschema.Draft202012Validator(SCHEMA).validate(first)
        assert (first["current"]["id"], first["candidate"]) == ("v1", None)
        await line_with("current    v1  ACTIVE", lines.stdout)
        shell.fake.chain("bot").environment("production").promote("v2")
        second = json.loads(await line_with('"environment"', records.stdout))
        assert second["candidate"]["id"] == "v2"
        await line_with("candidate  v2  LOADING_MODEL", lines.stdout)
        await line_with("candidate chainlet Ingest", lines.stdout)
        for process in (records, lines):
            process.send_signal(signal.SIGINT)
        last = await ended(records)
        assert (last.status, last.outcome["outcome"]) == (130, "interrupted")
        assert (await ended(lines)).status == 130


async def test_an_environment_that_does_not_exist_ends_the_watch_with_4(shell: Shell) -> None:
    assert (await shell.run("status", "model", "m", "nowhere", "--watch")).status == 4
