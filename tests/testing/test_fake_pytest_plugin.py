"""The pytest plugin, as users see it in tests of their own code."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from aiobaseten.testing import Behaviour

PLUGIN = 'pytest_plugins = ["aiobaseten.testing.pytest_plugin"]'
CONFTEST = f"""import asyncio

{PLUGIN}
# As docs/testing.md says, for looptime where warnings are errors.
asyncio.set_event_loop(None)
"""
SETTINGS = """[pytest]
addopts = -p no:cacheprovider
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


# The plugins that users need, without the others that are installed here.
PLUGINS = ["-p", "asyncio", "-p", "looptime_plugin"]


def run(folder: Path, files: dict[str, str], plugins: list[str] = PLUGINS) -> str:
    """The output of pytest for the *files* of a user."""
    for name, text in files.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "--tb=line", "-rfE"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "COLUMNS": "1000",
            "NO_COLOR": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
    )
    return done.stdout + done.stderr


GOOD = """
import asyncio
import pytest

from aiobaseten.testing import Behaviour
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


WRONG = """
import pytest

from aiobaseten.testing import Behaviour
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


EXPECTED = {
    "test_leaves_a_fault_over": "<status 502 for GET: 4 hit, 5 left>. Plan less, or let",
    "test_leaves_a_plan_over": "an action planned with at() runs when somebody reads",
    "test_has_a_timeline_that_goes_nowhere": "add the status that stays, for example 'ACTIVE'",
    "test_has_a_step_that_never_ends": "say how many seconds it takes, ('BUILDING', 30), or",
    "test_promotes_what_is_not_there": "The fake has: v1; add it with .deployment('v2')",
    "test_asks_for_a_chain_that_is_not_there": "The fake has: bot; add it with .chain('robot')",
    "test_serves_what_is_not_there": "The fake has: none; add it with .deployment('v9')",
    "test_breaks_a_route_that_is_not_there": "the nearest are: GET /v1/chains",
    "test_gives_another_timeline_to_what_is_there": "change it with its own methods",
    "test_leaves_something_over_and_fails_anyway": "assert (1 + 1) == 3",
}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of pytest for all files of the user."""
    files = {"conftest.py": CONFTEST, "pytest.ini": SETTINGS}
    tests = {"test_good.py": GOOD, "test_wrong.py": WRONG}
    return run(tmp_path_factory.mktemp("theirs"), files | tests)


def test_each_test_gets_its_own_fake_and_virtual_time_on_request(output: str) -> None:
    # Two of the wrong tests pass before their leftovers are found.
    passed = 4 + len(list(Behaviour.plausible()))
    assert f"8 failed, {passed} passed, 2 errors" in output, output
    assert "FAILED test_good.py" not in output


def test_wrong_use_fails_the_test_with_advice(output: str) -> None:
    summary = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    told = {
        line.partition("::")[2].partition(" - ")[0]: line.partition(" - ")[2] for line in summary
    }

    assert {name for name, advice in EXPECTED.items() if advice not in told[name]} == set(), told
    assert len(told) == len(EXPECTED)


def test_without_the_plugin_there_is_no_fixture_and_no_import(tmp_path: Path) -> None:
    theirs = """
import sys

def test_imports():
    assert [name for name in sys.modules if name.startswith("aiobaseten")] == []
    assert "starlette" not in sys.modules

def test_with_the_fixture(fake_baseten):
    pass
"""
    without = CONFTEST.replace(PLUGIN, "")
    output = run(
        tmp_path, {"conftest.py": without, "test_theirs.py": theirs, "pytest.ini": SETTINGS}
    )

    assert "1 passed, 1 error" in output, output
    assert "fixture 'fake_baseten' not found" in output
    ours = [one for one in entry_points(group="pytest11") if "aiobaseten" in one.value]
    assert ours == []


VIRTUAL = """
import asyncio
import pytest

from aiobaseten.testing import Behaviour


@pytest.mark.looptime
async def test_of_an_hour(fake_baseten):
    await asyncio.sleep(3600)
"""


def test_a_test_marked_looptime_fails_at_once_without_looptime(
    tmp_path: Path,
) -> None:
    files = {
        "conftest.py": PLUGIN,
        "pytest.ini": "[pytest]\nasyncio_mode = auto\n",
        "test_it.py": VIRTUAL,
    }

    output = run(tmp_path, files, plugins=["-p", "asyncio"])

    assert "this test is marked looptime: pip install looptime" in output
