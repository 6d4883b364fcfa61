"""The plugin, as those meet it who test their own code with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """import asyncio

pytest_plugins = ["aiobaseten.testing.pytest_plugin"]
# As docs/testing.md says, for looptime where warnings are errors.
asyncio.set_event_loop(None)
"""
SETTINGS = """[pytest]
addopts = -p no:cacheprovider
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A project of somebody who uses us."""
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    return tmp_path


def run(users: Path, tests: str, *arguments: str) -> str:
    """What pytest says about *tests*."""
    (users / "test_theirs.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=users,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "1000", "NO_COLOR": "1"},
    )
    return done.stdout + done.stderr


GOOD = """
import asyncio
import pytest
from aiobaseten.testing import Behaviour


def test_without_a_loop(fake_baseten):
    assert fake_baseten.chain("bot").deployment("v1").status == "ACTIVE"


@pytest.mark.looptime
async def test_in_virtual_time(fake_baseten):
    v2 = fake_baseten.chain("bot").deployment("v2", timeline=[("BUILDING", 3600), "ACTIVE"])
    fake_baseten.faults.status(502)
    async with fake_baseten.client() as baseten:
        await baseten.chain("bot").deployment("v2").wait_until_active(timeout=7200)
    assert v2.history() == [(0, "BUILDING"), (3600, "ACTIVE")]
    assert fake_baseten.requests[0].status == 502


@pytest.mark.parametrize("fake_baseten_options", [{"behaviour": b} for b in Behaviour.plausible()])
async def test_however_baseten_behaves(fake_baseten, fake_baseten_options):
    assert fake_baseten.behaviour == fake_baseten_options["behaviour"]
"""


def test_each_test_gets_a_fake_of_its_own_in_virtual_time_if_asked(users: Path) -> None:
    said = run(users, GOOD)

    assert "26 passed" in said, said


WRONG = """
import pytest
from aiobaseten.errors import ServerError

pytestmark = pytest.mark.looptime


@pytest.fixture
async def baseten(fake_baseten):
    chain = fake_baseten.chain("bot")
    chain.deployment("v1")
    chain.environment("production", current="v1")
    async with fake_baseten.client() as client:
        yield client


async def test_leaves_a_fault_over(fake_baseten, baseten):
    fake_baseten.faults.status(502, times=9, route="GET")
    with pytest.raises(ServerError):
        await baseten.chain("bot").list_deployments()


async def test_leaves_a_plan_over(fake_baseten, baseten):
    fake_baseten.at(60, fake_baseten.chain("bot").environment("production").cancel)


async def test_leaves_something_over_and_fails_anyway(fake_baseten, baseten):
    fake_baseten.faults.reset()
    assert 1 + 1 == 3


async def test_has_a_timeline_that_goes_nowhere(fake_baseten):
    fake_baseten.model("m").deployment("v1", timeline=[("BUILDING", 12), ("DEPLOYING", 2)])


async def test_has_a_step_that_never_ends(fake_baseten):
    fake_baseten.model("m").deployment("v1", timeline=["BUILDING", "ACTIVE"])


async def test_promotes_what_is_not_there(baseten):
    await baseten.chain("bot").environment("production").promote("v2")


async def test_asks_for_a_chain_that_is_not_there(baseten):
    await baseten.chain("robot").list_deployments()


async def test_serves_what_is_not_there(fake_baseten):
    fake_baseten.chain("bot").environment("staging", current="v9")


async def test_breaks_a_route_that_is_not_there(fake_baseten):
    fake_baseten.faults.reset(route="GET /v1/chain/bot")


async def test_gives_another_timeline_to_what_is_there(fake_baseten, baseten):
    fake_baseten.chain("bot").deployment("v1", timeline=["BUILDING"])
"""


def test_wrong_use_fails_the_test_and_says_what_to_do(users: Path) -> None:
    said = run(users, WRONG, "--tb=line", "-rfE")
    summary = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
    told = {
        line.partition("::")[2].partition(" - ")[0]: line.partition(" - ")[2] for line in summary
    }

    assert "8 failed, 2 passed, 2 errors" in said, said
    expected = {
        "test_leaves_a_fault_over": "<status 502 for GET: 4 met, 5 left>. Plan less, or let",
        "test_leaves_a_plan_over": "what is planned with at() waits for a look",
        "test_has_a_timeline_that_goes_nowhere": "add the status that stays, for example 'ACTIVE'",
        "test_has_a_step_that_never_ends": "say how many seconds it takes, ('BUILDING', 30), or",
        "test_promotes_what_is_not_there": "The fake has: v1; add it with .deployment('v2')",
        "test_asks_for_a_chain_that_is_not_there": "The fake has: bot; add it with .chain('robot')",
        "test_serves_what_is_not_there": "The fake has: none; add it with .deployment('v9')",
        "test_breaks_a_route_that_is_not_there": "the nearest that it has: GET /v1/chains",
        "test_gives_another_timeline_to_what_is_there": "change it with its own methods",
        "test_leaves_something_over_and_fails_anyway": "assert (1 + 1) == 3",
    }
    assert {name for name, advice in expected.items() if advice not in told[name]} == set(), told
    assert len(told) == len(expected)


def test_who_does_not_ask_for_it_has_no_fixture_and_imports_nothing(users: Path) -> None:
    (users / "conftest.py").unlink()
    said = run(
        users,
        "import sys\n\ndef test_what_is_imported():\n"
        "    assert [name for name in sys.modules if name.startswith('aiobaseten')] == []\n"
        "    assert 'starlette' not in sys.modules\n"
        "\ndef test_with_the_fixture(fake_baseten):\n    pass\n",
    )

    assert "1 passed, 1 error" in said, said
    assert "fixture 'fake_baseten' not found" in said
