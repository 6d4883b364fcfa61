"""Chains: handles that hold ids, and do no I/O until a coroutine is awaited."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from aiobaseten_generated.api.chains import (
    deactivate_chain_deployment,
    get_chain_deployment,
    get_chain_environment,
    get_chainlet_logs,
    list_chain_deployments,
    list_chain_environments,
    promote_chain_deployment,
)
from aiobaseten_generated.client import Operation
from aiobaseten_generated.models.promote_to_chain_environment_request import (
    PromoteToChainEnvironmentRequest,
)
from aiobaseten_generated.models.sort_order import SortOrder
from attrs import define, frozen

from ._arguments import Duration, LogWindow, log_window, path_argument
from ._owner import Owner
from ._transport import given, then
from ._watch import DEFAULT_TIMEOUT_S
from .deployment import DeploymentHandle
from .environment import BeforeSending, EnvironmentHandle, IfInProgress, begin
from .promotion import Promotion
from .schemas import ChainDeployment, ChainEnvironment, Log


@frozen
class Chain(Owner[ChainDeployment, ChainEnvironment]):
    """A chain, to somebody who waits."""

    @property
    def kind(self) -> Literal["chain"]:
        """A chain."""
        return "chain"

    def get_deployment(self, deployment_id: str) -> Operation[ChainDeployment]:
        """Reads a deployment."""
        return get_chain_deployment.operation(self.id, deployment_id)

    def get_environment(self, name: str) -> Operation[ChainEnvironment]:
        """Reads an environment."""
        return get_chain_environment.operation(self.id, name)

    def get_log(self, deployment_id: str, part_id: str, window: LogWindow) -> Operation[list[Log]]:
        """Reads the log of a chainlet."""
        return then(
            get_chainlet_logs.operation(
                self.id, deployment_id, part_id, direction=SortOrder.DESC, **window
            ),
            lambda answer: answer.logs,
        )

    def get_environments(self) -> Operation[list[ChainEnvironment]]:
        """Reads all environments."""
        operation = list_chain_environments.operation(self.id)
        return then(operation, lambda listed: listed.environments)


@frozen
class ChainHandle:
    """A chain, by its id. Making one does no I/O; equal ids make equal handles."""

    _chain: Chain

    @property
    def id(self) -> str:
        """The chain's id."""
        return self._chain.id

    def environment(self, name: str) -> ChainEnvironmentHandle:
        """One of its environments. No I/O.

        Raises:
            ConfigurationError: *name* cannot be a name.
        """
        return ChainEnvironmentHandle(self._chain, name)

    def deployment(self, deployment_id: str) -> ChainDeploymentHandle:
        """One of its deployments. No I/O.

        Raises:
            ConfigurationError: *deployment_id* cannot be an id.
        """
        return ChainDeploymentHandle(self._chain, deployment_id)

    async def list_deployments(self) -> list[ChainDeployment]:
        """All its deployments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such chain.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        operation = list_chain_deployments.operation(self.id)
        return (await self._chain.transport.send(operation)).deployments

    async def list_environments(self) -> list[ChainEnvironment]:
        """All its environments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such chain.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await self._chain.transport.send(self._chain.get_environments())


@frozen
class ChainDeploymentHandle(DeploymentHandle[ChainDeployment, ChainEnvironment]):
    """A deployment of a chain, by its ids."""

    @property
    def chain_id(self) -> str:
        """The chain's id."""
        return self._owner.id

    async def deactivate(self) -> None:
        """Turn the deployment off: it no longer serves and costs nothing.

        Baseten has no request that turns a chain's deployment on again. Cancelling this coroutine
        does not take the request back.

        Raises:
            NotFoundError: There is no such deployment.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        operation = deactivate_chain_deployment.operation(self.chain_id, self.id)
        await self._owner.transport.send(operation)

    async def logs(
        self,
        chainlet_id: str,
        *,
        limit: int = 500,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[Log]:
        """The last lines of the log of one chainlet, oldest first.

        Cancelling this changes nothing at Baseten.

        Args:
            chainlet_id: The chainlet's id, which is not its name: see `get`.
            limit: As for `ModelDeploymentHandle.logs`.
            start: As for `ModelDeploymentHandle.logs`.
            end: As for `ModelDeploymentHandle.logs`.

        Raises:
            ConfigurationError: An argument is wrong.
            NotFoundError: There is no such deployment or chainlet.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        path_argument("chainlet_id", chainlet_id)
        operation = self._owner.get_log(self.id, chainlet_id, log_window(limit, start, end))
        return (await self._owner.transport.send(operation))[::-1]


