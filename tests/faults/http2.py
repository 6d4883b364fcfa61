"""An HTTP/2 server before the fake, in clear text, which fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.errors
import h2.events

from .proxy import read_message

#: What happens to a connection when a POST has come: takes the connection, the stream and the
#: transport.
Failure = Callable[[h2.connection.H2Connection, int, asyncio.Transport], None]


class Http2:
    """The server. Use `serving`.

    Attributes:
        url: The base URL.
        seen: The request lines that have come, oldest first: ``"GET /v1/chains/c1"``.
        failure: What happens to each of them; ``None`` to pass it on.
        acts: Whether the fake gets those that fail, too.
    """

    def __init__(self, server: str) -> None:
        self._server = urlsplit(server)
        self.url = ""
        self.seen: list[str] = []
        self.failure: Failure | None = None
        self.acts = False
        self.lines: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection in a task of its own."""
        task = asyncio.create_task(self.serve(reader, writer))
        self.lines[task] = writer
        task.add_done_callback(self.lines.pop)

    async def drop_connections(self) -> None:
        """Abort all connections."""
        for writer in self.lines.values():
            writer.transport.abort()
        if self.lines:
            await asyncio.wait(self.lines)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        requests: dict[int, tuple[dict[str, str], bytes]] = {}
        transport: Any = writer.transport
        with suppress(ConnectionError):
            while not transport.is_closing():
                writer.write(connection.data_to_send())
                await writer.drain()
                data = await reader.read(65536)
                if not data:
                    break
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        head = {name.decode(): value.decode() for name, value in event.headers}
                        requests[event.stream_id] = (head, b"")
                    elif isinstance(event, h2.events.DataReceived):
                        head, body = requests[event.stream_id]
                        requests[event.stream_id] = (head, body + event.data)
                    elif isinstance(event, h2.events.StreamEnded):
                        await self._answer(
                            connection, event.stream_id, *requests[event.stream_id], transport
                        )
        transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(
        self,
        connection: h2.connection.H2Connection,
        stream: int,
        head: dict[str, str],
        body: bytes,
        transport: asyncio.Transport,
    ) -> None:
        self.seen.append(f"{head[':method']} {head[':path']}")
        is_post = head[":method"] == "POST"
        fails = is_post and self.failure is not None
        answer = await self._ask(head, body) if self.acts or not fails else b""
        if is_post and self.failure is not None:
            self.failure(connection, stream, transport)
            return
        status = answer.split(b" ", 2)[1].decode()
        connection.send_headers(stream, [(":status", status)])
        connection.send_data(stream, answer.partition(b"\r\n\r\n")[2], end_stream=True)

    async def _ask(self, head: dict[str, str], body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._server.hostname, self._server.port)
        request = [f"{head[':method']} {head[':path']} HTTP/1.1", f"host: {head[':authority']}"]
        request += [f"{name}: {value}" for name, value in head.items() if name[0] != ":"]
        try:
            writer.write("\r\n".join(request).encode() + b"\r\n\r\n" + body)
            return await read_message(reader)
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def serving(server: str) -> AsyncIterator[Http2]:
    """An HTTP/2 server before the one at a URL."""
    front = Http2(server)
    listener = await asyncio.start_server(front.meet, "127.0.0.1", 0)
    front.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        listener.close()
        await front.drop_connections()


def reset(_: h2.connection.H2Connection, __: int, transport: asyncio.Transport) -> None:
    """The connection is aborted."""
    transport.abort()


def noise(_: h2.connection.H2Connection, __: int, transport: asyncio.Transport) -> None:
    """Something that is no HTTP/2."""
    transport.write(b"\x00 HTTP/1.1 what?\r\n\r\n")


def stream_refused(connection: h2.connection.H2Connection, stream: int, _: object) -> None:
    """The stream alone is refused."""
    connection.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)


def going_away(connection: h2.connection.H2Connection, _: int, __: object) -> None:
    """The server says that it closes the connection."""
    connection.close_connection(last_stream_id=0)


def hang(_: h2.connection.H2Connection, __: int, ___: object) -> None:
    """Nothing comes."""


def closed(_: h2.connection.H2Connection, __: int, transport: asyncio.Transport) -> None:
    """The connection is closed without an answer."""
    transport.close()


def cut(connection: h2.connection.H2Connection, stream: int, transport: asyncio.Transport) -> None:
    """The connection is closed in the middle of the answer."""
    connection.send_headers(stream, [(":status", "200")])
    connection.send_data(stream, b'{"id": ')
    transport.write(connection.data_to_send())
    transport.close()


def trickle(
    connection: h2.connection.H2Connection, stream: int, transport: asyncio.Transport
) -> None:
    """The answer never ends."""

    def drip() -> None:
        if not transport.is_closing():
            connection.send_data(stream, b" ")
            transport.write(connection.data_to_send())
            asyncio.get_running_loop().call_later(0.01, drip)

    connection.send_headers(stream, [(":status", "200")])
    drip()


def html(connection: h2.connection.H2Connection, stream: int, _: object) -> None:
    """The page of a proxy."""
    connection.send_headers(stream, [(":status", "502"), ("content-type", "text/html")])
    connection.send_data(stream, b"<html>Bad gateway</html>", end_stream=True)


def too_many(connection: h2.connection.H2Connection, stream: int, _: object) -> None:
    """There were too many requests."""
    connection.send_headers(stream, [(":status", "429")])
    connection.send_data(stream, b'{"retry_after": 2}', end_stream=True)
