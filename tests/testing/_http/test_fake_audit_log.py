"""The audit log: who promoted what, filters, pages, and keys that may not read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from aiobaseten.testing import Behaviour, FakeBaseten

Api = Callable[..., Awaitable[httpx.Response]]
pytestmark = pytest.mark.looptime

LOGS = {"chain": "/v1/chains/c1/audit_logs", "model": "/v1/models/m1/audit_logs"}
MODEL = LOGS["model"]


@pytest.fixture
def behaviour() -> Behaviour:
    """The defaults, unless a test is parametrized with others."""
    return Behaviour()


@pytest.fixture
def fake(behaviour: Behaviour) -> FakeBaseten:
    """A fake that behaves so."""
    return FakeBaseten(behaviour=behaviour)


@pytest.fixture
async def busy_day(fake: FakeBaseten, api: Api) -> None:
    """A model with five entries about production and one about staging."""
    model = fake.model("m1")
    for name in ("first", "second", "third"):
        model.deployment(name)
    model.environment("production", current="first")
    model.environment("staging", current="third")
    await api("POST /v1/models/m1/environments/production/promote", deployment_id="second")
    await api("POST /v1/models/m1/environments/production/cancel_promotion")
    model.environment("production").promote("second")
    model.environment("production").force_roll_forward()


def told(body: httpx.Response) -> list[tuple[str, str, str]]:
    """Of each entry: the deployment, the action if there is one, and from where."""
    return [
        (data["deployment_id"], data.get("action", "promoted"), entry["source"])
        for entry in body.json()["items"]
        for data in [entry["event_data"]]
    ]


@pytest.mark.usefixtures("busy_day")
async def test_the_log_shows_the_newest_first_and_where_each_came_from(api: Api) -> None:
    log = await api(f"GET {MODEL}?environment_names=production")

    assert told(log) == [
        ("second", "FORCE_ROLL_FORWARD", "UI"),
        ("second", "promoted", "UI"),
        ("second", "GRACEFUL_CANCEL", "API"),
        ("second", "promoted", "API"),
        ("first", "promoted", "UI"),
    ]


@pytest.mark.usefixtures("busy_day")
async def test_a_key_that_is_repeated_asks_for_any_of_its_values(api: Api) -> None:
    both = f"GET {MODEL}?environment_names=production&environment_names=staging"

    assert len(told(await api(both))) == 6
    assert len(told(await api(f"GET {MODEL}?environment_names=staging"))) == 1
    assert told(await api(f"GET {MODEL}?event_type_groups=DELETED")) == []
    groups = "event_type_groups=DELETED&event_type_groups=PROMOTED"
    assert len(told(await api(f"GET {MODEL}?{groups}"))) == 6


@pytest.mark.usefixtures("busy_day")
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_a_cursor_leads_to_the_next_page(api: Api, direction: str) -> None:
    whole = told(await api(f"GET {MODEL}?direction={direction}"))

    first = await api(f"GET {MODEL}?direction={direction}&limit=4")
    cursor = first.json()["pagination"]["cursor"]
    second = await api(f"GET {MODEL}?limit=4&cursor={cursor}")

    assert first.json()["pagination"]["has_more"] is True
    assert told(first) + told(second) == whole
    assert second.json()["pagination"] == {"has_more": False, "cursor": None}


async def test_the_log_of_a_chain_names_deployments_of_chains(fake: FakeBaseten, api: Api) -> None:
    fake.chain("c1").deployment("old")
    fake.chain("c1").environment("production", current="old")

    (entry,) = (await api(f"GET {LOGS['chain']}")).json()["items"]

    assert entry["event_type"] == "CHAIN_DEPLOYMENT_PROMOTED"
    assert entry["event_data"]["chain_deployment_id"] == "old"


@pytest.mark.parametrize(
    ("behaviour", "named"),
    [
        (Behaviour(audit_log_names="candidate", deployment_ids="new"), "old-p1"),
        (Behaviour(audit_log_names="source", deployment_ids="new"), "old"),
    ],
    ids=["candidate", "source"],
)
async def test_an_entry_names_the_new_deployment_or_its_source(
    fake: FakeBaseten, api: Api, named: str
) -> None:
    fake.model("m1").deployment("old")
    fake.model("m1").environment("production").promote("old")

    (entry,) = (await api(f"GET {MODEL}")).json()["items"]

    assert entry["event_data"]["deployment_id"] == named


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [(Behaviour(audit_log="forbidden"), 403), (Behaviour(audit_log="missing"), 404)],
    ids=["forbidden", "missing"],
)
@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
async def test_a_log_that_may_not_be_read_is_refused(
    fake: FakeBaseten, api: Api, status: int, log: str
) -> None:
    fake.model("m1")
    fake.chain("c1")

    assert (await api(f"GET {log}")).status_code == status


@pytest.mark.parametrize("query", ["direction=desc", "limit=0", "limit=201"])
async def test_an_invalid_query_is_refused(fake: FakeBaseten, api: Api, query: str) -> None:
    fake.model("m1")

    assert (await api(f"GET {MODEL}?{query}")).status_code == 422
