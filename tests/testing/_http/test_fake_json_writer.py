"""The JSON of chains, models, deployments and environments: every documented field."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from aiobaseten.testing import FakeBaseten

Api = Callable[..., Awaitable[httpx.Response]]
both_ways = pytest.mark.parametrize("way_in", ["in process", "served"])
pytestmark = [pytest.mark.looptime, pytest.mark.usefixtures("two_promotions")]

AUTOSCALING = {
    "min_replica",
    "max_replica",
    "autoscaling_window",
    "scale_down_delay",
    "concurrency_target",
    "target_utilization_percentage",
}


async def test_a_chain_deployment_has_every_required_field(api: Api) -> None:
    shown = (await api("GET /v1/chains/c1/deployments/new")).json()

    assert shown == {
        "id": "new",
        "created_at": "2026-01-01T00:00:00.000Z",
        "chain_id": "c1",
        "environment": "production",
        "chainlets": [
            {
                "id": f"new-{name}",
                "name": name,
                "autoscaling_settings": None,
                "instance_type_name": "1x4",
                "active_replica_count": 0,
                "status": "BUILDING",
            }
            for name in ("A", "B")
        ],
        "status": "BUILDING",
    }


async def test_a_model_deployment_has_every_required_field(api: Api) -> None:
    shown = (await api("GET /v1/models/m1/deployments/old")).json()

    assert shown.pop("autoscaling_settings").keys() == AUTOSCALING
    assert shown == {
        "id": "old",
        "created_at": "2026-01-01T00:00:00.000Z",
        "name": "old",
        "model_id": "m1",
        "is_production": True,
        "is_development": False,
        "status": "ACTIVE",
        "active_replica_count": 1,
        "instance_type_name": "1x4",
        "environment": "production",
        "labels": {"team": "search"},
        "request_backpressure_settings": {"policy": None},
    }


async def test_a_candidate_is_not_production_before_it_serves(api: Api) -> None:
    before = (await api("GET /v1/models/m1/deployments/new")).json()
    await asyncio.sleep(100)
    after = (await api("GET /v1/models/m1/deployments/new")).json()

    assert (before["is_production"], before["environment"]) == (False, "production")
    assert (after["is_production"], after["environment"]) == (True, "production")
    assert before["autoscaling_settings"] is None
    assert after["autoscaling_settings"] is not None


async def test_environments_contain_their_deployments_and_promotion_settings(api: Api) -> None:
    chain = (await api("GET /v1/chains/c1/environments/production")).json()
    model = (await api("GET /v1/models/m1/environments/production")).json()

    assert chain.keys() == {
        "name",
        "created_at",
        "chain_id",
        "promotion_settings",
        "chainlet_settings",
        "current_deployment",
        "candidate_deployment",
        "in_progress_promotion",
    }
    assert model.keys() == {
        "name",
        "created_at",
        "model_id",
        "current_deployment",
        "candidate_deployment",
        "in_progress_promotion",
        "autoscaling_settings",
        "promotion_settings",
        "instance_type",
        "request_backpressure_settings",
    }
    for kind, environment in (("chains/c1", chain), ("models/m1", model)):
        for role, name in (("current", "old"), ("candidate", "new")):
            alone = (await api(f"GET /v1/{kind}/deployments/{name}")).json()
            assert environment[f"{role}_deployment"] == alone
    assert chain["chainlet_settings"][0].keys() == {
        "chainlet_name",
        "autoscaling_settings",
        "instance_type",
    }
    assert model["in_progress_promotion"] == {
        "status": "RELEASING",
        "percent_traffic_to_new_version": 0,
        "error_message": None,
        "rolling_deploy": True,
    }
    assert model["promotion_settings"]["rolling_deploy_config"]["max_surge_percent"] == 25
    assert chain["promotion_settings"]["rolling_deploy_config"] is None


async def test_chains_and_models_have_every_required_field(api: Api) -> None:
    assert (await api("GET /v1/chains")).json()["chains"] == [
        {
            "id": "c1",
            "created_at": "2026-01-01T00:00:00.000Z",
            "name": "c1",
            "deployments_count": 2,
            "team_name": "Fake team",
        }
    ]
    assert (await api("GET /v1/models")).json()["models"] == [
        {
            "id": "m1",
            "created_at": "2026-01-01T00:00:00.000Z",
            "name": "m1",
            "deployments_count": 2,
            "production_deployment_id": "old",
            "development_deployment_id": None,
            "instance_type_name": "1x4",
            "team_name": "Fake team",
        }
    ]
    assert (await api("GET /v1/chains/c1")).json()["id"] == "c1"
    assert (await api("GET /v1/models/m1")).json()["id"] == "m1"


async def test_lists_of_models_and_their_deployments_can_be_filtered_by_name(
    fake: FakeBaseten, api: Api
) -> None:
    for name in ("m1", "m2"):
        fake.model(name).deployment("d1")
        fake.model(name).deployment("d2")
    models = (await api("GET /v1/models?name=m2")).json()["models"]
    deployments = (await api("GET /v1/models/m1/deployments?name=d2")).json()["deployments"]

    assert [one["id"] for one in models] == ["m2"]
    assert [one["id"] for one in deployments] == ["d2"]


@both_ways
async def test_lists_and_single_reads_agree(api: Api) -> None:
    for kind in ("chains/c1", "models/m1"):
        deployments = (await api(f"GET /v1/{kind}/deployments")).json()["deployments"]
        environments = (await api(f"GET /v1/{kind}/environments")).json()["environments"]

        assert [one["id"] for one in deployments] == ["old", "new"]
        assert deployments[1] == (await api(f"GET /v1/{kind}/deployments/new")).json()
        assert environments == [(await api(f"GET /v1/{kind}/environments/production")).json()]


async def test_times_of_day_begin_at_the_given_time() -> None:
    began = datetime(2030, 5, 6, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    fake = FakeBaseten(started=began)
    await asyncio.sleep(90.25)
    fake.chain("c1").deployment("d1")
    async with httpx.AsyncClient(
        transport=fake.transport(), headers={"Authorization": "Bearer test-key"}
    ) as client:
        shown = (await client.get("http://fake/v1/chains/c1/deployments/d1")).json()

    assert shown["created_at"] == "2030-05-06T07:01:30.250Z"
