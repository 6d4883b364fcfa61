"""Operators: a worker sends the request, and a triggerer waits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from airflow.sdk import BaseAsyncOperator
from attrs import evolve

from .. import (
    Baseten,
    Cancellation,
    ChainHandle,
    ChainPromotion,
    Duration,
    Guard,
    IfInProgress,
    ModelHandle,
    ModelPromotion,
    OnPaused,
    Token,
)
from ..errors import BasetenError, ConfigurationError, PromotionInProgressError
from ..options import DEFAULT_TIMEOUT_S, SETTLING_TIME_S, UNHEALTHY_GRACE_S
from . import _saved_token
from ._arguments import (
    CancelArguments,
    PromoteArguments,
    PromotionArguments,
    UpdateArguments,
)
from ._clients import own_client
from ._computed import ComputedArguments
from ._environment_operator import Begun, EnvironmentOperator
from ._outcomes import fail_task, failed
from ._plain import plain
from ._resources import exact, find_resource
from ._saved_token import SavedToken
from ._wait_options import deadline_after
from .hook import DEFAULT_CONNECTION
from .links import BasetenLink, push_page
from .triggers import PromotionTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

P = TypeVar("P", bound=PromotionArguments)
#: Arguments of each wait for a promotion.
WAIT_FIELDS = (
    "timeout",
    "on_paused",
    "accept_scaled_to_zero",
    "settling_time",
    "unhealthy_grace",
    "log_lines",
    "cancel_on_kill",
)
#: Arguments of most operators that are text.
TEXTS = frozenset({"environment", "model_id", "chain_id", "baseten_conn_id", "on_paused"})


class _PromotionOperator(EnvironmentOperator[P]):
    """Starts a promotion, and waits until it is live."""

    changes_deployment = True
    environment: str
    cancel_on_kill: bool

    async def _begin(self, baseten: Baseten, context: Context, arguments: P) -> Begun:
        saved = _saved_token.load(context)
        if saved is not None and not saved.cleared_since:
            self.log.info("an earlier try saved a token: continuing its promotion, sending nothing")
            self._describe(context, saved.text)
            promotion = await baseten.resume(saved.text, guard=_guard_of(arguments))
            if isinstance(promotion, Cancellation):
                raise ConfigurationError("the saved token is that of a cancellation")
        else:
            resource = await find_resource(baseten, arguments.model_id, arguments.chain_id)
            push_page(context, arguments.kind, resource.id)
            promotion = await self._send(resource, context, arguments, saved)
        self.log.info("the promotion has begun; its token is %s", promotion.token)
        return Begun(promotion.token, promotion.report)

    @abstractmethod
    async def _send(
        self,
        resource: ModelHandle | ChainHandle,
        context: Context,
        arguments: P,
        saved: SavedToken | None,
    ) -> ChainPromotion | ModelPromotion:
        """Send the request. If the task was cleared, *saved* is its earlier token."""

    def _trigger(self, token: str) -> PromotionTrigger:
        arguments = self.arguments()
        guard = _guard_of(arguments)
        return PromotionTrigger(
            baseten_conn_id=arguments.baseten_conn_id,
            token=token,
            deadline=deadline_after(arguments.timeout, self.execution_timeout),
            options=arguments.options,
            cancel_on_kill=arguments.cancel_on_kill,
            guard=None if guard is None else guard.to_dict(),
        )


def _guard_of(arguments: PromotionArguments) -> Guard | None:
    return arguments.checked_guard if isinstance(arguments, PromoteArguments) else None


class PromoteOperator(_PromotionOperator[PromoteArguments]):
    """Promotes a deployment of a model or a chain, and waits until it is live.

    Returns the live deployment as plain data. A worker sends the promotion and is then free; a
    triggerer waits, and another triggerer continues if it dies. The promotion is sent only once: if
    a worker dies, the next try continues with the promotion that it started, or fails because the
    outcome is unknown.

    Permanent failures fail the task without a retry: a promotion that failed, was cancelled or
    superseded, or that Baseten refuses. After a temporary failure, Airflow retries the task if it
    has tries left, and the next try continues: no response, a server error, another promotion that
    is running, a timeout.

    The deployment, the model and the chain may be given by name: see
    `aiobaseten.Baseten.identify_model`. The worker looks them up once. From then on the ids in the
    token count, on every machine and in every try.

    Args:
        deployment_id: The deployment to promote: its name or id, ``latest``, or
            ``current:staging`` for the one that serves in an environment.
        environment: The environment to promote to.
        model_id: The name or id of the deployment's model; or pass *chain_id*.
        chain_id: The name or id of the deployment's chain; or pass *model_id*.
        baseten_conn_id: The Airflow connection.
        timeout: Seconds or a `timedelta` that one try may wait; ``None`` means no limit.
        on_paused: See `aiobaseten.WaitOptions`.
        accept_scaled_to_zero: See `aiobaseten.WaitOptions`.
        settling_time: See `aiobaseten.WaitOptions`.
        unhealthy_grace: See `aiobaseten.WaitOptions`.
        log_lines: See `aiobaseten.WaitOptions`. The lines are written into the task's log.
        if_in_progress: As for `aiobaseten.ModelEnvironmentHandle.promote`. ``"wait"`` occupies the
            worker for at most *timeout*.
        cancel_on_kill: Whether to cancel the promotion when a user marks the waiting task or its
            run as failed. Models only: Baseten cannot cancel the promotion of a chain.
        scale_down_previous_deployment: Whether to scale down the previous deployment; ``None``
            leaves the decision to Baseten.
        preserve_env_instance_type: Whether the environment keeps its instance type. Models only.
        environment_settings_update: New settings of the environment. Models only.
        promotion_settings_override: Settings of this promotion only. Models only.
        guard: The guard of the promotion, in the form of `aiobaseten.Guard.from_dict`. A breach
            fails the task without a retry, after the traffic is back. The report is the XCom
            ``guard_report``, also of a task that fails. Functions of own checks, which are dotted
            paths, must be importable in the DAG processor, the worker and the triggerer.
        deferrable: Whether a triggerer waits. If not, the worker does, and sites without a
            triggerer can use the operator; nothing else changes.
        kwargs: As for every operator. To each asset of Baseten among the ``outlets``, and through
            each alias among them, an event is emitted when the deployment serves: see
            `aiobaseten.airflow.environment_asset`.

    Raises:
        ConfigurationError: An argument is invalid, or two exclude each other. Arguments that are
            computed are checked when the task runs.
    """

    template_fields: Collection[str] = (
        "deployment_id",
        "environment",
        "model_id",
        "chain_id",
        "baseten_conn_id",
        *WAIT_FIELDS,
        "if_in_progress",
        "scale_down_previous_deployment",
        "preserve_env_instance_type",
        "environment_settings_update",
        "promotion_settings_override",
        "guard",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "environment_settings_update": "json",
        "promotion_settings_override": "json",
        "guard": "json",
    }
    texts = TEXTS | {"deployment_id", "if_in_progress"}
    ui_color = "#d7f5dd"

    def __init__(
        self,
        *,
        deployment_id: str,
        environment: str = "production",
        model_id: str | None = None,
        chain_id: str | None = None,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        on_paused: OnPaused = "wait",
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        log_lines: int = 0,
        if_in_progress: IfInProgress = "raise",
        cancel_on_kill: bool = False,
        scale_down_previous_deployment: bool | None = None,
        preserve_env_instance_type: bool | None = None,
        environment_settings_update: Mapping[str, Any] | None = None,
        promotion_settings_override: Mapping[str, Any] | None = None,
        guard: Mapping[str, Any] | None = None,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment_id = deployment_id
        self.environment = environment
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        self.timeout = timeout
        self.on_paused = on_paused
        self.accept_scaled_to_zero = accept_scaled_to_zero
        self.settling_time = settling_time
        self.unhealthy_grace = unhealthy_grace
        self.log_lines = log_lines
        self.if_in_progress = if_in_progress
        self.cancel_on_kill = cancel_on_kill
        self.scale_down_previous_deployment = scale_down_previous_deployment
        self.preserve_env_instance_type = preserve_env_instance_type
        self.environment_settings_update = environment_settings_update
        self.promotion_settings_override = promotion_settings_override
        self.guard = guard
        self.deferrable = deferrable
        self.check_known()

    def checked(self, given: dict[str, Any]) -> PromoteArguments:
        """The arguments, checked."""
        return PromoteArguments(**given)

    async def _send(
        self,
        resource: ModelHandle | ChainHandle,
        context: Context,
        arguments: PromoteArguments,
        saved: SavedToken | None,
    ) -> ChainPromotion | ModelPromotion:
        deployment = await resource.identify_deployment(arguments.deployment_id)
        self.log.info("promoting %s to %s", deployment, arguments.environment)
        send = partial(
            resource.environment(arguments.environment).promote,
            deployment.id,
            in_progress_timeout=arguments.timeout,
            before_sending=self._saves(context),
            scale_down_previous_deployment=arguments.scale_down_previous_deployment,
            guard=arguments.checked_guard,
            **arguments.model_settings,
        )
        if saved is not None:
            # A promotion of this task may be running or live.
            try:
                return await send(if_in_progress="adopt")
            except PromotionInProgressError:
                pass  # another promotion is running, and the caller has decided about this case
        return await send(if_in_progress=arguments.if_in_progress)


class RollbackOperator(_PromotionOperator[PromotionArguments]):
    """Promotes the deployment that served before the current one, and waits until it is live.

    Returns the live deployment as plain data. `aiobaseten.ModelEnvironmentHandle.rollback` says how
    that deployment is found. The promotion is sent only once, as by `PromoteOperator`; if somebody
    clears the task after a failure, it promotes the same deployment.

    After a rollback, the deployment that was rolled back is the one that served before. So a task
    that has succeeded and is cleared undoes its rollback.

    Args:
        environment: The environment to roll back.
        model_id: The name or id of the model; or pass *chain_id*.
        chain_id: The name or id of the chain; or pass *model_id*.
        baseten_conn_id: The Airflow connection.
        timeout: As for `PromoteOperator`.
        on_paused: As for `PromoteOperator`.
        accept_scaled_to_zero: As for `PromoteOperator`.
        settling_time: As for `PromoteOperator`.
        unhealthy_grace: As for `PromoteOperator`.
        log_lines: As for `PromoteOperator`.
        cancel_on_kill: As for `PromoteOperator`.
        deferrable: As for `PromoteOperator`.
        kwargs: As for `PromoteOperator`.

    Raises:
        ConfigurationError: An argument is invalid, or two exclude each other.
    """

    template_fields: Collection[str] = (
        "environment",
        "model_id",
        "chain_id",
        "baseten_conn_id",
        *WAIT_FIELDS,
    )
    texts = TEXTS
    ui_color = "#f5ecd7"

    def __init__(
        self,
        *,
        environment: str = "production",
        model_id: str | None = None,
        chain_id: str | None = None,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        on_paused: OnPaused = "wait",
        accept_scaled_to_zero: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        log_lines: int = 0,
        cancel_on_kill: bool = False,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.environment = environment
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        self.timeout = timeout
        self.on_paused = on_paused
        self.accept_scaled_to_zero = accept_scaled_to_zero
        self.settling_time = settling_time
        self.unhealthy_grace = unhealthy_grace
        self.log_lines = log_lines
        self.cancel_on_kill = cancel_on_kill
        self.deferrable = deferrable
        self.check_known()

    def checked(self, given: dict[str, Any]) -> PromotionArguments:
        """The arguments, checked."""
        return PromotionArguments(**given)

    async def _send(
        self,
        resource: ModelHandle | ChainHandle,
        context: Context,
        arguments: PromotionArguments,
        saved: SavedToken | None,
    ) -> ChainPromotion | ModelPromotion:
        environment = resource.environment(arguments.environment)
        target = None if saved is None else Token.load(saved.text).deployment_id
        if target is None:
            return await environment.rollback(before_sending=self._saves(context))
        # Another rollback would undo the one that this task has begun.
        return await environment.promote(
            target, if_in_progress="adopt", before_sending=self._saves(context)
        )


class CancelPromotionOperator(EnvironmentOperator[CancelArguments]):
    """Cancels the promotion to a model's environment, and waits until the traffic is back.

    Returns the environment as plain data. It cancels the promotion that is running when the task
    starts, of whichever deployment. If a worker dies, the next try cancels no other promotion.
    Baseten cannot cancel the promotion of a chain.

    Args:
        model_id: The model's name or id.
        environment: The environment that is being promoted to.
        baseten_conn_id: The Airflow connection.
        timeout: Seconds or a `timedelta` that one try may wait; ``None`` means no limit.
        settling_time: See `aiobaseten.WaitOptions`.
        deferrable: As for `PromoteOperator`.
        kwargs: As for every operator.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    template_fields: Collection[str] = (
        "model_id",
        "environment",
        "baseten_conn_id",
        "timeout",
        "settling_time",
    )
    texts = TEXTS
    ui_color = "#f5dcd7"
    changes_deployment = False

    def __init__(
        self,
        *,
        model_id: str,
        environment: str = "production",
        baseten_conn_id: str = DEFAULT_CONNECTION,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        settling_time: Duration = SETTLING_TIME_S,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model_id = model_id
        self.environment = environment
        self.baseten_conn_id = baseten_conn_id
        self.timeout = timeout
        self.settling_time = settling_time
        self.deferrable = deferrable
        self.check_known()

    def checked(self, given: dict[str, Any]) -> CancelArguments:
        """The arguments, checked."""
        return CancelArguments(**given)

    async def _begin(self, baseten: Baseten, context: Context, arguments: CancelArguments) -> Begun:
        saved = _saved_token.load(context)
        earlier = Token.load(saved.text) if saved is not None and not saved.cleared_since else None
        if earlier is not None and not earlier.intended:
            return Begun(earlier.dump())
        # An earlier try has looked it up.
        model_id = arguments.name if earlier is None else exact(earlier.resource_id)
        model = await baseten.identify_model(model_id)
        push_page(context, "model", model.id)
        environment = model.environment(arguments.environment)
        seen = await environment.get()
        candidate = seen.candidate_deployment.id if seen.candidate_deployment else None
        if earlier is not None and earlier.deployment_id != candidate:
            self.log.info("the promotion that an earlier try set out to cancel has ended")
            return Begun(earlier.dump())
        intention = Token(
            kind="cancellation",
            resource_id=model.id,
            environment_name=environment.name,
            deployment_id=candidate,
            previous_id=seen.current_deployment.id if seen.current_deployment else None,
            intended=True,
        )
        await self._saves(context)(intention.dump())
        cancellation = await environment.cancel_promotion()
        reply = f"{cancellation.status}: {cancellation.message}"
        self.log.info(reply if cancellation.status else "the answer to the cancel was lost")
        at_once = Token.load(cancellation.token).at_once
        return Begun(evolve(intention, intended=False, at_once=at_once).dump())

    def _trigger(self, token: str) -> PromotionTrigger:
        arguments = self.arguments()
        return PromotionTrigger(
            baseten_conn_id=arguments.baseten_conn_id,
            token=token,
            deadline=deadline_after(arguments.timeout, self.execution_timeout),
            options=arguments.options,
        )


class UpdateEnvironmentOperator(ComputedArguments[UpdateArguments], BaseAsyncOperator):
    """Changes settings of an environment, and waits in the worker until the environment shows them.

    Returns the environment as plain data. Only the settings that are given change. Safe to run
    twice. Baseten makes a change within seconds, or after the promotion that is running.

    Args:
        environment: The environment's name.
        model_id: The name or id of the model; or pass *chain_id*.
        chain_id: The name or id of the chain; or pass *model_id*.
        baseten_conn_id: The Airflow connection.
        autoscaling_settings: See `aiobaseten.settings.AutoscalingSettingsDict`. Models only.
        promotion_settings: See `aiobaseten.settings.ModelPromotionSettingsDict` and
            `aiobaseten.settings.ChainPromotionSettingsDict`.
        chainlet_autoscaling: For each chainlet, by its name: see
            `aiobaseten.settings.AutoscalingSettingsDict`. Chains only.
        timeout: Seconds or a `timedelta` that one try may wait; ``None`` means no limit.
        kwargs: As for every operator.

    Raises:
        ConfigurationError: An argument is invalid, or two exclude each other.
    """

    operator_extra_links = (BasetenLink(),)
    template_fields: Collection[str] = (
        "environment",
        "model_id",
        "chain_id",
        "baseten_conn_id",
        "autoscaling_settings",
        "promotion_settings",
        "chainlet_autoscaling",
        "timeout",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "autoscaling_settings": "json",
        "promotion_settings": "json",
        "chainlet_autoscaling": "json",
    }
    texts = TEXTS
    ui_color = "#e3d7f5"

    def __init__(
        self,
        *,
        environment: str = "production",
        model_id: str | None = None,
        chain_id: str | None = None,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        autoscaling_settings: Mapping[str, Any] | None = None,
        promotion_settings: Mapping[str, Any] | None = None,
        chainlet_autoscaling: Mapping[str, Any] | None = None,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.environment = environment
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        self.autoscaling_settings = autoscaling_settings
        self.promotion_settings = promotion_settings
        self.chainlet_autoscaling = chainlet_autoscaling
        self.timeout = timeout
        self.check_known()
        if all(
            one is None for one in (autoscaling_settings, promotion_settings, chainlet_autoscaling)
        ):
            raise ConfigurationError("give at least one setting to change")

    def checked(self, given: dict[str, Any]) -> UpdateArguments:
        """The arguments, checked."""
        return UpdateArguments(**given)

    async def aexecute(self, context: Context) -> dict[str, Any]:
        """Change the settings, and wait.

        Raises:
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
            AirflowException: The failure is temporary: Airflow retries the task.
        """
        try:
            arguments = self.arguments()
            async with own_client(arguments.baseten_conn_id) as baseten:
                resource = await find_resource(baseten, arguments.model_id, arguments.chain_id)
                push_page(context, arguments.kind, resource.id)
                update = cast("Any", resource.environment(arguments.environment)).update
                changed = await update(**arguments.given, timeout=arguments.timeout)
        except BasetenError as error:
            fail_task(failed(error), self.log)
        result: dict[str, Any] = plain(changed.to_dict())
        return result
