"""Reads that lag, alternate and go back in time: what they may decide, and what not."""

from __future__ import annotations

from typing import Any

import pytest

from aiobaseten.errors import (
    PromotionCanceledError,
    PromotionFailedError,
    PromotionSupersededError,
    WaitError,
)

from .server import Kind, Shown, World, client, environment_of, every_kind, made, ok, shows

pytestmark = pytest.mark.looptime

every_lag = pytest.mark.parametrize("lag", range(1, 9))


@pytest.mark.parametrize("left", [None, "broken"])
@every_lag
@every_kind
async def test_a_cancellation_from_before_the_promotion_seen_again_decides_nothing(
    kind: Kind, lag: float, left: str | None
) -> None:
    """A CANCELED promotion lingered. One replica shows ours, the next one the state before."""
    world = World(lags=(0, 0, lag))
    production = world.owner(kind).environment({0: shows("old", left, "CANCELED")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 90: shows("new")})

    async with client(world) as baseten:
        handle = environment_of(baseten, kind)
        await world.until(10)
        live = await (await handle.promote("new")).wait(timeout=600)

    assert live.id == "new"
    assert 100 <= world.now() < 130


@pytest.mark.parametrize("left", [None, "broken"])
@every_lag
@every_kind
async def test_a_failure_from_before_the_promotion_seen_again_decides_nothing(
    kind: Kind, lag: float, left: str | None
) -> None:
    """A FAILED promotion lingered. One replica shows ours, the next one the state before."""
    world = World(lags=(0, 0, lag))
    owner = world.owner(kind)
    owner.deployment("broken", "DEPLOY_FAILED")
    production = owner.environment({0: shows("old", left, "FAILED", message="out of memory")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 90: shows("new")})

    async with client(world) as baseten:
        handle = environment_of(baseten, kind)
        await world.until(10)
        live = await (await handle.promote("new")).wait(timeout=600)

    assert live.id == "new"
    assert 100 <= world.now() < 130


@pytest.mark.parametrize("lingers", [None, "FAILED"])
@pytest.mark.parametrize("was_shown", [True, False])
@every_kind
async def test_a_candidate_that_had_failed_before_and_then_serves_supersedes(
    kind: Kind, was_shown: bool, lingers: str | None
) -> None:
    """Candidate x had failed before we promoted new. Somebody retries x, and x becomes current."""
    world = World()
    owner = world.owner(kind)
    production = owner.environment({0: shows("old", "x", lingers)})
    owner.deployment("x", {0: "BUILD_FAILED", 20: "BUILDING", 40: "ACTIVE"})
    first = shows("old", "new", "RELEASING") if was_shown else shows("old", "x", lingers)
    production.on("promote", then={0: first, 40: shows("x")})

    async with client(world) as baseten:
        handle = environment_of(baseten, kind)
        promotion = await handle.promote("new", if_in_progress="send")
        with pytest.raises(PromotionSupersededError) as caught:
            await promotion.wait(timeout=900)

    assert caught.value.by == "x"
    assert 40 <= world.now() < 300


