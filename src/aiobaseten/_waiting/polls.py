"""One poll for each resource, whoever waits for it; one order of turns for all polls of a client.

No task runs while nothing is due: a timer of the event loop starts the looks, each look is a short
task, and its listeners are told the result. The first listener starts a poll, the last one ends it.
"""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from contextvars import Context
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field, frozen

from .._clock import EARLY_S, Clock
from .._sending import Fetched, Sender, Ticket
from .._status import Stage
from ..errors import BasetenError, ConfigurationError, RequestTimeoutError
from ..options import Schedule
from .followups import FRESH_S, FollowUps
from .health import Change, Standing
from .schedule import jittered
from .turns import Route, Seat, Turns

R = TypeVar("R")

#: Seconds that the last look, which starts at the deadline, may take from when it is sent.
LAST_LOOK_S = 10.0
#: Seconds after the deadline until which the last look must have been sent.
UNSENT_S = 30.0
#: Seconds between a look and a last look at the same resource: for each listener, and at most.
SHARED_EACH_S = 0.001
MOST_SHARED_S = 1.0
#: Seconds between two last looks at a resource while the first one is not answered.
OVERTAKES_AFTER_S = 2.0
#: Seconds after which a look is given up if another needs its place.
PATIENCE_S = 10.0
#: The same if the look before was answered: three times as long as that took, but at least so many
#: seconds. Then this one hangs, and is not only slow. For the first look at a resource, the last
#: answer of its route counts; until there is one, a hung look stands for a prompt answer.
LEAST_PATIENCE_S = 3.0
PATIENCE_FACTOR = 3.0


class Look(ABC, Generic[R]):
    """Reads a resource once. Equal looks read the same, and share a poll."""

    __slots__ = ()

    @property
    @abstractmethod
    def route(self) -> Route:
        """The method and the path template of its request. Looks of a route share its trouble."""

    @abstractmethod
    async def __call__(self, ticket: Ticket) -> Fetched[R]:
        """Look."""


@frozen
class Sighting(Generic[R]):
    """The result of one look.

    Attributes:
        began: When it was sent, on the clock.
        ended: When it ended.
        outcome: Its value or its error.
        was_held: Whether looks at the resource were held since the one before, because its route
            was down.
    """

    began: float
    ended: float
    outcome: Fetched[R] | BasetenError
    was_held: bool = False


class Listener(Protocol):
    """Somebody who wants the results of a poll. All times are on the clock."""

    def __hash__(self) -> int: ...

    def hear(self, sighting: Sighting[Any]) -> float:
        """Take in the result of a look; returns when the next one is wanted, or infinity."""
        ...

    def expire(self, *, was_sent: bool) -> None:
        """The time for the last look is over, which was sent or not."""
        ...

    def fail(self, error: BaseException) -> None:
        """There will be no more looks."""
        ...


