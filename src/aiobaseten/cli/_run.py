"""One run of a command: its client, its views, and what is known so far."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from attrs import evolve

from .. import Baseten, ChainPromotion, Clock, ModelPromotion
from ..errors import BasetenError, TransportError
from ..events import Event, Finished
from ..guard import GuardReport
from ..options import DEFAULT_TIMEOUT_S, LoopClock, RetryPolicy
from . import _stdio
from ._invocations import Command, ResourceRef, WaitingInvocation
from ._jobs import Ending, Job
from ._outcomes import Outcome
from ._views import View

T = TypeVar("T")

# Seconds that stand for no limit.
_FOR_EVER_S = 1e9
# Seconds that a call takes at most; a wait that lasts longer has time to say that it tries again.
_CALL_S = 60.0
# Seconds between two attempts to look a name up, while the command waits.
_LONGEST_DELAY_S = 30.0


class Run:
    """One run of a command.

    Attributes:
        client: The client.
        command: The arguments.
        view: Shows what happens.
        job: The subject of the command, as soon as it is known.
        found: The chain or the model, as soon as it is known.
        has_begun: Whether it has started at Baseten, or its wait has.
        is_shown: Whether the view has shown that.
        cancellable: The promotion that is waited for, if Baseten can cancel it.
        followed: The promotion that is waited for.
        ending: The ending of the command, as soon as it is known.
        clock: The clock of the waits.
        keep: Called with each token before its request is sent, and when the promotion has begun.
        members: The runs of the targets, if the command has several.
        on_interrupt: Makes the ending after a signal, if the command has several targets, or takes
            its promotion back.
    """

    def __init__(
        self, client: Baseten, command: Command, view: View, clock: Clock | None = None
    ) -> None:
        self.client = client
        self.command = command
        self.view = view
        self.clock: Clock = clock or LoopClock()
        self.job: Job | None = None
        self.found: ResourceRef | None = None
        self.has_begun = False
        self.is_shown = False
        self.cancellable: ModelPromotion | None = None
        self.followed: ChainPromotion | ModelPromotion | None = None
        self.ending: Ending | None = None
        self._looked_up_for = 0.0
        self.keep: Callable[[str], None] = lambda _: None
        self.members: Sequence[Run] = ()
        self.on_interrupt: Callable[[Outcome], Awaitable[Ending]] | None = None

    async def pause(self, seconds: float) -> None:
        """Wait so many seconds."""
        with suppress(TimeoutError):
            async with self.clock.timeout_at(self.clock.now() + seconds):
                await asyncio.Event().wait()

    def tell_defaults(self) -> None:
        """Show what stands for what the user left out, if anything does."""
        if self.command.defaults:
            self.view.defaults(self.command.defaults)

    async def look_up(self, ask: Callable[[Baseten], Awaitable[T]]) -> T:
        """Ask; if the command waits, ask again for as long as it may wait, and say so.

        The time that it takes is a part of the time of the wait.
        """
        command = self.command
        if not isinstance(command, WaitingInvocation) or not command.wait:
            return await ask(self.client)
        if self._time_left(command) > _CALL_S:
            try:
                return await self._timed(ask(self.client))
            except BasetenError as error:
                if not error.is_transient:
                    raise
                again = f"{error}; trying again for as long as the command waits"
                self.view.note(again)
                if isinstance(error, TransportError):
                    # Whatever the output shows: the address may be wrong, and the wait is long.
                    _stdio.hint(f"hint: {again}; check the network and the address of the API")
        return await self._timed(ask(self._patient_client(command)))

    async def _timed(self, asking: Awaitable[T]) -> T:
        began = self.clock.now()
        try:
            return await asking
        finally:
            self._looked_up_for += self.clock.now() - began

    def wait_options(self, command: WaitingInvocation) -> Mapping[str, Any]:
        """The options of the wait, without the time that names took."""
        if self._looked_up_for < 1:
            return command.wait_options
        left = self._time_left(command)
        return {**command.wait_options, "timeout": None if left == _FOR_EVER_S else left}

    def _patient_client(self, command: WaitingInvocation) -> Baseten:
        patience = RetryPolicy(
            attempts=sys.maxsize,
            max_delay=_LONGEST_DELAY_S,
            total=self._time_left(command),
            max_retry_after=_FOR_EVER_S,
            quota=False,
        )
        return self.client.with_options(retry=patience)

    def _time_left(self, command: WaitingInvocation) -> float:
        timeout = command.wait_options.get("timeout", DEFAULT_TIMEOUT_S)
        if timeout is None:
            return _FOR_EVER_S
        return max(float(timeout) - self._looked_up_for // 1, 0.0)

    def report_after(self, ending: Ending) -> GuardReport | None:
        """The report of the guard, if there is one."""
        if self.followed is not None:
            return self.followed.report
        evidence = ending.error.evidence if ending.error is not None else None
        return None if evidence is None else evidence.report

    async def show(self, events: AsyncGenerator[Event, None]) -> Finished:
        """Show all events of a wait, and return the last one."""
        async with aclosing(events):
            async for event in events:
                self.view.event(event)
                if isinstance(event, Finished):
                    return event
        raise AssertionError("events end with Finished")

    async def before_sending(self, token: str) -> None:
        """Remember the token that finds a promotion whose response never arrives."""
        assert self.job is not None  # noqa: S101 - the command has set it
        self.job = evolve(self.job, token=token)
        self.keep(token)

    def begin(self, job: Job, *, goes_on: bool = True) -> None:
        """Show what has started at Baseten, or what the command waits for.

        Args:
            job: The subject.
            goes_on: Whether the same command, run again, should go on with it.
        """
        self.job, self.has_begun = job, True  # first: it may not be possible to show it
        if goes_on and job.token is not None:
            self.keep(job.token)
        self.view.begin(job)
        self.is_shown = True
        _stdio.keep_token(job.token)
