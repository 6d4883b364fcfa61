"""The command edits sentences of the library: each of them, as the library says it now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import pytest

from aiobaseten import Baseten, Guard, ModelPromotion, Token, WaitOptions, error_rate
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._failures import advice_of_guard, explain, without_present
from aiobaseten.cli._flags import in_shell
from aiobaseten.cli._lines import LinesView
from aiobaseten.cli._run import Run
from aiobaseten.errors import BasetenError, GuardError, WaitTimeoutError
from aiobaseten.options import LoopClock
from aiobaseten.testing import Behaviour, FakeBaseten

from ..guarding import rollout
from .command import furnish

pytestmark = pytest.mark.looptime

PROMOTE = parse(["promote", "model", "m", "d", "--to", "prod"])

Story: TypeAlias = Callable[[FakeBaseten, Baseten], Awaitable[object]]


async def failure(story: Story, **behaviour: Any) -> BasetenError:
    """The error with which a story of a furnished fake ends."""
    fake = FakeBaseten(behaviour=Behaviour(**behaviour))
    furnish(fake)
    async with fake.client() as client:
        try:
            await story(fake, client)
        except BasetenError as error:
            return error
    raise AssertionError("it did not fail")


async def waited(
    client: Baseten, deployment: str, environment: str = "production", **options: Any
) -> object:
    """Promote a deployment of the model, and wait for it."""
    promotion = await client.model("m").environment(environment).promote(deployment)
    return await promotion.wait(**{"timeout": 600, **options})


# --- sentences about the present -----------------------------------------------------------------


async def ends_too_late(_: FakeBaseten, client: Baseten) -> object:
    return await waited(client, "stuck")


async def is_paused_for_too_long(fake: FakeBaseten, client: Baseten) -> object:
    fake.at(70, fake.model("m").environment("production").pause)
    return await waited(client, "other")


async def is_paused(fake: FakeBaseten, client: Baseten) -> object:
    fake.at(70, fake.model("m").environment("production").pause)
    return await waited(client, "other", on_paused="raise")


async def fails(_: FakeBaseten, client: Baseten) -> object:
    return await waited(client, "broken")


async def fails_where_nothing_served(fake: FakeBaseten, client: Baseten) -> object:
    fake.model("m").environment("first", current=None)
    return await waited(client, "broken", "first")


async def fails_on_the_way(fake: FakeBaseten, client: Baseten) -> object:
    fake.at(70, lambda: fake.model("m").deployment("other").set("UNHEALTHY"))
    return await waited(client, "other", unhealthy_grace=10)


async def fails_when_it_serves(fake: FakeBaseten, client: Baseten) -> object:
    production = fake.model("m").environment("production")

    def serve_and_fail() -> None:
        production.force_roll_forward()
        fake.model("m").deployment("other").set("FAILED")

    fake.at(70, serve_and_fail)
    return await waited(client, "other")


async def sleeps_when_it_serves(fake: FakeBaseten, client: Baseten) -> object:
    production = fake.model("m").environment("production")

    def serve_and_sleep() -> None:
        production.force_roll_forward()
        fake.model("m").deployment("other").set("SCALED_TO_ZERO")

    fake.at(70, serve_and_sleep)
    return await waited(client, "other")


async def is_not_shown(_: FakeBaseten, client: Baseten) -> object:
    token = Token(
        kind="model promotion", resource_id="m", environment_name="production", deployment_id="new"
    )
    promotion = await client.resume(token.dump(), expect=ModelPromotion, look=False)
    return await promotion.wait(timeout=10)


PRESENT: dict[Story, str] = {
    ends_too_late: "keeps working",
    is_paused_for_too_long: "nothing moves",
    is_paused: "it stays so",
    fails: "Traffic is on",
    fails_where_nothing_served: "Nothing serves",
    fails_on_the_way: "% of the traffic.",
    fails_when_it_serves: "has the traffic",
    sleeps_when_it_serves: "has the traffic",
    is_not_shown: "did not show it",
}


@pytest.mark.parametrize(("story", "words"), PRESENT.items())
async def test_a_sentence_about_the_present_is_cut(story: Story, words: str) -> None:
    said = str(await failure(story))

    assert words in said
    past = without_present(said)
    assert words not in past
    assert past.startswith(said.partition(words)[0].rpartition(". ")[0].rpartition("; ")[0])


# --- advice for programs -------------------------------------------------------------------------

#: What a program writes, and a shell cannot.
PYTHON = ("resume(", "promotion.", "environment.", "=guard", "error.token")


async def times_out_with_a_guard(_: FakeBaseten, client: Baseten) -> object:
    guard = Guard(error_rate(at_most=0.02), window=20, lag=5, warmup=0)
    promotion = await client.model("m").environment("production").promote("stuck", guard=guard)
    return await promotion.wait(timeout=60)


@pytest.mark.parametrize("story", [ends_too_late, is_not_shown, times_out_with_a_guard])
async def test_advice_for_programs_is_cut(story: Story) -> None:
    error = await failure(story)

    assert isinstance(error, WaitTimeoutError)
    assert "resume(error.token" in str(error)
    line = f"promote model m d --to prod --wait --timeout {error.timeout:g}s"
    said = explain(error, parse(line.split()), None)
    assert not [word for word in PYTHON if word in said]
    assert str(error).startswith(said)


async def breach(
    act: Callable[[FakeBaseten], object] = lambda _: None,
    *,
    bad_from: int = 0,
    signals_succeed: bool = True,
    within: float = 20_000,
    **settings: Any,
) -> GuardError:
    """The error of a guard that has found a breach."""
    fake, _ = rollout.world(signals_succeed=signals_succeed)
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=bad_from)
    async with fake.client() as client:
        promotion = await rollout.promote(client, rollout.guard(**settings))
        act(fake)
        error, _ = await rollout.end_of(promotion, timeout=within)
    assert isinstance(error, GuardError)
    return error


def refuses(route: str) -> Callable[[FakeBaseten], object]:
    return lambda fake: fake.faults.status(403, body={"message": "no"}, route=route, times=None)


async def has_paused() -> GuardError:
    return await breach(on_breach="pause")


async def came_too_late() -> GuardError:
    return await breach(on_breach="pause", signals_succeed=False, bad_from=75)


async def takes_back_for_too_long() -> GuardError:
    return await breach(cancel_timeout=60)


async def may_not_cancel() -> GuardError:
    return await breach(refuses(rollout.CANCEL))


async def may_not_roll_back() -> GuardError:
    return await breach(refuses(rollout.PROMOTE), bake=60, bad_from=100)


async def has_not_paused_in_time() -> GuardError:
    return await breach(within=130, on_breach="pause")


async def served_before_it_was_adopted() -> GuardError:
    fake, production = rollout.world()
    production.promote("d2", override={"rolling": False})
    await asyncio.sleep(100)
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    async with fake.client() as client:
        given = rollout.guard(bake=60)
        promotion = await rollout.promote(client, given, if_in_progress="adopt")
        error, _ = await rollout.end_of(promotion)
    assert isinstance(error, GuardError)
    return error


ADVICE: dict[Callable[[], Awaitable[GuardError]], Sequence[str]] = {
    has_paused: ("resume", "cancel", "continue"),
    came_too_late: ("roll back",),
    has_not_paused_in_time: ("continue", "cancel", "resume"),
    takes_back_for_too_long: ("continue",),
    may_not_cancel: ("continue", "cancel"),
    may_not_roll_back: ("continue", "roll back"),
    served_before_it_was_adopted: ("continue", "go back"),
}


@pytest.mark.parametrize(("story", "commands"), ADVICE.items())
async def test_advice_of_a_guard_becomes_commands(
    story: Callable[[], Awaitable[GuardError]], commands: Sequence[str]
) -> None:
    error = await story()

    assert [word for word in PYTHON if word in str(error)]
    said = explain(error, PROMOTE, None)
    assert not [word for word in PYTHON if word in said]
    assert advice_of_guard(error) == commands


async def test_advice_of_a_guard_is_found_before_another_sentence() -> None:
    error = await has_paused()
    error.args = (f"{error} Another sentence.",)

    said = explain(error, PROMOTE, None)

    assert not [word for word in PYTHON if word in said]
    assert said.endswith(". Another sentence.")
    assert advice_of_guard(error) == ADVICE[has_paused]


# --- arguments of Python -------------------------------------------------------------------------


async def is_ambiguous(fake: FakeBaseten, client: Baseten) -> object:
    for number, team in enumerate("AB"):
        fake.model(f"twin{number}", name="twin", team=team)
    return await client.find_model("twin")


async def is_asleep(fake: FakeBaseten, client: Baseten) -> object:
    fake.model("m").deployment("other").set("SCALED_TO_ZERO")
    return await client.model("m").deployment("other").wait_until_active(timeout=600)


async def was_promoted_by_another(fake: FakeBaseten, client: Baseten) -> object:
    production = fake.model("m").environment("production")
    promotion = await client.model("m").environment("production").promote("stuck")
    production.force_cancel()
    production.promote("other")
    return await promotion.cancel()


async def was_promoted_again(fake: FakeBaseten, client: Baseten) -> object:
    production = fake.model("m").environment("production")
    promotion = await client.model("m").environment("production").promote("stuck")
    await asyncio.sleep(20)
    with fake.acting_as("ops@example.com"):
        production.force_cancel()
        production.promote("stuck")
    await asyncio.sleep(20)
    return await promotion.cancel()


async def promote_a_later_one(fake: FakeBaseten) -> None:
    """Add a chain that serves a deployment that is newer than another one."""
    chain = fake.chain("later")
    chain.deployment("first")
    await asyncio.sleep(20)
    chain.environment("production", current=chain.deployment("second"))


async def may_be_a_copy(fake: FakeBaseten, client: Baseten) -> object:
    await promote_a_later_one(fake)
    environment = client.chain("later").environment("production")
    return await environment.promote("first", if_in_progress="adopt")


async def holds_for_too_long(_: FakeBaseten, __: Baseten) -> object:
    return Guard(error_rate(at_most=0.02), window=7200)


async def bakes_without_a_bound(_: FakeBaseten, __: Baseten) -> object:
    return Guard(error_rate(worse_by_at_most=0.2), bake=300)


async def sleeps_and_wakes(_: FakeBaseten, __: Baseten) -> object:
    return WaitOptions(wake=True, accept_scaled_to_zero=True)


async def never_acts(_: FakeBaseten, __: Baseten) -> object:
    return Guard(error_rate(at_most=0.02), on_breach="report", hold="pause")


ARGUMENTS: dict[Story, Sequence[str]] = {
    is_ambiguous: ("--team",),
    is_asleep: ("--accept-scaled-to-zero", "--wake"),
    sleeps_when_it_serves: ("--accept-scaled-to-zero",),
    was_promoted_by_another: (),
    was_promoted_again: (),
    may_be_a_copy: ("--if-in-progress fail",),
    holds_for_too_long: ("--window", "--lag", "--warmup", "--check-timeout", "--hold pause"),
    bakes_without_a_bound: ("--max-error-rate", "--max-latency", "--bake"),
    sleeps_and_wakes: ("--wake", "--accept-scaled-to-zero"),
    never_acts: ("--on-breach report", "--hold pause"),
}


@pytest.mark.parametrize(("story", "flags"), ARGUMENTS.items())
async def test_an_argument_of_python_becomes_a_flag(story: Story, flags: Sequence[str]) -> None:
    said = str(await failure(story, deployment_ids="same"))

    assert re.search(r"\w=", said)
    shown = in_shell(said)
    assert not re.search(r"\w=", shown), shown
    assert [flag for flag in flags if flag not in shown] == []


async def test_a_warning_of_a_plan_names_the_flag(
    fake: FakeBaseten, baseten: Baseten, capsys: pytest.CaptureFixture[str]
) -> None:
    await promote_a_later_one(fake)
    command = parse(
        ["plan", "chain", "later", "first", "--to", "production", "--if-in-progress", "adopt"]
    )

    ending = await execute(Run(baseten, command, LinesView(LoopClock())))

    for said in (ending.message, capsys.readouterr().out):
        assert "--if-in-progress fail" in said
        assert not re.search(r"\w=", said)
