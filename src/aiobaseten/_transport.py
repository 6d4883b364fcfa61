"""The border: a generated operation goes in, a value or one of our exceptions comes out.

The only module that sends. Everything that can go wrong on the way, in the server or in the
decoding of what it says, becomes an exception of `errors` here and nowhere else.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import httpx
from aiobaseten_generated.client import Operation as Operation
from attrs import field, frozen

from ._clock import Clock
from ._version import __version__
from .errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseShapeError,
    ServerError,
    TransportError,
)

T = TypeVar("T")

#: Seconds for which a request whose caller has left may finish, so that its connection survives.
ABANDONED_GRACE_S = 5.0

_EXCERPT = 2000
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")
_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitError,
}
# What httpx raises before a request can have reached the server.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@frozen
class Answer(Generic[T]):
    """What the server answered."""

    value: T
    request_id: str | None


@frozen(kw_only=True)
class Settings:
    """Where and how to send.

    Attributes:
        base_url: Without a slash at its end.
        inference_url: Where models answer, with ``{model_id}`` in it.
        authorization: Gives the header's value. A function, so that no repr can show the key.
        timeouts: Seconds to connect, read, write, and to wait for a connection.
        max_connections: Requests that may be under way at once.
        max_body: Bytes of an answer that are read at most.
    """

    base_url: str
    inference_url: str
    authorization: Callable[[], str] = field(repr=False)
    timeouts: dict[str, float | None]
    max_connections: int
    max_body: int


class Transport:
    """Sends operations over one `httpx.AsyncClient`, on one event loop."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        connect: Callable[[], httpx.AsyncClient],
        *,
        closes: bool,
    ) -> None:
        """Remember *connect*; it is called on entering, and closed on closing if *closes*."""
        self.settings = settings
        self.clock = clock
        self._connect = connect
        self._closes = closes
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._slots: asyncio.Semaphore | None = None
        self._under_way: set[asyncio.Task[Any]] = set()

    def open(self) -> None:
        """Bind to the running loop.

        Raises:
            ConfigurationError: It was opened before.
        """
        if self._loop is not None:
            raise ConfigurationError("this client was entered before; make a new one")
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._slots = asyncio.Semaphore(self.settings.max_connections)
        self._http = self._connect()

    async def aclose(self) -> None:
        """End what is under way, with an error for whoever waits for it. Safe to call twice."""
        if self._closing is None:
            return
        self._closing.set()
        while self._under_way:
            for task in self._under_way:
                task.cancel()
            await asyncio.wait(self._under_way)
        if self._http is not None and self._closes:
            await self._http.aclose()
        self._http = None

    async def pause(self, seconds: float) -> None:
        """Sleep for *seconds*.

        Raises:
            ConfigurationError: The client was closed meanwhile.
        """
        _, closing, _ = self._ready()
        try:
            async with self.clock.timeout_at(self.clock.now() + seconds):
                await closing.wait()
        except TimeoutError:
            return
        raise _closed()

    async def send(self, operation: Operation[T], *, host: str | None = None) -> T:
        """Send *operation* and return what it answers.

        Raises:
            BasetenError: Whatever went wrong.
        """
        return (await self.exchange(operation, host=host)).value

    async def exchange(self, operation: Operation[T], *, host: str | None = None) -> Answer[T]:
        """Send *operation* and return what it answers, with the request id.

        A caller that is cancelled leaves at once. The request itself goes on for a few seconds in
        a task of the client's own: cutting it off would cost the pool its connection.

        Args:
            operation: The request.
            host: Where to send it, if not to the management API.

        Raises:
            BasetenError: Whatever went wrong.
        """
        _, closing, slots = self._ready()
        request = self._request(operation, host or self.settings.base_url)
        await slots.acquire()
        if closing.is_set():
            slots.release()
            raise _closed()
        task = asyncio.create_task(self._on_wire(request, operation))
        self._under_way.add(task)
        task.add_done_callback(self._off_wire)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            asyncio.get_running_loop().call_later(ABANDONED_GRACE_S, task.cancel)
            raise
        if task.cancelled():
            raise _closed()
        response, body = task.result()
        return _read(operation, request, response, body)

    def _ready(self) -> tuple[httpx.AsyncClient, asyncio.Event, asyncio.Semaphore]:
        if self._loop is None or self._closing is None or self._slots is None:
            raise ConfigurationError("enter the client first: async with Baseten() as baseten")
        if self._closing.is_set() or self._http is None:
            raise _closed()
        if asyncio.get_running_loop() is not self._loop:
            raise ConfigurationError("this client belongs to another event loop; make one per loop")
        return self._http, self._closing, self._slots

    def _request(self, operation: Operation[Any], host: str) -> httpx.Request:
        headers = {
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "authorization": self.settings.authorization(),
            "user-agent": f"aiobaseten/{__version__}",
        }
        content = None
        if operation.body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(operation.body).encode()
        return httpx.Request(
            operation.method,
            host + operation.url,
            headers=headers,
            content=content,
            extensions={"timeout": self.settings.timeouts},
        )

    async def _on_wire(
        self, request: httpx.Request, operation: Operation[Any]
    ) -> tuple[httpx.Response, bytes]:
        http, _, _ = self._ready()
        try:
            response = await http.send(request, auth=None, follow_redirects=False, stream=True)
            try:
                return response, await self._body(response, operation)
            finally:
                await response.aclose()
        except httpx.RequestError as error:
            raise _no_answer(error, request) from error

    async def _body(self, response: httpx.Response, operation: Operation[Any]) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > self.settings.max_body:
                raise ResponseShapeError(
                    f"more than {self.settings.max_body} bytes",
                    status=response.status_code,
                    method=operation.method,
                    path=operation.url,
                    request_id=_request_id(response.headers),
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _off_wire(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if self._slots is not None:
            self._slots.release()
        if not task.cancelled():
            task.exception()  # whoever waited for it may have left


def _closed() -> ConfigurationError:
    return ConfigurationError("the client was closed; Baseten keeps working on what it was asked")


def _request_id(headers: httpx.Headers) -> str | None:
    return next((headers[name] for name in _REQUEST_ID_HEADERS if name in headers), None)


def _no_answer(error: httpx.RequestError, request: httpx.Request) -> TransportError:
    kind = RequestTimeoutError if isinstance(error, httpx.TimeoutException) else TransportError
    said = f": {error}" if str(error) else ""
    return kind(
        f"{type(error).__name__}{said}",
        method=request.method,
        path=request.url.path,
        sent=not isinstance(error, _NOT_SENT),
    )


def _read(
    operation: Operation[T], request: httpx.Request, response: httpx.Response, body: bytes
) -> Answer[T]:
    """The value, or the exception that the answer stands for."""
    request_id = _request_id(response.headers)
    if not response.is_success:
        raise _refusal(request, response, body)
    try:
        value = operation.parse(json.loads(body) if body else None)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ResponseShapeError(
            _misfit(error, body),
            status=response.status_code,
            method=request.method,
            path=request.url.path,
            body=_excerpt(body),
            request_id=request_id,
        ) from error
    return Answer(value, request_id)


def _misfit(error: Exception, body: bytes) -> str:
    if not body:
        return "it is empty"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"it is not JSON ({error})"
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    return f"it does not fit the spec ({error})"


def _excerpt(body: bytes) -> str:
    text = body[: 4 * _EXCERPT].decode("utf-8", "replace")
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + " …"


def _refusal(request: httpx.Request, response: httpx.Response, body: bytes) -> APIError:
    status = response.status_code
    kind = _BY_STATUS.get(status) or (ServerError if status >= 500 else APIError)
    said = _json_object(body)
    code, message = _code_and_message(said)
    if 300 <= status < 400:
        message = f"redirected to {response.headers.get('location', 'nowhere')}, not followed"
    error = kind(
        message or (_excerpt(body)[:200] if not said else ""),
        status=status,
        method=request.method,
        path=request.url.path,
        code=code,
        body=_excerpt(body),
        request_id=_request_id(response.headers),
    )
    if isinstance(error, RateLimitError):
        error.retry_after = _retry_after(said)
    return error


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _code_and_message(said: dict[str, Any]) -> tuple[str | None, str]:
    """Baseten says it in several ways: ``code``, ``error``, ``message``, ``detail``."""

    def text(key: str) -> str | None:
        value = said.get(key)
        if value is None or value == "":
            return None
        return value if isinstance(value, str) else json.dumps(value)[:_EXCERPT]

    message = text("message")
    code = text("code") or (text("error") if message else None)
    return code, message or text("error") or text("detail") or text("details") or ""


def _retry_after(said: dict[str, Any]) -> float | None:
    value = said.get("retry_after")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None
