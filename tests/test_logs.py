"""Reading the log of a deployment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import BadRequestError, ConfigurationError, NotFoundError
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
