"""Events and sentences: nothing of somebody else's promotion, and nothing that is not known."""

from __future__ import annotations

import pytest

from aiobaseten.errors import DeploymentFailedError, PromotionFailedError, PromotionSupersededError
from aiobaseten.events import StatusChanged, TrafficShifted

from .server import (
    Kind,
    Shown,
    World,
    client,
    environment_of,
    every_kind,
    heard,
    parts,
    shows,
)

pytestmark = pytest.mark.looptime


#: How somebody else's v3 takes the place of our v2, second by second.
V3_TAKES_OVER: list[dict[float, Shown]] = [
    {40: shows("v3", None, "SUCCEEDED", 100)},
    {30: shows("old", "v3", "RAMPING_UP", 60), 60: shows("v3", None, "SUCCEEDED", 100)},
    {30: shows("old", None, "RAMPING_UP", 60), 60: shows("v3", None, "SUCCEEDED", 100)},
    {30: shows("old", "v3", "RELEASING"), 60: shows("v3")},
]


@pytest.mark.parametrize("then", V3_TAKES_OVER)
@every_kind
async def test_events_of_a_promotion_tell_nothing_of_somebody_elses(
    kind: Kind, then: dict[float, Shown]
) -> None:
    """We promote v2, then somebody promotes v3, which succeeds."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "v2", "RELEASING"), **then})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("v2")
        seen, end = await heard(promotion.events(timeout=900))

    assert isinstance(end, PromotionSupersededError)
    assert end.by == "v3"
    statuses = [one.status for one in seen if isinstance(one, StatusChanged)]
    assert "SUCCEEDED" not in statuses
    assert not any(isinstance(one, TrafficShifted) and one.percent == 100 for one in seen)
    assert "SUCCEEDED" not in [one.status for one in end.history]


@pytest.mark.parametrize("message", [None, "no capacity"])
@every_kind
async def test_a_first_deployment_that_fails_leaves_nothing_that_serves(
    kind: Kind, message: str | None
) -> None:
    """Nothing served before, so nothing serves now."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("new", {0: "BUILDING", 30: "BUILD_FAILED"})
    production = owner.environment({0: shows(None)})
    production.on(
        "promote",
        then={
            0: shows(None, "new", "RELEASING"),
            30: shows(None, "new", "FAILED", message=message),
        },
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionFailedError) as caught:
            await promotion.wait(timeout=900)

    assert "before" not in str(caught.value)
    assert "othing serves" in str(caught.value)


@every_kind
async def test_a_servers_message_is_cut_in_the_sentence_and_whole_in_the_evidence(
    kind: Kind,
) -> None:
    message = "no capacity " * 200_000
    world = World()
    world.owner(kind).deployment("new", {0: "BUILDING", 30: "BUILD_FAILED"})
    failed = shows("old", "new", "FAILED", message=message)
    production = world.owner(kind).environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 30: failed})

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionFailedError) as caught:
            await promotion.wait(timeout=900)

    assert "no capacity no capacity" in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert caught.value.evidence is not None
    assert message in repr(caught.value.evidence.last_seen)


@pytest.mark.parametrize("message", [None, "CUDA out of memory"])
async def test_a_chain_that_fails_names_the_chainlets_that_failed(message: str | None) -> None:
    """The server has an error message of its own, and the chainlets are what to look at."""
    world = World()
    chain = world.chain()
    failed = parts("DEPLOY_FAILED", Entry="ACTIVE", Worker="DEPLOY_FAILED", Splitter="BUILD_FAILED")
    chain.deployment("new", {0: "BUILDING", 63: failed})
    production = chain.environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "new", "RELEASING"),
            63: shows("old", "new", "FAILED", message=message),
        },
    )

    async with client(world) as baseten:
        promotion = await baseten.chain("c1").environment("production").promote("new")
        with pytest.raises(PromotionFailedError) as caught:
            await promotion.wait(timeout=900)

    said = str(caught.value)
    assert "Worker" in said
    assert "Splitter" in said
    assert "Entry" not in said
    assert message is None or message in said
    assert set(caught.value.failed) == {"Worker", "Splitter"}


