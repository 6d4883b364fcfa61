"""The connections: one `httpx.AsyncClient`, on one event loop, from opening to closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

import httpx
from attrs import frozen

from ._clock import Clock
from ._secret import Secret
from .errors import ConfigurationError, RequestTimeoutError, TransportError

#: Seconds for which a request whose caller has left may finish, so that its connection survives.
ABANDONED_GRACE_S = 5.0
# Seconds that a request has left when its time is up. On a loop that stood still, as in a process
# that was suspended, everything is due at once; what has arrived meanwhile is to be read first, for
# a request that is cut off between two steps, and not while it waits, costs httpx the connection.
_LAST_TURN_S = 0.1


class _NoAuth(httpx.Auth):
    """Neither what the URL says nor the client's own; said so, httpx need not look for it."""

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        yield request


_NO_AUTH = _NoAuth()
# What httpx raises before a request can have reached the server.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class _NoCookies(httpx.Cookies):
    """Takes none."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them where they are."""


class HttpClient(httpx.AsyncClient):
    """Ours, when the caller brings none: it keeps no cookies.

    Requests are known by their key, and send none back. Filing them is a quarter of what httpx does
    for a request.
    """

    _none = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        """None, whatever a server says."""
        return self._none

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise AttributeError(f"this client keeps no cookies, {cookies!r} neither")