@frozen
class ChainEnvironmentHandle(EnvironmentHandle[ChainDeployment, ChainEnvironment]):
    """An environment of a chain, by its ids."""

    @property
    def chain_id(self) -> str:
        """The chain's id."""
        return self._owner.id

    async def promote(
        self,
        deployment_id: str,
        *,
        scale_down_previous_deployment: bool | None = None,
        if_in_progress: IfInProgress = "raise",
        in_progress_timeout: Duration | None = DEFAULT_TIMEOUT_S,
        before_sending: BeforeSending | None = None,
    ) -> ChainPromotion:
        """Begin to promote a deployment of the chain to this environment.

        Reads the environment first, so that the promotion knows what served before, and sends one
        request to promote. It returns as soon as Baseten has accepted it: `ChainPromotion.wait`
        waits until it is live. Chains cannot cancel or pause a promotion.

        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            deployment_id: The deployment to promote.
            scale_down_previous_deployment: Whether to scale down what served before; ``None``
                leaves it to Baseten, whose default is true.
            if_in_progress: What to do when a promotion to this environment is under way:
                ``"raise"``; ``"adopt"`` it if it is of this deployment, or if this deployment
                serves there already; ``"wait"`` for its end, and then promote; or ``"send"`` all
                the same and leave it to Baseten, which refuses a second promotion: for an
                environment that shows a candidate although nothing is under way.
            in_progress_timeout: Seconds or a `timedelta` to wait for that end; ``None`` for no
                limit.
            before_sending: Awaited with a token right before the request is sent, to store it. If
                this process is lost before it has the answer, ``Baseten.resume`` of that token
                finds what was begun, or says that it cannot tell. What it raises ends this, with
                nothing sent.

        Raises:
            PromotionInProgressError: A promotion is under way; nothing was sent.
            PromotionOutcomeUnknownError: The answer was lost, and the environment does not tell
                whether the promotion began. It was not sent again.
            NotFoundError: There is no such chain, environment or deployment.
            WaitTimeoutError: The promotion under way did not end in time; nothing was sent.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        path_argument("deployment_id", deployment_id)
        body = PromoteToChainEnvironmentRequest(
            deployment_id=deployment_id,
            scale_down_previous_deployment=given(
                "scale_down_previous_deployment", scale_down_previous_deployment
            ),
        )
        deployment, baseline = await begin(
            self._owner,
            self.name,
            deployment_id,
            promote_chain_deployment.operation(self.chain_id, self.name, body=body),
            if_in_progress=if_in_progress,
            in_progress_timeout=in_progress_timeout,
            before_sending=before_sending,
        )
        return ChainPromotion(
            owner=self._owner,
            environment_name=self.name,
            deployment_id=deployment.id,
            deployment=deployment,
            baseline=baseline,
        )


@define(eq=False, kw_only=True)
class ChainPromotion(Promotion[ChainDeployment, ChainEnvironment]):
    """A promotion of a chain's deployment. Chains cannot cancel or pause one."""

    async def rollback(self) -> ChainPromotion:
        """Promote what served before this promotion back into its environment.

        Returns as soon as Baseten has accepted it; wait on what it returns. Nothing is sent if
        that deployment serves there still, or is being promoted back already.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            ConfigurationError: It is not known what served before, nothing did, or the same did.
            PromotionInProgressError: A promotion to the environment still runs; nothing was sent.
            PromotionOutcomeUnknownError: As for `ChainEnvironmentHandle.promote`.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        environment = ChainEnvironmentHandle(self._owner, self.environment_name)
        return await environment.promote(self._served_before(), if_in_progress="adopt")
