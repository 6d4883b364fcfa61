"""Parked waits keep little in memory."""

from __future__ import annotations

import asyncio
import gc

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import WaitTimeoutError
from aiobaseten.readings import DeploymentReading
from aiobaseten.testing import FakeBaseten

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
