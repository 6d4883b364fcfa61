"""Names, teams, and settings of environments, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import Behaviour, FakeBaseten

Api = Callable[..., Awaitable[httpx.Response]]
pytestmark = pytest.mark.looptime

STAGING = "/v1/models/m1/environments/staging"
CHAIN_STAGING = "/v1/chains/c1/environments/staging"
SCALING = f"{CHAIN_STAGING}/chainlet_settings/autoscaling_settings"


@pytest.fixture
def behaviour() -> Behaviour:
    """The defaults, unless a test is parametrized with others."""
    return Behaviour()


@pytest.fixture
def fake(behaviour: Behaviour) -> FakeBaseten:
    """A model and a chain, each with an environment in which a deployment serves."""
    fake = FakeBaseten(behaviour=behaviour)
    model, chain = fake.model("m1", name="ranker", team="Search"), fake.chain("c1")
    model.deployment("d1", name="blue")
    model.deployment("d2")
    chain.deployment("d1", chainlets=["A", "B"])
    model.environment("staging", current="d1", autoscaling={"min_replica": 1})
    chain.environment("staging", current="d1")
    return fake


async def least(api: Api) -> int:
    """The least number of replicas, as a read shows it."""
    shown: int = (await api(f"GET {STAGING}")).json()["autoscaling_settings"]["min_replica"]
    return shown


# --- names ---------------------------------------------------------------------------------------


async def test_models_and_deployments_are_filtered_by_name_and_not_by_id(api: Api) -> None:
    by_name = (await api("GET /v1/models?name=ranker")).json()["models"]
    by_id = (await api("GET /v1/models?name=m1")).json()["models"]
    deployments = (await api("GET /v1/models/m1/deployments?name=blue")).json()["deployments"]

    assert [(one["id"], one["team_name"]) for one in by_name] == [("m1", "Search")]
    assert by_id == []
    assert [one["id"] for one in deployments] == ["d1"]


def test_a_name_is_unique_in_its_team_only(fake: FakeBaseten) -> None:
    assert fake.model("m2", name="ranker", team="Ads").name == "ranker"
    with pytest.raises(ValueError, match="already has the name 'ranker'"):
        fake.model("m3", name="ranker", team="Search")
    with pytest.raises(ValueError, match="exists already"):
        fake.chain("c1", team="Ads")


async def test_a_name_that_another_deployment_has_is_refused(api: Api) -> None:
    taken = await api("PATCH /v1/models/m1/deployments/d2", name="blue")
    odd = await api("PATCH /v1/models/m1/deployments/d2", name="no spaces")
    same = await api("PATCH /v1/models/m1/deployments/d1", name="blue")

    assert (taken.status_code, odd.status_code, same.status_code) == (400, 422, 200)


# --- settings ------------------------------------------------------------------------------------


async def test_a_change_is_shown_some_time_after_it_was_accepted(api: Api) -> None:
    answer = (await api(f"PATCH {STAGING}", autoscaling_settings={"min_replica": 2})).json()
    before = await least(api)
    await asyncio.sleep(2)

    assert (answer["status"], before, await least(api)) == ("ACCEPTED", 1, 2)
    # As documented, the answer may predate the change.
    assert answer["environment"]["autoscaling_settings"]["min_replica"] == 1


async def test_the_same_change_twice_changes_nothing_the_second_time(api: Api) -> None:
    for expected in ("ACCEPTED", "UNCHANGED"):
        answer = await api(f"PATCH {STAGING}", autoscaling_settings={"min_replica": 2})
        assert answer.json()["status"] == expected


@pytest.mark.parametrize(
    ("behaviour", "status", "during"),
    [
        (Behaviour(settings_during_promotion="queued"), "QUEUED", 1),
        (Behaviour(settings_during_promotion="accepted"), "ACCEPTED", 2),
    ],
    ids=["queued", "accepted"],
)
async def test_a_change_during_a_promotion(
    fake: FakeBaseten, api: Api, status: str, during: int
) -> None:
    staging = fake.model("m1").environment("staging")
    staging.promote("d2")
    answer = await api(f"PATCH {STAGING}", autoscaling_settings={"min_replica": 2})
    await asyncio.sleep(3)
    shown = await least(api)
    staging.force_roll_forward()

    assert (answer.json()["status"], shown, await least(api)) == (status, during, 2)


@pytest.mark.parametrize("behaviour", [Behaviour(settings_answer="status")], ids=["status"])
async def test_an_older_answer_has_no_environment(api: Api) -> None:
    answer = await api(f"PATCH {STAGING}", promotion_settings={"rolling_deploy": True})

    assert answer.json().keys() == {"status", "message"}


async def test_a_new_setting_takes_part_in_the_next_promotion(fake: FakeBaseten, api: Api) -> None:
    await api(f"PATCH {STAGING}", promotion_settings={"redeploy_on_promotion": True})
    await asyncio.sleep(2)

    assert fake.model("m1").environment("staging").promote("d2").id == "d2-p1"


async def test_settings_of_chainlets_change_one_by_one(fake: FakeBaseten, api: Api) -> None:
    updates = [{"chainlet_name": "B", "autoscaling_settings": {"max_replica": 4}}]
    unknown = [{"chainlet_name": "Z", "autoscaling_settings": {"max_replica": 4}}]
    answer = await api(f"PATCH {SCALING}", updates=updates)
    refused = await api(f"PATCH {SCALING}", updates=unknown)
    await asyncio.sleep(2)
    shown = (await api(f"GET {CHAIN_STAGING}")).json()["chainlet_settings"]

    assert (answer.json()["status"], refused.status_code) == ("ACCEPTED", 400)
    assert {one["chainlet_name"]: one["autoscaling_settings"]["max_replica"] for one in shown} == {
        "A": 1,
        "B": 4,
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"autoscaling_settings": 7}, 422),
        ({"autoscaling_settings": {"min_replica": "1"}}, 422),
        ({"autoscaling_settings": {"min_replica": True}}, 422),
        ({"autoscaling_settings": {"zebra": 1}}, 422),
        ({"autoscaling_settings": {"min_replica": -1}}, 400),
        ({"autoscaling_settings": {"scale_down_delay": 3601}}, 400),
        ({"autoscaling_settings": {"min_replica": None}}, 200),
        ({"promotion_settings": {"rolling_deploy": "yes"}}, 422),
        ({"promotion_settings": {"promotion_cleanup_strategy": "DELETE"}}, 422),
        ({"promotion_settings": {"rolling_deploy_config": {"max_surge_percent": 51}}}, 400),
        ({"promotion_settings": {"ramp_up_duration_seconds": True}}, 422),
        ({"promotion_settings": {"rolling_deploy_config": {"rolling_deploy_strategy": 7}}}, 422),
        ({"promotion_settings": None}, 200),
        ({"request_backpressure_settings": {"policy": "QUEUE_ON_FULL"}}, 200),
        ({"request_backpressure_settings": {"policy": "WAIT"}}, 422),
        ({"request_backpressure_settings": {"zebra": None}}, 422),
        ({"request_backpressure_settings": []}, 422),
    ],
)
async def test_settings_have_types_and_bounds(api: Api, body: Any, status: int) -> None:
    changed = await api(f"PATCH {STAGING}", **body)
    created = await api("POST /v1/models/m1/environments", name="other", **body)

    assert (changed.status_code, created.status_code) == (status, status)


async def test_closed_bodies_have_no_other_fields(api: Api) -> None:
    changed = await api(f"PATCH {STAGING}", zebra=1)
    renamed = await api("PATCH /v1/models/m1/deployments/d1", zebra=1)
    path = "/v1/models/m1/deployments/d1/request_backpressure_settings"
    policies = [await api(f"PATCH {path}", **one) for one in ({"zebra": 1}, {"policy": "WAIT"})]

    assert {one.status_code for one in (changed, renamed, *policies)} == {422}


@pytest.mark.parametrize(
    ("updates", "status"),
    [(None, 422), ([7], 422), ([{"chainlet_name": "A", "autoscaling_settings": 7}], 422)],
)
async def test_updates_of_chainlets_have_types(api: Api, updates: Any, status: int) -> None:
    assert (await api(f"PATCH {SCALING}", updates=updates)).status_code == status


@pytest.mark.parametrize("name", ["", "a/b"])
async def test_an_environment_needs_a_name(api: Api, name: str) -> None:
    answer = await api("POST /v1/models/m1/environments", name=name)

    assert answer.status_code == 422
