"""Watching an environment that somebody else promotes to, through the wire."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import NotFoundError
from aiobaseten.events import EnvironmentChanged, Event, Finished, LookFailed
from aiobaseten.testing import FakeBaseten, timelines

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("kind", ["chain", "model"])
async def test_a_watch_reports_each_change_of_a_promotion_that_is_not_ours(
    fake: FakeBaseten, baseten: Baseten, kind: str
) -> None:
    owner = fake.chain("x") if kind == "chain" else fake.model("x")
    owner.deployment("old")
    owner.deployment("new", on_promote=timelines.HEALTHY_PROMOTION)
    theirs = owner.environment("production", current="old")
    handle = baseten.chain("x") if kind == "chain" else baseten.model("x")
    fake.at(30, lambda: theirs.promote("new"))
    seen: list[EnvironmentChanged] = []

    async with handle.environment("production").watch() as events, asyncio.timeout(3600):
        async for event in events:
            assert isinstance(event, EnvironmentChanged)
            seen.append(event)
            if event.reading.current_id == "new" and event.reading.candidate is None:
                break

    readings = [one.reading for one in seen]
    assert all(one != other for one, other in pairwise(readings))
    assert (readings[0].current_id, readings[0].candidate_id) == ("old", None)
    assert 30 <= seen[1].at <= 41
    assert readings[1].candidate_id == "new"
    assert {one.candidate.status for one in readings if one.candidate} >= {"LOADING_MODEL"}
    asked = len(fake.requests)
    await asyncio.sleep(600)
    assert len(fake.requests) == asked  # nothing is left running


async def test_a_watch_survives_an_outage_and_ends_when_baseten_refuses(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("x").deployment("old")
    fake.model("x").environment("production", current="old")
    fake.faults.status(503, after=1, lasting=300)
    fake.at(400, lambda: fake.faults.status(401, times=None))
    seen: list[Event] = []

    async with baseten.model("x").environment("production").watch() as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, Finished):
                break

    assert isinstance(seen[0], EnvironmentChanged)
    assert isinstance(seen[1], LookFailed)
    assert seen[-1].at >= 400
    fake.faults.clear()
    nowhere = baseten.model("x").environment("nowhere").watch()
    with pytest.raises(NotFoundError):
        [one async for one in nowhere]
