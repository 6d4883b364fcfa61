"""One poll for each resource, whoever waits for it; one schedule for all polls of a client.

Nothing runs while nothing is due: a timer of the event loop starts the looks, each look is a short
task, and whoever listens is told what it saw. The first listener begins a poll, the last one ends
it.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field, frozen

from . import _schedule
from ._clock import EARLY_S, Clock
from ._limits import PollingBudget
from ._status import Stage
from ._transport import Answer, Transport
from ._waits import asked_delay
from .errors import (
    BasetenError,
    ConfigurationError,
    RateLimitError,
    ResponseShapeError,
    ServerError,
    TransportError,
)

R = TypeVar("R")

#: Seconds that a look is old at most when one that joins takes it for its first.
FRESH_S = 2.0
#: Looks that fail in a row, whatever they look at, after which the server is taken to be down.
DOWN_AFTER = 3
#: Seconds between looks while the server is down.
PROBE_EVERY_S = 4.0


class Look(ABC, Generic[R]):
    """Reads a resource once. Equal ones read the same, and share a poll."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, before: Answer[R] | None) -> Awaitable[Answer[R]]:
        """Look. *before* is what the look before this one was answered."""


@frozen
class Sighting(Generic[R]):
    """What one look saw.

    Attributes:
        began: When it was sent, on the clock.
        ended: When it was answered.
        outcome: What was answered, or what went wrong.
    """

    began: float
    ended: float
    outcome: Answer[R] | BasetenError


class Listener(Protocol):
    """Somebody who wants to know what looks see.

    Attributes:
        due: When it wants the next look, on the clock.
    """

    due: float

    @property
    def expires(self) -> float:
        """When it stops waiting for a look, on the clock."""
        ...

    def hear(self, sighting: Sighting[Any]) -> None:
        """Take in what a look saw, and set `due`."""
        ...

    def expire(self) -> None:
        """The time for the last look is over."""
        ...

    def fail(self, error: BaseException) -> None:
        """Looking has come to an end."""
        ...


@define(eq=False)
class _Poll:
    """A resource that somebody looks at."""

    look: Look[Any]
    listeners: dict[Listener, None] = field(factory=dict["Listener", None])
    answer: Answer[Any] | None = None  # the latest
    latest: Sighting[Any] | None = None  # the one with that answer
    due: float = 0.0
    expires: float = float("inf")  # when the first of the listeners stops waiting for a look
    task: asyncio.Task[None] | None = None


class _Alarm:
    """A timer of the loop's that can be set anew."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self.at = float("inf")
        self._clock = clock
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Ring then, and not when it was set to before; infinity means never."""
        if at == self.at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self.at = at
        self._timer = None if at == float("inf") else self._clock.call_at(at, self._go_off)

    def _go_off(self) -> None:
        self.at = float("inf")
        self._timer = None
        self._ring()


