"""The way in without sockets: an httpx transport whose requests end in the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Never

import httpcore
import httpx

from .fault_injection import CONNECTION

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope


class InProcessTransport(httpx.AsyncBaseTransport):
    """Passes requests to an ASGI application, and fails as a socket would.

    It observes the client's read timeout, in the loop's time. The host does not matter, with one
    exception: of a host like ``model-m1.api.baseten.co``, the first label becomes the first part of
    the path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            httpx.TransportError: A fault broke the connection, or the response took too long.
        """
        body = await request.aread()
        connection = InProcessConnection(request, body)
        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(timeout):
                scope = _scope(request, connection)
                await self._app(scope, connection.receive, connection.send)
        except TimeoutError as error:
            raise httpx.ReadTimeout("timed out in the fake", request=request) from error
        return connection.response()


class InProcessConnection:
    """One request and its response, as the application sees them; a `BreakableConnection`."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        self._request = request
        self._unread: bytes | None = body
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._broken: httpx.TransportError | None = None

    async def receive(self) -> Message:
        """Return the request; from the second call on, wait until the client disconnects."""
        if self._unread is not None:
            body, self._unread = self._unread, None
            return {"type": "http.request", "body": body, "more_body": False}
        if self._broken is None:
            # The client stays connected for as long as it waits.
            await asyncio.get_running_loop().create_future()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the response."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        else:
            self._body.append(message.get("body", b""))

    async def reset(self) -> Never:
        """Reset it."""
        raise httpx.ReadError("connection reset by the fake", request=self._request)

    async def refuse(self) -> Never:
        """Refuse it as if nobody listened."""
        # The cause is the proof that nothing was sent, as on a real connection.
        cause = httpcore.ConnectError("connection refused by the fake")
        raise httpx.ConnectError(str(cause), request=self._request) from cause

    async def noise(self) -> Never:
        """Send bytes that are not HTTP, and close it."""
        raise httpx.RemoteProtocolError("the fake did not speak HTTP", request=self._request)

    async def cut(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a response whose *body* is shorter than its headers say, and close it."""
        self._status, self._headers, self._body = status, headers, [body]
        self._broken = httpx.RemoteProtocolError(
            "the fake closed the connection in the middle of its response", request=self._request
        )

    def response(self) -> httpx.Response:
        """The response; reading its body raises if the connection is broken."""
        return httpx.Response(
            self._status,
            headers=self._headers,
            stream=_Stream(b"".join(self._body), self._broken),
            request=self._request,
        )


class _Stream(httpx.AsyncByteStream):
    def __init__(self, body: bytes, broken: httpx.TransportError | None) -> None:
        self._body = body
        self._broken = broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        if self._broken is not None:
            raise self._broken


def _scope(request: httpx.Request, connection: InProcessConnection) -> Scope:
    host, path = request.url.host, request.url.path
    if host.startswith("model-"):
        path = f"/{host.partition('.')[0]}{path}"
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 0),
        "server": (host, request.url.port),
        "extensions": {CONNECTION: connection},
    }
    return scope
