"""The connections: the HTTP clients, on one event loop, from opening to closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias, cast

import httpcore
import httpx
from attrs import frozen

from .._clock import Clock
from ..errors import BasetenError, ConfigurationError, RequestTimeoutError, TransportError
from .answers import Reply
from .http_clients import HttpClients
from .secret import Secret

#: Returns the HTTP clients, on opening.
Connect: TypeAlias = Callable[[], Awaitable[HttpClients]]

#: Seconds that an abandoned request may take to finish, so that its connection survives.
ABANDONED_GRACE_S = 5.0
# Extra seconds after a time limit. On a loop that stood still, as in a suspended process,
# everything is due at once, and replies that have arrived must be read first: cutting off a
# request that is not waiting costs httpx its connection.
_LAST_TURN_S = 0.1


class _NoAuth(httpx.Auth):
    """No authentication of httpx's: neither from the URL nor from the client."""

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        yield request


_NO_AUTH = _NoAuth()
# httpcore raises these before a request can have reached the server. The names of httpx prove
# nothing: other transports raise its ConnectError for a connection that was reset after sending.
_NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


class _SentOnce:
    """Watches a write on its way through httpcore, and lets nobody below us send it again."""

    def __init__(self) -> None:
        self.was_sent = False

    async def __call__(self, event: str, details: Mapping[str, Any]) -> None:
        """Called by httpcore with each of its steps."""
        if not event.endswith(".send_request_headers.started"):
            return
        if details["request"].method == b"CONNECT":  # a proxy is asked for the way
            return
        if self.was_sent:
            raise httpx.WriteError("a layer below was about to send the request again")
        self.was_sent = True


@frozen
class _Life:
    """Everything that exists from opening to closing."""

    loop: asyncio.AbstractEventLoop
    closing: asyncio.Event
    slots: asyncio.Semaphore
    http: HttpClients


