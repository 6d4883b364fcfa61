"""A TCP proxy on a loopback port that fails on demand, as networks do.

It stands between a client and a served `FakeBaseten`, and knows just enough HTTP/1.1 to count
requests and to cut an answer at a chosen byte. What the fake's own faults cannot do is done here:
a closed port, a reset before the request is read, an answer that trickles.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

#: Seconds after which a test that hangs fails. No test depends on how fast the machine is.
PATIENCE_S: Final = 30.0

# With SO_LINGER on and no time to linger, closing resets the connection.
_LINGER_NOT: Final = struct.pack("ii", 1, 0)


class Line:
    """One connection from the client, and the way from it to the server."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ask: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.is_forgotten = False
        self.ask = ask
        """Pass a request on to the server; gives its answer, head and body."""

    @property
    def is_open(self) -> bool:
        """Whether another request may come on it."""
        return not self._writer.is_closing()

    async def read_request(self) -> bytes:
        """The next request, head and body.

        Raises:
            asyncio.IncompleteReadError: The client has gone.
            ConnectionError: As above.
        """
        return await read_message(self._reader)

    async def say(self, data: bytes) -> None:
        """Send to the client."""
        self._writer.write(data)
        await self._writer.drain()

    async def hang_up(self) -> None:
        """Close as one should: whatever was said arrives, and then the end."""
        self._writer.close()
        await self._gone()

    async def reset(self) -> None:
        """Reset the connection."""
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT
        )
        self._writer.transport.abort()
        await self._gone()

    def drop(self) -> None:
        """Close at once, if it is not closed, whatever was still to be said."""
        self._writer.transport.abort()

    async def ignore(self) -> None:
        """Say nothing until the client gives up."""
        while await self._reader.read(4096):
            pass
        await self.hang_up()

    async def _gone(self) -> None:
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@dataclass(frozen=True)
class Fault:
    """One way in which a request can fail.

    Attributes:
        name: What to call it.
        happen: Does it, to a connection and the request that came on it.
        reaches: Whether the server gets the request.
        on_connect: Whether it happens before a request is read; the request is empty then.
        closed: Whether it needs the port closed, so that nothing happens to any connection.
    """

    name: str
    happen: Callable[[Line, bytes], Awaitable[None]]
    reaches: bool = False
    on_connect: bool = False
    closed: bool = False

    def __repr__(self) -> str:
        return self.name

    @property
    def is_seen(self) -> bool:
        """Whether the proxy reads the request."""
        return not (self.closed or self.on_connect)


class Proxy:
    """The proxy, to the server at a URL: ``async with Proxy(url) as proxy``.

    Attributes:
        url: What to give to a client as its base URL.
        seen: The request lines that have come, oldest first: ``"GET /v1/chains/c1"``.
        reached: Those that were passed on to the server.
        connections: How many connections the client has made.
    """

    def __init__(self, server: str) -> None:
        self._server = urlsplit(server)
        self.url = ""
        self.seen: list[str] = []
        self.reached: list[str] = []
        self.connections = 0
        self._port: int | None = None
        self._listener: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None
        self._lines: dict[asyncio.Task[None], Line] = {}
        self._planned: deque[Fault] = deque()
        self._lasting: Fault | None = None
        self._method = ""

    def plan(self, *faults: Fault) -> None:
        """Let the next requests meet these faults, one each."""
        self._planned.extend(faults)

    @asynccontextmanager
    async def failing(self, fault: Fault, *, method: str = "") -> AsyncIterator[None]:
        """Let every request, or those of one method, fail so while the block lasts."""
        if fault.closed:
            await self._close()
        elif fault.on_connect:
            await self.drop_connections()
        self._lasting, self._method = fault, method
        try:
            yield
        finally:
            self._lasting = None
            if fault.closed:
                await self._open()

    async def forgotten(self) -> None:
        """Return when the client has closed all its connections."""
        if self._lines:
            await asyncio.wait(self._lines)

    async def drop_connections(self) -> None:
        """Close the connections that are kept alive, without a word."""
        for line in list(self._lines.values()):
            await line.hang_up()

    def forget_connections(self) -> None:
        """Answer nothing more on the connections that are kept alive: reset them when used."""
        for line in self._lines.values():
            line.is_forgotten = True

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()
        if self._placeholder is not None:
            self._placeholder.close()

    async def _open(self) -> None:
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
        listener = _bound(self._port or 0)
        self._port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._listener = await asyncio.start_server(self._meet, sock=listener)

    async def _close(self) -> None:
        """Close the port and all connections."""
        if self._listener is None:
            return
        self._listener.close()
        tasks = list(self._lines)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._listener.wait_closed()
        self._listener = None
        # Bound but not listening: connections are refused, and nobody else gets the port.
        self._placeholder = _bound(self._port or 0)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not a coroutine: Python 3.11 complains when a task that it made itself is cancelled.
        line = Line(reader, writer, self._ask)
        task = asyncio.create_task(self._until_gone(line))
        self._lines[task] = line
        task.add_done_callback(self._lines.pop)
        self.connections += 1

    async def _until_gone(self, line: Line) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._serve(line)
        finally:
            line.drop()

    async def _serve(self, line: Line) -> None:
        if fault := self._due(on_connect=True):
            await fault.happen(line, b"")
        while line.is_open:
            request = await line.read_request()
            if line.is_forgotten:
                await line.reset()
                return
            self.seen.append(_request_line(request))
            fault = self._due(on_connect=False)
            await (fault.happen if fault else answered)(line, request)
            if self._planned and self._planned[0].on_connect:
                await line.hang_up()  # so that the client has to connect

    def _due(self, *, on_connect: bool) -> Fault | None:
        """The fault that is due, if it is of this kind."""
        if self._planned:
            return self._planned.popleft() if self._planned[0].on_connect == on_connect else None
        due = self._lasting
        if due is None or due.on_connect != on_connect:
            return None
        return due if on_connect or self.seen[-1].startswith(self._method) else None

    async def _ask(self, request: bytes) -> bytes:
        """What the server answers to *request*."""
        self.reached.append(_request_line(request))
        reader, writer = await asyncio.open_connection(self._server.hostname, self._server.port)
        try:
            writer.write(request)
            return await read_message(reader)
        finally:
            writer.close()
            await writer.wait_closed()


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """One HTTP message, head and body.

    Raises:
        asyncio.IncompleteReadError: It ended before.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    for header in head.split(b"\r\n"):
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            return head + await reader.readexactly(int(value))
    return head


def _bound(port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's algorithm off only then.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _request_line(request: bytes) -> str:
    return request.partition(b" HTTP/1.1\r\n")[0].decode()


async def answered(line: Line, request: bytes) -> None:
    """No fault at all."""
    await line.say(await line.ask(request))
