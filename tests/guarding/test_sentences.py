"""The sentences of guards, whole: what happened, where the traffic is, and what to do next.

No other test asserts these words.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from aiobaseten import Guard, check
from aiobaseten._numbers import in_requests, in_seconds
from aiobaseten._waiting import LOG_UNREADABLE
from aiobaseten.errors import BasetenError, GuardError, WaitTimeoutError
from aiobaseten.events import GuardActed, GuardOverridden, HoldExtended, Measured, StepReached
from aiobaseten.guard import GuardedStep, Verdict
from aiobaseten.testing import FakeBaseten

from .rollout import (
    AUDIT_LOG,
    CANCEL,
    ENVIRONMENT,
    METRICS,
    PROMOTE,
    end_of,
    guard,
    let_looks_lag,
    promote,
    sent,
    world,
)

pytestmark = pytest.mark.looptime

PROMOTION = "the promotion of deployment d2 to production of model m1"
WORSE = "error_rate: 8 % is above 2 %."


async def sentence(
    given: Guard, *, bad_from: float | None = 25, rate: float = 10, **behaviour: Any
) -> str:
    """The sentence with which the wait ends."""
    fake, production = world(**behaviour)
    production.receives(requests_per_second=rate)
    if bad_from is not None:
        fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=bad_from)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, given))
    assert isinstance(error, GuardError)
    return str(error)


async def test_a_breach_that_was_cancelled() -> None:
    assert await sentence(guard()) == (
        f"the guard found a breach in {PROMOTION} at 25 % of traffic: {WORSE} It was cancelled. "
        "Traffic is on deployment d1. Deployment d2 gets no traffic: fix it, and promote it again."
    )


@pytest.mark.parametrize("audit_log", ["forbidden", "missing"])
async def test_a_breach_that_was_cancelled_without_an_audit_log(audit_log: str) -> None:
    assert (await sentence(guard(), audit_log=audit_log)).endswith(
        " fix it, and promote it again. The audit log did not tell whether somebody else had "
        "promoted since, so that is not known."
    )


async def test_a_breach_that_paused_it() -> None:
    assert await sentence(guard(on_breach="pause")) == (
        f"the guard found a breach in {PROMOTION} at 25 % of traffic: {WORSE} It is paused. "
        "25 % of the traffic is on deployment d2, the rest on deployment d1. Go on with "
        "promotion.resume(), or give it back with promotion.cancel()."
    )


async def test_a_breach_that_could_not_be_stopped() -> None:
    assert await sentence(guard(on_breach="pause"), signals_succeed=False, bad_from=75) == (
        f"the guard found a breach in {PROMOTION} at 100 % of traffic: {WORSE} It is live, so that "
        "nothing could be stopped. All traffic is on deployment d2. Take it back with "
        "promotion.rollback()."
    )


async def test_a_breach_after_it_was_live() -> None:
    assert await sentence(guard(bake=60), bad_from=100) == (
        f"the guard found a breach in {PROMOTION} at 100 % of traffic: {WORSE} It was live by "
        "then, and the deployment before was promoted again. Traffic is on deployment d1. Fix "
        "deployment d2, and promote it again."
    )


async def test_a_cancel_that_takes_too_long() -> None:
    assert await sentence(guard(cancel_timeout=60)) == (
        f"the guard found a breach in {PROMOTION} at 25 % of traffic: {WORSE} Taking it back "
        "goes on; it did not finish within 60 s. Traffic is on its way to deployment d1. Wait on "
        "with resume(error.token)."
    )


async def test_a_cancel_that_is_refused() -> None:
    fake, _ = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard())
        fake.faults.status(403, body={"message": "no"}, route=CANCEL)
        error, _ = await end_of(promotion)

    refusal = str(error and error.__cause__)
    assert str(error) == (
        f"the guard found a breach in {PROMOTION} at 25 % of traffic: {WORSE} It could not be "
        f"taken back ({refusal}). 25 % of the traffic is on deployment d2, the rest on deployment "
        "d1. Go on with resume(error.token, guard=guard), or use another API key and cancel it "
        "yourself."
    )


async def test_a_rollback_that_is_refused() -> None:
    fake, _ = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=100)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(bake=60))
        fake.faults.status(403, body={"message": "no"}, route=PROMOTE)
        error, _ = await end_of(promotion)

    refusal = str(error and error.__cause__)
    assert str(error) == (
        f"the guard found a breach in {PROMOTION} at 100 % of traffic: {WORSE} It could not be "
        f"taken back ({refusal}). Traffic is on deployment d2. Go on with resume(error.token, "
        "guard=guard), or use another API key and take it back with promotion.rollback()."
    )


async def test_a_cancel_that_was_sent_is_told_if_somebody_promotes_right_after() -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08, from_percent=25)
    fake.model("m1").deployment("d3")

    def take_over() -> None:
        if production.promotion is not None and production.promotion.status == "RAMPING_DOWN":
            production.force_cancel()
            production.promote("d3")

    async with fake.client() as baseten:
        promotion = await promote(baseten)
        fake.faults.cut(route=CANCEL, delay=1.0)
        for half in range(180, 260):
            fake.at(half / 2, take_over)
        error, _ = await end_of(promotion)

    assert "A cancel was sent, and its end was not seen: deployment d3 was promoted" in str(error)
    assert "nothing was sent" not in str(error)


@pytest.mark.parametrize(
    ("at", "fate", "traffic"),
    [
        (
            112,
            "Somebody else has acted since, and the guard leaves that: ",
            "25 % of the traffic is on deployment d3, the rest on deployment d1.",
        ),
        (
            130,
            "It was cancelled. Somebody else has promoted deployment d3 since. ",
            "25 % of the traffic is on deployment d3, the rest on deployment d1.",
        ),
    ],
)
async def test_a_promotion_of_somebody_else(at: float, fate: str, traffic: str) -> None:
    fake, production = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    fake.model("m1").deployment("d3")

    def take_over() -> None:
        production.force_cancel()
        production.promote("d3")

    async with fake.client() as baseten:
        promotion = await promote(baseten)
        if at < 115:
            fake.faults.delay(15, route=METRICS, times=2)
        fake.at(at, take_over)
        error, _ = await end_of(promotion)

    assert f" {WORSE} {fate}" in str(error)
    assert str(error).endswith(f". {traffic}")
    assert ".." not in str(error)


async def test_a_promotion_of_the_same_deployment_by_somebody_else() -> None:
    fake, production = world(deployment_ids="same")

    def again() -> None:
        with fake.acting_as("ops@example.com"):
            production.force_cancel()
            production.promote("d2", override={"ramp": [(25, 1000)]})

    fake.model("m1").deployment("d2").answers(error_share=0.08)
    fake.at(20, again)
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, guard(on_breach="pause")))

    assert str(error) == (
        f"{PROMOTION} is over: deployment d2 was promoted again (by ops@example.com)."
    )


MAY_BE_PAUSED = (
    " The guard asked for a pause, but no look has shown it. If the promotion under way is paused, "
    "somebody must resume it."
)


async def test_a_pause_that_no_look_has_shown() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten, guard(hold="pause")), timeout=40)

    go_on = " Go on with resume(error.token, guard=guard)."
    assert str(error).endswith(f".{MAY_BE_PAUSED}{go_on}")


async def test_a_pause_that_may_have_hit_the_promotion_of_somebody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_looks_lag(monkeypatch, 40)
    fake, production = world(audit_log="forbidden")
    fake.model("m1").deployment("d3")

    def take_over() -> None:
        production.force_cancel()
        production.promote("d3", override={"ramp": [(25, 1000)]})

    fake.at(60, take_over)
    async with fake.client() as baseten:
        error, report = await end_of(await promote(baseten, guard(hold="pause")))

    assert report.actions == ("pause",)
    assert str(error).endswith(f"deployment d3 was promoted after it.{MAY_BE_PAUSED}")


async def test_an_audit_log_that_does_not_answer_is_named() -> None:
    fake, _ = world()
    told: list[Any] = []
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(hold="pause"))
        fake.faults.hang(route="GET /v1/models/{model_id}/audit_logs", times=None)
        error, _ = await end_of(promotion, told, timeout=400)

    why = "the audit log cannot be read, and only it tells who paused"
    assert f" The guard has not resumed it: {why} (no answer in time). Go on" in str(error)
    reasons = [one.reason for one in told if isinstance(one, HoldExtended)]
    assert reasons == ["25 % has not passed yet", why]


async def test_the_age_of_a_look_that_is_old() -> None:
    fake, _ = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(cancel_timeout=60))
        fake.faults.status(503, route=CANCEL, times=None)
        fake.at(125, lambda: fake.faults.status(503, times=None))
        error, _ = await end_of(promotion)

    traffic = "25 % of the traffic is on deployment d2, the rest on deployment d1."
    assert re.search(rf" {traffic} That was seen \d\d s ago\. ", str(error))


@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "cancelled"])
@pytest.mark.parametrize("held_for", [60, 400], ids=["paused", "to be paused"])
async def test_a_breach_after_a_pause_was_asked_for(held_for: int, *, is_refused: bool) -> None:
    fake, _ = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    override = {"rolling_deploy_config": {"stabilization_time_seconds": held_for}}
    async with fake.client() as baseten:
        given = guard(hold="pause", cancel_timeout=2000)
        promotion = await promote(baseten, given, promotion_settings_override=override)
        if is_refused:
            fake.faults.status(403, body={"message": "no"}, route=CANCEL)
        error, _ = await end_of(promotion)

    said = str(error)
    assert ("It is paused. 25 % of the traffic" in said) == (is_refused and held_for == 60)
    assert said.endswith(MAY_BE_PAUSED) == (is_refused and held_for == 400)


async def test_the_age_of_the_last_look_before_a_pause_that_was_not_seen() -> None:
    fake, _ = world()
    fake.model("m1").deployment("d2").answers(error_share=0.08)
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard(on_breach="pause"))
        fake.at(125, lambda: fake.faults.status(503, times=None))
        error, _ = await end_of(promotion, timeout=180)

    seen = "A pause was asked for, and was not seen before the time was over. 25 % of the traffic"
    assert re.search(rf" {seen} .* That was seen \d\d s ago\. ", str(error))


async def test_a_promotion_that_is_cancelled_is_back_although_the_last_look_fails() -> None:
    """What the wait for the cancel has seen tells it: no older look does."""
    looks = 0
    for _ in range(2):
        fake, _ = world()
        fake.model("m1").deployment("d2").answers(error_share=0.08)
        async with fake.client() as baseten:
            promotion = await promote(baseten, guard())
            before = len(sent(fake, ENVIRONMENT))
            if looks:  # all but those after the cancel was seen
                fake.faults.status(503, route=ENVIRONMENT, after=looks - 2, times=None)
            error, _ = await end_of(promotion)
        looks = len(sent(fake, ENVIRONMENT)) - before

    assert " Traffic is on deployment d1. Deployment d2 gets no traffic" in str(error)


@pytest.mark.parametrize("fails", ["for a moment", "always", "forbidden"])
async def test_an_audit_log_that_does_not_tell_the_next_process_who_has_paused(fails: str) -> None:
    fake, production = world()
    async with fake.client() as baseten:
        promotion = await promote(baseten, guard())
        await asyncio.sleep(30)
        production.pause()  # at the end of the first step
        await asyncio.sleep(200)
        if fails == "forbidden":
            fake.faults.status(403, route=AUDIT_LOG, times=None)
        else:
            fake.faults.hang(route=AUDIT_LOG, times=None, lasting=20 if "moment" in fails else 999)
        again: Any = await baseten.resume(promotion.token, guard=guard())
        error, _ = await end_of(again, timeout=200)

    assert isinstance(error, WaitTimeoutError)
    assert (LOG_UNREADABLE in str(error)) == (fails != "for a moment")


async def test_a_guarded_wait_that_is_over() -> None:
    fake, _ = world()
    async with fake.client() as baseten:
        error, _ = await end_of(await promote(baseten), timeout=60)

    assert str(error).endswith(
        ". The guard has stopped: what comes next is not measured."
        " Go on with resume(error.token, guard=guard)."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3599.871, "3600 s"),
        (10.5, "10.5 s"),
        (57.031, "57 s"),
        (0.25, "0.25 s"),
        (1e7, "10000000 s"),
    ],
)
def test_seconds_in_a_sentence_have_at_most_three_digits_or_are_whole(
    value: float, text: str
) -> None:
    assert in_seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(99.97, "99 requests"), (913.003, "913 requests"), (2e6, "2000000 requests")],
)
def test_a_fraction_of_a_request_is_not_shown_and_never_makes_enough(
    value: float, text: str
) -> None:
    assert in_requests(value) == text


async def test_silence() -> None:
    reason = "deployment d2 had 15 requests in the window, and 100 are needed"
    found = await sentence(guard(unavailable=1), bad_from=None, rate=1)

    assert found == (
        f"the guard could not measure {PROMOTION} at 25 % of traffic: error_rate: {reason}; "
        f"latency p95: {reason}. It is paused. 25 % of the traffic is on deployment d2, the rest "
        "on deployment d1. Go on with promotion.resume(), or give it back with promotion.cancel()."
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (False, "it said False"),
        (None, "it returned NoneType, not True, False or a Verdict"),
        (KeyError("user"), "it raised KeyError: 'user'"),
        (Verdict("breach", reason="3 of 40 are wrong"), "3 of 40 are wrong"),
    ],
)
async def test_a_check_of_the_caller(said: Any, reason: str) -> None:
    async def evals(step: GuardedStep) -> Any:
        if isinstance(said, Exception):
            raise said
        return said

    given = Guard(check("evals", evals), warmup=10, unavailable=1)

    assert f" at 25 % of traffic: evals: {reason}. " in await sentence(given)


async def test_a_chain_that_was_not_promoted() -> None:
    fake = FakeBaseten()
    chain = fake.chain("c1")
    chain.deployment("d2")
    chain.environment("production")

    async def smoke() -> bool:
        return False

    async with fake.client() as baseten:
        production = baseten.chain("c1").environment("production")
        with pytest.raises(BasetenError) as caught:
            await production.promote("d2", guard=Guard(check("smoke", smoke)))

    assert str(caught.value) == (
        "the guard found a breach in deployment d2: smoke: it said False. It was not promoted to "
        "production of chain c1, and nothing was sent"
    )


async def test_a_step_that_is_held_is_the_one_that_has_not_passed() -> None:
    fake, _ = world()
    told: list[Any] = []
    async with fake.client() as baseten:
        await end_of(await promote(baseten, guard(hold="pause")), told)

    reasons = [
        event.reason if isinstance(event, HoldExtended) else event.why
        for event in told
        if isinstance(event, HoldExtended | GuardActed)
    ]
    assert reasons == [
        "25 % has not passed yet",
        "every check has passed at 25 %",
        "75 % has not passed yet",
        "every check has passed at 75 %",
    ]


def test_events_are_lines_for_a_person() -> None:
    verdict = Verdict("breach", check="error_rate", reason="8 % is above 2 %")
    events = [
        StepReached(at=5, percent=25),
        Measured(at=545, percent=25, verdict=verdict),
        HoldExtended(at=590, reason="25 % has not passed yet", until=606),
        GuardActed(at=607, policy="cancel", why="error_rate: 8 % is above 2 %"),
        GuardOverridden(at=608, by="resume"),
    ]

    assert [str(event) for event in events] == [
        "    5.0 s  guard: step 25 %",
        "  545.0 s  guard: 25 %: error_rate: breach (8 % is above 2 %)",
        "  590.0 s  guard: holds the step, measures again at 606 s: 25 % has not passed yet",
        "  607.0 s  guard: cancel: error_rate: 8 % is above 2 %",
        "  608.0 s  guard: overridden from outside: resume",
    ]
