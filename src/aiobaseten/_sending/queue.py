"""Which request goes next. A request takes a place when it may go, not before."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum

from attrs import define, field

from .._clock import EARLY_S, Clock
from ..errors import ConfigurationError
from .limits import RateWindow, documented_window, seconds_between
from .places import Place, Places
from .retry import RetryQuota

#: Calls go before looks that came up to so many seconds earlier.
LOOKS_YIELD_S = 5.0


class Kind(Enum):
    """What a request is for."""

    CALL = "a call"
    LAST_LOOK = "a last look, which passes a pause of its route but not the limit"
    LOOK = "a look"


@define(eq=False)
class _Turn:
    """A request that waits."""

    place: Place
    order: float
    granted: asyncio.Future[None]


@define(eq=False)
class Route:
    """One route, and the requests that wait for it.

    The URLs of calls take turns: many calls to one URL do not hold up a call to another one. While
    some call may hang, every second turn is the newest call's. The older ones may be those that
    hang, too, and a call to a healthy URL must not wait for all of them.

    Attributes:
        name: The method, and the path template.
        window: Its rate limit, and the pauses that the server asked for.
        spacing: Seconds that must pass between two requests to one URL.
        retries: How often its requests may be repeated.
        calls_sent: How many calls have had their turn.
    """

    name: tuple[str, str]
    window: RateWindow
    spacing: float
    retries: RetryQuota = field(factory=RetryQuota)
    calls_sent: int = field(init=False, default=0)
    _lines: dict[Kind, dict[str, deque[_Turn]]] = field(
        init=False, factory=lambda: {kind: {} for kind in Kind}
    )
    _urls_free_at: dict[str, float] = field(init=False, factory=dict[str, float])

    def url_free_at(self, url: str) -> float:
        """When the next request may be sent to a URL, as far as others to the same URL count."""
        return self._urls_free_at.get(url, 0.0)

    def take(self, url: str, now: float, *, is_look: bool) -> None:
        """Count a request that is sent now."""
        self.window.take(now)
        self.calls_sent += not is_look
        if self.spacing:
            known = self._urls_free_at.items()
            self._urls_free_at = {one: free_at for one, free_at in known if free_at > now}
            self._urls_free_at[url] = now + self.spacing

    def add(self, turn: _Turn, kind: Kind) -> None:
        """It waits."""
        # Looks are in the order in which they are due.
        url = turn.place.url if kind is Kind.CALL else ""
        self._lines[kind].setdefault(url, deque()).append(turn)

    def remove(self, turn: _Turn, kind: Kind) -> None:
        """It does not wait any longer."""
        url = turn.place.url if kind is Kind.CALL else ""
        line = self._lines[kind].pop(url)
        line.remove(turn)
        if line:
            self._lines[kind][url] = line  # now it is the last one's turn

    def waiting(self) -> Iterator[Kind]:
        """The kinds of requests that wait."""
        return (kind for kind, lines in self._lines.items() if lines)

    def heads(self, kind: Kind, *, is_slow: bool) -> Iterator[_Turn]:
        """The first request to each URL, in order."""
        lines = self._lines[kind].values()
        if is_slow and self.calls_sent % 2:
            return iter(sorted((line[0] for line in lines), key=_order, reverse=True))
        return (line[0] for line in lines)


def _order(turn: _Turn) -> float:
    return turn.order


class Queue:
    """All requests of a client that wait.

    One place decides who goes: a request whose caller leaves takes nothing along, and requests that
    waited for a place still obey the limit.

    Args:
        clock: The client's.
        places: How many requests may be under way at the same time.
        make_room: Called when a request waits for a place.

    Attributes:
        places: Who may send at the same time. More looks would only queue here.
    """

    def __init__(self, clock: Clock, places: int, make_room: Callable[[], None]) -> None:
        self._clock = clock
        self.places = Places(places)
        self._make_room = make_room
        self._routes: dict[tuple[str, str], Route] = {}
        self._waiting: dict[_Turn, tuple[Route, Kind]] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._rings_at = math.inf

    def keep_places_for_looks(self, *, keep: bool) -> None:
        """Keep some places for looks, because waits go on, or no longer."""
        self.places.has_waits = keep
        self.advance()

    def route(self, method: str, path: str) -> Route:
        """A route.

        Args:
            method: In capitals.
            path: The template.
        """
        name = method, path
        route = self._routes.get(name)
        if route is None:
            window, spacing = documented_window(method, path), seconds_between(method, path)
            route = self._routes[name] = Route(name, window, spacing)
        return route

    async def enter(self, route: Route, url: str, kind: Kind) -> Place:
        """Wait for the turn and for a place, and take both. The place must be left.

        Raises:
            ConfigurationError: The client was closed meanwhile.
        """
        place = Place(route.name, url, kind is not Kind.CALL)
        now = self._clock.now()
        free_at = max(self._free_at(route, kind, now), route.url_free_at(url))
        is_free = not self._waiting and free_at <= now
        if is_free and self.places.has_room(place):
            self._take(route, place, now)
            return place
        order = now + LOOKS_YIELD_S if kind is Kind.LOOK else now
        turn = _Turn(place, order, asyncio.get_running_loop().create_future())
        self._waiting[turn] = route, kind
        route.add(turn, kind)
        self.advance()
        try:
            await turn.granted
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._remove(turn)
            elif not turn.granted.cancelled() and turn.granted.exception() is None:
                self.leave(place)
            raise
        return place

    def leave(self, place: Place) -> None:
        """Give back a place: the request has ended."""
        self.places.leave(place, self._clock.now())
        self.advance()

    def resume(self, route: Route) -> None:
        """The server answers again: end the pause of a route, before the place is left."""
        route.window.resume()

    def close(self, error: Callable[[], ConfigurationError]) -> None:
        """End all waiting."""
        for turn in list(self._waiting):
            self._remove(turn)
            if not turn.granted.done():
                turn.granted.set_exception(error())

    def advance(self) -> None:
        """Let everybody go who may."""
        if not self._waiting:
            return
        now = self._clock.now()
        while (turn := self._next(now)) is not None:
            route, _ = self._waiting[turn]
            self._remove(turn)
            if not turn.granted.done():  # its caller may be about to leave
                self._take(route, turn.place, now)
                turn.granted.set_result(None)

    def _next(self, now: float) -> _Turn | None:
        """Who goes now; sets the alarm if it is nobody."""
        found: _Turn | None = None
        next_at, lacks_place = math.inf, False
        for route in self._routes.values():
            is_slow = self.places.is_slow(route.name, now)
            for kind in route.waiting():
                free_at = self._free_at(route, kind, now)
                # Timers may fire early by the clock's resolution: do not wait for the rest.
                if free_at > now + EARLY_S:
                    next_at = min(next_at, free_at)
                    continue
                if self.places.is_full(route.name, is_look=kind is not Kind.CALL):
                    lacks_place = True
                    continue
                for turn in route.heads(kind, is_slow=is_slow):
                    free_at = route.url_free_at(turn.place.url)
                    if free_at > now + EARLY_S:
                        next_at = min(next_at, free_at)
                    elif not self.places.has_room(turn.place):
                        lacks_place = True
                    else:
                        if found is None or turn.order < found.order:
                            found = turn
                        break
        if found is None:
            self._set_alarm(next_at)
            if lacks_place:
                self._make_room()
        return found

    def _free_at(self, route: Route, kind: Kind, now: float) -> float:
        return route.window.free_at(now, passes_pause=kind is Kind.LAST_LOOK)

    def _take(self, route: Route, place: Place, now: float) -> None:
        route.take(place.url, now, is_look=place.is_look)
        self.places.take(place, now)

    def _remove(self, turn: _Turn) -> None:
        route, kind = self._waiting.pop(turn)
        route.remove(turn, kind)
        if not self._waiting:
            self._set_alarm(math.inf)

    def _set_alarm(self, at: float) -> None:
        if at == self._rings_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._rings_at = at
        self._alarm = None if at == math.inf else self._clock.call_at(at, self._ring)

    def _ring(self) -> None:
        self._rings_at, self._alarm = math.inf, None
        self.advance()
