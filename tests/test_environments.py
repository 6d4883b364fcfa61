"""Creating, changing and deleting environments, and renaming and deleting deployments."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    RequestNotActedOnError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from aiobaseten.testing import Behaviour, FakeBaseten

pytestmark = pytest.mark.looptime


@pytest.fixture
def fake() -> FakeBaseten:
    """A model and a chain with an environment ``staging`` each, in which one deployment serves."""
    fake = FakeBaseten()
    model, chain = fake.model("model001"), fake.chain("chain001")
    for name in ("depl001", "depl002"):
        model.deployment(name)
        chain.deployment(name, chainlets=["Main", "Answer"])
    for owner in (model, chain):
        owner.environment("staging", current="depl001")
        owner.environment("production", current="depl001")
    return fake


def sent(fake: FakeBaseten) -> list[str]:
    """The methods of all requests."""
    return [one.method for one in fake.requests]


# --- create --------------------------------------------------------------------------------------


async def test_an_environment_of_a_model_is_created_with_its_settings(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    made = await baseten.model("model001").create_environment(
        "canary",
        autoscaling_settings={"min_replica": 2, "max_replica": 3},
        promotion_settings={"rolling_deploy": True},
    )

    assert (made.name, made.autoscaling_settings.min_replica) == ("canary", 2)
    assert made.promotion_settings.rolling_deploy is True
    assert made.current_deployment is None
    assert fake.model("model001").environment("canary").settings.autoscaling["max_replica"] == 3


async def test_an_environment_of_a_chain_is_created_with_its_settings(baseten: Baseten) -> None:
    chain = baseten.chain("chain001")
    made = await chain.create_environment(
        "canary",
        promotion_settings={"redeploy_on_promotion": True},
        chainlet_settings={"Main": {"autoscaling_settings": {"min_replica": 1}}},
    )

    assert made.promotion_settings
    assert made.promotion_settings.redeploy_on_promotion is True
    assert made.chainlet_settings
    assert made.chainlet_settings[0]["autoscaling_settings"]["min_replica"] == 1


async def test_an_environment_that_exists_is_not_created(baseten: Baseten) -> None:
    for owner in (baseten.model("model001"), baseten.chain("chain001")):
        with pytest.raises(BadRequestError, match="already exists"):
            await owner.create_environment("staging")


async def test_invalid_arguments_are_refused_before_any_request(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model, chain = baseten.model("model001"), baseten.chain("chain001")
    for name in ("", "a/b", ".."):
        for owner in (model, chain):
            with pytest.raises(ConfigurationError):
                await owner.create_environment(name)
            with pytest.raises(ConfigurationError):
                await owner.ensure_environment(name)
    with pytest.raises(ConfigurationError, match="min_replica"):
        await model.create_environment("x", autoscaling_settings={"min_replica": -1})
    with pytest.raises(ConfigurationError, match="max_replica"):
        await model.environment("x").update(autoscaling_settings={"max_replica": 0})
    with pytest.raises(ConfigurationError, match="setting"):
        await model.environment("x").update()
    with pytest.raises(ConfigurationError, match="setting"):
        await chain.environment("x").update(promotion_settings={})
    with pytest.raises(ConfigurationError, match="timeout"):
        await model.environment("x").update(promotion_settings={"rolling_deploy": True}, timeout=-1)
    assert fake.requests == []


# --- ensure --------------------------------------------------------------------------------------


async def test_ensuring_creates_an_environment_that_is_missing(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    ensured = await baseten.model("model001").ensure_environment(
        "canary", autoscaling_settings={"min_replica": 1}
    )

    assert (ensured.created, ensured.differences) == (True, ())
    assert ensured.environment.autoscaling_settings.min_replica == 1
    assert sent(fake) == ["GET", "POST"]


async def test_ensuring_an_environment_that_exists_tells_differences_and_changes_nothing(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    ensured = await baseten.model("model001").ensure_environment(
        "staging",
        autoscaling_settings={"min_replica": 1, "max_replica": 1},
        promotion_settings={"rolling_deploy": True},
    )

    assert not ensured.created
    assert [(one.setting, one.wanted, one.found) for one in ensured.differences] == [
        ("autoscaling_settings.min_replica", 1, 0),
        ("promotion_settings.rolling_deploy", True, False),
    ]
    assert sent(fake) == ["GET"]


async def test_ensuring_an_environment_of_a_chain_tells_differences_of_chainlets(
    baseten: Baseten,
) -> None:
    chain = baseten.chain("chain001")
    ensured = await chain.ensure_environment(
        "staging", chainlet_settings={"Main": {"autoscaling_settings": {"max_replica": 9}}}
    )
    created = await chain.ensure_environment("canary")

    assert [one.setting for one in ensured.differences] == [
        "chainlet_settings.Main.autoscaling_settings.max_replica"
    ]
    assert created.created


async def test_two_that_ensure_at_the_same_time_both_get_the_environment(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    model = baseten.model("model001")
    both = await asyncio.gather(*(model.ensure_environment("canary") for _ in range(2)))

    assert sorted(one.created for one in both) == [False, True]
    assert {one.environment.name for one in both} == {"canary"}
    assert sent(fake).count("POST") == 2


@pytest.mark.parametrize("acts", [True, False])
async def test_a_lost_answer_to_a_creation_is_settled_by_a_read(
    fake: FakeBaseten, baseten: Baseten, acts: bool
) -> None:
    fake.faults.reset(route="POST", acts=acts)
    ensuring = baseten.model("model001").ensure_environment("canary")

    if acts:
        assert (await ensuring).environment.name == "canary"
    else:
        with pytest.raises(TransportError):
            await ensuring
    assert sent(fake) == ["GET", "POST", "GET"]


async def test_a_creation_that_fails_raises_its_own_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.faults.status(500, route="POST")
    fake.faults.status(502, route="GET", after=1, times=9)
    with pytest.raises(ServerError) as caught:
        await baseten.model("model001").ensure_environment("canary")

    assert (caught.value.status, caught.value.method) == (500, "POST")


async def test_an_environment_of_an_unknown_model_is_a_404(baseten: Baseten) -> None:
    with pytest.raises(NotFoundError):
        await baseten.model("model999").ensure_environment("canary")


# --- update --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["environment", "status"])
async def test_an_update_returns_when_a_read_shows_it(answer: str) -> None:
    fake = FakeBaseten(behaviour=Behaviour(settings_shown_after=20, settings_answer=answer))  # type: ignore[arg-type]
    fake.model("model001").environment("staging")
    async with fake.client() as baseten:
        changed = (
            await baseten.model("model001")
            .environment("staging")
            .update(
                autoscaling_settings={"min_replica": 1},
                promotion_settings={
                    "rolling_deploy_config": {"stabilization_time_seconds": 420},
                    "rolling_deploy": True,
                },
            )
        )

    assert fake.now >= 20
    assert changed.autoscaling_settings.min_replica == 1
    assert changed.autoscaling_settings.max_replica == 1
    assert sent(fake)[0] == "PATCH"
    assert set(sent(fake)[1:]) == {"GET"}


async def test_an_update_that_is_not_shown_in_time_tells_which_settings_differ() -> None:
    fake = FakeBaseten(behaviour=Behaviour(settings_shown_after=1000))
    fake.model("model001").environment("staging")
    async with fake.client() as baseten:
        staging = baseten.model("model001").environment("staging")
        with pytest.raises(WaitTimeoutError) as caught:
            await staging.update(autoscaling_settings={"min_replica": 1}, timeout=60)

    assert "autoscaling_settings.min_replica is 0, wanted 1" in str(caught.value)
    assert "ACCEPTED" in str(caught.value)
    assert caught.value.last_seen.name == "staging"
    assert 60 <= fake.now < 75


async def test_a_timeout_of_zero_looks_exactly_once(fake: FakeBaseten, baseten: Baseten) -> None:
    with pytest.raises(WaitTimeoutError):
        await (
            baseten.model("model001")
            .environment("staging")
            .update(autoscaling_settings={"min_replica": 1}, timeout=0)
        )
    assert sent(fake) == ["PATCH", "GET"]


async def test_an_update_rides_out_an_outage(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.faults.html(503, lasting=30, route="GET")
    changed = (
        await baseten.model("model001")
        .environment("staging")
        .update(autoscaling_settings={"min_replica": 1})
    )
    assert changed.autoscaling_settings.min_replica == 1


async def test_an_update_during_a_promotion_is_shown_after_it(fake: FakeBaseten) -> None:
    staging = fake.model("model001").environment("staging")
    staging.promote("depl002")
    async with fake.client() as baseten:
        changed = (
            await baseten.model("model001")
            .environment("staging")
            .update(autoscaling_settings={"min_replica": 1})
        )

    assert staging.promotion is not None
    assert staging.promotion.status == "SUCCEEDED"
    assert changed.autoscaling_settings.min_replica == 1


async def test_updates_and_waits_on_one_environment_share_their_looks() -> None:
    async def looks(updates: int) -> int:
        fake = FakeBaseten(behaviour=Behaviour(settings_during_promotion="accepted"))
        fake.model("model001").deployment("depl002")
        fake.model("model001").environment("staging")
        async with fake.client() as baseten:
            staging = baseten.model("model001").environment("staging")
            promotion = await staging.promote("depl002")
            await asyncio.gather(
                promotion.wait(),
                *(staging.update(autoscaling_settings={"max_replica": 5}) for _ in range(updates)),
            )
        return sent(fake).count("GET")

    # An update may ask for its first look earlier than the promotion does, and for no more.
    assert await looks(50) <= await looks(0) + 2


async def test_an_update_that_changes_nothing_returns_at_once(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    await (
        baseten.model("model001")
        .environment("staging")
        .update(autoscaling_settings={"min_replica": 0})
    )
    assert sent(fake) == ["PATCH", "GET"]


async def test_cancelling_an_update_stops_the_wait_alone(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    task = asyncio.create_task(
        baseten.model("model001")
        .environment("staging")
        .update(autoscaling_settings={"min_replica": 1})
    )
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    looks = len(fake.requests)
    await asyncio.sleep(60)

    assert len(fake.requests) == looks
    assert fake.model("model001").environment("staging").settings.autoscaling["min_replica"] == 1


async def test_an_update_of_a_chain_sends_each_kind_of_setting(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    staging = baseten.chain("chain001").environment("staging")
    changed = await staging.update(
        promotion_settings={"promotion_cleanup_strategy": "KEEP"},
        chainlet_autoscaling={"Answer": {"min_replica": 1}},
    )

    assert sent(fake)[:2] == ["PATCH", "PATCH"]
    assert changed.promotion_settings
    assert changed.promotion_settings.promotion_cleanup_strategy == "KEEP"
    assert changed.chainlet_settings
    by_name = {one["chainlet_name"]: one for one in changed.chainlet_settings}
    assert by_name["Answer"]["autoscaling_settings"]["min_replica"] == 1
    assert by_name["Main"]["autoscaling_settings"]["min_replica"] == 0


async def test_an_unknown_chainlet_is_refused_by_baseten(baseten: Baseten) -> None:
    with pytest.raises(BadRequestError, match="Nobody"):
        await (
            baseten.chain("chain001")
            .environment("staging")
            .update(chainlet_autoscaling={"Nobody": {"min_replica": 1}})
        )


async def test_an_update_of_a_chain_that_baseten_does_not_make_is_an_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.faults.status(200, body={"ok": False})
    with pytest.raises(RequestNotActedOnError):
        await (
            baseten.chain("chain001")
            .environment("staging")
            .update(promotion_settings={"redeploy_on_promotion": True})
        )


# --- delete, activate, deactivate ----------------------------------------------------------------


async def test_production_is_not_deleted_and_nothing_is_sent(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    with pytest.raises(ConfigurationError, match="production"):
        await baseten.model("model001").environment("production").delete()
    assert fake.requests == []


async def test_an_environment_is_deleted(
    fake: FakeBaseten, baseten: Baseten, caplog: pytest.LogCaptureFixture
) -> None:
    await baseten.model("model001").environment("staging").delete()

    assert "staging" not in fake.model("model001").environments
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_deleting_during_a_promotion_says_which_promotion_it_cancels(
    fake: FakeBaseten, baseten: Baseten, caplog: pytest.LogCaptureFixture
) -> None:
    staging = fake.model("model001").environment("staging")
    staging.promote("depl002")
    await baseten.model("model001").environment("staging").delete()

    (said,) = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert "cancels the promotion of deployment depl002" in said
    assert staging.promotion is not None
    assert staging.promotion.status == "CANCELED"


async def test_the_deployment_that_serves_is_turned_off_and_on(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    staging = baseten.model("model001").environment("staging")
    serving = fake.model("model001").deployment("depl001")
    await staging.deactivate()
    await asyncio.sleep(60)
    off = serving.status
    await staging.activate()
    live = await baseten.model("model001").deployment("depl001").wait_until_active(timeout=600)

    assert (off, live.status) == ("INACTIVE", "ACTIVE")


@pytest.mark.parametrize("verb", ["activate", "deactivate", "delete"])
async def test_an_answer_that_says_not_done_is_an_error(
    fake: FakeBaseten, baseten: Baseten, verb: str
) -> None:
    method = "DELETE" if verb == "delete" else "POST"
    fake.faults.status(200, route=method, body={"success": verb == "delete", "deleted": False})
    with pytest.raises(RequestNotActedOnError, match=verb):
        await getattr(baseten.model("model001").environment("staging"), verb)()


# --- deployments ---------------------------------------------------------------------------------


async def test_a_deployment_is_renamed(fake: FakeBaseten, baseten: Baseten) -> None:
    model = baseten.model("model001")
    renamed = await model.deployment("depl002").rename("v2.1_hot-fix")

    assert renamed.name == "v2.1_hot-fix"
    assert (await model.find_deployment("v2.1_hot-fix")).id == "depl002"


@pytest.mark.parametrize("name", ["", "a b", "ü", "x" * 256, None, "a/b"])
async def test_a_name_that_baseten_does_not_allow_is_refused_before_any_request(
    fake: FakeBaseten, baseten: Baseten, name: str
) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        await baseten.model("model001").deployment("depl001").rename(name)
    assert fake.requests == []


async def test_a_name_that_another_deployment_has_is_refused(baseten: Baseten) -> None:
    with pytest.raises(BadRequestError):
        await baseten.model("model001").deployment("depl001").rename("depl002")


async def test_the_policy_for_requests_without_a_free_replica_is_changed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    deployment = baseten.model("model001").deployment("depl002")

    async def shown() -> Any:
        return (await deployment.get())["request_backpressure_settings"]["policy"]

    assert await shown() is None
    assert await deployment.update_request_backpressure("REJECT_ON_FULL") == "REJECT_ON_FULL"
    assert await shown() == "REJECT_ON_FULL"
    assert await deployment.update_request_backpressure(None) is None
    assert await shown() is None
    sent = [json.loads(one.body) for one in fake.requests if one.method == "PATCH"]
    assert sent == [{"policy": "REJECT_ON_FULL"}, {"policy": None}]
    page = baseten.model("model001").audit(groups=["REQUEST_BACKPRESSURE_SETTINGS"])
    assert [one.event_data["policy"] async for one in page] == [None, "REJECT_ON_FULL"]


@pytest.mark.parametrize("answer", [{"policy": "SPILL"}, {}])
async def test_an_unknown_policy_is_returned_as_it_is_and_a_missing_one_is_none(
    fake: FakeBaseten, baseten: Baseten, answer: dict[str, str]
) -> None:
    fake.faults.status(200, body=answer)
    deployment = baseten.model("model001").deployment("depl002")

    assert await deployment.update_request_backpressure(None) == answer.get("policy")


@pytest.mark.parametrize("policy", ["", "reject_on_full", 7, {"policy": "QUEUE_ON_FULL"}])
async def test_a_policy_that_baseten_does_not_have_is_refused_before_any_request(
    fake: FakeBaseten, baseten: Baseten, policy: Any
) -> None:
    with pytest.raises(ConfigurationError, match="policy"):
        await baseten.model("model001").deployment("depl001").update_request_backpressure(policy)
    assert fake.requests == []


async def test_a_deployment_is_deleted(fake: FakeBaseten, baseten: Baseten) -> None:
    await baseten.model("model001").deployment("depl002").delete()
    await baseten.chain("chain001").deployment("depl002").delete()

    assert [*fake.model("model001").deployments] == ["depl001"]
    assert [*fake.chain("chain001").deployments] == ["depl001"]


async def test_a_deployment_that_serves_is_not_deleted(baseten: Baseten) -> None:
    with pytest.raises(BadRequestError, match="serves in"):
        await baseten.model("model001").deployment("depl001").delete()


async def test_a_deletion_that_baseten_does_not_make_is_an_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    for owner in (baseten.model("model001"), baseten.chain("chain001")):
        fake.faults.status(200, body={"id": "depl002", "deleted": False})
        with pytest.raises(RequestNotActedOnError, match="delete"):
            await owner.deployment("depl002").delete()


async def test_a_patch_answered_with_success_false_is_an_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.faults.status(200, body={"success": False, "reason": "Busy."})
    with pytest.raises(RequestNotActedOnError, match="change it: Busy"):
        await baseten.model("model001").deployment("depl001").rename("x")