# There may be a hundred thousand polls with one listener each, or one with as many listeners.
@define(eq=False, weakref_slot=False)
class _Poll:
    """A resource that somebody polls.

    Until the next look, a listener that has left may be the one that wants it, or its deadline
    may be the earliest.

    Attributes:
        look: Reads the resource.
        route: That of the look.
        standing: How the last look ended.
        deadlines: When each listener wants its last look; infinity once that was sent.
        last_looks: When each listener whose last look was sent stops waiting for it; ``None`` for
            as long as there is none.
        wanted_at: When the first listener wants the next look.
        deadline: The earliest of the deadlines.
        ended: When the last look ended.
        patience: With the next one, in seconds.
        flight: The look under way. A last look may have overtaken others, which then still go on.
    """

    look: Look[Any]
    route: Route
    standing: Standing = Standing.NEW
    deadlines: dict[Listener, float] = field(factory=dict[Listener, float])
    last_looks: dict[Listener, float] | None = None
    wanted_at: float = math.inf
    deadline: float = math.inf
    ended: float = math.inf
    patience: float = PATIENCE_S
    flight: _Flight | None = None

    @property
    def last_look_from(self) -> float:
        """When the next last look may begin. A crowd shares it: each look is told to all of it."""
        if self.ended == math.inf:
            return 0.0
        return self.ended + min(len(self.deadlines) * SHARED_EACH_S, MOST_SHARED_S)

    @property
    def expires_at(self) -> float:
        """When the first listener stops waiting."""
        answer_by = min((self.last_looks or {}).values(), default=math.inf)
        return min(self.deadline + UNSENT_S, answer_by)

    def add(self, listener: Listener, wanted_at: float, deadline: float) -> None:
        """Listen."""
        self.deadlines[listener] = deadline
        self.wanted_at = min(self.wanted_at, wanted_at)
        self.deadline = min(self.deadline, deadline)

    def remove(self, listener: Listener) -> None:
        """Stop listening."""
        del self.deadlines[listener]
        if self.last_looks is not None:
            self.last_looks.pop(listener, None)

    def note_sent(self, now: float) -> None:
        """From now on, the listeners past their deadline wait for the result of this look."""
        late = [one for one, at in self.deadlines.items() if at <= now + EARLY_S]
        self.deadlines.update(dict.fromkeys(late, math.inf))
        last_looks = dict.fromkeys(late, now + LAST_LOOK_S)
        self.last_looks = {**(self.last_looks or {}), **last_looks}
        self._find_deadline()

    def expire(self, now: float) -> None:
        """Tell the listeners whose last look was not sent or not answered in time."""
        for limits, extra in ((self.deadlines, UNSENT_S), (self.last_looks or {}, 0.0)):
            for listener, at in limits.items():
                if at + extra <= now:
                    limits[listener] = math.inf
                    listener.expire(was_sent=limits is self.last_looks)
        self._find_deadline()

    def tell(self, sighting: Sighting[Any]) -> None:
        """Tell all listeners."""
        wanted = [listener.hear(sighting) for listener in list(self.deadlines)]
        self.wanted_at = min(wanted, default=math.inf)
        self._find_deadline()

    def _find_deadline(self) -> None:
        self.deadline = min(self.deadlines.values(), default=math.inf)


@define(eq=False)
class _Flight:
    """A look under way."""

    poll: _Poll
    seat: Seat
    sent_at: float  # until it is sent: when it started to queue
    was_sent: bool = False
    task: asyncio.Task[None] | None = None
    has_landed: bool = False

    @property
    def next_last_from(self) -> float:
        """When a last look may begin beside it, for those whose deadline passes meanwhile."""
        if not self.seat.is_last:
            return 0.0  # it gives way
        return self.sent_at + OVERTAKES_AFTER_S if self.was_sent else math.inf

    @property
    def ends_at(self) -> float:
        """When nobody waits any longer for a last look; infinity for any other one."""
        return self.sent_at + LAST_LOOK_S if self.seat.is_last and self.was_sent else math.inf


class _Alarm:
    """A timer of the loop that can be set again."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self.at = math.inf
        self._clock = clock
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Ring at this time and at no earlier one; infinity means never."""
        if at == self.at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self.at = at
        self._timer = None if at == math.inf else self._clock.call_at(at, self._go_off)

    def set_by(self, at: float) -> None:
        """Ring at this time or earlier."""
        self.set(min(self.at, at))

    def _go_off(self) -> None:
        self.at = math.inf
        self._timer = None
        self._ring()


