"""What becomes of each kind of answer: a value, or one of our exceptions with what to act on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BasetenError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
)
from aiobaseten.schemas import ChainDeployment
from aiobaseten.testing import FakeBaseten

KEY = "s3cret-key"
SOUND: dict[str, Any] = {
    "id": "d1",
    "created_at": "2026-11-21T10:00:00Z",
    "chain_id": "c1",
    "environment": None,
    "chainlets": [
        {
            "id": "x",
            "name": "Embed",
            "autoscaling_settings": None,
            "instance_type_name": "1x4",
            "active_replica_count": 0,
            "status": "BUILDING",
        }
    ],
    "status": "BUILDING",
}
HTML = b"<html><body>Attention Required!</body></html>"

Get = Callable[[httpx.Response], Awaitable[ChainDeployment]]


@pytest.fixture
def get() -> Get:
    """Reads a deployment when the server answers so."""

    async def read(answer: httpx.Response) -> ChainDeployment:
        transport = httpx.MockTransport(lambda _: answer)
        async with (
            httpx.AsyncClient(transport=transport) as http,
            Baseten(api_key=KEY, http_client=http, retry=RetryPolicy(attempts=1)) as baseten,
        ):
            return await baseten.chain("c1").deployment("d1").get()

    return read


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, APIError),
        (301, APIError),
        (307, APIError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, APIError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, APIError),
        (422, BadRequestError),
        (429, RateLimitError),
        (500, ServerError),
        (502, ServerError),
        (520, ServerError),
        (599, ServerError),
        (700, ServerError),
    ],
)
async def test_a_refusal_is_an_exception_that_says_who_and_what(
    get: Get, status: int, kind: type[APIError]
) -> None:
    answer = httpx.Response(
        status,
        json={"code": "SOME_CODE", "message": "Something is wrong."},
        headers={"x-request-id": "req-7", "location": "https://elsewhere.example"},
    )

    with pytest.raises(APIError) as caught:
        await get(answer)

    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.request_id) == (status, "SOME_CODE", "req-7")
    assert (error.method, error.path) == ("GET", "/v1/chains/c1/deployments/d1")
    assert "Something is wrong." in error.body
    assert str(status) in str(error)
    assert "req-7" in str(error)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"code": "VALIDATION_ERROR", "message": "No."}, "VALIDATION_ERROR", "No."),
        ({"error": "NOT_FOUND", "message": "No."}, "NOT_FOUND", "No."),
        ({"error": "No."}, None, "No."),
        ({"detail": "No."}, None, "No."),
        ({"detail": [{"loc": ["body"], "msg": "No."}]}, None, '[{"loc": ["body"], "msg": "No."}]'),
        ({"message": "No.", "details": {"a": 1}}, None, "No."),
        ({"details": "No."}, None, "No."),
        ({"message": None, "error": "No."}, None, "No."),
        ({"message": ""}, None, ""),
        ({}, None, "{}"),
    ],
)
async def test_code_and_message_are_found_in_every_shape(
    get: Get, body: dict[str, Any], code: str | None, message: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await get(httpx.Response(400, json=body))

    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize(
    "body", [b"Bad gateway", HTML, b"", b"[]", b'"no"', b"\xff\xfe", b"[" * 100_000]
)
async def test_a_refusal_needs_no_json(get: Get, body: bytes) -> None:
    with pytest.raises(ServerError) as caught:
        await get(httpx.Response(502, content=body))

    assert caught.value.code is None
    assert len(caught.value.body) <= 2002


async def test_of_a_long_page_the_beginning_is_kept(get: Get) -> None:
    page = "<html>" + 1994 * "x"
    for body, kept in [(page, page), (page + "y", page + " …")]:
        with pytest.raises(ServerError) as caught:
            await get(httpx.Response(502, text=body))

        assert caught.value.body == kept
        assert caught.value.message == page[:200]


async def test_a_date_after_which_to_ask_again_counts_from_now(get: Get) -> None:
    at = datetime.now(UTC) + timedelta(minutes=2)

    with pytest.raises(ServerError) as caught:
        await get(httpx.Response(503, headers={"retry-after": format_datetime(at, usegmt=True)}))

    assert caught.value.retry_after == pytest.approx(120, abs=5)


@pytest.mark.parametrize("status", [200, 201, 202, 206, 299])
async def test_any_success_with_a_fitting_body_is_a_value(get: Get, status: int) -> None:
    deployment = await get(httpx.Response(status, json=SOUND))

    assert deployment.chainlets[0].name == "Embed"


async def test_what_nobody_knows_yet_is_kept(get: Get) -> None:
    deployment = await get(
        httpx.Response(200, json={**SOUND, "status": "MIGRATING", "colour": "blue"})
    )

    assert deployment.status == "MIGRATING"
    assert deployment.additional_properties == {"colour": "blue"}


@pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=latin-1", "image/png"])
async def test_the_body_counts_and_not_what_it_is_called(get: Get, kind: str) -> None:
    answer = httpx.Response(200, content=json.dumps(SOUND), headers={"content-type": kind})

    assert (await get(answer)).id == "d1"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "it is empty"),
        (HTML, "it is not JSON"),
        (json.dumps(SOUND).encode()[:60], "it is not JSON"),
        (b"null", "must be an object, but is null"),
        (b"[]", "must be an object, but is a list"),
        (b"{}", "the field '"),
        (b"\xff\xfe\xfd", "it is not JSON"),
        (json.dumps(SOUND).encode("utf-16")[:51], "it is not JSON"),
        (b"[" * 100_000, "does not fit"),
        (json.dumps({**SOUND, "chainlets": None}).encode(), "does not fit"),
        (json.dumps({**SOUND, "chainlets": [None]}).encode(), "does not fit"),
        (json.dumps({**SOUND, "status": None}).encode(), "does not fit"),
    ],
)
async def test_a_success_that_does_not_fit_says_what_is_wrong(
    get: Get, body: bytes, said: str
) -> None:
    with pytest.raises(ResponseShapeError) as caught:
        await get(httpx.Response(200, content=body, headers={"x-request-id": "req-7"}))

    assert said in str(caught.value)
    assert (caught.value.status, caught.value.request_id) == (200, "req-7")
    assert (caught.value.method, caught.value.path) == ("GET", "/v1/chains/c1/deployments/d1")


@pytest.mark.parametrize("missing", ["id", "status", "chainlets"])
async def test_a_missing_field_is_named(get: Get, missing: str) -> None:
    body = {key: value for key, value in SOUND.items() if key != missing}

    with pytest.raises(ResponseShapeError, match=f"the field '{missing}' is missing"):
        await get(httpx.Response(200, json=body))


@pytest.mark.looptime
async def test_an_infinite_share_of_traffic_does_not_fit(fake: FakeBaseten) -> None:
    """Python reads ``Infinity`` where JSON knows no such number."""
    model = fake.model("m1")
    model.deployment("d0")
    model.deployment("d1")
    model.environment("production", current="d0", rolling=True).promote("d1")
    real = fake.transport()

    async def exaggerate(request: httpx.Request) -> httpx.Response:
        answer = await real.handle_async_request(request)
        environment = json.loads(await answer.aread())
        environment["in_progress_promotion"]["percent_traffic_to_new_version"] = float("inf")
        return httpx.Response(200, content=json.dumps(environment))

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(exaggerate)) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        with pytest.raises(ResponseShapeError, match="infinity"):
            await baseten.model("m1").environment("production").promote("d1")


async def test_204_is_not_a_deployment(get: Get) -> None:
    with pytest.raises(ResponseShapeError, match=r": it is empty$"):
        await get(httpx.Response(204))


async def test_a_time_without_an_offset_is_utc(get: Get) -> None:
    deployment = await get(httpx.Response(200, json={**SOUND, "created_at": "2026-11-21T10:00:00"}))

    assert deployment.created_at.utcoffset() is not None


async def test_compressed_answers_are_read(get: Get) -> None:
    answer = httpx.Response(
        200,
        content=gzip.compress(json.dumps(SOUND).encode()),
        headers={"content-encoding": "gzip"},
    )

    assert (await get(answer)).id == "d1"


class Broken(httpx.AsyncByteStream):
    """A body that is not what its headers say."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self._chunks = chunks
        self._error = error

    async def __aiter__(self) -> Any:
        for chunk in self._chunks:
            yield chunk
        if self._error:
            raise self._error


