"""Logs: order, limit, and the range of a request."""

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
async def test_the_newest_lines_come_first_and_the_limit_keeps_the_first_ones(
    fake: FakeBaseten, api: Api, query: str, messages: list[str]
) -> None:
    deployment = fake.model("m1").deployment("d1")
    deployment.log("first")
    await asyncio.sleep(1)
    deployment.log("second")

    lines = (await api(f"GET {LOGS}{query}")).json()["logs"]

    assert [line["message"] for line in lines] == messages


async def test_a_range_of_more_than_a_week_is_refused(fake: FakeBaseten, api: Api) -> None:
    fake.model("m1").deployment("d1")
    week = 7 * 86400 * 1000

    allowed = await api(f"GET {LOGS}?start_epoch_millis=0&end_epoch_millis={week}")
    refused = await api(f"GET {LOGS}?start_epoch_millis=0&end_epoch_millis={week + 1}")

    assert (allowed.status_code, refused.status_code) == (200, 400)


async def test_an_unknown_chainlet_gets_404(fake: FakeBaseten, api: Api) -> None:
    fake.chain("c1").deployment("d1", chainlets=["A"])
    path = "/v1/chains/c1/deployments/d1/chainlets"

    known = await api(f"GET {path}/d1-A/logs")
    unknown = await api(f"GET {path}/d1-B/logs")

    assert (known.status_code, unknown.status_code) == (200, 404)
    assert unknown.json()["message"] == "Chainlet d1-B of deployment d1 was not found."


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("min_level=WARNING", ["out of memory", "slow disk"]),
        ("min_level=ERROR", ["out of memory"]),
        ("replica=ab12c", ["out of memory"]),
        ("request_id=r1", []),
        ("component=queue", []),
        ("search_pattern=^(out|plain)", ["out of memory", "plain"]),
        ("includes=o&includes=disk", ["slow disk"]),
        ("excludes=memory&excludes=disk", ["loading", "plain"]),
        ("includes=Plain", []),
    ],
)
async def test_only_lines_that_fit_the_filters_are_shown(
    fake: FakeBaseten, api: Api, query: str, messages: list[str]
) -> None:
    deployment = fake.model("m1").deployment("d1")
    deployment.log("plain")
    deployment.log("loading", level="INFO")
    deployment.log("slow disk", level="WARNING", replica="zz99z")
    deployment.log("out of memory", level="ERROR", replica="ab12c")

    lines = (await api(f"GET {LOGS}?{query}")).json()["logs"]

    assert [line["message"] for line in lines] == messages


@pytest.mark.parametrize("query", ["min_level=LOUD", "search_pattern=(", "min_level=info"])
async def test_an_invalid_filter_is_refused(fake: FakeBaseten, api: Api, query: str) -> None:
    fake.model("m1").deployment("d1")

    assert (await api(f"GET {LOGS}?{query}")).status_code in (400, 422)
