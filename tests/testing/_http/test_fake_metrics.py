"""The fake's metrics: scripted traffic, divided by promotions, seen late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment

pytestmark = pytest.mark.looptime

Api = Callable[..., Awaitable[httpx.Response]]
REQUESTS = "baseten_inference_requests_total"
LATENCY = "baseten_end_to_end_response_time_seconds"
DEPLOYMENTS = "/v1/models/m1/deployments"


def set_up(fake: FakeBaseten, **environment: Any) -> FakeEnvironment:
    """A model that receives ten requests a second, and a deployment to promote."""
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new").answers(error_share=0.5, from_percent=50)
    production = model.environment("production", current="old", traffic_delay=0, **environment)
    production.receives(requests_per_second=10)
    return production


async def counted(api: Api, path: str, **query: str) -> dict[str, float | None]:
    """The number of requests by status, in the last hour unless the query says otherwise."""
    found = await read(api, path, metrics=REQUESTS, **query)
    statuses = [one["status"] for one in found["metric_descriptors"][0]["label_sets"]]
    (values,) = found["metric_values"]
    return dict(zip(statuses, values["values"][0], strict=True))


async def read(api: Api, path: str, **query: str) -> Any:
    """The JSON of a SUMMARY, unless the query says otherwise."""
    asked = "&".join(f"{name}={value}" for name, value in {"mode": "SUMMARY", **query}.items())
    answer = await api(f"GET {path}/metrics?{asked}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_requests_are_divided_as_a_promotion_divides_the_traffic(
    fake: FakeBaseten, api: Api
) -> None:
    production = set_up(fake, ramp=[(25, 100), (50, 100)])
    production.promote("new")
    await asyncio.sleep(250 + 90)

    # 100 s with 25 %, 100 s with 50 %, 50 s with all: half of them fail from 50 % on.
    assert await counted(api, f"{DEPLOYMENTS}/new") == {"200": 750, "500": 500}
    # Before the fake's time began, all requests went to the old one.
    assert await counted(api, f"{DEPLOYMENTS}/old") == {"200": (3600 - 340) * 10 + 1250}
    both = await counted(api, "/v1/models/m1/environments/production")
    assert both == {"200": 34600, "500": 500}


async def test_requests_go_back_with_the_traffic(fake: FakeBaseten, api: Api) -> None:
    production = set_up(fake, ramp=[(50, 100)])
    production.promote("new")
    fake.at(50, production.force_cancel)
    await asyncio.sleep(1000)

    assert await counted(api, f"{DEPLOYMENTS}/new") == {"200": 125, "500": 125}


async def test_a_copy_answers_like_the_deployment_that_it_was_made_from() -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="new"))
    production = set_up(fake)
    candidate = production.promote("new")
    await asyncio.sleep(100)
    fake.model("m1").deployment("new").answers(error_share=1.0)

    assert candidate.id != "new"
    assert candidate.answers_at(fake.now, 100.0).error_share == 1.0


async def test_a_request_is_seen_late(fake: FakeBaseten, api: Api) -> None:
    production = set_up(fake)
    await asyncio.sleep(100)
    production.receives(requests_per_second=0)
    begin = str(1767225600000 + 60_000)

    seen = []
    for _ in range(4):
        seen.append(await counted(api, f"{DEPLOYMENTS}/old", start_epoch_millis=begin))
        await asyncio.sleep(30)

    assert seen == [{"200": 0}, {"200": 0}, {"200": 100}, {"200": 400}]


async def test_response_times_are_those_of_all_requests_in_the_window(
    fake: FakeBaseten, api: Api
) -> None:
    set_up(fake)
    fake.model("m1").deployment("old").answers(latency={"p50": 0.1, "p95": 2.0, "p99": 9.0})

    found = await read(api, f"{DEPLOYMENTS}/old", metrics=LATENCY)

    (descriptor,) = found["metric_descriptors"]
    assert descriptor["label_sets"][2:] == [
        {"quantile": "0.95"},
        {"quantile": "0.99"},
        {"stat": "avg"},
    ]
    assert found["metric_values"][0]["values"] == [[0.1, 2.0, 2.0, 9.0, 1.4]]


async def test_a_series_of_an_environment_has_a_new_step_at_each_promotion(
    fake: FakeBaseten, api: Api
) -> None:
    set_up(fake, rolling=False).promote("new")
    await asyncio.sleep(600)
    path = "/v1/models/m1/environments/production"

    begin = 1767225600000 - 10_000
    found = await read(api, path, mode="SERIES", start_epoch_millis=str(begin))

    starts = [one["start_epoch_millis"] - begin for one in found["metric_values"]]
    assert starts[:3] == [0, 10_000, 30_000]
    assert found["step_seconds"] == 30


@pytest.mark.parametrize(
    ("behaviour", "with_requests", "without"),
    [
        (Behaviour(), {"200", "500"}, {"200": 0}),
        (Behaviour(metrics_statuses="class"), {"2xx", "5xx"}, {"2xx": 0}),
        (Behaviour(metrics_without_requests="null"), {"200", "500"}, {"200": None}),
        (Behaviour(metrics_without_requests="absent"), {"200", "500"}, {}),
        (Behaviour(metrics_lag=1e6), {"200"}, {"200": 0}),
    ],
    ids=["default", "classes", "null", "absent", "late"],
)
async def test_series_look_as_the_behaviour_says(
    behaviour: Behaviour, with_requests: set[str], without: dict[str, float | None]
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    set_up(fake)
    fake.model("m1").deployment("old").answers(error_share=0.1)
    key = {"Authorization": "Api-Key test-key"}
    async with httpx.AsyncClient(
        transport=fake.transport(), base_url="http://fake", headers=key
    ) as client:

        async def api(line: str) -> httpx.Response:
            return await client.get(line.removeprefix("GET "))

        assert (await counted(api, f"{DEPLOYMENTS}/old")).keys() == with_requests
        assert await counted(api, f"{DEPLOYMENTS}/new") == without


async def test_more_requests_a_minute_than_allowed_get_429() -> None:
    fake = FakeBaseten(behaviour=Behaviour(metrics_per_minute=2))
    set_up(fake)
    async with httpx.AsyncClient(
        transport=fake.transport(),
        base_url="http://fake",
        headers={"Authorization": "Api-Key test-key"},
    ) as client:
        answers = [await client.get(f"{DEPLOYMENTS}/old/metrics") for _ in range(3)]
        await asyncio.sleep(60)
        answers.append(await client.get(f"{DEPLOYMENTS}/old/metrics"))
        answers.append(await client.get(f"{DEPLOYMENTS}/old"))

    assert [one.status_code for one in answers] == [200, 200, 429, 200, 200]
    assert answers[2].json()["retry_after"] == 60


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("mode=summary", 422),
        ("metrics=requests", 400),
        ("start_epoch_millis=1", 400),
        ("mode=SUMMARY&start_epoch_millis=1", 400),
        ("mode=SUMMARY&end_epoch_millis=now", 422),
        (f"mode=SUMMARY&start_epoch_millis={10**13}", 400),
        ("metrics=baseten_gpu_utilization", 200),
    ],
)
async def test_queries_that_baseten_refuses_are_refused(
    fake: FakeBaseten, api: Api, query: str, status: int
) -> None:
    set_up(fake)

    assert (await api(f"GET {DEPLOYMENTS}/old/metrics?{query}")).status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"error_share": 1.1},
        {"from_percent": -1},
        {"latency": -0.1},
        {"latency": {"p95": 0.1, "p50": 0.2}},
        {"latency": {"p42": 0.1}},
        {"latency": {}},
    ],
    ids=str,
)
def test_impossible_answers_are_refused(fake: FakeBaseten, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        fake.model("m1").deployment("d1").answers(**wrong)
    with pytest.raises(ValueError, match="requests_per_second"):
        fake.model("m1").environment("production").receives(requests_per_second=-1)
