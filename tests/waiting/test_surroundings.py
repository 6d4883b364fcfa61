"""The surroundings of a wait: task factories, contexts, loggers, forks, streams left early."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    fake.model("m1").deployment("d1", timeline=[("BUILDING", 60.0), "ACTIVE"])
    return fake


def looks(fake: FakeBaseten) -> int:
    return len(fake.requests)


# --- task factories ------------------------------------------------------------------------------


def without_context(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]
) -> asyncio.Task[Any]:
    """A task factory of the time before tasks had contexts."""
    return asyncio.Task(coroutine, loop=loop)


FACTORIES: list[Callable[..., asyncio.Task[Any]]] = [without_context]
if sys.version_info >= (3, 12):
    FACTORIES.append(asyncio.eager_task_factory)


@pytest.mark.parametrize("factory", FACTORIES, ids=["without a context", "eager"][: len(FACTORIES)])
async def test_a_wait_succeeds_whatever_makes_the_tasks(
    factory: Callable[..., asyncio.Task[Any]], fake: FakeBaseten, baseten: Baseten
) -> None:
    loop = asyncio.get_running_loop()
    deployment = baseten.model("m1").deployment("d1")

    loop.set_task_factory(factory)
    try:
        waits = [asyncio.ensure_future(deployment.wait_until_active()) for _ in range(3)]
        read = await deployment.get()
        live = await asyncio.gather(*waits)
    finally:
        loop.set_task_factory(None)

    assert {one.id for one in (read, *live)} == {"d1"}


# --- contexts ------------------------------------------------------------------------------------


async def test_looks_run_in_nobodys_context(fake: FakeBaseten) -> None:
    who = contextvars.ContextVar("who", default="nobody")
    seen: list[str] = []

    async def hook(_: httpx.Request) -> None:
        seen.append(who.get())

    async with (
        httpx.AsyncClient(transport=fake.transport(), event_hooks={"request": [hook]}) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        who.set("the caller")
        await baseten.model("m1").deployment("d1").get()
        await baseten.model("m1").deployment("d1").wait_until_active()

    assert seen[0] == "the caller"
    assert len(seen) > 3
    assert set(seen[1:]) == {"nobody"}


# --- loggers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
async def test_httpx_logs_calls_and_logs_looks_only_for_debugging(
    level: int, fake: FakeBaseten, baseten: Baseten, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level, logger="httpx")

    await baseten.model("m1").deployment("d1").get()
    await baseten.model("m1").deployment("d1").wait_until_active()
    await baseten.model("m1").deployment("d1").get()

    lines = [record for record in caplog.records if record.name == "httpx"]
    assert len(lines) == (2 if level == logging.INFO else looks(fake))


# --- streams -------------------------------------------------------------------------------------


async def test_a_block_of_events_that_is_left_early_stops_looking(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    async with baseten.model("m1").deployment("d1").events() as events:
        async for _ in events:
            break
    before = looks(fake)

    await asyncio.sleep(50)

    assert looks(fake) == before
    assert [event async for event in events] == []


async def test_events_may_be_closed_twice_and_without_a_look(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    events = baseten.model("m1").deployment("d1").events()

    await events.aclose()
    await events.aclose()

    assert looks(fake) == 0


async def test_an_error_in_a_block_of_events_gets_out(baseten: Baseten) -> None:
    async def fail() -> None:
        async with baseten.model("m1").deployment("d1").events() as events:
            await anext(events)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()


# --- forks ---------------------------------------------------------------------------------------

FORKING = """
import os, sys
from aiobaseten.options import LoopClock
clock = LoopClock()
for _ in range(2):
    if os.fork() == 0:
        print(clock.random(), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_workers_that_are_forked_from_one_process_do_not_look_in_step() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORKING], check=True, capture_output=True, text=True
    )

    one, other = run.stdout.split()
    assert one != other