@pytest.mark.parametrize("lag", [5, 20, 60, 100])
@every_kind
async def test_a_promotion_that_succeeded_is_live_when_the_pointer_follows(
    kind: Kind, lag: float
) -> None:
    """SUCCEEDED, the candidate is gone, and the old deployment is current for some seconds more."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RELEASING"),
            30: shows("old", None, "SUCCEEDED", 100),
            30 + lag: shows("new"),
        },
    )

    async with client(world) as baseten:
        handle = environment_of(baseten, kind)
        live = await (await handle.promote("new")).wait(timeout=900)

    assert live.id == "new"
    assert 30 + lag <= world.now() < 60 + lag


@pytest.mark.parametrize("candidate", [None, "live"])
@every_kind
async def test_the_failure_of_a_promotion_of_the_serving_deployment_is_a_failure(
    kind: Kind, candidate: str | None
) -> None:
    """Baseten answers with the id that serves already; then the promotion fails."""
    world = World()
    production = world.owner(kind).environment({0: shows("live")})
    production.on(
        "promote",
        then={
            0: shows("live", candidate, "RELEASING"),
            60: shows("live", candidate, "FAILED", message="no capacity"),
        },
    )

    async with client(world) as baseten:
        handle = environment_of(baseten, kind)
        promotion = await handle.promote("live")
        with pytest.raises(PromotionFailedError, match="no capacity"):
            await promotion.wait(timeout=900)

    assert 60 <= world.now() < 120


@pytest.mark.parametrize(
    "before",
    [
        shows("old"),
        shows("old", "broken", "FAILED"),
        shows("old", None, "FAILED"),
        shows("old", None, "CANCELED"),
    ],
    ids=["nothing", "a failed candidate", "a failure", "a cancellation"],
)
@every_kind
async def test_a_replica_that_is_a_minute_behind_does_not_make_a_promotion_gone(
    kind: Kind, before: Shown
) -> None:
    """For 55 s every look goes to a replica that shows the state from before the promotion."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("broken", "DEPLOY_FAILED")
    production = owner.environment({0: before})
    ramping = shows("old", "new", "RAMPING_UP", 50)
    releasing = shows("old", "new", "RELEASING")
    production.on("promote", then={0: releasing, 15: before, 70: ramping, 100: shows("new")})

    async with client(world) as baseten:
        live = await (await environment_of(baseten, kind).promote("new")).wait(timeout=600)

    assert live.id == "new"
    assert 100 <= world.now() < 130


@every_kind
async def test_a_failure_of_the_same_deployment_from_before_is_doubted_for_a_minute(
    kind: Kind,
) -> None:
    """The same deployment failed before; a replica that is a minute behind shows that again."""
    before = shows("old", "new", "FAILED", message="out of memory")
    world = World()
    production = world.owner(kind).environment({0: before})
    releasing = shows("old", "new", "RELEASING")
    production.on("promote", then={0: releasing, 15: before, 70: releasing, 100: shows("new")})

    async with client(world) as baseten:
        live = await (await environment_of(baseten, kind).promote("new")).wait(timeout=600)

    assert live.id == "new"


@every_kind
async def test_a_promotion_that_was_undone_without_a_trace_is_gone_after_a_minute(
    kind: Kind,
) -> None:
    """No look shows the cancellation. What is shown could be a minute old, but not older."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("old")})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=600)

    assert 90 <= world.now() < 105


# --- states that are older than the one before the promotion -------------------------------------

RELEASING = shows("old", "new", "RELEASING")


@pytest.mark.parametrize(
    "older",
    [
        shows("other"),
        shows("other", "old", "RAMPING_UP", 25),
        shows("old", "other", "RAMPING_UP", 25),
        shows("old", "other", "CANCELED"),
        shows("old", None, "CANCELED"),
        shows("old", None, "FAILED", message="out of memory"),
        shows("old", None, "SUCCEEDED"),
    ],
)
@every_kind
async def test_a_state_that_is_older_than_the_one_before_decides_nothing(
    kind: Kind, older: Shown
) -> None:
    """Something ended less than a minute before, and left no trace."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: RELEASING, 10: older, 50: RELEASING, 100: shows("new")})

    async with client(world) as baseten:
        live = await (await environment_of(baseten, kind).promote("new")).wait(timeout=600)

    assert live.id == "new"
    assert 100 <= world.now() < 130


@every_kind
async def test_a_deployment_that_had_failed_before_it_was_retried_and_promoted_goes_on(
    kind: Kind,
) -> None:
    """Late servers show the environment as it was before, and the deployment, too."""
    world = World()
    owner = world.owner(kind)
    production = owner.environment({0: shows("old")})
    owner.deployment("new", {0: "DEPLOYING", 10: "DEPLOY_FAILED", 50: "DEPLOYING", 90: "ACTIVE"})
    production.on(
        "promote", then={0: RELEASING, 10: shows("old"), 50: RELEASING, 100: shows("new")}
    )

    async with client(world) as baseten:
        live = await (await environment_of(baseten, kind).promote("new")).wait(timeout=600)

    assert live.id == "new"


