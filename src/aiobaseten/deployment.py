"""Deployments of chains and models, by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from attrs import frozen

from . import _waiting
from ._arguments import path_argument
from ._operations import D, E
from ._resource import DeploymentLook, ReadLastLines, Resource, WakeDeployment, reasons
from .errors import RequestNotActedOnError
from .options import WaitOptions

if TYPE_CHECKING:
    from ._waiting import Actions, Wait
    from .readings import DeploymentReading


@frozen(repr=False)
class DeploymentHandle(Generic[D, E]):
    """A deployment, by its ids. Making one does no I/O; equal ids make equal handles."""

    _resource: Resource[D, E]
    #: The deployment's id.
    id: str

    def __attrs_post_init__(self) -> None:
        path_argument("deployment_id", self.id)

    def __repr__(self) -> str:
        resource = self._resource
        return f"{type(self).__name__}({resource.kind}_id={resource.id!r}, id={self.id!r})"

    async def get(self) -> D:
        """The deployment as it is now. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such deployment. A new one may be hidden for some seconds.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        resource = self._resource
        return await resource.sender.send(resource.operations.get_deployment(resource.id, self.id))

    async def read(self) -> DeploymentReading:
        """The deployment as a wait sees it: its id, its status and those of its chainlets.

        It is the same for chains and models, and does not depend on any other field of the answer.
        Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such deployment. A new one may be hidden for some seconds.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._resource.sender.send(self._resource.deployment_reading(self.id))

    async def delete(self) -> None:
        """Delete the deployment for good.

        Baseten refuses it for a deployment of a model that serves in an environment, or that is the
        only one of its model. Cancelling this coroutine does not undo a request that was already
        sent.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: Baseten refuses it; the message says why.
            NotFoundError: There is no such deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        resource = self._resource
        operation = resource.operations.delete_deployment(resource.id, self.id)
        if await resource.sender.send(operation) is not True:
            raise RequestNotActedOnError("delete the deployment", "")

    def _wait(self, options: WaitOptions) -> Wait[DeploymentReading]:
        resource = self._resource
        tracker = _waiting.DeploymentTracker(
            deployment_id=self.id,
            owner=resource.label,
            options=options,
            retried=resource.was_retried(self.id, within=options.settling_time),
            can_wake=resource.kind == "model",
        )
        look = DeploymentLook(
            resource, self.id, in_context=options.wake or options.accept_scaled_to_zero
        )
        actions = _MakeActions(resource, self.id, options)
        return _waiting.Wait(resource.polls, tracker, look, options.timeout, actions)


# A partial takes five times as much memory, and there may be ten thousands of these.
@frozen(weakref_slot=False)
class _MakeActions:
    """Makes what a wait for a deployment may do besides looking."""

    resource: Resource[Any, Any]
    deployment_id: str
    options: WaitOptions

    def __call__(self) -> Actions:
        ids, lines = (self.resource, self.deployment_id), self.options.log_lines
        return _waiting.Actions(
            wake=WakeDeployment(*ids) if self.options.wake else None,
            last_lines=ReadLastLines(*ids, lines) if lines else None,
            why=reasons(*ids),
        )
