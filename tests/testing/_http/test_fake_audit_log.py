"""The audit log: who promoted what, filters, pages, and keys that may not read it."""

from __future__ import annotations

import asyncio
from collections import Counter
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
    """A model with three pushes, five entries about production, and one about staging."""
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
        (data["deployment_id"], data.get("action") or entry["event_type"], entry["source"])
        for entry in body.json()["items"]
        for data in [entry["event_data"]]
    ]


@pytest.mark.usefixtures("busy_day")
async def test_the_log_shows_the_newest_first_and_where_each_came_from(api: Api) -> None:
    log = await api(f"GET {MODEL}?environment_names=production")

    assert told(log) == [
        ("second", "FORCE_ROLL_FORWARD", "UI"),
        ("second", "MODEL_DEPLOYMENT_PROMOTED", "UI"),
        ("second", "GRACEFUL_CANCEL", "API"),
        ("second", "MODEL_DEPLOYMENT_PROMOTED", "API"),
        ("first", "MODEL_DEPLOYMENT_PROMOTED", "UI"),
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

    first = await api(f"GET {MODEL}?direction={direction}&limit=5")
    cursor = first.json()["pagination"]["cursor"]
    second = await api(f"GET {MODEL}?limit=5&cursor={cursor}")

    assert first.json()["pagination"]["has_more"] is True
    assert told(first) + told(second) == whole
    assert second.json()["pagination"] == {"has_more": False, "cursor": None}


async def test_the_log_of_a_chain_names_deployments_of_chains(fake: FakeBaseten, api: Api) -> None:
    fake.chain("c1").deployment("old")
    fake.chain("c1").environment("production", current="old")

    entry, pushed = (await api(f"GET {LOGS['chain']}")).json()["items"]

    assert entry["event_type"] == "CHAIN_DEPLOYMENT_PROMOTED"
    assert pushed["event_type"] == "CHAIN_DEPLOYED"
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

    entry = (await api(f"GET {MODEL}")).json()["items"][0]

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


@pytest.mark.parametrize("query", ["direction=desc", "limit=0", "limit=201", "sources=ui"])
async def test_an_invalid_query_is_refused(fake: FakeBaseten, api: Api, query: str) -> None:
    fake.model("m1")

    assert (await api(f"GET {MODEL}?{query}")).status_code == 422


async def test_every_write_leaves_an_entry(fake: FakeBaseten, api: Api) -> None:
    model, chain = fake.model("m1"), fake.chain("c1")
    for name in ("old", "new"):
        model.deployment(name)
        chain.deployment(name, chainlets=["A"])
    model.deployment("bad", timeline=["BUILD_FAILED"])
    for owner in ("models/m1", "chains/c1"):
        await api(f"POST /v1/{owner}/environments", name="staging")
        await api(f"POST /v1/{owner}/environments/staging/promote", deployment_id="new")
    await asyncio.sleep(60)
    deployment, environment = "/v1/models/m1/deployments", "/v1/models/m1/environments/staging"
    settings = {"promotion_settings": {"redeploy_on_promotion": True}}
    await api(f"PATCH {environment}", **settings)
    await api(f"POST {environment}/deactivate")
    await api(f"POST {environment}/activate")
    await api(f"POST {deployment}/bad/retry")
    await api(f"DELETE {environment}")
    await api(f"DELETE {deployment}/old")
    await api("PATCH /v1/chains/c1/environments/staging", **settings)
    scaling = [{"chainlet_name": "A", "autoscaling_settings": {"max_replica": 3}}]
    route = "PATCH /v1/chains/c1/environments/staging/chainlet_settings/autoscaling_settings"
    await api(route, updates=scaling)
    await api("POST /v1/chains/c1/deployments/new/deactivate")
    await api("DELETE /v1/chains/c1/deployments/old")

    whole = await api("GET /v1/audit_logs?direction=ASC&sources=API&limit=200")

    assert Counter(entry["event_type"] for entry in whole.json()["items"]) == Counter(
        [
            "ENVIRONMENT_CREATED",
            "MODEL_DEPLOYMENT_PROMOTED",
            "ENVIRONMENT_UPDATED",
            "MODEL_DEPLOYMENT_DEACTIVATED",
            "MODEL_DEPLOYMENT_ACTIVATED",
            "MODEL_DEPLOYMENT_RETRIED",
            "ENVIRONMENT_DELETED",
            "MODEL_DEPLOYMENT_DELETED",
            "CHAIN_ENVIRONMENT_CREATED",
            "CHAIN_DEPLOYMENT_PROMOTED",
            "CHAIN_ENVIRONMENT_UPDATED",
            "CHAINLET_AUTOSCALING_SETTINGS_CHANGED",
            "CHAIN_DEPLOYMENT_DEACTIVATED",
            "CHAIN_DEPLOYMENT_DELETED",
        ]
    )


@pytest.mark.usefixtures("busy_day")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sources=API", 2),
        ("sources=API&sources=UI", 9),
        ("user_ids=fake-user", 2),
        ("user_ids=nobody", 0),
        ("deployment_ids=first", 2),
        ("chain_deployment_ids=first", 0),
        ("search=SECOND", 5),
        ("search=stag", 1),
        ("start_epoch_millis=1767225600000", 9),
        ("start_epoch_millis=1767229200000", 0),
        ("end_epoch_millis=1767225599999", 0),
    ],
)
async def test_each_filter_selects_entries(api: Api, query: str, found: int) -> None:
    for log in (MODEL, "/v1/audit_logs"):
        assert len((await api(f"GET {log}?{query}")).json()["items"]) == found


async def test_a_replica_that_lags_behind_does_not_show_the_newest_entry() -> None:
    fake = FakeBaseten(behaviour=Behaviour(replica_lags=(5.0,)))
    environment = fake.model("m1").environment("production")
    fake.model("m1").deployment("new")
    async with httpx.AsyncClient(
        transport=fake.transport(), headers={"authorization": "Api-Key test-key"}
    ) as client:
        await asyncio.sleep(1)
        environment.promote("new")
        seen: list[int] = []
        for _ in range(2):
            log = await client.get(f"https://fake{MODEL}")
            seen.append(len(log.json()["items"]))
            await asyncio.sleep(6)

    assert seen == [1, 2]
