"""Arguments: durations, typed commands, and help. Invalid ones are in test_sentences.py."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import attrs
import pytest

from aiobaseten import Token
from aiobaseten.cli import main
from aiobaseten.cli._arguments import SUMMARIES, parse
from aiobaseten.cli._checks import UsageError, check, holds_key
from aiobaseten.cli._durations import format_duration, parse_duration, parse_time_limit
from aiobaseten.cli._flags import parse_log_lines
from aiobaseten.cli._grammar import GRAMMARS
from aiobaseten.cli._invocations import (
    Access,
    EnvironmentWord,
    Promote,
    ResourceWord,
    SavedToken,
    WaitForDeployment,
    WaitForToken,
)
from aiobaseten.cli._outcomes import OF_EVERY_COMMAND, Outcome

CHAIN = ResourceWord("chain", "c")
TOKEN = Token(
    kind="model promotion", resource_id="m", environment_name="prod", deployment_id="d"
).dump()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("45m", 2700), ("1h30m", 5400), ("1.5h", 5400), ("2d", 172800),
     ("1h5m", 3900), ("0", 0), (" 5M ", 300), ("1.5", 1.5)],
)  # fmt: skip
def test_durations_are_written_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-5",
        "5 minutes",
        "inf",
        "nan",
        "m",
        "1m1h",
        "\u0661",
        "1e3",
        "1h30",
        "2d12",
        "1m0",
        "1 5",
    ],
)
def test_other_text_is_not_a_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_duration(text)


@pytest.mark.parametrize("text", ["9" * 310, "9" * 310 + "s", "9" * 308 + "h", "1h" + "9" * 400])
def test_a_duration_that_no_number_can_hold_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1", "1000", "0001000"])
def test_a_number_of_log_lines_is_at_most_a_thousand(text: str) -> None:
    assert parse_log_lines(text) == int(text)


@pytest.mark.parametrize("text", ["0", "1001", "00000100000", "9" * 5000, "1.0", "-1", ""])
def test_another_number_of_log_lines_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_log_lines(text)


def test_no_limit_is_called_none() -> None:
    assert parse_time_limit("none") is None


@pytest.mark.parametrize("text", ["0s", "5m", "1h", "1h30m", "2d", "1m0.5s"])
def test_a_duration_in_the_help_can_be_passed_to_the_command(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


def test_the_arguments_of_promote_are_one_frozen_object() -> None:
    words = "promote chain c d --to prod --wait --timeout 5m --json --base-url https://x.example"

    command = parse(words.split())

    assert command == Promote(
        access=Access(base_url="https://x.example"),
        output="json",
        environment=EnvironmentWord(CHAIN, "prod"),
        deployment="d",
        wait=True,
        wait_options={"timeout": 300.0},
    )
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        command.output = "quiet"  # type: ignore[misc] # the point of this test


def test_wait_takes_a_token_or_the_ids_of_a_deployment() -> None:
    by_token = parse(["wait", TOKEN])
    by_ids = parse(["wait", "chain", "c", "d"])

    assert by_token == WaitForToken(token=SavedToken(TOKEN, Token.load(TOKEN)))
    assert by_ids == WaitForDeployment(resource=CHAIN, deployment="d")


def test_the_checks_take_typed_arguments_without_a_parser() -> None:
    promote = Promote(
        environment=EnvironmentWord(CHAIN, "prod"),
        deployment="d",
        wait=False,
        wait_options={"timeout": None},
    )

    check(attrs.evolve(promote, wait=True))
    with pytest.raises(UsageError):
        check(promote)


def test_every_command_has_a_grammar() -> None:
    assert {*GRAMMARS, "completion"} == SUMMARIES.keys()


@pytest.mark.parametrize("command", GRAMMARS)
def test_every_command_has_help_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"examples:\n  aiobaseten {command} ")
    statuses = {int(found) for found in re.findall(r"^ +(\d+)  [A-Z]", out, re.MULTILINE)}
    assert {one.exit_status for one in OF_EVERY_COMMAND} <= statuses
    waits = {"wait", "promote", "rollback"}
    assert (Outcome.FAILED.exit_status in statuses) is (command in waits)


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("--json list chain c", "list chain c --json"),
        ("--base-url https://x.example -q list", "list -q --base-url https://x.example"),
        ("--api-key-file - list", "list --api-key-file -"),
        (
            "--api-key-file=f --lines wait chain c d --timeout 5m",
            "wait chain c --lines --api-key-file f d --timeout 5m",
        ),
        ("status -q chain c e", "status chain c e --quiet"),
    ],
)
def test_options_of_all_commands_may_stand_anywhere(line: str, same: str) -> None:
    assert parse(line.split()) == parse(same.split())


@pytest.mark.parametrize("words", [["help", "promote"], ["help", "promote", "more"]])
def test_help_is_a_command_too(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("examples:\n  aiobaseten promote ")


def test_help_without_a_command_is_that_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["help"], ["--help"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
    out = capsys.readouterr().out
    assert out[: len(out) // 2] == out[len(out) // 2 :]


KEY = "kEyOfSomebody.WithTooMuchHaste0123456789"
KEY_IN_THE_WRONG_PLACE = [
    f"list chain c --api-key {KEY}",
    f"list chain c --api-key={KEY}",
    f"--api-key {KEY} list chain c",
    f"--api-key={KEY} list chain c",
    f"list chain c --api-key{KEY}",
    f"list chain c -k{KEY}",
    f"list chain c -k {KEY}",
    f"list chain c {KEY}",
    f"list {KEY} c",
    f"{KEY} chain c",
    f"{KEY}",
    f"wait {KEY}",
    f"wait chain {KEY}",
    f"rollback {KEY}",
    f"list chain c --json={KEY}",
    f"list chain c --api-key-file {KEY}",
    f"list chain c --base-url {KEY}",
    f"list chain c --base-url https://{KEY}@api.example",
    f"list chain c --base-url https://x:{KEY}@api.example",
    f"list chain c --base-url https://api.example/?key={KEY}",
    f"wait chain c d --timeout {KEY}",
    f"wait chain c d --log-lines {KEY}",
    f"wait {TOKEN} --on-paused {KEY}",
    f"promote chain c d --to prod --if-in-progress {KEY}",
    f"list chain {KEY}/",
    f"status model m {KEY}/",
    f"wait model m {KEY}/",
    f"cancel model m {KEY}/",
    f"promote chain {KEY}/ d --to prod",
    f"promote chain c {KEY}/ --to prod",
    f"promote chain c d --to {KEY}/",
    f"status model m {KEY * 99}",
    f"list chain c --base-url https://x:{KEY}",
    f"list chain c --base-url https://[{KEY}]",
]


@pytest.mark.parametrize("line", KEY_IN_THE_WRONG_PLACE)
def test_a_key_in_the_wrong_place_is_in_no_message(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "another-key")
    try:
        status: object = main(line.split())
    except SystemExit as ended:
        status = ended.code

    captured = capsys.readouterr()
    assert status == 2
    assert captured.err.startswith("aiobaseten: ")
    assert KEY not in captured.out + captured.err


THE_KEY_ITSELF = [
    "list chain {}",
    "status model m {}",
    "status model m {}.tail",
    "wait model {} new",
    "promote model m {} --to production",
    "promote model m new --to={}",
    "promote model m new --to production --wait --json --timeout=1s --base-url http://localhost/{}",
]


@pytest.mark.parametrize("line", THE_KEY_ITSELF)
@pytest.mark.parametrize("source", ["variable", "file"])
def test_the_key_itself_in_the_wrong_place_is_neither_sent_nor_shown(
    line: str,
    source: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = line.format(KEY).split()
    monkeypatch.setenv("BASETEN_API_KEY", KEY)
    monkeypatch.setenv("BASETEN_BASE_URL", "http://127.0.0.1:9")  # nobody listens
    if source == "file":
        file = tmp_path / "file"
        file.write_text(KEY)
        words += ["--api-key-file", str(file)]
        monkeypatch.delenv("BASETEN_API_KEY")

    assert main(words) == 2

    captured = capsys.readouterr()
    assert captured.err.startswith("aiobaseten: ")
    assert KEY not in captured.out + captured.err


@pytest.mark.parametrize(
    ("word", "key", "holds"),
    [
        ("test-key", "test-key", True),
        ("test-key.tail", "test-key", True),
        ("--to=test-key", "test-key", True),
        ("my-test-key-42", "test-key", False),
        ("/run/secrets/test-key", "test-key", False),
        ("key", "key", False),
    ],
)
def test_a_short_key_may_be_a_part_of_a_word(word: str, key: str, *, holds: bool) -> None:
    assert holds_key(word, key) is holds


@pytest.mark.parametrize("columns", [60, 200])
def test_the_exit_statuses_of_a_help_fit_the_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    with pytest.raises(SystemExit):
        main(["promote", "--help"])

    _, _, text = capsys.readouterr().out.partition("exit statuses:")
    lines = text.splitlines()
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("  143  ") for line in lines)
    whole = "  143  SIGTERM or SIGHUP. Baseten continues a promotion that was started."
    assert (whole in lines) is (columns == 200)
