"""Who may send at the same time. Pure.

A request that hangs holds its place until a time limit ends it, and nobody knows before which one
will. So nobody may hold all places: each route, each URL and all looks together have a share of
them, which shrinks while others hold places, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from attrs import field, frozen

#: Places that a route, or all looks together, may hold for each free one.
ROUTE_SHARE = 3
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
        most_looks: How many looks may be under way at the same time, if there are no calls.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._held = Counter[Hashable]()
        # The calls under way on each route, in the order in which they began.
        self._calls: dict[tuple[str, str], dict[Place, float]] = {}
        self.most_looks = 0
        while _may_hold_one_more(self.most_looks, total - self.most_looks, ROUTE_SHARE):
            self.most_looks += 1

    def has_room(self, place: Place) -> bool:
        """Whether a request may have this place now."""
        return all(self._has_share(*one) for one in place.shares)

    def is_full(self, route: tuple[str, str], *, is_look: bool) -> bool:
        """Whether no call of a route, or no look, may have a place now."""
        return not self._has_share(_LOOKS if is_look else route, ROUTE_SHARE)

    def is_slow(self, route: tuple[str, str], now: float) -> bool:
        """Whether a call of a route is under way for so long that it may hang."""
        oldest = next(iter(self._calls.get(route, {}).values()), now)
        return now - oldest > SLOW_AFTER_S

    def take(self, place: Place, now: float) -> None:
        """A request has it."""
        self._free -= 1
        if not place.is_look:
            self._calls.setdefault(place.route, {})[place] = now
        for who, _ in place.shares:
            self._held[who] += 1

    def leave(self, place: Place) -> None:
        """The request has ended."""
        self._free += 1
        if not place.is_look:
            del self._calls[place.route][place]
        for who, _ in place.shares:
            self._held[who] -= 1
            if not self._held[who]:
                del self._held[who]

    def _has_share(self, who: Hashable, share: int) -> bool:
        return _may_hold_one_more(self._held[who], self._free, share)


def _may_hold_one_more(held: int, free: int, share: int) -> bool:
    """Whether somebody may take one of the free places. The last is for those who hold none."""
    return free > 0 if not held else free > 1 and held < share * free
