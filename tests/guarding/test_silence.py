"""Silence is never health: without an answer nothing goes on, unless the caller says so."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from aiobaseten import Guard, Verdict, check, error_rate
from aiobaseten.errors import (
    ConfigurationError,
    GuardBreachedError,
    GuardUnavailableError,
    PromotionInProgressError,
)
from aiobaseten.guard import GuardedStep
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment

from .rollout import (
    METRICS,
    assert_metrics_are_a_minute_apart,
    end_of,
    guard,
    promote,
    sent,
    world,
    writes,
)

pytestmark = pytest.mark.looptime


def assert_held_at_25(production: FakeEnvironment, error: Any) -> None:
    assert isinstance(error, GuardUnavailableError)
    assert production.promotion is not None
    assert (production.promotion.status, production.promotion.percent) == ("PAUSED", 25)
    assert error.report.steps[-1].outcome == "unavailable"


@pytest.mark.parametrize("shown", ["zero", "null", "absent"])
async def test_no_traffic_holds_the_first_step(shown: Any) -> None:
    fake, production = world(metrics_without_requests=shown)
    production.receives(requests_per_second=0)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten))

    assert_held_at_25(production, error)
    assert report.steps[-1].measurements == 3


async def test_too_little_traffic_holds_the_first_step() -> None:
    fake, production = world()
    production.receives(requests_per_second=0.5)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten))

    assert_held_at_25(production, error)


async def test_little_traffic_is_enough_once_the_step_has_lasted_long_enough() -> None:
    fake, production = world()
    production.receives(requests_per_second=4)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten))

    assert error is None
    assert report.actions[:2] == ("pause", "resume")
    assert report.steps[0].outcome == "pass"


async def test_idle_steps_pass_only_if_the_caller_needs_no_requests() -> None:
    fake, production = world()
    production.receives(requests_per_second=0)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(min_requests=0)))

    assert error is None
    assert all("idle" in one.reason for one in report.steps[0].verdicts)


@pytest.mark.parametrize("trouble", ["status", "html", "hang", "garbage", "empty"])
async def test_metrics_that_cannot_be_read_hold_the_first_step(trouble: str) -> None:
    fake, production = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        how = {"status": 503} if trouble == "status" else {}
        getattr(fake.faults, trouble)(route=METRICS, times=None, **how)
        error, _ = await end_of(promotion)

    assert_held_at_25(production, error)


async def says_nothing(step: GuardedStep) -> Any:
    return None


async def fails() -> bool:
    raise ZeroDivisionError("of the caller's")


async def hangs() -> bool:
    await asyncio.sleep(10_000)
    return True


async def ends_itself() -> bool:
    raise asyncio.CancelledError


async def fails_as_a_group() -> bool:
    raise BaseExceptionGroup("of the caller's", [asyncio.CancelledError()])


async def closes_itself() -> bool:
    raise GeneratorExit


async def answers_too_late() -> bool:
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(10_000)
    return True


async def ignores_its_cancellation() -> bool:
    for _ in range(3):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(10_000)
    raise ZeroDivisionError("of the caller's, much later")


@pytest.mark.parametrize(
    "function",
    [
        says_nothing,
        fails,
        hangs,
        ends_itself,
        fails_as_a_group,
        closes_itself,
        answers_too_late,
        ignores_its_cancellation,
    ],
)
async def test_a_check_without_an_answer_holds_the_first_step(function: Any) -> None:
    fake, production = world()
    given = Guard(check("own", function, timeout=20), warmup=10)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, given))

    assert_held_at_25(production, error)
    assert fake.now < 400  # the guard did not wait for the check


async def test_a_check_that_ignores_its_cancellation_is_cancelled_again_at_the_end() -> None:
    cancelled: list[float] = []

    async def stubborn() -> bool:
        while len(cancelled) < 2:
            try:
                await asyncio.sleep(10_000)
            except asyncio.CancelledError:
                cancelled.append(fake.now)
        return True

    fake, _ = world()
    given = Guard(check("own", stubborn, timeout=20), warmup=10, unavailable=1)
    async with fake.client() as baseten:
        await end_of(await promote(baseten, given))
        ended = fake.now
        await asyncio.sleep(0)

    assert cancelled == [pytest.approx(cancelled[0]), ended]
    assert ended > cancelled[0]


async def test_a_cancelled_wait_cancels_the_checks_that_it_asks() -> None:
    ended: list[float] = []

    async def slow() -> bool:
        try:
            await asyncio.sleep(10_000)
        finally:
            ended.append(fake.now)
        return True

    fake, _ = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten, Guard(check("own", slow, timeout=300), warmup=10))
        wait = asyncio.create_task(promotion.wait())
        await asyncio.sleep(100)
        assert ended == []
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait

    assert ended == [pytest.approx(100)]


async def test_a_check_may_say_why() -> None:
    fake, _ = world()

    async def evals(step: GuardedStep) -> Verdict:
        said = (step.kind, step.resource_id, step.environment_name, step.deployment_id)
        assert said == ("model", "m1", "production", "d2")
        assert step.previous_id == "d1"
        return Verdict("breach" if step.percent >= 50 else "pass", reason="3 of 40 are wrong")

    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, Guard(check("e", evals), warmup=10)))

    assert isinstance(error, GuardBreachedError)
    assert [step.outcome for step in report.steps] == ["pass", "breach"]


async def test_silence_may_be_cancelled_or_taken_for_a_pass_on_the_callers_word() -> None:
    for policy, ends in (("cancel", "CANCELED"), ("proceed", "SUCCEEDED")):
        fake, production = world()
        production.receives(requests_per_second=0)
        async with fake.client() as baseten:
            given = guard(on_unavailable=policy, unavailable=1)
            error, report = await end_of(await promote(baseten, given))

        assert production.promotion is not None
        assert production.promotion.status == ends
        assert (error is None) == (policy == "proceed")
        assert report.actions[0] == policy


@pytest.mark.parametrize(("status", "asked"), [(400, 1), (401, 1), (403, 1), (404, 2)])
async def test_metrics_that_the_key_may_not_read_are_found_before_anything_is_sent(
    status: int, asked: int
) -> None:
    fake, _ = world()
    fake.faults.status(status, route=METRICS, times=None)
    async with fake.client() as baseten:
        with pytest.raises(ConfigurationError, match="nothing was sent"):
            await promote(baseten)

    assert writes(fake) == []
    assert len(sent(fake, METRICS)) == asked
    assert_metrics_are_a_minute_apart(fake)


@pytest.mark.parametrize(("fault", "status"), [("status", 404), ("html", 404), ("html", 403)])
async def test_metrics_that_a_late_server_or_a_proxy_refuses_are_asked_for_again(
    fault: str, status: int
) -> None:
    fake, production = world()
    getattr(fake.faults, fault)(status, route=METRICS)
    async with fake.client() as baseten:
        promotion = await promote(baseten)

    assert production.promotion is not None
    assert promotion.previous_id == "d1"
    assert_metrics_are_a_minute_apart(fake)


async def test_a_promotion_that_began_while_metrics_were_asked_for_again_is_seen() -> None:
    fake, production = world()
    fake.faults.status(404, route=METRICS)
    fake.at(30, lambda: production.promote("d2", override={"ramp": [(25, 300)]}))
    async with fake.client() as baseten:
        with pytest.raises(PromotionInProgressError):
            await promote(baseten)

    assert writes(fake) == []


@pytest.mark.parametrize(
    ("status", "warns", "blocks"), [(403, True, True), (404, True, False), (503, False, False)]
)
async def test_a_plan_tells_that_the_key_may_not_read_metrics(
    status: int, *, warns: bool, blocks: bool
) -> None:
    fake, _ = world()
    fake.faults.status(status, route=METRICS)
    async with fake.client() as baseten:
        production = baseten.model("m1").environment("production")
        plan = await production.plan("d2", guard=guard())

    assert (plan.warns_of("metrics_refused"), plan.is_blocked) == (warns, blocks)
    assert [one.path.split("/")[-2] for one in fake.requests if "metrics" in one.path] == ["d1"]


@pytest.mark.parametrize(
    "override",
    [
        {"rolling_deploy": False},
        {"rolling_deploy_config": {"stabilization_time_seconds": 60}},
    ],
)
async def test_settings_that_leave_a_guard_nothing_to_measure_are_refused(override: Any) -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        with pytest.raises(ConfigurationError):
            await promote(baseten, promotion_settings_override=override)

    assert fake.requests == []


async def test_the_settings_of_the_caller_are_kept() -> None:
    fake, _ = world()
    override = {
        "promotion_cleanup_strategy": "KEEP",
        "rolling_deploy_config": {"max_surge_percent": 10, "stabilization_time_seconds": 900},
    }
    async with fake.client() as baseten:
        await promote(baseten, promotion_settings_override=override)

    assert fake.requests[-1].json["promotion_settings_override"] == {
        "promotion_cleanup_strategy": "KEEP",
        "rolling_deploy": True,
        "rolling_deploy_config": {"max_surge_percent": 10, "stabilization_time_seconds": 900},
    }


async def test_a_plan_shows_what_a_guarded_promotion_would_send() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        production = baseten.model("m1").environment("production")
        plan = await production.plan("d2", guard=guard())
        with pytest.raises(ConfigurationError):
            await production.plan(
                "d2", guard=guard(), promotion_settings_override={"rolling_deploy": False}
            )
        assert writes(fake) == []
        await promote(baseten)

    assert plan.request.body == fake.requests[-1].json
    assert plan.rolling is not None
    assert plan.rolling.stabilization_s == guard().stabilization


@pytest.mark.parametrize("hold", ["stabilization", "pause"])
async def test_a_plan_tells_the_steps_and_the_least_time_that_a_promotion_then_takes(
    hold: Any,
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(metrics_lag=25.0))
    model = fake.model("m1")
    model.deployment("d1", replicas=8)
    model.deployment("d2")
    model.environment("production", current="d1", rolling=True).receives(requests_per_second=10)
    given = guard(hold=hold, bake=150)
    async with fake.client() as baseten:
        production = baseten.model("m1").environment("production")
        plan = await production.plan("d2", guard=given)
        error, report = await end_of(await promote(baseten, given))

    assert error is None
    took = fake.now - report.steps[0].since
    # In the fake, each step takes half a minute more; looks and signals come on top.
    assert plan.least_s <= took < plan.least_s + 3 * (30 + 30)
    between = [step.percent for step in report.steps if step.percent < 100]
    assert plan.steps == len(between) == 3


@pytest.mark.parametrize(("most", "now"), [(1, 8), (8, 1), (8, 8)])
async def test_a_guarded_promotion_warns_of_too_few_replicas_as_its_plan_does(
    most: int, now: int, caplog: pytest.LogCaptureFixture
) -> None:
    fake = FakeBaseten()
    model = fake.model("m1")
    model.deployment("d1", replicas=now)
    model.deployment("d2")
    model.environment("production", current="d1", autoscaling={"max_replica": most})
    async with fake.client() as baseten:
        plan = await baseten.model("m1").environment("production").plan("d2", guard=guard())
        assert not [one for one in caplog.records if one.levelname == "WARNING"]
        await promote(baseten)

    warned = [one.message for one in plan.warnings if one.code == "few_replicas"]
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == warned
    assert len(warned) == (min(most, now) < 4)


async def test_a_guarded_promotion_changes_no_setting_of_the_environment() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        environment = baseten.model("m1").environment("production")
        before = (await environment.get()).promotion_settings
        promotion = await promote(baseten)
        during = (await environment.get()).promotion_settings
        error, _ = await end_of(promotion)
        after = (await environment.get()).promotion_settings

    assert error is None
    assert before == during == after
    assert [one.method for one in fake.requests if one.method not in ("GET", "POST")] == []


async def test_a_guard_with_its_defaults_takes_about_half_an_hour() -> None:
    fake = FakeBaseten(behaviour=Behaviour(metrics_lag=150.0))
    model = fake.model("m1")
    model.deployment("d1", replicas=8)
    model.deployment("d2")
    model.environment("production", current="d1", rolling=True).receives(requests_per_second=10)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, Guard(error_rate(at_most=0.02))))

    assert error is None
    assert 25 * 60 < fake.now < 35 * 60
