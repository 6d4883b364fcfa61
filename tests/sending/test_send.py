"""`Baseten.send`: any generated operation, with our checks, limits, retries and errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from aiobaseten_generated.api.models import (
    activate_deployment,
    get_deployment,
    get_deployment_logs,
    promote_deployment,
)
from aiobaseten_generated.models.log_level import LogLevel
from aiobaseten_generated.models.promote_to_environment_request import (
    PromoteToEnvironmentRequest,
)

from aiobaseten import Baseten, Operation
from aiobaseten.errors import (
    ConfigurationError,
    NotFoundError,
    RequestNotActedOnError,
    ResponseShapeError,
    ServerError,
)
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime

Handler = Callable[[httpx.Request], httpx.Response]


def operation(**changes: Any) -> Operation[Any]:
    """An operation that we do not wrap, as a generated package makes it."""
    usual: dict[str, Any] = {
        "method": "PATCH",
        "path": "/v1/models/{model_id}",
        "url": "/v1/models/m1",
        "parse": lambda data: data["id"],
        "body": {"name": "ranker"},
    }
    return Operation(**usual | changes)


async def sent(made: Operation[Any], answer: Handler) -> Any:
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        return await baseten.send(made)


async def test_an_operation_is_sent_and_its_answer_decoded() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"id": "m1"})

    assert await sent(operation(params={"force": True, "tags": ["a", "b"]}), answer) == "m1"

    (request,) = requests
    assert (request.method, request.url.path) == ("PATCH", "/v1/models/m1")
    assert request.url.params.multi_items() == [("force", "true"), ("tags", "a"), ("tags", "b")]
    assert json.loads(request.content) == {"name": "ranker"}
    assert request.headers["authorization"] == "Api-Key test-key"


async def test_an_operation_of_the_fake_is_sent(fake: FakeBaseten, baseten: Baseten) -> None:
    deployment = fake.model("m1").deployment("d1")
    deployment.log("loading", level="INFO")
    deployment.log("out of memory", level="ERROR")

    found = await baseten.send(
        get_deployment_logs.operation("m1", "d1", min_level=LogLevel.WARNING)
    )

    assert [line.message for line in found.logs] == ["out of memory"]


@pytest.mark.parametrize(("method", "times"), [("GET", 4), ("PATCH", 1), ("DELETE", 1)])
async def test_reads_are_repeated_and_writes_are_not(method: str, times: int) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(503)

    with pytest.raises(ServerError):
        await sent(operation(method=method, body=None), answer)

    assert len(seen) == times


async def test_the_rate_limit_of_a_route_holds() -> None:
    """Twenty activations a minute: the twenty-first waits."""
    times: list[float] = []

    async with (
        httpx.AsyncClient(
            transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"success": True}))
        ) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        for _ in range(21):
            await baseten.send(activate_deployment.operation("m1", "d1"))
            times.append(asyncio.get_running_loop().time())

    assert times[-1] - times[0] >= 60


ERRORS: dict[str, tuple[httpx.Response, type[Exception]]] = {
    "not found": (httpx.Response(404, json={"message": "No."}), NotFoundError),
    "another form": (httpx.Response(200, json={"name": "m1"}), ResponseShapeError),
    "an empty list": (httpx.Response(200, json={"models": []}), ResponseShapeError),
    "not acted on": (httpx.Response(200, json={"success": False}), RequestNotActedOnError),
}


@pytest.mark.parametrize(("reply", "error"), ERRORS.values(), ids=ERRORS)
async def test_a_refusal_is_one_of_our_errors(
    reply: httpx.Response, error: type[Exception]
) -> None:
    def parse(data: Any) -> Any:
        return data["models"][0] if "models" in data else data["id"]

    with pytest.raises(error):
        await sent(operation(parse=parse), lambda _: reply)


def path(model_id: str) -> Operation[Any]:
    return get_deployment.operation(model_id, "d1")


WRONG: dict[str, Any] = {
    "the function": get_deployment.operation,
    "the module": get_deployment,
    "nothing": None,
    "an empty argument": path(""),
    "the parent": path(".."),
    "itself": path("."),
    "a slash": path("a/b"),
    "a backslash": path("a\\b"),
    "a control character": path("a\nb"),
    "another path": operation(url="/v1/secrets"),
    "another host": operation(path="//evil.example", url="//evil.example/x"),
    "no path": operation(path="v1/models", url="v1/models"),
    "a method": operation(method="CONNECT"),
    "a body that is no object": operation(body=[1]),
    "a body that is no JSON": operation(body={"a": object()}),
    "a number that JSON does not have": operation(body={"a": float("nan")}),
    "a parameter of another type": operation(params={"a": {"b": 1}}),
    "a list of another type": operation(params={"a": [object()]}),
    "half a character": operation(params={"a": "\ud800"}),
    "a path of another type": operation(path=None, url=None),
    "a url of another type": operation(url=b"/v1/models/m1"),
    "an empty part": operation(path="//evil.example/x", url="//evil.example/x"),
    "a path to the parent": operation(path="/v1/../x", url="/v1/../x"),
    "an escaped path to the parent": operation(path="/v1/%2e%2e/x", url="/v1/%2e%2e/x"),
    "a query in the url": operation(path="/v1/models?x=1", url="/v1/models?x=1"),
    "a query in an argument": operation(url="/v1/models/m1?x=1"),
    "a fragment": operation(url="/v1/models/m1#x"),
    "a space": operation(url="/v1/models/m 1"),
    "a url that is too long": operation(url=f"/v1/models/{'x' * 70_000}"),
    "a parameter that is too long": operation(params={"a": "x" * 70_000}),
    "an unfinished escape": operation(url="/v1/models/m%2"),
    "parameters that are no mapping": operation(params=[("a", 1)]),
    "a parameter without a name": operation(params={5: "x"}),
    "nothing that decodes": operation(parse=None),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_an_invalid_operation_is_refused_before_anything_is_sent(wrong: Any) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.url} was sent")

    with pytest.raises(ConfigurationError):
        await sent(wrong, answer)


async def test_a_body_of_a_generated_class_is_sent(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.model("m1").deployment("d1")
    fake.model("m1").environment("production")
    body = PromoteToEnvironmentRequest(deployment_id="d1")

    found = await baseten.send(promote_deployment.operation("m1", "production", body=body))

    assert found.model_id == "m1"
