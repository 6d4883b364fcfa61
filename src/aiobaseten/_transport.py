"""The border: a generated operation goes in, a value or one of our exceptions comes out.

Everything that can go wrong in the server, on the way, or in the decoding of what comes back is
made an exception of `errors` here and in `_wire`, and nowhere else.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import httpx
from aiobaseten_generated.client import Operation as Operation
from aiobaseten_generated.types import UNSET, Unset
from attrs import evolve, field, frozen

from ._arguments import choice, seconds
from ._clock import EARLY_S, Clock
from ._limits import Window, documented_window
from ._retry import RetryPolicy, RetryQuota, asked_delay, delay_before_repeat
from ._secret import Secret
from ._version import __version__
from ._wire import Reply, Wire
from .errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BasetenError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
    TransportError,
)

T = TypeVar("T")
U = TypeVar("U")

_LOG = logging.getLogger("aiobaseten")
_DEFAULT = RetryPolicy()
_EXCERPT = 2000
_PAUSE_AFTER_429_S = 1.0
_REQUEST_ID_HEADERS = (b"x-request-id", b"request-id", b"x-amzn-requestid", b"cf-ray")
# Parsing an address is a fifth of what httpx does for a request, and a poll has but one address.
_parsed = lru_cache(maxsize=1024)(httpx.URL)
# What decoding raises: an infinite number, of which JSON in Python knows, is an ArithmeticError.
_MISFITS = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitError,
}


@frozen
class Answer(Generic[T]):
    """What the server answered to a look."""

    value: T
    request_id: str | None
    #: The hash of the body, which tells whether the next one is the same: that two different ones
    #: have the same happens once in 10^19 looks, and only delays what is told by one look.
    seen: int | None = None


@frozen(kw_only=True)
class Settings:
    """Where and how to send.

    Attributes:
        base_url: Without a slash at its end.
        inference_url: Where models answer, with ``{model_id}`` in it.
        secret: The key.
        timeouts: Seconds to connect, read, write, wait for a connection, and for all of it.
        retry: How calls are repeated. Looks never are: the wait looks again.
    """

    base_url: str
    inference_url: str
    secret: Secret
    timeouts: dict[str, float]
    retry: RetryPolicy


def given(name: str, value: bool | None) -> bool | Unset:
    """*value* as a request takes it: what is ``None`` is not sent, and left to Baseten.

    Raises:
        ConfigurationError: It is something else than true, false or ``None``.
    """
    chosen = choice(name, value)
    return UNSET if chosen is None else chosen


def then(operation: Operation[T], read: Callable[[T], U]) -> Operation[U]:
    """*operation*, read further: what *read* does not understand does not fit the spec."""
    parse = operation.parse
    return Operation(
        method=operation.method,
        path=operation.path,
        url=operation.url,
        parse=lambda data: read(parse(data)),
        body=operation.body,
        params=operation.params,
    )


class Line:
    """Where requests of one class queue, first come first served.

    Only the first in the line watches the window, and waits for a connection. So one who leaves the
    line takes nothing along, and those who wait for a connection have not passed the window.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self._first = asyncio.Lock()

    async def pass_through(self, wire: Wire) -> None:
        """Wait for one's turn and for a connection, and take both."""
        now = wire.clock.now()
        if not self._first.locked() and self.window.free_at(now) <= now and not wire.is_full:
            self.window.take(now)
            await wire.reserve()  # at once
            return
        async with self._first:
            await wire.reserve()
            # Timers may fire a clock's resolution early: what is left then is not worth sleeping.
            while (wait := self.window.free_at(wire.clock.now()) - wire.clock.now()) > EARLY_S:
                wire.release()
                await wire.pause(wait)
                await wire.reserve()
            self.window.take(wire.clock.now())


class Budgets:
    """What all requests of a client share: a line for each endpoint, and the quota for repeating.

    Attributes:
        retries: The quota.
        wrote_at: When a request that may change something was last under way.
    """

    def __init__(self) -> None:
        self.wrote_at: float = float("-inf")
        self.retries: RetryQuota = RetryQuota()
        self._endpoints: dict[tuple[str, str], Line] = {}

    def endpoint(self, operation: Operation[Any]) -> Line:
        """The line of an operation's endpoint."""
        key = (operation.method, operation.path)
        if key not in self._endpoints:
            self._endpoints[key] = Line(documented_window(*key))
        return self._endpoints[key]


