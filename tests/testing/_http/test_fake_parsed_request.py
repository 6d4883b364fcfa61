"""Invalid bodies and queries."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from aiobaseten.testing import FakeBaseten

Api = Callable[..., Awaitable[httpx.Response]]
pytestmark = [pytest.mark.looptime, pytest.mark.usefixtures("two_promotions")]

PROMOTE = "/v1/chains/c1/environments/production/promote"
LOGS = "/v1/models/m1/deployments/d1/logs"


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
async def test_an_invalid_body_is_refused_with_the_reason(
    fake: FakeBaseten, http: httpx.AsyncClient, content: bytes, where: list[str], message: str
) -> None:
    before = len(fake.chain("c1").environment("production").promotions)
    response = await http.post(PROMOTE, content=content)

    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, where)
    assert response.json()["detail"][0]["msg"] == message
    assert len(fake.chain("c1").environment("production").promotions) == before


@pytest.mark.parametrize("settings", ["environment_settings_update", "promotion_settings_override"])
async def test_settings_for_a_promotion_must_be_objects(
    fake: FakeBaseten, api: Api, settings: str
) -> None:
    fake.model("m1").environment("production").force_cancel()
    path = "POST /v1/models/m1/environments/production/promote"
    wrong = await api(path, deployment_id="old", **{settings: 7})
    right = await api(path, deployment_id="old", **{settings: {"rolling_deploy": True}})

    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["body", settings])
    assert right.status_code == 200


async def test_unknown_fields_are_ignored(fake: FakeBaseten, api: Api) -> None:
    fake.chain("c1").environment("production").force_cancel()
    response = await api(f"POST {PROMOTE}", deployment_id="old", of_tomorrow=True)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=many", "direction=up", "end_epoch_millis=now"]
)
async def test_an_invalid_query_is_refused(fake: FakeBaseten, api: Api, query: str) -> None:
    fake.model("m1").deployment("d1")

    refused = await api(f"GET {LOGS}?{query}")

    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]