class Connections:
    """Sends requests, each in a task of its own, and survives callers that leave.

    Cutting off a request on the wire can cost httpx's pool the connection for ever; after some
    hundred cancelled calls the pool is unusable. So a caller that leaves only abandons its request:
    the request may finish for a few seconds, and its connection is kept. The caller waits for a
    free connection first: `reserve`, then `send`, without an ``await`` in between.
    """

    def __init__(
        self,
        clock: Clock,
        connect: Connect,
        secret: Secret,
        *,
        closes: bool,
        max_connections: int,
        max_body: int,
    ) -> None:
        """Store the settings.

        Args:
            clock: The client's.
            connect: Returns the HTTP clients; called on opening.
            secret: Masked in everything that is returned from here.
            closes: Whether closing closes the HTTP clients.
            max_connections: How many requests may be sent at the same time.
            max_body: Bytes of a response body that are read at most.
        """
        self.clock = clock
        self.max_connections = max_connections
        self._connect = connect
        self._secret = secret
        self._closes = closes
        self._max_body = max_body
        self._was_opened = False
        self._life: _Life | None = None
        # Each request's task, and the future that tells its caller about the end.
        self._under_way: dict[asyncio.Task[Reply], asyncio.Future[None]] = {}

    async def open(self) -> None:
        """Bind to the running loop.

        Raises:
            ConfigurationError: They were opened before, or the environment holds a setting that
                cannot be used.
        """
        if self._was_opened:
            raise ConfigurationError("this client was entered before; make a new one")
        self._was_opened = True
        http = await self._connect()
        self._life = _Life(
            loop=asyncio.get_running_loop(),
            closing=asyncio.Event(),
            slots=asyncio.Semaphore(self.max_connections),
            http=http,
        )

    async def aclose(self) -> None:
        """End all requests, with an error for their callers. Safe to call twice."""
        life = self._life
        if life is None or life.closing.is_set():
            return
        life.closing.set()
        for ended in self._under_way.values():
            if not ended.done():
                ended.set_result(None)
        try:
            if self._under_way and not self._closes:
                # The caller's pool lives on, and would lose the connections of cut-off requests.
                await asyncio.wait(self._under_way, timeout=ABANDONED_GRACE_S)
            if self._under_way and not self._closes:
                await asyncio.wait(self._under_way, timeout=_LAST_TURN_S)
        finally:
            # The closing task may be cancelled meanwhile, and nobody else does this.
            for task in self._under_way:
                task.cancel()
            try:
                if self._under_way:
                    await asyncio.wait(self._under_way)
            finally:
                if self._closes:
                    await life.http.aclose()

    def check(self) -> None:
        """Check that the client can be used here and now.

        Raises:
            ConfigurationError: It cannot.
        """
        self._alive()

    async def pause(self, seconds: float) -> None:
        """Sleep.

        Raises:
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        life = self._alive()
        try:
            async with self.clock.timeout_at(self.clock.now() + seconds):
                await life.closing.wait()
        except TimeoutError:
            return
        raise closed()

    @property
    def are_full(self) -> bool:
        """Whether `reserve` would wait."""
        return self._alive().slots.locked()

    async def reserve(self) -> None:
        """Wait for a free connection, and keep it for the request that is sent next.

        Raises:
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        life = self._alive()
        await life.slots.acquire()
        if life.closing.is_set():
            life.slots.release()
            raise closed()

    def release(self) -> None:
        """Give back a connection that was reserved and is not used."""
        self._alive().slots.release()

    async def send(self, request: httpx.Request) -> Reply:
        """Send a request over a reserved connection, and read the response.

        A caller that is cancelled leaves at once and abandons the request.

        Raises:
            TransportError: There is no response.
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        life = self._alive()
        watch = _SentOnce()
        if request.method != "GET":
            request.extensions["trace"] = watch
        ended = life.loop.create_future()
        task = life.loop.create_task(self._run(life.http.of(request), request))
        self._under_way[task] = ended
        task.add_done_callback(self._end)
        try:
            await ended
        except asyncio.CancelledError:
            _abandon(task)
            raise
        if not task.done() or task.cancelled():
            raise closed()
        error = task.exception()
        if error is None:
            return task.result()
        # The error may hold the request, and the request must not hold the key any longer.
        request.headers.pop("authorization", None)
        request.extensions.pop("trace", None)
        if isinstance(error, BasetenError) or not isinstance(error, Exception):
            raise error
        self._secret.mask_error(error)
        raise _no_answer(error, request, was_sent=watch.was_sent) from error

    def _alive(self) -> _Life:
        life = self._life
        if life is None:
            raise ConfigurationError("enter the client first: async with Baseten() as baseten")
        if life.closing.is_set():
            raise closed()
        if asyncio.get_running_loop() is not life.loop:
            raise ConfigurationError("this client belongs to another event loop; make one per loop")
        return life

    def _end(self, task: asyncio.Task[Reply]) -> None:
        ended = self._under_way.pop(task)
        if not task.cancelled():
            task.exception()  # retrieved, even if the caller has left
        # The caller first, who may learn that the server asks for a pause; then the next request.
        if not ended.done():
            ended.set_result(None)
        if self._life is not None:
            self._life.slots.release()

    async def _run(self, http: httpx.AsyncClient, request: httpx.Request) -> Reply:
        limit = _TimeLimit(request.extensions["timeout"]["answer"])
        try:
            return await self._exchange(http, request)
        except asyncio.CancelledError:
            if not limit.is_over():
                raise
            # A response that trickles in for ever obeys every other limit.
            raise RequestTimeoutError(
                f"the answer of {_server(request)} was not complete after {limit.seconds:g} s",
                method=request.method,
                path=request.url.path,
                sent=True,
            ) from None
        finally:
            limit.lift()

    async def _exchange(self, http: httpx.AsyncClient, request: httpx.Request) -> Reply:
        try:
            response = await http.send(request, auth=_NO_AUTH, follow_redirects=False, stream=True)
        except httpx.HTTPStatusError as error:
            # A hook of the caller's client has raised it. We decide what a status means.
            return self._read_already(error.response)
        except RuntimeError:
            if http.is_closed:
                raise ConfigurationError("http_client was closed before this client") from None
            raise
        try:
            return await self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> Reply:
        chunks: list[bytes] = []
        size = 0
        flaw = "an HTTP cache has answered, not Baseten" if _is_stored(response) else None
        try:
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > self._max_body:
                    flaw = f"it is longer than {self._max_body} bytes"
                    break
        except httpx.StreamError:
            flaw = "a hook of the HTTP client has read it, and kept nothing"
        except httpx.DecodingError as error:
            flaw = f"its encoding is broken ({error})"
        except httpx.RequestError as error:
            if response.is_success:
                raise
            flaw = f"it was cut off ({error})"  # the status is enough
        return self._reply(response, b"".join(chunks)[: self._max_body], flaw)

    def _read_already(self, response: httpx.Response) -> Reply:
        try:
            return self._reply(response, response.content)
        except httpx.ResponseNotRead:
            return self._reply(response, b"")  # the status is enough

    def _reply(self, response: httpx.Response, body: bytes, flaw: str | None = None) -> Reply:
        headers = response.headers.items()
        return Reply(
            status=response.status_code,
            headers={name: self._secret.mask_text(value) for name, value in headers},
            body=self._secret.mask(body),
            flaw=flaw,
        )


def _is_stored(response: httpx.Response) -> bool:
    """Whether a cache of the caller's client says that it has answered by itself."""
    said: Mapping[str, Any] = response.extensions
    status = said.get("caching")
    if isinstance(status, Mapping):  # of hishel 2; older versions have no mapping of their own
        said = cast("Mapping[str, Any]", status)
    return any(
        said.get(f"{prefix}from_cache") and not said.get(f"{prefix}revalidated")
        for prefix in ("", "hishel_")
    )


