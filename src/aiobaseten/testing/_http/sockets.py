"""The way in through sockets: uvicorn in the running loop, with connections that can be broken."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .fault_injection import CONNECTION

if TYPE_CHECKING:
    from starlette.types import ASGIApp

# SO_LINGER with a time of 0: closing resets the connection.
_NO_LINGER: Final = struct.pack("ii", 1, 0)
# Only the client closes idle connections: virtual time would close them at once.
_KEEP_ALIVE_S: Final = 10**6


class SocketConnection:
    """The connection of a socket; a `BreakableConnection`."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    async def reset(self) -> None:
        """Reset it."""
        self._transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
        )
        self._transport.abort()

    async def refuse(self) -> None:
        """Reset it: it is too late to refuse it."""
        await self.reset()

    async def noise(self) -> None:
        """Send bytes that are not HTTP, and close it."""
        self._transport.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        self._transport.close()

    async def cut(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a response whose *body* is shorter than its headers say, and close it."""
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self._transport.write(b"HTTP/1.1 %d Fake\r\n%s\r\n%s" % (status, head, body))
        self._transport.close()


class _Protocol(H11Protocol):
    """uvicorn's protocol, which gives the application its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection, inner = SocketConnection(transport), self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[CONNECTION] = connection
            await inner(scope, receive, send)

        self.app = app


@asynccontextmanager
async def serve(app: ASGIApp, *, host: str, port: int) -> AsyncGenerator[str]:
    """Listen in the running loop while the block runs; gives the URL.

    Raises:
        OSError: The address is taken, or is not one of this machine.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        server_header=False,
        date_header=False,
    )
    config.load()
    state = ServerState()
    # Not uvicorn's own Server: it ticks ten times a second, in virtual time too, and installs
    # signal handlers. Listening by host and port leaves Nagle's algorithm off.
    server = await asyncio.get_running_loop().create_server(
        lambda: _Protocol(config, state, {}), host, port
    )
    try:
        bound = server.sockets[0].getsockname()
        name = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        yield f"http://{name}:{bound[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        # Requests in progress see that their client is gone, and end.
        await asyncio.gather(*state.tasks)
        await server.wait_closed()
