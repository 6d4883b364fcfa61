"""Requests that follow from a look: each is sent once for a resource and a moment, whoever asks.

A thousand waits that learn the same thing at the same time all want to know more, or to act.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from copy import copy
from typing import Any, ClassVar, Generic, TypeVar

from attrs import define, field

from .._clock import Clock
from ..errors import BasetenError
from .timetable import Timetable

#: Maximum age in seconds of a result that somebody else may reuse.
FRESH_S = 2.0
#: The same for an error. Nobody tries again sooner.
_ERROR_LASTS_S = 1.0

T = TypeVar("T")


class FollowUp(ABC, Generic[T]):
    """A request. Equal ones ask the same.

    Attributes:
        lasts: Seconds for which its answer serves others that ask.
        is_read: Whether it reads, so that its answer is out of date after a write.
    """

    __slots__ = ()
    lasts: ClassVar[float] = FRESH_S
    is_read: ClassVar[bool] = True

    @abstractmethod
    async def __call__(self) -> T:
        """Send it."""


@define(eq=False)
class _Answer(Generic[T]):
    """The answer to a request, which may be under way."""

    task: asyncio.Task[T]
    began: float
    asking: int = field(default=0)


class FollowUps:
    """The requests of a client that follow from looks.

    Args:
        clock: The client's.
        wrote_at: When the client last wrote something.

    Attributes:
        clock: The client's.
        watched_at: When a wait last read, beside its looks, why it is slow; on the clock.
    """

    def __init__(self, clock: Clock, wrote_at: Callable[[], float]) -> None:
        self.clock = clock
        self._wrote_at = wrote_at
        self.watched_at: float = float("-inf")
        self._answers: dict[Hashable, _Answer[Any]] = {}
        # When each of them is forgotten.
        self._until: Timetable[Hashable] = Timetable()

    async def once(self, request: FollowUp[T]) -> T:
        """The answer to a request, perhaps one that somebody else has just sent.

        Somebody who is cancelled leaves at once. The last one to leave cancels the request.

        Raises:
            BasetenError: It failed.
        """
        answer = self._known(request)
        if answer is None:
            answer = self._ask(request)
        answer.asking += 1
        try:
            await asyncio.wait([answer.task])
        finally:
            answer.asking -= 1
            if not answer.asking and not answer.task.done():
                answer.task.cancel()
                self._forget(request, answer)
        return _result(answer.task)

    def clear(self) -> None:
        """Forget the answers that nobody asks for."""
        for request, answer in list(self._answers.items()):
            if not answer.asking:
                self._forget(request, answer)

    def _known(self, request: FollowUp[T]) -> _Answer[T] | None:
        now = self.clock.now()
        while (first := self._until.first()) is not None and first[0] < now:
            self._forget(first[1], self._answers[first[1]])
        known = self._answers.get(request)
        if known is not None and request.is_read and known.began < self._wrote_at():
            return None
        return known

    def _ask(self, request: FollowUp[T]) -> _Answer[T]:
        async def ask() -> T:
            lasts = _ERROR_LASTS_S
            try:
                value = await request()
                lasts = request.lasts
            finally:
                if self._answers.get(request) is answer:
                    self._until.set(request, self.clock.now() + lasts)
            return value

        task = asyncio.get_running_loop().create_task(ask())
        answer = self._answers[request] = _Answer(task, self.clock.now())
        self._until.drop(request)
        return answer

    def _forget(self, request: Hashable, answer: _Answer[Any]) -> None:
        if self._answers.get(request) is answer:
            del self._answers[request]
            self._until.drop(request)


def _result(task: asyncio.Task[T]) -> T:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, BasetenError):
        raise own(error)
    return task.result()


def own(error: BasetenError) -> BasetenError:
    """A copy of an error for one wait: waits that share a request do not share its error."""
    mine = copy(error)
    mine.__cause__ = error.__cause__
    return mine
