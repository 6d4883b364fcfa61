"""A shell command as a check of a step."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aiobaseten.cli._arguments import parse
from aiobaseten.cli._invocations import Promote
from aiobaseten.cli._own_check import CommandCheck
from aiobaseten.guard import GuardedStep, Verdict

from .command import until
from .test_guard import is_running


def step(percent: int = 25) -> GuardedStep:
    return GuardedStep(
        kind="model",
        resource_id="m1",
        environment_name="production",
        deployment_id="d2",
        previous_id=None,
        percent=percent,
    )


async def said_by(command: str) -> Verdict:
    """The verdict of a command."""
    async with asyncio.timeout(20):
        return await CommandCheck(command)(step())


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("true", "pass"),
        ("exit 1", "breach"),
        ("exit 2", "unavailable"),
        ("./no-such-file", "unavailable"),
        ("kill -9 $$", "unavailable"),
    ],
)
async def test_an_exit_status_is_a_verdict(command: str, outcome: str) -> None:
    verdict = await said_by(command)

    assert verdict.outcome == outcome
    assert verdict.reason


@pytest.mark.parametrize(("flag", "seconds"), [("", 60.0), (" --check-timeout 5s", 5.0)])
def test_a_command_may_take_a_minute_or_as_long_as_the_flag_says(flag: str, seconds: float) -> None:
    command = parse(f"promote model m d --to e --wait --check ./smoke.sh{flag}".split())

    assert isinstance(command, Promote)
    assert command.guarding is not None
    assert command.guarding.guard is not None
    (own,) = command.guarding.guard.own_checks
    assert own.timeout == seconds


async def test_a_command_is_told_the_step_and_counts_those_that_it_was_asked_about() -> None:
    tells = CommandCheck("env | grep ^AIOBASETEN_ | sort | tr '\\n' ' '")

    said = [(await tells(step(percent))).reason for percent in (25, 25, 50)]

    assert said[0].split(": ", 1)[1].split() == [
        "AIOBASETEN_DEPLOYMENT_ID=d2",
        "AIOBASETEN_ENVIRONMENT=production",
        "AIOBASETEN_KIND=model",
        "AIOBASETEN_PERCENT=25",
        "AIOBASETEN_PREVIOUS_ID=",
        "AIOBASETEN_RESOURCE_ID=m1",
        "AIOBASETEN_STEP=1",
    ]
    assert "STEP=1" in said[1]
    assert "PERCENT=50" in said[2]
    assert "STEP=2" in said[2]


async def test_the_end_of_the_output_is_kept_in_one_harmless_line_without_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "s3cret-s3cret")

    verdict = await said_by(
        "for i in 1 2 3 4 5 6 7 8 9; do head -c 20000 /dev/zero | tr '\\0' x; done; "
        "echo; echo $BASETEN_API_KEY; printf '\\033[31m##[error]\\377 at last' >&2; exit 1"
    )

    assert verdict.reason.endswith(" at last")
    assert verdict.reason.isprintable()
    assert "##[" not in verdict.reason
    assert "s3cret" not in verdict.reason
    assert len(verdict.reason) < 500


async def test_the_start_of_the_kept_output_shows_no_part_of_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "s3cret-s3cret")

    verdict = await said_by("printf '%s%3990s' $BASETEN_API_KEY end")

    assert verdict.reason.endswith(": end")


async def test_the_end_of_a_command_ends_what_it_has_left_behind(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    verdict = await said_by(f"sleep 60 & echo $! > {pid}; echo well")

    assert verdict.reason == "exit status 0: well"
    await until(lambda: not is_running(pid.read_text("utf-8").strip()))


async def test_output_that_a_daemon_keeps_open_does_not_hold_the_check(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    verdict = await said_by(
        f"setsid sh -c 'echo $$ > {pid}; exec sleep 3' & "
        f"until test -s {pid}; do sleep 0.01; done; echo well"
    )

    assert (verdict.outcome, verdict.reason) == ("pass", "exit status 0: well")


async def test_a_cancelled_check_leaves_no_process(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    running = asyncio.create_task(said_by(f"sleep 60 & echo $! $$ > {pids}; wait"))
    await until(lambda: pids.exists() and pids.read_text("utf-8").endswith("\n"))

    running.cancel()
    await asyncio.wait({running})

    assert running.cancelled()
    await until(lambda: not any(map(is_running, pids.read_text("utf-8").split())))
