"""Bytes of a server that answer something else, or are no answer, over both transports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import ResponseShapeError, TransportError, WaitTimeoutError
from aiobaseten.options import Transport
from aiobaseten.testing import FakeBaseten

KEY = "abcdefgh.ABCDEFGHIJKLMNOP12345678"
ONCE = RetryPolicy(attempts=1)


@asynccontextmanager
async def serving(
    answer: Callable[[str], list[bytes]], *, hangs_up: bool = False
) -> AsyncIterator[str]:
    """A server that sends what *answer* makes of a path, in pieces with a moment between them."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                for piece in answer(head.split()[1].decode()):
                    writer.write(piece)
                    await asyncio.sleep(0.005)
                if hangs_up:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await server.wait_closed()


async def deployment(fake: FakeBaseten, deployment_id: str, status: str) -> bytes:
    """The response that shows a deployment."""
    fake.model("m1").deployment(deployment_id, status=status)
    async with fake.client() as baseten:
        shown: Any = await baseten.model("m1").deployment(deployment_id).get()
    body = json.dumps(shown.to_dict()).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def test_a_second_copy_of_an_answer_answers_nothing_else(
    fake: FakeBaseten, transport: Transport
) -> None:
    live, loads = (
        await deployment(fake, "live", "ACTIVE"),
        await deployment(fake, "slow", "LOADING_MODEL"),
    )
    async with (
        serving(lambda path: [live, live] if path.endswith("live") else [loads]) as url,
        Baseten(api_key=KEY, base_url=url, transport=transport) as baseten,
    ):
        model = baseten.model("m1")
        assert (await model.deployment("live").get()).id == "live"
        await asyncio.sleep(0.02)

        assert (await model.deployment("slow").get()).id == "slow"


async def test_an_answer_about_another_deployment_is_not_live(fake: FakeBaseten) -> None:
    live = await deployment(fake, "live", "ACTIVE")
    async with serving(lambda _: [live]) as url, Baseten(api_key=KEY, base_url=url) as baseten:
        with pytest.raises(WaitTimeoutError, match="never seen") as raised:
            await baseten.model("m1").deployment("slow").wait_until_active(timeout=0)

        assert isinstance(raised.value.__cause__, ResponseShapeError)
        assert "live" in str(raised.value.__cause__)
        await baseten.model("m1").deployment("LIVE").wait_until_active(timeout=0)
        # The paths of the API for whichever serves.
        await baseten.model("m1").deployment("production").wait_until_active(timeout=0)


async def test_an_answer_about_another_environment_is_no_news_of_this_one(
    fake: FakeBaseten,
) -> None:
    staging = {
        "name": "staging",
        "current_deployment": None,
        "candidate_deployment": None,
        "in_progress_promotion": None,
    }
    body = json.dumps(staging).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with serving(lambda _: [answer]) as url, Baseten(api_key=KEY, base_url=url) as baseten:
        with pytest.raises(ResponseShapeError, match="staging"):
            await baseten.model("m1").environment("production").read()


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(
            b"x-echo: " + b"v" * 75 + KEY.encode() + b"z" * 66_000, id="an endless header"
        ),
        pytest.param(b"x-echo: " + KEY[:-1].encode(), id="a head that ends within the key"),
        pytest.param(60_000 * b"A" + b"\r\n\r\n", id="endless words"),
        pytest.param(b"A: b\r\n\r\n" + 60_000 * b"A", id="an endless body"),
    ],
)
async def test_an_error_quotes_little_and_no_part_of_the_key(
    transport: Transport, garbage: bytes
) -> None:
    is_http = not garbage.startswith(b"AA")
    sent = (b"HTTP/1.1 200 OK\r\n" if is_http else b"") + garbage
    async with (
        serving(lambda _: [sent], hangs_up=True) as url,
        Baseten(api_key=KEY, base_url=url, transport=transport) as baseten,
    ):
        with pytest.raises((TransportError, ResponseShapeError)) as raised:
            await baseten.with_options(retry=ONCE).model("m1").deployment("d1").activate()

        assert KEY[:4] not in str(raised.value)
        assert len(str(raised.value)) < 1000
