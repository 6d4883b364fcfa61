"""The exact requests of the most important operations."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

import aiobaseten
from aiobaseten import Baseten
from aiobaseten.schemas import CancellationStatus

DEPLOYMENT: dict[str, Any] = {
    "id": "dep1",
    "created_at": "2026-11-21T10:00:00Z",
    "chain_id": "abc",
    "environment": None,
    "chainlets": [],
    "status": "BUILDING",
}
ENVIRONMENT = {"name": "production", "created_at": "2026-01-01T00:00:00Z", "chain_id": "abc"}
QUIET = {**ENVIRONMENT, "current_deployment": None, "candidate_deployment": None}
PROMOTE = "https://api.baseten.co/v1/chains/abc/environments/production/promote"
CANCEL = "https://api.baseten.co/v1/models/m1/environments/production/cancel_promotion"


async def promoted(httpx_mock: HTTPXMock, **options: Any) -> httpx.Request:
    """The request to promote, as it was sent."""
    httpx_mock.add_response(method="GET", json=QUIET)
    httpx_mock.add_response(method="POST", url=PROMOTE, json=DEPLOYMENT)
    async with Baseten(api_key="k3y") as baseten:
        await baseten.chain("abc").environment("production").promote("dep1", **options)
    (request,) = httpx_mock.get_requests(method="POST")
    return request


async def test_promoting_a_chain_sends_what_the_page_says(httpx_mock: HTTPXMock) -> None:
    request = await promoted(httpx_mock)

    assert request.method == "POST"
    assert str(request.url) == PROMOTE
    assert request.headers["authorization"] == "Api-Key k3y"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {"deployment_id": "dep1"}


async def test_the_headers_of_a_request(httpx_mock: HTTPXMock) -> None:
    await promoted(httpx_mock)

    for request in httpx_mock.get_requests():
        headers = dict(request.headers)
        assert headers.pop("content-length", None) == (
            str(len(request.content)) if request.content else None
        )
        assert headers.pop("content-type", None) == (
            "application/json" if request.content else None
        )
        # A cache in between must not answer from its store.
        assert headers.pop("cache-control", None) == (None if request.content else "no-cache")
        assert headers == {
            "host": "api.baseten.co",
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "authorization": "Api-Key k3y",
            "user-agent": f"aiobaseten/{aiobaseten.__version__}",
        }


@pytest.mark.parametrize("chosen", [True, False])
async def test_an_option_is_sent_only_if_the_caller_chose_it(
    httpx_mock: HTTPXMock, chosen: bool
) -> None:
    """Sending a default would freeze the server's default."""
    request = await promoted(httpx_mock, scale_down_previous_deployment=chosen)

    assert json.loads(request.content) == {
        "deployment_id": "dep1",
        "scale_down_previous_deployment": chosen,
    }


async def test_cancelling_a_models_promotion_sends_what_the_page_says(
    httpx_mock: HTTPXMock,
) -> None:
    httpx_mock.add_response(method="GET", json=QUIET)
    httpx_mock.add_response(
        method="POST", url=CANCEL, json={"status": "CANCELED", "message": "It is off."}
    )

    async with Baseten(api_key="k3y") as baseten:
        cancellation = await baseten.model("m1").environment("production").cancel_promotion()

    (request,) = httpx_mock.get_requests(method="POST")
    assert request.headers["authorization"] == "Api-Key k3y"
    assert request.content == b""
    assert "content-type" not in request.headers
    assert cancellation.status is CancellationStatus.CANCELED
    assert cancellation.message == "It is off."


async def test_a_bearer_token_is_sent_on_request(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=QUIET)

    async with Baseten(api_key="t0ken", auth_scheme="Bearer") as baseten:
        await baseten.chain("abc").environment("production").get()

    (request,) = httpx_mock.get_requests()
    assert request.headers["authorization"] == "Bearer t0ken"


async def test_an_id_with_odd_characters_stays_one_segment(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=QUIET)

    async with Baseten(api_key="k3y") as baseten:
        await baseten.chain("a b?c#d%e").environment("ü").get()

    (request,) = httpx_mock.get_requests()
    assert request.url.raw_path == b"/v1/chains/a%20b%3Fc%23d%25e/environments/%C3%BC"


async def test_promoting_a_model_sends_every_documented_field(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(
        method="GET",
        json={
            "name": "production",
            "created_at": "2026-01-01T00:00:00Z",
            "model_id": "m1",
            "current_deployment": None,
            "autoscaling_settings": {
                "min_replica": 0,
                "max_replica": 1,
                "autoscaling_window": None,
                "scale_down_delay": None,
                "concurrency_target": 1,
                "target_utilization_percentage": None,
            },
            "promotion_settings": {},
            "instance_type": {},
        },
    )
    httpx_mock.add_response(
        method="POST",
        url="https://api.baseten.co/v1/models/m1/environments/production/promote",
        json={
            "id": "d2",
            "created_at": "2026-11-21T10:00:00Z",
            "name": "d2",
            "model_id": "m1",
            "is_production": False,
            "is_development": False,
            "status": "BUILDING",
            "active_replica_count": 0,
            "autoscaling_settings": None,
            "instance_type_name": None,
            "environment": None,
        },
    )
    settings = {"autoscaling_settings": {"min_replica": 2}}
    override = {"rolling_deploy": True}

    async with Baseten(api_key="k3y") as baseten:
        promotion = (
            await baseten.model("m1")
            .environment("production")
            .promote(
                "d1",
                scale_down_previous_deployment=False,
                preserve_env_instance_type=False,
                environment_settings_update=settings,
                promotion_settings_override=override,
            )
        )

    (request,) = httpx_mock.get_requests(method="POST")
    assert json.loads(request.content) == {
        "deployment_id": "d1",
        "scale_down_previous_deployment": False,
        "preserve_env_instance_type": False,
        "environment_settings_update": settings,
        "promotion_settings_override": override,
    }
    assert promotion.deployment_id == "d2"
