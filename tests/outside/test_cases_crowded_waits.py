"""Waits of one client do not blind, starve or multiply each other's looks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten, Stage
from aiobaseten.errors import (
    BasetenError,
    DeploymentFailedError,
    PromotionCanceledError,
    WaitTimeoutError,
)
from aiobaseten.events import DeploymentWoken, LookFailed

from .server import (
    Kind,
    Reply,
    World,
    client,
    error,
    every_kind,
    hangs,
    heard,
    limited,
    lost,
    ok,
    shows,
)

pytestmark = pytest.mark.looptime


LIVE_AT = 300.0
# The longest time between two looks at something that builds or loads; see test_schedule.py.
SCHEDULE_S = 12.0
#: Looks per second of all waits of a client together.
DEFAULT_RATE = 5.0


@asynccontextmanager
async def waiting(waits: Iterable[Awaitable[object]]) -> AsyncIterator[None]:
    """Waits that go on beside the story."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def handle(baseten: Baseten, kind: Kind, owner: str, name: str) -> Any:
    resource: Any = baseten.model(owner) if kind == "model" else baseten.chain(owner)
    return resource.deployment(name)


def times(world: World, end: str) -> list[float]:
    """When requests arrived whose path ends so."""
    return [one.at for one in world.requests if one.path.endswith(end)]


async def beside(
    reply: Reply,
    bad: int,
    *,
    kind: Kind,
    since: float = 0.0,
    live_at: float = LIVE_AT,
    rate: float = DEFAULT_RATE,
) -> tuple[World, float]:
    """One deployment that becomes live beside so many whose looks are all answered so.

    Returns:
        The world, and when the wait on the healthy one ended.
    """
    world = World()
    for index in range(bad):
        world.model("bad").deployment(f"b{index}", "BUILDING")
    world.trouble(reply, "/models/bad/", since=since)
    stages = {0: "BUILDING", live_at - 60: "LOADING_MODEL", live_at: "ACTIVE"}
    world.owner(kind, "good").deployment("healthy", stages)
    async with (
        client(world, polling_rate=rate) as baseten,
        waiting(
            handle(baseten, "model", "bad", f"b{index}").wait_until_active(timeout=None)
            for index in range(bad)
        ),
    ):
        await asyncio.sleep(0)  # the others come first
        await handle(baseten, kind, "good", "healthy").wait_until_active(timeout=3600)
        return world, world.now()


TROUBLE = pytest.mark.parametrize(
    "reply",
    [hangs(), error(502), lost(), ok(""), limited(60)],
    ids=["hangs", "502", "reset", "empty", "429"],
)


@TROUBLE
@pytest.mark.parametrize("bad", [25, 60])
async def test_a_bad_route_does_not_hide_what_goes_another_way(reply: Reply, bad: int) -> None:
    world, ended_at = await beside(reply, bad, kind="chain", live_at=100)

    looks = [0.0, *times(world, "/healthy")]
    assert ended_at < 100 + 5
    assert max(later - at for at, later in pairwise(looks)) <= 1.2 * SCHEDULE_S


@pytest.mark.parametrize("bad", [25, 60])
@pytest.mark.parametrize(
    "reply", [hangs(), error(502), lost(), ok("")], ids=["hangs", "502", "reset", "empty"]
)
async def test_deployments_that_fail_do_not_hide_another_one_of_their_route(
    reply: Reply, bad: int
) -> None:
    _, ended_at = await beside(reply, bad, kind="model")

    assert ended_at < LIVE_AT + 5


#: Seconds after which a healthy resource beside n others is seen, if its schedule is shorter.
FIRST_S, EACH_S = 10.0, 1 / 3


async def fails(call: Awaitable[object]) -> None:
    with suppress(BasetenError):
        await call


