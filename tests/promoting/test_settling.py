"""A promotion whose response was lost is settled by the audit log, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import pytest

from aiobaseten import Baseten
from aiobaseten._audit_log import (
    Accepted,
    Act,
    Actor,
    Anothers,
    AuditEntry,
    Ourselves,
    read_audit_page,
    settle,
)
from aiobaseten._reading_back import AUDIT_LOG_S
from aiobaseten.errors import PromotionOutcomeUnknownError
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import BOTH, Kind, production, promote, set_up

LOG: dict[Kind, str] = {
    "model": "GET /v1/models/owner/audit_logs",
    "chain": "GET /v1/chains/owner/audit_logs",
}
NAMES = pytest.mark.parametrize("names", ["candidate", "source"])
virtual = pytest.mark.looptime
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def made_new(names: Literal["candidate", "source"], **more: Any) -> FakeBaseten:
    """A fake whose promotions make new deployments."""
    return FakeBaseten(behaviour=Behaviour(deployment_ids="new", audit_log_names=names, **more))


def posts(fake: FakeBaseten) -> int:
    """Requests to promote."""
    return sum(request.method == "POST" for request in fake.requests)


@virtual
@BOTH
@NAMES
async def test_a_promotion_that_made_a_new_deployment_is_followed(
    kind: Kind, names: Literal["candidate", "source"]
) -> None:
    """The environment of a chain does not show from which deployment it was made."""
    fake = made_new(names)
    environment = set_up(fake, kind, timelines.HEALTHY)
    fake.faults.reset(route="POST", acts=True)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)
        live = await promotion.wait()

    assert environment.promotion is not None
    assert promotion.deployment_id == environment.promotion.candidate.id == live.id
    assert promotion.deployment_id != "new"
    assert posts(fake) == 1


@virtual
@BOTH
@NAMES
async def test_a_promotion_that_has_ended_meanwhile_is_followed(
    kind: Kind, names: Literal["candidate", "source"]
) -> None:
    fake = made_new(names)
    environment = set_up(fake, kind, candidate_timeline="ACTIVE")
    fake.faults.hang(route="POST", acts=True)
    async with fake.client(read_timeout=30) as baseten:
        promotion = await promote(baseten, kind)

    assert environment.current is not None
    assert promotion.deployment_id == environment.current.id != "new"


@virtual
@BOTH
async def test_a_log_and_an_environment_that_lag_behind_are_waited_for(kind: Kind) -> None:
    fake = made_new("source", replica_lags=(8.0,))
    set_up(fake, kind, timelines.HEALTHY)
    fake.faults.reset(route="POST", acts=True)
    await asyncio.sleep(20)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)

    assert promotion.deployment_id == "new-p1"
    assert posts(fake) == 1


@virtual
@BOTH
async def test_pushes_are_read_too(fake: FakeBaseten, baseten: Baseten, kind: Kind) -> None:
    """Else a push by somebody else would look like our promotion."""
    set_up(fake, kind, timelines.HEALTHY)
    fake.faults.reset(route="POST", acts=True)
    await promote(baseten, kind)

    read, *_names = [one.query for one in fake.requests if one.path.endswith("/audit_logs")]
    assert {"event_type_groups=PROMOTED", "event_type_groups=DEPLOYED"} <= set(read.split("&"))


@virtual
@BOTH
@pytest.mark.parametrize("is_busy", [False, True])
async def test_a_replica_from_before_is_not_taken_for_the_promotion(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, is_busy: bool
) -> None:
    """The log has our entry. The environment is shown as it was before what serves now."""
    environment = set_up(fake, kind, timelines.HEALTHY)
    await asyncio.sleep(60)
    environment.promote("new")
    page = (await production(baseten, kind).get()).to_dict()
    environment.fail()
    await asyncio.sleep(60)
    page["candidate_deployment"]["id"] = "old"
    page["current_deployment"]["id"] = "older"
    if not is_busy:
        page |= {"candidate_deployment": None, "in_progress_promotion": None}
    fake.faults.reset(route="POST", acts=True)
    route = f"GET /v1/{kind}s/owner/environments/production"
    fake.faults.status(200, body=page, route=route, after=1, times=None)

    with pytest.raises(PromotionOutcomeUnknownError):
        await promote(baseten, kind)

    assert posts(fake) == 1


@virtual
@BOTH
@pytest.mark.parametrize(
    ("actor", "named"),
    [
        ({"email": "eve@example.com"}, "eve@example.com"),
        ({"api_key_name": "ci", "source": "API"}, 'the API key "ci"'),
    ],
    ids=["through the UI", "with another key"],
)
async def test_the_same_promotion_by_somebody_else_is_not_taken_for_ours(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, actor: dict[str, str], named: str
) -> None:
    """Both promote the same deployment at the same time, and ours never arrives."""
    environment = set_up(fake, kind, timelines.HEALTHY)

    def theirs() -> None:
        with fake.acting_as(**actor):
            environment.promote("new")

    fake.faults.reset(route="POST", delay=1)
    fake.at(0.5, theirs)

    with pytest.raises(PromotionOutcomeUnknownError) as caught:
        await promote(baseten, kind)

    assert named in str(caught.value)
    assert posts(fake) == 1


@virtual
@BOTH
async def test_an_earlier_entry_of_the_same_promotion_proves_nothing(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    await promote(baseten, kind)
    environment.fail()
    fake.faults.reset(route="POST")

    with pytest.raises(PromotionOutcomeUnknownError):
        await production(baseten, kind).promote("new")

    assert posts(fake) == 2


@virtual
@BOTH
async def test_the_clock_of_a_server_that_is_minutes_behind_makes_no_old_entry_new(
    kind: Kind,
) -> None:
    """The environment is read from it. The same key has promoted a minute ago."""
    fake = FakeBaseten(started=STARTED)
    environment = set_up(fake, kind, timelines.HEALTHY)
    async with fake.client() as another:
        await promote(another, kind)
        environment.fail()
        await asyncio.sleep(60)
        page = (await production(another, kind).get()).to_dict()
    behind = format_datetime(STARTED - timedelta(minutes=5), usegmt=True)
    route = f"GET /v1/{kind}s/owner/environments/production"
    fake.faults.status(200, body=page, headers=(("date", behind),), route=route)
    fake.faults.reset(route="POST")

    async with fake.client() as baseten:
        with pytest.raises(PromotionOutcomeUnknownError) as caught:
            await promote(baseten, kind)

    assert "the audit log says that it was accepted" not in str(caught.value)


@virtual
@BOTH
async def test_a_promotion_of_an_hour_ago_proves_nothing(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(fake, kind, timelines.HEALTHY)
    environment.promote("new")
    environment.fail()
    await asyncio.sleep(3600)
    fake.faults.reset(route="POST")

    with pytest.raises(PromotionOutcomeUnknownError):
        await promote(baseten, kind)


@virtual
@BOTH
@pytest.mark.parametrize("log", ["forbidden", "missing", "hangs", "odd"])
async def test_without_the_log_the_environment_alone_has_to_do(kind: Kind, log: str) -> None:
    behaviour = Behaviour(audit_log=log) if log in ("forbidden", "missing") else Behaviour()  # type: ignore[arg-type]
    fake = FakeBaseten(behaviour=behaviour)
    set_up(fake, kind, timelines.HEALTHY)
    if log == "hangs":
        fake.faults.hang(route=LOG[kind], times=None)
    elif log == "odd":
        fake.faults.status(200, body={"items": "none"}, route=LOG[kind], times=None)
    fake.faults.reset(route="POST", acts=True)
    async with fake.client() as baseten:
        promotion = await promote(baseten, kind)
        took = fake.now

    assert promotion.deployment_id == "new"
    assert took <= AUDIT_LOG_S + 0.2


@virtual
async def test_the_log_is_asked_only_if_a_response_was_lost(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", timelines.HEALTHY)

    await promote(baseten, "model")

    assert [request.method for request in fake.requests] == ["GET", "POST"]


# --- pure ----------------------------------------------------------------------------------------

SENT = 1_000_000.0
OURS = Actor(key_prefix="abc", source="API")


def entry(
    at: float = SENT, actor: Actor = OURS, deployment_id: str = "new", is_push: bool = False
) -> AuditEntry:
    """A promotion."""
    return AuditEntry(
        act=Act.PROMOTED,
        deployment_id=deployment_id,
        is_push=is_push,
        at=datetime.fromtimestamp(at, UTC),
        actor=actor,
    )


def settled(*entries: AuditEntry, earlier: int = 0, now: float = SENT + 1) -> object:
    """What the log tells somebody with the key "abcdef"."""
    return settle(
        entries,
        is_target=lambda one: one.deployment_id == "new",
        since=SENT,
        now=now,
        earlier=earlier,
        ourselves=Ourselves(has_key="abcdef".startswith, email="Me@example.com"),
    )


@pytest.mark.parametrize(
    ("actor", "is_ours"),
    [
        (OURS, True),
        (Actor(email="me@example.com", source="API"), True),
        (Actor(source="API"), None),
        (Actor(), None),
        (Actor(email="eve@example.com", source="UI"), False),
        (Actor(key_prefix="xyz", source="API"), False),
        (Actor(key_prefix="abc", source="UI"), False),
        (Actor(email="me@example.com", source="MCP"), False),
        (Actor(email="eve@example.com", source="API"), False),
    ],
)
def test_the_actor_tells_whose_entry_it_is(actor: Actor, is_ours: bool | None) -> None:
    """An entry whose author is not known proves nothing."""
    told = settled(entry(actor=actor))

    assert type(told) is {True: Accepted, False: Anothers, None: type(None)}[is_ours]


def test_a_key_that_is_hidden_tells_nothing() -> None:
    data = {"deployment_id": "new", "environment_name": "production"}
    page = {
        "items": [
            {
                "event_type": "MODEL_DEPLOYMENT_PROMOTED",
                "event_data": data,
                "created": datetime.fromtimestamp(SENT, UTC).isoformat(),
                "actor": {"type": "API_KEY", "api_key_prefix": "********"},
            }
        ]
    }

    assert settled(*read_audit_page(page, "production").entries) is None


def test_a_push_by_somebody_else_is_newer_than_ours() -> None:
    push = entry(actor=Actor(source="UI"), deployment_id="other", is_push=True)

    assert settled(push, entry()) == Accepted(entry(), is_newest=False)
    assert settled(entry(is_push=True)) is None  # it is no request to promote


def test_an_entry_that_looks_old_by_a_clock_that_is_ahead_is_not_taken_for_ours() -> None:
    theirs = Actor(source="UI")

    assert settled(entry(SENT - 300, theirs)) == Anothers(entry(SENT - 300, theirs))
    assert settled(entry(SENT - 3600, theirs)) is None
    assert settled(entry(SENT - 200), entry(SENT - 300, theirs)) is None


def test_entries_from_the_future_prove_nothing() -> None:
    """An older entry of ours may be among them."""
    assert settled(entry(SENT + 60)) is None
    assert isinstance(settled(entry(SENT + 60), now=SENT + 55), Accepted)


def test_an_earlier_request_of_ours_does_not_hide_somebody_else_s() -> None:
    theirs = Actor(source="UI")

    assert isinstance(settled(entry(actor=theirs), entry(), earlier=1), Anothers)


def test_only_entries_since_the_request_count() -> None:
    assert isinstance(settled(entry(SENT - 2)), Accepted)
    assert settled(entry(SENT - 2.1)) is None
    assert settled(AuditEntry(act=Act.PROMOTED, deployment_id="new", actor=OURS)) is None


def test_an_entry_from_after_the_request_can_have_been_sent_is_of_another_one() -> None:
    late = settle(
        [entry(SENT + 300)],
        is_target=lambda _: True,
        since=SENT,
        until=SENT + 200,
        now=SENT + 400,
        earlier=0,
        ourselves=Ourselves(has_key="abcdef".startswith),
    )

    assert late is None


def test_an_entry_of_an_earlier_request_is_not_counted_twice() -> None:
    assert settled(entry(), earlier=1) is None
    assert isinstance(settled(entry(), entry(), earlier=1), Accepted)


def test_other_deployments_and_other_acts_tell_nothing() -> None:
    cancelled = AuditEntry(
        act=Act.CANCELLED, deployment_id="new", at=datetime.fromtimestamp(SENT, UTC), actor=OURS
    )

    assert settled(entry(deployment_id="other"), cancelled) is None


def test_ours_next_to_somebody_else_s_is_accepted() -> None:
    theirs = entry(actor=Actor(source="UI"))

    assert settled(theirs, entry()) == Accepted(entry(), is_newest=False)
    assert settled(entry(), theirs) == Accepted(entry(), is_newest=True)
