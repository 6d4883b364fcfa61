"""What no look shows for certain, and the audit log does: the end of a promotion."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import Any

import pytest

from aiobaseten.errors import (
    PromotionCanceledError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionSupersededError,
    WaitTimeoutError,
)
from aiobaseten.events import TrafficShifted
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..guarding.rollout import let_looks_lag
from ..story import production, promote, set_up

pytestmark = pytest.mark.looptime

#: A Baseten where nothing lingers after a cancellation.
CLEAN = Behaviour(terminal_promotion_for=0.0, canceled_candidate="null")
LOADS_FOR_EVER: timelines.Steps = [("DEPLOYING", 5), "LOADING_MODEL"]
ENVIRONMENT = "GET /v1/models/{model_id}/environments/{env_name}"


def asked(fake: FakeBaseten) -> int:
    """How often the audit log was read."""
    return sum("/audit_logs" in request.path for request in fake.requests)


@pytest.mark.parametrize("timeline", [LOADS_FOR_EVER, "ACTIVE"])
@pytest.mark.parametrize("resumed_after", [None, 5.0, 4000.0])
async def test_a_promotion_that_was_cancelled_before_the_wait_is_told_so(
    timeline: Any, resumed_after: float | None
) -> None:
    """No look has ever shown the candidate, which goes on loading."""
    fake = FakeBaseten(behaviour=CLEAN)
    environment = set_up(fake, "model", timeline, traffic_delay=600)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
    with fake.acting_as("ops@example.com"):
        environment.cancel()
    await asyncio.sleep(resumed_after or 0.0)

    async with fake.client() as baseten:
        again: Any = await baseten.resume(promotion.token)
        began, asked_before = fake.now, asked(fake)
        with pytest.raises(PromotionCanceledError, match=r"ops@example\.com"):
            await again.wait(timeout=1500)

    # Once no look can show the time before the promotion.
    assert fake.now - began < (1 if resumed_after == 4000.0 else 85)
    assert asked(fake) - asked_before == 1


async def test_a_promotion_that_was_cancelled_between_two_looks_is_told_soon() -> None:
    fake = FakeBaseten(behaviour=CLEAN)
    environment = set_up(fake, "model", LOADS_FOR_EVER)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        fake.at(30, environment.cancel)
        with pytest.raises(PromotionCanceledError):
            await promotion.wait()

    assert fake.now < 85


@pytest.mark.parametrize("log", ["readable", "forbidden"])
async def test_a_promotion_that_is_not_shown_costs_one_read_of_the_log_a_minute(log: Any) -> None:
    """Somebody had cancelled an earlier promotion of it; this one is only not shown."""
    fake = FakeBaseten(behaviour=Behaviour(audit_log=log))
    environment = set_up(fake, "model", LOADS_FOR_EVER)
    environment.promote("new")
    environment.cancel()
    await asyncio.sleep(30)
    async with fake.client() as baseten:
        page = (await production(baseten, "model").get()).to_dict()
        page |= {"candidate_deployment": None, "in_progress_promotion": None}
        promotion = await promote(baseten, "model")
        fake.faults.status(200, body=page, route=ENVIRONMENT, times=None)
        with pytest.raises(WaitTimeoutError):
            await asyncio.gather(*(promotion.wait(timeout=300) for _ in range(20)))

    assert 2 <= asked(fake) <= 6


async def test_a_cancellation_that_was_overtaken_by_a_roll_forward_is_none() -> None:
    """The pointer follows 40 s after the promotion has gone."""
    fake = FakeBaseten(behaviour=Behaviour(terminal_promotion_for=0.0, pointer_lag=40.0))
    environment = set_up(fake, "model", ramp=[(50, 300)])
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        fake.at(20, environment.cancel)
        fake.at(25, environment.force_roll_forward)
        live = await promotion.wait()

    assert live.id == "new"


@pytest.mark.parametrize("ends", ["cancel", "goes on"])
async def test_a_cancelled_promotion_of_what_serves_already_is_no_success(ends: str) -> None:
    """Without a trace of its end, the environment looks the same after a success."""
    fake = FakeBaseten(behaviour=Behaviour(terminal_promotion_for=0.0, deployment_ids="same"))
    environment = set_up(fake, "model", traffic_delay=60)
    environment.promote("new")
    environment.force_roll_forward()
    await asyncio.sleep(300)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        assert promotion.previous_id == promotion.deployment_id == "new"
        if ends == "cancel":
            fake.at(fake.now + 20, environment.cancel)
            with pytest.raises(PromotionCanceledError):
                await promotion.wait()
        else:
            assert (await promotion.wait()).id == "new"


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
async def test_the_next_promotion_does_not_make_a_success_of_one_of_what_serves_already(
    ends: str,
) -> None:
    """The next one is shown in its place, so that no look shows its end."""
    fake = FakeBaseten(behaviour=Behaviour(terminal_promotion_for=0.0, deployment_ids="same"))
    environment = set_up(fake, "model", traffic_delay=600)
    fake.model("owner").deployment("third")
    environment.promote("new")
    environment.force_roll_forward()
    await asyncio.sleep(300)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        if ends == "cancelled":
            environment.cancel()
        else:
            environment.fail()
        environment.promote("third")
        expected = PromotionCanceledError if ends == "cancelled" else PromotionSupersededError
        with pytest.raises(expected):
            await promotion.wait(timeout=300)


@pytest.mark.parametrize("verb", ["promote", "rollback", "resumed"])
async def test_a_deployment_that_served_a_minute_ago_is_not_live_before_its_promotion_is(
    verb: str,
) -> None:
    """Every other look shows the time before, when it served; the promotion fails."""
    before = 2 if verb == "rollback" else 1
    lags = (*[0.0] * before, *(59.0, 59.0, 59.0, 0.0) * 100)
    fake = FakeBaseten(behaviour=Behaviour(replica_lags=lags, deployment_ids="same"))
    environment = set_up(fake, "model", traffic_delay=600)
    await asyncio.sleep(100)
    environment.promote("new")
    environment.force_roll_forward()
    await asyncio.sleep(20)
    async with fake.client() as baseten:
        handle = baseten.model("owner").environment("production")
        back: Any = await (handle.rollback() if verb == "rollback" else handle.promote("old"))
        assert back.previous_id == "new"
        if verb == "resumed":
            back = await baseten.resume(back.token, look=False)
        fake.at(fake.now + 100, environment.fail)
        with pytest.raises(PromotionFailedError):
            await back.wait()


@pytest.mark.parametrize("log", ["readable", "forbidden"])
@pytest.mark.parametrize("asked", ["new", "old"])
async def test_adopt_does_not_go_by_a_look_that_the_log_outdates(
    asked: str, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look shows the time before "new" was promoted, which serves."""
    fake = FakeBaseten(behaviour=Behaviour(audit_log=log))
    environment = set_up(fake, "model")
    await asyncio.sleep(100)
    environment.promote("new")
    await asyncio.sleep(20)
    let_looks_lag(monkeypatch, 59)
    fake.at(fake.now + 5, lambda: let_looks_lag(monkeypatch, 0))
    async with fake.client() as baseten:
        handle = production(baseten, "model")
        adopted = await handle.promote(asked, if_in_progress="adopt")

    sent = [one for one in fake.requests if one.method == "POST"]
    # Without the log, what is not shown as current is promoted.
    assert len(sent) == (0 if asked == "new" and log == "readable" else 1)
    assert adopted.deployment_id.startswith(asked)


