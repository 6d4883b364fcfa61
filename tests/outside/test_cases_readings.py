"""Answers with fields that nobody needs, in every wrong form, and answers that never fit."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten.errors import PromotionFailedError, ResponseShapeError, WaitTimeoutError

from .server import (
    CANCELED,
    MISSING,
    Json,
    Kind,
    Reply,
    World,
    changed,
    client,
    environment_of,
    error,
    every_kind,
    ok,
    shows,
)

pytestmark = pytest.mark.looptime


OF_DEPLOYMENTS: list[Json] = [
    {"created_at": "Tue, 01 Sep 2026 10:00:00 GMT"},
    {"created_at": None},
    {"created_at": MISSING},
    {"environment": MISSING},
    {"environment": {"name": "production"}},
    {"region": {"slug": "us", "display_name": "United States"}},
]
OF_MODELS_DEPLOYMENTS: list[Json] = [
    {"labels": []},
    {"model_id": MISSING},
    {"name": None},
    {"instance_type_name": None},
    {"instance_type_name": {"id": "1x2"}},
    {"is_production": "no"},
    {"active_replica_count": None},
    {"autoscaling_settings": {"min_replica": None}},
    {"request_backpressure_settings": MISSING},
]
OF_CHAINS_DEPLOYMENTS: list[Json] = [{"chain_id": MISSING}, {"chain_id": 7}]
OF_ENVIRONMENTS: list[Json] = [
    {"promotion_settings": None},
    {"promotion_settings": MISSING},
    {"created_at": "Tue, 01 Sep 2026 10:00:00 GMT"},
    {"created_at": 1_790_000_000},
    {"name": MISSING},
    {"autoscaling_schedules": "daily"},
]
OF_MODELS_ENVIRONMENTS: list[Json] = [
    {"instance_type": None},
    {"instance_type": "1x2"},
    {"autoscaling_settings": None},
    {"model_id": MISSING},
    {"request_backpressure_settings": MISSING},
]
OF_CHAINS_ENVIRONMENTS: list[Json] = [
    {"chainlet_settings": None},
    {"chainlet_settings": MISSING},
    {"chain_id": MISSING},
]
DEPLOYMENTS = [
    *(("model", each) for each in OF_DEPLOYMENTS + OF_MODELS_DEPLOYMENTS),
    *(("chain", each) for each in OF_DEPLOYMENTS + OF_CHAINS_DEPLOYMENTS),
]
ENVIRONMENTS = [
    *(("model", each) for each in OF_ENVIRONMENTS + OF_MODELS_ENVIRONMENTS),
    *(("chain", each) for each in OF_ENVIRONMENTS + OF_CHAINS_ENVIRONMENTS),
]


@pytest.mark.parametrize(
    ("alters", "kind", "changes"),
    [
        *(("deployment", *each) for each in DEPLOYMENTS),
        *(("environment", *each) for each in ENVIRONMENTS),
    ],
)
async def test_a_promotion_is_live_whatever_else_its_answers_say(
    alters: str, kind: Kind, changes: Json
) -> None:
    """In each answer, one field of the environment or of its deployments does not fit."""
    world = World()
    owner = world.owner(kind)
    setattr(owner, f"alter_{alters}", lambda found: changed(found, changes))
    production = owner.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=3600)

    assert live.id == "new"
    assert 60 <= world.now() < 90


@every_kind
async def test_a_huge_message_is_cut_in_the_text_and_whole_in_the_evidence(
    kind: Kind,
) -> None:
    """The promotion fails, and Baseten sends the whole log as its error message."""
    world = World()
    message = "out of memory; " * 133_334
    production = world.owner(kind).environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RELEASING"),
            30: shows("old", "new", "FAILED", message=message),
        },
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionFailedError) as caught:
            await promotion.wait(timeout=3600)

    assert "out of memory" in str(caught.value)
    assert len(str(caught.value)) < 2_000
    assert caught.value.last_seen.in_progress_promotion.error_message == message


# --- the same kind, in other places --------------------------------------------------------------


@pytest.mark.parametrize(("kind", "changes"), DEPLOYMENTS)
async def test_a_deployment_is_active_whatever_else_it_says(kind: Kind, changes: Json) -> None:
    """The same, for a wait on the deployment itself."""
    world = World()
    owner = world.owner(kind)
    owner.alter_deployment = lambda found: changed(found, changes)
    owner.deployment("d1", {0: "BUILDING", 30: "ACTIVE"})

    async with client(world) as baseten:
        resource: Any = baseten.model("m1") if kind == "model" else baseten.chain("c1")
        live = await resource.deployment("d1").wait_until_active(timeout=600)

    assert live.id == "d1"
    assert 30 <= world.now() < 50


@pytest.mark.parametrize("changes", OF_ENVIRONMENTS + OF_MODELS_ENVIRONMENTS)
async def test_a_cancellation_is_over_whatever_else_its_environment_says(changes: Json) -> None:
    """The same, for a cancellation, whose answer carries another message, too."""
    world = World()
    model = world.model()
    model.alter_environment = lambda found: changed(found, changes)
    production = model.environment({0: shows("old", "new", "RAMPING_UP", 50)})
    answer = {**CANCELED.body, "message": None}
    production.on("cancel_promotion", ok(answer), {0: shows("old", None, "CANCELED")})

    async with client(world) as baseten:
        cancellation = await baseten.model("m1").environment("production").cancel_promotion()
        await cancellation.wait(timeout=600)

    assert world.now() < 60


@pytest.mark.parametrize(
    "changes",
    [
        {"error_message": {"text": "x"}},
        {"error_message": MISSING},
        {"rolling_deploy": "yes"},
        {"rolling_deploy": MISSING},
        {"since": None},
    ],
)
@every_kind
async def test_a_promotion_is_live_whatever_else_its_state_says(kind: Kind, changes: Json) -> None:
    """The object that says how the promotion is has odd fields."""
    world = World()
    owner = world.owner(kind)

    def alter(found: Json) -> Json:
        promotion = found["in_progress_promotion"]
        return found | {"in_progress_promotion": promotion and changed(promotion, changes)}

    owner.alter_environment = alter
    production = owner.environment({0: shows("old")})
    production.on(
        "promote",
        then={0: shows("old", "new", "RAMPING_UP", 50), 60: shows("new", None, "SUCCEEDED", 100)},
    )

    async with client(world) as baseten:
        live = await (await environment_of(baseten, kind).promote("new")).wait(timeout=600)

    assert live.id == "new"


@pytest.mark.parametrize("changes", [{"name": None}, {"id": MISSING}, {"instance_type_name": None}])
async def test_a_chain_is_active_whatever_else_its_chainlets_say(changes: Json) -> None:
    """The chainlets have statuses, and other fields are null or missing."""
    world = World()
    chain = world.chain()
    chain.alter_deployment = lambda found: {
        **found,
        "chainlets": [changed(each, changes) for each in found["chainlets"]],
    }
    chain.deployment("d1", {0: "BUILDING", 30: "ACTIVE"})

    async with client(world) as baseten:
        live = await baseten.chain("c1").deployment("d1").wait_until_active(timeout=600)

    assert live.id == "d1"


NEVER_FITS: list[Any] = [
    ok([]),
    ok({"hello": "world"}),
    Reply(body="<html>Welcome to your proxy</html>"),
]


@pytest.mark.parametrize("reply", NEVER_FITS)
@every_kind
async def test_a_wait_that_understands_no_answer_ends_after_half_a_minute(
    kind: Kind, reply: Reply
) -> None:
    """Every look is answered 200 with something that is no environment."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        world.trouble(reply)
        with pytest.raises(ResponseShapeError):
            await promotion.wait(timeout=3600)

    assert 30 <= world.now() < 75


