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
from collections.abc import Awaitable
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field, frozen

from . import _schedule
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

_EARLY_S = 0.001  # timers may fire a clock's resolution early


class Look(ABC, Generic[R]):
    """Reads a resource once. Equal ones read the same, and share a poll."""

    __slots__ = ()

    @abstractmethod
    def __call__(self) -> Awaitable[Answer[R]]:
        """Look."""


@frozen(kw_only=True)
class Sighting(Generic[R]):
    """What one look saw: an answer, or what went wrong.

    Attributes:
        began: When it was sent, on the clock.
        ended: When it was answered.
        answer: What was answered.
        error: What went wrong, if no answer came.
    """

    began: float
    ended: float
    answer: Answer[R] | None = None
    error: BasetenError | None = None


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
    latest: Sighting[Any] | None = None
    due: float = 0.0
    task: asyncio.Task[None] | None = None


class Polls:
    """All polls of a client."""

    def __init__(
        self, transport: Transport, budget: PollingBudget, schedule: _schedule.Schedule
    ) -> None:
        self.transport = transport
        self.clock = transport.clock
        self._budget = budget
        self._schedule = schedule
        self._chance = 0.0  # those who hear the same look agree on the next one
        self._polls: dict[Look[Any], _Poll] = {}
        self._due: list[tuple[float, int, _Poll]] = []
        self._expiries: list[tuple[float, int, Listener]] = []
        self._gone = 0  # entries of _expiries whose listeners have left
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._held_until = 0.0
        self._failures = 0
        self._in_flight = 0

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
        if listener.expires < float("inf"):
            heapq.heappush(self._expiries, (listener.expires, next(self._order), listener))
        if poll.latest is not None and poll.latest.began >= not_before:
            listener.hear(poll.latest)
        else:
            listener.due = self.clock.now()
        self._plan(poll)
        self._tick()

    def leave(self, look: Look[Any], listener: Listener) -> None:
        """Stop listening. The last one to leave ends the poll."""
        poll = self._polls.get(look)
        if poll is None or listener not in poll.listeners:
            return
        del poll.listeners[listener]
        if listener.expires < float("inf"):
            self._gone += 1
            self._sweep()
        if poll.listeners:
            return
        del self._polls[look]
        if poll.task is not None:
            self.transport.wire.abandon(poll.task)
        if not self._polls:
            self._due.clear()
            self._expiries.clear()
            self._gone = 0
            self._arm(float("inf"))

    def hurry(self, look: Look[Any]) -> None:
        """A listener has set its `due` anew."""
        poll = self._polls.get(look)
        if poll is not None:
            self._plan(poll)
            self._tick()

    def next_look(self, stage: Stage, in_stage: float, elapsed: float) -> float:
        """Seconds until the next look, for somebody who hears one now."""
        return _schedule.jittered(self._schedule(stage, in_stage, elapsed), self._chance)

    def close(self, error: ConfigurationError) -> None:
        """End all polls; whoever listens is told *error*."""
        self._arm(float("inf"))
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

    def _tick(self) -> None:
        """Do what is due, and set the timer for what comes next."""
        now = self.clock.now()
        while self._expiries and self._expiries[0][0] <= now + _EARLY_S:
            listener = heapq.heappop(self._expiries)[2]
            listener.expire()
        while self._due:
            due, _, poll = self._due[0]
            if poll.task is not None or poll.due != due or not poll.listeners:
                heapq.heappop(self._due)  # planned anew, or gone, since
                continue
            if due > now + _EARLY_S or self._may_look_at() > now + _EARLY_S:
                break
            heapq.heappop(self._due)
            self._begin(poll, now)
        next_look = max(self._due[0][0], self._may_look_at()) if self._due else float("inf")
        next_expiry = self._expiries[0][0] if self._expiries else float("inf")
        self._arm(min(next_look, next_expiry))

    def _may_look_at(self) -> float:
        """When the budget, the server's wish or an outage allows the next look."""
        if self._in_flight >= self._most_in_flight():
            return float("inf")
        return max(self._held_until, self._budget.free_at(self.clock.now()))

    def _arm(self, when: float) -> None:
        if when == self._timer_at and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = None if when == float("inf") else self.clock.call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._tick()

    def _sweep(self) -> None:
        """Forget the expiries of those who have left, when they are many."""
        if self._gone < 64 or self._gone * 2 < len(self._expiries):
            return
        present = {listener for poll in self._polls.values() for listener in poll.listeners}
        self._expiries = [entry for entry in self._expiries if entry[2] in present]
        heapq.heapify(self._expiries)
        self._gone = 0

    # --- looking -------------------------------------------------------------------------------

    def _begin(self, poll: _Poll, now: float) -> None:
        self._budget.take(now)
        self._in_flight += 1
        poll.task = asyncio.get_running_loop().create_task(self._look(poll))
        poll.task.add_done_callback(lambda task: self._ended(poll, task))

    async def _look(self, poll: _Poll) -> None:
        began = self.clock.now()
        try:
            answer = await poll.look()
        except BasetenError as error:
            _forget_frames(error)
            sighting = Sighting[Any](began=began, ended=self.clock.now(), error=error)
        else:
            sighting = Sighting[Any](began=began, ended=self.clock.now(), answer=answer)
            poll.latest = sighting
        self._take_health(sighting)
        self._chance = self.clock.random()
        for listener in list(poll.listeners):
            listener.hear(sighting)

    def _ended(self, poll: _Poll, task: asyncio.Task[None]) -> None:
        poll.task = None
        was_full = self._in_flight >= self._most_in_flight()
        self._in_flight -= 1
        if not task.cancelled() and (error := task.exception()) is not None:
            # A mistake of ours: nobody may go on waiting for a poll that has died of it.
            for listener in list(poll.listeners):
                listener.fail(error)
        self._plan(poll)
        if self._timer is None or poll.due < self._timer_at or was_full:
            self._tick()

    def _take_health(self, sighting: Sighting[Any]) -> None:
        """Learn from a look what holds for all."""
        error = sighting.error
        if isinstance(error, RateLimitError):
            asked = asked_delay(error)
            self._budget.slow_down(sighting.ended)
            self._hold(
                sighting.ended + _schedule.after_trouble(1, asked=asked, chance=self.clock.random())
            )
        elif isinstance(error, ServerError | TransportError | ResponseShapeError):
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
        self._arm(float("inf"))
        for poll in self._polls.values():
            if poll.task is None and poll.due > now:
                for listener in poll.listeners:
                    listener.due = min(listener.due, now)
                self._plan(poll)


def _forget_frames(error: BaseException | None) -> None:
    """A wait keeps its last failure, for hours perhaps; but not all that was under way then."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