async def test_an_environment_is_rolled_back_although_the_second_look_is_older_than_the_first() -> (
    None
):
    fake = FakeBaseten(behaviour=Behaviour(replica_lags=(0.0, 59.0, *[0.0] * 50)))
    environment = set_up(fake, "model")
    await asyncio.sleep(100)
    environment.promote("new")
    await asyncio.sleep(20)
    async with fake.client() as baseten:
        back = await baseten.model("owner").environment("production").rollback()

    assert back.previous_id == "new"


async def test_a_look_from_when_it_served_is_no_success_that_another_one_replaced() -> None:
    """It is cancelled. Then no look shows it, but one in between was a minute old."""
    lags = (0.0, 59.0, *[0.0] * 100)
    fake = FakeBaseten(behaviour=Behaviour(replica_lags=lags, deployment_ids="same"))
    environment = set_up(fake, "model", traffic_delay=600)
    await asyncio.sleep(100)
    environment.promote("new")
    environment.force_roll_forward()
    await asyncio.sleep(20)
    async with fake.client() as baseten:
        promotion = await production(baseten, "model").promote("old")
        fake.at(fake.now + 15, environment.cancel)
        with pytest.raises(PromotionCanceledError):
            await promotion.wait()


async def test_the_end_of_a_rollback_is_no_event_of_the_promotion_before() -> None:
    """It shows SUCCEEDED and all of the traffic, without saying of which deployment."""
    fake = FakeBaseten()
    set_up(fake, "model", traffic_delay=60)
    async with fake.client() as baseten:
        promotion: Any = await promote(baseten, "model")
        await promotion.wait()
        back: Any = await promotion.rollback()
        await back.wait()
        again: Any = await baseten.resume(promotion.token)
        seen: list[Any] = []
        with suppress(PromotionSupersededError):
            async for event in again.events():
                seen.append(event)  # noqa: PERF401 - they are kept although it raises

    assert isinstance(seen[-1].error, PromotionSupersededError)
    assert not [one for one in seen if isinstance(one, TrafficShifted)]


