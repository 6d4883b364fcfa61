"""One poll for each resource, whoever waits for it; one timetable for all polls of a client.

No task runs while nothing is due: a timer of the event loop starts the looks, each look is a short
task, and its listeners are told the result. The first listener starts a poll, the last one ends it.
"""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field, frozen

from .._clock import EARLY_S, Clock
from .._sending import Fetched, Sender, Ticket
from .._status import Stage
from ..errors import BasetenError, ConfigurationError
from ..options import Schedule
from .budget import PollingBudget
from .health import Change, Health
from .schedule import jittered
from .timetable import Timetable

R = TypeVar("R")

#: Maximum age in seconds of a result that a new wait may reuse.
FRESH_S = 2.0
#: Seconds that the last look, which starts at the deadline, may take from when it is sent.
LAST_LOOK_S = 10.0
#: Seconds after the deadline until which the last look must have been sent.
UNSENT_S = 30.0


class Look(ABC, Generic[R]):
    """Reads a resource once. Equal looks read the same, and share a poll."""

    __slots__ = ()

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
    """

    began: float
    ended: float
    outcome: Fetched[R] | BasetenError


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


@define(eq=False)
class _Poll:
    """A resource that somebody polls."""

    look: Look[Any]
    # When each listener wants the next look, when it wants its last one, and when it stops waiting.
    wanted: Timetable[Listener] = field(factory=Timetable[Listener])
    deadlines: Timetable[Listener] = field(factory=Timetable[Listener])
    expiries: Timetable[Listener] = field(factory=Timetable[Listener])
    latest: Sighting[Any] | None = None  # the last one with a value
    flight: _Flight | None = None
    # Listeners whose last look was sent.
    sent_last: set[Listener] = field(factory=set["Listener"])

    def tell(self, sighting: Sighting[Any]) -> None:
        """Tell all listeners."""
        self.wanted.replace({one: one.hear(sighting) for one in list(self.wanted)})


@define(eq=False)
class _Flight:
    """A look under way."""

    poll: _Poll
    is_last: bool
    sent_at: float  # until it is sent: when it started to queue
    task: asyncio.Task[None] | None = None
    has_landed: bool = False


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

    def _go_off(self) -> None:
        self.at = math.inf
        self._timer = None
        self._ring()


class Polls:
    """All polls of a client: starts the looks that are due, and tells their listeners."""

    def __init__(self, sender: Sender, budget: PollingBudget, schedule: Schedule) -> None:
        self.sender = sender
        self.clock: Clock = sender.clock
        self._budget = budget
        self._schedule = schedule
        self._chance = 0.0  # the listeners of one look agree on the next one
        self._polls: dict[Look[Any], _Poll] = {}
        self._due: Timetable[_Poll] = Timetable()
        self._deadlines: Timetable[_Poll] = Timetable()
        self._expiries: Timetable[_Poll] = Timetable()
        self._last_in_flight = 0
        self._health = Health()
        self._in_flight = 0
        self._next_look = _Alarm(self.clock, self._start_looks)
        self._next_expiry = _Alarm(self.clock, self._expire)

    # --- for waits -------------------------------------------------------------------------------

    def join(
        self, look: Look[Any], listener: Listener, *, not_before: float, deadline: float
    ) -> None:
        """Start to listen: to a fresh result that is there already, or to a look made at once.

        Args:
            look: Reads the resource.
            listener: The listener.
            not_before: Looks that were sent earlier do not count.
            deadline: When it wants its last look, on the clock.
        """
        self.sender.connections.check()
        poll = self._polls.get(look)
        if poll is None:
            poll = self._polls[look] = _Poll(look)
        is_fresh = poll.latest is not None and poll.latest.began >= not_before
        due = listener.hear(poll.latest) if poll.latest and is_fresh else self.clock.now()
        poll.wanted.set(listener, due)
        poll.deadlines.set(listener, deadline)
        poll.expiries.set(listener, deadline + UNSENT_S)
        self._expiries.set(poll, poll.expiries.next_at)
        self._plan(poll)
        self._next_expiry.set(self._expiries.next_at)
        self._start_looks()

    def leave(self, look: Look[Any], listener: Listener) -> None:
        """Stop listening. The last listener to leave ends the poll."""
        poll = self._polls.get(look)
        if poll is None or listener not in poll.wanted:
            return
        poll.wanted.drop(listener)
        poll.deadlines.drop(listener)
        poll.expiries.drop(listener)
        poll.sent_last.discard(listener)
        if poll.wanted:
            return
        del self._polls[look]
        self._due.drop(poll)
        self._deadlines.drop(poll)
        self._expiries.drop(poll)
        if poll.flight is not None:
            self._abandon(poll.flight)
        if not self._polls:
            self._next_look.set(math.inf)
            self._next_expiry.set(math.inf)

    def look_at(self, look: Look[Any], listener: Listener, due: float) -> None:
        """Look at this time for a listener, in place of the time that it wanted before."""
        poll = self._polls.get(look)
        if poll is not None and listener in poll.wanted:
            poll.wanted.set(listener, due)
            self._plan(poll)
            self._start_looks()

    def next_look(self, stage: Stage, in_stage: float, elapsed: float) -> float:
        """Seconds until the next look, for a listener that hears one now."""
        return jittered(self._schedule(stage, in_stage, elapsed), self._chance)

    def close(self, error: ConfigurationError) -> None:
        """End all polls; the listeners are told *error*."""
        self._next_look.set(math.inf)
        self._next_expiry.set(math.inf)
        for poll in list(self._polls.values()):
            for listener in list(poll.wanted):
                listener.fail(error)

    # --- when ------------------------------------------------------------------------------------

    def _plan(self, poll: _Poll) -> None:
        """Look when the most impatient listener wants it. A look under way plans the next one."""
        if self._polls.get(poll.look) is not poll:
            return
        flight = poll.flight
        if flight is None:
            self._due.set(poll, poll.wanted.next_at)
        # A look that was sent before a deadline is not the last one: it is given up for that. But a
        # last look gets its time, also if the deadline of somebody else passes meanwhile.
        earliest = flight.sent_at + LAST_LOOK_S if flight and flight.is_last else 0.0
        self._deadlines.set(poll, max(poll.deadlines.next_at, earliest))

    def _start_looks(self) -> None:
        """Start the looks that are due, last looks first, and set the alarm for the next one."""
        now = self.clock.now()
        next_look = math.inf
        while (first := self._deadlines.first()) is not None:
            due, poll = first
            next_look = due if self._may_start_last(now) else math.inf
            if next_look > now + EARLY_S:
                break
            self._begin(poll, now, is_last=True)
            next_look = math.inf
        last_look, next_look = next_look, math.inf
        while (first := self._due.first()) is not None:
            due, poll = first
            next_look = max(due, self._free_at(now))
            if next_look > now + EARLY_S:
                break
            self._begin(poll, now, is_last=False)
            next_look = math.inf
        self._next_look.set(min(last_look, next_look))

    def _may_start_last(self, now: float) -> bool:
        """Whether a last look may start: it passes budget, pause and outage.

        While the server has asked for a pause, they go one at a time: the first that is answered
        ends the pause for the others.
        """
        if self._in_flight >= self.sender.connections.queue.most_looks:
            return False
        return now >= self._health.refused_until or self._last_in_flight == 0

    def _free_at(self, now: float) -> float:
        """When connections, budget and health allow the next look."""
        if self._in_flight >= self._most_in_flight:
            return math.inf
        return max(self._health.held_until, self._budget.free_at(now))

    @property
    def _most_in_flight(self) -> int:
        """Looks at the same time. More than there are connections would only queue."""
        return 1 if self._health.is_down else self.sender.connections.queue.most_looks

    def _expire(self) -> None:
        """Tell the listeners whose last look did not come, and set the alarm for the next ones."""
        now = self.clock.now() + EARLY_S
        while (first := self._expiries.first()) is not None and first[0] <= now:
            _, poll = first
            while (next_one := poll.expiries.first()) is not None and next_one[0] <= now:
                listener = next_one[1]
                poll.expiries.set(listener, math.inf)
                poll.deadlines.set(listener, math.inf)
                listener.expire(was_sent=listener in poll.sent_last)
            self._expiries.set(poll, poll.expiries.next_at)
        self._next_expiry.set(self._expiries.next_at)

    # --- looking ---------------------------------------------------------------------------------

    def _begin(self, poll: _Poll, now: float, *, is_last: bool) -> None:
        earlier, poll.flight = poll.flight, None
        if earlier is not None:
            self._abandon(earlier)
        self._due.set(poll, math.inf)
        self._deadlines.set(poll, math.inf)
        self._budget.take(now)
        self._in_flight += 1
        self._last_in_flight += is_last
        flight = poll.flight = _Flight(poll, is_last, sent_at=now)
        flight.task = asyncio.get_running_loop().create_task(self._look(flight))

    async def _look(self, flight: _Flight) -> None:
        poll = flight.poll
        ticket = Ticket(flight.is_last, lambda: self._note_sent(flight))
        sighting: Sighting[Any]
        try:
            try:
                outcome = await poll.look(ticket)
            except BasetenError as error:
                _forget_frames(error)
                sighting = Sighting(flight.sent_at, self.clock.now(), error)
            else:
                sighting = Sighting(flight.sent_at, self.clock.now(), outcome)
                poll.latest = sighting
            self._chance = self.clock.random()
            self._learn(sighting)
            poll.tell(sighting)
        except Exception as error:  # noqa: BLE001 - see below
            # A mistake of ours: nobody may wait for ever for a poll that has died of it.
            for listener in list(poll.wanted):
                listener.fail(error)
        finally:
            self._land(flight)

    def _note_sent(self, flight: _Flight) -> None:
        """A look is being sent: from now on, listeners past their deadline wait for its result."""
        poll, now = flight.poll, self.clock.now()
        flight.sent_at = now
        if poll.flight is not flight:
            return
        while (first := poll.deadlines.first()) is not None and first[0] <= now + EARLY_S:
            listener = first[1]
            poll.deadlines.set(listener, math.inf)
            poll.expiries.set(listener, now + LAST_LOOK_S)
            poll.sent_last.add(listener)
        self._plan(poll)
        self._expiries.set(poll, poll.expiries.next_at)
        self._next_expiry.set(self._expiries.next_at)

    def _abandon(self, flight: _Flight) -> None:
        """Nobody waits for this look any longer."""
        if flight.task is not None:
            flight.task.cancel()
        # A task that is cancelled before its first step never gets to its end.
        self._land(flight)

    def _land(self, flight: _Flight) -> None:
        """A look has ended, in whatever way. Does nothing the second time."""
        if flight.has_landed:
            return
        flight.has_landed = True
        was_full = flight.is_last or self._in_flight >= self._most_in_flight
        self._in_flight -= 1
        self._last_in_flight -= flight.is_last
        if flight.poll.flight is not flight:
            return
        flight.poll.flight = None
        self._plan(flight.poll)
        if was_full or min(self._due.next_at, self._deadlines.next_at) < self._next_look.at:
            self._start_looks()

    def _learn(self, sighting: Sighting[Any]) -> None:
        """Learn from a look what holds for all."""
        change = self._health.after(
            sighting.outcome,
            sighting.ended,
            is_alone=len(self._polls) <= 1,
            chance=self._chance,
        )
        if change is Change.REFUSED:
            self._budget.slow_down(sighting.ended)
        elif change is Change.BACK:
            self._look_at_everything(sighting.ended)

    def _look_at_everything(self, now: float) -> None:
        """The server is back: look at everything, as fast as the budget allows."""
        for poll in list(self._polls.values()):
            if poll.flight is None and self._due[poll] > now:
                # A listener that wants no more looks has infinity there.
                poll.wanted.replace(
                    {one: at if at == math.inf else min(at, now) for one, at in poll.wanted.items()}
                )
                self._plan(poll)
        self._start_looks()


def _forget_frames(error: BaseException | None) -> None:
    """A wait keeps its last error, perhaps for hours, but not the frames that it came from."""
    seen: set[int] = set()  # "raise error from error" makes it its own cause
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