def _abandon(task: asyncio.Task[Any]) -> None:
    """Cut off a request whose caller has left, after a few seconds."""
    loop = task.get_loop()
    grace = loop.call_later(ABANDONED_GRACE_S, lambda: loop.call_later(_LAST_TURN_S, task.cancel))
    task.add_done_callback(lambda _: grace.cancel())


class _TimeLimit:
    """A time limit on the current task, from now until it is lifted.

    `asyncio.timeout` would cut off requests whose replies have arrived while the loop stood still.
    """

    __slots__ = ("_cuts_off", "_loop", "_task", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(self._loop)
        self._cuts_off = False
        self._timer = self._loop.call_later(seconds, self._give_last_turn)

    def is_over(self) -> bool:
        """Whether this limit has cancelled the task. If so, the task may go on."""
        if self._cuts_off and self._task is not None:
            self._task.uncancel()
        return self._cuts_off

    def lift(self) -> None:
        """End the limit."""
        self._timer.cancel()

    def _give_last_turn(self) -> None:
        self._timer = self._loop.call_later(_LAST_TURN_S, self._cut_off)

    def _cut_off(self) -> None:
        self._cuts_off = True
        if self._task is not None:
            self._task.cancel()


def closed() -> ConfigurationError:
    """The error of a client that was closed."""
    return ConfigurationError("the client was closed; Baseten keeps working on what it was asked")


def _no_answer(error: Exception, request: httpx.Request, *, was_sent: bool) -> BasetenError:
    """The error of a request that a transport has ended with *error*, whatever that is."""
    if isinstance(error, RuntimeError) and not was_sent and _is_about_loops(error):
        return ConfigurationError(
            "http_client was used on another event loop, and holds connections of that loop; make "
            "one per loop"
        )
    kind = RequestTimeoutError if isinstance(error, httpx.TimeoutException) else TransportError
    message = f": {error}" if str(error) else ""
    return kind(
        f"no answer from {_server(request)} ({type(error).__name__}{message})",
        method=request.method,
        path=request.url.path,
        sent=was_sent or not isinstance(error.__cause__, _NOT_SENT),
    )


def _is_about_loops(error: RuntimeError) -> bool:
    """Whether asyncio or uvloop complains that something belongs to another event loop."""
    return "loop" in str(error) or "handler is closed" in str(error)


def _server(request: httpx.Request) -> str:
    """Host and port."""
    port = request.url.port or {"https": 443, "http": 80}.get(request.url.scheme)
    host = request.url.host
    return f"{f'[{host}]' if ':' in host else host}:{port}"
