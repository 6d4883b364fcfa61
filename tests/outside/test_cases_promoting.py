"""Promoting when another promotion is under way, and following what the answer names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten.errors import (
    BadRequestError,
    BasetenError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    WaitError,
)

from .server import (
    MISSING,
    Kind,
    World,
    client,
    environment_of,
    error,
    every_kind,
    hangs,
    made,
    parts,
    shows,
)

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("timeout", [0, 3, 60])
@every_kind
async def test_a_promote_whose_turn_does_not_come_in_time_has_sent_nothing(
    kind: Kind, timeout: float
) -> None:
    """A colleague's promotion goes on for longer than the caller waits for its end."""
    world = World()
    world.owner(kind).environment({0: shows("old", "z", "RELEASING")})

    async with client(world) as baseten:
        with pytest.raises(PromotionInProgressError) as caught:
            await environment_of(baseten, kind).promote(
                "new", if_in_progress="wait", in_progress_timeout=timeout
            )

    assert caught.value.deployment_id == "z"
    assert getattr(caught.value, "token", None) is None
    assert world.writes() == []
    assert timeout <= world.now() < timeout + 11


@every_kind
async def test_five_jobs_that_wait_for_their_turn_all_promote(kind: Kind) -> None:
    """Five jobs of one client promote to one environment, one after the other."""
    world = World()
    world.owner(kind).environment({0: shows("old")}).takes(30)

    async with client(world) as baseten:
        handle: Any = environment_of(baseten, kind)
        promotions = await asyncio.gather(
            *(handle.promote(f"new{index}", if_in_progress="wait") for index in range(5))
        )

    assert {one.deployment_id for one in promotions} == {f"new{index}" for index in range(5)}
    assert world.now() >= 4 * 30


@pytest.mark.parametrize("name", ["new", "new-p-1.2"])
async def test_adopting_knows_a_serving_deployment_that_baseten_made_from_ours(name: str) -> None:
    """Baseten makes a deployment for each promotion, named after its source and the time."""
    world = World()
    model = world.model()
    production = model.environment({0: shows("old")})
    model.deployment("new", name=name)
    model.deployment("made1", name=f"{name}.1768269232")
    production.on(
        "promote", made("made1"), {0: shows("old", "made1", "RELEASING"), 60: shows("made1")}
    )

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        for _ in range(3):
            promotion = await handle.promote("new", if_in_progress="adopt")
            live = await promotion.wait(timeout=600)
            assert live.id == promotion.deployment_id == "made1"

    assert len(world.writes()) == 1


async def test_adopting_cannot_tell_what_serves_in_a_chain_and_sends_nothing() -> None:
    """Deployments of chains have no names. One that is younger than ours may be made from it."""
    world = World()
    chain = world.chain()
    production = chain.environment({0: shows("old")})
    chain.deployment("new")
    production.on(
        "promote", made("made1"), {0: shows("old", "made1", "RELEASING"), 60: shows("made1")}
    )

    async with client(world) as baseten:
        handle = baseten.chain("c1").environment("production")
        first = await handle.promote("new", if_in_progress="adopt")
        await first.wait(timeout=600)
        for _ in range(2):
            with pytest.raises(BasetenError, match="made1"):
                await handle.promote("new", if_in_progress="adopt")

    assert len(world.writes()) == 1


UNEXPECTED: list[tuple[Kind, dict[str, Any]]] = [
    ("chain", {"created_at": None}),
    ("chain", {"created_at": MISSING}),
    ("chain", {"chainlets": None}),
    ("chain", {"environment": 5}),
    ("model", {"created_at": None}),
    ("model", {"created_at": "Tue, 01 Sep 2026 10:00:00 GMT"}),
    ("model", {"labels": []}),
    ("model", {"name": MISSING, "model_id": MISSING}),
    ("model", {"status": MISSING}),
]


@pytest.mark.parametrize(("kind", "changes"), UNEXPECTED)
async def test_a_promotion_whose_answer_has_a_readable_id_is_followed(
    kind: Kind, changes: dict[str, Any]
) -> None:
    """Another field of the answer is null, missing or of another type: the promotion began."""
    world = World()
    production = world.owner(kind).environment({0: shows("old")})
    production.on(
        "promote",
        made("made1", **changes),
        {20: shows("old", "made1", "RELEASING"), 60: shows("made1")},
    )

    async with client(world) as baseten:
        promotion = await environment_of(baseten, kind).promote("new")
        live = await promotion.wait(timeout=600)

    assert live.id == promotion.deployment_id == "made1"
    assert len(world.writes()) == 1


# --- the same kind, in other places --------------------------------------------------------------


@every_kind
async def test_a_promote_that_waits_for_an_unreadable_environment_has_sent_nothing(
    kind: Kind,
) -> None:
    """A colleague's promotion is under way, and then the environment cannot be read any more."""
    world = World()
    world.owner(kind).environment({0: shows("old", "z", "RELEASING")})
    world.trouble(error(502), "environments", since=1)

    async with client(world) as baseten:
        with pytest.raises(PromotionInProgressError):
            await environment_of(baseten, kind).promote(
                "new", if_in_progress="wait", in_progress_timeout=120
            )

    assert world.writes() == []


