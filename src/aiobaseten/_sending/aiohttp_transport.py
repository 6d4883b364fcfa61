"""A transport for httpx that sends with aiohttp, for half of the CPU time of httpcore.

It proves what httpcore proves, and in the same words: an error whose cause is httpcore's
``ConnectError`` was raised before the request had a connection; every other one may have come after
the request was sent. Whether there was a connection is observed, not read from the names of
aiohttp's exceptions. And a request gets one connection at most, so aiohttp cannot repeat it.
"""

from __future__ import annotations

import asyncio
import base64
import math
import ssl
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from typing import Any

import aiohttp
import anyio
import httpcore
import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

#: Seconds for which an idle connection is kept: as in httpx.
_KEPT_ALIVE_S = 5.0
# Bytes of a line in the head of an answer. aiohttp's own limit is shorter than some cookies.
_LONGEST_LINE = 64 * 1024
# Bytes of a body that are written at once. aiohttp has no time limit for writing, so a larger body
# is written in pieces, and each of them must be on its way before the limit is over.
_PIECE = 64 * 1024
# aiohttp takes 0 for no limit.
_SHORTEST_S = 1e-3
_WITHOUT_BODY = (204, 304)
_SKIPPED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class _Attempt:
    """One request on its way to a connection. Tells the request's ``trace`` as httpcore does."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self._has_begun = False
        self.protocol: ResponseHandler | None = None  # of its connection
        self.is_connection_new = False

    async def begin(self) -> None:
        """It asks for a connection.

        Raises:
            ServerDisconnectedError: For the second time, because it has lost the first one.
        """
        if self._has_begun:
            raise aiohttp.ServerDisconnectedError
        self._has_begun = True
        await self._tell("connection.connect_tcp.started")

    async def connected(self, connection: Connection) -> None:
        """It has a connection, and is sent next."""
        self.protocol = connection.protocol
        await self._tell("http11.send_request_headers.started")

    async def _tell(self, event: str) -> None:
        tell = self._request.extensions.get("trace")
        if tell is not None:
            await tell(event, {"request": self._request})


_attempt: ContextVar[_Attempt] = ContextVar("aiobaseten_attempt")


class _Connector(aiohttp.TCPConnector):
    """The connections. Each attempt learns when it gets one."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A connection for a request: kept alive, or new."""
        attempt = _attempt.get()
        await attempt.begin()
        connection = await super().connect(req, traces, timeout)
        while not attempt.is_connection_new and _has_more(connection):
            # Nobody has asked for them.
            connection.close()
            connection = await super().connect(req, traces, timeout)
        is_told = False
        try:
            await attempt.connected(connection)
            is_told = True
        finally:
            if not is_told:
                connection.close()
        return connection

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        """A new connection, in one time limit: aiohttp has none for the answer of a proxy."""
        _attempt.get().is_connection_new = True
        with anyio.fail_after(timeout.sock_connect):
            return await super()._create_connection(req, traces, timeout)


