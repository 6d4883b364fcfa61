"""The connections: the HTTP clients, on one event loop, from opening to closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import anyio
import httpx
from attrs import frozen

from .._clock import Clock
from .._first_use import on_first_use
from .._numbers import in_seconds
from ..errors import BasetenError, ConfigurationError, RequestTimeoutError, TransportError
from .answers import Reply
from .encodable import encodable_text
from .http_clients import HttpClients, key_sent
from .outgoing import Outgoing
from .places import Place
from .queue import Queue
from .secret import Secret, forget_variables

if TYPE_CHECKING:
    import httpcore
else:
    httpcore = on_first_use("httpcore")

#: Returns the HTTP clients, on opening.
Connect: TypeAlias = Callable[[], Awaitable[HttpClients]]

#: Seconds that an abandoned request may take to finish, so that its connection survives.
ABANDONED_GRACE_S = 5.0
# Extra seconds after a time limit. On a loop that stood still, as in a suspended process,
# everything is due at once, and replies that have arrived must be read first.
_LAST_TURN_S = 0.1
# A status below says nothing about the request. Some transports hand on even a 101, which nobody
# asked for.
_LOWEST_FINAL = 200
# Characters of a transport's own words in a message. Some quote all that a server has sent.
_LONGEST_REASON = 500


class _NoAuth(httpx.Auth):
    """No authentication of httpx's: neither from the URL nor from the client."""

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        yield request


_NO_AUTH = _NoAuth()


class _SentOnce:
    """Watches a write on its way through httpcore, and lets nobody below us send it again."""

    def __init__(self) -> None:
        self.was_sent = False
        self._is_told = False
        self._is_stopped = False

    def stop(self) -> bool:
        """Do not let it be sent any longer; returns whether it certainly was not."""
        self._is_stopped = True
        return self._is_told and not self.was_sent

    async def __call__(self, event: str, details: Mapping[str, Any]) -> None:
        """Called by httpcore with each of its steps."""
        self._is_told = True
        if not event.endswith(".send_request_headers.started"):
            return
        if details["request"].method == b"CONNECT":  # a proxy is asked for the way
            return
        if self.was_sent:
            raise httpx.WriteError("a layer below was about to send the request again")
        if self._is_stopped:
            raise httpx.WriteError("the client was closed")
        self.was_sent = True


class _CutOff:
    """Cuts off a request, later or now.

    It uses a cancel scope of anyio's, because httpx's pool guards its books with those: cancelling
    the task at the wrong moment would cost the pool a connection for ever.
    """

    __slots__ = ("_loop", "_timer", "scope")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.scope = anyio.CancelScope()
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> None:
        """Cut it off."""
        self.scope.cancel()

    def after(self, seconds: float) -> None:
        """Cut it off after so many seconds, and not at an earlier time."""
        self.lift()
        self._timer = self._loop.call_later(seconds, self._give_last_turn)

    def lift(self) -> None:
        """Do not cut it off."""
        if self._timer is not None:
            self._timer.cancel()

    def _give_last_turn(self) -> None:
        self._timer = self._loop.call_later(_LAST_TURN_S, self.now)


@frozen(eq=False)
class _UnderWay:
    """A request that was sent.

    Attributes:
        ended: Tells its caller the reply, or ``None`` if there is none.
        cut_off: Ends it.
        place: What it holds.
    """

    ended: asyncio.Future[Reply | None]
    cut_off: _CutOff
    place: Place


@frozen
class _Life:
    """Everything that exists from opening to closing."""

    loop: asyncio.AbstractEventLoop
    closing: asyncio.Event
    closed: asyncio.Event
    http: HttpClients


