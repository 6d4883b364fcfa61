"""A guarded promotion from a shell: its flags, its outcomes, and what each output shows of it."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from aiobaseten import Guard, Token
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._flags import flag_name
from aiobaseten.cli._guard import GUARD_FLAGS
from aiobaseten.cli._invocations import Promote
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, scenarios

from .command import SPEED, Shell, ended, furnish, run_of, until
from .test_output import valid

PROMOTE = ("promote", "model", "m", "other", "--to", "production", "--wait")
# Short steps, so that fewer looks are needed.
SOON = ("--check-timeout=40", "--window=20", "--lag=5", "--warmup=0")


@pytest.fixture(name="shell")
async def guarded_shell() -> AsyncIterator[Shell]:
    """A shell whose environment gets a hundred requests a second."""
    fake = FakeBaseten(speed=SPEED, behaviour=Behaviour(metrics_lag=1.0, roll_back="at once"))
    furnish(fake)
    rolling = fake.model("m").environment("guarded", current="old", rolling=True)
    rolling.receives(requests_per_second=100)
    async with fake.serve() as url:
        yield Shell(fake, url)


def guarded(*flags: str) -> tuple[str, ...]:
    """A guarded promotion of the deployment other."""
    return ("promote", "model", "m", "other", "--to", "guarded", "--wait", *SOON, *flags)


def production(shell: Shell) -> FakeEnvironment:
    """The environment that is promoted to."""
    return shell.fake.model("m").environment("guarded")


def writes(shell: Shell) -> list[str]:
    """The last segments of the paths of all writes."""
    return [one.path.rpartition("/")[2] for one in shell.fake.requests if one.method != "GET"]


async def test_a_breach_ends_with_16_after_traffic_is_back_and_every_output_has_the_numbers(
    shell: Shell, tmp_path: Path
) -> None:
    shell.fake.model("m").deployment("other").answers(error_share=0.08, from_percent=25)
    page = tmp_path / "summary.md"
    github = shell.having(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(page))
    flags = ("--max-error-rate", "2%", "--max-regression", "p95=20%", "--check", "echo well")

    breached = valid(await github.run(*guarded(*flags), "--json"))

    assert (breached.status, breached.outcome["outcome"]) == (16, "breached")
    # On a slow machine, the step has to be paused before it is measured.
    assert [one for one in writes(shell) if one != "pause_promotion"] == [
        "promote",
        "cancel_promotion",
    ]
    promotion = production(shell).promotion
    assert promotion is not None
    assert (promotion.status, promotion.percent) == ("CANCELED", 0)
    report = breached.outcome["report"]
    assert report["actions"][-1] == "cancel"
    (step,) = [one for one in report["steps"] if one["verdicts"]]
    verdicts = {one["check"]: one for one in step["verdicts"]}
    assert {name: one["outcome"] for name, one in verdicts.items()} == {
        "error_rate": "breach",
        "latency p95": "pass",
        "echo well": "pass",
    }
    breach = verdicts["error_rate"]
    assert (breach["value"], breach["bound"]) == (pytest.approx(0.08), 0.02)
    assert (breach["new"]["deployment_id"], breach["old"]["deployment_id"]) == ("other", "old")
    assert breach["new"]["requests"] >= 100
    told = [one for one in breached.records if one["type"] == "event"]
    assert [one["verdict"] for one in told if one["event"] == "measured"][-3:] == step["verdicts"]
    assert [one["policy"] for one in told if one["event"] == "guard_acted"] == ["cancel"]
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| 25 % |")]
    assert len(rows) == 3
    assert "❌ breach" in rows[0]
    assert all(row.count("|") == 7 for row in rows)


async def test_a_guard_goes_on_in_another_process_and_leaves_a_pause_to_a_person(
    shell: Shell, tmp_path: Path
) -> None:
    script = tmp_path / "smoke test"
    script.write_text("exit 0")
    flags = ("--check", f"sh '{script}'", "--unavailable", "1")
    late = await shell.run(*guarded(*flags), "--timeout", "10")
    assert late.status == 11
    continues = shlex.split(late.hinted("wait"))
    assert continues[1:] == [f"--check=sh '{script}'", *SOON, "--unavailable=1"]

    script.write_text("echo no answers; exit 3")
    forgotten = await shell.run("wait", continues[0])
    paused = await shell.run("wait", *continues)

    assert (forgotten.status, paused.status) == (2, 17)
    assert "--no-guard" in forgotten.complaint
    assert "exit status 3: no answers" in paused.complaint
    assert "promotion." not in paused.complaint  # advice for programs
    # On a slow machine, the first pause comes too late for its step.
    assert {*writes(shell)} == {"promote", "pause_promotion"}
    token, *again = shlex.split(paused.hinted("wait"))
    assert (Token.load(token).was_left, again) == (True, continues[1:])
    assert paused.hinted("resume") == paused.hinted("cancel") == token

    resumed = await shell.run("resume", continues[0])
    promotion = production(shell).promotion
    if promotion is not None and promotion.status != "SUCCEEDED":  # by itself, on a slow machine
        production(shell).force_roll_forward()
    live = await shell.run("wait", continues[0], "--no-guard")

    assert (resumed.status, live.status) == (0, 0)


async def test_a_breach_before_a_chain_is_promoted_sends_nothing_and_shows_no_key(
    shell: Shell, tmp_path: Path
) -> None:
    chain = ("promote", "chain", "c", "new", "--to", "production", "--wait", "--json")
    key = tmp_path / "key"
    key.write_text(f"{shell.fake.api_key}\n")
    check = f"echo bad answers: $(cat '{key}') $BASETEN_API_KEY; exit 1"

    with_file = shell.having(BASETEN_API_KEY="another-key")
    breached = valid(await with_file.run(*chain, "--api-key-file", str(key), "--check", check))

    assert breached.status == 16
    assert writes(shell) == []
    (step,) = breached.outcome["report"]["steps"]
    assert step["percent"] == 0
    assert step["verdicts"][0]["reason"] == "exit status 1: bad answers: *** ***"


async def test_ctrl_c_kills_a_check_and_what_it_has_started(shell: Shell, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hangs = f"sleep 60 & echo $! $$ > {pids}; wait"
    chain = ("promote", "chain", "c", "new", "--to", "production", "--wait", "--check", hangs)

    async with shell.running(*chain, "--check-timeout", "10m") as process:
        await until(lambda: pids.exists() and pids.read_text("utf-8").endswith("\n"))
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)

    assert stopped.status == 130
    await until(lambda: not any(map(is_running, pids.read_text("utf-8").split())))


def is_running(pid: str) -> bool:
    """Whether a process runs; one that nobody has awaited yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except FileNotFoundError:
        return False


