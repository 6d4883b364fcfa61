"""Asks the caller's checks. It is their code, and may do anything: raise, hang, ignore a cancel."""

from __future__ import annotations

import asyncio
from types import TracebackType

from attrs import evolve, field, frozen

from ._clock import Clock
from ._numbers import in_seconds
from ._verdict import Verdict
from ._waiting import cut
from .guard import GuardedStep, OwnCheck

# Seconds for a check whose time is over to clean up, after it was cancelled.
_CLEANUP_S = 1.0


@frozen(eq=False)
class Asking:
    """Asks the caller's checks, for as long as a wait lasts.

    A check that goes on after its time, although it was cancelled, is left behind. It is cancelled
    again at the end.

    Attributes:
        clock: The client's.
    """

    clock: Clock
    _running: set[asyncio.Task[object]] = field(factory=set[asyncio.Task[object]])

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._running:
            task.cancel()

    async def ask(self, checks: tuple[OwnCheck, ...], step: GuardedStep) -> list[Verdict]:
        """The verdicts of the checks, which run at the same time."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._ask(one, step)) for one in checks]
        return [task.result() for task in tasks]

    async def _ask(self, check: OwnCheck, step: GuardedStep) -> Verdict:
        task = asyncio.create_task(_call(check, step))
        self._running.add(task)
        task.add_done_callback(self._forget)
        is_in_time = False
        try:
            is_in_time = await self._ends(task, check.timeout)
        finally:
            if not is_in_time:
                task.cancel()
                await self._ends(task, _CLEANUP_S)
        if is_in_time:
            return _verdict(check, task)
        reason = f"no answer within {in_seconds(check.timeout)}"
        return Verdict("unavailable", check=check.name, reason=reason)

    async def _ends(self, task: asyncio.Task[object], within: float) -> bool:
        """Whether it ends in time. It goes on if this is cancelled."""
        try:
            async with self.clock.timeout_at(self.clock.now() + within):
                await asyncio.wait([task])
        except TimeoutError:
            return False
        return True

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # asyncio would log an error that nobody has asked for


async def _call(check: OwnCheck, step: GuardedStep) -> object:
    return await check(step)


def _verdict(check: OwnCheck, task: asyncio.Task[object]) -> Verdict:
    """The verdict of one check: True, False or a verdict; everything else is no answer."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, KeyboardInterrupt | SystemExit):
        raise error
    if task.cancelled():
        reason = "it was cancelled, not by the guard"
    elif error is not None:
        reason = cut(f"it raised {type(error).__name__}: {error}")
    else:
        said = task.result()
        if isinstance(said, Verdict):
            return evolve(said, check=check.name)
        if said is True:
            return Verdict("pass", check=check.name, reason="it said True")
        if said is False:
            return Verdict("breach", check=check.name, reason="it said False")
        reason = f"it returned {type(said).__name__}, not True, False or a Verdict"
    return Verdict("unavailable", check=check.name, reason=reason)