def _has_more(connection: Connection) -> bool:
    """Whether more bytes have come on an idle connection than the response to its last request."""
    return connection.protocol is not None and connection.protocol.should_close


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends over aiohttp: no cookies, no redirects, no decompression, nothing of the environment.

    Args:
        trusted: The certificates.
        max_connections: How many connections there may be.
        keeps_alive: Whether connections are used again.
        proxy: The proxy for all requests, or ``None``.
    """

    def __init__(
        self,
        trusted: ssl.SSLContext,
        *,
        max_connections: int,
        keeps_alive: bool,
        proxy: httpx.Proxy | None,
    ) -> None:
        self._proxy = proxy
        connector = _Connector(
            ssl=trusted,
            limit=max_connections,
            force_close=not keeps_alive,
            keepalive_timeout=_KEPT_ALIVE_S if keeps_alive else None,
            use_dns_cache=False,
            # The system's own, even if aiodns is installed.
            resolver=aiohttp.ThreadedResolver(),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_SKIPPED,
            auto_decompress=False,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its response is read later.

        Raises:
            httpx.TransportError: There is no response.
        """
        attempt = _Attempt(request)
        before = _attempt.set(attempt)
        try:
            response = await self._send(request)
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error, has_connection=attempt.protocol is not None)
        else:
            return httpx.Response(
                response.status,
                headers=response.raw_headers,
                stream=_Body(response, attempt.protocol),
                extensions={
                    "http_version": b"HTTP/1.1",
                    "reason_phrase": (response.reason or "").encode("ascii", "ignore"),
                },
            )
        finally:
            _attempt.reset(before)
        # Outside of the handler: the error of aiohttp may hold the headers.
        raise failure

    async def _send(self, request: httpx.Request) -> aiohttp.ClientResponse:
        limits = request.extensions["timeout"]
        content = await request.aread()
        options: dict[str, Any] = {
            "headers": request.headers.multi_items(),
            "allow_redirects": False,
            "timeout": _timeout(limits),
        }
        if self._proxy is not None:
            options |= {"proxy": str(self._proxy.url), "proxy_headers": _authorization(self._proxy)}
        url = URL(str(request.url), encoded=True)
        if len(content) <= _PIECE:
            return await self._session.request(request.method, url, data=content or None, **options)
        loop = asyncio.get_running_loop()
        with anyio.CancelScope() as writing:

            async def pieces() -> AsyncIterator[bytes]:
                for at in range(0, len(content), _PIECE):
                    late = loop.call_later(limits["write"], writing.cancel)
                    try:
                        yield content[at : at + _PIECE]
                    finally:
                        late.cancel()

            return await self._session.request(request.method, url, data=pieces(), **options)
        raise httpx.WriteTimeout("a piece of the body was not sent in time")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """The body of a response, as it came."""

    def __init__(self, response: aiohttp.ClientResponse, protocol: ResponseHandler | None) -> None:
        self._response = response
        self._protocol = protocol

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
            self._check_end()
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error, has_connection=True)
        else:
            return
        raise failure

    def _check_end(self) -> None:
        """Check how a body without a length has ended: aiohttp takes a reset for its end.

        Raises:
            OSError: The connection was lost.
        """
        headers = self._response.headers
        has_end = (
            "Content-Length" in headers
            or "chunked" in headers.get("Transfer-Encoding", "").lower()
            or self._response.status in _WITHOUT_BODY
        )
        lost = None if has_end or self._protocol is None else self._protocol.exception()
        if isinstance(lost, OSError):
            raise lost

    async def aclose(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        self._response.release()


def _failure(error: Exception, *, has_connection: bool) -> httpx.TransportError:
    """The error of httpx that stands for one of aiohttp."""
    text = _said_by_us(error)
    is_late = isinstance(error, TimeoutError)
    if has_connection:
        return httpx.ReadTimeout(text) if is_late else httpx.ReadError(text)
    if isinstance(error, aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError):
        return _caused(httpx.ProxyError(text), httpcore.ProxyError(text))
    if is_late:
        return _caused(httpx.ConnectTimeout(text), httpcore.ConnectTimeout(text))
    return _caused(httpx.ConnectError(text), httpcore.ConnectError(text))


def _said_by_us(error: Exception) -> str:
    """What is wrong, without bytes of the response: aiohttp may have cut them within the key."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "Server disconnected"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the body of the response is broken, or was cut off"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the response is not valid HTTP"
    return str(error)


def _caused(failure: httpx.TransportError, cause: Exception) -> httpx.TransportError:
    failure.__cause__ = cause
    return failure


def _timeout(limits: Mapping[str, float]) -> aiohttp.ClientTimeout:
    connect, pool = limits["connect"], limits["pool"]
    return aiohttp.ClientTimeout(
        connect=max(connect + pool, _SHORTEST_S),
        sock_connect=max(connect, _SHORTEST_S),
        sock_read=max(limits["read"], _SHORTEST_S),
        ceil_threshold=math.inf,  # never rounded
    )


def _authorization(proxy: httpx.Proxy) -> dict[str, str]:
    if proxy.raw_auth is None:
        return {}
    words = base64.b64encode(b":".join(proxy.raw_auth)).decode("ascii")
    return {"Proxy-Authorization": f"Basic {words}"}