async def test_a_plan_shows_the_steps_that_the_guard_needs(shell: Shell) -> None:
    planned = await shell.run(*guarded("--check", "true"), "--plan", "--json")

    (plan, _) = planned.records
    assert planned.status == 0
    config = plan["request"]["body"]["promotion_settings_override"]["rolling_deploy_config"]
    assert config["stabilization_time_seconds"] == plan["rolling"]["stabilization_s"] >= 95


@pytest.mark.looptime
async def test_the_scenario_worse_is_taken_back_at_a_quarter_of_the_traffic() -> None:
    fake = FakeBaseten()
    scenarios.worse(fake)
    line = "promote model ranker v2 --to production --wait --max-error-rate 2%"

    async with fake.client() as client:
        ending = await execute(run_of(client, line))

    assert ending.outcome is Outcome.BREACHED
    promotion = fake.model("ranker").environment("production").promotion
    assert promotion is not None
    assert max(state.percent for state in promotion.history) == 25


# --- what to do next -----------------------------------------------------------------------------


def rolled_forward(fake: FakeBaseten) -> None:
    """A colleague gives it all traffic before the guard acts."""
    fake.at(60, fake.model("m").environment("guarded").force_roll_forward)


def refused(fake: FakeBaseten) -> None:
    """It cannot be cancelled."""
    fake.faults.status(503, route="POST /v1/models/m/environments/guarded/cancel_promotion")


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("flags", "trouble", "kinds"),
    [
        ("--on-breach pause", None, ["to resume", "to cancel", "to continue"]),
        ("--on-breach pause", rolled_forward, ["to roll back"]),
        ("--cancel-timeout 9", None, ["to continue"]),
        ("--cancel-timeout 9", refused, ["to continue", "to cancel"]),
        ("", None, []),
    ],
    ids=["paused", "rolled forward", "slow", "refused", "taken back"],
)
async def test_after_a_guard_the_next_commands_stand_instead_of_advice_for_programs(
    flags: str, trouble: Callable[[FakeBaseten], None] | None, kinds: list[str]
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(metrics_lag=1.0))
    furnish(fake)
    fake.model("m").deployment("other").answers(error_share=0.08, from_percent=25)
    rolling = fake.model("m").environment("guarded", current="old", rolling=True)
    rolling.receives(requests_per_second=100)
    line = shlex.join(guarded("--max-error-rate", "2%", *flags.split()))

    async with fake.client() as client:
        run = run_of(client, line.replace("--check-timeout=40 ", ""))
        if trouble is not None:
            trouble(fake)
        ending = await execute(run)

    assert ending.outcome is Outcome.BREACHED
    assert [hint.partition(":")[0] for hint in ending.hints] == kinds
    assert not re.search(r"promotion\.|error\.", ending.message)
    for hint in ending.hints:
        words = shlex.split(hint.partition(":")[2])[1:]
        if words[0] == "wait" and Token.load(words[1]).kind == "model promotion":
            assert "--max-error-rate=2%" in words
        else:
            assert not any("error" in word for word in words)
        parse(words)


