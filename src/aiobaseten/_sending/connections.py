"""The connections: one `httpx.AsyncClient`, on one event loop, from opening to closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
from attrs import frozen

from .._clock import Clock
from ..errors import ConfigurationError, RequestTimeoutError, TransportError
from .answers import Reply
from .places import Place
from .queue import Queue
from .secret import Secret, forget_variables

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
# httpx raises these before a request can have reached the server.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class _NoCookies(httpx.Cookies):
    """A cookie jar that stays empty."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Ignore them."""


class HttpClient(httpx.AsyncClient):
    """The client that we make when the caller passes none: it keeps no cookies."""

    _none = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        """No cookies, whatever a server sets."""
        return self._none

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise AttributeError(f"this client keeps no cookies, so it cannot take {cookies!r}")


@frozen
class _Life:
    """Everything that exists from opening to closing."""

    loop: asyncio.AbstractEventLoop
    closing: asyncio.Event
    closed: asyncio.Event
    http: httpx.AsyncClient


class Connections:
    """Sends requests, each in a task of its own, and survives callers that leave.

    Cutting off a request on the wire can cost httpx's pool the connection for ever; after some
    hundred cancelled calls the pool is unusable. So a caller that leaves only abandons its request:
    the request may finish for a few seconds, and its connection is kept.

    Attributes:
        queue: Where requests wait for their turn and a place, before they are sent.
    """

    def __init__(
        self,
        clock: Clock,
        connect: Callable[[], httpx.AsyncClient],
        secret: Secret,
        *,
        closes: bool,
        max_connections: int,
        max_body: int,
    ) -> None:
        """Store the settings.

        Args:
            clock: The client's.
            connect: Returns the HTTP client; called on opening.
            secret: Masked in headers and errors that are returned from here.
            closes: Whether closing closes the HTTP client.
            max_connections: How many requests may be sent at the same time.
            max_body: Bytes of a response body that are read at most.
        """
        self.clock = clock
        self.queue = Queue(clock, max_connections, lambda: None)
        self._connect = connect
        self._secret = secret
        self._closes = closes
        self._max_body = max_body
        self._life: _Life | None = None
        # Each request's task, and the future that tells its caller about the end.
        self._under_way: dict[asyncio.Task[Reply], asyncio.Future[None]] = {}

    def open(self) -> None:
        """Bind to the running loop.

        Raises:
            ConfigurationError: They were opened before.
        """
        if self._life is not None:
            raise ConfigurationError("this client was entered before; make a new one")
        self._life = _Life(
            loop=asyncio.get_running_loop(),
            closing=asyncio.Event(),
            closed=asyncio.Event(),
            http=self._connect(),
        )

    async def aclose(self) -> None:
        """End all requests, with an error for their callers.

        Safe to call twice, also at the same time: both return when it is closed.

        Raises:
            ConfigurationError: They belong to another event loop.
        """
        life = self._life
        if life is None:
            return
        self.check_loop()
        if life.closing.is_set():
            await life.closed.wait()
            return
        life.closing.set()
        self.queue.close(closed)
        try:
            for ended in self._under_way.values():
                if not ended.done():
                    ended.set_result(None)
            await self._cut_off_all(life)
        finally:
            life.closed.set()

    async def _cut_off_all(self, life: _Life) -> None:
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

    def check_loop(self) -> None:
        """Check that they are not used from another event loop than their own.

        Raises:
            ConfigurationError: They are.
        """
        if self._life is not None and asyncio.get_running_loop() is not self._life.loop:
            raise ConfigurationError("this client belongs to another event loop; make one per loop")

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

    async def send(self, request: httpx.Request, place: Place) -> Reply:
        """Send a request, read the response, and give back the place when the request ends.

        A caller that is cancelled leaves at once and abandons the request.

        Raises:
            TransportError: There is no response.
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        life = self._alive()
        ended = life.loop.create_future()
        task = life.loop.create_task(self._run(life.http, request))
        self._under_way[task] = ended
        task.add_done_callback(lambda task: self._end(task, place))
        try:
            await ended
        except asyncio.CancelledError:
            _abandon(task)
            task.add_done_callback(lambda _: request.headers.pop("authorization", None))
            raise
        if life.closing.is_set() and (not task.done() or task.cancelled()):
            raise closed()
        if task.cancelled() or isinstance(task.exception(), GeneratorExit):
            raise TransportError(
                "other code, or a hook of the HTTP client, has cancelled the task of the request",
                method=request.method,
                path=request.url.path,
                sent=True,
            )
        error = task.exception()
        if error is not None:
            # The error may hold the request.
            request.headers.pop("authorization", None)
            forget_variables(error)
            raise error
        return task.result()

    def _alive(self) -> _Life:
        life = self._life
        if life is None:
            raise ConfigurationError("enter the client first: async with Baseten() as baseten")
        if life.closing.is_set():
            raise closed()
        self.check_loop()
        return life

    def _end(self, task: asyncio.Task[Reply], place: Place) -> None:
        ended = self._under_way.pop(task)
        if not task.cancelled():
            task.exception()  # retrieved, even if the caller has left
        if not ended.done():
            ended.set_result(None)
        # The caller first, who may learn that the server asks for a pause; then the next request.
        task.get_loop().call_soon(self.queue.leave, place)

    async def _run(self, http: httpx.AsyncClient, request: httpx.Request) -> Reply:
        limit = _TimeLimit(request.extensions["timeout"]["answer"])
        try:
            return await self._exchange(http, request)
        except httpx.RequestError as error:
            self._secret.mask_error(error)
            raise _no_answer(error, request) from error
        except asyncio.CancelledError:
            if not limit.is_over():
                raise
            # A response that trickles in for ever obeys every other limit.
            raise RequestTimeoutError(
                f"the answer was not complete after {limit.seconds:g} s",
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
        flaw = None
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
            body=body,
            flaw=flaw,
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


def _no_answer(error: httpx.RequestError, request: httpx.Request) -> TransportError:
    kind = RequestTimeoutError if isinstance(error, httpx.TimeoutException) else TransportError
    message = f": {error}" if str(error) else ""
    return kind(
        f"{type(error).__name__}{message}",
        method=request.method,
        path=request.url.path,
        sent=not isinstance(error, _NOT_SENT),
    )
