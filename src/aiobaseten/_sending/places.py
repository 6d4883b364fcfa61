"""Who may send at the same time. Pure.

A request that hangs holds its place until a time limit ends it, and nobody knows before which one
will. So nobody may hold all places: each route, each URL and all looks together have a share of
them, which shrinks while others hold places, too. While waits go on, some are kept for their looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from attrs import field, frozen

#: Places that a route, or all looks together, may hold for each free one.
ROUTE_SHARE = 3
#: The share of the places that is kept for looks while waits go on; at least one place.
KEPT_FOR_LOOKS = 0.25
#: Places that the calls to one URL may hold for each free one.
URL_SHARE = 2
#: Seconds after which a call that is under way may be one that hangs.
SLOW_AFTER_S = 5.0

_LOOKS = "looks"


@frozen(eq=False)
class Place:
    """What a request holds while it is under way.

    Attributes:
        route: The method and the path template.
        url: The path.
        is_look: Whether it is a look. Which looks are made is decided elsewhere.
        shares: The shares to which it counts.
    """

    route: tuple[str, str]
    url: str
    is_look: bool
    shares: tuple[tuple[Hashable, int], ...] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        mine = (self.route, ROUTE_SHARE), ((self.route, self.url), URL_SHARE)
        object.__setattr__(self, "shares", ((_LOOKS, ROUTE_SHARE),) if self.is_look else mine)


class Places:
    """The places of a client.

    Args:
        total: How many there are.

    Attributes:
        has_waits: Whether waits go on, which will look.
        most_looks: How many looks may be under way at the same time beside the calls that are; at
            least one, which then waits here if calls have all places.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._held = Counter[Hashable]()
        # The calls under way on each route, in the order in which they began.
        self._calls: dict[tuple[str, str], dict[Place, float]] = {}
        # The routes whose last call was slow.
        self._slow: set[tuple[str, str]] = set()
        # Of a single place, none can be kept.
        self._kept_for_looks = max(int(total * KEPT_FOR_LOOKS), 1) if total > 1 else 0
        self.has_waits = False
        self._calls_under_way = 0
        self._most_looks_beside = [self._most_looks(total - calls) for calls in range(total + 1)]
        self.most_looks = self._most_looks_beside[0]

    def has_room(self, place: Place) -> bool:
        """Whether a request may have this place now."""
        free = self._free_for(is_look=place.is_look)
        return all(self._has_share(who, share, free) for who, share in place.shares)

    def is_full(self, route: tuple[str, str], *, is_look: bool) -> bool:
        """Whether no call of a route, or no look, may have a place now."""
        free = self._free_for(is_look=is_look)
        return not self._has_share(_LOOKS if is_look else route, ROUTE_SHARE, free)

    def is_slow(self, route: tuple[str, str], now: float) -> bool:
        """Whether a call of a route is under way for so long that it may hang, or the last one was.

        A client with few places has none under way in the moment in which it chooses the next.
        """
        oldest = next(iter(self._calls.get(route, {}).values()), now)
        return now - oldest > SLOW_AFTER_S or route in self._slow

    def take(self, place: Place, now: float) -> None:
        """A request has it."""
        self._free -= 1
        for who, _ in place.shares:
            self._held[who] += 1
        if not place.is_look:
            self._calls.setdefault(place.route, {})[place] = now
            self._count_calls(1)

    def leave(self, place: Place, now: float) -> None:
        """The request has ended."""
        self._free += 1
        for who, _ in place.shares:
            self._held[who] -= 1
            if not self._held[who]:
                del self._held[who]
        if not place.is_look:
            began = self._calls[place.route].pop(place)
            (self._slow.add if now - began > SLOW_AFTER_S else self._slow.discard)(place.route)
            self._count_calls(-1)

    def _count_calls(self, more: int) -> None:
        self._calls_under_way += more
        self.most_looks = self._most_looks_beside[self._calls_under_way]

    def _most_looks(self, free: int) -> int:
        by_share = min(-(-ROUTE_SHARE * free // (ROUTE_SHARE + 1)), free - 1)
        return max(by_share, min(self._kept_for_looks, free), 1)

    def _free_for(self, *, is_look: bool) -> int:
        """The free places, without those that are kept for looks."""
        if is_look or not self.has_waits:
            return self._free
        return self._free - max(self._kept_for_looks - self._held[_LOOKS], 0)

    def _has_share(self, who: Hashable, share: int, free: int) -> bool:
        held = self._held[who]
        if who is _LOOKS and held < self._kept_for_looks:
            return free > 0
        # The last is for those who hold none.
        return free > 0 if not held else free > 1 and held < share * free
