"""Reading the log of a deployment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    ServerError,
)
from aiobaseten.logs import LogOptions
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime

STARTED = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def fake() -> FakeBaseten:
    """A fake with a model and a chain."""
    fake = FakeBaseten(started=STARTED)
    fake.model("m1").deployment("d1")
    fake.chain("c1").deployment("d1", chainlets=["Transcribe", "Answer"])
    return fake


async def test_lines_come_oldest_first(fake: FakeBaseten, baseten: Baseten) -> None:
    log = fake.model("m1").deployment("d1").log
    log("loading weights")
    log("out of memory", level="ERROR", replica="ab12c")

    lines = await baseten.model("m1").deployment("d1").logs()

    assert [line.message for line in lines] == ["loading weights", "out of memory"]
    assert (lines[1].level, lines[1].replica) == ("ERROR", "ab12c")
    assert int(lines[0].timestamp) == int(STARTED.timestamp()) * 10**9


async def test_a_limit_leaves_the_newest(fake: FakeBaseten, baseten: Baseten) -> None:
    for number in range(9):
        fake.model("m1").deployment("d1").log(f"line {number}")

    lines = await baseten.model("m1").deployment("d1").logs(limit=2)

    assert [line.message for line in lines] == ["line 7", "line 8"]


async def test_a_window_is_asked_for_in_milliseconds(fake: FakeBaseten, baseten: Baseten) -> None:
    for minute in range(0, 120, 30):
        fake.at(60.0 * minute, partial(fake.model("m1").deployment("d1").log, f"{minute}"))
    await asyncio.sleep(7000)

    lines = (
        await baseten.model("m1")
        .deployment("d1")
        .logs(start=STARTED + timedelta(minutes=25), end=STARTED + timedelta(minutes=65))
    )

    assert [line.message for line in lines] == ["30", "60"]
    assert fake.requests[-1].query == (
        "start_epoch_millis=1772367900000&end_epoch_millis=1772370300000&direction=desc&limit=500"
    )


async def test_without_a_window_it_is_the_last_half_hour(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("m1").deployment("d1").log("early")
    await asyncio.sleep(1801)

    assert await baseten.model("m1").deployment("d1").logs() == []


async def test_each_chainlet_has_a_log_of_its_own(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.chain("c1").deployment("d1").log("starting")
    fake.chain("c1").deployment("d1").log("ready", chainlet="Answer")
    deployment = baseten.chain("c1").deployment("d1")

    said = {
        one.name: [line.message for line in await deployment.logs(one.id)]
        for one in (await deployment.get()).chainlets
    }

    assert said == {"Transcribe": ["starting"], "Answer": ["starting", "ready"]}


async def test_a_missing_deployment_has_no_log(baseten: Baseten) -> None:
    with pytest.raises(NotFoundError):
        await baseten.model("m1").deployment("nope").logs()
    with pytest.raises(NotFoundError):
        await baseten.chain("c1").deployment("d1").logs("nope")


@pytest.mark.parametrize(
    "wrong",
    [{"limit": 0}, {"limit": True}, {"start": datetime(2026, 3, 1)}, {"end": 5}],
    ids=str,
)
async def test_invalid_arguments_are_refused_before_anything_is_sent(
    fake: FakeBaseten, baseten: Baseten, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        await baseten.model("m1").deployment("d1").logs(**wrong)

    with pytest.raises(ConfigurationError, match="chainlet_id"):
        await baseten.chain("c1").deployment("d1").logs("a/b")
    assert fake.requests == []


async def test_limits_of_baseten_are_left_to_baseten(baseten: Baseten) -> None:
    deployment = baseten.model("m1").deployment("d1")

    with pytest.raises(BadRequestError):
        await deployment.logs(limit=1001)
    with pytest.raises(BadRequestError):
        await deployment.logs(start=STARTED - timedelta(days=8))


async def test_every_filter_is_sent_and_honoured(fake: FakeBaseten, baseten: Baseten) -> None:
    log = fake.model("m1").deployment("d1").log
    log(
        "CUDA out of memory",
        level="ERROR",
        replica="ab12c",
        request_id="r1",
        component="engine",
    )
    for noise in ("CUDA fine", "out of memory, twice"):
        log(noise)
    log("CUDA out of memory")
    options: LogOptions = {
        "min_level": "WARNING",
        "replica": "ab12c",
        "request_id": "r1",
        "component": "engine",
        "search_pattern": "out of .emory",
        "includes": ["CUDA", "memory"],
        "excludes": ["twice", "three times"],
    }

    (line,) = await baseten.model("m1").deployment("d1").logs(**options)

    assert (line.level, line.request_id) == ("ERROR", "r1")
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            assert (name, str(one)) in parse_qsl(fake.requests[0].query)


@pytest.mark.parametrize(
    "options",
    [
        {"min_level": "error"},
        {"replica": ""},
        {"search_pattern": 7},
        {"includes": "CUDA"},
        {"excludes": []},
        {"includes": ["x"] * 9},
        {"follow": "yes"},
        {"follow": True, "end": STARTED},
    ],
)
async def test_an_invalid_filter_is_refused_before_any_request(
    fake: FakeBaseten, baseten: Baseten, options: Any
) -> None:
    for handle in (baseten.model("m1").deployment("d1"), baseten.model("m1").environment("e")):
        with pytest.raises(ConfigurationError):
            await handle.logs(**options)

    assert not fake.requests


async def test_the_log_of_an_environment_has_lines_of_both_sides_of_a_promotion(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = fake.model("m1")
    model.deployment("d2").log("not promoted yet")
    production = model.environment("production", current="d1")
    await asyncio.sleep(10)
    production.promote("d2")
    model.deployment("d1").log("still serves")
    model.deployment("d2").log("will serve")
    await asyncio.sleep(60)
    model.deployment("d1").log("serves no more")
    model.deployment("d2").log("serves")

    lines = await baseten.model("m1").environment("production").logs()

    assert [line.message for line in lines] == ["still serves", "will serve", "serves"]


# --- following -----------------------------------------------------------------------------------


async def test_a_followed_log_goes_on_through_trouble_without_duplicates(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    log = fake.model("m1").deployment("d1").log
    for number in range(40):
        fake.at(number * 2.0, partial(log, f"line {number}"))
    route = "GET /v1/models/{model_id}/deployments/{deployment_id}/logs"
    fake.faults.reset(route=route, after=2)
    fake.faults.status(503, route=route, after=4, times=2)
    fake.faults.rate_limited(retry_after=5, route=route, after=5)
    seen: list[str] = []

    async for line in baseten.model("m1").deployment("d1").logs(follow=True):
        seen.append(line.message)
        if len(seen) == 40:
            break

    assert seen == [f"line {number}" for number in range(40)]
    assert fake.now < 90


async def test_a_follower_that_was_cancelled_or_failed_goes_on_where_it_was(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("m1").environment("production", current="d1")
    log = fake.model("m1").deployment("d1").log
    log("first")
    lines = baseten.model("m1").environment("production").logs(follow=True)
    assert (await anext(lines)).message == "first"
    before = asyncio.all_tasks()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(lines), 7)
    assert asyncio.all_tasks() == before
    log("second")
    fake.faults.status(500, times=4)
    with pytest.raises(ServerError):
        await anext(lines)
    log("third")

    assert [(await anext(lines)).message for _ in range(2)] == ["second", "third"]


async def test_the_log_of_a_chainlet_is_followed_too(fake: FakeBaseten, baseten: Baseten) -> None:
    log = fake.chain("c1").deployment("d1").log
    lines = baseten.chain("c1").deployment("d1").logs("d1-Answer", follow=True, includes=["warm"])
    fake.at(20, partial(log, "warm", chainlet="Answer"))
    fake.at(20, partial(log, "warm", chainlet="Transcribe"))

    assert (await anext(lines)).message == "warm"
    assert len(fake.requests) <= 6
