"""The error of a wait tells who cancelled, paused or superseded the promotion."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    AuditedAct,
    ConfigurationError,
    PromotionCanceledError,
    PromotionPausedError,
    PromotionSupersededError,
    WaitError,
    WaitTimeoutError,
)
from aiobaseten.events import Finished
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, timelines

from ..story import BOTH, RAMP, Kind, listen, promote, set_up

pytestmark = pytest.mark.looptime

STARTED = datetime(2026, 9, 1, 12, 2, tzinfo=UTC)
LOG = "GET /v1/models/owner/audit_logs"


@pytest.fixture
def fake() -> FakeBaseten:
    """A fake whose time of day is known."""
    return FakeBaseten(started=STARTED)


def asked(fake: FakeBaseten) -> list[float]:
    """When the audit log was read."""
    return [request.at for request in fake.requests if request.path.endswith("/audit_logs")]


async def until_asked(fake: FakeBaseten) -> None:
    """Let time pass until somebody asks."""
    for _ in range(2000):
        if asked(fake):
            return
        await asyncio.sleep(0.1)
    pytest.fail("nobody asks")


def during(fake: FakeBaseten, act: Callable[[FakeEnvironment], object], at: float = 100) -> None:
    """Let somebody else act on production of the model."""
    fake.at(at, lambda: act(fake.model("owner").environment("production")))


async def cancelled(fake: FakeBaseten, baseten: Baseten) -> PromotionCanceledError:
    """Promote, and wait for a promotion that somebody cancels at 12:03."""
    set_up(fake, "model", ramp=RAMP)
    during(fake, lambda environment: environment.force_cancel())
    with pytest.raises(PromotionCanceledError) as caught:
        await (await promote(baseten, "model")).wait()
    return caught.value


async def test_a_cancellation_names_the_person_the_surface_and_the_time(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    error = await cancelled(fake, baseten)

    assert "cancelled by ops@example.com through the UI at 2026-09-01 12:03 UTC" in str(error)
    assert error.evidence is not None
    assert error.evidence.act == AuditedAct(
        action="cancelled",
        by="ops@example.com",
        through="the UI",
        at=datetime(2026, 9, 1, 12, 3, 40, tzinfo=UTC),
    )
    for copied in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert str(copied) == str(error)
        assert copied.evidence == error.evidence


async def test_the_log_is_asked_once_and_only_at_the_end(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", ramp=RAMP)
    during(fake, lambda environment: environment.force_cancel())
    promotion = await promote(baseten, "model")

    ends = await asyncio.gather(*(promotion.wait() for _ in range(20)), return_exceptions=True)

    assert {"ops@example.com" in str(error) for error in ends} == {True}
    assert len(asked(fake)) == 1
    assert asked(fake)[0] >= 100


async def test_the_last_event_has_it_too(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", ramp=RAMP)
    during(fake, lambda environment: environment.force_cancel())

    heard = await listen((await promote(baseten, "model")).events())

    (finished,) = heard.of(Finished)
    assert "ops@example.com" in str(finished)


@pytest.mark.parametrize(
    "acting",
    [
        {"email": "eve@example.com", "source": "MCP"},
        {"api_key_name": "ci", "source": "API"},
        {"email": "eve@example.com", "api_key_name": "ci", "source": "SYSTEM"},
    ],
)
async def test_every_actor_is_named(
    fake: FakeBaseten, baseten: Baseten, acting: dict[str, str]
) -> None:
    set_up(fake, "model", ramp=RAMP)

    def cancel(environment: FakeEnvironment) -> None:
        with fake.acting_as(**acting):
            environment.force_cancel()

    during(fake, cancel)
    with pytest.raises(PromotionCanceledError) as caught:
        await (await promote(baseten, "model")).wait()

    assert all(name in str(caught.value) for name in acting.values() if name != "SYSTEM")
    assert "SYSTEM" not in str(caught.value)


@BOTH
async def test_a_promotion_that_was_superseded_names_who_promoted_the_other_one(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind)
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    resource.deployment("other")
    promotion = await promote(baseten, kind)
    await promotion.wait()
    await asyncio.sleep(180)
    environment.promote("other")
    await asyncio.sleep(60)

    with pytest.raises(PromotionSupersededError) as caught:
        await promotion.wait()
    with pytest.raises(PromotionSupersededError) as refused:
        await promotion.rollback()

    for error in (caught.value, refused.value):
        assert "Deployment other was promoted by ops@example.com through the UI at " in str(error)
        assert ".." not in str(error)


async def test_a_promotion_of_a_third_deployment_is_not_blamed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """The log is late: it does not show yet who promoted the one that serves."""
    environment = set_up(fake, "model")
    fake.model("owner").deployment("other")
    promotion = await promote(baseten, "model")
    await promotion.wait()
    await asyncio.sleep(180)
    environment.promote("other")
    await asyncio.sleep(60)
    page = entry(
        event_type="MODEL_DEPLOYMENT_PROMOTED",
        event_data={"deployment_id": "third", "environment_name": "production"},
        actor={"email": "innocent@example.com"},
    )
    answer(200, page)(fake)

    with pytest.raises(PromotionSupersededError) as caught:
        await promotion.wait()

    assert asked(fake)
    assert "innocent" not in str(caught.value)


async def test_a_pause_names_who_paused_it(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", ramp=RAMP)
    during(fake, lambda environment: environment.pause())
    promotion = await promote(baseten, "model")

    with pytest.raises(PromotionPausedError) as caught:
        await promotion.wait(on_paused="raise")
    with pytest.raises(WaitTimeoutError) as late:
        await promotion.wait(timeout=20)

    for error in (caught.value, late.value):
        assert "paused by ops@example.com through the UI at 2026-09-01 12:03 UTC" in str(error)
    assert str(late.value).endswith(" Go on with resume(error.token).")


async def test_the_author_of_a_roll_forward_is_named_after_a_cancellation_was_resumed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = set_up(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")
    await asyncio.sleep(90)
    token = (await promotion.cancel()).token
    with fake.acting_as("ops@example.com"):
        environment.force_roll_forward()
    await asyncio.sleep(300)

    resumed = await baseten.resume(token)
    with pytest.raises(PromotionSupersededError) as caught:
        await resumed.wait()

    assert "was rolled forward by ops@example.com" in str(caught.value)


async def test_a_timeout_of_a_promotion_that_goes_on_asks_nothing(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", ramp=RAMP)

    with pytest.raises(WaitTimeoutError):
        await (await promote(baseten, "model")).wait(timeout=30)

    assert not asked(fake)


async def test_an_earlier_cancellation_of_the_same_deployment_is_not_blamed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """The candidate disappears, and nobody cancelled it this time."""
    environment = set_up(fake, "model", [("DEPLOYING", 600), "ACTIVE"])
    with fake.acting_as("innocent@example.com"):
        environment.promote("new")
        environment.cancel()
    promotion = await promote(baseten, "model")
    await asyncio.sleep(60)
    page = (await baseten.model("owner").environment("production").get()).to_dict()
    page |= {"candidate_deployment": None, "in_progress_promotion": None}
    fake.faults.status(
        200, body=page, route="GET /v1/models/owner/environments/production", times=None
    )

    with pytest.raises(PromotionCanceledError) as caught:
        await promotion.wait()

    assert asked(fake)
    assert "innocent" not in str(caught.value)


def hang(fake: FakeBaseten) -> None:
    """Never answer."""
    fake.faults.hang(route=LOG)


def answer(status: int, body: Any = None) -> Callable[[FakeBaseten], object]:
    """Answer that."""
    return lambda fake: fake.faults.status(status, body=body, route=LOG)


def entry(**fields: Any) -> dict[str, Any]:
    """A page with a cancellation and the promotion before it."""
    data = {"deployment_id": "new", "environment_name": "production"}
    promoted = {"event_type": "MODEL_DEPLOYMENT_PROMOTED", "event_data": data}
    control = {
        "event_type": "MODEL_PROMOTION_CONTROL_ACTION",
        "event_data": data | {"action": "FORCE_CANCEL"},
        "created": "2026-09-01T12:03:00Z",
    }
    return {"items": [control | fields, promoted], "pagination": {"has_more": False}}


@pytest.mark.parametrize(
    "trouble",
    [
        answer(401),
        answer(403),
        answer(404),
        answer(429),
        answer(500),
        answer(200, b"<html>"),
        answer(200, []),
        answer(200, {"items": 7}),
        answer(200, {"items": [7], "pagination": None}),
        answer(200, entry(actor=None)),
        answer(200, entry(actor={"type": "GHOST", "email": 7})),
        answer(200, entry(actor={"email": "x@example.com"}, event_data={"action": "PAUSE"})),
        # A cancellation of an earlier promotion, of a log that is late.
        answer(200, entry(actor={"email": "x@example.com"}, created="2026-08-30T12:00:00Z")),
        answer(200, entry(actor={"email": "x@example.com"}, created=None)),
        hang,
        lambda fake: fake.faults.reset(route=LOG),
    ],
)
async def test_a_log_that_does_not_tell_changes_nothing(
    fake: FakeBaseten, baseten: Baseten, trouble: Callable[[FakeBaseten], object]
) -> None:
    trouble(fake)
    before = fake.now

    error = await cancelled(fake, baseten)

    assert error.evidence is not None
    assert error.evidence.act is None
    assert str(error).endswith(" Traffic is on deployment old.")
    assert not getattr(error, "__notes__", [])
    assert fake.now - asked(fake)[0] == pytest.approx(2 if trouble is hang else 0)
    assert before == 0


@pytest.mark.parametrize(
    "name",
    [
        "a\n\x1b[31mred\x00\u2028 test-key " + "x" * 300,
        "x" * 96 + "test-key",
        "test\x07-\u200bk\ney",
    ],
    ids=["long", "at the cut", "split"],
)
async def test_a_name_is_put_into_one_line_cut_and_freed_of_the_key(
    fake: FakeBaseten, baseten: Baseten, name: str
) -> None:
    actor = {"type": "API_KEY", "api_key_name": name}
    answer(200, entry(actor=actor, source="UI\n::error::"))(fake)

    error = await cancelled(fake, baseten)

    assert error.evidence is not None
    assert error.evidence.act is not None
    assert "test-key" not in str(error) + repr(error.evidence)
    assert "test" not in error.evidence.act.by
    assert str(error).isprintable()
    assert len(error.evidence.act.by) < 130
    str(error).encode()


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"], ids=["first", "last"]
)
def test_a_time_out_of_the_calendar_is_left_out(time: str) -> None:
    act = AuditedAct(
        action="paused", by="ops@example.com", through=None, at=datetime.fromisoformat(time)
    )

    assert str(act) == "paused by ops@example.com"


async def test_a_client_that_is_closed_meanwhile_does_not_hide_the_error(
    fake: FakeBaseten,
) -> None:
    set_up(fake, "model", ramp=RAMP)
    during(fake, lambda environment: environment.force_cancel())
    hang(fake)
    async with fake.client() as baseten:
        waiting = asyncio.create_task((await promote(baseten, "model")).wait())
        await until_asked(fake)

    with pytest.raises((PromotionCanceledError, ConfigurationError)) as caught:
        await waiting

    assert isinstance(caught.value, WaitError)


async def test_a_wait_that_is_cancelled_while_it_asks_leaves_nothing(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", ramp=RAMP)
    during(fake, lambda environment: environment.force_cancel())
    hang(fake)
    waiting = asyncio.create_task((await promote(baseten, "model")).wait())
    await until_asked(fake)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(60)  # a request that nobody waits for gets some seconds

    assert len(asyncio.all_tasks()) == 1


async def test_the_source_of_a_new_deployment_in_the_log_is_known_by_its_name() -> None:
    fake = FakeBaseten(
        started=STARTED, behaviour=Behaviour(deployment_ids="new", audit_log_names="source")
    )
    async with fake.client() as baseten:
        set_up(fake, "model", timelines.HEALTHY, ramp=RAMP)
        during(fake, lambda environment: environment.force_cancel())
        with pytest.raises(PromotionCanceledError) as caught:
            await (await promote(baseten, "model")).wait()

    assert "ops@example.com" in str(caught.value)