async def longest_gap(
    *,
    hanging: int,
    failing: int,
    good: int,
    rate: float = DEFAULT_RATE,
    since: float,
    seed: int,
    takes: float = 0.0,
    connections: int = 20,
    hanging_calls: float = 0.0,
) -> float:
    """The longest time in seconds without a look at a healthy one of so many, in any order.

    Meanwhile, so many calls a second begin to hang, on three routes.
    """
    world = World(delays={0: takes})
    world.trouble(hangs(), "/stuck")
    healthy = [f"g{index}" for index in range(good)]
    names = [*(f"h{i}" for i in range(hanging)), *(f"f{i}" for i in range(failing)), *healthy]
    random.Random(seed).shuffle(names)
    for name in names:
        world.model().deployment(name, "BUILDING")
    world.trouble(hangs(), "/deployments/h", since=since)
    world.trouble(error(502), "/deployments/f", since=since)
    end = since + (300.0 if takes else max(60.0, 2 * len(names) / rate))
    if connections < 20:
        end += 4 * len(names)

    async def call(baseten: Baseten) -> None:
        stuck = baseten.model("stuck")
        async with asyncio.TaskGroup() as group:
            for index in range(int(end * hanging_calls)):
                verbs = stuck.get, stuck.deployment("d").get, stuck.environment("e").get
                group.create_task(fails(verbs[index % 3]()))
                await asyncio.sleep(1 / hanging_calls)

    async with (
        client(world, polling_rate=rate, max_connections=connections) as baseten,
        waiting(
            [
                call(baseten),
                *(
                    baseten.model("m1").deployment(name).wait_until_active(timeout=None)
                    for name in names
                ),
            ]
        ),
    ):
        await world.until(end)

    looks = [[0.0, *times(world, f"/{name}"), end] for name in healthy]
    return max(b - a for each in looks for a, b in pairwise(each))


@pytest.mark.parametrize(
    ("hanging", "failing", "good", "since"),
    [(60, 0, 1, 80), (0, 60, 1, 80), (30, 29, 1, 80), (30, 0, 30, 0)],
)
async def test_deployments_that_fail_and_hang_hide_no_other_one_for_twice_its_schedule(
    hanging: int, failing: int, good: int, since: float
) -> None:
    gap = await longest_gap(hanging=hanging, failing=failing, good=good, since=since, seed=0)

    assert gap <= 2 * SCHEDULE_S


async def test_a_first_look_that_hangs_shortens_the_patience_with_the_next_ones() -> None:
    """Of 61 new resources, a single one answers."""
    gap = await longest_gap(hanging=60, failing=0, good=1, since=0, seed=2)

    assert gap <= FIRST_S + EACH_S * 61


#: The same for few connections, alone and beside calls that hang: those hold a single one.
FEW = pytest.mark.parametrize(
    ("connections", "each", "each_beside_calls"),
    [(1, 4.0, None), (2, 4.0, 4.0), (3, 2.0, 4.0), (4, 2.0, 4.0), (8, 1.0, 2.0), (20, EACH_S, 0.5)],
)


@FEW
@pytest.mark.parametrize(
    ("hanging", "good", "since"),
    [
        (12, 4, 0),
        (12, 4, 80),
        pytest.param(60, 1, 0, marks=pytest.mark.thorough),
        pytest.param(99, 1, 80, marks=pytest.mark.thorough),
        pytest.param(50, 50, 80, marks=pytest.mark.thorough),
    ],
)
async def test_few_connections_hide_no_healthy_one_for_longer_than_documented(
    connections: int,
    each: float,
    each_beside_calls: float | None,
    hanging: int,
    good: int,
    since: float,
) -> None:
    for calls, bound in ((0.0, each), (1.0, each_beside_calls)):
        if bound is not None:
            gap = await longest_gap(
                hanging=hanging,
                failing=0,
                good=good,
                since=since,
                seed=0,
                connections=connections,
                hanging_calls=calls,
            )
            assert gap <= FIRST_S + bound * (hanging + good)


@pytest.mark.parametrize(
    ("hanging", "good", "takes", "at_most"),
    [(40, 60, 1.2, 37), (40, 60, 2.0, 56), (40, 60, 4.0, 97)],
)
async def test_slow_deployments_beside_some_that_hang_are_seen(
    hanging: int, good: int, takes: float, at_most: float
) -> None:
    """A look that hung says nothing about how long those that answer take."""
    gap = await longest_gap(hanging=hanging, failing=0, good=good, since=0, seed=0, takes=takes)

    assert gap <= at_most


