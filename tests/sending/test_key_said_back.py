"""A server that repeats the key in its response, as some proxies do: the key is masked."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import BasetenError, ServerError, TransportError
from aiobaseten.options import Transport
from aiobaseten.testing import FakeBaseten, timelines

from ..story import Kind, production

KEY = "k3y-that-nobody-may-see"
ONCE = RetryPolicy(attempts=1)
FAILED: dict[str, Any] = {
    "id": "d1",
    "created_at": "2026-11-21T10:00:00Z",
    "chain_id": "c1",
    "environment": None,
    "chainlets": [],
    "status": "FAILED",
}


@asynccontextmanager
async def answering(answer: httpx.Response, key: str = KEY) -> AsyncIterator[Baseten]:
    """A client of a server that always sends this response."""
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http,
        Baseten(api_key=key, http_client=http, retry=ONCE) as baseten,
    ):
        yield baseten


def shown(error: BaseException) -> str:
    """Everything that an error and its causes show."""
    return "".join(traceback.format_exception(error)) + repr(vars(error))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": f"Invalid API key {KEY}."}),
        httpx.Response(403, html=f"<html>Blocked: <pre>authorization: Api-Key {KEY}</pre></html>"),
        httpx.Response(400, json={"code": KEY, "message": {"headers": {"authorization": KEY}}}),
        httpx.Response(302, headers={"location": f"https://elsewhere.example/?key={KEY}"}),
        httpx.Response(400, content=json.dumps({"code": KEY, "message": KEY}).encode("utf-16")),
        httpx.Response(400, content=json.dumps({"message": KEY}).replace("k3y", "\\u006b3y")),
        httpx.Response(500, headers={"x-request-id": KEY}),
        httpx.Response(200, text=f"{KEY} is not JSON"),
        httpx.Response(200, json={"id": "d1", KEY: None}),
        httpx.Response(200, content=json.dumps({**FAILED, "status": [KEY]}).encode("utf-16")),
        httpx.Response(502, text="x" * 1990 + KEY),
    ],
    ids=lambda answer: str(answer.status_code),
)
async def test_the_key_is_masked(answer: httpx.Response, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="aiobaseten")

    async with answering(answer) as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.chain("c1").deployment("d1").get()

    assert KEY not in shown(caught.value)
    assert KEY.encode() not in pickle.dumps(caught.value)
    assert KEY[:5] not in repr(vars(caught.value)), "a part of it stands where the body was cut"
    assert "attempt 1" in caplog.text
    assert KEY not in caplog.text + str([vars(record) for record in caplog.records])


async def test_the_text_around_the_key_stays_readable() -> None:
    async with answering(httpx.Response(500, json={"error": f"No such key: {KEY}."})) as baseten:
        with pytest.raises(ServerError) as caught:
            await baseten.chain("c1").deployment("d1").get()

    assert caught.value.message == "No such key: [api key]."


async def test_a_value_does_not_show_the_key() -> None:
    """The last seen value is part of the error of a wait."""
    deployment = {**FAILED, "requested_with": f"Api-Key {KEY}"}
    async with answering(httpx.Response(200, json=deployment)) as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.chain("c1").deployment("d1").wait_until_active()

    assert caught.value.evidence is not None
    assert "Api-Key [api key]" in repr(caught.value.evidence.last_seen)
    assert KEY.encode() not in pickle.dumps(caught.value)


@pytest.mark.parametrize(
    "garbage",
    [
        f"authorization: Api-Key {KEY}\r\n\r\n",
        f"HTTP/1.1 {KEY} OK\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nno header but {KEY}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{KEY}\r\n",
        f"HTTP/1.1 500 OK\r\ntransfer-encoding: chunked\r\n\r\n{KEY}\r\n",
    ],
    ids=["no HTTP", "status", "header", "chunk", "chunk of an error"],
)
async def test_the_key_in_broken_http_is_masked(
    garbage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The HTTP parser quotes text that it cannot parse."""
    caplog.set_level(logging.DEBUG)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(garbage.encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Baseten(api_key=KEY, base_url=url, retry=ONCE) as baseten:
        with pytest.raises((TransportError, ServerError)) as caught:
            await baseten.chain("c1").deployment("d1").get()

    assert KEY not in shown(caught.value)
    assert KEY not in "".join(
        record.getMessage() for record in caplog.records if record.name == "aiobaseten"
    )


@pytest.mark.parametrize("key", ["a", "status"])
async def test_a_key_shorter_than_eight_characters_is_not_masked(key: str) -> None:
    async with answering(httpx.Response(500, json={"error": "a bad status"}), key) as baseten:
        with pytest.raises(ServerError) as caught:
            await baseten.chain("c1").deployment("d1").get()

    # Each version of httpx puts its spaces elsewhere.
    assert json.loads(str(caught.value.body)) == {"error": "a bad status"}
    assert caught.value.message == "a bad status"


async def test_a_key_of_eight_characters_is_masked() -> None:
    async with answering(
        httpx.Response(500, json={"error": "not k3y-8765"}), "k3y-8765"
    ) as baseten:
        with pytest.raises(ServerError) as caught:
            await baseten.chain("c1").deployment("d1").get()

    assert caught.value.message == "not [api key]"


class Sent(NamedTuple):
    """A request, as the exceptions of aiohttp hold it."""

    url: str
    headers: dict[str, str]


class StrangersError(Exception):
    """Holds the request in its arguments and in an attribute."""

    def __init__(self, sent: Sent) -> None:
        super().__init__(sent, sent.headers)
        self.sent = sent
        self.url = sent.url


async def test_the_key_is_masked_in_errors_of_other_transports() -> None:
    async def fail(request: httpx.Request) -> httpx.Response:
        raise StrangersError(Sent(str(request.url), dict(request.headers)))

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(fail)) as http,
        Baseten(api_key=KEY, http_client=http, retry=RetryPolicy(attempts=1)) as baseten,
    ):
        with pytest.raises(TransportError) as caught:
            await baseten.chain("c1").deployment("d1").get()

    cause = caught.value.__cause__
    assert isinstance(cause, StrangersError)
    assert KEY not in shown(caught.value) + repr(cause) + repr(vars(cause))
    assert cause.sent.url == cause.url


