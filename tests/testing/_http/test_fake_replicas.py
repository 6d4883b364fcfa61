"""Read replicas that lag behind, and the choice between them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import Behaviour, FakeBaseten
from aiobaseten.testing._http import Replicas

pytestmark = pytest.mark.looptime
Api = Callable[..., Awaitable[httpx.Response]]

ENVIRONMENT = "/v1/models/m1/environments/production"


@pytest.fixture
def fake() -> FakeBaseten:
    """A fake whose every second read of a path is 8 s behind; it begins with the newest."""
    return FakeBaseten(behaviour=Behaviour(replica_lags=(0, 8)))


@pytest.fixture
def both(api: Api) -> Callable[[str], Awaitable[list[httpx.Response]]]:
    """Reads a path twice: as it is, and as it was 8 s before."""

    async def read(path: str) -> list[httpx.Response]:
        return [await api(f"GET {path}"), await api(f"GET {path}")]

    return read


Both = Callable[[str], Awaitable[list[httpx.Response]]]


def furnish(fake: FakeBaseten) -> None:
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new", on_promote=[("BUILDING", 10), "ACTIVE"])
    model.environment("production", current="old")


def looks(responses: list[httpx.Response]) -> list[Any]:
    found = []
    for one in responses:
        shown = one.json()
        candidate, promotion = shown["candidate_deployment"], shown["in_progress_promotion"]
        found.append(
            (
                shown["current_deployment"]["id"],
                candidate and (candidate["id"], candidate["status"]),
                promotion and promotion["status"],
            )
        )
    return found


async def test_every_second_read_shows_the_environment_as_it_was(
    fake: FakeBaseten, both: Both
) -> None:
    furnish(fake)
    fake.model("m1").environment("production").promote("new")
    seen = []
    for wait in (0, 7, 1, 2):
        await asyncio.sleep(wait)
        seen.append(looks(await both(ENVIRONMENT)))

    before, building = ("old", None, None), ("old", ("new", "BUILDING"), "RELEASING")
    assert seen == [
        [building, before],
        [building, before],
        [building, building],
        [("new", None, "SUCCEEDED"), building],
    ]


async def test_a_replica_shows_a_ramp_as_it_was(fake: FakeBaseten, both: Both) -> None:
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new")
    model.environment("production", current="old", ramp=[(25, 10), (75, 10)]).promote("new")
    seen = []
    for wait in (6, 10, 10, 10):
        await asyncio.sleep(wait)
        promotions = [one.json()["in_progress_promotion"] for one in await both(ENVIRONMENT)]
        seen.append([one and one["percent_traffic_to_new_version"] for one in promotions])

    assert seen == [[25, None], [75, 25], [100, 75], [100, 100]]


async def test_a_replica_shows_the_error_of_a_failed_promotion_only_when_it_had_failed(
    fake: FakeBaseten, both: Both
) -> None:
    furnish(fake)
    production = fake.model("m1").environment("production")
    fake.at(10, lambda: production.promote("new"))
    fake.at(15, lambda: production.fail("no capacity"))
    await asyncio.sleep(20)

    promotions = [one.json()["in_progress_promotion"] for one in await both(ENVIRONMENT)]

    assert [(one["status"], one["error_message"]) for one in promotions] == [
        ("FAILED", "no capacity"),
        ("RELEASING", None),
    ]


async def test_a_replica_does_not_know_a_deployment_that_did_not_exist_then(
    fake: FakeBaseten, both: Both
) -> None:
    furnish(fake)
    await asyncio.sleep(20)
    fake.model("m1").environment("production").promote("old")
    path = "/v1/models/m1/deployments/old-p1"
    seen = []
    for wait in (0, 8):
        await asyncio.sleep(wait)
        seen.append([one.status_code for one in await both(path)])

    assert seen == [[200, 404], [200, 200]]


async def test_a_replica_still_knows_what_was_deleted(fake: FakeBaseten, both: Both) -> None:
    furnish(fake)
    model = fake.model("m1")
    model.environment("staging")
    await asyncio.sleep(20)
    model.deployments["new"].delete()
    model.environment("staging").delete()
    seen = []
    for wait in (7, 1):
        await asyncio.sleep(wait)
        seen += await both("/v1/models/m1/deployments/new")
        seen += await both("/v1/models/m1/environments/staging")

    assert [one.status_code for one in seen] == [404, 200] * 2 + [404, 404] * 2


async def test_a_deployment_made_again_after_its_deletion_is_another_one(
    fake: FakeBaseten, both: Both
) -> None:
    furnish(fake)
    await asyncio.sleep(20)
    fake.model("m1").deployments["new"].delete()
    fake.model("m1").deployment("new", status="BUILDING")
    seen = [one.json()["status"] for one in await both("/v1/models/m1/deployments/new")]

    assert seen == ["BUILDING", "ACTIVE"]


async def test_lists_and_counts_are_as_they_were(fake: FakeBaseten, both: Both) -> None:
    furnish(fake)
    fake.chain("c1")
    await asyncio.sleep(20)
    fake.model("m2")
    fake.chain("c2")
    fake.model("m1").deployment("newest")
    fake.model("m1").environment("staging")

    async def names(path: str, key: str, name: str) -> list[list[str]]:
        return [[one[name] for one in response.json()[key]] for response in await both(path)]

    assert await names("/v1/models", "models", "id") == [["m1", "m2"], ["m1"]]
    assert await names("/v1/chains", "chains", "id") == [["c1", "c2"], ["c1"]]
    assert await names("/v1/models/m1/deployments", "deployments", "id") == [
        ["old", "new", "newest"],
        ["old", "new"],
    ]
    assert await names("/v1/models/m1/environments", "environments", "name") == [
        ["production", "staging"],
        ["production"],
    ]
    assert [one.json()["deployments_count"] for one in await both("/v1/models/m1")] == [3, 2]
    assert [one.status_code for one in await both("/v1/models/m2")] == [200, 404]


async def test_statuses_of_chainlets_are_as_they_were(fake: FakeBaseten, both: Both) -> None:
    chain = fake.chain("c1")
    deployment = chain.deployment("d1", chainlets=["A", "B"])
    await asyncio.sleep(20)
    deployment.set("UNHEALTHY", chainlet="B")

    found = [one.json() for one in await both("/v1/chains/c1/deployments/d1")]

    assert [
        (one["status"], [chainlet["status"] for chainlet in one["chainlets"]]) for one in found
    ] == [("UNHEALTHY", ["ACTIVE", "UNHEALTHY"]), ("ACTIVE", ["ACTIVE", "ACTIVE"])]


async def test_the_environment_of_a_deployment_is_as_it_was(fake: FakeBaseten, both: Both) -> None:
    furnish(fake)
    await asyncio.sleep(20)
    fake.model("m1").environment("production").promote("new")
    await asyncio.sleep(12)

    found = [
        [(one.json()["environment"], one.json()["is_production"]) for one in await both(path)]
        for path in ("/v1/models/m1/deployments/old", "/v1/models/m1/deployments/new")
    ]

    assert found == [
        [(None, False), ("production", True)],
        [("production", True), ("production", False)],
    ]


async def test_the_roles_of_deployments_are_as_they_were(fake: FakeBaseten, both: Both) -> None:
    furnish(fake)
    await asyncio.sleep(20)
    fake.model("m1").environment("production").promote("new")
    await asyncio.sleep(12)

    by_role = [one.json()["id"] for one in await both("/v1/models/m1/deployments/production")]
    of_model = [one.json()["production_deployment_id"] for one in await both("/v1/models/m1")]

    assert by_role == of_model == ["new", "old"]


async def test_logs_end_where_the_replica_is(fake: FakeBaseten, both: Both) -> None:
    furnish(fake)
    deployment = fake.model("m1").deployments["old"]
    deployment.log("early")
    await asyncio.sleep(20)
    deployment.log("late")

    found = [
        [line["message"] for line in one.json()["logs"]]
        for one in await both("/v1/models/m1/deployments/old/logs")
    ]

    assert found == [["late", "early"], ["early"]]


async def test_requests_that_are_no_reads_see_the_newest_state(fake: FakeBaseten, api: Api) -> None:
    furnish(fake)
    await asyncio.sleep(20)
    fake.model("m1").deployment("newest", status="INACTIVE")
    seen = [(await api("POST /v1/models/m1/deployments/newest/activate")).json() for _ in range(2)]

    assert seen == [{"success": True, "no_op": False}, {"success": True, "no_op": True}]


async def test_the_furniture_of_a_test_was_always_there(fake: FakeBaseten, both: Both) -> None:
    """Else every second read would get 404 at the beginning of each test."""
    furnish(fake)

    assert [one.status_code for one in await both(ENVIRONMENT)] == [200, 200]


async def test_a_stale_read_of_a_replica_is_as_stale_as_it_was_then() -> None:
    fake = FakeBaseten(behaviour=Behaviour(replica_lags=(8.0,), stale_for=3))
    furnish(fake)
    fake.model("m1").environment("production").promote("new")
    seen = []
    async with httpx.AsyncClient(
        transport=fake.transport(),
        base_url="http://fake",
        headers={"Authorization": "Bearer test-key"},
    ) as http:
        for wait in (10, 1):
            await asyncio.sleep(wait)
            seen += looks([await http.get(ENVIRONMENT)])

    assert seen == [("old", None, None), ("old", ("new", "BUILDING"), "RELEASING")]


def test_replicas_alternate_for_each_path() -> None:
    replicas = Replicas(Behaviour(replica_lags=(0, 3, 8)))

    assert [replicas.lag("/a") for _ in range(4)] == [0, 3, 8, 0]
    assert replicas.lag("/b") == 0
    assert replicas.lag("/a") == 3


def test_a_random_order_is_the_same_in_each_run() -> None:
    behaviour = Behaviour(replica_lags=(0, 8), replica_order="random")
    one, other = Replicas(behaviour), Replicas(behaviour)
    lags = [one.lag("/a") for _ in range(50)]

    assert lags == [other.lag("/a") for _ in range(50)]
    assert set(lags) == {0, 8}
    assert lags != [0, 8] * 25


def test_without_replicas_every_read_is_new() -> None:
    assert {Replicas(Behaviour()).lag("/a") for _ in range(5)} == {0}