async def test_waits_that_leave_in_the_middle_of_a_look_free_one_place_each() -> None:
    """With more places than there are, no look that hangs would be given up for another one."""
    world = World()
    for index in range(60):
        world.model().deployment(f"h{index}", "BUILDING")
    world.model().deployment("good", "BUILDING")
    world.trouble(hangs(), "/deployments/h", since=0)

    async with client(world) as baseten:
        model = baseten.model("m1")

        def waits(numbers: Iterable[int]) -> Iterable[Awaitable[object]]:
            return (model.deployment(f"h{i}").wait_until_active(timeout=None) for i in numbers)

        async with waiting(waits(range(40))):
            await world.until(5)
        began = world.now()
        healthy = model.deployment("good").wait_until_active(timeout=None)
        async with waiting([*waits(range(40, 60)), healthy]):
            await world.until(began + 100)

    looks = [began, *times(world, "/good"), began + 100]
    assert max(b - a for a, b in pairwise(looks)) <= 2 * SCHEDULE_S


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rate", [1.0, 5.0, 20.0, 50.0])
@pytest.mark.parametrize("since", [0.0, 80.0])
@pytest.mark.parametrize(
    ("hanging", "failing", "good"),
    [
        (99, 0, 1),
        (80, 0, 1),
        (0, 99, 1),
        (50, 49, 1),
        (80, 19, 1),
        (20, 79, 1),
        (25, 25, 50),
        (10, 10, 80),
        (3, 3, 4),
    ],
)
async def test_no_mix_of_trouble_hides_a_healthy_one_for_longer_than_documented(
    hanging: int, failing: int, good: int, since: float, rate: float
) -> None:
    count = hanging + failing + good
    schedule = max(SCHEDULE_S, count / rate)
    for seed in range(2):
        gap = await longest_gap(
            hanging=hanging, failing=failing, good=good, rate=rate, since=since, seed=seed
        )
        assert gap <= max(2 * schedule, FIRST_S + EACH_S * count)


async def test_deployments_that_are_always_slow_are_not_given_up() -> None:
    """They have the connections for longer than a prompt one that begins to hang."""
    world = World(delays={0: 7.0})
    for index in range(40):
        world.model().deployment(f"d{index}", {0: "BUILDING", 100: "ACTIVE"})

    async with client(world) as baseten:
        model = baseten.model("m1")
        ends = await asyncio.gather(
            *(heard(model.deployment(f"d{index}").events()) for index in range(40))
        )

    assert not [one for events, _ in ends for one in events if isinstance(one, LookFailed)]


async def test_deployments_that_begin_to_hang_do_not_hide_what_goes_another_way() -> None:
    world, ended_at = await beside(hangs(), 100, kind="chain", since=50, live_at=100, rate=20)

    assert ended_at < 100 + 5
    assert max(b - a for a, b in pairwise(times(world, "/healthy"))) <= 1.2 * SCHEDULE_S


@every_kind
@pytest.mark.parametrize("timeout", [0, 40])
async def test_last_looks_that_hang_do_not_hide_what_works(kind: Kind, timeout: float) -> None:
    """Sixty waits have the same deadline, and nothing that they look at ever answers."""
    world = World()
    for index in range(60):
        world.model("bad").deployment(f"b{index}", "BUILDING")
    world.trouble(hangs(), "/models/bad/")
    world.owner(kind, "good").deployment("healthy", "BUILDING")
    ends: list[float] = []

    async def wait(index: int) -> None:
        with pytest.raises(WaitTimeoutError, match=r"not answered|could not be sent in time"):
            await handle(baseten, "model", "bad", f"b{index}").wait_until_active(timeout=timeout)
        ends.append(world.now())

    async with (
        client(world) as baseten,
        waiting([handle(baseten, kind, "good", "healthy").wait_until_active(timeout=None)]),
    ):
        await world.until(60)
        await asyncio.gather(*(wait(index) for index in range(60)))

    assert max(b - a for a, b in pairwise(times(world, "/healthy"))) <= 2 * SCHEDULE_S
    # A last look is sent within 30 s, and has ten.
    assert max(ends) <= 60 + timeout + 30 + 10


@pytest.mark.thorough
async def test_deployments_that_fail_are_still_looked_at_as_often_as_one_alone_would_be() -> None:
    """One of sixty recovers after ten minutes."""
    world = World()
    for index in range(60):
        world.model().deployment(f"b{index}", {0: "BUILDING", 600: "ACTIVE"})
    world.model("good").deployment("healthy", "BUILDING")
    world.trouble(error(502), "/m1/", until=600)
    world.trouble(error(502), "/m1/deployments/b", since=600, until=601)

    async with (
        client(world) as baseten,
        waiting([baseten.model("good").deployment("healthy").wait_until_active(timeout=None)]),
    ):
        waits = (
            baseten.model("m1").deployment(f"b{index}").wait_until_active() for index in range(60)
        )
        await asyncio.gather(*waits)

    assert world.now() < 600 + 31 + 60 / 4


