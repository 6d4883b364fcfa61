"""Models: handles that hold ids, and do no I/O until a coroutine is awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import quote

from aiobaseten_generated.api.models import (
    activate_deployment,
    cancel_promotion,
    deactivate_deployment,
    force_cancel_promotion,
    force_roll_forward_promotion,
    get_deployment,
    get_deployment_logs,
    get_environment,
    list_deployments,
    list_environments,
    pause_promotion,
    promote_deployment,
    resume_promotion,
    retry_deployment,
    wake_deployment,
)
from aiobaseten_generated.client import Operation
from aiobaseten_generated.models.environment_settings_update import EnvironmentSettingsUpdate
from aiobaseten_generated.models.promote_to_environment_request import (
    PromoteToEnvironmentRequest,
)
from aiobaseten_generated.models.promotion_settings_override import PromotionSettingsOverride
from aiobaseten_generated.models.signal_promotion_response import SignalPromotionResponse
from aiobaseten_generated.models.sort_order import SortOrder
from attrs import define, frozen

from ._arguments import Duration, LogWindow, json_object, log_window, path_argument
from ._owner import Owner
from ._transport import given, then
from ._waits import SETTLING_TIME_S, UNHEALTHY_GRACE_S
from ._watch import DEFAULT_TIMEOUT_S
from .deployment import DeploymentHandle
from .environment import BeforeSending, EnvironmentHandle, IfInProgress, begin
from .errors import RequestNotActedOnError, ResponseShapeError
from .events import Event
from .promotion import Cancellation, Promotion
from .schemas import CancellationStatus, Deployment, Environment, Log


@frozen
class Model(Owner[Deployment, Environment]):
    """A model, to somebody who waits."""

    @property
    def kind(self) -> Literal["model"]:
        """A model."""
        return "model"

    def get_deployment(self, deployment_id: str) -> Operation[Deployment]:
        """Reads a deployment."""
        return get_deployment.operation(self.id, deployment_id)

    def get_environment(self, name: str) -> Operation[Environment]:
        """Reads an environment."""
        return get_environment.operation(self.id, name)

    def get_log(self, deployment_id: str, part_id: str, window: LogWindow) -> Operation[list[Log]]:
        """Reads the log of a deployment, which has no parts."""
        del part_id
        return then(
            get_deployment_logs.operation(
                self.id, deployment_id, direction=SortOrder.DESC, **window
            ),
            lambda answer: answer.logs,
        )

    def get_environments(self) -> Operation[list[Environment]]:
        """Reads all environments."""
        return then(list_environments.operation(self.id), lambda listed: listed.environments)


@frozen
class ModelHandle:
    """A model, by its id. Making one does no I/O; equal ids make equal handles."""

    _model: Model

    @property
    def id(self) -> str:
        """The model's id."""
        return self._model.id

    def environment(self, name: str) -> ModelEnvironmentHandle:
        """One of its environments. No I/O.

        Raises:
            ConfigurationError: *name* cannot be a name.
        """
        return ModelEnvironmentHandle(self._model, name)

    def deployment(self, deployment_id: str) -> ModelDeploymentHandle:
        """One of its deployments. No I/O.

        Raises:
            ConfigurationError: *deployment_id* cannot be an id.
        """
        return ModelDeploymentHandle(self._model, deployment_id)

    async def list_deployments(self) -> list[Deployment]:
        """All its deployments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such model.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return (await self._model.transport.send(list_deployments.operation(self.id))).deployments

    async def list_environments(self) -> list[Environment]:
        """All its environments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such model.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await self._model.transport.send(self._model.get_environments())