@pytest.mark.parametrize("reply", NEVER_FITS)
async def test_a_wait_that_understood_one_answer_goes_on(reply: Reply) -> None:
    """A proxy answers in Baseten's place for ten minutes."""
    world = World()
    world.model().deployment("d1", {0: "BUILDING", 300: "ACTIVE"})
    world.trouble(reply, since=2, until=600)

    async with client(world) as baseten:
        live = await baseten.model("m1").deployment("d1").wait_until_active(timeout=3600)

    assert live.id == "d1"
    assert 600 <= world.now() < 680


async def test_failures_do_not_count_as_answers_that_never_fit() -> None:
    """For a minute the server is down; then everything is as it should be."""
    world = World()
    world.model().deployment("d1")
    world.trouble(error(502), until=60)

    async with client(world) as baseten:
        live = await baseten.model("m1").deployment("d1").wait_until_active(timeout=600)

    assert live.id == "d1"


async def test_a_status_that_is_no_text_is_not_guessed_at() -> None:
    """The status is what a wait decides on: a number says nothing."""
    world = World()
    model = world.model()
    model.deployment("d1")
    model.alter_deployment = lambda found: found | {"status": 5}

    async with client(world) as baseten:
        with pytest.raises((ResponseShapeError, WaitTimeoutError)):
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=600)
