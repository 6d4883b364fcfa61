"""The fake's startups: attempts of replicas to become ready, with their phases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import FakeBaseten, timelines

pytestmark = pytest.mark.looptime

Api = Callable[..., Awaitable[httpx.Response]]
JANUARY = 1767225600000
WINDOW = f"start_epoch_millis={JANUARY - 10**8}&end_epoch_millis={JANUARY + 10**8}"
STARTUPS = "/v1/models/m1/deployments/d1/startups"


async def read(api: Api, path: str = STARTUPS, query: str = WINDOW) -> Any:
    """The JSON of an answer."""
    answer = await api(f"GET {path}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def phases(item: Any) -> list[tuple[str, str, int, int | None]]:
    """The phases of a startup: name, status, beginning and duration in seconds."""
    return [
        (
            one["phase"],
            one["status"],
            one["offset_ms"] // 1000,
            None if one["duration_ms"] is None else one["duration_ms"] // 1000,
        )
        for one in item["phase_summary"]
    ]


async def test_phases_follow_from_the_statuses(fake: FakeBaseten, api: Api) -> None:
    timeline: timelines.Steps = [
        ("BUILDING", 10),
        ("DEPLOYING", 20),
        ("LOADING_MODEL", 30),
        "ACTIVE",
    ]
    fake.model("m1").deployment("d1", timeline=timeline)
    await asyncio.sleep(40)
    (under_way,) = (await read(api))["items"]
    await asyncio.sleep(40)
    (ready,) = (await read(api))["items"]

    assert (under_way["outcome"], under_way["duration_ms"]) == ("STALLED", 30_000)
    assert under_way["ready_at_epoch_millis"] is None
    assert phases(under_way)[1:] == [("WEIGHT_DOWNLOAD", "COMPLETED", 20, None)]
    assert (ready["outcome"], ready["duration_ms"]) == ("SUCCESS", 50_000)
    assert ready["ready_at_epoch_millis"] == JANUARY + 60_000
    assert phases(ready) == [
        ("SCHEDULING", "COMPLETED", 0, 20),
        ("WEIGHT_DOWNLOAD", "COMPLETED", 20, 30),
    ]


async def test_phases_can_be_scripted(fake: FakeBaseten, api: Api) -> None:
    deployment = fake.model("m1").deployment(
        "d1", timeline=[("DEPLOYING", 20), ("LOADING_MODEL", 30), "DEPLOY_FAILED"]
    )
    deployment.starts(WEIGHT_DOWNLOAD=12, SCHEDULING=5, READINESS=900)
    await asyncio.sleep(60)

    (failed,) = (await read(api))["items"]

    assert failed["outcome"] == "FAILED"
    assert phases(failed) == [
        ("SCHEDULING", "COMPLETED", 0, 5),
        ("WEIGHT_DOWNLOAD", "COMPLETED", 5, 12),
        ("READINESS", "FAILED", 17, None),
    ]


async def test_each_attempt_is_a_startup_and_the_newest_comes_first(
    fake: FakeBaseten, api: Api
) -> None:
    loading = ("LOADING_MODEL", 10)
    fake.model("m1").deployment("d1", timeline=[loading, ("UNHEALTHY", 5), loading, "ACTIVE"])
    await asyncio.sleep(60)

    first = await read(api, query=f"{WINDOW}&limit=1")
    second = await read(api, query=f"{WINDOW}&limit=1&cursor={first['pagination']['cursor']}")

    assert (first["total_count"], first["pagination"]["has_more"]) == (2, True)
    assert (first["items"][0]["outcome"], second["items"][0]["outcome"]) == ("SUCCESS", "FAILED")
    assert second["pagination"] == {"has_more": False, "cursor": None}


async def test_a_summary_has_earlier_startups(fake: FakeBaseten, api: Api) -> None:
    model = fake.model("m1")
    model.deployment("d1").started_before(times=3, IMAGE_PULL=20, WEIGHT_DOWNLOAD=100)
    model.deployment("d1").started_before(times=1, IMAGE_PULL=60, WEIGHT_DOWNLOAD=900)
    model.deployment("d2", on_promote=[("LOADING_MODEL", 40), "ACTIVE"])
    production = model.environment("production", current="d1")
    production.promote("d2")
    await asyncio.sleep(60)

    its = await read(api, f"{STARTUPS}/summary")
    path = "/v1/models/m1/environments/production/startups/summary"
    blended = await read(api, path)

    assert [one["phase"] for one in its["phase_duration_ms"]] == ["IMAGE_PULL", "WEIGHT_DOWNLOAD"]
    download = its["phase_duration_ms"][1]["duration_ms"]
    assert (download["sample_count"], download["p50_ms"], download["p90_ms"]) == (4, 100000, 900000)
    assert its["total_duration_ms"]["mean_ms"] == 330_000
    assert blended["total_duration_ms"]["sample_count"] == 5
    assert blended["phase_duration_ms"][1]["duration_ms"]["mean_ms"] == 248_000


async def test_a_window_without_startups_is_empty(fake: FakeBaseten, api: Api) -> None:
    fake.model("m1").deployment("d1")

    summary = await read(api, f"{STARTUPS}/summary")

    assert (await read(api))["items"] == summary["phase_duration_ms"] == []
    assert set(summary["total_duration_ms"].values()) == {0, None}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("start_epoch_millis=1", 422),
        ("start_epoch_millis=1&end_epoch_millis=1", 400),
        (f"{WINDOW}&limit=0", 422),
        (f"{WINDOW}&limit=101", 422),
        (f"{WINDOW}&min_duration_ms=x", 422),
    ],
)
async def test_queries_that_baseten_refuses_are_refused(
    fake: FakeBaseten, api: Api, query: str, status: int
) -> None:
    fake.model("m1").deployment("d1")

    assert (await api(f"GET {STARTUPS}?{query}")).status_code == status


@pytest.mark.parametrize("wrong", [{"LOADING": 5.0}, {"READINESS": -1.0}], ids=str)
def test_impossible_phases_are_refused(fake: FakeBaseten, wrong: dict[str, float]) -> None:
    deployment = fake.model("m1").deployment("d1")

    with pytest.raises(ValueError, match="WEIGHT_DOWNLOAD"):
        deployment.starts(**wrong)
    with pytest.raises(ValueError, match="WEIGHT_DOWNLOAD"):
        deployment.started_before(times=1, **wrong)
