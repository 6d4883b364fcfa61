"""Taking a promotion back: only if it is still one's own, and to the deployment that served."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten.errors import BasetenError, PromotionSupersededError

from .server import (
    CANCELED,
    Kind,
    Shown,
    World,
    client,
    environment_of,
    every_kind,
    ok,
    shows,
)

pytestmark = pytest.mark.looptime

#: A colleague's z after our promotion of new: live, or on its way.
SOMEBODY_ELSES = [
    pytest.param(shows("z"), id="live"),
    pytest.param(shows("new", "z", "RAMPING_UP", 40), id="running"),
    pytest.param(shows("z", None, "SUCCEEDED", 100), id="just live"),
]


@pytest.mark.parametrize("after", SOMEBODY_ELSES)
@every_kind
async def test_a_rollback_does_not_undo_somebody_elses_promotion(kind: Kind, after: Shown) -> None:
    """Mine went live, then a colleague's z. Rolling mine back must not take z away."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("new")})

    async with client(world) as baseten:
        mine = await environment_of(baseten, kind).promote("new")
        await mine.wait(timeout=600)
        production.becomes(after)
        await world.until(300)
        with pytest.raises(PromotionSupersededError) as caught:
            await mine.rollback()

    assert caught.value.by == "z"
    assert len(world.writes()) == 1


@every_kind
async def test_a_rollback_overrules_somebody_elses_promotion_if_asked_to(kind: Kind) -> None:
    """The colleague's z is what broke production, and the caller says so."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("new")})
    production.on("promote", then={0: shows("z", "old", "RELEASING"), 30: shows("old")})

    async with client(world) as baseten:
        mine: Any = await environment_of(baseten, kind).promote("new")
        await mine.wait(timeout=600)
        production.becomes(shows("z"))
        await world.until(300)
        back = await mine.rollback(even_if_superseded=True)
        live = await back.wait(timeout=600)

    assert live.id == "old"
    assert [sent.body["deployment_id"] for sent in world.writes("promote")] == ["new", "old"]


# --- the same kind, in other places --------------------------------------------------------------


@pytest.mark.parametrize("verb", ["cancel", "force_cancel"])
@pytest.mark.parametrize("after", SOMEBODY_ELSES)
async def test_a_cancellation_does_not_end_somebody_elses_promotion(
    verb: str, after: Shown
) -> None:
    """Mine is over, and a colleague promotes z. Cancelling mine must not cancel theirs."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("new")})
    production.on("cancel_promotion", CANCELED, {0: shows("new")})
    production.on("force_cancel_promotion", ok(), {0: shows("new")})

    async with client(world) as baseten:
        mine = await baseten.model("m1").environment("production").promote("new")
        await mine.wait(timeout=600)
        production.becomes(after)
        await world.until(300)
        with pytest.raises(PromotionSupersededError) as caught:
            await getattr(mine, verb)()

    assert caught.value.by == "z"
    assert len(world.writes()) == 1


@pytest.mark.parametrize("verb", ["cancel", "force_cancel"])
async def test_a_cancellation_ends_somebody_elses_promotion_if_asked_to(verb: str) -> None:
    """Whatever is on its way to production must stop."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("new")})
    production.on("cancel_promotion", CANCELED, {0: shows("new")})
    production.on("force_cancel_promotion", ok(), {0: shows("new")})

    async with client(world) as baseten:
        mine: Any = await baseten.model("m1").environment("production").promote("new")
        await mine.wait(timeout=600)
        production.becomes(shows("new", "z", "RAMPING_UP", 40))
        await getattr(mine, verb)(even_if_superseded=True)

    assert len(world.writes(f"{verb}_promotion")) == 1


async def test_a_cancellation_of_ones_own_promotion_is_sent() -> None:
    """Mine is still on its way."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RAMPING_UP", 20)})
    production.on("cancel_promotion", CANCELED, {0: shows("old", None, "CANCELED")})

    async with client(world) as baseten:
        mine = await baseten.model("m1").environment("production").promote("new")
        await world.until(60)
        environment = await (await mine.cancel()).wait(timeout=600)

    assert environment.current_deployment is not None
    assert environment.current_deployment.id == "old"