async def test_a_broken_compression_is_told_from_a_broken_connection(get: Get) -> None:
    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Broken(b"not gzip"))

    with pytest.raises(ResponseShapeError, match="its encoding is broken"):
        await get(answer)


async def test_a_status_outlives_a_body_that_breaks_off(get: Get) -> None:
    """A wait must end on a 401, even if the connection drops in the middle of its body."""
    broken = Broken(b'{"mess', error=httpx.ReadError("reset"))

    with pytest.raises(AuthenticationError):
        await get(httpx.Response(401, stream=broken))


async def test_no_more_of_a_gigantic_answer_is_read_than_could_make_sense(get: Get) -> None:
    megabyte = b" " * (1 << 20)
    endless = Broken(*[megabyte] * 40, error=AssertionError("read to the end"))

    with pytest.raises(ResponseShapeError, match="it is longer than"):
        await get(httpx.Response(200, stream=endless))


async def test_redirects_are_not_followed(get: Get) -> None:
    """The key, and a POST's body, would go to another place."""
    answer = httpx.Response(307, headers={"location": "https://elsewhere.example/"})

    with pytest.raises(BasetenError, match=r"redirected to https://elsewhere.*not"):
        await get(answer)


async def test_a_redirect_to_nowhere_is_one(get: Get) -> None:
    with pytest.raises(APIError, match="redirected to nowhere, not followed"):
        await get(httpx.Response(300))