@pytest.mark.thorough
async def test_resources_that_fail_get_no_more_than_their_share_of_the_budget() -> None:
    world = World()
    for index in range(100):
        world.model().deployment(f"d{index}", {0: "BUILDING", LIVE_AT: "ACTIVE"})
    for index in range(300):
        world.chain("bad").deployment(f"b{index}", "BUILDING")
    world.trouble(error(502), "/chains/bad/")
    world.trouble(ok(), "/b0")

    async with (
        client(world) as baseten,
        waiting(
            baseten.chain("bad").deployment(f"b{index}").wait_until_active(timeout=None)
            for index in range(300)
        ),
    ):
        model = baseten.model("m1")
        await asyncio.gather(*(model.deployment(f"d{i}").wait_until_active() for i in range(100)))

    # Without the others, a hundred looks at five a second take twenty seconds.
    assert world.now() < LIVE_AT + 1.5 * 100 / 5


@every_kind
async def test_chains_that_answer_nothing_fail_no_model(kind: Kind) -> None:
    """Twenty of one kind always answer 200 without a body; five others are live at 280 s."""
    other: Kind = "chain" if kind == "model" else "model"
    world = World()
    for index in range(20):
        world.owner(kind, f"bad{index}").deployment("d1", "BUILDING")
        world.trouble(ok(""), f"/bad{index}/")
    for index in range(5):
        statuses: dict[float, Any] = {0: "BUILDING", 200: "LOADING_MODEL", 280: "ACTIVE"}
        world.owner(other, f"good{index}").deployment("d1", statuses)

    async with client(world) as baseten:
        failing = [
            asyncio.ensure_future(
                handle(baseten, kind, f"bad{index}", "d1").wait_until_active(timeout=300)
            )
            for index in range(20)
        ]
        found = await asyncio.gather(
            *(
                handle(baseten, other, f"good{i}", "d1").wait_until_active(timeout=300)
                for i in range(5)
            )
        )
        errors = await asyncio.gather(*failing, return_exceptions=True)

    assert {one.status for one in found} == {"ACTIVE"}
    # Everybody's error is about their own resource.
    assert all(f"/bad{index}/" in str(one) for index, one in enumerate(errors))


# --- the grace -----------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_four_hundred_unhealthy_deployments_fail_after_the_grace_and_a_look() -> None:
    """The default budget gives each a look in 80 s."""
    world = World()
    for index in range(400):
        world.model().deployment(f"d{index}", "UNHEALTHY")

    async with client(world) as baseten:
        model = baseten.model("m1")
        ends = await asyncio.gather(
            *(model.deployment(f"d{index}").wait_until_active() for index in range(400)),
            return_exceptions=True,
        )

    assert {type(one) for one in ends} == {DeploymentFailedError}
    assert world.now() < 300 + 2 * 80


@every_kind
@pytest.mark.parametrize("interval", [60.0, 70.0, 200.0])
async def test_a_slow_schedule_does_not_break_the_grace(kind: Kind, interval: float) -> None:
    world = World()
    world.owner(kind).deployment("d1", "UNHEALTHY")

    async with client(world, poll=lambda *_: interval) as baseten:
        deployment = handle(baseten, kind, "m1" if kind == "model" else "c1", "d1")
        with pytest.raises(DeploymentFailedError):
            await deployment.wait_until_active(timeout=2000)

    assert world.now() < 300 + interval + 1


async def test_looks_that_are_held_in_an_outage_break_the_grace() -> None:
    """Nobody knows how it was meanwhile. The more there are, the longer they are held."""
    world = World()
    count, others = 50, 550
    for index in range(count):
        world.model().deployment(f"d{index}", "UNHEALTHY")
    for index in range(others):
        world.model().deployment(f"other{index}", "BUILDING")
    world.trouble(error(503), since=200, until=260)
    ended_at: list[float] = []

    def poll(stage: Stage, *_: float) -> float:
        return 5000.0 if stage is Stage.BUILD else 50.0

    async def wait(index: int) -> None:
        with pytest.raises(DeploymentFailedError):
            await baseten.model("m1").deployment(f"d{index}").wait_until_active()
        ended_at.append(world.now())

    async with (
        client(world, poll=poll, polling_rate=50) as baseten,
        waiting(
            baseten.model("m1").deployment(f"other{index}").wait_until_active(timeout=None)
            for index in range(others)
        ),
    ):
        await asyncio.gather(*(wait(index) for index in range(count)))

    asked = [one.path for one in world.requests if 200 <= one.at < 260]
    assert len(asked) < count / 2
    assert min(ended_at) > 260 + 300 - 60


