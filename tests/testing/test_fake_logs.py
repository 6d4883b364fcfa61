"""Logs as the fake answers them, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from aiobaseten.testing import FakeBaseten

Api = Callable[..., Awaitable[httpx.Response]]
pytestmark = pytest.mark.looptime

LOGS = "/v1/models/m1/deployments/d1/logs"


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("", ["second", "first"]),
        ("?direction=asc", ["first", "second"]),
        ("?direction=asc&limit=1", ["first"]),
        ("?limit=1", ["second"]),
    ],
)
async def test_the_newest_come_first_and_the_limit_takes_the_first_of_what_comes(
    fake: FakeBaseten, api: Api, query: str, messages: list[str]
) -> None:
    deployment = fake.model("m1").deployment("d1")
    deployment.log("first")
    await asyncio.sleep(1)
    deployment.log("second")

    said = (await api(f"GET {LOGS}{query}")).json()["logs"]

    assert [line["message"] for line in said] == messages


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=many", "direction=up", "end_epoch_millis=now"]
)
async def test_a_query_that_means_nothing_is_invalid(
    fake: FakeBaseten, api: Api, query: str
) -> None:
    fake.model("m1").deployment("d1")

    refused = await api(f"GET {LOGS}?{query}")

    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


async def test_a_window_of_more_than_a_week_is_refused(fake: FakeBaseten, api: Api) -> None:
    fake.model("m1").deployment("d1")
    week = 7 * 86400 * 1000

    allowed = await api(f"GET {LOGS}?start_epoch_millis=0&end_epoch_millis={week}")
    refused = await api(f"GET {LOGS}?start_epoch_millis=0&end_epoch_millis={week + 1}")

    assert (allowed.status_code, refused.status_code) == (200, 400)


async def test_a_chainlet_that_is_not_there_writes_no_log(fake: FakeBaseten) -> None:
    made = fake.chain("c1").deployment("d1", chainlets=["A", "B"])

    with pytest.raises(ValueError, match="d1 has no chainlet 'C'"):
        made.log("hello", chainlet="C")
    assert made.lines("A") == []