class Polls:
    """All polls of a client: starts the looks that are due, and tells their listeners."""

    def __init__(self, sender: Sender, rate: float, schedule: Schedule) -> None:
        """Store what they use.

        Args:
            sender: Sends the looks.
            rate: Looks per second.
            schedule: When to look next.
        """
        self.sender = sender
        self.clock: Clock = sender.clock
        self.follow_ups = FollowUps(sender.clock, lambda: sender.shared.wrote_at)
        self._schedule = schedule
        #: A random number in [0, 1): the listeners of one look agree on the next one.
        self.chance = 0.0
        self._polls: dict[Look[Any], _Poll] = {}
        # The newest looks with a value. A listener that joins may take one for its first.
        self._fresh: OrderedDict[_Poll, Sighting[Any]] = OrderedDict()
        self._queue = sender.connections.queue
        self._turns: Turns[_Poll] = Turns(rate, self._queue.places, sender.paused_until)
        self._under_way: dict[_Flight, None] = {}
        # A last look had to come after another one, and so later than its deadline.
        self._behind: dict[_Poll, None] = {}
        self._patience: dict[Route, float] = {}  # with first looks
        self._lacks_place = False  # something is due that need not fail
        self._next_look = _Alarm(self.clock, self._start_looks)
        self._next_deadline = _Alarm(self.clock, self._expire)

    # --- for waits -------------------------------------------------------------------------------

    def join(
        self, look: Look[R], listener: Listener, *, not_before: float, deadline: float
    ) -> Look[R]:
        """Start to listen: to a fresh result that is there already, or to a look made at once.

        Args:
            look: Reads the resource.
            listener: The listener.
            not_before: Looks that were sent earlier do not count.
            deadline: When it wants its last look, on the clock.

        Returns:
            The look that all listeners of the poll share, equal to *look*.
        """
        self.sender.connections.check()
        poll = self._polls.get(look)
        if poll is None:
            if not self._polls:
                self._queue.keep_places_for_looks(keep=True)
            poll = self._polls[look] = _Poll(look, self._turns.known(look.route))
        latest = self._fresh.get(poll)
        is_fresh = latest is not None and latest.began >= not_before
        due = listener.hear(latest) if latest and is_fresh else self.clock.now()
        poll.add(listener, due, deadline)
        self._plan(poll)
        self._next_deadline.set_by(poll.expires_at)
        self._start_looks()
        return poll.look

    def leave(self, look: Look[Any], listener: Listener) -> None:
        """Stop listening. The last listener to leave ends the poll."""
        poll = self._polls.get(look)
        if poll is None or listener not in poll.deadlines:
            return
        poll.remove(listener)
        if poll.deadlines:
            return
        del self._polls[look]
        self._behind.pop(poll, None)
        self._fresh.pop(poll, None)
        self._turns.drop(poll)
        if poll.flight is not None:
            poll.flight = None
            self._abandon_all(poll)
            self._start_looks()
        if not self._polls:
            self._queue.keep_places_for_looks(keep=False)
            self._next_look.set(math.inf)
            self._next_deadline.set(math.inf)
            self.follow_ups.clear()

    def look_at(self, look: Look[Any], listener: Listener, due: float) -> None:
        """Look at this time for a listener, which wanted no look before it."""
        poll = self._polls.get(look)
        if poll is not None and listener in poll.deadlines:
            poll.wanted_at = min(poll.wanted_at, due)
            self._plan(poll)
            self._start_looks()

    def next_look(self, stage: Stage, in_stage: float, elapsed: float) -> float:
        """Seconds until the next look, for a listener that hears one now."""
        return jittered(self._schedule(stage, in_stage, elapsed), self.chance)

    def close(self, error: ConfigurationError) -> None:
        """End all polls; the listeners are told *error*."""
        self._next_look.set(math.inf)
        self._next_deadline.set(math.inf)
        for poll in list(self._polls.values()):
            for listener in list(poll.deadlines):
                listener.fail(error)

    # --- when ------------------------------------------------------------------------------------

    def _plan(self, poll: _Poll) -> None:
        """Look when the most impatient listener wants it. A look under way plans the next one."""
        if not poll.deadlines:  # all have left
            return
        # A look that was sent before a deadline is not the last one: it is given up for that. But a
        # last look gets its time, also if the deadline of somebody else passes meanwhile.
        flight = poll.flight
        earliest = poll.last_look_from if flight is None else flight.next_last_from
        deadline = max(poll.deadline, earliest)
        self._turns.plan(poll, poll.wanted_at if flight is None else math.inf, deadline)
        if deadline > poll.deadline:
            self._behind[poll] = None

    def _start_looks(self) -> None:
        """Start the looks that may start, and set the alarms for the next ones."""
        now = self.clock.now()
        while True:
            turn = self._turns.next(now)
            self._lacks_place = turn.lacks_place
            if turn.poll is not None:
                self._begin(turn.poll, now, is_last=turn.is_last)
                continue
            free_at = self._next_given_up() if turn.lacks_place else math.inf
            if free_at > now + EARLY_S:
                self._next_look.set(min(turn.at, free_at))
                self._next_deadline.set_by(turn.deadline)
                return
            hung = min(self._under_way, key=self._given_up_at)
            self._give_up(hung, ", and others need the connection")

    def _next_given_up(self) -> float:
        """When the first look under way is given up, if another needs its place."""
        return min(map(self._given_up_at, self._under_way), default=math.inf)

    def _given_up_at(self, flight: _Flight) -> float:
        poll = flight.poll
        if not flight.was_sent or flight.seat.is_last:
            return math.inf  # a last look has its own limit
        if flight.seat.standing is Standing.NEW:
            return flight.sent_at + self._patience.get(poll.route, PATIENCE_S)
        return flight.sent_at + poll.patience

    def _expire(self) -> None:
        """Tell the listeners whose last look did not come, and set the alarm for the next ones."""
        now = self.clock.now() + EARLY_S
        for poll in [*(flight.poll for flight in self._under_way), *self._behind]:
            if poll.expires_at <= now:
                poll.expire(now)
                self._plan(poll)
        for flight in list(self._under_way):
            if flight.ends_at <= now:
                self._give_up(flight)  # for those whose deadline is later
        # Of the others, none has sent a last look.
        while (late := self._turns.first_deadline()) is not None and late[0] + UNSENT_S <= now:
            late[1].expire(now)
            self._plan(late[1])
        under_way = [min(one.poll.expires_at, one.ends_at) for one in self._under_way]
        behind = [poll.expires_at for poll in self._behind]
        waiting = math.inf if late is None else late[0] + UNSENT_S
        self._next_deadline.set(min([*under_way, *behind, waiting]))
        self._start_looks()

    # --- looking ---------------------------------------------------------------------------------

    def _begin(self, poll: _Poll, now: float, *, is_last: bool) -> None:
        if poll.flight is not None and not poll.flight.seat.is_last:
            self._abandon(poll.flight)
        seat = self._turns.start(poll, now, is_last=is_last)
        flight = poll.flight = _Flight(poll, seat, sent_at=now)
        self._under_way[flight] = None
        # In nobody's context: a look serves all waits on its resource. And not by the loop's task
        # factory, which may run the look at once, in the middle of the planning.
        flight.task = asyncio.Task(
            self._look(flight), loop=asyncio.get_running_loop(), context=Context()
        )

    async def _look(self, flight: _Flight) -> None:
        poll = flight.poll
        ticket = Ticket(flight.seat.is_last, lambda: self._note_sent(flight))
        outcome: Fetched[Any] | BasetenError | None = None
        is_over = False
        try:
            try:
                outcome = await poll.look(ticket)
            except BasetenError as error:
                _forget_frames(error)
                outcome = error
            self._tell(flight, outcome)
            is_over = True
        except Exception as error:  # noqa: BLE001 - see below
            # A mistake of ours: nobody may wait for ever for a poll that has died of it.
            is_over = True
            for listener in list(poll.deadlines):
                listener.fail(error)
        finally:
            if not flight.has_landed:
                if not is_over:
                    self._note_cancelled(flight)
                self._land(flight)

    def _note_cancelled(self, flight: _Flight) -> None:
        """Neither we nor the caller have ended a look: a hook of the HTTP client has, say."""
        self._tell(flight, _cut_off(flight.poll.look, "somebody cancelled the request"))
        if flight.task is not None:
            # GeneratorExit is an exception that asyncio would miss.
            flight.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    def _tell(self, flight: _Flight, outcome: Fetched[Any] | BasetenError) -> None:
        """Tell the listeners the outcome of a look, and learn from it."""
        poll, now = flight.poll, self.clock.now()
        sighting = Sighting(
            flight.sent_at,
            now,
            outcome,
            was_held=self._turns.was_down_since(poll.route, poll.ended),
        )
        poll.ended = now
        is_answer = not isinstance(outcome, BasetenError)
        took = now - flight.sent_at
        poll.patience = PATIENCE_S
        if is_answer:
            poll.patience = min(max(PATIENCE_FACTOR * took, LEAST_PATIENCE_S), PATIENCE_S)
            self._keep_fresh(poll, sighting)
            self._patience[poll.route] = poll.patience
        elif took >= PATIENCE_S - EARLY_S:
            self._patience.setdefault(poll.route, LEAST_PATIENCE_S)
        self.chance = self.clock.random()
        change = self._turns.learn(poll, outcome, now, self.chance)
        if change is Change.BACK:
            self._look_at_route(poll.route, now)
        poll.tell(sighting)

    def _keep_fresh(self, poll: _Poll, sighting: Sighting[Any]) -> None:
        """Keep the newest looks, and forget those that are too old for a listener that joins."""
        self._fresh[poll] = sighting
        self._fresh.move_to_end(poll)
        oldest = sighting.ended - FRESH_S
        while next(iter(self._fresh.values())).ended < oldest:
            self._fresh.popitem(last=False)

    def _give_up(self, flight: _Flight, why: str = "") -> None:
        """End a look that hangs."""
        self._abandon(flight)
        poll = flight.poll
        if poll.flight is not flight:
            return  # it was overtaken, and everybody waits for the other one
        poll.flight = None
        waited = self.clock.now() - flight.sent_at
        self._tell(flight, _cut_off(poll.look, f"no answer within {waited:.0f} s{why}"))
        self._plan(poll)

    def _note_sent(self, flight: _Flight) -> None:
        """A look is being sent: from now on, listeners past their deadline wait for its result."""
        poll, now = flight.poll, self.clock.now()
        if poll.flight is not flight:
            return
        flight.sent_at, flight.was_sent = now, True
        if flight.seat.is_last or poll.deadline <= now + EARLY_S:
            poll.note_sent(now)
            self._plan(poll)
            self._next_deadline.set_by(poll.expires_at)
        elif not self._lacks_place:
            return
        # Sets the alarm for the last looks that come after this one, or for its giving up.
        self._start_looks()

    def _abandon(self, flight: _Flight) -> None:
        """Nobody waits for this look any longer."""
        if flight.task is not None:
            flight.task.cancel()
        # A task that is cancelled before its first step never gets to its end.
        self._free(flight)

    def _abandon_all(self, poll: _Poll) -> None:
        """Nobody waits any longer for the looks at a resource that are under way."""
        for flight in [one for one in self._under_way if one.poll is poll]:
            self._abandon(flight)

    def _free(self, flight: _Flight) -> None:
        """Give back the place of a look."""
        flight.has_landed = True
        del self._under_way[flight]
        self._turns.end(flight.seat, self.clock.now())

    def _land(self, flight: _Flight) -> None:
        """A look has ended by itself."""
        self._free(flight)
        poll = flight.poll
        if poll.flight is flight:
            poll.flight = None
            if flight.seat.is_last:
                self._abandon_all(poll)  # those that it has overtaken are older
        self._plan(poll)
        self._start_looks()

    def _look_at_route(self, route: Route, now: float) -> None:
        """A route is back: look at everything there, as fast as the budget allows."""
        for poll in self._turns.of_route(route):
            # Nobody there may want another look.
            if poll.flight is None and poll.wanted_at < math.inf:
                poll.wanted_at = min(poll.wanted_at, now)
                self._plan(poll)


def _cut_off(look: Look[Any], why: str) -> BasetenError:
    """The error of a look that somebody ended."""
    method, path = look.route
    return RequestTimeoutError(why, method=method, path=path, sent=True)


def _forget_frames(error: BaseException | None) -> None:
    """A wait keeps its last error, perhaps for hours, but not the frames that it came from."""
    seen: set[int] = set()  # "raise error from error" makes it its own cause
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