# --- requests that follow from a look ------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("lines", [0, 10])
async def test_three_hundred_waits_explain_one_lost_promotion_with_one_read_a_look(
    kind: Kind, lines: int
) -> None:
    world = World()
    owner = world.owner(kind)
    production = owner.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("old")})
    owner.deployment("new", {0: "BUILDING", 60: "ACTIVE"})

    async with client(world) as baseten:
        environment: Any = (
            baseten.model("m1") if kind == "model" else baseten.chain("c1")
        ).environment("production")
        promotion = await environment.promote("new")
        ends = await asyncio.gather(
            *(promotion.wait(log_lines=lines) for _ in range(300)), return_exceptions=True
        )

    assert {type(one) for one in ends} == {PromotionCanceledError}
    assert len({id(one) for one in ends}) == 300
    looks = [at for at in times(world, "/environments/production") if at >= 70]
    # The reading of the log begins with a look at the deployment's parts.
    assert 1 <= len(times(world, "/deployments/new")) - (lines > 0) <= len(looks) < 20
    # When it went missing, and for the error.
    assert len(times(world, "audit_logs")) == 2
    logs = [one for one in world.requests if one.path.endswith("/logs")]
    assert len(logs) <= (2 if kind == "chain" else 1) * (lines > 0)


@pytest.mark.parametrize("apart", [0.0, 0.1])
async def test_two_hundred_waits_wake_a_deployment_once(apart: float) -> None:
    """It looks asleep for a while after the request, also to waits that begin meanwhile."""
    world = World()
    sleeper = world.model().deployment("d1", "SCALED_TO_ZERO")
    sleeper.on("wake", then={0: "SCALED_TO_ZERO", 15: "WAKING_UP", 60: "ACTIVE"})
    world.model().environment({0: shows("other")})

    async with client(world) as baseten:

        async def wait(index: int) -> int:
            await asyncio.sleep(index * apart)
            seen, end = await heard(baseten.model("m1").deployment("d1").events(wake=True))
            assert end is None
            return sum(isinstance(one, DeploymentWoken) for one in seen)

        woken = await asyncio.gather(*(wait(index) for index in range(200)))

    assert len(world.writes("wake")) == 1
    assert sum(woken) >= 1
    if apart == 0:
        assert woken == [1] * 200


async def test_a_deployment_that_sleeps_again_is_woken_again() -> None:
    world = World()
    sleeper = world.model().deployment("d1", "SCALED_TO_ZERO")
    sleeper.on("wake", then={0: "WAKING_UP", 30: "ACTIVE", 60: "SCALED_TO_ZERO"})
    world.model().environment({0: shows("other")})
    world.model("m2").deployment("d1", "BUILDING")

    async with (
        client(world) as baseten,
        waiting([baseten.model("m2").deployment("d1").wait_until_active(timeout=None)]),
    ):
        deployment = baseten.model("m1").deployment("d1")
        await deployment.wait_until_active(wake=True, settling_time=0)
        await world.until(120)
        await deployment.wait_until_active(wake=True, settling_time=0)

    assert len(world.writes("wake")) == 2


@pytest.mark.thorough
async def test_two_hundred_sleepers_of_a_model_share_the_list_of_its_environments() -> None:
    world = World()
    world.model().environment({0: shows("other")})
    for index in range(200):
        world.model().deployment(f"d{index}", "SCALED_TO_ZERO")

    async with client(world) as baseten:
        model = baseten.model("m1")
        await asyncio.gather(
            *(
                model.deployment(f"d{index}").wait_until_active(accept_scaled_to_zero=True)
                for index in range(200)
            )
        )

    assert len(times(world, "/environments")) <= world.now() / 2 + 1