@every_kind
async def test_a_rollback_of_ones_own_promotion_promotes_what_served_before(kind: Kind) -> None:
    """Nobody else has promoted anything."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("new")})
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 30: shows("old")})

    async with client(world) as baseten:
        mine = await environment_of(baseten, kind).promote("new")
        await mine.wait(timeout=600)
        live = await (await mine.rollback()).wait(timeout=600)

    assert live.id == "old"
    assert [sent.body["deployment_id"] for sent in world.writes("promote")] == ["new", "old"]


@every_kind
async def test_a_rollback_that_a_colleague_has_made_already_sends_nothing(kind: Kind) -> None:
    """Mine was live; a colleague has put old back. There is nothing left to do."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("new")})

    async with client(world) as baseten:
        mine = await environment_of(baseten, kind).promote("new")
        await mine.wait(timeout=600)
        production.becomes(shows("old"))
        await world.until(300)
        live = await (await mine.rollback()).wait(timeout=600)

    assert live.id == "old"
    assert len(world.writes()) == 1


# --- without a token -----------------------------------------------------------------------------


@every_kind
async def test_an_environment_rolls_back_to_what_the_audit_log_says_served_before(
    kind: Kind,
) -> None:
    """Another process made the promotion, and its token is gone."""
    world = World()
    owner = world.owner(kind)
    for deployment_id in ("older", "old", "side", "new", "newest"):
        owner.deployment(deployment_id)
    owner.promoted("older", "old", "new")
    production = owner.environment({0: shows("new")})
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 30: shows("old")})

    async with client(world) as baseten:
        handle: Any = environment_of(baseten, kind)
        back = await handle.rollback()
        live = await back.wait(timeout=600)

    assert back.deployment_id == live.id == "old"
    assert [sent.body["deployment_id"] for sent in world.writes()] == ["old"]


@every_kind
async def test_an_environment_rolls_back_to_what_the_list_of_deployments_shows(kind: Kind) -> None:
    """The key may not read the audit log. The list says which deployments belong to production."""
    world = World()
    owner = world.owner(kind)
    for deployment_id in ("older", "old"):
        owner.deployment(deployment_id, "SCALED_TO_ZERO", environment="production")
    owner.deployment("side")
    owner.deployment("new", environment="production")
    owner.deployment("newest")
    production = owner.environment({0: shows("new")})
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 30: shows("old")})
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 30: shows("old")})

    async with client(world) as baseten:
        handle: Any = environment_of(baseten, kind)
        back = await handle.rollback()

    assert back.deployment_id == "old"


async def test_an_environment_does_not_roll_back_to_a_deployment_that_never_served() -> None:
    """The audit log names accepted requests: the one before the last never got to production."""
    world = World()
    model = world.model()
    model.deployment("old", "SCALED_TO_ZERO")
    model.deployment("broken", "DEPLOY_FAILED")
    model.deployment("new")
    model.promoted("old", "broken", "new")
    production = model.environment({0: shows("new")})
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 30: shows("old")})

    async with client(world) as baseten:
        handle: Any = baseten.model("m1").environment("production")
        back = await handle.rollback()

    assert back.deployment_id == "old"


@every_kind
async def test_an_environment_in_which_nothing_served_before_is_not_rolled_back(
    kind: Kind,
) -> None:
    """The first deployment serves, and there is no other."""
    world = World()
    owner = world.owner(kind)
    owner.promoted("first")
    owner.environment({0: shows("first")}).on("promote")

    async with client(world) as baseten:
        handle: Any = environment_of(baseten, kind)
        with pytest.raises(BasetenError):
            await handle.rollback()

    assert world.writes() == []
