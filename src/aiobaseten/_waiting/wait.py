"""A caller's wait: turns the results of a poll into a result, an error or events.

The tracker decides, the poll looks, and this connects the two. A wait looks at once, and always
takes a last look at its deadline.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import evolve, frozen

from .._clock import EARLY_S, Clock
from .._first_use import load_the_rest
from .._numbers import in_seconds
from .._status import Stage
from ..errors import (
    APIError,
    BasetenError,
    Evidence,
    LogLine,
    NotFoundError,
    PermissionDeniedError,
    ResponseShapeError,
    Startup,
    WaitError,
    WaitTimeoutError,
)
from ..events import Event, Finished, LookFailed, StartupProgressed
from ..readings import DeploymentReading, builder_of
from .followups import FRESH_S, FollowUp, own
from .polls import LAST_LOOK_S, Look, Polls, Sighting
from .schedule import LEAST_AFTER_TROUBLE_S, after_trouble, asked_pause
from .span import start_span
from .steps import (
    Act,
    Consult,
    Done,
    Explain,
    Failed,
    Pending,
    Step,
    Suspected,
    Tracker,
    Wake,
    cut,
    ends_in,
)
from .who import Who, add_who, answer, explains
from .why import Watch, Why, add_why

if TYPE_CHECKING:
    from .._verdict import GuardReport

R = TypeVar("R")

#: Seconds for which an error may be delayed until its log has been read.
LOG_S = 5.0
#: The end of a message of a wait that timed out.
GO_ON = " Go on with resume(error.token)."
GO_ON_GUARDED = " Go on with resume(error.token, guard=guard)."

_REQUEST_IDS = 10
# Verdicts that ask for something else than another look.
_TO_DO = (Suspected, Wake, Explain, Act)


@frozen
class LastLines:
    """The last lines of a log.

    Attributes:
        lines: As many as could be read.
        trouble: Why there are no more, if they could not be read.
    """

    lines: tuple[LogLine, ...]
    trouble: str | None = None


async def read_last_lines(clock: Clock, read: AsyncGenerator[LogLine, None]) -> LastLines:
    """Read the last lines of a log, within a few seconds."""
    lines: list[LogLine] = []
    trouble = None
    try:
        async with clock.timeout_at(clock.now() + LOG_S):
            async for line in read:
                lines.append(line)  # noqa: PERF401 - the lines before an error are kept
    except BasetenError as error:
        trouble = f"The log could not be read: {error}."
    except TimeoutError:
        trouble = f"The log was not there within {LOG_S:g} s."
    return LastLines(tuple(lines), trouble)


@frozen(kw_only=True)
class Actions:
    """What a wait may do besides looking.

    Attributes:
        wake: Asks a sleeping deployment to wake up.
        read_deployment: Reads the deployment of a promotion that the environment does not show;
            returns ``None`` if it does not exist.
        token: Makes the token of the wait, or ``None``.
        last_lines: Reads the last lines of the log, for an error; ``None`` if nobody wants them.
        perform: Does what a tracker asks for besides looking; returns the outcome, errors of
            Baseten's included.
        report: Makes the report of the guard, or ``None``.
        go_on: How to go on with the token, at the end of a message.
        who: How to find out who ended it; ``None`` if nobody else can have.
        why: How to find out why a deployment is not ready; ``None`` for a chain.
    """

    wake: FollowUp[None] | None = None
    read_deployment: FollowUp[DeploymentReading | None] | None = None
    token: Callable[[], str] | None = None
    last_lines: FollowUp[LastLines] | None = None
    perform: Callable[[Any], Awaitable[Any]] | None = None
    report: Callable[[], GuardReport] | None = None
    go_on: str = GO_ON
    who: Who | None = None
    why: Why | None = None


class Wait(Generic[R]):
    """One wait: hears the results of looks, decides, and tells its caller."""

    __slots__ = (
        "_act",
        "_asking",
        "_ended_at",
        "_error",
        "_events",
        "_failed_acts",
        "_failing_as",
        "_failing_since",
        "_failures",
        "_has_expired",
        "_is_last_look",
        "_last_seen",
        "_look",
        "_make_actions",
        "_polls",
        "_request_ids",
        "_result",
        "_seen_at",
        "_span",
        "_stage",
        "_started",
        "_timeout",
        "_tracker",
        "_trouble",
        "_waiter",
        "_watch",
        "_wrote_at",
    )

    def __init__(
        self,
        polls: Polls,
        tracker: Tracker[R],
        look: Look[R],
        timeout: float,
        actions: Callable[[], Actions] = Actions,
    ) -> None:
        """Store what to do. The wait begins when somebody asks for its result or its events.

        Args:
            polls: The client's.
            tracker: Decides.
            look: Reads what is waited for. Waits with equal looks share a poll.
            timeout: Seconds; infinity for no limit; zero looks exactly once.
            actions: Makes what else it may do, when that is needed: most waits never need it.
        """
        load_the_rest()
        self._polls = polls
        self._tracker = tracker
        self._look = look
        self._make_actions = actions
        self._timeout = timeout
        self._events: deque[Event] | None = None  # if anybody listens
        self._waiter: asyncio.Future[None] | None = None
        self._act: Step | None = None
        self._asking: asyncio.Task[Any] | None = None  # the audit log
        self._result: Done | None = None
        self._error: BaseException | None = None
        self._last_seen: Callable[[], Any] | None = None  # builds it
        self._trouble: BasetenError | None = None
        self._failures = 0  # looks in a row
        self._failed_acts = 0  # in a row
        self._failing_as: str | None = None
        self._failing_since = 0.0
        self._is_last_look = False
        self._has_expired = False
        self._stage = Stage.IDLE
        self._seen_at = 0.0
        self._request_ids: tuple[str, ...] = ()
        self._watch: Watch | None = None  # if anybody listens

    # --- for the caller --------------------------------------------------------------------------

    async def result(self) -> Any:
        """The result of the wait.

        Raises:
            BasetenError: The wait failed.
        """
        try:
            while True:
                await self.news()
                if self._act is not None and not self._is_decided:
                    await self._do(self._act)
                if self._result is not None:
                    return self._result.result()
                if self._error is not None:
                    await self._explain(self._error)
                    raise self._error
        finally:
            self.leave()

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events of the wait, as they are seen; `Finished` comes last.

        Raises:
            BasetenError: After `Finished`, the error that it names.
        """
        events = self._events = deque()
        clock, why = self._polls.clock, self._make_actions().why
        self._watch = Watch(self._polls.follow_ups, clock, why, self._tell_startup)
        try:
            while True:
                await self.news()
                if self._act is not None and not self._is_decided:
                    await self._do(self._act)
                # More may come while the listener is busy with one.
                while events:
                    yield events.popleft()
                if self._result is not None:
                    yield Finished(at=self._ended_at, result=self._result.result(), error=None)
                    return
                if self._error is not None:
                    await self._explain(self._error)
                    if isinstance(self._error, BasetenError):
                        yield Finished(at=self._ended_at, result=None, error=self._error)
                    raise self._error
        finally:
            self.leave()

    def leave(self) -> None:
        """End it. Nobody hears anything of it any more; safe to call twice."""
        self._polls.leave(self._look, self)
        if self._asking is not None:
            asking, self._asking = self._asking, None
            asking.cancel()
        if self._watch is not None:
            self._watch.end()
        self._span.end(self._error)

    def _join(self) -> None:
        self._span = start_span(self._tracker.label)
        self._started = self._polls.clock.now()
        self._wrote_at = self._polls.sender.shared.wrote_at
        # All waits on the resource share the look of its poll.
        self._look = self._polls.join(
            self._look,
            self,
            not_before=self._not_before,
            deadline=self._started + self._timeout,
        )

    def news(self) -> asyncio.Future[None]:
        """Begin, if it has not begun. Done as soon as there is something to do or to tell.

        There may be a hundred thousand waits. One whose caller awaits this, and only then the
        result, is parked without a coroutine of its own. Whoever calls this calls `leave`.
        """
        if self._waiter is None:
            self._join()
        self._waiter = asyncio.get_running_loop().create_future()
        self._notify()
        return self._waiter

    async def _do(self, step: Step) -> None:
        """Do what a step asks for, other than looking again."""
        scope = self._polls.clock.timeout_at(self._expires)
        actions = self._make_actions()
        verdict = step.verdict
        due = self._expires
        try:
            async with scope:
                if isinstance(verdict, Wake) and actions.wake is not None:
                    await self._polls.follow_ups.once(actions.wake)
                    at = self._at()
                    due = self._take(Pending(), step, (verdict.woken(at),), at)
                elif isinstance(verdict, Explain) and actions.read_deployment is not None:
                    found = await self._polls.follow_ups.once(actions.read_deployment)
                    at = self._at()
                    explained = verdict.given(found, at)
                    due = self._take(explained.verdict, explained, explained.events, at)
                elif isinstance(verdict, Suspected):
                    error, who = verdict.failed.error(self._evidence()), actions.who
                    is_so = who is not None and await explains(self._polls.follow_ups, who, error)
                    decided = verdict.failed if is_so else Pending(verdict.confirm_in)
                    due = self._take(decided, step, (), self._at())
                elif isinstance(verdict, Act) and actions.perform is not None:
                    outcome = await actions.perform(verdict.errand)
                    at = self._at()
                    acted = verdict.given(outcome, at)
                    due = self._take(acted.verdict, acted, acted.events, at)
        except BasetenError as error:
            if isinstance(verdict, Wake):
                verdict.refused(error)
            due = self._take_trouble(error, self._at(), acted=True)
        except TimeoutError:
            if not scope.expired():
                raise
            self.expire(was_sent=True)
            due = math.inf
        self._polls.look_at(self._look, self, due)

    def _tell_startup(self, startup: Startup) -> None:
        if self._events is not None and not self._is_decided:
            self._events.append(StartupProgressed(at=self._at(), startup=startup))
            self._notify()

    async def _explain(self, error: BaseException) -> None:
        """Add who did it, why it is not ready, and the last lines of the log."""
        if not isinstance(error, WaitError):
            return
        actions = self._make_actions()
        if actions.who is not None:
            await add_who(self._polls.follow_ups, actions.who, error)
        if actions.why is not None and self._may_ask_why:
            await add_why(self._polls.follow_ups, actions.why, error)
        await self._add_log(actions.last_lines, error)

    async def _add_log(self, request: FollowUp[LastLines] | None, error: WaitError) -> None:
        """Add the last lines of the log; a log that cannot be read is only a note."""
        if request is None or error.evidence is None:
            return
        log = await self._polls.follow_ups.once(request)
        if log.trouble is not None:
            error.add_note(log.trouble)
        error.evidence = evolve(error.evidence, log_lines=log.lines)

    # --- for the polls ---------------------------------------------------------------------------

    def hear(self, sighting: Sighting[R]) -> float:
        """Take in the result of a look; returns when the next one is wanted, on the clock."""
        if self._is_decided:
            return math.inf
        if self._act is not None or self._asking is not None:
            return self._expires
        if sighting.began < self._not_before:
            return sighting.ended
        # A wait that joins may hear a look from before it began.
        at = max(sighting.ended - self._started, 0.0)
        # Only a look that was sent at the deadline or later is the last one.
        self._is_last_look = self._is_over(sighting.began - self._started)
        outcome = sighting.outcome
        if isinstance(outcome, BasetenError):
            self._tracker.history.note_missing(at)
            due = self._take_trouble(outcome, at)
        else:
            if sighting.was_held:
                self._tracker.history.note_missing(at)
            self._last_seen = builder_of(outcome.value)
            self._seen_at = at
            self._failures, self._failing_as = 0, None
            self._note_request(outcome.request_id)
            step = self._tracker.see(outcome.value, at)
            due = self._take(step.verdict, step, step.events, at)
        self._notify()
        return due

    def expire(self, *, was_sent: bool) -> None:
        """The last look did not end in time, or could not even be sent."""
        if not self._is_decided:
            self._has_expired = True
            fate = "was not answered" if was_sent else "could not be sent in time"
            self._end(self._timed_out(f" The last look {fate}.", is_fresh=False))
            self._notify()

    def fail(self, error: BaseException) -> None:
        """There will be no more looks."""
        if not self._is_decided:
            self._end(own(error) if isinstance(error, BasetenError) else error)
            self._notify()

    # --- deciding --------------------------------------------------------------------------------

    def _take(self, verdict: object, step: Step, events: tuple[Event, ...], at: float) -> float:
        """Act on a verdict; returns when the next look is wanted."""
        self._act = None
        self._stage = step.stage
        self._span.add(events)
        if self._events is not None:
            self._events += events
        if isinstance(verdict, _TO_DO):
            self._act = step
            return self._expires
        if isinstance(verdict, Consult):
            self._consult(verdict)
            return self._expires
        self._failed_acts = 0
        if isinstance(verdict, Done):
            self._result = verdict
            self._ended_at = self._at()
            return math.inf
        if isinstance(verdict, Failed):
            return self._end(verdict.error(self._evidence()))
        if self._is_last_look:
            return self._end(self._timed_out())
        if self._watch is not None:
            self._watch.note(step.stage, step.in_stage)
        delay = self._polls.next_look(step.stage, step.in_stage, at)
        confirm_in = verdict.confirm_in if isinstance(verdict, Pending) else None
        # A look that comes a little too early to confirm would only have to be repeated.
        if confirm_in is not None and confirm_in <= delay + LEAST_AFTER_TROUBLE_S:
            delay = max(confirm_in, 0.0) + EARLY_S
        return self._next_look(delay, at)

    def _consult(self, verdict: Consult) -> None:
        """Ask the audit log. A listener that is busy does not delay it: it may mean success."""
        who = self._make_actions().who
        told_time = self._polls.sender.told_time
        ask = answer(self._polls.follow_ups, who, verdict.question, told_time)
        self._asking = asyncio.get_running_loop().create_task(ask)
        self._asking.add_done_callback(partial(self._consulted, verdict))

    def _consulted(self, verdict: Consult, asking: asyncio.Task[Any]) -> None:
        """Judge the look again with the answer of the audit log."""
        if self._asking is not asking or self._is_decided:
            return
        self._asking = None
        error = None if asking.cancelled() else asking.exception()
        if error is not None:
            self.fail(error)
            return
        verdict.note(None if asking.cancelled() else asking.result())
        at = self._at()
        step = verdict.again(at)
        self._polls.look_at(self._look, self, self._take(step.verdict, step, step.events, at))
        self._notify()

    def _take_trouble(self, error: BasetenError, at: float, *, acted: bool = False) -> float:
        """Act on a failed look or action; returns when the next look is wanted."""
        self._act = None
        error = own(error)
        self._trouble = error
        if acted:
            self._failed_acts += 1
        else:
            self._failures += 1
        if isinstance(error, APIError | ResponseShapeError):
            self._note_request(error.request_id)
        kind = _kind(error)
        if kind != self._failing_as:
            self._failing_as, self._failing_since = kind, at
        lasts = at - self._failing_since
        if acted:
            lasts = math.inf  # actions are not answered by servers that lag behind
        left = ends_in(error, at, lasts=lasts, has_looked=self._last_seen is not None)
        if left <= 0:
            return self._end(error)
        if self._is_last_look:
            return self._end(self._timed_out())
        delay = after_trouble(
            max(self._failures, self._failed_acts),
            asked=asked_pause(error),
            chance=self._polls.chance,
        )
        # If that is the end, then as soon as it is certain.
        delay = min(delay, max(left + EARLY_S, LEAST_AFTER_TROUBLE_S))
        if self._events is not None:
            soonest = min(delay, self._timeout - at)
            self._events.append(LookFailed(at=at, error=error, next_look=soonest))
        return self._next_look(delay, at)

    def _next_look(self, delay: float, at: float) -> float:
        """None past the deadline: the polls make the last look then, which a crowd shares."""
        later = at + delay
        return self._started + later if later < self._timeout else math.inf

    def _end(self, error: BaseException) -> float:
        if isinstance(error, BasetenError) and error.evidence is None:
            error.evidence = self._evidence()
        self._error = error
        self._ended_at = self._at()
        return math.inf

    def _timed_out(self, note: str = "", *, is_fresh: bool = True) -> WaitTimeoutError:
        actions = self._make_actions()
        go_on = actions.go_on if actions.token is not None else ""
        error = WaitTimeoutError(
            f"{in_seconds(self._timeout)} are over: {self._still(is_fresh=is_fresh)}{note}{go_on}",
            evidence=self._evidence(),
            timeout=self._timeout,
        )
        if self._failures or self._failed_acts:
            error.__cause__ = self._trouble
        return error

    def _still(self, *, is_fresh: bool) -> str:
        """What is known: when it was last seen, and how the looks since have failed."""
        still = self._tracker.still()
        if is_fresh and not self._failures:
            return str(still)
        if self._last_seen is None:
            seen = f"{still.state}; it was never seen"
        else:
            seen = f"{still.state}; last seen at {self._seen_at:.0f} s: {still.seen}"
        if not self._failures:
            return f"{seen}."
        looks = "1 look has" if self._failures == 1 else f"{self._failures} looks have"
        since = "" if self._last_seen is None else " since"
        return f"{seen}: {looks} failed{since}, the last one with: {_sentence(self._trouble)}"

    def _evidence(self) -> Evidence:
        actions = self._make_actions()
        return Evidence(
            waited=self._at(),
            last_seen=None if self._last_seen is None else self._last_seen(),
            history=self._tracker.history.seen(),
            request_ids=self._request_ids,
            trouble=self._trouble,
            token=actions.token() if actions.token is not None else None,
            report=actions.report() if actions.report is not None else None,
        )

    def _note_request(self, request_id: str | None) -> None:
        if request_id:
            self._request_ids = (*self._request_ids, request_id)[-_REQUEST_IDS:]

    def _notify(self) -> None:
        has_news = self._is_decided or self._act is not None or self._events
        if has_news and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def _not_before(self) -> float:
        """When a look must have been sent to count, on the clock.

        One from before this client's last write may show the state before it.
        """
        fresh = self._started - FRESH_S if self._timeout > 0 else self._started
        return max(fresh, self._wrote_at)

    @property
    def _expires(self) -> float:
        """When it stops waiting for a look, on the clock."""
        return self._started + self._timeout + LAST_LOOK_S

    def _at(self) -> float:
        return max(self._polls.clock.now() - self._started, 0.0)

    def _is_over(self, at: float) -> bool:
        return at >= self._timeout - EARLY_S

    @property
    def _may_ask_why(self) -> bool:
        """Whether to ask why it is not ready.

        Not if the caller wants one look alone, and not after a look that failed: nothing else would
        be answered, either. While it is being built, nothing starts.
        """
        is_seeing = self._last_seen is not None and not self._failures and not self._has_expired
        return is_seeing and self._timeout > 0 and self._stage is not Stage.BUILD

    @property
    def _is_decided(self) -> bool:
        return self._result is not None or self._error is not None


def _sentence(error: object) -> str:
    return f"{cut(str(error).rstrip('.'))}."


def _kind(error: BasetenError) -> str:
    """What failures of looks have in common, for how long they last."""
    if isinstance(error, NotFoundError | PermissionDeniedError):
        return "refused"
    return "unreadable" if isinstance(error, ResponseShapeError) else "trouble"