async def test_a_look_whose_second_request_fails_is_not_repeated_like_a_call() -> None:
    """The quota for repeated requests is there for calls: none is left after twenty repeats."""
    world = World()
    world.model().environment({0: shows("other")})
    world.model().deployment("d1", "SCALED_TO_ZERO")
    world.trouble(error(500), "/m1/environments")

    async with client(world) as baseten:
        wait = (
            baseten.model("m1")
            .deployment("d1")
            .wait_until_active(accept_scaled_to_zero=True, timeout=300)
        )
        with pytest.raises(WaitTimeoutError):
            await wait

        assert len(times(world, "/environments")) == len(times(world, "/d1"))
        world.trouble(error(502), "/other", times=1)
        await baseten.model("m1").deployment("other").get()


@every_kind
async def test_a_hundred_waits_on_a_promotion_that_is_not_shown_cost_as_much_as_one(
    kind: Kind,
) -> None:
    requests: list[int] = []
    for waits in (1, 100):
        world = World()
        owner = world.owner(kind)
        owner.environment({0: shows("old")}).on("promote", then={0: shows("old")})
        owner.deployment("new", "BUILDING")
        async with client(world) as baseten:
            environment: Any = (
                baseten.model("m1") if kind == "model" else baseten.chain("c1")
            ).environment("production")
            promotion = await environment.promote("new")
            async with waiting(promotion.wait() for _ in range(waits)):
                await world.until(900)
        requests.append(len([one for one in world.requests if one.at > 300]))

    assert requests[1] <= 1.2 * requests[0]


async def test_a_hundred_waits_whose_explanation_fails_cost_as_much_as_a_few() -> None:
    world = World()
    production = world.model().environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("old")})
    world.trouble(error(502), "/deployments/new")

    async with client(world) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("new")
        async with waiting(promotion.wait() for _ in range(100)):
            await world.until(660)

    reads = [at for at in times(world, "/deployments/new") if at > 60]
    assert len(reads) <= 600


# --- nobody else's -------------------------------------------------------------------------------


@every_kind
async def test_two_waits_on_one_promotion_return_equal_objects_that_share_nothing(
    kind: Kind,
) -> None:
    world = World()
    owner = world.owner(kind)
    production = owner.environment({0: shows("old")})
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 60: shows("new")})
    owner.alter_deployment = lambda data: {**data, "novelty": {"list": [1], "object": {"a": 1}}}

    async with client(world) as baseten:
        environment: Any = (
            baseten.model("m1") if kind == "model" else baseten.chain("c1")
        ).environment("production")
        promotion = await environment.promote("new")
        one, other = await asyncio.gather(promotion.wait(), promotion.wait())

    assert one == other
    assert one is not other
    one.additional_properties["novelty"]["list"].append(2)
    one.additional_properties["novelty"]["object"]["a"] = 2
    assert other.additional_properties["novelty"] == {"list": [1], "object": {"a": 1}}


async def test_two_waits_hear_of_a_failed_look_with_errors_of_their_own() -> None:
    world = World()
    world.model().deployment("d1", {0: "BUILDING", 60: "ACTIVE"})
    world.trouble(error(502), times=1)

    async with client(world) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        (one, _), (other, _) = await asyncio.gather(
            heard(deployment.events()), heard(deployment.events())
        )

    (failed,) = [event for event in one if isinstance(event, LookFailed)]
    (also,) = [event for event in other if isinstance(event, LookFailed)]
    assert failed.error is not also.error
    assert str(failed.error) == str(also.error)


@pytest.mark.parametrize("end", [asyncio.CancelledError, GeneratorExit])
async def test_a_look_that_a_hook_of_the_caller_ends_is_followed_by_a_pause(
    end: type[BaseException],
) -> None:
    world = World()
    world.model().deployment("d1", "BUILDING")
    sent: list[float] = []

    async def hook(request: httpx.Request) -> None:
        sent.append(world.now())
        raise end

    async with (
        httpx.AsyncClient(transport=world, event_hooks={"request": [hook]}) as http,
        Baseten(api_key="k", base_url="https://api.baseten.co", http_client=http) as baseten,
    ):
        with suppress(BasetenError):
            await baseten.model("m1").deployment("d1").wait_until_active(timeout=100)

    assert len(sent) <= 10
    assert all(later - at >= 1 for at, later in pairwise(sent[:-1]))
