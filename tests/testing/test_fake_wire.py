"""What goes over the wire: every documented field, keys, errors, limits, and the record of it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from aiobaseten.testing import FakeBaseten
from aiobaseten.testing._http import OPERATIONS
from aiobaseten.testing._http.rate_limits import RateLimits, limit_of

Api = Callable[..., Awaitable[httpx.Response]]
both_ways = pytest.mark.parametrize("way_in", ["in process", "served"])
pytestmark = pytest.mark.looptime

PROMOTE = "/v1/chains/c1/environments/production/promote"
AUTOSCALING = {
    "min_replica",
    "max_replica",
    "autoscaling_window",
    "scale_down_delay",
    "concurrency_target",
    "target_utilization_percentage",
}


@pytest.fixture(autouse=True)
def a_world(fake: FakeBaseten) -> None:
    """A promotion is in progress in both environments."""
    chain = fake.chain("c1")
    chain.deployment("old")
    chain.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"], chainlets=["A", "B"])
    chain.environment("production", current="old").promote("new")
    model = fake.model("m1")
    model.deployment("old", labels={"team": "search"})
    model.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    model.environment("production", current="old", rolling=True).promote("new")


async def test_a_chain_deployment_has_every_required_field(api: Api) -> None:
    shown = (await api("GET /v1/chains/c1/deployments/new")).json()

    assert shown == {
        "id": "new",
        "created_at": "2026-01-01T00:00:00.000Z",
        "chain_id": "c1",
        "environment": "production",
        "chainlets": [
            {
                "id": f"new-{name}",
                "name": name,
                "autoscaling_settings": None,
                "instance_type_name": "1x4",
                "active_replica_count": 0,
                "status": "BUILDING",
            }
            for name in ("A", "B")
        ],
        "status": "BUILDING",
    }


async def test_a_model_deployment_has_every_required_field(api: Api) -> None:
    shown = (await api("GET /v1/models/m1/deployments/old")).json()

    assert shown.pop("autoscaling_settings").keys() == AUTOSCALING
    assert shown == {
        "id": "old",
        "created_at": "2026-01-01T00:00:00.000Z",
        "name": "old",
        "model_id": "m1",
        "is_production": True,
        "is_development": False,
        "status": "ACTIVE",
        "active_replica_count": 1,
        "instance_type_name": "1x4",
        "environment": "production",
        "labels": {"team": "search"},
        "request_backpressure_settings": {"policy": None},
    }


async def test_a_candidate_is_not_production_before_it_serves(api: Api) -> None:
    before = (await api("GET /v1/models/m1/deployments/new")).json()
    await asyncio.sleep(100)
    after = (await api("GET /v1/models/m1/deployments/new")).json()

    assert (before["is_production"], before["environment"]) == (False, "production")
    assert (after["is_production"], after["environment"]) == (True, "production")
    assert before["autoscaling_settings"] is None
    assert after["autoscaling_settings"] is not None


async def test_environments_embed_their_deployments_and_say_how_they_promote(api: Api) -> None:
    chain = (await api("GET /v1/chains/c1/environments/production")).json()
    model = (await api("GET /v1/models/m1/environments/production")).json()

    assert chain.keys() == {
        "name",
        "created_at",
        "chain_id",
        "promotion_settings",
        "chainlet_settings",
        "current_deployment",
        "candidate_deployment",
        "in_progress_promotion",
    }
    assert model.keys() == {
        "name",
        "created_at",
        "model_id",
        "current_deployment",
        "candidate_deployment",
        "in_progress_promotion",
        "autoscaling_settings",
        "promotion_settings",
        "instance_type",
        "request_backpressure_settings",
    }
    for kind, environment in (("chains/c1", chain), ("models/m1", model)):
        for role, name in (("current", "old"), ("candidate", "new")):
            alone = (await api(f"GET /v1/{kind}/deployments/{name}")).json()
            assert environment[f"{role}_deployment"] == alone
    assert chain["chainlet_settings"][0].keys() == {
        "chainlet_name",
        "autoscaling_settings",
        "instance_type",
    }
    assert model["in_progress_promotion"] == {
        "status": "RELEASING",
        "percent_traffic_to_new_version": 0,
        "error_message": None,
        "rolling_deploy": True,
    }
    assert model["promotion_settings"]["rolling_deploy_config"]["max_surge_percent"] == 25
    assert chain["promotion_settings"]["rolling_deploy_config"] is None


async def test_chains_and_models_are_listed_and_described(api: Api) -> None:
    assert (await api("GET /v1/chains")).json()["chains"] == [
        {
            "id": "c1",
            "created_at": "2026-01-01T00:00:00.000Z",
            "name": "c1",
            "deployments_count": 2,
            "team_name": "Fake team",
        }
    ]
    assert (await api("GET /v1/models")).json()["models"] == [
        {
            "id": "m1",
            "created_at": "2026-01-01T00:00:00.000Z",
            "name": "m1",
            "deployments_count": 2,
            "production_deployment_id": "old",
            "development_deployment_id": None,
            "instance_type_name": "1x4",
            "team_name": "Fake team",
        }
    ]
    assert (await api("GET /v1/chains/c1")).json()["id"] == "c1"
    assert (await api("GET /v1/models/m1")).json()["id"] == "m1"


@pytest.mark.looptime
async def test_lists_of_models_and_their_deployments_can_be_asked_for_one_name(
    fake: FakeBaseten, api: Api
) -> None:
    for name in ("m1", "m2"):
        fake.model(name).deployment("d1")
        fake.model(name).deployment("d2")
    models = (await api("GET /v1/models?name=m2")).json()["models"]
    deployments = (await api("GET /v1/models/m1/deployments?name=d2")).json()["deployments"]

    assert [one["id"] for one in models] == ["m2"]
    assert [one["id"] for one in deployments] == ["d2"]


@both_ways
async def test_lists_hold_what_single_looks_show(api: Api) -> None:
    for kind in ("chains/c1", "models/m1"):
        deployments = (await api(f"GET /v1/{kind}/deployments")).json()["deployments"]
        environments = (await api(f"GET /v1/{kind}/environments")).json()["environments"]

        assert [one["id"] for one in deployments] == ["old", "new"]
        assert deployments[1] == (await api(f"GET /v1/{kind}/deployments/new")).json()
        assert environments == [(await api(f"GET /v1/{kind}/environments/production")).json()]


async def test_times_of_day_begin_where_one_says() -> None:
    began = datetime(2030, 5, 6, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    fake = FakeBaseten(started=began)
    await asyncio.sleep(90.25)
    fake.chain("c1").deployment("d1")
    async with httpx.AsyncClient(
        transport=fake.transport(), headers={"Authorization": "Bearer test-key"}
    ) as client:
        shown = (await client.get("http://fake/v1/chains/c1/deployments/d1")).json()

    assert shown["created_at"] == "2030-05-06T07:01:30.250Z"


def test_a_time_of_day_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="started needs a time zone"):
        FakeBaseten(started=datetime(2030, 1, 1))


@pytest.mark.parametrize("scheme", ["Api-Key", "Bearer"])
async def test_both_schemes_of_the_key_are_accepted(http: httpx.AsyncClient, scheme: str) -> None:
    answer = await http.get("/v1/chains", headers={"Authorization": f"{scheme} test-key"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "Authentication credentials were not provided."),
        ("test-key", "Authentication credentials were not provided."),
        ("Basic test-key", "Authentication credentials were not provided."),
        ("Api-Key", "Authentication credentials were not provided."),
        ("Api-Key other", "Invalid API key."),
        ("Bearer test-key2", "Invalid API key."),
    ],
)
async def test_any_other_key_is_refused_before_anything_is_looked_at(
    http: httpx.AsyncClient, header: str, message: str
) -> None:
    for path in ("/v1/chains", "/v1/chains/nope", "/nothing"):
        answer = await http.get(path, headers={"Authorization": header})
        assert (answer.status_code, answer.json()) == (
            401,
            {"code": "UNAUTHORIZED", "message": message},
        )


async def test_a_fake_can_accept_every_key_but_not_none() -> None:
    fake = FakeBaseten(api_key=None)
    async with httpx.AsyncClient(transport=fake.transport(), base_url="http://fake") as client:
        with_key = await client.get("/v1/chains", headers={"Authorization": "Bearer x"})
        without = await client.get("/v1/chains")

    assert (with_key.status_code, without.status_code) == (200, 401)
    with pytest.raises(ValueError, match="api_key is empty"):
        FakeBaseten(api_key=" ")


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("GET /v1/chains/nope", 404, "NOT_FOUND"),
        ("GET /v1/chains/c1/deployments/nope", 404, "NOT_FOUND"),
        ("GET /v1/models/m1/environments/nope", 404, "NOT_FOUND"),
        ("GET /v2/chains", 404, "NOT_FOUND"),
        ("GET /v1/chains/", 404, "NOT_FOUND"),
        ("GET /", 404, "NOT_FOUND"),
        ("PUT /v1/chains/c1", 405, "METHOD_NOT_ALLOWED"),
        (f"GET {PROMOTE}", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE /v1/chains/c1/environments/production", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_what_there_is_not_and_what_one_may_not(
    api: Api, line: str, status: int, code: str
) -> None:
    answer = await api(line)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@both_ways
async def test_ids_may_hold_what_has_to_be_escaped(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    fake.chain("c 1?#ü").deployment("d%1")

    answer = await http.get("/v1/chains/c%201%3F%23%C3%BC/deployments/d%251")

    assert (answer.status_code, answer.json()["id"]) == (200, "d%1")
    assert fake.requests[-1].path == "/v1/chains/c 1?#ü/deployments/d%1"


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (b"", ["body"], "The body is not JSON."),
        (b"{", ["body"], "The body is not JSON."),
        (b"\xff", ["body"], "The body is not JSON."),
        (b"[]", ["body"], "The body is not a JSON object."),
        (b"null", ["body"], "The body is not a JSON object."),
        (b"{}", ["body", "deployment_id"], "Field required."),
        (b'{"deployment_id": 7}', ["body", "deployment_id"], "Input should be a string."),
        (b'{"deployment_id": null}', ["body", "deployment_id"], "Input should be a string."),
        (
            b'{"deployment_id": "old", "scale_down_previous_deployment": "no"}',
            ["body", "scale_down_previous_deployment"],
            "Input should be a boolean.",
        ),
    ],
)
async def test_a_body_that_is_not_what_it_should_be_is_explained(
    fake: FakeBaseten, http: httpx.AsyncClient, content: bytes, where: list[str], message: str
) -> None:
    before = len(fake.chain("c1").environment("production").promotions)
    answer = await http.post(PROMOTE, content=content)

    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, where)
    assert answer.json()["detail"][0]["msg"] == message
    assert len(fake.chain("c1").environment("production").promotions) == before


@pytest.mark.parametrize("settings", ["environment_settings_update", "promotion_settings_override"])
async def test_settings_for_a_promotion_are_objects(
    fake: FakeBaseten, api: Api, settings: str
) -> None:
    fake.model("m1").environment("production").force_cancel()
    path = "POST /v1/models/m1/environments/production/promote"
    wrong = await api(path, deployment_id="old", **{settings: 7})
    right = await api(path, deployment_id="old", **{settings: {"rolling_deploy": True}})

    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["body", settings])
    assert right.status_code == 200


async def test_a_method_that_is_not_allowed_is_answered_with_those_that_are(api: Api) -> None:
    answer = await api("PUT /v1/models/m1/environments/production")

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")


async def test_fields_that_nobody_knows_are_let_through(fake: FakeBaseten, api: Api) -> None:
    fake.chain("c1").environment("production").force_cancel()
    answer = await api(f"POST {PROMOTE}", deployment_id="old", of_tomorrow=True)

    assert answer.status_code == 200


async def test_every_answer_has_an_id_of_its_own(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, after=1)
    answers = [await api(line) for line in ("GET /v1/chains", "GET /v1/chains", "GET /nope")]

    ids = [one.headers["x-request-id"] for one in answers]
    assert ids == ["fake-000001", "fake-000002", "fake-000003"]
    assert [one.request_id for one in fake.requests] == ids


@both_ways
async def test_each_request_is_recorded_with_its_time_and_all_but_its_key(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    assert fake.now == 0
    await asyncio.sleep(12)
    await http.post(f"{PROMOTE}?a=b", json={"deployment_id": "old"}, headers={"X-Mine": "1"})

    (seen,) = fake.requests
    assert (seen.at, seen.method, seen.path, seen.status, seen.fault) == (
        12,
        "POST",
        PROMOTE,
        200,
        None,
    )
    assert seen.route == "/v1/chains/{chain_id}/environments/{env_name}/promote"
    assert (seen.auth, seen.query, seen.json) == ("Api-Key", "a=b", {"deployment_id": "old"})
    assert seen.headers["x-mine"] == "1"
    assert "authorization" not in seen.headers
    assert "test-key" not in f"{seen!r} {seen.headers}"


@both_ways
async def test_what_has_no_route_and_no_body_is_recorded_too(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    await http.get("/nothing", headers={"Authorization": ""})

    (seen,) = fake.requests
    assert (seen.route, seen.auth, seen.status, seen.json) == (None, None, 401, None)


def _path(template: str) -> str:
    for name, value in (
        ("{model_id}", "m1"),
        ("{chain_id}", "c1"),
        ("{deployment_id}", "old"),
        ("{env_name}", "production"),
    ):
        template = template.replace(name, value)
    return template


async def test_no_operation_crashes_whatever_the_state_and_the_body(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    bodies: list[Any] = [None, {}, [], 1, {"deployment_id": "old"}, {"deployment_id": "nope"}]
    for operation in OPERATIONS:
        for body in bodies:
            answer = await http.request(
                operation.method,
                _path(operation.template),
                content=b"" if body is None else json.dumps(body).encode(),
            )
            assert answer.status_code in {200, 202, 400, 404, 422}
            assert isinstance(answer.json(), dict)


async def test_the_documented_limits_hold_per_route(fake: FakeBaseten) -> None:
    fake = FakeBaseten(enforce_limits=True)
    fake.model("m1").deployment("d1")
    key = {"Authorization": "Bearer test-key"}
    async with httpx.AsyncClient(
        transport=fake.transport(), base_url="http://fake/v1/models/m1/deployments", headers=key
    ) as client:
        await asyncio.sleep(1)
        retries = [(await client.post("/d1/retry")).status_code for _ in range(11)]
        await asyncio.sleep(22.5)
        answer = await client.post("/d1/retry")
        other = await client.post("/d1/activate")
        await asyncio.sleep(answer.json()["retry_after"])
        after = await client.post("/d1/retry")

    assert retries == [200] * 10 + [429]
    assert answer.json() == {
        "error": "Rate limit exceeded. Please try again later.",
        "retry_after": 38,
    }
    assert (other.status_code, after.status_code) == (200, 200)


async def test_without_being_asked_the_fake_enforces_no_limits(fake: FakeBaseten, api: Api) -> None:
    assert {(await api("GET /v1/chains")).status_code for _ in range(150)} == {200}


def test_the_hundred_and_first_request_in_a_second_is_one_too_many() -> None:
    limits = RateLimits()
    path = "/v1/chains/{chain_id}"

    assert [limits.retry_after("GET", path, 5.5) for _ in range(101)] == [None] * 100 + [1]
    assert limits.retry_after("POST", path, 5.5) is None
    assert limits.retry_after("GET", path, 6.4) == 1
    assert limits.retry_after("GET", path, 6.5) is None


@pytest.mark.parametrize(
    ("line", "requests", "window"),
    [
        ("POST /v1/models/{model_id}/deployments/{deployment_id}/activate", 20, 60),
        ("POST /v1/models/{model_id}/deployments/{deployment_id}/deactivate", 20, 60),
        ("POST /v1/models/{model_id}/deployments/{deployment_id}/retry", 10, 60),
        ("POST /v1/models/{model_id}/environments/{env_name}/activate", 100, 1),
        ("POST /v1/chains/{chain_id}/deployments/{deployment_id}/deactivate", 100, 1),
        ("GET /v1/models/{model_id}/deployments/{deployment_id}", 100, 1),
        ("POST /v1/models/{model_id}/environments/{env_name}/promote", 100, 1),
    ],
)
def test_limits_are_those_of_the_documentation(line: str, requests: int, window: float) -> None:
    limit = limit_of(*line.split(" "))

    assert (limit.requests, limit.window) == (requests, window)


def test_the_default_beginning_is_a_round_one() -> None:
    assert FakeBaseten(started=datetime(2026, 1, 1, tzinfo=UTC)).now == 0
