"""Defaults from a file of settings, after flags and variables."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from aiobaseten import Baseten, cli
from aiobaseten.cli import main
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._invocations import Default, Promote, Status, WaitForToken, WaitingInvocation
from aiobaseten.cli._json import JSONView
from aiobaseten.cli._run import Run
from aiobaseten.options import LoopClock
from aiobaseten.testing import FakeBaseten

from .test_arguments import TOKEN

SCHEMA = Path(cli.__file__).with_name("output.schema.json")
PROJECT = """
[tool.aiobaseten]
model = "ranker"
team = "Search"
environment = "production"
timeout = "45m"
log-lines = 20
on-paused = "fail"
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in a repository, above which nobody looks for settings."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "services" / "ranker"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    for name in ("MODEL", "CHAIN", "TEAM", "ENVIRONMENT"):
        monkeypatch.delenv(f"BASETEN_{name}", raising=False)
    return tmp_path


def test_the_nearest_file_stands_for_what_is_left_out(project: Path) -> None:
    (project / "pyproject.toml").write_text(PROJECT)

    command = parse(["promote", "v2", "--wait"])

    assert isinstance(command, Promote)
    place = command.environment
    assert (place.resource.kind, place.resource.text) == ("model", "ranker")
    assert (place.resource.team, place.name) == ("Search", "production")
    assert command.wait_options == {"timeout": 2700.0, "log_lines": 20, "on_paused": "raise"}
    file = str(Path("..", "..", "pyproject.toml"))
    assert Default("environment", "production", file) in command.defaults
    assert Default("timeout", "45m", file) in command.defaults


def test_a_flag_goes_before_a_variable_and_a_variable_before_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").write_text(PROJECT)
    monkeypatch.setenv("BASETEN_CHAIN", "bot")
    monkeypatch.setenv("BASETEN_ENVIRONMENT", "staging")

    command = parse(["promote", "v2", "--to", "dev", "--wait", "--timeout", "5m", "--team", "Ads"])

    assert isinstance(command, Promote)
    assert command.environment.resource.kind == "chain"
    assert (command.environment.resource.team, command.environment.name) == ("Ads", "dev")
    assert command.wait_options["timeout"] == 300.0
    by_variable = parse(["status"])
    assert isinstance(by_variable, Status)
    assert by_variable.environment.name == "staging"


def test_a_nearer_file_goes_first_and_a_project_without_our_table_is_passed_over(
    project: Path,
) -> None:
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "services" / "pyproject.toml").write_text("[tool.other]\nmodel = 5\n")
    (project / "services" / "ranker" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert {one.source for one in parse(["status"]).defaults} == {"../../pyproject.toml"}

    (project / "services" / ".aiobaseten.toml").write_text("model = 'mine'\nenvironment = 'e'\n")

    assert [(one.text, one.source) for one in parse(["status"]).defaults] == [
        ("mine", "../.aiobaseten.toml"),
        ("e", "../.aiobaseten.toml"),
    ]


def test_nobody_looks_above_the_root_of_the_repository(project: Path) -> None:
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "services" / ".git").write_text("gitdir: elsewhere")  # as in a worktree

    with pytest.raises(SystemExit):
        parse(["status"])


@pytest.mark.parametrize(
    "line", [f"wait {TOKEN}", "cancel production --wait", "rollback production --wait"]
)
def test_options_of_the_file_hold_for_every_wait_that_takes_them(project: Path, line: str) -> None:
    (project / "pyproject.toml").write_text(PROJECT)

    command = parse(line.split())

    assert isinstance(command, WaitingInvocation)
    assert command.wait_options["timeout"] == 2700.0
    assert ("on_paused" in command.wait_options) is not line.startswith("cancel")
    without_wait = parse(["promote", "v2"])
    assert isinstance(without_wait, Promote)
    assert without_wait.wait_options == {}


def test_a_token_and_an_exact_id_need_no_team(project: Path) -> None:
    (project / "pyproject.toml").write_text(PROJECT)

    exact = parse(["status", "model", "id:abc123", "production"])

    assert isinstance(exact, Status)
    assert exact.environment.resource.team is None
    assert exact.defaults == ()
    token = parse(["wait", TOKEN])
    assert isinstance(token, WaitForToken)
    assert {one.name for one in token.defaults} == {"timeout", "on-paused", "log-lines"}


@pytest.mark.parametrize(
    "line", ["status model m e", f"pause {TOKEN}", "list", "promote model m d --to e"]
)
def test_a_broken_file_does_not_stop_a_command_that_needs_none(project: Path, line: str) -> None:
    (project / "pyproject.toml").write_text("<<<<<<< ours\n")

    with pytest.raises(SystemExit):
        parse(["status"])
    if "model" in line:
        line += " --team t"
    assert parse(line.split()).defaults == ()


@pytest.mark.parametrize("content", ["x = " + "[" * 5000, "#" * (2**20 + 1)], ids=["deep", "huge"])
def test_a_file_that_nobody_wrote_by_hand_is_refused_with_its_name(
    project: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".aiobaseten.toml").write_text(content)

    with pytest.raises(SystemExit) as ended:
        parse(["status"])

    assert ended.value.code == 2
    assert ".aiobaseten.toml" in capsys.readouterr().err


async def test_the_output_says_where_each_default_comes_from(
    project: Path, baseten: Baseten, fake: FakeBaseten, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(PROJECT)
    fake.model("m1", name="ranker", team="Search").environment("production", current=None)
    fake.model("m2", name="ranker", team="Ads")

    await execute(Run(baseten, parse(["status"]), JSONView(LoopClock())))

    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for record in records:
        jsonschema.Draft202012Validator(schema).validate(record)
    assert records[0]["type"] == "defaults"
    assert [one["name"] for one in records[0]["defaults"]] == ["model", "team", "environment"]
    assert records[0]["variables"] == {}
    assert records[1]["owner"] == "m1"


def test_the_key_in_a_file_is_refused_as_among_the_arguments(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "a-key-of-some-length")
    monkeypatch.setenv("BASETEN_BASE_URL", "http://127.0.0.1:9")  # nobody listens
    (project / "pyproject.toml").write_text("[tool.aiobaseten]\nmodel = 'a-key-of-some-length'\n")

    assert main(["status", "production"]) == 2
    captured = capsys.readouterr()
    assert "a-key-of" not in captured.out + captured.err