@pytest.mark.parametrize("older", [shows("old"), shows("old", None, "SUCCEEDED")])
@every_kind
async def test_the_serving_deployment_is_not_promoted_again_before_that_promotion_ends(
    kind: Kind, older: Shown
) -> None:
    """It had been promoted shortly before, which late servers show again."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    under_way = shows("old", "old", "RELEASING")
    ended = shows("old", None, "SUCCEEDED")
    production.on("promote", then={0: under_way, 10: older, 50: under_way, 100: ended})

    async with client(world) as baseten:
        live = await (await environment_of(baseten, kind).promote("old")).wait(timeout=600)

    assert live.id == "old"
    assert 100 <= world.now() < 130


@pytest.mark.parametrize("older", [shows("old"), shows("other"), shows("old", None, "CANCELED")])
@pytest.mark.parametrize("verb", ["cancel", "cancel_promotion"])
async def test_a_cancellation_is_not_over_in_looks_from_before_the_promotion(
    verb: str, older: Shown
) -> None:
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RAMPING_UP", 25)})
    going_back = shows("old", "new", "RAMPING_DOWN", 25)
    over = shows("old", "new", "CANCELED")
    answer = ok({"status": "RAMPING_DOWN", "message": "It goes back."})
    production.on("cancel_promotion", answer, {0: older, 40: going_back, 90: over})

    async with client(world) as baseten:
        environment = baseten.model("m1").environment("production")
        promotion = await environment.promote("new")
        await world.until(10)
        cancellation = await getattr(promotion if verb == "cancel" else environment, verb)()
        await cancellation.wait(timeout=600)

    assert 100 <= world.now() < 115


async def test_a_cancel_learns_what_served_before_although_the_look_before_was_old() -> None:
    """No look after it shows the promotion any more."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("other", "new", "RAMPING_UP", 25)})
    production.on("force_cancel_promotion", ok(), {0: shows("other", None, "CANCELED")})

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        cancellation = await promotion.force_cancel()
        await cancellation.wait(timeout=600)

    assert cancellation.previous_id == "other"


# --- the same kind, in other places --------------------------------------------------------------


async def test_the_failure_of_a_promotion_of_the_serving_deployment_is_seen_at_once_too() -> None:
    """The very first look after the promotion shows FAILED, and the id serves already."""
    world = World()
    production = world.model().environment({0: shows("live")})
    production.on("promote", then={0: shows("live", None, "FAILED", message="no capacity")})

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("live")
        with pytest.raises(PromotionFailedError, match="no capacity"):
            await promotion.wait(timeout=900)


async def test_a_promotion_of_the_serving_deployment_is_over_when_it_succeeds() -> None:
    """Baseten rolls out the id that serves already; it is not live again before the end."""
    world = World()
    production = world.model().environment({0: shows("live")})
    production.on(
        "promote",
        then={
            0: shows("live", None, "RELEASING"),
            60: shows("live", None, "RAMPING_UP", 50),
            180: shows("live", None, "SUCCEEDED", 100),
            240: shows("live"),
        },
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("live")
        live = await promotion.wait(timeout=900)

    assert live.id == "live"
    assert 180 <= world.now() < 260


@every_lag
async def test_the_previous_deployment_seen_again_after_a_success_decides_nothing(
    lag: float,
) -> None:
    """Ours is current but still loads; a replica behind shows the old one as current."""
    world = World(lags=(0, 0, lag, 0, lag))
    model = world.model()
    production = model.environment({0: shows("old")})
    model.deployment("new", {0: "LOADING_MODEL", 80: "ACTIVE"})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: shows("new")})

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        live = await promotion.wait(timeout=900)

    assert live.id == "new"
    assert 80 <= world.now() < 110


@every_lag
async def test_an_old_candidate_seen_again_is_not_a_successor(lag: float) -> None:
    """A failed candidate lingered before ours, and a replica behind shows it again and again."""
    world = World(lags=(0, 0, lag))
    model = world.model()
    production = model.environment({0: shows("old", "broken", "FAILED", message="boom")})
    model.deployment("broken", "BUILD_FAILED")
    production.on(
        "promote",
        made("new-2"),
        then={
            0: shows("old", "new-2", "RELEASING"),
            40: shows("old", "new-2", "RAMPING_UP", 50),
            90: shows("new-2"),
        },
    )

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        live = await (await handle.promote("new", if_in_progress="send")).wait(timeout=900)

    assert live.id == "new-2"