@frozen
class ModelDeploymentHandle(DeploymentHandle[Deployment, Environment]):
    """A deployment of a model, by its ids."""

    @property
    def model_id(self) -> str:
        """The model's id."""
        return self._owner.id

    def events(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        wake: bool = False,
        log_lines: int = 0,
    ) -> AsyncGenerator[Event, None]:
        """What happens until the deployment is ACTIVE, as it is seen.

        The same as `wait_until_active`, with the listening: status changes, looks that failed,
        `DeploymentWoken` when it has been asked to wake up, and at last `Finished`. After that the
        stream ends, or raises what `wait_until_active` raises. Leaving the loop leaves nothing
        running.

        Args:
            timeout: As in `wait_until_active`.
            accept_scaled_to_zero: As in `wait_until_active`.
            settling_time: As in `wait_until_active`.
            unhealthy_grace: As in `wait_until_active`.
            wake: As in `wait_until_active`.
            log_lines: As in `wait_until_active`.

        Raises:
            ConfigurationError: An argument is wrong; at once, before any look.
        """
        return self._watch(
            timeout,
            accept_scaled_to_zero,
            settling_time,
            unhealthy_grace,
            log_lines,
            self._wake if wake else None,
        ).events()

    async def wait_until_active(
        self,
        *,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        wake: bool = False,
        log_lines: int = 0,
    ) -> Deployment:
        """Wait until the deployment is ACTIVE.

        This does not tell whether traffic reaches it: for a promotion, wait for the promotion. A
        look that fails in a way that may pass (429, 5xx, a timeout, a reset) does not end the wait.

        Cancelling this coroutine stops the waiting, never the deployment; nothing is left running.

        Args:
            timeout: Seconds or a `timedelta` to keep looking; ``None`` for no limit; ``0`` looks
                exactly once. The last look begins at the deadline and gets ten seconds.
            accept_scaled_to_zero: Whether a deployment that is deployed and scaled to zero will do.
                It wakes with the next request, which then waits for it.
            settling_time: Seconds for which one that is scaled to zero may be on its way up,
                INACTIVE may be the state before `activate`, and a failed status the one before
                `retry` on an equal handle of this client.
            unhealthy_grace: Seconds for which an UNHEALTHY deployment may recover.
            wake: Whether to wake it, once, when it is scaled to zero and not on its way up.
            log_lines: How many of the last lines of the log to bring along in the error's
                ``evidence.log_lines`` when it fails or time runs out, 1000 at most. That may take
                five seconds more.

        Returns:
            The deployment, as last read.

        Raises:
            DeploymentFailedError: It failed or was stopped.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show it (401, 403 and the like; 404 after 30 s).
            ConfigurationError: An argument is wrong, or the client was closed.
        """
        watch = self._watch(
            timeout,
            accept_scaled_to_zero,
            settling_time,
            unhealthy_grace,
            log_lines,
            self._wake if wake else None,
        )
        return cast("Deployment", await watch.result())

    async def activate(self) -> None:
        """Turn the deployment on. `wait_until_active` waits until it serves.

        Cancelling this coroutine does not take the request back.

        Raises:
            NotFoundError: There is no such deployment.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        await self._owner.transport.send(activate_deployment.operation(self.model_id, self.id))

    async def deactivate(self) -> None:
        """Turn the deployment off: it no longer serves and costs nothing.

        Cancelling this coroutine does not take the request back.

        Raises:
            NotFoundError: There is no such deployment.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        await self._owner.transport.send(deactivate_deployment.operation(self.model_id, self.id))

    async def retry(self) -> Deployment:
        """Try a failed deployment again: the deployment, not a promotion that it was part of.

        Cancelling this coroutine does not take the request back.

        Returns:
            The deployment as answered. It may still show the failure; `wait_until_active` knows.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not retry, and why.
            NotFoundError: There is no such deployment.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        operation = retry_deployment.operation(self.model_id, self.id)
        answer = await self._owner.transport.send(operation)
        if not answer.retried:
            raise RequestNotActedOnError("retry", answer.reason or "")
        self._owner.note_retry(self.id)
        return answer.deployment

    async def logs(
        self, *, limit: int = 500, start: datetime | None = None, end: datetime | None = None
    ) -> list[Log]:
        """The last lines of the deployment's log, oldest first.

        Cancelling this changes nothing at Baseten.

        Args:
            limit: How many lines at most; Baseten allows 1000.
            start: Where to begin, with a time zone; half an hour before *end* otherwise. For a
                build that failed earlier, give the deployment's ``created_at``.
            end: Where to end, with a time zone; now otherwise. Baseten allows a week from *start*.

        Raises:
            ConfigurationError: An argument is wrong.
            NotFoundError: There is no such deployment.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        operation = self._owner.get_log(self.id, self.id, log_window(limit, start, end))
        return (await self._owner.transport.send(operation))[::-1]

    async def _wake(self) -> None:
        """Ask the deployment to wake up; Baseten answers before it has."""
        transport = self._owner.transport
        host = transport.settings.inference_url.format(model_id=quote(self.model_id, safe=""))
        # Any success will do: the spec promises no body.
        with suppress(ResponseShapeError):
            await transport.send(wake_deployment.operation(self.id), host=host)


