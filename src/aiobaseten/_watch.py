"""Looking until a wait is decided: the only loop over time above the transport.

Mechanism here, meaning in `_waits`. A wait looks at once, sleeps never past its deadline, and so
always takes a last look there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from attrs import define, evolve, field, frozen

from . import _schedule
from ._transport import Answer, Transport
from ._waits import (
    DeploymentReading,
    Done,
    Explain,
    Failed,
    Step,
    Wait,
    Wake,
    asked_delay,
    ends_wait,
)
from .errors import APIError, BasetenError, Evidence, ResponseShapeError, WaitTimeoutError
from .events import Event, Finished, LookFailed

R = TypeVar("R")

#: Seconds that a wait may take, unless the caller says otherwise.
DEFAULT_TIMEOUT_S = 3600.0
#: Seconds for which a look that is under way at the deadline may finish.
LAST_LOOK_S = 10.0

_REQUEST_IDS = 10
# Event loops fire timers up to their clock's resolution early.
_EARLY_S = 0.001


@frozen(kw_only=True)
class Target(Generic[R]):
    """What a wait looks at, and what it may do about it.

    Attributes:
        look: Reads the resource once.
        wake: Asks a sleeping deployment to wake up.
        read_deployment: Reads the deployment of a promotion that is gone; ``None`` if it is, too.
        token: What goes on with the wait, or ``None``.
    """

    look: Callable[[], Awaitable[Answer[R]]]
    wake: Callable[[], Awaitable[object]] | None = None
    read_deployment: Callable[[], Awaitable[DeploymentReading | None]] | None = None
    token: str | None = None


@define
class _Journal:
    """What a wait will have to show when it ends."""

    started: float
    token: str | None
    last_seen: Any = None
    trouble: BasetenError | None = None
    failures: int = 0
    request_ids: deque[str] = field(factory=lambda: deque(maxlen=_REQUEST_IDS))

    def answered(self, answer: Answer[Any]) -> None:
        """A look was answered."""
        self.last_seen = answer.value.value
        self._note(answer.request_id)

    def failed(self, error: BasetenError) -> None:
        """A look failed."""
        self.trouble = error
        self.failures += 1
        if isinstance(error, APIError | ResponseShapeError):
            self._note(error.request_id)

    def _note(self, request_id: str | None) -> None:
        if request_id:
            self.request_ids.append(request_id)

    def evidence(self, wait: Wait[Any], at: float) -> Evidence:
        """What was known."""
        return Evidence(
            waited=at,
            last_seen=self.last_seen,
            history=wait.log.history(),
            request_ids=tuple(self.request_ids),
            trouble=self.trouble,
            token=self.token,
        )


async def follow(
    transport: Transport, wait: Wait[R], target: Target[R], timeout: float
) -> AsyncGenerator[Event, None]:
    """Look until *wait* is decided, and tell what happens; `Finished` comes last.

    Args:
        transport: The client's.
        wait: The decisions.
        target: What to look at.
        timeout: Seconds; infinity for no limit; zero looks exactly once.

    Raises:
        BasetenError: After `Finished`, the error that it names.
    """
    clock = transport.clock
    journal = _Journal(clock.now(), target.token)
    deadline = journal.started + timeout
    error: BasetenError | None = None
    while error is None:
        step, trouble = await _look(transport, wait, target, journal, deadline)
        at = clock.now() - journal.started
        for event in step.events if step else ():
            yield event
        if step is not None and isinstance(step.verdict, Done):
            yield Finished(at=at, result=step.verdict.value, error=None)
            return
        error = _end(wait, journal, step, trouble, at, timeout)
        if error is None:
            delay = min(_delay(step, trouble, journal, at, clock.random()), timeout - at)
            if trouble is not None:
                yield LookFailed(at=at, error=trouble, next_look=delay)
            try:
                # To the deadline but not past it: that buys one last look.
                await transport.wire.pause(max(min(delay, deadline - clock.now()), 0.0))
            except BasetenError as closed:
                error = closed
    at = clock.now() - journal.started
    if error.evidence is None:
        error.evidence = journal.evidence(wait, at)
    yield Finished(at=at, result=None, error=error)
    raise error


async def _look(
    transport: Transport, wait: Wait[R], target: Target[R], journal: _Journal, deadline: float
) -> tuple[Step | None, BasetenError | None]:
    """One look: what the wait makes of it, and what went wrong; neither if no answer came."""
    clock = transport.clock
    scope = clock.timeout_at(deadline + LAST_LOOK_S)
    step: Step | None = None
    try:
        async with scope:
            answer = await target.look()
            journal.answered(answer)
            step = wait.see(answer.value, clock.now() - journal.started)
            step = await _act(target, step, lambda: clock.now() - journal.started)
    except BasetenError as error:
        journal.failed(error)
        return step, error
    except TimeoutError:
        if not scope.expired():
            raise
    else:
        journal.failures = 0
    return step, None


async def _act(target: Target[Any], step: Step, elapsed: Callable[[], float]) -> Step:
    """Do what the step asks for, beyond looking again."""
    verdict = step.verdict
    if isinstance(verdict, Wake) and target.wake:
        await target.wake()
        return evolve(step, events=(*step.events, verdict.woken(elapsed())))
    if isinstance(verdict, Explain) and target.read_deployment:
        explained = verdict.given(await target.read_deployment(), elapsed())
        return evolve(explained, events=(*step.events, *explained.events))
    return step


def _end(
    wait: Wait[Any],
    journal: _Journal,
    step: Step | None,
    trouble: BasetenError | None,
    at: float,
    timeout: float,
) -> BasetenError | None:
    """The error with which the wait ends now, if it does."""
    if step is not None and isinstance(step.verdict, Failed):
        return step.verdict.error(journal.evidence(wait, at))
    if trouble is not None and ends_wait(trouble, at, has_looked=journal.last_seen is not None):
        return trouble
    if at < timeout - _EARLY_S:
        return None
    message = f"{timeout:g} s are over: {wait.still()}"
    if step is None and trouble is None:
        message += " The last look was not answered."
    if journal.token is not None:
        message += " Go on with resume(error.token)."
    error = WaitTimeoutError(message, evidence=journal.evidence(wait, at), timeout=timeout)
    if journal.failures:
        error.__cause__ = journal.trouble
    return error


def _delay(
    step: Step | None, trouble: BasetenError | None, journal: _Journal, at: float, chance: float
) -> float:
    """Seconds until the next look."""
    if step is None or trouble is not None:
        asked = asked_delay(trouble) if trouble is not None else None
        return _schedule.after_trouble(journal.failures, asked=asked, chance=chance)
    return _schedule.next_look(step.stage, in_stage=step.in_stage, elapsed=at)


async def result_of(events: AsyncGenerator[Event, None]) -> Any:
    """What the wait behind *events* returns, without the listening."""
    result = None
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                result = event.result
    return result
