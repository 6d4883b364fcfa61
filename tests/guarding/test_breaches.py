"""A deployment that fails 8 % of its requests from 25 % of the traffic on is taken back there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Guard, check, error_rate
from aiobaseten.errors import (
    GuardBreachedError,
    PermissionDeniedError,
    PromotionSupersededError,
    WaitTimeoutError,
)
from aiobaseten.events import GuardActed, GuardOverridden, HoldExtended, Measured, StepReached
from aiobaseten.testing import FakeBaseten, FakeEnvironment

from .rollout import (
    AUDIT_LOG,
    CANCEL,
    METRICS,
    PAUSE,
    PROMOTE,
    STEPS,
    assert_metrics_are_a_minute_apart,
    end_of,
    guard,
    let_looks_lag,
    promote,
    sent,
    world,
    writes,
)

pytestmark = pytest.mark.looptime


def bad_world(**behaviour: Any) -> tuple[FakeBaseten, FakeEnvironment]:
    """A world in which d2 is bad."""
    fake, production = world(**behaviour)
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=25)
    return fake, production


def assert_taken_back_at_25(fake: FakeBaseten, production: FakeEnvironment, error: Any) -> None:
    """Breached at the first step, with all numbers, and traffic is back."""
    assert isinstance(error, GuardBreachedError)
    assert production.promotion is not None
    assert (production.promotion.status, production.promotion.percent) == ("CANCELED", 0)
    assert max(state.percent for state in production.promotion.history) == 25
    assert production.current is fake.model("m1").deployment("d1")
    step = error.report.steps[-1]
    assert (step.percent, step.outcome) == (25, "breach")
    [breach] = [one for one in step.verdicts if one.outcome == "breach"]
    assert (breach.check, breach.bound) == ("error_rate", 0.02)
    assert breach.value == pytest.approx(0.08)
    assert breach.new is not None
    assert breach.old is not None
    assert (breach.new.deployment_id, breach.old.deployment_id) == ("d2", "d1")
    assert (breach.new.start, breach.new.end) == (breach.old.start, breach.old.end)
    assert (breach.new.requests or 0) >= 100
    assert breach.old.value == 0.0
    assert_metrics_are_a_minute_apart(fake)


async def test_a_bad_deployment_is_cancelled_once_at_the_step_at_which_it_is_bad() -> None:
    fake, production = bad_world()
    told: list[Any] = []
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten), told)

    assert_taken_back_at_25(fake, production, error)
    assert writes(fake) == ["promote", "cancel_promotion"]
    assert report.actions == ("cancel",)
    steps = [event.percent for event in told if isinstance(event, StepReached)]
    acts = [event.policy for event in told if isinstance(event, GuardActed)]
    assert (steps, acts) == ([25], ["cancel"])
    assert [event.verdict for event in told if isinstance(event, Measured)] == [
        *report.steps[0].verdicts
    ]


async def test_a_good_deployment_goes_live_and_every_step_was_measured() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten))

    assert error is None
    assert writes(fake) == ["promote"]
    passed = [step.percent for step in report.steps if step.outcome == "pass"]
    assert passed == STEPS
    assert_metrics_are_a_minute_apart(fake)


async def test_late_metrics_do_not_hide_a_breach() -> None:
    fake, production = bad_world(metrics_lag=90.0)
    async with fake.client() as baseten:
        defaults = Guard(error_rate(at_most=0.02))
        error, _ = await end_of(await promote(baseten, defaults))

    assert_taken_back_at_25(fake, production, error)
    assert sent(fake, CANCEL) == sent(fake, CANCEL)[:1]


async def test_a_step_is_held_while_metrics_are_refused() -> None:
    fake, production = bad_world()
    told: list[Any] = []
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.rate_limited(route=METRICS, times=3)
        error, report = await end_of(promotion, told)

    assert_taken_back_at_25(fake, production, error)
    assert report.actions == ("pause", "cancel")
    assert [event.reason for event in told if isinstance(event, HoldExtended)]
    assert writes(fake) == ["promote", "pause_promotion", "cancel_promotion"]


@pytest.mark.parametrize("acts", [True, False])
async def test_a_lost_cancel_is_read_back(acts: bool) -> None:
    fake, production = bad_world(replica_lags=(0.0, 8.0))
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.reset(route=CANCEL, acts=acts)
        error, _ = await end_of(promotion)

    assert_taken_back_at_25(fake, production, error)
    assert len(sent(fake, CANCEL)) == (1 if acts else 2)


async def test_a_colleague_who_resumes_does_not_stop_the_guard() -> None:
    fake, production = bad_world()
    told: list[Any] = []
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(unavailable=10))
        fake.faults.rate_limited(route=METRICS, times=6)
        fake.at(245, production.resume)
        error, report = await end_of(promotion, told)

    assert isinstance(error, GuardBreachedError)
    assert error.report.steps[-1].percent == 75
    assert report.overridden == ("resume",)
    assert [event.by for event in told if isinstance(event, GuardOverridden)] == ["resume"]
    assert writes(fake) == ["promote", "pause_promotion", "cancel_promotion"]
    assert production.current is fake.model("m1").deployment("d1")
    assert_metrics_are_a_minute_apart(fake)


async def test_a_process_that_was_killed_is_resumed_from_the_token() -> None:
    fake, production = bad_world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        with pytest.raises(WaitTimeoutError):
            await promotion.wait(timeout=60)
    async with fake.client() as another:
        resumed = await another.resume(promotion.token, guard=guard())
        error, report = await end_of(resumed)

    assert_taken_back_at_25(fake, production, error)
    assert report.actions == ("pause", "cancel")  # it cannot know how long the step lasts already
    assert len(sent(fake, CANCEL)) == 1


async def test_a_breach_with_the_policy_pause_leaves_it_paused_at_that_step() -> None:
    fake, production = bad_world()
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(on_breach="pause")))

    assert isinstance(error, GuardBreachedError)
    assert production.promotion is not None
    assert (production.promotion.status, production.promotion.percent) == ("PAUSED", 25)
    assert report.actions == ("pause",)


async def test_a_breach_found_before_the_deadline_is_told_although_the_pause_comes_later() -> None:
    fake, production = bad_world()
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(on_breach="pause"))
        error, _ = await end_of(promotion, timeout=150)

    assert isinstance(error, GuardBreachedError)
    assert writes(fake) == ["promote", "pause_promotion"]
    assert production.promotion is not None
    assert (production.promotion.status, production.promotion.percent) == ("RAMPING_UP", 25)


async def test_a_pause_that_baseten_does_not_act_on_is_followed_by_the_next_step() -> None:
    fake, production = bad_world(signals_succeed=False)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(on_breach="pause")))

    assert isinstance(error, GuardBreachedError)
    assert [step.percent for step in report.steps] == [25, 75, 100]
    assert len(sent(fake, PAUSE)) == 2
    assert production.current is fake.model("m1").deployment("d2")


async def test_a_forced_cancel_gives_the_traffic_back_at_once() -> None:
    fake, production = bad_world()
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, guard(on_breach="force_cancel")))

    assert_taken_back_at_25(fake, production, error)
    assert writes(fake) == ["promote", "force_cancel_promotion"]


async def test_a_cancel_that_baseten_does_not_force_goes_step_by_step() -> None:
    fake, production = bad_world(signals_succeed=False)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(on_breach="force_cancel")))

    assert_taken_back_at_25(fake, production, error)
    assert report.actions == ("force_cancel", "cancel")
    assert writes(fake) == ["promote", "force_cancel_promotion", "cancel_promotion"]


async def test_a_cancel_that_the_key_may_not_send_is_told_at_once() -> None:
    fake, production = bad_world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.status(403, route=CANCEL, times=None)
        error, _ = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    assert isinstance(error.__cause__, PermissionDeniedError)
    assert len(sent(fake, CANCEL)) == 1
    assert production.promotion is not None
    assert production.promotion.percent == 25


async def test_a_dry_run_reports_and_never_acts() -> None:
    fake, production = bad_world()
    told: list[Any] = []
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(on_breach="report")), told)

    assert error is None
    assert writes(fake) == ["promote"]
    assert {one.check for one in report.breached} == {"error_rate"}
    assert production.current is fake.model("m1").deployment("d2")


async def test_a_deployment_that_is_only_bad_with_all_traffic_is_promoted_back_in_the_bake() -> (
    None
):
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=100)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(bake=600)))

    assert isinstance(error, GuardBreachedError)
    assert report.steps[-1].percent == 100
    assert report.actions == ("rollback",)
    assert production.current is fake.model("m1").deployment("d1")
    assert writes(fake) == ["promote", "promote"]
    assert_metrics_are_a_minute_apart(fake)


async def test_a_bake_that_passes_ends_with_success_after_its_time() -> None:
    fake, production = world()
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(bake=600)))

    assert error is None
    assert production.promotion is not None
    assert production.promotion.ended is not None
    assert fake.now >= production.promotion.ended + 600
    assert report.steps[-1].outcome == "pass"


async def test_a_server_that_ignores_the_settings_is_paused_at_the_next_step() -> None:
    fake, production = bad_world(promotion_override="ignored")
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard()))

    assert isinstance(error, GuardBreachedError)
    assert [step.percent for step in report.steps] == STEPS
    assert report.actions == ("pause", "cancel")
    assert production.current is fake.model("m1").deployment("d1")


@pytest.mark.parametrize(("status", "tries"), [(400, 4), (409, 4), (404, 1)])
async def test_a_rollback_that_baseten_is_not_ready_for_is_tried_again(
    status: int, tries: int
) -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=100)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(bake=60))
        fake.faults.status(status, route=PROMOTE, times=3)
        error, _ = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    assert len(sent(fake, PROMOTE)) == 1 + tries
    assert (production.current is fake.model("m1").deployment("d1")) is (tries > 1)


async def test_a_promotion_that_succeeds_before_the_cancel_takes_effect_is_taken_back() -> None:
    fake, production = world(cancel_seen_after=300.0)
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=75)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard()))

    assert isinstance(error, GuardBreachedError)
    assert report.actions == ("cancel", "rollback")
    assert production.current is fake.model("m1").deployment("d1")


async def test_the_promotion_of_somebody_else_is_never_cancelled() -> None:
    fake, production = bad_world()
    fake.model("m1").deployment("d3")

    def take_over() -> None:
        production.force_cancel()
        production.promote("d3")

    async with fake.client() as baseten:
        promotion = await promote(baseten)
        # Right before the first measurement.
        fake.at(95, take_over)
        error, report = await end_of(promotion)

    assert isinstance(error, PromotionSupersededError)
    assert report.overridden == ("promote",)
    assert writes(fake) == ["promote"]


async def test_a_promotion_that_takes_the_place_while_the_guard_measures_is_not_cancelled() -> None:
    fake, production = bad_world()
    fake.model("m1").deployment("d3")

    def take_over() -> None:
        production.force_cancel()
        production.promote("d3")

    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.delay(15, route=METRICS, times=2)
        fake.at(112, take_over)
        error, report = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    assert report.overridden == ("promote",)
    assert writes(fake) == ["promote"]


async def test_a_cancel_that_the_audit_log_shows_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_looks_lag(monkeypatch, 30)
    fake, production = bad_world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.reset(route=CANCEL, acts=True)
        error, _ = await end_of(promotion)

    assert_taken_back_at_25(fake, production, error)
    assert len(sent(fake, CANCEL)) == 1


@pytest.mark.parametrize("fails", ["at once", "slowly"])
async def test_an_audit_log_that_fails_hardly_delays_a_cancel_of_a_promotion_seen_all_the_time(
    fails: str,
) -> None:
    """And does not make the reading back of a lost cancel longer than without a log."""
    cancels: list[list[float]] = []
    for does_fail in (False, True):
        fake, _ = bad_world(audit_log="readable" if does_fail else "forbidden")
        if does_fail and fails == "at once":
            fake.faults.status(503, route=AUDIT_LOG, times=None)
        elif does_fail:
            fake.faults.hang(route=AUDIT_LOG, times=None)
        async with fake.client() as baseten:
            promotion = await promote(baseten)
            fake.faults.reset(route=CANCEL, acts=False)
            error, _ = await end_of(promotion)
        assert isinstance(error, GuardBreachedError)
        cancels.append(sent(fake, CANCEL))

    without, failing = cancels
    assert failing[0] - without[0] <= (1 if fails == "at once" else 6)
    if fails == "at once":
        assert failing[1] - failing[0] == pytest.approx(without[1] - without[0], abs=1)


async def test_the_deadline_does_not_let_the_policy_act() -> None:
    fake, production = bad_world()
    async with fake.client() as baseten:
        promotion = await promote(baseten)
        error, _ = await end_of(promotion, timeout=60)

    assert isinstance(error, WaitTimeoutError)
    assert error.evidence is not None
    assert error.evidence.report is not None
    assert [step.percent for step in error.evidence.report.steps] == [25]
    assert writes(fake) == ["promote"]
    assert production.promotion is not None
    assert production.promotion.percent == 25


@pytest.mark.parametrize("is_resumed", [False, True])
async def test_traffic_that_comes_back_in_slow_steps_is_waited_for(*, is_resumed: bool) -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=75)
    given = Guard(error_rate(at_most=0.02))
    async with fake.client() as baseten:
        promotion = await promote(baseten, given)
        if is_resumed:
            await end_of(promotion, timeout=700)
            assert production.promotion is not None
            assert production.promotion.percent == 75
            resumed: Any = await baseten.resume(promotion.token, guard=given)
            promotion = resumed
        error, _ = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    assert production.promotion is not None
    assert production.promotion.status == "CANCELED"
    # Both steps are held on the way back, too.
    assert fake.now - sent(fake, CANCEL)[0] > 2 * given.stabilization > 900
    assert error.__cause__ is None


@pytest.mark.parametrize("cancel_timeout", [None, 300])
async def test_each_step_on_the_way_back_gets_its_time_unless_the_caller_has_a_maximum(
    cancel_timeout: float | None,
) -> None:
    """Also in a process that has seen only one of them, and does not know how long each is."""
    fake, production = world()
    production.update(rolling=True, ramp=[(percent, 250) for percent in (18, 36, 54, 72, 90)])
    await asyncio.sleep(5)
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    async with fake.client(poll=lambda *_: 10.0) as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        await asyncio.sleep(250 * 4.2)
        assert production.promotion is not None
        assert production.promotion.percent == 90
        rules = guard(cancel_timeout=cancel_timeout)
        resumed: Any = await baseten.resume(promotion.token, guard=rules)
        error, _ = await end_of(resumed)

    assert isinstance(error, GuardBreachedError)
    took = fake.now - sent(fake, CANCEL)[0]
    if cancel_timeout is None:
        assert error.__cause__ is None
        assert production.promotion.status == "CANCELED"
        assert took > 900
    else:
        assert isinstance(error.__cause__, WaitTimeoutError)
        assert took == pytest.approx(300, abs=20)


async def test_a_cancel_that_never_gets_through_is_given_up_after_its_time() -> None:
    fake, _ = bad_world()
    fake.faults.status(503, route=CANCEL, times=None)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, guard(cancel_timeout=60)))

    assert isinstance(error, GuardBreachedError)
    assert fake.now - sent(fake, CANCEL)[0] <= 70


async def test_a_rollback_that_takes_too_long_is_told_after_its_time() -> None:
    fake, _ = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=100)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, guard(bake=60, cancel_timeout=15)))

    assert isinstance(error, GuardBreachedError)
    assert isinstance(error.__cause__, WaitTimeoutError)
    assert fake.now - sent(fake, PROMOTE)[-1] <= 20


async def test_a_cancel_that_takes_too_long_is_told_and_can_be_waited_for() -> None:
    fake, production = bad_world()
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, guard(cancel_timeout=60)))
        assert isinstance(error, GuardBreachedError)
        assert error.token is not None
        cancellation: Any = await baseten.resume(error.token)
        await cancellation.wait()

    assert production.current is fake.model("m1").deployment("d1")
    assert production.promotion is not None
    assert production.promotion.status == "CANCELED"


async def test_a_look_from_before_the_promotion_does_not_keep_the_guard_from_cancelling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the breach on, all servers show the time before the promotion for a minute."""
    fake, production = world()

    async def fails(_: object) -> bool:
        let_looks_lag(monkeypatch, 59)
        return False

    given = Guard(check("own", fails), window=1, lag=0, warmup=0, min_requests=0)
    async with fake.client() as baseten:
        promotion = await promote(baseten, given)
        error, _ = await end_of(promotion)

    assert isinstance(error, GuardBreachedError)
    assert writes(fake) == ["promote", "cancel_promotion"]
    assert production.promotions[-1].status == "CANCELED"