async def test_a_log_that_is_a_little_late_delays_a_success_as_little() -> None:
    """The deployment is older than what serves, so that looks alone do not tell."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same", audit_log_lag=7.0))
    set_up(fake, "model")
    await asyncio.sleep(100)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        began = fake.now
        await promotion.wait()

    assert fake.now - began < 20


async def test_a_promotion_made_the_deployment_so_that_no_log_need_be_waited_for() -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="new", audit_log_names="source"))
    set_up(fake, "model")
    await asyncio.sleep(100)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
    async with fake.client() as baseten:
        again: Any = await baseten.resume(promotion.token)
        began = fake.now
        await again.wait()

    assert fake.now - began < 5


async def test_a_token_whose_answer_was_lost_waits_for_no_log_after_a_second_process() -> None:
    """Its time may be minutes late, so that the log seems to lack the promotion."""
    fake = FakeBaseten()
    set_up(fake, "model")
    await asyncio.sleep(100)
    saved: list[Any] = []

    async def save(token: Any) -> None:
        saved.append(token)

    fake.faults.hang(route="POST", acts=True)
    async with fake.client() as baseten:
        call = asyncio.create_task(
            baseten.model("owner").environment("production").promote("new", before_sending=save)
        )
        await asyncio.sleep(2)
        call.cancel()
        await asyncio.wait([call])
    again: Any
    for _ in range(2):
        async with fake.client() as baseten:
            again = await baseten.resume(saved[-1])
            saved.append(again.token)
    async with fake.client() as baseten:
        began = fake.now
        await (await baseten.resume(saved[-1])).wait()

    assert fake.now - began < 5


@pytest.mark.parametrize("verb", ["cancel", "pause", "rollback"])
async def test_a_release_of_others_is_left_alone_before_the_log_shows_it(verb: str) -> None:
    """Ours is so old that no look shows the time before it. So it is the log that is late."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same", audit_log_lag=5.0))
    environment = set_up(fake, "model")
    fake.model("owner").deployment("third", on_promote=LOADS_FOR_EVER)
    async with fake.client() as baseten:
        promotion: Any = await promote(baseten, "model")
        await promotion.wait()
        await asyncio.sleep(200)
        environment.promote("third")
        await asyncio.sleep(3)
        sent = sum(one.method == "POST" for one in fake.requests)
        with pytest.raises(PromotionSupersededError):
            await getattr(promotion, verb)()

    assert sum(one.method == "POST" for one in fake.requests) == sent


@pytest.mark.parametrize("log_lag", [60.0, math.inf])
async def test_a_log_without_the_promotion_itself_tells_nothing_about_earlier_ones(
    log_lag: float,
) -> None:
    """It served for eight seconds, and looks still show that. It is newer than what serves."""
    lags = (*[0.0] * 5, *[55.0] * 100)
    behaviour = Behaviour(replica_lags=lags, deployment_ids="same", audit_log_lag=log_lag)
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, "model", traffic_delay=600)
    await asyncio.sleep(100)
    for successor in ("new", "old"):
        environment.promote(successor)
        environment.force_roll_forward()
        await asyncio.sleep(8)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        with pytest.raises(WaitTimeoutError):
            await promotion.wait(timeout=300)

    assert fake.now < 500


