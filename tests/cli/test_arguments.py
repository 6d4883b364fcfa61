"""The grammar of the command line: what is refused before anything is sent."""

from __future__ import annotations

import argparse

import pytest

from aiobaseten._token import Token
from aiobaseten.cli import main
from aiobaseten.cli._arguments import duration, parse, time_limit

CHAIN = Token(
    kind="chain promotion", resource_id="c", environment_name="prod", deployment_id="d"
).dump()
MODEL = Token(
    kind="model promotion", resource_id="m", environment_name="prod", deployment_id="d"
).dump()
CANCELLATION = Token(
    kind="cancellation", resource_id="m", environment_name="prod", deployment_id=None
).dump()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("45m", 2700), ("1h30m", 5400), ("1.5h", 5400), ("2d", 172800),
     ("1h5", 3605), ("0", 0), (" 5M ", 300)],
)  # fmt: skip
def test_durations_are_written_as_people_write_them(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "-5", "5 minutes", "inf", "nan", "m", "1m1h", "\u0661", "1e3"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write 90, 45m or 1h30m"):
        duration(text)


def test_no_limit_is_called_none() -> None:
    assert time_limit("none") is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "required: COMMAND"),
        ("promote chain c d", "required: --to"),
        ("promote pod c d --to prod", "invalid choice: 'pod'"),
        ("promote chain c d --to prod --timeout soon", "not a duration: 'soon'"),
        ("promote chain c d --to prod --timeout 5m", "--timeout: it goes with --wait"),
        ("promote chain c d --to prod --wait --cancel-on-timeout", "only models: Baseten cannot"),
        ("promote chain c d --to prod --preserve-env-instance-type", "only models have this"),
        ("promote chain c d --to prod --in-progress-timeout 5m", "it goes with --if-in-progress"),
        ("promote chain c d --to prod --json --quiet", "not allowed with argument"),
        ("promote chain c d --to prod --api-key s3cret", "unrecognized arguments"),
        ("cancel chain c prod", "Baseten cannot cancel a chain's promotion"),
        (f"pause {CHAIN}", "Baseten cannot pause a chain's promotion"),
        (f"cancel {CANCELLATION}", "wait for it, with aiobaseten wait"),
        (f"cancel {MODEL} --timeout 5m", "it goes with --wait"),
        (f"rollback {CANCELLATION}", "what served before serves again"),
        (f"wait {CHAIN} --cancel-on-interrupt", "only models"),
        (f"wait {CANCELLATION} --on-paused fail", "which has no use for it"),
        (f"wait {MODEL} --wake", "it goes with a deployment"),
        ("wait chain c", "say TOKEN, or chain or model, its id and the deployment"),
        ("wait chain c d --wake", "only models can be woken"),
        ("wait model m d --cancel-on-timeout", "it goes with a token"),
        ("wait nonsense", "this is not a token of aiobaseten"),
        (f"wait {MODEL[:-1]}", "this token is damaged"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_in_one_line(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("aiobaseten: ")
    assert says in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("list chain ..", "must not be '..'"),
        ("list chain c --base-url http://example.com", "must be https"),
        ("list chain c --api-key-file /nowhere/key", "No such file"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_line(
    line: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "key")

    assert main(line.split()) == 2

    complaint = capsys.readouterr().err
    assert says in complaint
    assert complaint.count("\n") == 1


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "nan", "inf"])
def test_a_clock_that_cannot_run_is_refused(
    speed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOBASETEN_CLOCK_SPEED", speed)

    assert main(["list", "chain", "c"]) == 2
    assert "a factor above 0" in capsys.readouterr().err


def test_options_for_a_wait_are_the_librarys_own_unless_given() -> None:
    known = vars(parse(["promote", "chain", "c", "d", "--to", "prod", "--wait"]))

    assert not {"timeout", "on_paused", "settling_time", "unhealthy_grace"} & known.keys()


@pytest.mark.parametrize(
    "command",
    ["promote", "wait", "status", "list", "cancel", "pause", "resume", "roll-forward", "rollback"],
)
def test_every_command_has_help_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert f"examples:\n  aiobaseten {command} " in capsys.readouterr().out