class Connections:
    """Sends requests, each in a task of its own, and survives callers that leave.

    Cutting off a request costs its connection, and making one takes longer than most requests. So a
    caller that leaves only abandons its request: it may finish for a few seconds, or until another
    one needs its place.

    Attributes:
        queue: Where requests wait for their turn and a place, before they are sent.
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
            secret: Sent, and masked in headers and errors that are returned from here.
            closes: Whether closing closes the HTTP clients.
            max_connections: How many requests may be sent at the same time.
            max_body: Bytes of a response body that are read at most.
        """
        self.clock = clock
        self.queue = Queue(clock, max_connections, self._make_room)
        self._connect = connect
        self._secret = secret
        self._closes = closes
        self._max_body = max_body
        self._was_opened = False
        self._life: _Life | None = None
        self._under_way: dict[asyncio.Task[Reply], _UnderWay] = {}
        self._abandoned: dict[asyncio.Task[Reply], _UnderWay] = {}

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
            closed=asyncio.Event(),
            http=http,
        )

    async def aclose(self) -> None:
        """End all requests, with an error for their callers.

        Safe to call twice, also at the same time: both return when it is closed. Call `check_loop`
        first.
        """
        life = self._life
        if life is None:
            return
        if life.closing.is_set():
            await life.closed.wait()
            return
        life.closing.set()
        self.queue.close(closed)
        try:
            for one in self._under_way.values():
                if not one.ended.done():
                    one.ended.set_result(None)
            await self._end_all(life)
        finally:
            life.closed.set()

    async def _end_all(self, life: _Life) -> None:
        try:
            if not self._closes:
                # The caller's pool lives on, and keeps the connections of requests that end by
                # themselves.
                await self._ends_within(ABANDONED_GRACE_S)
                await self._ends_within(_LAST_TURN_S)
        finally:
            # The closing task may be cancelled meanwhile, and nobody else does this.
            try:
                for one in self._under_way.values():
                    one.cut_off.now()
                await self._ends_within(_LAST_TURN_S)
            finally:
                for task in self._under_way:  # a hook of the caller's may resist
                    task.cancel()
                try:
                    await self._ends_within(None)
                finally:
                    if self._closes:
                        await life.http.aclose()

    async def _ends_within(self, seconds: float | None) -> None:
        """Wait until no request is under way, or until the time is over."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

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

    async def send(self, outgoing: Outgoing, place: Place) -> Reply:
        """Send a request, read the response, and give back the place when the request ends.

        The request has no key: the frames of every caller hold it, and those of a caller that is
        cancelled show up in the traceback while the request still hangs.
        A caller that is cancelled leaves at once and abandons the request.

        Raises:
            TransportError: There is no response. Of a write, that also says that the client was
                closed when it may have been sent.
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        life = self._alive()
        watch = _SentOnce()
        one = _UnderWay(life.loop.create_future(), _CutOff(life.loop), place)
        task = life.loop.create_task(self._run(life.http.of(outgoing), outgoing, one, watch))
        self._under_way[task] = one
        task.add_done_callback(self._end)
        try:
            if (reply := await one.ended) is not None:
                return reply
        except asyncio.CancelledError:
            if not task.done():
                one.cut_off.after(ABANDONED_GRACE_S)
                self._abandoned[task] = one
                self.queue.advance()  # somebody may need its place
            raise
        if life.closing.is_set() and (not task.done() or task.cancelled()):
            if outgoing.is_read or watch.stop():
                raise closed()
            raise TransportError(
                "the client was closed before the answer came",
                method=outgoing.method,
                path=outgoing.url.path,
                sent=True,
            )
        if task.cancelled() or isinstance(task.exception(), GeneratorExit):
            raise TransportError(
                "other code, or a hook of the HTTP client, has cancelled the task of the request",
                method=outgoing.method,
                path=outgoing.url.path,
                sent=True,
            )
        error = task.exception()
        if error is None:  # it was closing, and the reply has just come
            return task.result()
        forget_variables(error)
        if isinstance(error, BasetenError) or not isinstance(error, Exception):
            raise error
        self._secret.mask_error(error)
        raise _no_answer(error, outgoing, was_sent=watch.was_sent) from error

    def _alive(self) -> _Life:
        life = self._life
        if life is None:
            raise ConfigurationError("enter the client first: async with Baseten() as baseten")
        if life.closing.is_set():
            raise closed()
        self.check_loop()
        return life

    def _end(self, task: asyncio.Task[Reply]) -> None:
        one = self._under_way.pop(task)
        self._abandoned.pop(task, None)
        if not task.cancelled():
            task.exception()  # retrieved, even if the caller has left
        if not one.ended.done():
            one.ended.set_result(None)
        # The caller has gone on already, and may know that the server asks for a pause.
        self.queue.leave(one.place)

    def _make_room(self) -> None:
        """Cut off the oldest request that nobody waits for any longer."""
        for one in self._abandoned.values():
            one.cut_off.now()
            return

    async def _run(
        self,
        http: httpx.AsyncClient,
        outgoing: Outgoing,
        one: _UnderWay,
        watch: _SentOnce,
    ) -> Reply:
        limit = outgoing.timeouts["answer"]
        one.cut_off.after(limit)
        key_sent.set(self._secret)  # its task has a context of its own
        extensions = {} if outgoing.is_read else {"trace": watch}
        request = outgoing.with_key(self._secret, **extensions)
        reply: Reply | None = None
        try:
            with one.cut_off.scope:
                reply = await self._exchange(http, request)
        finally:
            one.cut_off.lift()
            if reply is None:  # the error may hold the request
                request.headers.pop("authorization", None)
        if reply is not None:
            if not one.ended.done():
                one.ended.set_result(reply)
            return reply
        # A response that trickles in for ever obeys every other limit.
        was_not_sent = watch.stop()
        raise RequestTimeoutError(
            f"there was no connection to {outgoing.server} after {in_seconds(limit)}"
            if was_not_sent
            else f"the answer of {outgoing.server} was not complete after {in_seconds(limit)}",
            method=outgoing.method,
            path=outgoing.url.path,
            sent=not was_not_sent,
        )

    async def _exchange(self, http: httpx.AsyncClient, request: httpx.Request) -> Reply:
        if http.is_closed:
            raise ConfigurationError("http_client was closed before this client")
        try:
            response = await http.send(request, auth=_NO_AUTH, follow_redirects=False, stream=True)
        except httpx.HTTPStatusError as error:
            # A hook of the caller's client has raised it. We decide what a status means.
            return self._read_already(error.response)
        try:
            if response.status_code < _LOWEST_FINAL:
                raise httpx.RemoteProtocolError(f"status {response.status_code} is not a final one")
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
            body=body,
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


