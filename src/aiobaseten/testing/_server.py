"""The way in over sockets: uvicorn in the running loop, with connections that can be broken."""

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

from ._app import LINE

if TYPE_CHECKING:
    from starlette.types import ASGIApp

# With SO_LINGER on and no time to linger, closing resets the connection.
_LINGER_NOT: Final = struct.pack("ii", 1, 0)
# An idle connection is the client's to close: virtual time would be up at once.
_KEEP_ALIVE_S: Final = 10**6


class SocketLine:
    """A connection that can be broken, the real way."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    async def reset(self) -> None:
        """Reset it."""
        self._transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT
        )
        self._transport.abort()

    async def refuse(self) -> None:
        """Reset it: it has been made by now."""
        await self.reset()

    async def noise(self) -> None:
        """Send something that is not HTTP, and close."""
        self._transport.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        self._transport.close()

    async def cut(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Send an answer whose *body* is shorter than its headers say, and close."""
        head = b"".join(b"%s: %s\r\n" % line for line in headers)
        self._transport.write(b"HTTP/1.1 %d Fake\r\n%s\r\n%s" % (status, head, body))
        self._transport.close()


class _Protocol(H11Protocol):
    """uvicorn's protocol, which tells the application about its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        line, inner = SocketLine(transport), self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[LINE] = line
            await inner(scope, receive, send)

        self.app = app


@asynccontextmanager
async def serve(app: ASGIApp, *, host: str, port: int) -> AsyncGenerator[str]:
    """Listen in the running loop for as long as the block takes; yields the URL.

    Raises:
        OSError: The address is taken, or is not of this machine.
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
    # Without uvicorn's own Server, which would tick ten times a second, in virtual time too,
    # and take over the signals. Listening by host and port leaves Nagle's algorithm off.
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
        # Whatever still has to answer sees that its client is gone, and ends.
        await asyncio.gather(*state.tasks)
        await server.wait_closed()