async def test_a_pointer_that_never_follows_ends_the_wait_with_both_facts() -> None:
    """SUCCEEDED, but the old deployment stays current for good."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        then={0: shows("old", "new", "RELEASING"), 30: shows("old", None, "SUCCEEDED", 100)},
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        with pytest.raises(WaitError) as caught:
            await promotion.wait(timeout=3600)

    assert "SUCCEEDED" in str(caught.value)
    assert "old" in str(caught.value)
    assert 150 <= world.now() < 240


async def test_a_real_cancellation_is_believed_when_it_is_seen_again() -> None:
    """A CANCELED promotion lingered before ours, and ours is cancelled, too."""
    world = World()
    production = world.model().environment({0: shows("old", None, "CANCELED")})
    production.on(
        "promote",
        then={0: shows("old", "new", "RELEASING"), 60: shows("old", None, "CANCELED")},
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        with pytest.raises(PromotionCanceledError):
            await promotion.wait(timeout=3600)

    assert 60 <= world.now() < 240


@every_kind
async def test_the_previous_deployment_takes_the_place_of_one_that_was_really_current(
    kind: Kind,
) -> None:
    """Ours served for a minute and a half, still loading; then somebody rolled back to old."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("new", "LOADING_MODEL")
    production = owner.environment({0: shows("old")})
    production.on(
        "promote",
        then={0: shows("old", "new", "RELEASING"), 30: shows("new"), 120: shows("old")},
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionSupersededError) as caught:
            await promotion.wait(timeout=1800)

    assert caught.value.by == "old"
    assert 120 <= world.now() < 300


# --- back to the deployment before, whose id is used again ----------------------------------------


@pytest.mark.parametrize("live_after", [5, 100])
@pytest.mark.parametrize("lags", [(0.0, 59.0), (59.0, 0.0), (59.0,)])
@every_kind
async def test_a_rollback_of_what_was_live_is_sent_although_looks_are_older(
    kind: Kind, lags: tuple[float, ...], live_after: float
) -> None:
    """Late servers show the time before the promotion, or that it is under way."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: RELEASING, live_after: shows("new")})
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 200: shows("old")})

    async with client(world) as baseten:
        await world.until(100)
        mine: Any = await environment_of(baseten, kind).promote("new")
        await mine.wait(timeout=600)
        await world.until(world.now() + 10)
        world.lags = lags
        await mine.rollback()

    assert [sent.body["deployment_id"] for sent in world.writes("promote")] == ["new", "old"]
    assert world.now() < 100 + live_after + 85


@every_kind
async def test_a_rollback_by_somebody_else_that_the_audit_log_shows_is_believed_at_once(
    kind: Kind,
) -> None:
    """Ours was live a few seconds before."""
    world = World()
    owner = world.owner(kind)
    production = owner.environment({0: shows("old")})
    production.on("promote", then={0: RELEASING, 5: shows("new")})

    async with client(world) as baseten:
        mine: Any = await environment_of(baseten, kind).promote("new")
        await mine.wait(timeout=600)
        owner.promoted("new", "old")
        production.becomes(shows("old"))
        began = world.now()
        back = await mine.rollback()

    assert back.deployment_id == "old"
    assert world.now() - began < 1
    assert len(world.writes()) == 1


@pytest.mark.parametrize("live_after", [5, 100])
@pytest.mark.parametrize("lags", [(0.0, 59.0), (59.0, 0.0)])
@every_kind
async def test_a_rollback_is_not_over_in_looks_from_when_the_deployment_served_before(
    kind: Kind, lags: tuple[float, ...], live_after: float
) -> None:
    """One of two servers shows the time before our promotion, which is being taken back."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: RELEASING, live_after: shows("new")})
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 200: shows("old")})

    async with client(world) as baseten:
        await world.until(100)
        mine: Any = await environment_of(baseten, kind).promote("new")
        await mine.wait(timeout=600)
        await world.until(world.now() + 10)
        back = await mine.rollback()
        world.lags, began = lags, world.now()
        live = await back.wait(timeout=600)

    assert live.id == "old"
    assert 200 <= world.now() - began < 275