@frozen
class Transport:
    """Sends operations: in line, repeated where that is safe, and decoded."""

    settings: Settings
    wire: Wire
    budgets: Budgets
    _reading_headers: httpx.Headers = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        headers = httpx.Headers(
            {"host": _parsed(self.settings.base_url).netloc.decode("ascii"), **self._headers()}
        )
        object.__setattr__(self, "_reading_headers", headers)

    @property
    def clock(self) -> Clock:
        """The client's clock."""
        return self.wire.clock

    @property
    def wrote_at(self) -> float:
        """When a request that may change something was last under way, on the clock."""
        return self.budgets.wrote_at

    def with_settings(self, **changes: Any) -> Transport:
        """The same connections and budgets, used differently."""
        return evolve(self, settings=evolve(self.settings, **changes))

    async def send(self, operation: Operation[T], *, host: str | None = None) -> T:
        """Send *operation*, again if need be, and return what it answers.

        Args:
            operation: The request.
            host: Where to send it, if not to the management API.

        Raises:
            BasetenError: Whatever went wrong.
        """
        self.wire.check()
        policy = self.settings.retry
        line = self.budgets.endpoint(operation)
        request = self._request(operation, host or self.settings.base_url)
        await line.pass_through(self.wire)
        started = self.clock.now()
        attempt = 1
        while True:
            try:
                reply = await self._reply(operation, request, self.wire.send, attempt)
                value = self._value(operation, request, reply)
            except (APIError, TransportError) as error:
                self._slow_down(operation, error, policy)
                delay = delay_before_repeat(
                    error,
                    is_read=operation.method == "GET",
                    attempt=attempt,
                    elapsed=self.clock.now() - started,
                    chance=self.clock.random(),
                    policy=policy,
                )
                if delay is None or not self.budgets.retries.spend():
                    raise
                await self.wire.pause(delay)
                request = self._request(operation, host or self.settings.base_url)
                try:
                    async with self.clock.timeout_at(started + seconds("total", policy.total)):
                        await line.pass_through(self.wire)
                except TimeoutError:
                    raise error from error.__cause__  # the line was too long
                attempt += 1
            else:
                self.budgets.retries.refund()
                return value

    async def look(self, operation: Operation[T], before: Answer[T] | None) -> Answer[T]:
        """Send *operation* once, as a look of a wait: the wait looks again.

        It is sent from the current task, which has to be one that nobody cancels.

        Args:
            operation: The request.
            before: What it was answered last, which is not decoded again if it has not changed.

        Raises:
            BasetenError: Whatever went wrong.
        """
        request = self._request(operation, self.settings.base_url)
        await self.budgets.endpoint(operation).pass_through(self.wire)
        try:
            reply = await self._reply(operation, request, self.wire.send_from_here, 1)
            is_whole = 200 <= reply.status < 300 and not reply.flaw
            seen = hash(reply.body) if is_whole else None
            if before is not None and seen is not None and seen == before.seen:
                value = before.value
            else:
                value = self._value(operation, request, reply)
        except (APIError, TransportError) as error:
            self._slow_down(operation, error, _DEFAULT)
            raise
        self.budgets.retries.refund()
        return Answer(value, _request_id(reply), seen)

    async def _reply(
        self,
        operation: Operation[Any],
        request: httpx.Request,
        send: Callable[[httpx.Request], Awaitable[Reply]],
        attempt: int,
    ) -> Reply:
        began = self.clock.now()
        reply: Reply | None = None
        try:
            reply = answered = await send(request)
        finally:
            if operation.method != "GET":
                self.budgets.wrote_at = self.clock.now()
            if _LOG.isEnabledFor(logging.DEBUG):
                self._log(operation, reply, self.clock.now() - began, attempt)
        return answered

    @staticmethod
    def _log(operation: Operation[Any], reply: Reply | None, duration: float, attempt: int) -> None:
        status = None if reply is None else reply.status
        request_id = None if reply is None else _request_id(reply)
        _LOG.debug(
            "%s %s: %s in %.3f s (attempt %d, request id %s)",
            operation.method,
            operation.path,
            status or "no answer",
            duration,
            attempt,
            request_id,
            extra={
                "method": operation.method,
                "path_template": operation.path,
                "status": status,
                "duration": duration,
                "attempt": attempt,
                "request_id": request_id,
            },
        )

    def _headers(self) -> dict[str, str]:
        return {
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "authorization": self.settings.secret.authorization(),
            "user-agent": f"aiobaseten/{__version__}",
        }

    def _request(self, operation: Operation[Any], host: str) -> httpx.Request:
        url = _parsed(host + operation.url)
        if operation.params:
            url = url.copy_merge_params(operation.params)
        extensions = {"timeout": self.settings.timeouts}
        if operation.method == "GET" and host == self.settings.base_url:
            # With a stream, httpx takes the headers as they are, which makes this cheap.
            request = httpx.Request(
                "GET",
                url,
                headers=self._reading_headers,
                stream=httpx.ByteStream(b""),
                extensions=extensions,
            )
            request.read()  # hooks may ask for its content
            return request
        headers = self._headers()
        content = None
        if operation.body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(operation.body).encode()
        return httpx.Request(
            operation.method, url, headers=headers, content=content, extensions=extensions
        )

    def _value(self, operation: Operation[T], request: httpx.Request, reply: Reply) -> T:
        """The value, or the exception that the reply stands for."""
        if not 200 <= reply.status < 300:
            raise self._refusal(request, reply)
        try:
            if reply.flaw:
                raise ValueError(reply.flaw)
            return operation.parse(json.loads(reply.body) if reply.body else None)
        except _MISFITS as error:
            self.settings.secret.blot_error(error)
            raise ResponseShapeError(
                _misfit(error, reply),
                status=reply.status,
                method=request.method,
                path=request.url.path,
                body=_excerpt(reply.body),
                request_id=_request_id(reply),
            ) from error

    def _refusal(self, request: httpx.Request, reply: Reply) -> APIError:
        status = reply.status
        kind = _BY_STATUS.get(status) or (ServerError if status >= 500 else APIError)
        said = _json_object(reply.body)
        # Once more: in JSON the key may have stood escaped, or in another encoding.
        code, message = map(self.settings.secret.blot_text, _code_and_message(said))
        if 300 <= status < 400:
            message = f"redirected to {reply.headers.get('location', 'nowhere')}, not followed"
        error = kind(
            message or ("" if said else _excerpt(reply.body)[:200]),
            status=status,
            method=request.method,
            path=request.url.path,
            code=code or None,
            body=_excerpt(reply.body),
            request_id=_request_id(reply),
        )
        error.retry_after = asked_delay(reply.headers, said, self.clock.utcnow())
        return error

    def _slow_down(
        self, operation: Operation[Any], error: BasetenError, policy: RetryPolicy
    ) -> None:
        """After a 429, everybody leaves the endpoint alone for as long as it asks."""
        if isinstance(error, RateLimitError):
            asked = error.retry_after if error.retry_after is not None else _PAUSE_AFTER_429_S
            bound = seconds("max_retry_after", policy.max_retry_after)
            line = self.budgets.endpoint(operation)
            line.window.pause(self.clock.now() + min(asked, bound))


def _request_id(reply: Reply) -> str | None:
    # One pass over the raw headers: looking each name up would decode all of them each time.
    sent = {key.lower() for key, _ in reply.headers.raw}
    name = next((name for name in _REQUEST_ID_HEADERS if name in sent), None)
    return None if name is None else reply.headers[name.decode()]


def _misfit(error: Exception, reply: Reply) -> str:
    if reply.flaw:
        return reply.flaw
    if not reply.body:
        return "it is empty"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"it is not JSON ({error})"
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    return f"it does not fit the spec ({error})"


def _excerpt(body: bytes) -> str:
    text = body[: 4 * _EXCERPT].decode("utf-8", "replace")
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + " …"


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _code_and_message(said: dict[str, Any]) -> tuple[str, str]:
    """Baseten says it in several ways: ``code``, ``error``, ``message``, ``detail``."""

    def text(key: str) -> str:
        value = said.get(key)
        if value is None:
            return ""
        return (value if isinstance(value, str) else json.dumps(value))[:_EXCERPT]

    message = text("message")
    code = text("code") or (text("error") if message else "")
    return code, message or text("error") or text("detail") or text("details")
