"""Environments of chains and models, by their ids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic

from attrs import frozen

from . import _waiting
from ._arguments import count, path_argument
from ._first_use import on_first_use
from ._operations import D, E
from ._resource import EnvironmentLook, Resource

if TYPE_CHECKING:
    from . import _releases, events
    from .audit import Release
    from .events import EventStream
    from .readings import EnvironmentReading
else:
    _releases = on_first_use("._releases")
    events = on_first_use(".events")


@frozen(repr=False)
class EnvironmentHandle(Generic[D, E]):
    """An environment, by its ids. Making one does no I/O; equal ids make equal handles."""

    _resource: Resource[D, E]
    #: The environment's name.
    name: str

    def __attrs_post_init__(self) -> None:
        path_argument("environment", self.name)

    def __repr__(self) -> str:
        resource = self._resource
        return f"{type(self).__name__}({resource.kind}_id={resource.id!r}, name={self.name!r})"

    async def get(self) -> E:
        """The environment as it is now. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        resource = self._resource
        operation = resource.operations.get_environment(resource.id, self.name)
        return await resource.sender.send(operation)

    async def read(self) -> EnvironmentReading:
        """The environment as a wait sees it: ids, statuses, traffic, the promotion's state.

        It is the same for chains and models, and does not depend on any other field of the answer.
        Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._resource.read_environment(self.name)

    def watch(self) -> EventStream:
        """The environment whenever it changes, whoever promotes to it.

        `EnvironmentChanged` comes at once, and then after each change of the current deployment,
        the candidate, the traffic or the promotion; `LookFailed` after each look that failed in a
        way that may pass. It looks at most every ten seconds while nothing happens, and shares its
        looks with waits. Servers that lag behind may show an earlier state for a moment.

        It never ends by itself, unless Baseten refuses to show the environment: then `Finished`
        comes, and the error is raised. Use it as ``async with environment.watch() as events:``: see
        `EventStream`. Nothing at Baseten is changed, and nothing is left running.

        Raises:
            APIError: The server refuses to show the environment (401, 403, 404 and the like).
            ConfigurationError: The client was closed.
        """
        resource = self._resource
        tracker = _waiting.WatchTracker(resource.environment_label(self.name))
        look = EnvironmentLook(resource, self.name)
        return events.EventStream(_waiting.Wait(resource.polls, tracker, look, math.inf).events())

    async def history(self, *, limit: int = 20) -> list[Release]:
        """What was promoted to the environment, the newest first: what, when, by whom.

        From the audit log, with what became of each promotion as far as the log, the environment
        and the list of deployments tell: see `aiobaseten.audit.Release`. Costs three requests, and
        more for a long log. Cancelling this changes nothing at Baseten.

        Args:
            limit: How many releases at most.

        Raises:
            ConfigurationError: *limit* is not a number from 1 up.
            NotFoundError: There is no such environment.
            PermissionDeniedError: The key may not read the audit log.
            BasetenError: A request failed in another way; see `aiobaseten.errors`.
        """
        return await _releases.read_releases(self._resource, self.name, count("limit", limit))
