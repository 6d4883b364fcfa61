"""The application: paths, methods, request ids, and the record of requests."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aiobaseten.testing import FakeBaseten
from aiobaseten.testing._http import OPERATIONS

Api = Callable[..., Awaitable[httpx.Response]]
both_ways = pytest.mark.parametrize("way_in", ["in process", "served"])
pytestmark = [pytest.mark.looptime, pytest.mark.usefixtures("two_promotions")]

PROMOTE = "/v1/chains/c1/environments/production/promote"


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
async def test_unknown_paths_and_methods_are_refused(
    api: Api, line: str, status: int, code: str
) -> None:
    response = await api(line)

    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_refused_method_gets_the_allowed_methods(api: Api) -> None:
    response = await api("PUT /v1/models/m1/environments/production")

    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, GET, PATCH")


@both_ways
async def test_ids_may_contain_characters_that_need_escapes(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    fake.chain("c 1?#ü").deployment("d%1")

    response = await http.get("/v1/chains/c%201%3F%23%C3%BC/deployments/d%251")

    assert (response.status_code, response.json()["id"]) == (200, "d%1")
    assert fake.requests[-1].path == "/v1/chains/c 1?#ü/deployments/d%1"


async def test_every_response_has_its_own_request_id(fake: FakeBaseten, api: Api) -> None:
    fake.faults.status(502, after=1)
    responses = [await api(line) for line in ("GET /v1/chains", "GET /v1/chains", "GET /nope")]

    ids = [one.headers["x-request-id"] for one in responses]
    assert ids == ["fake-000001", "fake-000002", "fake-000003"]
    assert [one.request_id for one in fake.requests] == ids


@both_ways
async def test_each_request_is_recorded_with_its_time_and_without_its_key(
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
async def test_a_request_without_route_and_body_is_recorded_too(
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


async def test_no_operation_crashes_whatever_the_body(
    fake: FakeBaseten, http: httpx.AsyncClient
) -> None:
    bodies: list[Any] = [None, {}, [], 1, {"deployment_id": "old"}, {"deployment_id": "nope"}]
    for operation in OPERATIONS:
        for body in bodies:
            response = await http.request(
                operation.method,
                _path(operation.template),
                content=b"" if body is None else json.dumps(body).encode(),
            )
            assert response.status_code in {200, 202, 400, 404, 422}
            assert isinstance(response.json(), dict)
