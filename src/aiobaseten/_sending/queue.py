"""The queue of each route: who may send when, first come first served."""

from __future__ import annotations

import asyncio

from .._clock import EARLY_S
from .connections import Connections
from .limits import RateWindow, documented_window
from .retry import RetryQuota


class RouteQueue:
    """The requests of one route.

    Only the first of the queue watches the rate window and waits for a connection. So a request
    whose caller leaves takes nothing along, and requests that wait for a connection still obey the
    rate window.

    Attributes:
        window: The route's rate limit, and the pauses that the server asked for.
        retries: How often its requests may be repeated.
    """

    def __init__(self, window: RateWindow) -> None:
        self.window = window
        self.retries: RetryQuota = RetryQuota()
        self._first = asyncio.Lock()
        self._first_last = asyncio.Lock()

    async def enter(self, connections: Connections, *, is_last: bool = False) -> None:
        """Wait for the turn and for a connection, and take both.

        Args:
            connections: The client's.
            is_last: Whether it is the last look of a wait, which passes a pause but not the limit.

        Raises:
            ConfigurationError: The client was closed meanwhile, or cannot be used here.
        """
        clock = connections.clock
        now = clock.now()
        queue = self._first_last if is_last else self._first
        is_free = not queue.locked() and not connections.are_full
        if is_free and self.window.free_at(now, passes_pause=is_last) <= now:
            self.window.take(now)
            await connections.reserve()  # does not wait
            return
        # A last look must not queue behind requests that obey a pause.
        async with queue:
            await connections.reserve()
            # Timers may fire early by the clock's resolution: do not sleep for the rest.
            while (wait := self._wait(clock.now(), is_last=is_last)) > EARLY_S:
                connections.release()
                await connections.pause(wait)
                await connections.reserve()
            self.window.take(clock.now())

    def _wait(self, now: float, *, is_last: bool) -> float:
        return self.window.free_at(now, passes_pause=is_last) - now


class Queues:
    """One queue for each route of a client."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], RouteQueue] = {}

    def of(self, method: str, path: str) -> RouteQueue:
        """The queue of a route.

        Args:
            method: In capitals.
            path: The template.
        """
        queue = self._routes.get((method, path))
        if queue is None:
            queue = self._routes[method, path] = RouteQueue(documented_window(method, path))
        return queue