async def test_an_id_that_holds_the_key_is_not_rewritten() -> None:
    """Tests often use "test-key", and names with "test" in them."""
    deployment = {**FAILED, "id": f"my-{KEY}-42", "name": f"the {KEY}", "note": f"not {KEY}"}
    async with answering(httpx.Response(200, json=deployment)) as baseten:
        shown = (await baseten.chain("c1").deployment("d1").get()).to_dict()

    assert shown["id"] == f"my-{KEY}-42"
    assert shown["name"] == f"the {KEY}"
    assert shown["note"] == "not [api key]"


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["model", "chain"])
@pytest.mark.parametrize("key", ["test-key", "production", "new-test-key-42"])
async def test_a_promotion_is_followed_whatever_its_ids_have_in_common_with_the_key(
    kind: Kind, key: str
) -> None:
    fake = FakeBaseten(api_key=key)
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")
    resource.deployment("old-test-key-41")
    resource.deployment("new-test-key-42", on_promote=timelines.HEALTHY)
    resource.environment("production", current="old-test-key-41")

    async with fake.client(api_key=key) as baseten:
        promotion = await production(baseten, kind).promote("new-test-key-42")
        live = await promotion.wait()
        resumed = await baseten.resume(promotion.token)
        back = await production(baseten, kind).rollback()

    assert promotion.deployment_id == live.id == resumed.deployment_id == "new-test-key-42"
    assert promotion.previous_id == back.deployment_id == "old-test-key-41"


async def test_ids_with_escapes_or_in_another_encoding_are_not_rewritten_either() -> None:
    deployment = {**FAILED, "id": f"mü-{KEY}", "note": f"ü{KEY}"}
    for content in (json.dumps(deployment), json.dumps(deployment, ensure_ascii=False)):
        for encoding in ("utf-8", "utf-16"):
            answer = httpx.Response(200, content=content.encode(encoding))
            async with answering(answer) as baseten:
                shown = (await baseten.chain("c1").deployment("d1").get()).to_dict()

            assert shown["id"] == f"mü-{KEY}"
            assert shown["note"] == "ü[api key]"


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
async def test_no_log_of_the_http_libraries_shows_a_key_in_the_head_of_an_answer(
    transport: Transport, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 400 Api-Key {KEY}\r\nx-echo: {KEY}\r\ncontent-length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        writer.close()

    caplog.set_level(level)
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Baseten(api_key=KEY, base_url=url, transport=transport) as baseten:
        with pytest.raises(BasetenError):
            await baseten.chain("c1").deployment("d1").get()

    assert "400 Api-Key [api key]" in caplog.text
    assert KEY not in caplog.text + str([vars(record) for record in caplog.records])