async def test_a_promote_that_waits_for_a_paused_promotion_has_sent_nothing() -> None:
    """A colleague's promotion stays paused."""
    world = World()
    world.model().environment({0: shows("old", "z", "PAUSED", 30)})

    async with client(world) as baseten:
        with pytest.raises(PromotionInProgressError) as caught:
            await (
                baseten.model("m1")
                .environment("production")
                .promote("new", if_in_progress="wait", in_progress_timeout=300)
            )

    assert not isinstance(caught.value, WaitError | TimeoutError)
    assert world.writes() == []


@every_kind
async def test_jobs_of_two_clients_that_wait_for_their_turn_all_promote(kind: Kind) -> None:
    """Two processes do not know of each other: one of them is refused, and waits again."""
    world = World()
    world.owner(kind).environment({0: shows("old", "z", "RELEASING"), 20: shows("z")}).takes(45)

    async with client(world) as one, client(world) as two:
        handles: list[Any] = [environment_of(each, kind) for each in (one, two, one, two)]
        promotions = await asyncio.gather(
            *(
                handle.promote(f"new{index}", if_in_progress="wait")
                for index, handle in enumerate(handles)
            )
        )

    assert len({one.deployment_id for one in promotions}) == 4


@pytest.mark.parametrize("status", [400, 409])
async def test_a_promote_that_somebody_overtook_waits_for_its_turn(status: int) -> None:
    """The environment is idle when it is read; a colleague's request arrives before ours."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        error(status, "Environment production has a promotion in progress.", acts=True),
        {0: shows("old", "z", "RELEASING"), 60: shows("z")},
    )
    production.on("promote", then={0: shows("z", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        promotion = await handle.promote("new", if_in_progress="wait")
        live = await promotion.wait(timeout=600)

    assert live.id == "new"
    assert promotion.previous_id == "z"
    assert len(world.writes()) == 2


async def test_a_promote_that_is_refused_for_its_own_sake_does_not_wait() -> None:
    """No promotion is under way: the deployment cannot be promoted, however long one waits."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", error(400, "Deployment new cannot be promoted."))

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        with pytest.raises(BadRequestError, match="cannot be promoted"):
            await handle.promote("new", if_in_progress="wait")

    assert world.now() < 120


async def test_adopting_knows_a_candidate_that_baseten_made_from_ours() -> None:
    """The first process died after its promote; the second finds it under way."""
    world = World()
    model = world.model()
    model.deployment("new")
    model.deployment("made1", name="new.1768269232")
    model.environment({0: shows("old", "made1", "RAMPING_UP", 20), 60: shows("made1")})

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        promotion = await handle.promote("new", if_in_progress="adopt")
        live = await promotion.wait(timeout=600)

    assert live.id == promotion.deployment_id == "made1"
    assert world.writes() == []


@pytest.mark.parametrize("name", ["new2.1768269232", "new-hotfix", "other.1768269232"])
async def test_adopting_does_not_take_another_deployment_for_ours(name: str) -> None:
    """A deployment serves whose name only looks alike."""
    world = World()
    model = world.model()
    model.deployment("new")
    model.deployment("other", name=name)
    production = model.environment({0: shows("other")})
    production.on("promote", then={0: shows("other", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        handle = baseten.model("m1").environment("production")
        live = await (await handle.promote("new", if_in_progress="adopt")).wait(timeout=600)

    assert live.id == "new"
    assert len(world.writes()) == 1


async def test_adopting_in_a_chain_promotes_over_a_deployment_that_is_older_than_ours() -> None:
    """What serves was there before ours was pushed, so it cannot be made from it."""
    world = World()
    chain = world.chain()
    production = chain.environment({0: shows("old")})
    chain.deployment("new")
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})

    async with client(world) as baseten:
        handle = baseten.chain("c1").environment("production")
        live = await (await handle.promote("new", if_in_progress="adopt")).wait(timeout=600)

    assert live.id == "new"


@pytest.mark.parametrize("answered_id", ["", None, 7])
async def test_a_promotion_whose_answer_names_nobody_is_read_back(answered_id: object) -> None:
    """The answer has no readable id, but the environment shows that the promotion began."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on(
        "promote",
        made("new", id=answered_id),
        {0: shows("old", "new", "RELEASING"), 60: shows("new")},
    )

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        live = await promotion.wait(timeout=600)

    assert live.id == promotion.deployment_id == "new"
    assert len(world.writes()) == 1


async def test_a_promotion_that_never_began_and_was_never_answered_is_not_sent_again() -> None:
    """The request hangs for good, and the environment stays as it was."""
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", hangs(acts=False))

    async with client(world) as baseten:
        with pytest.raises(PromotionOutcomeUnknownError):
            await baseten.model("m1").environment("production").promote("new")

    assert len(world.writes()) == 1


async def test_a_chain_whose_chainlets_are_of_an_unknown_form_is_followed_by_its_id() -> None:
    """The answer to the promotion lists chainlets without names."""
    world = World()
    chain = world.chain()
    chain.deployment("new", parts("ACTIVE", Entry="ACTIVE"))
    production = chain.environment({0: shows("old")})
    production.on("promote", made("new", chainlets=[{"status": "ACTIVE"}]), {0: shows("new")})

    async with client(world) as baseten:
        live = await (await baseten.chain("c1").environment("production").promote("new")).wait(
            timeout=600
        )

    assert live.id == "new"
