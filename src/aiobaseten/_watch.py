"""Waiting: from what looks see to what a caller is told.

Mechanism here, meaning in `_waits`. A wait looks at once, and always takes a last look at its
deadline.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from copy import copy
from typing import Any, Generic, TypeVar

from attrs import evolve, frozen

from . import _schedule
from ._clock import EARLY_S
from ._polls import FRESH_S, Look, Polls, Sighting
from ._waits import (
    DeploymentReading,
    Done,
    Explain,
    Failed,
    Pending,
    Step,
    Wait,
    Wake,
    asked_delay,
    ends_wait,
)
from .errors import (
    APIError,
    BasetenError,
    Evidence,
    LogLine,
    ResponseShapeError,
    WaitError,
    WaitTimeoutError,
)
from .events import Event, Finished, LookFailed

R = TypeVar("R")

#: Seconds that a wait may take, unless the caller says otherwise.
DEFAULT_TIMEOUT_S = 3600.0
#: Seconds for which the last look, which begins at the deadline, may take.
LAST_LOOK_S = 10.0
#: Seconds for which an error may be kept back until the log that goes with it is there.
LOG_S = 5.0

_REQUEST_IDS = 10


@frozen(kw_only=True)
class Means:
    """What a wait may do beside looking.

    Attributes:
        wake: Asks a sleeping deployment to wake up.
        read_deployment: Reads the deployment of a promotion that is gone; ``None`` if it is, too.
        token: What goes on with the wait, or ``None``.
        last_lines: Reads what the log said last, to go with an error; ``None`` if nobody wants it.
    """

    wake: Callable[[], Awaitable[object]] | None = None
    read_deployment: Callable[[], Awaitable[DeploymentReading | None]] | None = None
    token: Callable[[], str] | None = None
    last_lines: Callable[[], AsyncGenerator[LogLine, None]] | None = None


#: Nothing but look; one object for the many waits that may do no more.
LOOKING = Means()


class Watch(Generic[R]):
    """One wait: hears what looks see, decides, and tells whoever awaits it."""

    __slots__ = (
        "_act",
        "_ended_at",
        "_error",
        "_events",
        "_failures",
        "_last_seen",
        "_look",
        "_means",
        "_not_before",
        "_polls",
        "_request_ids",
        "_result",
        "_started",
        "_timeout",
        "_trouble",
        "_wait",
        "_waiter",
        "due",
    )

    def __init__(
        self,
        polls: Polls,
        wait: Wait[R],
        look: Look[R],
        timeout: float,
        means: Means = LOOKING,
    ) -> None:
        """Remember what to do. The wait begins when somebody asks for its result or its events.

        Args:
            polls: The client's.
            wait: The decisions.
            look: Reads what is waited for. Waits with equal looks share them.
            timeout: Seconds; infinity for no limit; zero looks exactly once.
            means: What else it may do.
        """
        self._polls = polls
        self._wait = wait
        self._look = look
        self._means = means
        self._timeout = timeout
        self._events: deque[Event] | None = None  # if anybody listens
        self._waiter: asyncio.Future[None] | None = None
        self._act: Step | None = None
        self._result: Done | None = None
        self._error: BaseException | None = None
        self._last_seen: Any = None
        self._trouble: BasetenError | None = None
        self._failures = 0
        self._request_ids: tuple[str, ...] = ()

    # --- for whoever waits -----------------------------------------------------------------------

    async def result(self) -> Any:
        """What the wait returns.

        Raises:
            BasetenError: The wait failed.
        """
        try:
            self._join()
            while True:
                await self._news()
                if self._act is not None and not self._is_decided():
                    await self._do(self._act)
                if self._result is not None:
                    return self._result.value
                if self._error is not None:
                    await self._add_log(self._error)
                    raise self._error
        finally:
            self._polls.leave(self._look, self)

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens, as it is seen; `Finished` comes last.

        Raises:
            BasetenError: After `Finished`, the error that it names.
        """
        told = self._events = deque()
        try:
            self._join()
            while True:
                await self._news()
                if self._act is not None and not self._is_decided():
                    await self._do(self._act)
                # More may come while whoever listens is busy with one.
                while told:
                    yield told.popleft()
                if self._result is not None:
                    yield Finished(at=self._ended_at, result=self._result.value, error=None)
                    return
                if self._error is not None:
                    await self._add_log(self._error)
                    if isinstance(self._error, BasetenError):
                        yield Finished(at=self._ended_at, result=None, error=self._error)
                    raise self._error
        finally:
            self._polls.leave(self._look, self)

    def _join(self) -> None:
        self._started = self._polls.clock.now()
        # What was seen before this client last wrote something may be what it has changed since.
        fresh = self._started - FRESH_S if self._timeout > 0 else self._started
        self._not_before = max(fresh, self._polls.transport.wrote_at)
        self.due = self._started
        self._polls.join(self._look, self, not_before=self._not_before)

    def _news(self) -> asyncio.Future[None]:
        """Done when there is something to do or to tell."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._wake_up()
        return self._waiter

    async def _do(self, step: Step) -> None:
        """What a step asks for, beyond looking again."""
        scope = self._polls.clock.timeout_at(self.expires)
        verdict = step.verdict
        try:
            async with scope:
                if isinstance(verdict, Wake) and self._means.wake is not None:
                    await self._means.wake()
                    at = self._at()
                    self._take(Pending(), step, (verdict.woken(at),), at)
                elif isinstance(verdict, Explain) and self._means.read_deployment is not None:
                    found = await self._means.read_deployment()
                    at = self._at()
                    explained = verdict.given(found, at)
                    self._take(explained.verdict, explained, explained.events, at)
        except BasetenError as error:
            self._take_trouble(error, self._at())
        except TimeoutError:
            if not scope.expired():
                raise
            self.expire()
        self._act = None
        self._polls.hurry(self._look)

    async def _add_log(self, error: BaseException) -> None:
        """What the log said last: no reason to keep an error back for long, or to lose it."""
        read = self._means.last_lines
        if read is None or not isinstance(error, WaitError) or error.evidence is None:
            return
        lines: list[LogLine] = []
        try:
            async with self._polls.clock.timeout_at(self._polls.clock.now() + LOG_S):
                async for line in read():
                    lines.append(line)  # noqa: PERF401 - those that came are kept
        except BasetenError as trouble:
            error.add_note(f"The log could not be read: {trouble}.")
        except TimeoutError:
            error.add_note(f"The log was not there within {LOG_S:g} s.")
        error.evidence = evolve(error.evidence, log_lines=tuple(lines))

    # --- for the polls ---------------------------------------------------------------------------

    def hear(self, sighting: Sighting[R]) -> None:
        """Take in what a look saw, decide, and say when the next one is wanted."""
        if self._is_decided() or self._act is not None:
            # Whatever set it back, as the end of an outage does: this one wants no look.
            self.due = math.inf if self._is_decided() else self.expires
            return
        if sighting.began < self._not_before:
            self.due = sighting.ended
            return
        # One that joins hears of a look from before it began.
        at = max(sighting.ended - self._started, 0.0)
        seen = sighting.outcome
        if isinstance(seen, BasetenError):
            self._take_trouble(seen, at)
        else:
            self._last_seen = seen.value
            self._note(seen.request_id)
            step = self._wait.see(seen.value, at)
            self._take(step.verdict, step, step.events, at)
        self._wake_up()

    def expire(self) -> None:
        """The last look was not answered in time."""
        if not self._is_decided():
            self._end(self._out_of_time(" The last look was not answered."))
            self._wake_up()

    def fail(self, error: BaseException) -> None:
        """Looking has come to an end."""
        if not self._is_decided():
            self._end(_own(error))
            self._wake_up()

    # --- deciding --------------------------------------------------------------------------------

    def _take(self, verdict: object, step: Step, events: tuple[Event, ...], at: float) -> None:
        if self._events is not None:
            self._events += events
        if isinstance(verdict, Wake | Explain):
            self._act = step
            self.due = self.expires
            return
        self._failures = 0
        if isinstance(verdict, Done):
            self._result = verdict
            self._leave_it()
        elif isinstance(verdict, Failed):
            self._end(verdict.error(self._evidence()))
        elif self._is_over(at):
            self._end(self._out_of_time())
        else:
            self._look_in(self._polls.next_look(step.stage, step.in_stage, at), at)

    def _take_trouble(self, error: BasetenError, at: float) -> None:
        self._trouble = error
        self._failures += 1
        if isinstance(error, APIError | ResponseShapeError):
            self._note(error.request_id)
        if ends_wait(error, at, has_looked=self._last_seen is not None):
            self._end(_own(error))
        elif self._is_over(at):
            self._end(self._out_of_time())
        else:
            delay = _schedule.after_trouble(
                self._failures, asked=asked_delay(error), chance=self._polls.clock.random()
            )
            self._look_in(delay, at)
            if self._events is not None:
                left = self.due - self._started - at
                self._events.append(LookFailed(at=at, error=error, next_look=left))

    def _look_in(self, delay: float, at: float) -> None:
        """To the deadline but not past it: that buys one last look."""
        self.due = self._started + min(at + delay, self._timeout)

    def _end(self, error: BaseException) -> None:
        if isinstance(error, BasetenError) and error.evidence is None:
            error.evidence = self._evidence()
        self._error = error
        self._leave_it()

    def _leave_it(self) -> None:
        """It is decided. Whoever is slow to take the news keeps nothing going."""
        self._ended_at = self._at()
        self.due = math.inf

    def _out_of_time(self, note: str = "") -> WaitTimeoutError:
        go_on = " Go on with resume(error.token)." if self._means.token is not None else ""
        error = WaitTimeoutError(
            f"{self._timeout:g} s are over: {self._wait.still()}{note}{go_on}",
            evidence=self._evidence(),
            timeout=self._timeout,
        )
        if self._failures:
            error.__cause__ = self._trouble
        return error

    def _evidence(self) -> Evidence:
        return Evidence(
            waited=self._at(),
            last_seen=None if self._last_seen is None else self._last_seen.value,
            history=self._wait.log.history(),
            request_ids=self._request_ids,
            trouble=self._trouble,
            token=self._means.token() if self._means.token is not None else None,
        )

    def _note(self, request_id: str | None) -> None:
        if request_id:
            self._request_ids = (*self._request_ids, request_id)[-_REQUEST_IDS:]

    def _wake_up(self) -> None:
        wanted = self._is_decided() or self._act is not None or self._events
        if wanted and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def expires(self) -> float:
        """When it stops waiting for a look, on the clock."""
        return self._started + self._timeout + LAST_LOOK_S

    def _at(self) -> float:
        return max(self._polls.clock.now() - self._started, 0.0)

    def _is_over(self, at: float) -> bool:
        return at >= self._timeout - EARLY_S

    def _is_decided(self) -> bool:
        return self._result is not None or self._error is not None


def _own(error: BaseException) -> BaseException:
    """An error for one wait: those who share a look do not share what it carries."""
    if not isinstance(error, BasetenError):
        return error  # a mistake of ours, which may not copy, and has to get out all the same
    mine = copy(error)
    mine.__cause__ = error.__cause__
    return mine