def closed() -> ConfigurationError:
    """The error of a client that was closed."""
    return ConfigurationError("the client was closed; Baseten keeps working on what it was asked")


def _no_answer(error: Exception, outgoing: Outgoing, *, was_sent: bool) -> BasetenError:
    """The error of a request that a transport has ended with *error*, whatever that is."""
    if isinstance(error, RuntimeError) and not was_sent and _is_about_loops(error):
        return ConfigurationError(
            "http_client was used on another event loop, and holds connections of that loop; make "
            "one per loop"
        )
    kind = RequestTimeoutError if isinstance(error, httpx.TimeoutException) else TransportError
    message = f": {encodable_text(str(error))[:_LONGEST_REASON]}" if str(error) else ""
    return kind(
        f"no answer from {outgoing.server} ({type(error).__name__}{message})",
        method=outgoing.method,
        path=outgoing.url.path,
        sent=was_sent or not isinstance(error.__cause__, _not_sent()),
    )


def _not_sent() -> tuple[type[Exception], ...]:
    """What httpcore raises before a request can have reached the server.

    The names of httpx prove nothing: other transports raise its ConnectError for a connection that
    was reset after sending.
    """
    return (
        httpcore.ConnectError,
        httpcore.ConnectTimeout,
        httpcore.PoolTimeout,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
    )


def _is_about_loops(error: RuntimeError) -> bool:
    """Whether asyncio or uvloop complains that something belongs to another event loop."""
    return "loop" in str(error) or "handler is closed" in str(error)