async def test_a_chain_that_fails_gives_the_same_advice_with_and_without_a_message() -> None:
    """The message of the server replaces nothing."""
    said = []
    for message in ("CUDA out of memory", None):
        world = World()
        chain = world.chain()
        failed = parts("DEPLOY_FAILED", Entry="ACTIVE", Worker="DEPLOY_FAILED")
        chain.deployment("new", failed)
        production = chain.environment({0: shows("old")})
        promotion_status = "FAILED" if message else "RELEASING"
        production.on("promote", then={0: shows("old", "new", promotion_status, message=message)})
        async with client(world) as baseten:
            promotion = await baseten.chain("c1").environment("production").promote("new")
            with pytest.raises(PromotionFailedError) as caught:
                await promotion.wait(timeout=900)
        said.append(str(caught.value))

    with_message, without = (one.rpartition(". ")[2] for one in said)
    assert with_message == without


# --- the same kind, in other places --------------------------------------------------------------


@every_kind
async def test_events_of_a_live_promotion_tell_nothing_of_the_next_one(kind: Kind) -> None:
    """Ours is current and loads; a colleague's v3 is being promoted, and overtakes it."""
    world = World()
    owner = world.owner(kind)
    owner.deployment("v2", "LOADING_MODEL")
    production = owner.environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("v2"),
            30: shows("v2", "v3", "RAMPING_UP", 55),
            60: shows("v3", None, "SUCCEEDED", 100),
        },
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("v2")
        seen, end = await heard(promotion.events(timeout=900))

    assert isinstance(end, PromotionSupersededError)
    assert end.by == "v3"
    assert not [one for one in seen if isinstance(one, TrafficShifted)]
    assert not [one for one in seen if isinstance(one, StatusChanged) and one.status == "SUCCEEDED"]


@every_kind
async def test_events_of_a_promotion_tell_its_own_success(kind: Kind) -> None:
    """Nobody else is there: traffic and the end are ours."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on(
        "promote",
        then={
            0: shows("old", "v2", "RAMPING_UP", 40),
            60: shows("old", "v2", "SUCCEEDED", 100),
            80: shows("v2"),
        },
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("v2")
        seen = [event async for event in promotion.events(timeout=900)]

    assert [one.percent for one in seen if isinstance(one, TrafficShifted)] == [40, 100]
    assert "SUCCEEDED" in [one.status for one in seen if isinstance(one, StatusChanged)]


@every_kind
async def test_a_failed_promotion_says_that_the_old_deployment_keeps_the_traffic(
    kind: Kind,
) -> None:
    """Something served before, and serves."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on(
        "promote",
        then={0: shows("old", "new", "RELEASING"), 30: shows("old", "new", "FAILED")},
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(PromotionFailedError, match=r"served before|old"):
            await promotion.wait(timeout=900)


@every_kind
async def test_a_cancelled_first_deployment_does_not_speak_of_a_deployment_before_it(
    kind: Kind,
) -> None:
    """Nothing served before the promotion that somebody cancelled."""
    world = World()
    production = world.owner(kind).environment({0: shows(None)})
    production.on(
        "promote",
        then={0: shows(None, "new", "RELEASING"), 30: shows(None, "new", "CANCELED")},
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        with pytest.raises(Exception, match="cancelled") as caught:
            await promotion.wait(timeout=900)

    assert "before" not in str(caught.value)


async def test_a_deployment_of_a_chain_that_fails_names_its_chainlets() -> None:
    """Without any promotion."""
    world = World()
    failed = parts("DEPLOY_FAILED", Entry="ACTIVE", Worker="DEPLOY_FAILED")
    world.chain().deployment("d1", {0: "DEPLOYING", 60: failed})

    async with client(world) as baseten:
        with pytest.raises(DeploymentFailedError, match="Worker") as caught:
            await baseten.chain("c1").deployment("d1").wait_until_active(timeout=900)

    assert caught.value.failed == ("Worker",)
