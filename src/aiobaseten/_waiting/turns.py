"""Which look starts next, and when. Pure.

All looks share places and a budget. So that trouble in one place does not starve another, last
looks, the looks of a route and those that are not known to be answered hold only a share of the
places, resources that fail get only a share of the budget while others want it, and each route has
its own pauses and outages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeAlias, TypeVar

from attrs import define, field, frozen

from .._clock import EARLY_S
from .budget import PlaceTime, PollingBudget
from .health import Change, Health, Standing, standing_after
from .timetable import Timetable

#: The share of places and of the budget for resources whose last look failed.
FAILING_SHARE = 0.25
#: The share of places for resources that are not known to answer: those, and new ones.
UNPROVEN_SHARE = 0.8
#: The share of places for those of one route.
UNPROVEN_OF_ROUTE_SHARE = 2 / 3
#: The share of places for last looks.
LAST_SHARE = 0.8
#: Places that a route may hold for each free one, while another route is polled.
ROUTE_SHARE = 3
#: Seconds for which others wait for a look that probes: it may hang.
PROBE_PATIENCE_S = 10.0
_PROVEN_FIRST = (Standing.SOUND, Standing.NEW, Standing.FAILING)


#: The method and the path template of a request.
Route: TypeAlias = tuple[str, str]


class Polled(Protocol):
    """Something that is looked at."""

    route: Route
    standing: Standing

    def __hash__(self) -> int: ...


class PlacesForLooks(Protocol):
    """How many looks may be under way at the same time now; at least one."""

    most_looks: int


P = TypeVar("P", bound=Polled)


@frozen(eq=False)
class _Group(Generic[P]):
    """The resources of a route that have the same standing.

    Attributes:
        due: When each is due.
        deadlines: When each is due for a last look.
    """

    due: Timetable[P] = field(factory=Timetable[P])
    deadlines: Timetable[P] = field(factory=Timetable[P])


@define(eq=False)
class _RouteTurns(Generic[P]):
    """The looks that go to one route.

    Attributes:
        name: The method and the path template.
        budget: Its own, which a 429 slows down: each route has its own limit.
        groups: Its resources, by standing. None is empty.
        health: Whether it answers.
        under_way: How many looks are under way.
        unproven: How many looks are under way at resources that are not known to answer.
        last_looks: How many last looks are under way.
        probed_until: How long others wait for the look that probes, on the clock.
        first_looks: How many looks at new resources have started.
    """

    name: Route
    budget: PollingBudget
    groups: dict[Standing, _Group[P]] = field(factory=dict[Standing, _Group[P]])
    health: Health = field(factory=Health)
    under_way: int = 0
    unproven: int = 0
    last_looks: int = 0
    probed_until: float = 0.0
    first_looks: int = 0

    def is_failing(self) -> bool:
        """Whether nothing is known to answer there."""
        return self.health.is_down or list(self.groups) == [Standing.FAILING]

    def newest(self, standing: Standing, now: float) -> P | None:
        """The newest resource, if it is its turn.

        While some resources fail, every second first look is at the newest one. The older ones may
        be those that fail, too, and a healthy one must not wait for all of them.
        """
        may_fail = standing is Standing.NEW and Standing.FAILING in self.groups
        if not may_fail or self.first_looks % 2:
            return None
        return self.groups[standing].due.newest(now + EARLY_S)

    def plan(self, poll: P, due: float, deadline: float) -> None:
        """Look at something at these times, in place of earlier ones."""
        group = self.groups.get(poll.standing)
        if group is None:
            group = self.groups[poll.standing] = _Group()
        group.due.set(poll, due)
        group.deadlines.set(poll, deadline)

    def drop(self, poll: P) -> None:
        """Look at it no more."""
        group = self.groups.get(poll.standing)
        if group is None:
            return
        group.due.drop(poll)
        group.deadlines.drop(poll)
        if not group.due:
            del self.groups[poll.standing]


@frozen(eq=False)
class Seat:
    """What a look holds while it is under way.

    Attributes:
        route: Its route.
        began: When it started, on the clock.
        standing: That of its resource when it started.
        is_last: Whether it is a last look.
        is_probe: Whether others of its route wait for its end.
        shares: Those of the time of the places that it uses.
    """

    route: Route
    began: float
    standing: Standing
    is_last: bool
    is_probe: bool
    shares: tuple[PlaceTime, ...]


@frozen
class Next(Generic[P]):
    """What to do next.

    Attributes:
        poll: What to look at now, or ``None``.
        is_last: Whether it is a last look.
        at: When to ask again if nothing starts now; infinity: when a look ends, or at a deadline.
        deadline: The first time, after now, at which a last look is due, or may start.
        lacks_place: Whether something that need not fail is due, and waits for a place.
    """

    poll: P | None = None
    is_last: bool = False
    at: float = math.inf
    deadline: float = math.inf
    lacks_place: bool = False


class Turns(Generic[P]):
    """The looks of a client: which are due, and which may start.

    Args:
        rate: Looks per second.
        places: How many looks may be under way at the same time.
        paused_until: Until when the server has asked for a pause of a route, on the clock.
    """

    def __init__(
        self, rate: float, places: PlacesForLooks, paused_until: Callable[[Route], float]
    ) -> None:
        self._rate = rate
        self._places = places
        self._paused_until = paused_until
        self._budget = PollingBudget(rate)
        self._failing_budget = PollingBudget(rate * FAILING_SHARE)
        self._failing_time = PlaceTime(FAILING_SHARE)
        self._unproven_time = PlaceTime(UNPROVEN_SHARE)
        self._last_time = PlaceTime(LAST_SHARE)
        self._times: dict[Standing, tuple[PlaceTime, ...]] = {
            Standing.SOUND: (),
            Standing.NEW: (self._unproven_time,),
            Standing.FAILING: (self._unproven_time, self._failing_time),
        }
        self._routes: dict[Route, _RouteTurns[P]] = {}
        self._started = dict.fromkeys(Standing, 0)
        self._under_way = 0
        self._last_looks = 0
        self._no_deadline_before = math.inf

    # --- what is due -----------------------------------------------------------------------------

    def plan(self, poll: P, due: float, deadline: float) -> None:
        """Look at something at these times, in place of earlier ones; infinity means never."""
        self._route(poll.route).plan(poll, due, deadline)
        self._no_deadline_before = min(self._no_deadline_before, deadline)

    def drop(self, poll: P) -> None:
        """Look at it no more."""
        self._route(poll.route).drop(poll)

    def known(self, name: Route) -> Route:
        """The same route, as one object for all that is looked at there."""
        return self._route(name).name

    def first_deadline(self) -> tuple[float, P] | None:
        """The first deadline and its poll, or ``None``. A last look under way has none."""
        groups = [group for route in self._routes.values() for group in route.groups.values()]
        firsts = [first for group in groups if (first := group.deadlines.first()) is not None]
        return min(firsts, key=_at, default=None)

    def of_route(self, name: Route) -> Iterable[P]:
        """Everything that is looked at on a route."""
        return [poll for group in self._route(name).groups.values() for poll in group.due]

    def was_down_since(self, name: Route, at: float) -> bool:
        """Whether a route has been down since then, so that nobody asked for looks there."""
        return self._route(name).health.seen_down_at > at

    # --- what may start --------------------------------------------------------------------------

    def next(self, now: float) -> Next[P]:
        """Which look starts now: last looks first, then by the time that they are due."""
        if self._no_deadline_before > now + EARLY_S:
            return self._next_due(now, self._no_deadline_before, lacks_place=False)
        last = self._next_last(now)
        if last.poll is not None:
            return last
        return self._next_due(now, last.deadline, lacks_place=last.lacks_place)

    def _next_last(self, now: float) -> Next[P]:
        """A last look passes budget, pause and outage.

        While the server has asked for a pause, they go one at a time: the first that is answered
        ends the pause for the others. And they leave some places to other looks: all may hang.
        """
        found, deadline, lacks_place = None, math.inf, False
        self._no_deadline_before = math.inf
        for route in self._routes.values():
            for standing, group in route.groups.items():
                first = group.deadlines.first()
                if first is None:
                    continue
                due, poll = first
                self._no_deadline_before = min(self._no_deadline_before, due)
                if now < route.health.refused_until and route.last_looks > 0:
                    continue  # until that one ends
                if due > now + EARLY_S:
                    deadline = min(deadline, due)
                elif self._is_full:
                    lacks_place |= standing is not Standing.FAILING
                elif self._last_looks >= self._share(LAST_SHARE):
                    continue  # until one of them ends
                elif not self._last_time.is_left(now):
                    deadline = min(deadline, self._last_time.used_until)
                # Those that fail may need all their time, and so come last.
                elif found is None or (standing is Standing.FAILING, due) < found[0]:
                    found = (standing is Standing.FAILING, due), poll
        if found is None:
            return Next(deadline=deadline, lacks_place=lacks_place)
        return Next(found[1], is_last=True)

    def _next_due(self, now: float, deadline: float, *, lacks_place: bool) -> Next[P]:
        found: dict[Standing, tuple[float, P]] = {}
        at = math.inf
        for route in self._routes.values():
            for standing, group in route.groups.items():
                first = group.due.first()
                if first is None:
                    continue
                due, poll = first
                if due > now + EARLY_S:
                    at = min(at, due)
                    continue
                free_at = self._free_at(route, standing, now)
                if free_at == math.inf:
                    if standing is Standing.FAILING:
                        continue  # until another one ends
                    if route.health.holds(standing, now):
                        due = max(due, route.health.held_until)
                    if due > now + EARLY_S:
                        at = min(at, due)  # then it lacks a place
                    else:
                        lacks_place = True
                elif free_at > now + EARLY_S:
                    at = min(at, free_at)
                elif standing not in found or due < found[standing][0]:
                    found[standing] = due, route.newest(standing, now) or poll
        if not found:
            return Next(at=at, deadline=deadline, lacks_place=lacks_place)
        return Next(self._chosen(found, now))

    def _chosen(self, found: dict[Standing, tuple[float, P]], now: float) -> P:
        """Which of the first ones of each standing starts.

        While others want the budget and the places, those that may fail get their shares.
        """
        sound, new, failing = (found.get(one) for one in _PROVEN_FIRST)
        if sound is not None and not self._unproven_time.is_left(now):
            return sound[1]
        answering = [one for one in (sound, new) if one is not None]
        if failing is not None and (not answering or self._failing_have_share(now)):
            return failing[1]
        return min(answering, key=_at)[1]

    def _failing_have_share(self, now: float) -> bool:
        """Whether those that fail have had less of the budget and the places than their share."""
        is_paid = self._failing_budget.free_at(now) <= now + EARLY_S
        return is_paid and self._failing_time.is_left(now)

    def _free_at(self, route: _RouteTurns[P], standing: Standing, now: float) -> float:
        """When such a look may start; infinity: not before another one ends."""
        if self._is_full or not self._has_place_of_route(route):
            return math.inf
        if standing is not Standing.SOUND and not self._has_unproven_place(route, standing):
            return math.inf
        free_at = max(
            self._budget.free_at(now),
            route.budget.free_at(now),
            route.health.refused_until,
            self._paused_until(route.name),
        )
        if not route.health.holds(standing, now):
            return free_at
        sound = route.groups.get(Standing.SOUND)
        if standing is Standing.FAILING and sound and sound.due.next_at <= now + EARLY_S:
            return math.inf  # what answered before says more
        together = self._down_together(route)
        probe_at = max(max(one.health.probe_at, one.probed_until) for one in together)
        if standing is Standing.SOUND:
            probe_at = min(probe_at, route.health.held_until)
        return max(free_at, probe_at)

    def _has_place_of_route(self, route: _RouteTurns[P]) -> bool:
        """Routes leave places to each other: all looks of one may begin to hang."""
        others = (one for one in self._routes.values() if one is not route and one.groups)
        # The last place is for a route that holds none.
        has_share = self._free > 1 and route.under_way < ROUTE_SHARE * self._free
        return has_share or not route.under_way or not any(others)

    def _has_unproven_place(self, route: _RouteTurns[P], standing: Standing) -> bool:
        failing = self._started[Standing.FAILING]
        return (
            failing + self._started[Standing.NEW] < self._share(UNPROVEN_SHARE)
            and route.unproven < self._share(UNPROVEN_OF_ROUTE_SHARE)
            and (standing is Standing.NEW or failing < self._share_of_failing())
        )

    def _share(self, share: float) -> int:
        """A share of the places, rounded up: if that is all, it is one of the time as well."""
        return math.ceil(self._places.most_looks * share)

    def _share_of_failing(self) -> int:
        """Rounded down, because what has failed once may wait."""
        return max(int(self._places.most_looks * FAILING_SHARE), 1)

    @property
    def _free(self) -> int:
        return self._places.most_looks - self._under_way

    @property
    def _is_full(self) -> bool:
        """More looks than there are connections would only queue."""
        return self._free <= 0

    def _down_together(self, route: _RouteTurns[P]) -> list[_RouteTurns[P]]:
        """The routes that one look probes for: this one, or all if everything fails."""
        polled = [one for one in self._routes.values() if one.groups]
        return polled if all(one.is_failing() for one in polled) else [route]

    # --- what is under way -----------------------------------------------------------------------

    def start(self, poll: P, now: float, *, is_last: bool) -> Seat:
        """A look starts. Unless it is a last one, the deadline stays."""
        route = self._route(poll.route)
        group = route.groups[poll.standing]
        group.due.set(poll, math.inf)
        if is_last:
            group.deadlines.set(poll, math.inf)
        is_probe = not is_last and route.health.holds(poll.standing, now)
        # Beyond a share they take what nobody else wants, and need not pay it back later.
        used = *self._times[poll.standing], *([self._last_time] if is_last else [])
        shares = tuple(one for one in used if one.is_left(now))
        seat = Seat(
            poll.route, now, poll.standing, is_last=is_last, is_probe=is_probe, shares=shares
        )
        self._budget.take(now)
        route.budget.take(now)
        if poll.standing is Standing.FAILING and self._failing_have_share(now):
            self._failing_budget.take(now)
        self._started[poll.standing] += 1
        self._under_way += 1
        route.under_way += 1
        route.unproven += poll.standing is not Standing.SOUND
        route.first_looks += poll.standing is Standing.NEW
        route.last_looks += is_last
        self._last_looks += is_last
        if is_probe:
            route.probed_until = now + PROBE_PATIENCE_S
        return seat

    def end(self, seat: Seat, now: float) -> None:
        """It has ended, in whatever way."""
        route = self._route(seat.route)
        for share in seat.shares:
            share.use(seat.began, now, self._places.most_looks)
        self._started[seat.standing] -= 1
        self._under_way -= 1
        route.under_way -= 1
        route.unproven -= seat.standing is not Standing.SOUND
        route.last_looks -= seat.is_last
        self._last_looks -= seat.is_last
        if seat.is_probe:
            route.probed_until = 0.0

    def learn(self, poll: P, outcome: object, at: float, chance: float) -> Change:
        """Learn from the outcome of a look what holds for others, and for its resource.

        The resource has to be planned again.
        """
        route = self._route(poll.route)
        sound = route.groups.get(Standing.SOUND)
        change = route.health.after(
            outcome,
            at,
            before=poll.standing,
            sound=len(sound.due) if sound else 0,
            chance=chance,
        )
        if change is Change.REFUSED:
            route.budget.slow_down(at)
            return change
        standing = standing_after(outcome)
        if standing is not poll.standing:
            route.drop(poll)
            poll.standing = standing
        return change

    def _route(self, name: Route) -> _RouteTurns[P]:
        route = self._routes.get(name)
        if route is None:
            route = self._routes[name] = _RouteTurns(name, PollingBudget(self._rate))
        return route


def _at(first: tuple[float, object]) -> float:
    return first[0]
