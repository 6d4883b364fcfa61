"""A guard whose process dies, and the one that goes on with its token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from attrs import evolve

from aiobaseten import Guard, ModelPromotion, Token
from aiobaseten.errors import (
    GuardBreachedError,
    GuardUnavailableError,
    PromotionCanceledError,
    PromotionSupersededError,
    WaitTimeoutError,
)
from aiobaseten.testing import FakeBaseten, FakeEnvironment

from .rollout import AUDIT_LOG, METRICS, STEPS, end_of, guard, promote, world, writes

pytestmark = pytest.mark.looptime


async def killed(fake: FakeBaseten, given: Guard, *, at: float, blind: bool = False) -> Any:
    """A promotion whose process was killed at that time."""
    async with fake.client() as baseten:
        promotion = await promote(baseten, given)
        if blind:
            fake.faults.status(503, route=METRICS, lasting=at)
        wait = asyncio.create_task(promotion.wait())
        await asyncio.sleep(at)
        wait.cancel()
        await asyncio.wait([wait])
    return promotion


async def resumed(fake: FakeBaseten, token: str, given: Guard, **options: Any) -> Any:
    """How the wait of another process ends: its error and the report."""
    async with fake.client() as baseten:
        promotion = await baseten.resume(token, guard=given)
        assert isinstance(promotion, ModelPromotion)
        return await end_of(promotion, **options)


async def test_a_pause_that_was_one_process_has_asked_for_is_awaited_by_the_next_ones() -> None:
    fake, production = world()
    given = guard(hold="pause")
    first = await killed(fake, given, at=20)
    assert status(production) == "RAMPING_UP"
    tokens = [early(first)]
    async with fake.client() as baseten:
        second = await baseten.resume(tokens[0], guard=given)
        assert isinstance(second, ModelPromotion)
        await end_of(second, timeout=60)
        assert status(production) == "PAUSED"

    error, report = await resumed(fake, tokens[0], given)

    assert error is None
    assert report.overridden == ()
    assert writes(fake)[1:] == ["pause_promotion", "resume_promotion"] * len(STEPS)


def early(promotion: ModelPromotion) -> str:
    """The token as it was before the guard has paused anything."""
    token = Token.load(promotion.token)
    assert token.was_held
    return evolve(token, was_held=False).dump()


def status(production: FakeEnvironment) -> str:
    assert production.promotion is not None
    return production.promotion.status


@pytest.mark.parametrize(
    ("hold", "names"), [("pause", "candidate"), ("pause", "source"), ("stabilization", "candidate")]
)
async def test_a_guard_measures_and_resumes_what_its_predecessor_has_paused(
    hold: Any, names: Any
) -> None:
    fake, production = world(audit_log_names=names)
    given = guard(hold=hold, unavailable=9)
    # With pauses, each step is paused at once; else, shortly before its time is over.
    at = 80 if hold == "pause" else 260
    promotion = await killed(fake, given, at=at, blind=hold != "pause")
    assert status(production) == "PAUSED"

    error, report = await resumed(fake, early(promotion), given)

    assert error is None
    assert report.overridden == ()
    assert report.actions[0] == "resume"
    assert report.steps[0].outcome == "pass"
    assert production.current is fake.model("m1").deployment("d2")


async def test_a_bad_step_that_the_predecessor_has_paused_is_taken_back() -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    promotion = await killed(fake, guard(hold="pause"), at=80)

    error, report = await resumed(fake, early(promotion), guard(hold="pause"))

    assert isinstance(error, GuardBreachedError)
    assert report.actions == ("cancel",)
    assert production.current is fake.model("m1").deployment("d1")


async def in_the_ui(fake: FakeBaseten, production: FakeEnvironment) -> None:
    """The user of the key."""
    with fake.acting_as("fake@example.com"):
        production.resume()
        production.pause()


async def with_another_key(fake: FakeBaseten, production: FakeEnvironment) -> None:
    with fake.acting_as(api_key_name="CI", source="API"):
        production.resume()
        production.pause()


async def on_top_of_ours(fake: FakeBaseten, production: FakeEnvironment) -> None:
    """A colleague with the same key, so that the promotion stays paused."""
    async with fake.client() as baseten:
        await baseten.model("m1").environment("production").pause_promotion()


@pytest.mark.parametrize(
    ("pauses", "token"),
    [
        (in_the_ui, early),
        (with_another_key, lambda promotion: promotion.token),
        (on_top_of_ours, early),
    ],
)
async def test_a_pause_of_somebody_else_is_left_by_the_next_process(
    pauses: Callable[[FakeBaseten, FakeEnvironment], Awaitable[None]],
    token: Callable[[ModelPromotion], str],
) -> None:
    fake, production = world()
    promotion = await killed(fake, guard(hold="pause"), at=80)
    await pauses(fake, production)
    await asyncio.sleep(100)
    assert status(production) == "PAUSED"

    error, report = await resumed(fake, token(promotion), guard(hold="pause"), timeout=150)

    assert isinstance(error, WaitTimeoutError)
    assert report.overridden == ("pause",)
    assert report.steps[0].outcome == "pass"
    assert "resume_promotion" not in writes(fake)


@pytest.mark.parametrize("times", [1, 3, 100])
async def test_a_log_that_cannot_be_read_does_not_let_the_token_decide(times: int) -> None:
    fake, production = world()
    promotion = await killed(fake, guard(hold="pause"), at=80)
    with fake.acting_as("ops@example.com"):
        production.pause()
    fake.faults.status(503, route=AUDIT_LOG, times=times)

    error, report = await resumed(fake, promotion.token, guard(hold="pause"), timeout=200)

    assert isinstance(error, WaitTimeoutError)
    assert report.overridden == (("pause",) if times < 100 else ())
    assert "resume_promotion" not in writes(fake)


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_a_pause_on_top_of_ours_during_the_measuring_stays(*, is_resumed: bool) -> None:
    fake, production = world()
    promotion = await killed(fake, guard(hold="pause"), at=80) if is_resumed else None

    def pause() -> None:
        with fake.acting_as("ops@example.com"):
            production.pause()

    fake.at(fake.now + (20 if is_resumed else 90), pause)
    if promotion is not None:
        error, report = await resumed(fake, promotion.token, guard(hold="pause"), timeout=200)
    else:
        async with fake.client() as baseten:
            error, report = await end_of(await promote(baseten, guard(hold="pause")), timeout=250)

    assert isinstance(error, WaitTimeoutError)
    assert error.evidence is not None
    assert error.evidence.act is not None
    assert error.evidence.act.by == "ops@example.com"
    assert report.overridden == ("pause",)
    assert report.steps[0].outcome == "pass"
    assert "resume_promotion" not in writes(fake)


async def test_a_pause_without_an_entry_is_not_ours_after_somebody_has_resumed() -> None:
    fake, production = world()
    promotion = await killed(fake, guard(hold="pause"), at=80)
    token = promotion.token
    with fake.acting_as("ops@example.com"):
        production.resume()
    # Nobody has asked for it, so that it has no entry.
    production.rollout_in_progress().pause()
    await asyncio.sleep(100)
    assert status(production) == "PAUSED"

    error, report = await resumed(fake, token, guard(hold="pause"), timeout=150)

    assert isinstance(error, WaitTimeoutError)
    assert report.overridden == ("pause",)
    assert "resume_promotion" not in writes(fake)


@pytest.mark.parametrize("status_of_log", [403, 404])
async def test_without_an_audit_log_the_token_alone_tells_whose_a_pause_is(
    status_of_log: int,
) -> None:
    for token, ends in ((early, False), (lambda promotion: promotion.token, True)):
        fake, production = world()
        fake.faults.status(status_of_log, route=AUDIT_LOG, times=None)
        promotion = await killed(fake, guard(hold="pause"), at=80)

        error, report = await resumed(fake, token(promotion), guard(hold="pause"), timeout=600)

        assert (error is None) == ends
        assert report.overridden == (() if ends else ("pause",))
        assert (status(production) == "SUCCEEDED") == ends


async def test_a_pause_that_was_left_to_a_person_is_left_by_every_wait() -> None:
    fake, production = world()
    production.receives(requests_per_second=0)
    given = guard(unavailable=1)
    async with fake.client() as baseten:
        promotion = await promote(baseten, given)
        error, _ = await end_of(promotion)
        assert isinstance(error, GuardUnavailableError)
        production.receives(requests_per_second=10)
        for _ in range(2):
            again, report = await end_of(promotion, timeout=150)
            assert isinstance(again, WaitTimeoutError)
            assert (report.overridden, report.steps[0].outcome) == ((), "pass")

    error, report = await resumed(fake, str(error.token), given, timeout=150)

    assert isinstance(error, WaitTimeoutError)
    assert report.overridden == ()
    assert writes(fake) == ["promote", "pause_promotion"]


async def test_a_wait_goes_on_with_the_pause_of_the_wait_before() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(hold="pause"))
        late, _ = await end_of(promotion, timeout=80)
        error, report = await end_of(promotion)

    assert isinstance(late, WaitTimeoutError)
    assert Token.load(str(late.token)).was_held
    assert error is None
    assert report.overridden == ()
    assert writes(fake)[1:] == ["pause_promotion", "resume_promotion"] * len(STEPS)


async def test_a_log_that_is_late_is_read_again() -> None:
    fake, production = world()
    promotion = await killed(fake, guard(hold="pause"), at=80)
    fake.faults.status(503, route="GET /v1/models/{model_id}/audit_logs", times=2)

    error, report = await resumed(fake, early(promotion), guard(hold="pause"))

    assert error is None
    assert report.overridden == ()
    assert status(production) == "SUCCEEDED"


@pytest.mark.parametrize("act", ["cancel", "rollback"])
async def test_an_act_of_the_guard_is_not_that_of_somebody_else_in_another_process(
    act: str,
) -> None:
    """The promotion was over before the second wait saw it."""
    fake, _ = world()
    bad_from = 100 if act == "rollback" else 25
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=bad_from)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(bake=60))
        _, report = await end_of(promotion)

    error, second = await resumed(fake, promotion.token, guard(bake=60))

    assert report.actions == (act,)
    assert isinstance(error, PromotionCanceledError | PromotionSupersededError)
    assert second.overridden == ()
