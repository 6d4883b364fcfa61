"""How a response is read from a connection. How a reply is judged: test_answers.py."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten._sending import HttpClient
from aiobaseten.errors import APIError, AuthenticationError, ResponseShapeError, ServerError
from aiobaseten.options import LoopClock
from aiobaseten.schemas import ChainDeployment

from .streams import Stream

SOUND: dict[str, Any] = {
    "id": "d1",
    "created_at": "2026-11-21T10:00:00Z",
    "chain_id": "c1",
    "environment": None,
    "chainlets": [],
    "status": "BUILDING",
}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FixedTimeOfDay(LoopClock):
    """A clock whose time of day stands still."""

    def utcnow(self) -> datetime:
        return NOW


class OneResponse(httpx.AsyncBaseTransport):
    """Answers every request with the same response, and keeps the requests."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._response


async def get(response: httpx.Response | OneResponse) -> ChainDeployment:
    """The deployment that a client reads from a response."""
    transport = OneResponse(response) if isinstance(response, httpx.Response) else response
    async with (
        httpx.AsyncClient(transport=transport) as http,
        Baseten(
            api_key="key",
            http_client=http,
            retry=RetryPolicy(attempts=1),
            clock=FixedTimeOfDay(),
        ) as baseten,
    ):
        return await baseten.chain("c1").deployment("d1").get()


async def test_a_compressed_response_is_read() -> None:
    headers = {"content-encoding": "gzip"}
    compressed = gzip.compress(json.dumps(SOUND).encode())

    assert (await get(httpx.Response(200, content=compressed, headers=headers))).id == "d1"


async def test_a_broken_compression_is_a_flaw_of_the_response() -> None:
    """It would be the same the next time, unlike a broken connection."""
    headers = {"content-encoding": "gzip"}

    with pytest.raises(ResponseShapeError):
        await get(httpx.Response(200, headers=headers, stream=Stream(b"not gzip")))


async def test_a_status_survives_a_body_that_breaks_off() -> None:
    """A wait must end on a 401, even if the connection drops in the middle of its body."""
    broken = Stream(b'{"mess', error=httpx.ReadError("reset"))

    with pytest.raises(AuthenticationError) as caught:
        await get(httpx.Response(401, stream=broken))

    assert caught.value.body == '{"mess'


async def test_only_the_beginning_of_a_gigantic_response_is_read() -> None:
    megabyte = b" " * (1 << 20)
    endless = Stream(*[megabyte] * 40, error=AssertionError("read to the end"))

    with pytest.raises(ResponseShapeError):
        await get(httpx.Response(200, stream=endless))


async def test_redirects_are_not_followed() -> None:
    """The key, and a POST's body, would go to another place."""
    transport = OneResponse(httpx.Response(307, headers={"location": "https://elsewhere.example/"}))

    with pytest.raises(APIError) as caught:
        await get(transport)

    assert caught.value.status == 307
    assert len(transport.requests) == 1


async def test_a_date_in_retry_after_counts_from_the_clocks_time_of_day() -> None:
    at = format_datetime(NOW + timedelta(minutes=2), usegmt=True)

    with pytest.raises(ServerError) as caught:
        await get(httpx.Response(503, headers={"retry-after": at}))

    assert caught.value.retry_after == 120


async def test_a_client_of_our_own_keeps_no_cookies() -> None:
    response = httpx.Response(200, headers={"set-cookie": "session=1"})

    async with HttpClient(transport=OneResponse(response)) as http:
        await http.get("https://api.baseten.co/v1/models")

        assert not http.cookies
        with pytest.raises(AttributeError):
            http.cookies = httpx.Cookies()