@frozen
class ModelEnvironmentHandle(EnvironmentHandle[Deployment, Environment]):
    """An environment of a model, by its ids."""

    @property
    def model_id(self) -> str:
        """The model's id."""
        return self._owner.id

    async def promote(
        self,
        deployment_id: str,
        *,
        scale_down_previous_deployment: bool | None = None,
        preserve_env_instance_type: bool | None = None,
        environment_settings_update: Mapping[str, Any] | None = None,
        promotion_settings_override: Mapping[str, Any] | None = None,
        if_in_progress: IfInProgress = "raise",
        in_progress_timeout: Duration | None = DEFAULT_TIMEOUT_S,
        before_sending: BeforeSending | None = None,
    ) -> ModelPromotion:
        """Begin to promote a deployment of the model to this environment.

        Reads the environment first, so that the promotion knows what served before, and sends one
        request to promote. It returns as soon as Baseten has accepted it: `ModelPromotion.wait`
        waits until it is live. What is ``None`` is not sent and left to Baseten.

        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            deployment_id: The deployment to promote.
            scale_down_previous_deployment: Whether to scale down what served before.
            preserve_env_instance_type: Whether the environment keeps its instance type.
            environment_settings_update: Settings that the environment keeps, as in the API.
            promotion_settings_override: Promotion settings for this one, as in the API.
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
            NotFoundError: There is no such model, environment or deployment.
            WaitTimeoutError: The promotion under way did not end in time; nothing was sent.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        path_argument("deployment_id", deployment_id)
        body = PromoteToEnvironmentRequest(
            deployment_id=deployment_id,
            scale_down_previous_deployment=given(
                "scale_down_previous_deployment", scale_down_previous_deployment
            ),
            preserve_env_instance_type=given(
                "preserve_env_instance_type", preserve_env_instance_type
            ),
        )
        if environment_settings_update is not None:
            body.environment_settings_update = EnvironmentSettingsUpdate.from_dict(
                json_object("environment_settings_update", environment_settings_update)
            )
        if promotion_settings_override is not None:
            body.promotion_settings_override = PromotionSettingsOverride.from_dict(
                json_object("promotion_settings_override", promotion_settings_override)
            )
        deployment, baseline = await begin(
            self._owner,
            self.name,
            deployment_id,
            promote_deployment.operation(self.model_id, self.name, body=body),
            if_in_progress=if_in_progress,
            in_progress_timeout=in_progress_timeout,
            before_sending=before_sending,
        )
        return ModelPromotion(
            owner=self._owner,
            environment_name=self.name,
            deployment_id=deployment.id,
            deployment=deployment,
            baseline=baseline,
        )

    async def cancel_promotion(self) -> Cancellation:
        """Cancel the promotion that is under way.

        Returns as soon as Baseten has accepted it, with its answer: CANCELED, or RAMPING_DOWN
        while a rolling promotion gives its traffic back; `Cancellation.wait` waits for that.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            BadRequestError: No promotion is under way.
            NotFoundError: There is no such model or environment.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await _cancel(self._owner, self.name, None, None)

    async def force_cancel_promotion(self) -> Cancellation:
        """Cancel the promotion that is under way and move all traffic back at once.

        What served before may be too small for it by now. Cancelling this coroutine does not take
        back a request that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await _force_cancel(self._owner, self.name, None, None)

    async def pause_promotion(self) -> None:
        """Pause the rolling promotion that is under way, at the end of its present step.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        operation = pause_promotion.operation(self.model_id, self.name)
        await _signal(self._owner, "pause the promotion", operation)

    async def resume_promotion(self) -> None:
        """Let a paused promotion go on.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        operation = resume_promotion.operation(self.model_id, self.name)
        await _signal(self._owner, "resume the promotion", operation)

    async def force_roll_forward_promotion(self) -> None:
        """Move all traffic to the candidate at once, even while it is being rolled back.

        It may be too small for the traffic. Cancelling this coroutine does not take back a request
        that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        operation = force_roll_forward_promotion.operation(self.model_id, self.name)
        await _signal(self._owner, "roll the promotion forward", operation)