# --- flags ---------------------------------------------------------------------------------------

# An argument for each setting, and its value in Python, which is not the default.
SETTINGS: dict[str, tuple[str, Any]] = {
    "window": ("2m", 120.0),
    "lag": ("30s", 30.0),
    "warmup": ("0", 0.0),
    "min_requests": ("0", 0),
    "breaches": ("2", 2),
    "unavailable": ("5", 5),
    "on_breach": ("force-cancel", "force_cancel"),
    "on_unavailable": ("proceed", "proceed"),
    "hold": ("pause", "pause"),
    "bake": ("1h", 3600.0),
    "cancel_timeout": ("5m", 300.0),
}


def guard_of(*flags: str) -> Guard:
    """The guard that some flags make."""
    command = parse([*PROMOTE, *flags])
    assert isinstance(command, Promote)
    assert command.guarding is not None
    assert command.guarding.guard is not None
    return command.guarding.guard


def test_every_setting_of_a_guard_has_a_flag() -> None:
    settings = {one.name for one in attrs.fields(Guard)} - {"checks"}
    assert GUARD_FLAGS.keys() == settings == SETTINGS.keys()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_flag_reaches_the_guard_and_the_others_keep_their_defaults(name: str) -> None:
    argument, value = SETTINGS[name]

    given = attrs.asdict(guard_of("--max-error-rate=2%", flag_name(name), argument))

    usual = attrs.asdict(guard_of("--max-error-rate=2%"))
    assert given.pop(name) == value != usual.pop(name)
    assert given == usual


def test_flags_about_one_metric_make_one_check() -> None:
    guard = guard_of(
        *("--check", "./smoke.sh", "--check-timeout", "2m", "--max-error-rate", "2%"),
        *("--max-latency", "p95=1.5s", "--max-latency", "p50=300ms", "--max-latency", "avg=1"),
        *("--max-regression", "p95=20%", "--max-regression", "error_rate=0.5"),
    )

    assert [(one.name, one.at_most, one.worse_by_at_most) for one in guard.metric_checks] == [
        ("error_rate", 0.02, 0.5),
        ("latency p95", 1.5, 0.2),
        ("latency p50", 0.3, None),
        ("latency avg", 1.0, None),
    ]
    assert [(one.name, one.timeout) for one in guard.own_checks] == [("./smoke.sh", 120.0)]


@pytest.mark.parametrize("text", ["2", "1", "-1%", "nan", "2%%", "", "½"])
def test_a_share_that_may_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(SystemExit) as refused:
        parse([*PROMOTE, f"--max-error-rate={text}"])

    assert refused.value.code == 2
