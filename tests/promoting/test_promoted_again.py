"""Somebody else promotes the same deployment again, or is about to undo ours: that is not ours."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from aiobaseten import ModelPromotion
from aiobaseten.errors import PromotionSupersededError
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment
from aiobaseten.testing._http.json_writer import JSONWriter

from .. import story
from ..guarding.rollout import AUDIT_LOG, let_looks_lag, sent, world, writes

pytestmark = pytest.mark.looptime

VERBS = ["cancel", "force_cancel", "pause", "resume", "force_roll_forward", "rollback"]


def same_ids(**behaviour: Any) -> tuple[FakeBaseten, FakeEnvironment]:
    """A fake that never makes a new deployment for a promotion."""
    fake, production = world(deployment_ids="same", **behaviour)
    fake.model("m1").deployment("d3")
    return fake, production


async def ours_again(fake: FakeBaseten, production: FakeEnvironment) -> ModelPromotion:
    """Our promotion of d2, which somebody has cancelled and started again."""
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
    await asyncio.sleep(20)
    with fake.acting_as("ops@example.com"):
        production.force_cancel()
        production.promote("d2")
    await asyncio.sleep(20)
    return promotion


@pytest.mark.parametrize("verb", VERBS)
async def test_a_promotion_of_the_same_deployment_by_somebody_else_is_left_alone(verb: str) -> None:
    fake, production = same_ids()
    token = (await ours_again(fake, production)).token
    async with fake.client() as baseten:
        promotion: Any = await baseten.resume(token)
        with pytest.raises(PromotionSupersededError) as caught:
            await getattr(promotion, verb)()
        assert caught.value.by == "d2"
        assert caught.value.evidence is not None
        act = caught.value.evidence.act
        assert act is not None
        assert (act.action, act.by) == ("promoted", "ops@example.com")
        assert writes(fake) == ["promote"]
        if verb != "rollback":
            await getattr(promotion, verb)(even_if_superseded=True)


FAILURES: dict[str, tuple[str, tuple[int, ...]]] = {
    "unavailable": ("status", (503,)),
    "limited": ("rate_limited", ()),
    "hanging": ("hang", ()),
    "odd": ("html", (200,)),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_an_audit_log_that_fails_for_a_moment_is_read_again(failure: str) -> None:
    fake, production = same_ids()
    token = (await ours_again(fake, production)).token
    name, given = FAILURES[failure]
    getattr(fake.faults, name)(*given, route=AUDIT_LOG, lasting=14, times=None)
    async with fake.client() as baseten:
        promotion = await baseten.resume(token, expect=ModelPromotion)
        with pytest.raises(PromotionSupersededError):
            await promotion.cancel()

    assert writes(fake) == ["promote"]


async def test_an_audit_log_that_keeps_failing_leaves_it_to_new_looks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody promotes another deployment while the log is tried again."""
    fake, production = same_ids()
    fake.faults.status(503, route=AUDIT_LOG, times=None)
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.pause()
        await asyncio.sleep(20)
        began = fake.now
        with caplog.at_level(logging.WARNING, "aiobaseten"):
            await promotion.pause()
        assert 20 < fake.now - began < 40
        assert AUDIT_LOG.removeprefix("GET ").rpartition("/")[2] in caplog.text

        await asyncio.sleep(61)
        fake.at(fake.now + 14, production.force_cancel)
        fake.at(fake.now + 15, lambda: production.promote("d3"))
        with pytest.raises(PromotionSupersededError) as caught:
            await promotion.cancel()

    assert caught.value.by == "d3"
    assert writes(fake) == ["promote", "pause_promotion"]


