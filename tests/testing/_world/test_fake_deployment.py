"""Deployments: real statuses, statuses that reads show, and people's actions."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from aiobaseten.testing import Behaviour, FakeBaseten, Refused, timelines

Api = Callable[..., Awaitable[httpx.Response]]
pytestmark = pytest.mark.looptime

D1 = "/v1/models/m1/deployments/d1"


async def test_a_deployment_follows_its_timeline_from_its_creation(
    fake: FakeBaseten, api: Api
) -> None:
    await asyncio.sleep(100)
    fake.model("m1").deployment("d1", timeline=[("BUILDING", 12), ("DEPLOYING", 2), "ACTIVE"])

    seen = []
    for _ in range(4):
        seen.append((await api(f"GET {D1}")).json()["status"])
        await asyncio.sleep(6)

    assert seen == ["BUILDING", "BUILDING", "DEPLOYING", "ACTIVE"]


async def test_a_deployment_is_active_by_default(fake: FakeBaseten) -> None:
    assert fake.model("m1").deployment("d1").status == "ACTIVE"
    assert fake.chain("c1").deployment("d1").status == "ACTIVE"


async def test_a_chain_has_the_status_of_its_worst_chainlet(fake: FakeBaseten, api: Api) -> None:
    fake.chain("c1").deployment(
        "d1",
        chainlets={"Ingest": [("BUILDING", 5), "ACTIVE"], "Embed": timelines.BUILD_FAILED},
    )
    seen = []
    for wait in (0, 6, 7):
        await asyncio.sleep(wait)
        shown = (await api("GET /v1/chains/c1/deployments/d1")).json()
        seen.append((shown["status"], [one["status"] for one in shown["chainlets"]]))

    assert seen == [
        ("BUILDING", ["BUILDING", "BUILDING"]),
        ("BUILDING", ["ACTIVE", "BUILDING"]),
        ("BUILD_FAILED", ["ACTIVE", "BUILD_FAILED"]),
    ]


@pytest.mark.parametrize(
    ("fold", "status"), [("worst", "DEPLOYING"), ("best", "ACTIVE"), ("first", "WAKING_UP")]
)
async def test_the_chainlet_whose_status_is_the_chain_s_is_an_option(
    fold: str, status: str
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(chain_status=fold))  # type: ignore[arg-type]
    chainlets = {"A": "WAKING_UP", "B": "ACTIVE", "C": "DEPLOYING"}

    assert fake.chain("c1").deployment("d1", chainlets=chainlets).status == status


async def test_an_unknown_status_of_a_chainlet_keeps_the_chain_from_being_active(
    fake: FakeBaseten,
) -> None:
    chainlets = {"A": "ACTIVE", "B": "HIBERNATING"}

    assert fake.chain("c1").deployment("d1", chainlets=chainlets).status == "HIBERNATING"


async def test_a_chain_can_contradict_its_chainlets(fake: FakeBaseten) -> None:
    made = fake.chain("c1").deployment("d1", status="ACTIVE", chainlets={"A": "DEPLOYING"})

    assert (made.status, dict(made.chainlets)) == ("ACTIVE", {"A": "DEPLOYING"})


async def test_chainlets_without_timelines_follow_the_chain(fake: FakeBaseten) -> None:
    made = fake.chain("c1").deployment("d1", timeline=timelines.HEALTHY, chainlets=["A", "B"])

    assert (made.status, dict(made.chainlets)) == ("BUILDING", {"A": "BUILDING", "B": "BUILDING"})
    await asyncio.sleep(44)
    assert (made.status, dict(made.chainlets)) == ("ACTIVE", {"A": "ACTIVE", "B": "ACTIVE"})


async def test_a_deployment_can_be_changed_between_two_reads(fake: FakeBaseten, api: Api) -> None:
    made = fake.model("m1").deployment("d1")
    made.set("UNHEALTHY")
    first = (await api(f"GET {D1}")).json()["status"]
    made.set_timeline([("UPDATING", 5), "ACTIVE"])
    second = (await api(f"GET {D1}")).json()["status"]
    await asyncio.sleep(5)
    third = (await api(f"GET {D1}")).json()["status"]

    assert [first, second, third] == ["UNHEALTHY", "UPDATING", "ACTIVE"]


async def test_one_chainlet_can_scale_to_zero_while_the_others_continue(fake: FakeBaseten) -> None:
    made = fake.chain("c1").deployment("d1", timeline=timelines.HEALTHY, chainlets=["A", "B"])
    await asyncio.sleep(13)
    made.set("SCALED_TO_ZERO", chainlet="A")
    await asyncio.sleep(31)

    assert dict(made.chainlets) == {"A": "SCALED_TO_ZERO", "B": "ACTIVE"}
    assert made.status == "SCALED_TO_ZERO"


async def test_an_unknown_chainlet_is_refused(fake: FakeBaseten) -> None:
    made = fake.chain("c1").deployment("d1", chainlets=["A", "B"])

    with pytest.raises(ValueError, match="d1 has no chainlet 'C'; it has: A, B"):
        made.set("ACTIVE", chainlet="C")


async def test_an_unknown_chainlet_has_no_log(fake: FakeBaseten) -> None:
    made = fake.chain("c1").deployment("d1", chainlets=["A", "B"])

    with pytest.raises(ValueError, match="d1 has no chainlet 'C'"):
        made.log("hello", chainlet="C")
    assert made.lines("A") == []


async def test_the_history_of_a_deployment_is_its_real_statuses(fake: FakeBaseten) -> None:
    made = fake.model("m1").deployment("d1", timeline=timelines.BUILD_FAILED)
    await asyncio.sleep(20)
    made.retry()
    await asyncio.sleep(5)
    made.set("BUILD_STOPPED")

    assert made.history() == [
        (0, "BUILDING"),
        (12, "BUILD_FAILED"),
        (20, "BUILDING"),
        (25, "BUILD_STOPPED"),
    ]


async def test_an_inactive_deployment_is_activated_and_a_running_one_does_not_change(
    fake: FakeBaseten, api: Api
) -> None:
    fake.model("m1").deployment("d1", status="INACTIVE", on_activate=[("DEPLOYING", 9), "ACTIVE"])

    first = (await api(f"POST {D1}/activate")).json()
    during = (await api(f"GET {D1}")).json()["status"]
    await asyncio.sleep(9)
    second = (await api(f"POST {D1}/activate")).json()

    assert (first, second) == ({"success": True, "no_op": False}, {"success": True, "no_op": True})
    assert during == "DEPLOYING"
    assert (await api(f"GET {D1}")).json()["status"] == "ACTIVE"


async def test_a_deactivated_deployment_shuts_down_and_is_then_inactive(
    fake: FakeBaseten, api: Api
) -> None:
    fake.model("m1").deployment("d1")
    fake.chain("c1").deployment("d1")

    seen = []
    for path in (D1, "/v1/chains/c1/deployments/d1"):
        assert (await api(f"POST {path}/deactivate")).json() == {"success": True, "no_op": False}
        seen.append((await api(f"GET {path}")).json()["status"])
        assert (await api(f"POST {path}/deactivate")).json()["no_op"]
        await asyncio.sleep(10)
        seen.append((await api(f"GET {path}")).json()["status"])

    assert seen == ["DEACTIVATING", "INACTIVE"] * 2


async def test_a_failed_deployment_starts_again_when_retried(fake: FakeBaseten, api: Api) -> None:
    fake.model("m1").deployment(
        "d1", timeline=timelines.BUILD_FAILED, on_retry=[("BUILDING", 30), "ACTIVE"]
    )
    too_early = (await api(f"POST {D1}/retry")).json()
    await asyncio.sleep(12)
    retried = (await api(f"POST {D1}/retry")).json()
    await asyncio.sleep(30)

    assert not too_early["retried"]
    assert too_early["reason"] == "Deployment d1 is BUILDING: there is nothing to retry."
    assert (retried["retried"], retried["reason"]) == (True, None)
    assert retried["deployment"]["status"] == "BUILDING"
    assert (await api(f"GET {D1}")).json()["status"] == "ACTIVE"


async def test_a_retry_repeats_the_first_timeline_by_default(
    fake: FakeBaseten,
) -> None:
    made = fake.chain("c1").deployment(
        "d1", timeline=timelines.BUILD_FAILED, chainlets={"A": timelines.BUILD_FAILED}
    )
    await asyncio.sleep(12)
    assert made.retry()
    assert (made.status, made.chainlets["A"]) == ("BUILDING", "BUILDING")
    await asyncio.sleep(12)
    assert (made.status, made.chainlets["A"]) == ("BUILD_FAILED", "BUILD_FAILED")


async def test_a_deployment_that_failed_from_the_start_recovers_when_retried(
    fake: FakeBaseten,
) -> None:
    """Its first timeline would only fail again at once."""
    made = fake.model("m1").deployment("d1", status="DEPLOY_FAILED")
    made.retry()

    assert made.status == "BUILDING"
    await asyncio.sleep(44)
    assert made.status == "ACTIVE"


async def test_a_stopped_build_is_not_retried(fake: FakeBaseten) -> None:
    assert not fake.model("m1").deployment("d1", status="BUILD_STOPPED").retry()


@pytest.mark.parametrize(
    "path",
    [
        "/model-m1/deployment/d1/wake",
        "/model-m1/production/wake",
        "/model-m1/environments/production/wake",
        "/model-m1/development/wake",
    ],
)
async def test_a_deployment_scaled_to_zero_wakes_on_request(
    fake: FakeBaseten, api: Api, path: str
) -> None:
    model = fake.model("m1")
    made = model.deployment("d1", status="SCALED_TO_ZERO", is_development=True)
    model.environment("production", current=made)

    response = await api(f"POST {path}")
    during = made.status
    await asyncio.sleep(20)

    assert (response.status_code, during, made.status) == (202, "WAKING_UP", "ACTIVE")


async def test_waking_changes_only_deployments_scaled_to_zero(fake: FakeBaseten, api: Api) -> None:
    fake.model("m1").deployment("d1", timeline=timelines.STUCK)
    fake.model("m1").deployment("off", status="INACTIVE")

    assert (await api("POST /model-m1/deployment/d1/wake")).status_code == 202
    assert (await api("POST /model-m1/deployment/off/wake")).status_code == 404
    assert fake.model("m1").deployment("d1").status == "BUILDING"


async def test_a_new_deployment_can_be_hidden_for_some_seconds(fake: FakeBaseten, api: Api) -> None:
    fake.model("m1").deployment("d1", hidden_for=5)
    hidden = await api(f"GET {D1}")
    listed = (await api("GET /v1/models/m1/deployments")).json()
    await asyncio.sleep(5)

    assert (hidden.status_code, listed) == (404, {"deployments": []})
    assert (await api(f"GET {D1}")).status_code == 200
    assert len((await api("GET /v1/models/m1/deployments")).json()["deployments"]) == 1


@pytest.mark.parametrize("verb", ["activate", "retry", "wake"])
async def test_reads_may_show_the_old_status_for_some_seconds(verb: str) -> None:
    fake = FakeBaseten(behaviour=Behaviour(stale_for=3))
    old = {"activate": "INACTIVE", "retry": "BUILD_FAILED", "wake": "SCALED_TO_ZERO"}[verb]
    made = fake.model("m1").deployment("d1", status=old, on_retry=timelines.HEALTHY)
    async with httpx.AsyncClient(
        transport=fake.transport(),
        base_url="http://fake",
        headers={"Authorization": "Bearer test-key"},
    ) as client:
        getattr(made, verb)()
        first = (await client.get(D1)).json()["status"]
        await asyncio.sleep(3)
        later = (await client.get(D1)).json()["status"]

    assert first == old
    assert later == made.status != old


async def test_a_status_set_by_hand_shows_at_once_even_when_reads_are_stale() -> None:
    fake = FakeBaseten(behaviour=Behaviour(stale_for=3))
    made = fake.model("m1").deployment("d1", status="INACTIVE")
    made.activate()
    made.set("UNHEALTHY")

    assert made.seen_at(fake.now) == "UNHEALTHY"


async def test_production_and_development_are_roles_of_deployments(
    fake: FakeBaseten, api: Api
) -> None:
    model = fake.model("m1")
    model.deployment("live")
    model.deployment("draft", status="INACTIVE", is_development=True)
    assert (await api("GET /v1/models/m1/deployments/production")).status_code == 404
    model.environment("production", current="live")

    live = (await api("GET /v1/models/m1/deployments/production")).json()
    draft = (await api("GET /v1/models/m1/deployments/development")).json()

    assert (live["id"], live["is_production"], live["is_development"]) == ("live", True, False)
    assert (draft["id"], draft["is_production"], draft["is_development"]) == ("draft", False, True)
    assert (await api("POST /v1/models/m1/deployments/development/activate")).json()["success"]
    assert model.deployment("draft").status == "DEPLOYING"


async def test_a_deleted_deployment_is_not_found(fake: FakeBaseten, api: Api) -> None:
    fake.model("m1").deployment("d1")
    fake.model("m1").deployment("d2")
    fake.chain("c1").deployment("d1")

    assert (await api(f"DELETE {D1}")).json() == {"id": "d1", "deleted": True, "model_id": "m1"}
    assert (await api(f"GET {D1}")).status_code == 404
    deleted = (await api("DELETE /v1/chains/c1/deployments/d1")).json()
    assert deleted == {"id": "d1", "deleted": True, "chain_id": "c1"}


async def test_a_models_deployment_that_serves_or_is_the_only_one_is_not_deleted(
    fake: FakeBaseten, api: Api
) -> None:
    model = fake.model("m1")
    model.deployment("d1")
    only = await api(f"DELETE {D1}")
    model.deployment("d2")
    model.environment("staging", current="d1")
    serving = await api(f"DELETE {D1}")

    assert (only.status_code, only.json()["message"]) == (
        400,
        "Deployment d1 is the only one of its model.",
    )
    assert (serving.status_code, serving.json()["message"]) == (
        400,
        "Deployment d1 serves in staging.",
    )


async def test_a_second_call_returns_the_same_deployment_and_refuses_options(
    fake: FakeBaseten,
) -> None:
    made = fake.chain("c1").deployment("d1")

    assert fake.chain("c1").deployment("d1") is made
    with pytest.raises(ValueError, match="already has the deployment 'd1': its status cannot"):
        fake.chain("c1").deployment("d1", status="ACTIVE")


@pytest.mark.parametrize("bad", ["", "a/b", "production", "development"])
async def test_an_invalid_deployment_id_is_refused(fake: FakeBaseten, bad: str) -> None:
    with pytest.raises(ValueError, match=r"means a role|a word without slashes"):
        fake.model("m1").deployment(bad)


async def test_a_status_together_with_a_timeline_is_refused(fake: FakeBaseten) -> None:
    with pytest.raises(ValueError, match="a status, which stays, or a timeline, but not both"):
        fake.model("m1").deployment("d1", status="ACTIVE", timeline=timelines.HEALTHY)


async def test_an_impossible_reaction_is_refused_at_once(fake: FakeBaseten) -> None:
    with pytest.raises(ValueError, match="add the status that stays"):
        fake.model("m1").deployment("d1", on_retry=[("BUILDING", 3)])
    with pytest.raises(ValueError, match="a chain needs a chainlet"):
        fake.chain("c1").deployment("d1", chainlets={})
    with pytest.raises(ValueError, match="a list of names"):
        fake.chain("c1").deployment("d1", chainlets="Main")


async def test_a_refusal_is_a_value_error_with_status_and_code() -> None:
    refused = Refused(400, "VALIDATION_ERROR", "No.")

    assert (refused.status, refused.code, str(refused)) == (400, "VALIDATION_ERROR", "No.")
    assert isinstance(refused, ValueError)
