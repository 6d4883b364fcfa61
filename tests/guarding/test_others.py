"""Other people, other processes and other waits beside a guard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import ChainPromotion, Guard, ModelPromotion, Token, check, error_rate
from aiobaseten.errors import (
    ConfigurationError,
    GuardBreachedError,
    GuardUnavailableError,
    PromotionCanceledError,
    PromotionPausedError,
    PromotionSupersededError,
    RollbackImpossibleError,
    WaitTimeoutError,
)
from aiobaseten.events import GuardOverridden
from aiobaseten.guard import GuardedStep
from aiobaseten.testing import FakeBaseten

from .rollout import (
    METRICS,
    PAUSE,
    RESUME,
    STEPS,
    assert_metrics_are_a_minute_apart,
    end_of,
    guard,
    promote,
    sent,
    world,
    writes,
)

pytestmark = pytest.mark.looptime


async def test_a_pause_of_somebody_else_is_waited_through_and_never_ended() -> None:
    fake, production = world()
    fake.at(50, production.pause)
    fake.at(1000, production.resume)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten))

    assert error is None
    assert report.overridden == ("pause",)
    assert writes(fake) == ["promote"]
    assert fake.now > 1000


async def test_on_paused_raise_is_about_pauses_of_others() -> None:
    fake, production = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(hold="pause"))
        error, _ = await end_of(promotion, on_paused="raise")
        assert error is None
    fake, production = world()
    fake.at(50, production.pause)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten), on_paused="raise")

    assert isinstance(error, PromotionPausedError)


async def test_hold_pause_pauses_after_each_step_and_resumes_after_a_pass() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(hold="pause")))

    assert error is None
    assert report.actions == ("pause", "resume") * len(STEPS)
    assert report.overridden == ()


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("signal", [PAUSE, RESUME], ids=["pause", "resume"])
async def test_after_a_signal_whose_response_is_lost_the_guard_goes_by_what_looks_show(
    signal: str, *, acts: bool
) -> None:
    fake, production = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(hold="pause"))
        fake.faults.reset(route=signal, acts=acts)
        error, report = await end_of(promotion)

    assert error is None
    # A pause that did not act cannot hold the step; the next one is measured.
    first = None if signal == PAUSE and not acts else "pass"
    assert [one.outcome for one in report.steps[: len(STEPS)]] == [first, "pass"]
    assert report.overridden == ()
    assert production.current is fake.model("m1").deployment("d2")


async def test_a_cancel_of_somebody_else_ends_the_wait_as_ever() -> None:
    fake, production = world()
    fake.at(50, production.cancel)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten))

    assert isinstance(error, PromotionCanceledError)
    assert error.evidence is not None
    assert error.evidence.report == report
    assert report.overridden == ("cancel",)
    assert writes(fake) == ["promote"]
    assert len(fake.requests) < 150  # a guard that has nothing to do looks as seldom as without


async def test_a_promotion_that_somebody_rolls_forward_while_paused_is_not_taken_back() -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=100)
    fake.at(100, production.force_roll_forward)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(hold="pause")))

    assert isinstance(error, GuardBreachedError)
    assert report.actions == ("pause",)
    assert report.overridden == ("roll forward",)
    assert production.current is fake.model("m1").deployment("d2")


async def test_a_rollback_of_somebody_else_is_adopted() -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=100)

    def roll_back() -> None:
        production.promote("d1", override={"rolling": False})

    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(bake=600))
        fake.faults.delay(15, route=METRICS, after=8, times=1)
        # After the look at which the bake is measured, before the metrics are there.
        fake.at(514, roll_back)
        error, report = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    assert writes(fake) == ["promote"]
    assert "rollback" not in report.actions
    assert report.overridden == ("promote",)
    assert production.current is fake.model("m1").deployment("d1")


async def test_a_rollback_of_somebody_else_during_the_bake_ends_the_wait_soon() -> None:
    fake, production = world()
    # d2 is live after 385 s.
    fake.at(450, lambda: production.promote("d1", override={"rolling": False}))
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(bake=600)))

    assert isinstance(error, PromotionSupersededError)
    assert (error.by, report.overridden) == ("d1", ("promote",))
    assert writes(fake) == ["promote"]
    assert fake.now < 550


async def test_a_promotion_of_somebody_else_after_the_cancel_of_the_guard_is_told() -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=25)
    fake.model("m1").deployment("d3")
    told: list[Any] = []

    async with fake.client() as baseten:
        promotion = await promote(baseten)

        def take_over() -> None:
            production.force_cancel()
            production.promote("d3")

        fake.at(130, take_over)
        error, report = await end_of(promotion, told)

    assert isinstance(error, GuardBreachedError)
    assert writes(fake) == ["promote", "cancel_promotion"]
    assert report.overridden == ("promote",)
    assert "promote" in [one.by for one in told if isinstance(one, GuardOverridden)]


@pytest.mark.parametrize("on_breach", ["cancel", "pause"])
async def test_the_next_wait_does_not_take_an_act_of_the_guard_for_somebody_elses(
    on_breach: Any,
) -> None:
    fake, _ = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=25)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(on_breach=on_breach))
        _, first = await end_of(promotion)
        error, second = await end_of(promotion, timeout=100)

    assert first.actions == (on_breach,)
    assert error is not None
    assert second.overridden == ()


async def test_a_cancelled_caller_leaves_the_promotion_as_it_is() -> None:
    fake, production = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        wait = asyncio.create_task(promotion.wait())
        await asyncio.sleep(100)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait

        assert writes(fake) == ["promote"]
        await promotion.wait()  # guards again

    assert production.current is fake.model("m1").deployment("d2")


async def test_a_cancelled_measurement_is_gone_soon_and_its_minute_still_counts() -> None:
    fake, production = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.hang(route=METRICS, times=2)
        others = asyncio.all_tasks()
        wait = asyncio.create_task(promotion.wait())
        await asyncio.sleep(110)
        assert len(sent(fake, METRICS)) == 3
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        resumed = asyncio.create_task(promotion.wait())
        await asyncio.sleep(20)
        resumed.cancel()
        await asyncio.wait([resumed])
        await asyncio.sleep(20)

        assert asyncio.all_tasks() == others
        await promotion.wait()

    assert production.current is fake.model("m1").deployment("d2")
    assert_metrics_are_a_minute_apart(fake)


async def test_two_waits_do_not_guard_one_promotion() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        wait = asyncio.create_task(promotion.wait())
        await asyncio.sleep(10)

        with pytest.raises(ConfigurationError, match="another wait"):
            await promotion.wait()

        await wait


async def test_a_token_of_a_guarded_promotion_wants_its_guard() -> None:
    fake, _ = world()
    stored: list[str] = []

    async def store(token: str) -> None:
        stored.append(token)

    async with fake.client() as baseten:
        promotion = await promote(baseten, before_sending=store)
        with pytest.raises(WaitTimeoutError) as caught:
            await promotion.wait(timeout=0)
        for token in (promotion.token, stored[0], str(caught.value.token)):
            assert Token.load(token).hold == guard().stabilization
            with pytest.raises(ConfigurationError, match="guarded promotion"):
                await baseten.resume(token)
            resumed: Any = await baseten.resume(token, guard=guard())
            assert resumed.report is not None
        plain: Any = await baseten.resume(promotion.token, guard=None)
        assert plain.report is None
        await plain.wait()

    assert len(sent(fake, METRICS)) == 1  # the one before the request


async def test_a_token_without_a_guard_may_get_one_and_a_cancellation_may_not() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        handle = baseten.model("m1").environment("production")
        promotion = await handle.promote("d2")
        resumed: Any = await baseten.resume(promotion.token, guard=guard())
        error, report = await end_of(resumed)
        assert error is None
        assert report.steps[0].percent == 25

        other = await handle.promote("d1")
        cancellation = await other.cancel()
        with pytest.raises(ConfigurationError, match="cancellation"):
            await baseten.resume(cancellation.token, guard=guard())
        assert isinstance(await baseten.resume(promotion.token), ModelPromotion)


async def test_a_promotion_is_adopted_for_a_guard_only_if_its_metrics_can_be_read() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        await baseten.model("m1").environment("production").promote("d2")
        fake.faults.status(403, route=METRICS)
        with pytest.raises(ConfigurationError, match="cannot be read"):
            await promote(baseten, if_in_progress="adopt")


async def test_a_promotion_that_is_adopted_is_guarded_without_knowing_its_hold(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    async with fake.client() as baseten:
        await baseten.model("m1").environment("production").promote("d2")
        await asyncio.sleep(20)
        promotion = await promote(baseten, if_in_progress="adopt")
        assert Token.load(promotion.token).hold == 0
        error, report = await end_of(promotion)

    (warning,) = (one.message for one in caplog.records if one.levelname == "WARNING")
    assert promotion.deployment_id in warning
    assert isinstance(error, GuardBreachedError)
    assert report.actions == ("pause", "cancel")
    assert production.current is fake.model("m1").deployment("d1")


async def test_advice_about_a_release_that_was_adopted_while_it_served_is_possible() -> None:
    """Nobody here knows what served before it, but the audit log does."""
    fake, production = world()
    production.promote("d2", override={"rolling": False})
    await asyncio.sleep(100)
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(bake=60), if_in_progress="adopt")
        error, _ = await end_of(promotion)

        assert isinstance(error, GuardBreachedError)
        assert "environment.rollback()" in str(error)
        with pytest.raises(RollbackImpossibleError):
            await promotion.rollback()
        back = await baseten.model("m1").environment("production").rollback()

    assert Token.load(back.token).previous_id == promotion.deployment_id


async def test_a_closed_client_ends_a_guarded_wait() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        wait = asyncio.create_task(promotion.wait())
        await asyncio.sleep(50)
        await baseten.aclose()

        with pytest.raises(ConfigurationError):
            await wait


# --- chains --------------------------------------------------------------------------------------


def chain_world() -> FakeBaseten:
    fake = FakeBaseten()
    chain = fake.chain("c1")
    chain.deployment("d1")
    chain.deployment("d2")
    chain.environment("production", current="d1")
    return fake


async def guarded_chain(baseten: Any, function: Any, **settings: Any) -> ChainPromotion:
    given = Guard(check("own", function), **{"warmup": 10, **settings})
    promotion = await baseten.chain("c1").environment("production").promote("d2", guard=given)
    assert isinstance(promotion, ChainPromotion)
    return promotion


async def test_a_chain_is_checked_before_and_after_it_is_live() -> None:
    fake, asked = chain_world(), list[tuple[int, str | None]]()

    async def smoke(step: GuardedStep) -> bool:
        asked.append((step.percent, step.previous_id))
        return True

    async with fake.client() as baseten:
        error, report = await end_of(await guarded_chain(baseten, smoke))

    assert error is None
    assert asked == [(0, "d1"), (100, "d1")]
    assert [(step.percent, step.outcome) for step in report.steps] == [(0, "pass"), (100, "pass")]


@pytest.mark.parametrize(
    ("settings", "answer", "found"),
    [
        ({"on_breach": "report"}, False, ("report", "breach")),
        ({"on_breach": "report", "unavailable": 1}, None, ("report", "unavailable")),
        ({"on_unavailable": "proceed", "unavailable": 1}, None, ("proceed", "unavailable")),
    ],
)
async def test_the_report_has_what_was_found_before_a_chain_was_promoted(
    settings: Any, answer: Any, found: Any
) -> None:
    fake = chain_world()

    async def smoke(step: GuardedStep) -> Any:
        await asyncio.sleep(30)
        return True if step.percent else answer

    async with fake.client() as baseten:
        promotion = await guarded_chain(baseten, smoke, **settings)
        await asyncio.sleep(20)
        with pytest.raises(WaitTimeoutError) as caught:
            await promotion.wait(timeout=0)
        error, report = await end_of(promotion)

    assert error is None
    assert caught.value.evidence is not None
    for one in (caught.value.evidence.report, report):
        assert one is not None
        first = one.steps[0]
        assert (one.actions[:1], first.percent, first.outcome) == ((found[0],), 0, found[1])
        assert first.since <= -50
    assert report.steps[-1].outcome == "pass"


async def test_a_chain_that_fails_its_check_is_not_promoted() -> None:
    fake = chain_world()

    async def smoke() -> bool:
        return False

    async with fake.client() as baseten:
        with pytest.raises(GuardBreachedError) as caught:
            await guarded_chain(baseten, smoke)

    assert writes(fake) == []
    assert [one.check for one in caught.value.report.breached] == ["own"]


async def test_a_check_of_a_chain_without_an_answer_is_asked_again() -> None:
    fake, asked = chain_world(), list[float]()

    async def smoke() -> bool:
        asked.append(fake.now)
        raise OSError("no route to host")

    async with fake.client() as baseten:
        with pytest.raises(GuardUnavailableError):
            await guarded_chain(baseten, smoke)

    assert asked == [0, 60, 120]
    assert writes(fake) == []


async def test_a_chain_that_fails_its_check_when_it_is_live_is_promoted_back() -> None:
    fake = chain_world()

    async def smoke(step: GuardedStep) -> bool:
        return step.percent == 0

    async with fake.client() as baseten:
        error, report = await end_of(await guarded_chain(baseten, smoke))

    assert isinstance(error, GuardBreachedError)
    assert report.actions == ("rollback",)
    assert writes(fake) == ["promote", "promote"]
    assert fake.chain("c1").environment("production").current is fake.chain("c1").deployment("d1")


async def passes() -> bool:
    return True


@pytest.mark.parametrize(
    "given",
    [
        Guard(error_rate(at_most=0.1)),
        Guard(check("own", passes), on_breach="pause"),
        Guard(check("own", passes), hold="pause"),
    ],
)
async def test_a_guard_that_cannot_work_for_a_chain_is_refused(given: Guard) -> None:
    fake = chain_world()
    async with fake.client() as baseten:
        production = baseten.chain("c1").environment("production")
        for verb in (production.promote, production.plan):
            with pytest.raises(ConfigurationError):
                await verb("d2", guard=given)

    assert fake.requests == []
