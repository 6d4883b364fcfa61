"""Sends operations: in the queue of their route, repeated where that is safe, and judged."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from aiobaseten_generated.client import Operation
from attrs import evolve, field, frozen

from .._arguments import seconds
from .._clock import Clock
from .._first_use import load_the_rest
from ..errors import (
    APIError,
    BasetenError,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
)
from ..options import RetryPolicy
from .answers import WHOSE_KEY, Reply, judge
from .connections import Connections
from .http_clients import is_look
from .outgoing import Outgoing, outgoing_of
from .places import Place
from .queue import Kind, Route
from .retry import delay_before_repeat, seconds_since_1970
from .secret import Secret

T = TypeVar("T")

_LOG = logging.getLogger("aiobaseten")
_PAUSE_AFTER_429_S = 1.0
# Seconds for the user of a key that was refused, and between two such questions.
_OWNER_WITHIN_S = 2.0
_ASK_OWNER_EVERY_S = 60.0
# Answers whose dates are compared.
_DATES = 20


@frozen(kw_only=True)
class Settings:
    """Where and how requests are sent.

    Attributes:
        base_url: Without a slash at its end.
        inference_url: The address of models, with ``{model_id}`` in it.
        secret: The API key.
        timeouts: Seconds to connect, read, write, wait for a connection, and for the whole request.
        retry: How calls are repeated. Looks are not: the wait looks again.
        time_limits: The timeouts, hashable: one object for all looks that compare them.
    """

    base_url: str
    inference_url: str
    secret: Secret
    timeouts: Mapping[str, float]
    retry: RetryPolicy
    time_limits: frozenset[tuple[str, float]] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "time_limits", frozenset(self.timeouts.items()))


class Shared:
    """What all views of a client share.

    Attributes:
        wrote_at: When a request that may change something was last under way, on the clock.
        key_owner: The user that the key belongs to, for a person, once that is known.
        asked_owner_at: When Baseten was last asked for it, on the clock.
        explaining: How many readings of startups are under way.
        missing: Path templates of routes that the server does not have.
        dates: The newest dates in headers of the server, and when they came, on the clock.
        promoted: When each promotion was last asked for, on the clock, by resource, environment and
            deployment.
        log_failed_at: When the audit log about an environment last kept failing, on the clock, by
            the request that reads it.
    """

    def __init__(self) -> None:
        self.wrote_at: float = float("-inf")
        self.key_owner: str | None = None
        self.asked_owner_at: float = float("-inf")
        self.explaining = 0
        self.missing: set[str] = set()
        self.dates: deque[tuple[str, float]] = deque(maxlen=_DATES)
        self.promoted: dict[Hashable, list[float]] = {}
        self.log_failed_at: dict[Hashable, float] = {}


@frozen
class Ticket:
    """One look, to the sender.

    Attributes:
        is_last: Whether it is the last look of a wait, which passes a pause of its route.
        sent: Called right before it is sent.
    """

    is_last: bool
    sent: Callable[[], None]


@frozen
class Fetched(Generic[T]):
    """The value that a look returned.

    Attributes:
        value: The value.
        request_id: The id of the request for Baseten's support, or ``None``.
    """

    value: T
    request_id: str | None


@frozen(eq=False)
class Sender:
    """Sends operations, and returns values or raises our exceptions.

    Attributes:
        settings: Where and how.
        connections: The client's.
        shared: What all views of the client share.
        clock: The client's.
    """

    settings: Settings
    connections: Connections
    shared: Shared
    clock: Clock = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "clock", self.connections.clock)

    def with_settings(self, **changes: Any) -> Sender:
        """A sender with other settings, over the same connections and limits."""
        return evolve(self, settings=evolve(self.settings, **changes))

    def paused_until(self, route: tuple[str, str]) -> float:
        """Until when the server has asked for a pause of a route, on the clock.

        Args:
            route: The method, and the path template.
        """
        return self.connections.queue.route(*route).window.paused_until

    def server_time(self) -> datetime:
        """The time of day at Baseten, as its answers say; without one, the time of day here.

        A window of time that is sent should not depend on a clock that is wrong. The newest
        answers may come from several servers: one whose clock is behind does not count.
        """
        told = [time for one in self.shared.dates if (time := self._time_now(*one)) is not None]
        return datetime.fromtimestamp(max(told), UTC) if told else self.clock.utcnow()

    def told_time(self) -> float | None:
        """A time of day, in seconds since 1970, that has passed at Baseten.

        It is a second or two behind; ``None`` if no answer has told it.
        """
        return self._time_now(*self.shared.dates[-1]) if self.shared.dates else None

    def _time_now(self, date: str, came_at: float) -> float | None:
        told = seconds_since_1970(date)
        return None if told is None else told + self.clock.now() - came_at

    async def send(self, operation: Operation[T], *, host: str | None = None) -> T:
        """Send *operation*, repeat it if that is safe and useful, and return its value.

        Args:
            operation: The request.
            host: The address, if it is not the management API.

        Raises:
            BasetenError: The request failed.
        """
        self.connections.check()
        if operation.method != "GET":
            load_the_rest()
        policy = self.settings.retry
        route = self._route(operation)
        outgoing = self._outgoing(operation, host)
        place = await self.connections.queue.enter(route, operation.url, Kind.CALL)
        started = self.clock.now()
        attempt = 1
        while True:
            try:
                value, _ = await self._attempt(operation, outgoing, place, attempt)
            except (APIError, TransportError) as error:
                delay = delay_before_repeat(
                    error,
                    is_read=operation.method == "GET",
                    attempt=attempt,
                    elapsed=self.clock.now() - started,
                    chance=self.clock.random(),
                    policy=policy,
                )
                if delay is None or (policy.quota and not route.retries.spend(operation.url)):
                    if isinstance(error, PermissionDeniedError) and not error.came_from_proxy:
                        error.key_owner = await self._key_owner(operation)
                    raise
                await self.connections.pause(delay)
                try:
                    async with self.clock.timeout_at(started + seconds("total", policy.total)):
                        place = await self.connections.queue.enter(route, operation.url, Kind.CALL)
                except TimeoutError:
                    raise error from error.__cause__  # the queue was too long
                attempt += 1
            else:
                route.retries.refund(operation.url)
                return value

    async def _key_owner(self, refused: Operation[Any]) -> str | None:
        """The user that the key belongs to, or ``None`` if Baseten does not tell soon."""
        shared, now = self.shared, self.clock.now()
        if refused.path == WHOSE_KEY.path or now - shared.asked_owner_at < _ASK_OWNER_EVERY_S:
            return shared.key_owner
        shared.asked_owner_at = now
        once = self.with_settings(retry=RetryPolicy(attempts=1))
        with suppress(BasetenError, TimeoutError):
            async with self.clock.timeout_at(now + _OWNER_WITHIN_S):
                shared.key_owner = await once.send(WHOSE_KEY)
        return shared.key_owner

    async def look(self, operation: Operation[T], ticket: Ticket) -> Fetched[T]:
        """Send *operation* once, for a wait: the wait looks again.

        Args:
            operation: The request.
            ticket: Whether it is a last look, and who wants to know when it is sent.

        Raises:
            BasetenError: The request failed.
        """
        is_look.set(True)  # its task has a context of its own
        self.connections.check()
        queue, route = self.connections.queue, self._route(operation)
        outgoing = self._outgoing(operation)
        kind = Kind.LAST_LOOK if ticket.is_last else Kind.LOOK
        place = await queue.enter(route, operation.url, kind)
        ticket.sent()
        value, request_id = await self._attempt(operation, outgoing, place, 1)
        if ticket.is_last:
            queue.resume(route)
        route.retries.refund(operation.url)
        return Fetched(value, request_id)

    async def _attempt(
        self, operation: Operation[T], outgoing: Outgoing, place: Place, attempt: int
    ) -> tuple[T, str | None]:
        """Send it once, and judge the reply."""
        is_logged = _LOG.isEnabledFor(logging.DEBUG)
        began = self.clock.now() if is_logged else 0.0
        reply: Reply | None = None
        try:
            reply = answered = await self.connections.send(outgoing, place)
            if date := reply.headers.get("date"):
                self.shared.dates.append((date, self.clock.now()))
            value = judge(
                operation,
                outgoing.url.path,
                answered,
                secret=self.settings.secret,
                now=self.clock.utcnow(),
            )
        except BasetenError as error:
            if isinstance(error, RateLimitError):
                asked = error.retry_after if error.retry_after is not None else _PAUSE_AFTER_429_S
                self._route(operation).window.pause(self.clock.now(), asked)
            raise
        finally:
            if operation.method != "GET":
                self.shared.wrote_at = self.clock.now()
            if is_logged:
                _log(operation, reply, self.clock.now() - began, attempt)
        return value, answered.request_id

    def _route(self, operation: Operation[Any]) -> Route:
        return self.connections.queue.route(operation.method, operation.path)

    def _outgoing(self, operation: Operation[Any], host: str | None = None) -> Outgoing:
        return outgoing_of(operation, host or self.settings.base_url, self.settings.timeouts)


def _log(operation: Operation[Any], reply: Reply | None, duration: float, attempt: int) -> None:
    status = None if reply is None else reply.status
    request_id = None if reply is None else reply.request_id
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
