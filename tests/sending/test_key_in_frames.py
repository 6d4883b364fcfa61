"""The local variables of a traceback do not hold the key: trackers of errors send them along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import (
    BasetenError,
    PromotionOutcomeUnknownError,
    RequestTimeoutError,
    TransportError,
)
from aiobaseten.options import Transport
from aiobaseten.testing import CompressedClock

from .test_key_said_back import FAILED, KEY, answering

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def variables(error: BaseException) -> Iterator[tuple[str, str, object]]:
    """The function, name and value of each local variable that an error and its causes show.

    Also those of the errors themselves: httpx's hold the request.
    """
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        rest += [one.__cause__, one.__context__]
        for name, value in vars(one).items():
            yield type(one).__name__, name, value
        frames = one.__traceback__
        while frames is not None:
            code = frames.tb_frame.f_code
            # The variables of these tests are their own.
            if "tests" not in code.co_filename:
                for name, value in frames.tb_frame.f_locals.items():
                    yield code.co_name, name, value
            frames = frames.tb_next


def shown(value: object) -> str:
    """All that a tracker could show of a variable."""
    headers: Any = getattr(value, "headers", None)
    return f"{value!r} {headers!r} {getattr(headers, 'raw', None)!r}"


def check(error: BaseException) -> None:
    """The error has a traceback, and no variable in it holds the key."""
    found = [(function, name, shown(value)) for function, name, value in variables(error)]
    assert found
    assert not [(function, name) for function, name, text in found if KEY in text]


@asynccontextmanager
async def a_client_of(
    answer: Answer, transport: Transport, **options: Any
) -> AsyncIterator[Baseten]:
    """A client of a server on a socket that answers so."""

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings: Any = {"retry": RetryPolicy(attempts=1), "read_timeout": 0.1, "write_timeout": 0.05}
    async with (
        server,
        Baseten(api_key=KEY, base_url=url, transport=transport, **settings, **options) as baseten,
    ):
        yield baseten


async def reset(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Before the request is read, and written if it is large."""


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def stop_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(0.1)


async def speak_noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"noise\r\n\r\n")
    await writer.drain()


async def answer_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")
    await writer.drain()


@pytest.mark.parametrize("answer", [reset, reset_at_once, hang, speak_noise, answer_half])
async def test_a_read_that_fails(answer: Answer, transport: Transport) -> None:
    async with a_client_of(answer, transport) as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.model("m1").deployment("d1").get()

    check(caught.value)


@pytest.mark.parametrize("rest", [reset_at_once, stop_reading])
async def test_a_request_whose_writing_fails(rest: Answer, transport: Transport) -> None:
    """Its body is larger than the buffers of a socket."""
    shows = b'{"name": "production", "current_deployment": null}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            await rest(reader, writer)
            return
        length = b"content-length: %d" % len(shows)
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n%s\r\n\r\n%s" % (length, shows))
        await writer.drain()

    # Whether the promotion began is read for twenty seconds.
    async with a_client_of(answer, transport, clock=CompressedClock(100, Random(1))) as baseten:
        with pytest.raises(PromotionOutcomeUnknownError) as caught:
            await (
                baseten.model("m1")
                .environment("production")
                .promote("new", environment_settings_update={"note": "x" * 12_000_000})
            )

    check(caught.value)


async def test_a_connection_that_is_refused(transport: Transport) -> None:
    async with Baseten(
        api_key=KEY,
        base_url="http://127.0.0.1:9",
        retry=RetryPolicy(attempts=1),
        transport=transport,
    ) as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.model("m1").deployment("d1").get()

    check(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"message": f"What is {KEY}?"}),
        httpx.Response(200, text=f"{KEY} is not JSON"),
        httpx.Response(200, json={**FAILED, "status": [KEY], "note": KEY}),
        httpx.Response(200, content=json.dumps({**FAILED, "id": [KEY]}).encode("utf-16")),
    ],
    ids=["refusal", "no JSON", "misfit", "misfit in another encoding"],
)
async def test_an_answer_that_says_the_key_back(answer: httpx.Response) -> None:
    async with answering(answer) as baseten:
        with pytest.raises(BasetenError) as caught:
            await baseten.chain("c1").deployment("d1").get()

    check(caught.value)


async def test_an_error_of_a_hook() -> None:
    async def hook(request: httpx.Request) -> None:
        raise ValueError(request.method)

    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=FAILED))
    async with (
        httpx.AsyncClient(transport=transport, event_hooks={"request": [hook]}) as http,
        Baseten(api_key=KEY, http_client=http) as baseten,
    ):
        with pytest.raises(TransportError) as caught:
            await baseten.chain("c1").deployment("d1").get()

    assert isinstance(caught.value.__cause__, ValueError)
    check(caught.value)


async def test_a_timeout_of_the_whole_answer(transport: Transport) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.01)

    async with a_client_of(drip, transport) as baseten:
        with pytest.raises(RequestTimeoutError) as caught:
            await baseten.with_options(answer_timeout=0.1).model("m1").deployment("d1").get()

    check(caught.value)


@pytest.mark.parametrize("name", ["get", "activate", "promote"])
async def test_a_call_that_is_cancelled_while_its_request_hangs(
    name: str, transport: Transport
) -> None:
    """The request lives on for a while, and what is cancelled shows its frames."""
    shows = b'{"name": "production", "current_deployment": null}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if name == "promote" and head.startswith(b"GET"):
            length = b"content-length: %d" % len(shows)
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n%s\r\n\r\n%s" % (length, shows))
            await writer.drain()
            return
        hangs.set()
        await reader.read(-1)

    hangs = asyncio.Event()
    async with a_client_of(answer, transport) as baseten:
        model = baseten.with_options(read_timeout=9).model("m1")
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "get": model.deployment("d1").get,
            "activate": model.deployment("d1").activate,
            "promote": lambda: model.environment("production").promote("d1"),
        }

        async def timed_out() -> None:
            async with asyncio.timeout(None) as timeout:
                call = asyncio.ensure_future(hangs.wait())
                call.add_done_callback(
                    lambda _: timeout.reschedule(asyncio.get_running_loop().time())
                )
                await calls[name]()

        with pytest.raises(TimeoutError) as caught:
            await timed_out()
        assert isinstance(caught.value.__cause__, asyncio.CancelledError)
        check(caught.value)


async def test_a_request_that_closing_cuts_off(transport: Transport) -> None:
    hangs = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        hangs.set()
        await reader.read(-1)

    async with a_client_of(answer, transport) as baseten:
        view = baseten.with_options(read_timeout=9)
        calls = [
            asyncio.ensure_future(view.model("m1").deployment("d1").get()),
            asyncio.ensure_future(view.model("m1").deployment("d1").activate()),
        ]
        await hangs.wait()
        await baseten.aclose()
        for call in calls:
            with pytest.raises(BasetenError) as caught:
                await call
            check(caught.value)


async def test_the_variables_of_the_caller_are_left_alone(transport: Transport) -> None:
    """An error of the caller's that is being handled is not ours to clear."""

    def fail(own: str) -> None:
        raise LookupError(own)

    async with a_client_of(reset, transport) as baseten:
        try:
            fail("mine")
        except LookupError as own:
            with pytest.raises(BasetenError) as caught:
                await baseten.model("m1").deployment("d1").get()
            traceback = own.__traceback__

    assert caught.value.__context__ is not None
    assert traceback is not None
    assert traceback.tb_next is not None
    assert traceback.tb_next.tb_frame.f_locals == {"own": "mine"}