@pytest.mark.parametrize("by", ["d1", "d3"])
async def test_a_cancel_after_a_success_leaves_the_promotion_that_late_looks_hide(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a rollback of somebody else."""
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.force_roll_forward()
        await asyncio.sleep(90)
        production.promote(by, override={"ramp": [(25, 300)]})
        await asyncio.sleep(10)
        let_looks_lag(monkeypatch, 40)
        with pytest.raises(PromotionSupersededError) as caught:
            await promotion.cancel()

    assert caught.value.by == by
    assert writes(fake) == ["promote"]


async def test_a_promotion_that_somebody_cancelled_does_not_delay_a_rollback() -> None:
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.force_roll_forward()
        await asyncio.sleep(90)
        production.promote("d3", override={"ramp": [(25, 300)]})
        await asyncio.sleep(10)
        production.force_cancel()
        began = fake.now
        await promotion.rollback()

    assert fake.now - began < 5


async def test_an_audit_log_that_kept_failing_in_the_last_minute_is_asked_once() -> None:
    fake, production = same_ids()
    fake.faults.status(503, route=AUDIT_LOG, times=None)
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.pause()
        await promotion.pause()
        for pause, least, tries in ((50, 0, 1), (50, 0, 1), (61, 20, 6)):
            await asyncio.sleep(pause)
            began, asked = fake.now, len(sent(fake, AUDIT_LOG))
            await promotion.pause()
            assert least <= fake.now - began < least + 10
            assert len(sent(fake, AUDIT_LOG)) - asked == tries

        fake.faults.clear()
        await asyncio.sleep(2)
        await promotion.pause()
        with fake.acting_as("ops@example.com"):
            production.force_cancel()
            production.promote("d2")
        await asyncio.sleep(15)
        fake.faults.status(503, route=AUDIT_LOG, lasting=8, times=None)
        with pytest.raises(PromotionSupersededError):
            await promotion.pause()


@pytest.mark.parametrize("status", [400, 422])
async def test_an_audit_log_that_refuses_the_question_is_asked_once_and_warned_about(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It will refuse it the next time, too: only 403 and 404 say that the key may not read it."""
    fake, _ = same_ids()
    fake.faults.status(status, route=AUDIT_LOG, times=None)
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        began = fake.now
        with caplog.at_level(logging.WARNING, "aiobaseten"):
            await promotion.cancel()

    assert fake.now - began < 5
    assert len(sent(fake, AUDIT_LOG)) == 1
    assert "the audit log could not be read" in caplog.text


@pytest.mark.parametrize("status", [403, 404])
async def test_an_audit_log_that_the_key_may_not_read_is_asked_once(status: int) -> None:
    fake, _ = same_ids()
    fake.faults.status(status, route=AUDIT_LOG, times=None)
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        began = fake.now
        await promotion.cancel()

    assert fake.now - began < 1
    assert len(sent(fake, AUDIT_LOG)) == 1


def _no_date(*_: object) -> str:
    return ""


BEFORE = {
    "late": timedelta(hours=1),
    "early": -timedelta(seconds=20),
    "very early": -timedelta(hours=1),
}


def let_clocks_differ(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """The times of the audit log are early, late or missing, or no answer tells the time."""
    write = JSONWriter.audit_entry

    def entry(*given: Any) -> Any:
        written: Any = write(*given)
        if how in BEFORE:
            at = datetime.fromisoformat(written["created"]) - BEFORE[how]
            written["created"] = at.isoformat()
        else:
            written.pop("created")
        return written

    if how == "no date":
        monkeypatch.setattr(JSONWriter, "http_date", _no_date)
    else:
        monkeypatch.setattr(JSONWriter, "audit_entry", entry)


CLOCKS = pytest.mark.parametrize("clocks", [*BEFORE, "no time", "no date"])


@CLOCKS
@pytest.mark.parametrize("is_resumed", [False, True], ids=["same", "resumed"])
async def test_order_and_authors_tell_two_promotions_apart_without_clocks(
    clocks: str, is_resumed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_clocks_differ(monkeypatch, clocks)
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        await asyncio.sleep(20)
        production.force_cancel()
        production.promote("d2")
        await asyncio.sleep(20)
        if is_resumed:
            promotion = await baseten.resume(promotion.token, expect=ModelPromotion)
        with pytest.raises(PromotionSupersededError):
            await promotion.cancel()

    assert writes(fake) == ["promote"]


async def test_the_user_of_the_key_tells_entries_apart_that_name_no_key_and_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = JSONWriter.audit_entry

    def entry(*given: Any) -> Any:
        written: Any = write(*given)
        written.pop("created")
        by = written["actor"]["email"] or "Fake@example.com"
        written["actor"] = {"type": "USER", "email": by}
        return written

    monkeypatch.setattr(JSONWriter, "audit_entry", entry)
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        await asyncio.sleep(20)
        with fake.acting_as("ops@example.com", source="API"):
            production.force_cancel()
            production.promote("d2")
        await asyncio.sleep(20)
        with pytest.raises(PromotionSupersededError):
            await promotion.cancel()

    assert writes(fake) == ["promote"]


@CLOCKS
async def test_a_promotion_of_ours_after_those_of_others_is_ours_without_clocks(
    clocks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_clocks_differ(monkeypatch, clocks)
    fake, production = same_ids()
    async with fake.client() as baseten:
        handle = baseten.model("m1").environment("production")
        await handle.promote("d2")
        production.force_cancel()
        production.promote("d2")
        production.force_cancel()
        await asyncio.sleep(20)
        promotion = await handle.promote("d2")
        await asyncio.sleep(20)
        await promotion.cancel()

    assert writes(fake) == ["promote", "promote", "cancel_promotion"]


@pytest.mark.parametrize("is_resumed", [False, True], ids=["same", "resumed"])
async def test_an_adopted_promotion_of_a_deployment_that_we_promoted_earlier_can_be_cancelled(
    *, is_resumed: bool
) -> None:
    fake, production = same_ids()
    async with fake.client() as baseten:
        handle = baseten.model("m1").environment("production")
        await handle.promote("d2")
        await asyncio.sleep(20)
        production.force_cancel()
        production.promote("d2")
        await asyncio.sleep(20)
        promotion = await handle.promote("d2", if_in_progress="adopt")
        if is_resumed:
            promotion = await baseten.resume(promotion.token, expect=ModelPromotion)
        await promotion.cancel()

    assert writes(fake) == ["promote", "cancel_promotion"]


@story.BOTH
async def test_a_rollback_of_somebody_else_that_ours_adopted_can_be_rolled_back(
    kind: story.Kind,
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    story.set_up(fake, kind)
    owner = fake.model("owner") if kind == "model" else fake.chain("owner")
    async with fake.client() as baseten:
        handle = story.production(baseten, kind)
        for one in ("new", "old", "new"):
            promotion = await handle.promote(one)
            await promotion.wait()
        with fake.acting_as("ops@example.com"):
            owner.environment("production").promote("old")
        back = await promotion.rollback()
        assert back.deployment_id == "old"
        await back.wait()
        await (await back.rollback()).wait()

    assert writes(fake) == ["promote"] * 4


async def test_a_deployment_that_was_promoted_earlier_is_ours_to_cancel() -> None:
    fake, production = same_ids()
    production.promote("d2")
    production.force_cancel()
    await asyncio.sleep(60)
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        await asyncio.sleep(20)
        await promotion.cancel()

    assert writes(fake) == ["promote", "cancel_promotion"]


async def test_a_deployment_that_went_live_again_is_not_rolled_back() -> None:
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        for one in ("d1", "d2"):
            production.force_roll_forward()
            await asyncio.sleep(20)
            production.promote(one)
        production.force_roll_forward()
        with pytest.raises(PromotionSupersededError):
            await promotion.rollback()

    assert writes(fake) == ["promote"]


@pytest.mark.parametrize("verb", VERBS[:-1])
async def test_a_rollback_by_somebody_else_is_left_alone(verb: str) -> None:
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.force_roll_forward()
        production.promote("d1")
        await asyncio.sleep(20)
        with pytest.raises(PromotionSupersededError) as caught:
            await getattr(promotion, verb)()

    assert caught.value.by == "d1"
    assert writes(fake) == ["promote"]


@pytest.mark.parametrize("ended", ["force_cancel", "force_roll_forward"])
async def test_looks_that_are_all_out_of_date_do_not_hide_what_the_audit_log_shows(
    ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_looks_lag(monkeypatch, 40)
    fake, production = same_ids()
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        production.pause()
        await asyncio.sleep(100)
        getattr(production, ended)()
        await asyncio.sleep(20 if ended == "force_cancel" else 45)
        production.promote("d3")
        await asyncio.sleep(5)
        for verb in ("cancel", "rollback"):
            with pytest.raises(PromotionSupersededError) as caught:
                await getattr(promotion, verb)()
            assert caught.value.by == "d3"

    assert writes(fake) == ["promote"]


async def test_a_push_to_the_environment_does_not_end_a_promotion_that_looks_show() -> None:
    """It is promoted once it is ready, and until then ours goes on."""
    fake, production = same_ids()
    model = fake.model("m1")
    async with fake.client() as baseten:
        promotion = await baseten.model("m1").environment("production").promote("d2")
        await asyncio.sleep(20)
        pushed = model.deployment("d3")
        model.audit_log.write(20.0, "DEPLOYED", environment="production", deployment=pushed)
        await promotion.cancel()

    assert production.promotion is None or production.promotion.status != "RAMPING_UP"
    assert writes(fake) == ["promote", "cancel_promotion"]


@pytest.mark.parametrize("reads", [0, 1])
async def test_one_of_two_looks_shows_what_the_audit_log_may_not_tell(reads: int) -> None:
    fake, production = same_ids(replica_lags=(0.0, 8.0), audit_log="forbidden")
    async with fake.client() as baseten:
        handle = baseten.model("m1").environment("production")
        promotion = await handle.promote("d2")
        production.pause()
        await asyncio.sleep(100)
        production.force_cancel()
        production.promote("d3")
        await asyncio.sleep(2)
        for _ in range(reads):
            await handle.get()
        for verb in ("cancel", "rollback"):
            with pytest.raises(PromotionSupersededError):
                await getattr(promotion, verb)()

    assert writes(fake) == ["promote"]
