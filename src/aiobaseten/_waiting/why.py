"""Why it is slow: what Baseten's list of startups tells, for the error and the events of a wait.

It is best effort, never an error of its own, and decides nothing: what Baseten does not tell within
two seconds is left out. The answer is shared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import evolve, frozen

from .._clock import Clock
from .._status import Stage
from ..errors import (
    DeploymentFailedError,
    PromotionFailedError,
    Startup,
    WaitError,
    WaitTimeoutError,
)
from .followups import FollowUp, FollowUps

#: Seconds for which an error may be delayed until the startups have been read.
WHY_S = 2.0
#: Seconds without a change after which somebody who listens wants to know why it is slow.
_SLOW_S = 60.0
#: Seconds until a wait reads the startups again.
_AGAIN_S = 30.0
#: Seconds between two such readings of a client, so that many waits do not use up its budget.
_APART_S = 10.0


@frozen(kw_only=True)
class Why:
    """How to find out why a deployment is not ready.

    Attributes:
        read: Reads the newest startup of a replica that is not ready; ``None`` if there is none, or
            if it cannot be read.
        advice: What a message may end with, if it does: the addition comes before it.
    """

    read: FollowUp[Startup | None]
    advice: str = ""


async def add_why(follow_ups: FollowUps, why: Why, error: WaitError) -> None:
    """Add the newest startup to the message and to the evidence of *error*, if it explains it."""
    kinds = (WaitTimeoutError, DeploymentFailedError, PromotionFailedError)
    if not isinstance(error, kinds) or error.evidence is None:
        return
    startup = await follow_ups.once(why.read)
    if startup is None:
        return
    message = str(error.args[0])
    said = message.removesuffix(why.advice)
    stop = "" if said.endswith(".") else "."
    error.args = (f"{said}{stop} {startup}{message[len(said) :]}", *error.args[1:])
    error.evidence = evolve(error.evidence, startup=startup)


class Watch:
    """Reads the newest startup while a deployment is slow to become ready, beside the looks.

    Args:
        follow_ups: The client's.
        clock: The client's.
        why: How to read it; ``None`` for a chain.
        tell: Called with a startup that is in another phase than the one before.
    """

    def __init__(
        self,
        follow_ups: FollowUps,
        clock: Clock,
        why: Why | None,
        tell: Callable[[Startup], None],
    ) -> None:
        self._follow_ups = follow_ups
        self._clock = clock
        self._why = why
        self._tell = tell
        self._reading: asyncio.Task[None] | None = None
        self._next_at = 0.0
        self._told: tuple[object, ...] | None = None

    def note(self, stage: Stage, in_stage: float) -> None:
        """A look has shown how far the deployment is, and for how long nothing has changed."""
        if self._why is None or stage not in (Stage.DEPLOY, Stage.LOAD) or in_stage < _SLOW_S:
            return
        now = self._clock.now()
        is_turn = now >= self._next_at and now >= self._follow_ups.watched_at + _APART_S
        if self._reading is None and is_turn:
            self._follow_ups.watched_at, self._next_at = now, now + _AGAIN_S
            self._reading = asyncio.get_running_loop().create_task(self._read(self._why))

    def end(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self, why: Why) -> None:
        try:
            startup = await self._follow_ups.once(why.read)
        finally:
            self._reading = None
        if startup is None:
            return
        # A replica that starts again begins with the same phase.
        key = (startup.replica, startup.has_failed, len(startup.phases))
        if key != self._told:
            self._told = key
            self._tell(startup)
