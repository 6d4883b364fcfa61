"""Each story is cut at every turn of the event loop, and nothing is left.

A turn is one round of the loop: it begins with a call of the loop's selector, so a selector of our
own counts the turns, cuts the story at one of them, and keeps virtual time.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, TypeAlias

import pytest

from aiobaseten import Baseten, Guard, check
from aiobaseten.cli._commands import execute
from aiobaseten.cli._outcomes import Outcome
from aiobaseten.cli._waits import interrupt
from aiobaseten.errors import BasetenError, GuardBreachedError
from aiobaseten.guard import GuardedStep, Verdict

from ..cli.command import run_of
from .server import RAMPING_DOWN, Shown, World, client, error, hangs, limited, lost, shows

Story: TypeAlias = Callable[[World, Baseten], Awaitable[object]]
How: TypeAlias = Literal["cancelled", "cancelled twice", "closed", "cancelled and closed"]

HOW: tuple[How, ...] = ("cancelled", "cancelled twice", "closed", "cancelled and closed")
CONNECTIONS = 2
#: Seconds for which a request whose caller has left keeps its connection, and a little more.
ABANDONED_S = 6.0


# --- stories -------------------------------------------------------------------------------------

STORIES: dict[str, Story] = {}


def story(tell: Story) -> Story:
    STORIES[getattr(tell, "__name__").replace("_", " ")] = tell  # noqa: B009 - callables may have none
    return tell


def promoting(world: World, *, vanishes: bool = False) -> None:
    """A promotion of "new" that takes twenty seconds."""
    production = world.model().environment({0: shows("old")})
    end = shows("old") if vanishes else shows("new")
    production.on("promote", then={0: shows("old", "new", "RELEASING"), 20: end})
    production.on("cancel_promotion", RAMPING_DOWN, then={0: shows("old", None, "CANCELED")})


def sleeping(world: World) -> None:
    """A deployment that sleeps, and is awake ten seconds after the request to wake."""
    world.model().environment({0: shows("old")})
    sleeper = world.model().deployment("d1", "SCALED_TO_ZERO")
    sleeper.on("wake", then={0: "WAKING_UP", 10: "ACTIVE"})


def loading(world: World) -> None:
    """A deployment that is active after ten seconds."""
    world.model().deployment("d1", {0: "LOADING_MODEL", 10: "ACTIVE"})


@story
async def a_call(world: World, baseten: Baseten) -> None:
    world.model().deployment("d1")
    await baseten.model("m1").deployment("d1").get()


@story
async def a_call_that_is_repeated(world: World, baseten: Baseten) -> None:
    world.model().deployment("d1")
    world.trouble(error(502), times=2)
    await baseten.model("m1").deployment("d1").get()


@story
async def a_call_that_is_paused(world: World, baseten: Baseten) -> None:
    world.model().deployment("d1")
    world.trouble(limited(3), times=1)
    get = baseten.model("m1").deployment("d1").get
    await asyncio.gather(get(), get(), get())


@story
async def a_wait(world: World, baseten: Baseten) -> None:
    loading(world)
    await baseten.model("m1").deployment("d1").wait_until_active()


@story
async def events(world: World, baseten: Baseten) -> None:
    loading(world)
    async with contextlib.aclosing(baseten.model("m1").deployment("d1").events()) as heard:
        async for _ in heard:
            await asyncio.sleep(0)


@story
async def three_waits_on_one_deployment(world: World, baseten: Baseten) -> None:
    loading(world)
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(baseten.model("m1").deployment("d1").wait_until_active())


@story
async def more_waits_than_connections(world: World, baseten: Baseten) -> None:
    for index in range(4):
        world.model().deployment(f"d{index}", {0: "LOADING_MODEL", 5: "ACTIVE"})
    async with asyncio.TaskGroup() as group:
        for index in range(4):
            group.create_task(baseten.model("m1").deployment(f"d{index}").wait_until_active())


@story
async def a_wait_whose_looks_fail(world: World, baseten: Baseten) -> None:
    loading(world)
    world.trouble(error(502), times=1)
    world.trouble(lost(), times=1)
    await baseten.model("m1").deployment("d1").wait_until_active()


@story
async def a_wait_whose_look_hangs(world: World, baseten: Baseten) -> None:
    loading(world)
    world.trouble(hangs(), times=1)
    await baseten.model("m1").deployment("d1").wait_until_active()


@story
async def looks_that_are_given_up_for_others(world: World, baseten: Baseten) -> None:
    loading(world)
    for index in range(3):
        world.model("bad").deployment(f"d{index}")
    world.trouble(hangs(), "/bad/", times=3)
    async with asyncio.TaskGroup() as group:
        for index in range(3):
            group.create_task(baseten.model("bad").deployment(f"d{index}").wait_until_active())
        group.create_task(baseten.model("m1").deployment("d1").wait_until_active())


@story
async def a_last_look_that_hangs(world: World, baseten: Baseten) -> None:
    loading(world)
    world.trouble(hangs(), since=4)
    await baseten.model("m1").deployment("d1").wait_until_active(timeout=5)


@story
async def an_outage(world: World, baseten: Baseten) -> None:
    for index in range(4):
        world.model().deployment(f"d{index}", {0: "LOADING_MODEL", 5: "ACTIVE"})
    world.trouble(error(503), since=1, until=8)
    async with asyncio.TaskGroup() as group:
        for index in range(4):
            group.create_task(baseten.model("m1").deployment(f"d{index}").wait_until_active())


@story
async def two_waits_that_wake(world: World, baseten: Baseten) -> None:
    sleeping(world)
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            wait = (
                baseten.model("m1").deployment("d1").wait_until_active(wake=True, settling_time=0)
            )
            group.create_task(wait)


@story
async def a_promotion(world: World, baseten: Baseten) -> None:
    promoting(world)
    promotion = await baseten.model("m1").environment("production").promote("new")
    await promotion.wait()


@story
async def a_promotion_whose_answer_is_lost(world: World, baseten: Baseten) -> None:
    promoting(world)
    world.trouble(lost(), "/promote", method="POST", times=1)
    await baseten.model("m1").environment("production").promote("new")


@story
async def two_waits_on_a_promotion_that_vanishes(world: World, baseten: Baseten) -> None:
    promoting(world, vanishes=True)
    promotion = await baseten.model("m1").environment("production").promote("new")
    await asyncio.gather(*(promotion.wait(log_lines=5) for _ in range(2)), return_exceptions=True)


@story
async def a_promotion_that_waits_for_another(world: World, baseten: Baseten) -> None:
    world.model().environment({0: shows("old")}).takes(10)
    production = baseten.model("m1").environment("production")
    await production.promote("one")
    await production.promote("two", if_in_progress="wait")


@story
async def a_cancellation(world: World, baseten: Baseten) -> None:
    promoting(world)
    promotion = await baseten.model("m1").environment("production").promote("new")
    cancellation = await promotion.cancel()
    await cancellation.wait()


@story
async def a_promotion_that_another_process_resumes(world: World, baseten: Baseten) -> None:
    promoting(world)
    promotion = await baseten.model("m1").environment("production").promote("new")
    resumed = await baseten.resume(promotion.token)
    await resumed.wait()


def rolling(world: World) -> None:
    """A promotion of "new" in two steps of twenty seconds each, whose steps can be cancelled."""
    production = world.model().environment({0: shows("old")})
    steps: dict[float, Shown] = {
        at: shows("old", "new", "RAMPING_UP", percent)
        for at, percent in ((0, 0), (5, 25), (25, 75))
    }
    production.on("promote", then={**steps, 45: shows("new")})
    production.on("cancel_promotion", RAMPING_DOWN, then={0: shows("old", None, "CANCELED")})


async def promote_guarded(baseten: Baseten, word: Literal["pass", "breach"]) -> None:
    async def ask(step: GuardedStep) -> Verdict:
        await asyncio.sleep(step.percent / 100)
        return Verdict(word)

    guard = Guard(check("own", ask), window=1, lag=0, warmup=0, min_requests=0)
    promotion = await baseten.model("m1").environment("production").promote("new", guard=guard)
    await promotion.wait()


@story
async def a_guarded_promotion(world: World, baseten: Baseten) -> None:
    rolling(world)
    await promote_guarded(baseten, "pass")


@story
async def a_guard_that_takes_a_promotion_back(world: World, baseten: Baseten) -> None:
    rolling(world)
    with contextlib.suppress(GuardBreachedError):
        await promote_guarded(baseten, "breach")


@story
async def a_rollback(world: World, baseten: Baseten) -> None:
    promoting(world)
    production = world.model().environments["production"]
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 5: shows("old")})
    promotion = await baseten.model("m1").environment("production").promote("new")
    await promotion.wait()
    await (await promotion.rollback()).wait()


@story
async def a_rollback_without_a_token(world: World, baseten: Baseten) -> None:
    world.model().promoted("old", "new")
    production = world.model().environment({0: shows("new")})
    world.model().deployment("old")
    production.on("promote", then={0: shows("new", "old", "RELEASING"), 5: shows("old")})
    await (await baseten.model("m1").environment("production").rollback()).wait()


@story
async def environments_that_are_ensured_and_updated(world: World, baseten: Baseten) -> None:
    world.model()
    model = baseten.model("m1")
    await asyncio.gather(*(model.ensure_environment("staging") for _ in range(2)))
    await model.environment("staging").update(autoscaling_settings={"max_replica": 3})


@story
async def a_log_that_is_followed(world: World, baseten: Baseten) -> None:
    loading(world)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(12):
            async for _ in baseten.model("m1").deployment("d1").logs(follow=True):
                pass


@story
async def three_promotions_together(world: World, baseten: Baseten) -> None:
    for owner in ("m1", "m2", "m3"):
        production = world.model(owner).environment({0: shows("old")})
        production.on("promote", then={0: shows("old", "new", "RELEASING"), 10: shows("new")})

    async def release(owner: str) -> None:
        await (await baseten.model(owner).environment("production").promote("new")).wait()

    async with asyncio.TaskGroup() as group:
        for owner in ("m1", "m2", "m3"):
            group.create_task(release(owner))


async def command(world: World, baseten: Baseten, line: str) -> None:
    """A command with several targets, in this process; a cut is a signal to it.

    Whatever has arrived at Baseten, the user gets its token.
    """
    run = run_of(baseten, line)
    try:
        await execute(run)
    except asyncio.CancelledError:
        await interrupt(run, Outcome.INTERRUPTED)
        sent = {one.path.split("/")[3] for one in world.writes("promote")}
        jobs = [one.job for one in run.members if one.job is not None]
        assert sent <= {one.resource.id for one in jobs if one.token is not None}
        raise


@story
async def a_command_that_waits_for_three(world: World, baseten: Baseten) -> None:
    loading(world)
    world.model("m2").deployment("d1", {0: "BUILDING", 5: "BUILD_FAILED"})
    world.chain().deployment("d1", {0: "BUILDING", 3: "ACTIVE"})
    await command(world, baseten, "wait model:id:m1@id:d1 model:id:m2@id:d1 chain:id:c1@id:d1")


@story
async def a_command_that_promotes_three_in_waves(world: World, baseten: Baseten) -> None:
    for owner in ("m1", "m2", "m3"):
        production = world.model(owner).environment({0: shows("old")})
        production.on("promote", then={0: shows("old", "new", "RELEASING"), 5: shows("new")})
    targets = " ".join(f"model:id:{owner}@id:new" for owner in ("m1", "m2", "m3"))
    await command(world, baseten, f"promote {targets} --to production --wait --wave 2 --between 3s")


# --- cutting -------------------------------------------------------------------------------------


class Turns(selectors.SelectSelector):
    """Counts turns, does something at one of them, and moves time on when nothing is left to do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turn = 0
        self._plans: dict[int, Callable[[], object]] = {}

    def at(self, turn: int, do: Callable[[], object]) -> None:
        """Do something so many turns from now."""
        self._plans[self.turn + turn] = do

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Begin a turn."""
        self.turn += 1
        do = self._plans.pop(self.turn, None)
        if do is not None:
            do()
        elif timeout is None:
            raise RuntimeError("the story has not ended, but no timer is left")
        else:
            self.now += max(timeout, 0.0)
        return []


class Loop(asyncio.SelectorEventLoop):
    """A loop in virtual time whose turns are counted."""

    def __init__(self) -> None:
        self.turns = Turns()
        super().__init__(self.turns)

    def time(self) -> float:
        """Seconds since the beginning."""
        return self.turns.now


def run(main: Callable[[Turns], Coroutine[Any, Any, int]]) -> int:
    """Run in a loop of its own, in which nothing goes wrong unseen."""
    unseen: list[dict[str, Any]] = []
    loop = Loop()
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main(loop.turns))
    assert unseen == []
    return result


async def tell(tale: Story, how: How | None, turns: Turns, at: int = 0) -> int:
    """Tell a story, cut it at a turn, and check that nothing is left; returns its turns."""
    world = World()
    began = turns.turn
    async with client(world, max_connections=CONNECTIONS) as baseten:
        task = asyncio.ensure_future(tale(world, baseten))
        closing: list[asyncio.Task[None]] = []

        def close() -> None:
            closing.append(asyncio.ensure_future(baseten.aclose()))

        if how is not None and how.startswith("cancelled"):
            turns.at(at, task.cancel)
        if how == "cancelled twice":
            turns.at(at + 1, task.cancel)
        if how == "closed":
            turns.at(at, close)
        if how == "cancelled and closed":
            turns.at(at + 1, close)
        await asyncio.wait([task])
        took = turns.turn - began
        if not task.cancelled() and how != "cancelled":
            assert isinstance(task.exception(), BasetenError | BaseExceptionGroup | None)
        await asyncio.sleep(ABANDONED_S)
        if not closing:
            await check_all_free(world, baseten)
    if closing:
        await asyncio.wait(closing)
    sent = len(world.requests)
    await asyncio.sleep(600)
    assert len(world.requests) == sent
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return took


async def check_all_free(world: World, baseten: Baseten) -> None:
    """No poll, no place and no connection is held."""
    assert asyncio.all_tasks() == {asyncio.current_task()}
    world.troubles.clear()
    world.model("last").deployment("d1")
    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(baseten.model("last").deployment("d1").wait_until_active())
            group.create_task(baseten.model("last").deployment("d1").get())


def turns_of(tale: Story) -> int:
    return run(lambda turns: tell(tale, None, turns))


every_story = pytest.mark.parametrize("name", STORIES)


@every_story
def test_a_story_that_is_cut_at_some_turns_leaves_nothing(name: str) -> None:
    count = turns_of(STORIES[name])
    for index, at in enumerate(range(1, count, max(count // 8, 1))):
        how = HOW[index % len(HOW)]
        run(lambda turns: tell(STORIES[name], how, turns, at))  # noqa: B023 - called at once


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", HOW)
@every_story
def test_a_story_that_is_cut_at_any_turn_leaves_nothing(name: str, how: How) -> None:
    for at in range(1, turns_of(STORIES[name])):
        run(lambda turns: tell(STORIES[name], how, turns, at))  # noqa: B023 - called at once
