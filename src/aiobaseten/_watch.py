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
    DeploymentWait,
    Done,
    EnvironmentReading,
    Explain,
    Failed,
    Pending,
    PromotionWait,
    Step,
    Wait,
    Wake,
    asked_delay,
    ends_wait,
)
from .errors import BasetenError, Evidence, WaitTimeoutError
from .events import DeploymentWoken, Event, Finished, LookFailed

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
        self.failures = 0
        if answer.request_id:
            self.request_ids.append(answer.request_id)

    def failed(self, error: BasetenError) -> None:
        """A look failed, and the wait goes on."""
        self.trouble = error
        self.failures += 1

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
        if step is not None and isinstance(step.verdict, Failed):
            error = step.verdict.error(journal.evidence(wait, at))
        elif trouble is not None and ends_wait(
            trouble, at, has_looked=journal.last_seen is not None
        ):
            error = trouble
            error.evidence = journal.evidence(wait, at)
        elif at >= timeout - _EARLY_S:
            error = _out_of_time(wait, journal, at, timeout)
        else:
            delay = _delay(step, trouble, journal, at, clock.random())
            left = timeout - at
            if trouble is not None:
                yield LookFailed(at=at, error=trouble, next_look=min(delay, left))
            try:
                # To the deadline but not past it: that buys one last look.
                await transport.wire.pause(max(min(delay, deadline - clock.now()), 0.0))
            except BasetenError as closed:
                error = closed
                error.evidence = journal.evidence(wait, clock.now() - journal.started)
    yield Finished(at=clock.now() - journal.started, result=None, error=error)
    raise error


async def _look(
    transport: Transport, wait: Wait[R], target: Target[R], journal: _Journal, deadline: float
) -> tuple[Step | None, BasetenError | None]:
    """One look: what the wait makes of it, and what went wrong."""
    clock = transport.clock
    scope = clock.timeout_at(deadline + LAST_LOOK_S)
    step = None
    try:
        async with scope:
            answer = await target.look()
            journal.answered(answer)
            step = wait.see(answer.value, clock.now() - journal.started)
            step = await _act(wait, target, answer.value, step, clock.now() - journal.started)
    except BasetenError as error:
        journal.failed(error)
        return step and evolve(step, verdict=Pending()), error
    except TimeoutError:
        if not scope.expired():
            raise
    return step, None


async def _act(wait: Wait[R], target: Target[R], reading: R, step: Step, at: float) -> Step:
    """Do what the step asks for, beyond looking again."""
    if isinstance(step.verdict, Wake) and isinstance(wait, DeploymentWait) and target.wake:
        await target.wake()
        wait.is_woken = True
        return evolve(step, events=(*step.events, DeploymentWoken(at=at)))
    if (
        isinstance(step.verdict, Explain)
        and isinstance(wait, PromotionWait)
        and isinstance(reading, EnvironmentReading)
        and target.read_deployment
    ):
        deployment = await target.read_deployment()
        return evolve(step, verdict=wait.explain(reading, deployment, at))
    return step


def _delay(
    step: Step | None, trouble: BasetenError | None, journal: _Journal, at: float, chance: float
) -> float:
    if trouble is not None or step is None:
        asked = asked_delay(trouble) if trouble else None
        return _schedule.after_trouble(max(journal.failures, 1), asked=asked, chance=chance)
    return _schedule.next_look(step.stage, in_stage=step.in_stage, elapsed=at)


def _out_of_time(wait: Wait[Any], journal: _Journal, at: float, timeout: float) -> WaitTimeoutError:
    go_on = " Go on with resume(error.token)." if journal.token else ""
    error = WaitTimeoutError(
        f"{timeout:g} s are over: {wait.still()} Baseten keeps working on it.{go_on}",
        evidence=journal.evidence(wait, at),
        timeout=timeout,
    )
    error.__cause__ = journal.trouble
    return error


async def result_of(events: AsyncGenerator[Event, None]) -> Any:
    """What the wait behind *events* returns, without the listening."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished) and event.error is None:
                return event.result
    raise AssertionError("a wait ended without an outcome")
