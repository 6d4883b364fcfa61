"""The commands except promote: look, wait, interfere, roll back."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

import aiobaseten
from aiobaseten.cli import main

from .command import Shell, ended, line_with, until


async def test_status_shows_current_deployment_candidate_and_each_chainlet(shell: Shell) -> None:
    chain = shell.fake.chain("bot")
    chain.deployment("v1", chainlets=["Ingest", "Answer"])
    chain.deployment("v2", on_promote={"Ingest": "ACTIVE", "Answer": "LOADING_MODEL"},
                     chainlets=["Ingest", "Answer"])  # fmt: skip
    chain.environment("production", current="v1").promote("v2")

    shown = await shell.run("status", "chain", "bot", "production")

    assert shown.out.splitlines() == [
        "production of chain bot",
        "  current    v1  ACTIVE",
        "    chainlet Ingest  ACTIVE",
        "    chainlet Answer  ACTIVE",
        "  candidate  v2  LOADING_MODEL",
        "    chainlet Ingest  ACTIVE",
        "    chainlet Answer  LOADING_MODEL",
        "  promotion  RELEASING",
        "  traffic    0 % on the candidate",
    ]


async def test_status_after_a_promotion_shows_what_serves(shell: Shell) -> None:
    begun = await shell.run("promote", "model", "m", "new", "--to", "production", "-q")
    assert (await shell.run("wait", begun.out.strip())).status == 0

    shown = await shell.run("status", "model", "m", "production")

    assert shown.out.splitlines() == [
        "production of model m",
        "  current    new  ACTIVE",
        "  candidate  none",
        "  promotion  SUCCEEDED",
        "  traffic    100 % on the current deployment",
    ]


async def test_status_of_an_environment_that_serves_nothing_shows_no_traffic(shell: Shell) -> None:
    shown = await shell.run("status", "model", "m", "restricted")

    assert shown.out.splitlines()[1:] == [
        "  current    none",
        "  candidate  none",
        "  promotion  none",
    ]


async def test_list_shows_environments_and_deployments(shell: Shell) -> None:
    listed = await shell.run("list", "model", "m")

    rows = [line.split() for line in listed.out.splitlines()]
    assert ["production", "old", "-", "-"] in rows
    assert ["restricted", "-", "-", "-"] in rows
    assert [row[:4] for row in rows if row[:1] == ["old"]] == [
        ["old", "old", "ACTIVE", "production"]
    ]


async def test_waiting_for_a_deployment_can_wake_it(shell: Shell) -> None:
    shell.fake.model("m").deployment("asleep", status="SCALED_TO_ZERO")

    woken, failed = await asyncio.gather(
        shell.run("wait", "model", "m", "asleep", "--wake", "--settling-time", "0", "--json"),
        shell.run("wait", "chain", "c", "nope"),
    )

    assert woken.status == 0
    assert "deployment_woken" in [one.get("event") for one in woken.records]
    assert failed.status == 4


async def test_a_deployment_that_failed_ends_a_wait_for_it_with_10(shell: Shell) -> None:
    shell.fake.chain("c").deployment("bad", status="DEPLOY_FAILED")

    failed = await shell.run("wait", "chain", "c", "bad", "--json")

    assert failed.status == 10
    assert failed.outcome["failed_chainlets"]


async def test_a_promotion_is_paused_resumed_and_finished_by_its_token(shell: Shell) -> None:
    environment = shell.fake.model("m").environment("production")
    begun = await shell.run("promote", "model", "m", "stuck", "--to", "production", "-q")
    token = begun.out.strip()

    assert (await shell.run("pause", token)).status == 0
    assert (await shell.run("resume", "model", "m", "production")).status == 0
    forced = await shell.run("roll-forward", token)

    assert forced.status == 0
    assert environment.current is not None
    assert environment.current.id == "stuck"


async def test_cancel_waits_until_the_previous_deployment_gets_all_traffic(shell: Shell) -> None:
    shell.fake.model("m").environment("production").promote("stuck")

    cancelled = await shell.run("cancel", "model", "m", "production", "--force", "--wait", "--json")

    assert cancelled.status == 0
    assert (cancelled.outcome["task"], cancelled.outcome["outcome"]) == ("cancellation", "done")
    current = shell.fake.model("m").environment("production").current
    assert current is not None
    assert current.id == "old"


async def test_roll_forward_needs_no_token(
    shell: Shell,
) -> None:
    environment = shell.fake.model("m").environment("production")
    environment.promote("stuck")

    forced = await shell.run("roll-forward", "model", "m", "production")

    assert forced.status == 0
    assert environment.current is not None
    assert environment.current.id == "stuck"


async def test_a_forced_cancellation_by_a_token_is_one_request(shell: Shell) -> None:
    begun = await shell.run("promote", "model", "m", "stuck", "--to", "production", "-q")

    cancelled = await shell.run("cancel", begun.out.strip(), "--force")

    assert cancelled.status == 0
    assert [one.path.rpartition("/")[2] for one in shell.fake.requests if one.method == "POST"] == [
        "promote",
        "force_cancel_promotion",
    ]


async def test_a_promotion_that_is_being_cancelled_cannot_be_paused(shell: Shell) -> None:
    environment = shell.fake.model("m").environment("production")
    environment.promote("new", override={"ramp": [(25, 300), (75, 300)]})
    await until(lambda: environment.promotion is not None and environment.promotion.percent > 0)
    environment.cancel()

    refused = await shell.run("pause", "model", "m", "production")

    assert refused.status == 14
    assert "nothing was sent" in refused.complaint


async def test_the_token_of_a_cancellation_leads_to_its_environment(shell: Shell) -> None:
    shell.fake.model("m").environment("production").promote("stuck")
    begun = await shell.run("cancel", "model", "m", "production", "-q")

    paused = await shell.run("pause", begun.out.strip())

    assert paused.status == 5
    assert [one.path.rpartition("/")[2] for one in shell.fake.requests if one.method == "POST"] == [
        "cancel_promotion",
        "pause_promotion",
    ]


async def test_a_cancellation_has_a_token_of_its_own(shell: Shell) -> None:
    shell.fake.model("m").environment("production").promote("stuck")

    begun = await shell.run("cancel", "model", "m", "production", "-q")
    over = await shell.run("wait", begun.out.strip(), "--json")

    assert (begun.status, over.status) == (0, 0)
    assert over.outcome["task"] == "cancellation"


async def test_rollback_promotes_the_previous_deployment(shell: Shell) -> None:
    environment = shell.fake.chain("c").environment("production")
    async with shell.running(
        "promote", "chain", "c", "other", "--to", "production", "--wait"
    ) as process:
        token = (await line_with("token: ", process.stdout)).split()[-1]
        assert (await ended(process)).status == 0

    back = await shell.run("rollback", token, "--wait", "--json")

    assert back.status == 0
    assert back.outcome["deployment"] == "old"
    assert environment.current is not None
    assert environment.current.id == "old"


async def test_promote_can_wait_for_the_end_of_another_promotion(shell: Shell) -> None:
    shell.fake.chain("c").environment("production").promote("new")

    promoted = await shell.run(
        "promote", "chain", "c", "other", "--to", "production", "--if-in-progress", "wait", "--wait"
    )

    assert promoted.status == 0
    environment = shell.fake.chain("c").environment("production")
    assert [one.candidate.id for one in environment.promotions] == ["new", "other"]


def test_help_loads_no_http_client_and_a_pipeline_loads_no_rich() -> None:
    program = (
        "import sys\n"
        "from aiobaseten.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx', 'attr', 'asyncio', 'rich'} & sys.modules.keys()\n"
        "try: main(['promote', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy |= {'httpx', 'rich'} & sys.modules.keys()\n"
        "import aiobaseten.cli._session\n"
        # Where click is installed, httpx itself loads rich.
        "print('loaded:', *heavy, *({'aiobaseten.cli._live'} & sys.modules.keys()))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )

    assert found.stdout.splitlines()[-1].strip() == "loaded:"


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_that_of_the_library(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([flag])

    assert not ended.value.code
    assert capsys.readouterr().out == f"aiobaseten {aiobaseten.__version__}\n"


async def test_the_package_itself_is_the_command(shell: Shell) -> None:
    words = (sys.executable, "-m", "aiobaseten", "list", "chain", "c")

    async with shell.started(*words) as process:
        listed = await ended(process)

    assert (listed.status, listed.err) == (0, "")
    assert listed.out.startswith("chain c\n")