@define(eq=False, kw_only=True)
class ModelPromotion(Promotion[Deployment, Environment]):
    """A promotion of a model's deployment, and what can be done about it on the way."""

    async def cancel(self) -> Cancellation:
        """Cancel it: see `ModelEnvironmentHandle.cancel_promotion`.

        Baseten cancels what is under way in the environment, whichever deployment that is.
        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await _cancel(
            self._owner, self.environment_name, self.deployment_id, self.previous_id
        )

    async def force_cancel(self) -> Cancellation:
        """Cancel it at once: see `ModelEnvironmentHandle.force_cancel_promotion`.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await _force_cancel(
            self._owner, self.environment_name, self.deployment_id, self.previous_id
        )

    async def pause(self) -> None:
        """Pause it: see `ModelEnvironmentHandle.pause_promotion`.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        await self._environment.pause_promotion()

    async def resume(self) -> None:
        """Let it go on: see `ModelEnvironmentHandle.resume_promotion`.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        await self._environment.resume_promotion()

    async def force_roll_forward(self) -> None:
        """Finish it at once: see `ModelEnvironmentHandle.force_roll_forward_promotion`.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        await self._environment.force_roll_forward_promotion()

    async def rollback(self) -> ModelPromotion:
        """Promote what served before this promotion back into its environment.

        Returns as soon as Baseten has accepted it; wait on what it returns. Nothing is sent if
        that deployment serves there still, or is being promoted back already.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            ConfigurationError: It is not known what served before, nothing did, or the same did.
            PromotionInProgressError: A promotion to the environment still runs; nothing was sent.
            PromotionOutcomeUnknownError: As for `ModelEnvironmentHandle.promote`.
            BasetenError: What else can go wrong on the way; see `aiobaseten.errors`.
        """
        return await self._environment.promote(self._served_before(), if_in_progress="adopt")

    @property
    def _environment(self) -> ModelEnvironmentHandle:
        return ModelEnvironmentHandle(self._owner, self.environment_name)


async def _cancel(
    owner: Owner[Deployment, Environment],
    environment: str,
    deployment_id: str | None,
    previous_id: str | None,
) -> Cancellation:
    answer = await owner.transport.send(cancel_promotion.operation(owner.id, environment))
    return Cancellation(
        owner=owner,
        environment_name=environment,
        status=answer.status,
        message=answer.message,
        deployment_id=deployment_id,
        previous_id=previous_id,
        at_once=answer.status == CancellationStatus.CANCELED,
    )


async def _force_cancel(
    owner: Owner[Deployment, Environment],
    environment: str,
    deployment_id: str | None,
    previous_id: str | None,
) -> Cancellation:
    operation = force_cancel_promotion.operation(owner.id, environment)
    await _signal(owner, "cancel the promotion", operation)
    return Cancellation(
        owner=owner,
        environment_name=environment,
        status=None,
        message="",
        deployment_id=deployment_id,
        previous_id=previous_id,
        at_once=True,
    )


async def _signal(
    owner: Owner[Deployment, Environment],
    action: str,
    operation: Operation[SignalPromotionResponse],
) -> None:
    answer = await owner.transport.send(operation)
    if answer.success is not True:
        raise RequestNotActedOnError(action, "")