@pytest.mark.parametrize("resumed", [True, False])
async def test_a_rollback_is_sent_although_looks_show_the_time_before_the_promotion(
    resumed: bool,
) -> None:
    """No wait has seen it live. Somebody who reads a minute late sees that "old" serves."""
    fake = FakeBaseten(behaviour=Behaviour(replica_lags=(0.0, *[30.0] * 100)))
    set_up(fake, "model")
    await asyncio.sleep(100)
    async with fake.client() as baseten:
        promotion: Any = await promote(baseten, "model")
        await asyncio.sleep(10)
        if resumed:
            promotion = await baseten.resume(promotion.token, look=False)
        back = await promotion.rollback()

    assert sum(one.method == "POST" for one in fake.requests) == 2
    assert back.previous_id == "new"


@pytest.mark.parametrize("log", ["readable", "forbidden"])
@pytest.mark.parametrize("successor", ["third", "old"])
@pytest.mark.parametrize("begins_after", [0.5, 48.0])
async def test_a_look_from_when_it_served_is_no_success_if_its_end_is_known(
    log: Any, successor: str, begins_after: float
) -> None:
    """It served for ten seconds. The wait begins after its end, and one server lags behind."""
    behaviour = Behaviour(
        audit_log=log, replica_lags=(0.0, 59.0), deployment_ids="same", terminal_promotion_for=0.0
    )
    fake = FakeBaseten(behaviour=behaviour)
    environment = set_up(fake, "model", traffic_delay=600)
    fake.model("owner").deployment("third")
    await asyncio.sleep(100)
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        await asyncio.sleep(20)
        environment.force_roll_forward()
        environment.promote(successor)
        await asyncio.sleep(10)
        environment.force_roll_forward()
        await asyncio.sleep(begins_after)
        with pytest.raises(PromotionSupersededError) as caught:
            await promotion.wait(timeout=600)

    assert caught.value.by == successor


@pytest.mark.parametrize("newer", ["none", "runs", "was cancelled", "failed long ago"])
async def test_a_promotion_that_succeeded_is_a_success_at_the_first_look(newer: str) -> None:
    """A wait in another process asks the audit log: no promotion that it shows has ended ours."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same", terminal_promotion_for=0.0))
    environment = set_up(fake, "model", traffic_delay=600)
    fake.model("owner").deployment("third")
    async with fake.client() as baseten:
        token = (await promote(baseten, "model")).token
    environment.force_roll_forward()
    await asyncio.sleep(100)
    if newer != "none":
        environment.promote("third")
    if newer == "was cancelled":
        environment.cancel()
    if newer == "failed long ago":
        environment.fail()
        await asyncio.sleep(4000)
    async with fake.client() as baseten:
        again: Any = await baseten.resume(token)
        began = fake.now
        assert (await again.wait()).id == "new"

    assert fake.now - began < (15 if newer == "runs" else 1)


@pytest.mark.parametrize("log", ["readable", "forbidden"])
@pytest.mark.parametrize("verb", ["cancel", "pause", "rollback"])
@pytest.mark.parametrize("ended", ["succeeded", "was cancelled"])
async def test_looks_from_before_a_promotion_do_not_make_it_superseded(
    ended: str, verb: str, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one began right after that of "third", which all servers still show."""
    fake = FakeBaseten(behaviour=Behaviour(audit_log=log, terminal_promotion_for=0.0))
    environment = set_up(fake, "model", ramp=[(25, 600)])
    fake.model("owner").deployment("third")
    await asyncio.sleep(100)
    environment.promote("third")
    await asyncio.sleep(100)
    if ended == "succeeded":
        environment.force_roll_forward()
    else:
        environment.force_cancel()
    async with fake.client() as baseten:
        promotion = await promote(baseten, "model")
        let_looks_lag(monkeypatch, 59)
        await asyncio.sleep(2)
        began, sent_before = fake.now, len(posts(fake))
        if verb == "rollback":
            with pytest.raises(PromotionInProgressError):
                await promotion.rollback()
        else:
            await getattr(promotion, verb)()

    assert len(posts(fake)) - sent_before == (0 if verb == "rollback" else 1)
    assert verb == "rollback" or log == "forbidden" or fake.now - began < 1


def posts(fake: FakeBaseten) -> list[Any]:
    return [one for one in fake.requests if one.method == "POST"]