@frozen(kw_only=True)
class Reply:
    """An answer, read as far as it went, without the key, should it have been said back.

    Attributes:
        status: HTTP status.
        headers: Its headers.
        body: Its body, decompressed.
        flaw: Why the body is not whole, or ``None``.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    flaw: str | None = None


class Wire:
    """Sends requests, each in a task of its own, and survives those who stop waiting for them.

    Cutting a request off on the wire can cost httpx's pool the connection for ever; some hundred
    cancelled calls then make the pool unusable. So a caller that leaves only abandons the result:
    the request may finish for a few seconds, under its timeouts, and waiting for a free connection
    happens in the caller: `reserve`, then `send`, with nothing to wait for between them.
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
        """Remember the settings.

        Args:
            clock: The client's.
            connect: Gives the HTTP client; called on opening.
            secret: What nothing that comes from here may show.
            closes: Whether to close it on closing.
            max_connections: Requests that may be under way at once.
            max_body: Bytes of an answer that are read at most.
        """
        self.clock = clock
        self._connect = connect
        self._secret = secret
        self._closes = closes
        self.max_connections = max_connections
        self._max_body = max_body
        self._life: _Life | None = None
        # Whoever waits for the task has a future; a look waits for itself.
        self._under_way: dict[asyncio.Task[Any], asyncio.Future[None] | None] = {}

    def open(self) -> None:
        """Bind to the running loop.

        Raises:
            ConfigurationError: It was opened before.
        """
        if self._life is not None:
            raise ConfigurationError("this client was entered before; make a new one")
        self._life = _Life(
            loop=asyncio.get_running_loop(),
            closing=asyncio.Event(),
            slots=asyncio.Semaphore(self.max_connections),
            http=self._connect(),
        )

    async def aclose(self) -> None:
        """End what is under way, with an error for whoever waits for it. Safe to call twice."""
        life = self._life
        if life is None or life.closing.is_set():
            return
        life.closing.set()
        for ended in self._under_way.values():
            if ended is not None and not ended.done():
                ended.set_result(None)
        try:
            if self._under_way and not self._closes:
                # The pool lives on: it would miss the connections of what is cut off.
                await asyncio.wait(self._under_way, timeout=ABANDONED_GRACE_S)
            if self._under_way and not self._closes:
                await asyncio.wait(self._under_way, timeout=_LAST_TURN_S)
        finally:
            # Whoever closes may be cancelled meanwhile, and nobody else comes to do this.
            for task in self._under_way:
                task.cancel()
            try:
                if self._under_way:
                    await asyncio.wait(self._under_way)
            finally:
                if self._closes:
                    await life.http.aclose()

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
    def is_full(self) -> bool:
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
        """Give back what was reserved, and not used after all."""
        self._alive().slots.release()

    async def send(self, request: httpx.Request) -> Reply:
        """Send a request and read the answer. A caller that is cancelled leaves at once.

        It takes a connection that was reserved.

        Raises:
            TransportError: There is no answer.
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        life = self._alive()
        ended = life.loop.create_future()
        task = life.loop.create_task(self._run_for(ended, life.http, request))
        self._under_way[task] = ended
        task.add_done_callback(partial(self._ended, ended))
        try:
            await ended
        except asyncio.CancelledError:
            self.abandon(task)
            raise
        if not task.done() or task.cancelled():
            raise closed()
        return task.result()

    async def send_from_here(self, request: httpx.Request) -> Reply:
        """Send a request and read the answer in the current task, which saves one.

        It takes a connection that was reserved. Nobody may cancel that task: `abandon` it instead.

        Raises:
            TransportError: There is no answer.
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        life = self._alive()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._under_way[task] = None
        try:
            return await self._run(life.http, request)
        finally:
            self._under_way.pop(task, None)
            life.slots.release()

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """End a task that sends: at once, or, once its request is under way, in a few seconds."""
        if task not in self._under_way:
            task.cancel()
            return
        loop = task.get_loop()
        grace = loop.call_later(
            ABANDONED_GRACE_S, lambda: loop.call_later(_LAST_TURN_S, task.cancel)
        )
        task.add_done_callback(lambda _: grace.cancel())

    def check(self) -> None:
        """Raise ConfigurationError if the client cannot be used here and now."""
        self._alive()

    def _alive(self) -> _Life:
        life = self._life
        if life is None:
            raise ConfigurationError("enter the client first: async with Baseten() as baseten")
        if life.closing.is_set():
            raise closed()
        if asyncio.get_running_loop() is not life.loop:
            raise ConfigurationError("this client belongs to another event loop; make one per loop")
        return life

    def _ended(self, ended: asyncio.Future[None], task: asyncio.Task[Reply]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled():
            task.exception()  # seen, even if whoever waited for it has left
        # First whoever asked, who may learn that the server wants to be left alone; then the next.
        if not ended.done():
            ended.set_result(None)
        if self._life is not None:
            self._life.slots.release()

    async def _run_for(
        self, ended: asyncio.Future[None], http: httpx.AsyncClient, request: httpx.Request
    ) -> Reply:
        try:
            return await self._run(http, request)
        finally:
            # From here, whoever asked learns of it one turn of the loop earlier.
            if not ended.done():
                ended.set_result(None)

    async def _run(self, http: httpx.AsyncClient, request: httpx.Request) -> Reply:
        limit = _TimeLimit(request.extensions["timeout"]["answer"])
        try:
            return await self._exchange(http, request)
        except httpx.RequestError as error:
            # The error holds the request: the key must not be found there.
            request.headers.pop("authorization", None)
            self._secret.blot_error(error)
            raise _no_answer(error, request) from error
        except asyncio.CancelledError:
            if not limit.is_over():
                raise
            # An answer that trickles in for ever keeps to every other limit.
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
            # A hook of the caller's client has raised it. What it means is for us to say.
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
            flaw = f"it was cut off ({error})"  # the status says enough
        return Reply(
            status=response.status_code,
            headers=self._without_key(response.headers),
            body=self._secret.blot(b"".join(chunks)[: self._max_body]),
            flaw=flaw,
        )

    def _read_already(self, response: httpx.Response) -> Reply:
        try:
            body = response.content
        except httpx.ResponseNotRead:
            body = b""  # the status says enough
        return Reply(
            status=response.status_code,
            headers=self._without_key(response.headers),
            body=self._secret.blot(body),
        )

    def _without_key(self, headers: httpx.Headers) -> httpx.Headers:
        said = b"\n".join([value for _, value in headers.raw])
        if self._secret.blot(said) == said:
            return headers
        return httpx.Headers([(name, self._secret.blot(value)) for name, value in headers.raw])


class _TimeLimit:
    """A limit on what the current task does from here on, until it is lifted.

    `asyncio.timeout` would do, at twice the cost, in what every request goes through.
    """

    __slots__ = ("_cuts_off", "_loop", "_task", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(self._loop)
        self._cuts_off = False
        self._timer = self._loop.call_later(seconds, self._give_last_turn)

    def is_over(self) -> bool:
        """Whether it is this that has cancelled the task. The task may go on after that."""
        if self._cuts_off and self._task is not None:
            self._task.uncancel()
        return self._cuts_off

    def lift(self) -> None:
        """It no longer holds."""
        self._timer.cancel()

    def _give_last_turn(self) -> None:
        self._timer = self._loop.call_later(_LAST_TURN_S, self._cut_off)

    def _cut_off(self) -> None:
        self._cuts_off = True
        if self._task is not None:
            self._task.cancel()


@frozen
class _Life:
    """What exists from opening on."""

    loop: asyncio.AbstractEventLoop
    closing: asyncio.Event
    slots: asyncio.Semaphore
    http: httpx.AsyncClient


def closed() -> ConfigurationError:
    """What whoever uses a closed client is told."""
    return ConfigurationError("the client was closed; Baseten keeps working on what it was asked")


def _no_answer(error: httpx.RequestError, request: httpx.Request) -> TransportError:
    kind = RequestTimeoutError if isinstance(error, httpx.TimeoutException) else TransportError
    said = f": {error}" if str(error) else ""
    return kind(
        f"{type(error).__name__}{said}",
        method=request.method,
        path=request.url.path,
        sent=not isinstance(error, _NOT_SENT),
    )