class Polls:
    """All polls of a client."""

    def __init__(
        self, transport: Transport, budget: PollingBudget, schedule: _schedule.Schedule
    ) -> None:
        self.transport = transport
        self.clock: Clock = transport.clock
        self._budget = budget
        self._schedule = schedule
        self._chance = 0.0  # those who hear the same look agree on the next one
        self._polls: dict[Look[Any], _Poll] = {}
        self._due: list[tuple[float, int, _Poll]] = []
        self._expiries: list[tuple[float, int, _Poll]] = []
        self._gone = 0  # entries of _expiries whose polls have ended
        self._order = itertools.count()
        self._next_look = _Alarm(self.clock, self._look_around)
        self._next_expiry = _Alarm(self.clock, self._expire)
        self._held_until = 0.0
        self._failures = 0
        self._in_flight = 0

    def known(self, look: Look[R]) -> Look[R]:
        """*look*, or the equal one that is polled already: of many, one is enough."""
        poll = self._polls.get(look)
        return look if poll is None else poll.look

    def join(
        self,
        look: Look[Any],
        listener: Listener,
        *,
        not_before: float,
    ) -> None:
        """Begin to listen: to a fresh look that is there already, or to one made at once.

        Args:
            look: Reads the resource.
            listener: Who listens.
            not_before: Looks that were sent earlier do not interest it.
        """
        self.transport.wire.check()
        poll = self._polls.get(look)
        if poll is None:
            poll = self._polls[look] = _Poll(look)
        poll.listeners[listener] = None
        if listener.expires < poll.expires:
            self._plan_expiry(poll, listener.expires)
            self._next_expiry.set(self._expiries[0][0])
        if poll.latest is not None and poll.latest.began >= not_before:
            listener.hear(poll.latest)
        else:
            listener.due = self.clock.now()
        self._plan(poll)
        self._look_around()

    def leave(self, look: Look[Any], listener: Listener) -> None:
        """Stop listening. The last one to leave ends the poll."""
        poll = self._polls.get(look)
        if poll is None or listener not in poll.listeners:
            return
        del poll.listeners[listener]
        if poll.listeners:
            return
        del self._polls[look]
        if poll.expires < float("inf"):
            self._gone += 1
            self._sweep()
        if poll.task is not None:
            self.transport.wire.abandon(poll.task)
            # One that is cancelled before its first step never gets to its end.
            poll.task.add_done_callback(lambda _: self._land(poll))
        if not self._polls:
            self._due.clear()
            self._expiries.clear()
            self._gone = 0
            self._next_look.set(float("inf"))
            self._next_expiry.set(float("inf"))

    def hurry(self, look: Look[Any]) -> None:
        """A listener has set its `due` anew."""
        poll = self._polls.get(look)
        if poll is not None:
            self._plan(poll)
            self._look_around()

    def next_look(self, stage: Stage, in_stage: float, elapsed: float) -> float:
        """Seconds until the next look, for somebody who hears one now."""
        return _schedule.jittered(self._schedule(stage, in_stage, elapsed), self._chance)

    def close(self, error: ConfigurationError) -> None:
        """End all polls; whoever listens is told *error*."""
        self._next_look.set(float("inf"))
        self._next_expiry.set(float("inf"))
        for poll in list(self._polls.values()):
            for listener in list(poll.listeners):
                listener.fail(error)

    # --- when ----------------------------------------------------------------------------------

    def _plan(self, poll: _Poll) -> None:
        """Put the poll where its most impatient listener wants it."""
        if poll.task is None and poll.listeners:
            poll.due = min(listener.due for listener in poll.listeners)
            if poll.due < float("inf"):
                heapq.heappush(self._due, (poll.due, next(self._order), poll))

    def _is_down(self) -> bool:
        return self._failures >= DOWN_AFTER

    def _most_in_flight(self) -> int:
        """Looks at once. More than there are connections would wait, and then go all together."""
        return 1 if self._is_down() else self.transport.wire.max_connections

    def _look_around(self) -> None:
        """Begin the looks that are due, and set the alarm for the next one."""
        now = self.clock.now()
        next_look = float("inf")
        while self._due:
            due, _, poll = self._due[0]
            if poll.task is not None or poll.due != due or not poll.listeners:
                heapq.heappop(self._due)  # planned anew, or gone, since
                continue
            next_look = max(due, self._may_look_at(now))
            if next_look > now + EARLY_S:
                break
            heapq.heappop(self._due)
            self._begin(poll, now)
            next_look = float("inf")
        self._next_look.set(next_look)

    def _may_look_at(self, now: float) -> float:
        """When the budget, the server's wish or an outage allows the next look."""
        if self._in_flight >= self._most_in_flight():
            return float("inf")
        return max(self._held_until, self._budget.free_at(now))

    def _expire(self) -> None:
        """Tell those whose last look is not coming, and set the alarm for the next one."""
        now = self.clock.now() + EARLY_S
        while self._expiries and self._expiries[0][0] <= now:
            at, _, poll = heapq.heappop(self._expiries)
            if poll.expires != at:
                continue  # planned anew since
            later = float("inf")
            for listener in list(poll.listeners):
                if listener.expires <= now:
                    listener.expire()
                else:
                    later = min(later, listener.expires)
            self._plan_expiry(poll, later)
        self._next_expiry.set(self._expiries[0][0] if self._expiries else float("inf"))

    def _plan_expiry(self, poll: _Poll, at: float) -> None:
        poll.expires = at
        if at < float("inf"):
            heapq.heappush(self._expiries, (at, next(self._order), poll))

    def _sweep(self) -> None:
        """Forget the expiries of polls that have ended, when they are many."""
        if self._gone < 64 or self._gone * 2 < len(self._expiries):
            return
        present = set(self._polls.values())
        self._expiries = [entry for entry in self._expiries if entry[2] in present]
        heapq.heapify(self._expiries)
        self._gone = 0

    # --- looking -------------------------------------------------------------------------------

    def _begin(self, poll: _Poll, now: float) -> None:
        self._budget.take(now)
        self._in_flight += 1
        poll.task = asyncio.get_running_loop().create_task(self._look(poll))

    async def _look(self, poll: _Poll) -> None:
        try:
            sighting = await self._sight(poll)
            self._take_health(sighting)
            self._chance = self.clock.random()
            for listener in list(poll.listeners):
                listener.hear(sighting)
        except Exception as error:  # noqa: BLE001 - see below
            # A mistake of ours: nobody may go on waiting for a poll that has died of it.
            for listener in list(poll.listeners):
                listener.fail(error)
        finally:
            self._land(poll)

    async def _sight(self, poll: _Poll) -> Sighting[Any]:
        began = self.clock.now()
        try:
            answer = poll.answer = await poll.look(poll.answer)
        except BasetenError as error:
            _forget_frames(error)
            return Sighting(began, self.clock.now(), error)
        poll.latest = Sighting(began, self.clock.now(), answer)
        return poll.latest

    def _land(self, poll: _Poll) -> None:
        """A look has come to an end, whatever end. Not twice."""
        if poll.task is None:
            return
        poll.task = None
        was_full = self._in_flight >= self._most_in_flight()
        self._in_flight -= 1
        self._plan(poll)
        if poll.due < self._next_look.at or was_full:
            self._look_around()

    def _take_health(self, sighting: Sighting[Any]) -> None:
        """Learn from a look what holds for all."""
        outcome = sighting.outcome
        if isinstance(outcome, RateLimitError):
            asked = asked_delay(outcome)
            self._budget.slow_down(sighting.ended)
            self._hold(
                sighting.ended + _schedule.after_trouble(1, asked=asked, chance=self.clock.random())
            )
        elif isinstance(outcome, ServerError | TransportError | ResponseShapeError):
            self._failures += 1
            if self._is_down() and len(self._polls) > 1:
                self._hold(sighting.ended + PROBE_EVERY_S * (0.75 + 0.5 * self.clock.random()))
                self._tell_the_others(sighting)
        elif self._is_down():
            self._failures = 0
            self._back_again(sighting.ended)
        else:
            self._failures = 0

    def _hold(self, until: float) -> None:
        self._held_until = max(self._held_until, until)

    def _tell_the_others(self, sighting: Sighting[Any]) -> None:
        """While one look probes for all, the others whose time has come know why nothing comes."""
        for poll in self._polls.values():
            if poll.task is None and poll.due <= sighting.ended:
                for listener in list(poll.listeners):
                    listener.hear(sighting)

    def _back_again(self, now: float) -> None:
        """The server answers again: everybody looks, as fast as the budget allows."""
        self._held_until = 0.0
        for poll in self._polls.values():
            if poll.task is None and poll.due > now:
                for listener in poll.listeners:
                    if listener.due < float("inf"):  # or it is decided, and wants no more
                        listener.due = min(listener.due, now)
                self._plan(poll)
        self._look_around()


def _forget_frames(error: BaseException | None) -> None:
    """A wait keeps its last failure, for hours perhaps; but not all that was under way then."""
    seen: set[int] = set()  # "raise error from error" makes it its own cause
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
