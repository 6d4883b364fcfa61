"""Parked waits keep little in memory."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Coroutine
from typing import Any, Literal

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import WaitTimeoutError
from aiobaseten.readings import DeploymentReading
from aiobaseten.testing import FakeBaseten

from ..story import promote, set_up

pytestmark = pytest.mark.looptime


async def test_parked_waits_keep_no_reading_that_is_too_old_to_be_shared(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    deployments = [baseten.model("m1").deployment(f"d{number}") for number in range(40)]
    for one in deployments:
        fake.model("m1").deployment(one.id, status="BUILDING")
    waits = [asyncio.ensure_future(one.wait_until_active(timeout=90)) for one in deployments]
    await asyncio.sleep(60)

    gc.collect()
    kept = sum(isinstance(one, DeploymentReading) for one in gc.get_objects())
    outcomes = await asyncio.gather(*waits, return_exceptions=True)

    # Those of the last two seconds, at five looks a second.
    assert kept <= 12
    assert all(
        isinstance(one, WaitTimeoutError) and one.last_seen.status == "BUILDING" for one in outcomes
    )


async def start(
    fake: FakeBaseten, baseten: Baseten, what: Literal["model", "chain", "promotion"]
) -> Coroutine[Any, Any, Any]:
    """A wait for something that is never ready."""
    if what == "promotion":
        set_up(fake, "model", "BUILDING")
        return (await promote(baseten, "model")).wait()
    if what == "model":
        fake.model("m1").deployment("d1", status="BUILDING")
        return baseten.model("m1").deployment("d1").wait_until_active()
    fake.chain("c1").deployment("d1", status="BUILDING")
    return baseten.chain("c1").deployment("d1").wait_until_active()


@pytest.mark.parametrize("what", ["model", "chain", "promotion"])
async def test_a_parked_wait_is_one_coroutine_and_looks_no_more_once_that_is_closed(
    fake: FakeBaseten, baseten: Baseten, what: Literal["model", "chain", "promotion"]
) -> None:
    wait = await start(fake, baseten, what)
    wait.send(None)
    await asyncio.sleep(30)
    looks = len(fake.requests)

    assert looks > 1
    assert inspect.iscoroutine(wait)
    assert wait.cr_await is not None
    assert not inspect.iscoroutine(wait.cr_await)
    wait.close()
    await asyncio.sleep(600)
    assert len(fake.requests) == looks
