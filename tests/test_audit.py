"""Reading audit logs, entry by entry."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    ConfigurationError,
    PermissionDeniedError,
    ResponseShapeError,
    ServerError,
)
from aiobaseten.testing import Behaviour, FakeBaseten

pytestmark = pytest.mark.looptime

LOG = "GET /v1/audit_logs"
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def push(fake: FakeBaseten, deployments: int) -> None:
    """Push so many deployments of a model: an entry for each."""
    for number in range(deployments):
        fake.model("m1").deployment(f"d{number}")


def sizes(fake: FakeBaseten) -> list[str]:
    """The limit of each request."""
    queries = [request.query for request in fake.requests if request.path.endswith("audit_logs")]
    return [part for query in queries for part in query.split("&") if part.startswith("limit=")]


async def test_entries_come_newest_first_from_as_many_pages_as_there_are(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    push(fake, 450)

    names = [entry.event_data["deployment_id"] async for entry in baseten.audit()]

    assert names == [f"d{number}" for number in reversed(range(450))]
    assert len(fake.requests) == 3


async def test_a_page_is_read_only_when_the_loop_gets_to_it(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    push(fake, 450)

    async for _ in baseten.audit(oldest_first=True):
        break

    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("limit", "asked"), [(3, ["limit=3"]), (200, ["limit=200"]), (201, ["limit=200", "limit=1"])]
)
async def test_a_limit_counts_entries_of_all_pages(
    fake: FakeBaseten, baseten: Baseten, limit: int, asked: list[str]
) -> None:
    push(fake, 450)

    assert len([entry async for entry in baseten.model("m1").audit(limit=limit)]) == limit
    assert sizes(fake) == asked


async def test_every_filter_is_sent(fake: FakeBaseten, baseten: Baseten) -> None:
    entries = baseten.audit(
        oldest_first=True,
        search="rank",
        groups=["PROMOTED", "METADATA"],
        environments=["production"],
        deployment_ids=["d1"],
        chain_deployment_ids=["d2"],
        user_ids=["u1"],
        sources=["UI", "API"],
        start=STARTED,
        end=STARTED + timedelta(hours=1),
    )

    assert [entry async for entry in entries] == []
    assert set(fake.requests[0].query.split("&")) == {
        "direction=ASC",
        "limit=200",
        "search=rank",
        "event_type_groups=PROMOTED",
        "event_type_groups=METADATA",
        "environment_names=production",
        "deployment_ids=d1",
        "chain_deployment_ids=d2",
        "user_ids=u1",
        "sources=UI",
        "sources=API",
        "start_epoch_millis=1767225600000",
        "end_epoch_millis=1767229200000",
    }


async def test_an_entry_says_who_did_what_through_what(fake: FakeBaseten, baseten: Baseten) -> None:
    push(fake, 1)
    fake.model("m1").environment("production")
    await baseten.model("m1").environment("production").promote("d0")

    promoted, pushed = [entry async for entry in baseten.model("m1").audit()]

    assert promoted.event_type == "MODEL_DEPLOYMENT_PROMOTED"
    assert promoted.event_data["environment_name"] == "production"
    assert (promoted.source, promoted.actor.type_) == ("API", "API_KEY")
    assert (pushed.source, pushed.actor.email) == ("UI", "ops@example.com")
    assert "test-key" not in repr(promoted)


async def test_an_entry_that_no_document_knows_is_passed_on(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    entry = {
        "id": "a1",
        "created": "yesterday",
        "event_type": "MODEL_TELEPORTED",
        "event_data": {"where": ["to"]},
        "source": "PIGEON",
        "actor": {"type": "BIRD", "wings": 2},
        "weather": "fine",
    }
    page = {"items": [entry], "pagination": {"has_more": False}}
    fake.faults.status(200, body=page, route=LOG)

    (read,) = [entry async for entry in baseten.audit()]

    assert read.event_type == "MODEL_TELEPORTED"
    assert (read.source, read.actor.additional_properties) == ("PIGEON", {"wings": 2})
    assert read.to_dict() == entry


@pytest.mark.parametrize(
    "pagination",
    [
        None,
        {},
        {"has_more": True},
        {"has_more": True, "cursor": None},
        {"has_more": True, "cursor": ""},
    ],
)
async def test_a_page_that_does_not_say_where_the_next_is_is_an_error(
    fake: FakeBaseten, baseten: Baseten, pagination: Any
) -> None:
    """Ending there would hide entries."""
    fake.faults.status(200, body={"items": [], "pagination": pagination}, route=LOG)

    with pytest.raises(ResponseShapeError):
        [entry async for entry in baseten.audit()]


async def test_a_cursor_that_leads_to_itself_does_not_go_on_for_ever(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    page = {"items": [], "pagination": {"has_more": True, "cursor": "here"}}
    fake.faults.status(200, body=page, route=LOG, times=None)

    with pytest.raises(ResponseShapeError):
        [entry async for entry in baseten.audit()]

    assert len(fake.requests) == 2


async def test_a_loop_goes_on_after_an_error_and_after_a_cancellation(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    push(fake, 450)
    fake.faults.hang(route=LOG, after=1)
    fake.faults.status(500, route=LOG, after=1, times=4)
    entries, seen = baseten.audit(), list[str]()

    async def read() -> None:
        async for entry in entries:
            seen.append(entry.id)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), 5)
    with pytest.raises(ServerError):
        await read()
    await read()

    assert seen == [f"m1-a{number}" for number in reversed(range(450))]


async def test_two_loops_share_the_entries_of_one_object(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    push(fake, 250)
    entries = baseten.audit()

    async def read() -> list[str]:
        return [entry.id async for entry in entries]

    one, other = await asyncio.gather(read(), read())

    assert len({*one, *other}) == len(one) + len(other) == 250


async def test_a_key_that_may_not_read_the_log_is_refused() -> None:
    fake = FakeBaseten(behaviour=Behaviour(audit_log="forbidden"))
    async with fake.client() as baseten:
        with pytest.raises(PermissionDeniedError):
            [entry async for entry in baseten.audit()]


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": True},
        {"oldest_first": "yes"},
        {"search": ""},
        {"groups": "PROMOTED"},
        {"groups": []},
        {"environments": [""]},
        {"deployment_ids": [1]},
        {"sources": {"UI"}},
        {"start": datetime(2026, 1, 1)},
    ],
)
async def test_an_invalid_option_is_refused_before_any_request(
    fake: FakeBaseten, baseten: Baseten, options: Any
) -> None:
    with pytest.raises(ConfigurationError):
        baseten.audit(**options)

    assert not fake.requests
