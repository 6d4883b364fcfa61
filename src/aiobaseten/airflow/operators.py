"""Operators: a worker sends the request, and a triggerer waits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseAsyncOperator
from attrs import evolve

from .. import (
    Baseten,
    ChainHandle,
    Duration,
    Guard,
    IfInProgress,
    ModelHandle,
    OnPaused,
    Token,
    WaitOptions,
)
from ..errors import BasetenError, ConfigurationError, PromotionInProgressError
from ..options import (
    DEFAULT_TIMEOUT_S,
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    CancellationOptions,
    PromotionOptions,
)
from . import _saved_token
from ._outcomes import WaitFailed, WaitSucceeded, fail_task, failed, push_report
from ._resources import check_resource, exact, find_resource
from ._wait_options import deadline_after, options_for, seconds_or_none
from .hook import DEFAULT_CONNECTION, BasetenHook
from .triggers import PromotionTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context


class _EnvironmentOperator(BaseAsyncOperator):
    """Sends a request to an environment at most once, and leaves the wait to a triggerer."""

    baseten_conn_id: str

    async def aexecute(self, context: Context) -> None:
        """Send the request, or continue where an earlier try stopped. Then defer the task.

        Raises:
            TaskDeferred: This is how Airflow defers a task.
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
            AirflowException: The failure is temporary: Airflow retries the task. The next try
                sends nothing twice.
        """
        try:
            async with self._client() as baseten:
                token = await self._begin(baseten, context)
        except BasetenError as error:
            failure = failed(error)
            push_report(context, failure)
            fail_task(failure, self.log)
        _saved_token.save(context, token)
        self.defer(trigger=self._trigger(token), method_name="execute_complete")

    def execute_complete(
        self, context: Context, event: WaitSucceeded | WaitFailed
    ) -> dict[str, Any]:
        """End the task after the wait.

        Returns:
            The deployment or the environment, as plain data.

        Raises:
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
            AirflowException: The failure is temporary: Airflow retries the task. The next try
                sends nothing twice.
        """
        push_report(context, event)
        if event["outcome"] == "failed":
            fail_task(event, self.log)
        _saved_token.delete(context)
        return event["result"]

    async def _begin(self, baseten: Baseten, context: Context) -> str:
        """Send the request, unless an earlier try did; returns the token for the wait."""
        raise NotImplementedError

    def _trigger(self, token: str) -> PromotionTrigger:
        raise NotImplementedError

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator[Baseten]:
        settings = await BasetenHook(self.baseten_conn_id).settings()
        async with settings.client() as baseten:
            yield baseten


class PromoteOperator(_EnvironmentOperator):
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
        kwargs: As for every operator.

    Raises:
        ConfigurationError: An argument is invalid, or two exclude each other.
    """

    template_fields: Collection[str] = (
        "deployment_id",
        "environment",
        "model_id",
        "chain_id",
        "baseten_conn_id",
        "environment_settings_update",
        "promotion_settings_override",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "environment_settings_update": "json",
        "promotion_settings_override": "json",
    }
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment_id = deployment_id
        self.environment = environment
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        checked = WaitOptions(
            timeout=timeout,
            settling_time=settling_time,
            unhealthy_grace=unhealthy_grace,
            accept_scaled_to_zero=accept_scaled_to_zero,
            on_paused=on_paused,
            log_lines=log_lines,
        )
        self.timeout = seconds_or_none(checked.timeout)
        self.options = options_for(PromotionOptions, checked)
        self.if_in_progress: IfInProgress = if_in_progress
        self.cancel_on_kill = cancel_on_kill
        self.scale_down_previous_deployment = scale_down_previous_deployment
        self.preserve_env_instance_type = preserve_env_instance_type
        self.environment_settings_update = environment_settings_update
        self.promotion_settings_override = promotion_settings_override
        checked_guard = None if guard is None else Guard.from_dict(guard)
        # In the form that a trigger carries.
        self.guard = None if checked_guard is None else checked_guard.to_dict()
        check_resource(model_id, chain_id)
        if chain_id is not None and checked_guard is not None:
            _check_guard_of_chain(checked_guard)
        if chain_id is not None and (cancel_on_kill or self._model_settings()):
            name = "cancel_on_kill" if cancel_on_kill else min(self._model_settings())
            raise ConfigurationError(
                f"{name} is for models only: Baseten has no such thing for chains"
            )

    async def _begin(self, baseten: Baseten, context: Context) -> str:
        saved = _saved_token.load(context)
        if saved is not None and not saved.cleared_since:
            self.log.info("an earlier try saved a token: continuing its promotion, sending nothing")
            token = (await baseten.resume(saved.text, guard=self._guard())).token
        else:
            resource = await find_resource(baseten, self.model_id, self.chain_id)
            deployment = await resource.identify_deployment(self.deployment_id)
            self.log.info("promoting %s to %s", deployment, self.environment)
            send = partial(self._promote, resource, deployment.id, context)
            if saved is None:
                token = await send(self.if_in_progress)
            else:
                token = await self._promote_after_clearing(send)
        self.log.info("the promotion has begun; its token is %s", token)
        return token

    async def _promote_after_clearing(self, send: Callable[[IfInProgress], Awaitable[str]]) -> str:
        """Promote, although a promotion of this task may be running or live."""
        try:
            return await send("adopt")
        except PromotionInProgressError:
            # Another promotion is running. The caller has decided about this case.
            return await send(self.if_in_progress)

    async def _promote(
        self,
        resource: ModelHandle | ChainHandle,
        deployment_id: str,
        context: Context,
        if_in_progress: IfInProgress,
    ) -> str:
        async def save_token(token: str) -> None:
            _saved_token.save(context, token)

        promotion = await resource.environment(self.environment).promote(
            deployment_id,
            if_in_progress=if_in_progress,
            in_progress_timeout=self.timeout,
            before_sending=save_token,
            scale_down_previous_deployment=self.scale_down_previous_deployment,
            guard=self._guard(),
            **self._model_settings(),
        )
        return promotion.token

    def _guard(self) -> Guard | None:
        return None if self.guard is None else Guard.from_dict(self.guard)

    def _model_settings(self) -> dict[str, Any]:
        """The given settings that only promotions of models have."""
        settings = {
            "preserve_env_instance_type": self.preserve_env_instance_type,
            "environment_settings_update": self.environment_settings_update,
            "promotion_settings_override": self.promotion_settings_override,
        }
        return {name: value for name, value in settings.items() if value is not None}

    def _trigger(self, token: str) -> PromotionTrigger:
        return PromotionTrigger(
            baseten_conn_id=self.baseten_conn_id,
            token=token,
            deadline=deadline_after(self.timeout),
            options=self.options,
            cancel_on_kill=self.cancel_on_kill,
            guard=self.guard,
        )


def _check_guard_of_chain(guard: Guard) -> None:
    if guard.metric_checks:
        raise ConfigurationError(
            f"chains have no metrics, such as {guard.metric_checks[0].name}: the guard of a chain "
            "takes checks of yours only"
        )
    if "pause" in (guard.on_breach, guard.hold):
        raise ConfigurationError(
            'the promotion of a chain cannot be paused: leave out "pause" in on_breach and hold'
        )


class CancelPromotionOperator(_EnvironmentOperator):
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
        kwargs: As for every operator.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    template_fields: Collection[str] = ("model_id", "environment", "baseten_conn_id")
    ui_color = "#f5dcd7"

    def __init__(
        self,
        *,
        model_id: str,
        environment: str = "production",
        baseten_conn_id: str = DEFAULT_CONNECTION,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
        settling_time: Duration = SETTLING_TIME_S,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model_id = model_id
        self.environment = environment
        self.baseten_conn_id = baseten_conn_id
        checked = WaitOptions(timeout=timeout, settling_time=settling_time)
        self.timeout = seconds_or_none(checked.timeout)
        self.options = options_for(CancellationOptions, checked)

    async def _begin(self, baseten: Baseten, context: Context) -> str:
        saved = _saved_token.load(context)
        earlier = Token.load(saved.text) if saved is not None and not saved.cleared_since else None
        if earlier is not None and not earlier.intended:
            return earlier.dump()
        # An earlier try has looked it up.
        model_id = self.model_id if earlier is None else exact(earlier.resource_id)
        model = await baseten.identify_model(model_id)
        environment = model.environment(self.environment)
        seen = await environment.get()
        candidate = seen.candidate_deployment.id if seen.candidate_deployment else None
        if earlier is not None and earlier.deployment_id != candidate:
            self.log.info("the promotion that an earlier try set out to cancel has ended")
            return earlier.dump()
        intention = Token(
            kind="cancellation",
            resource_id=model.id,
            environment_name=self.environment,
            deployment_id=candidate,
            previous_id=seen.current_deployment.id if seen.current_deployment else None,
            intended=True,
        )
        _saved_token.save(context, intention.dump())
        cancellation = await environment.cancel_promotion()
        self.log.info("%s: %s", cancellation.status, cancellation.message)
        at_once = Token.load(cancellation.token).at_once
        return evolve(intention, intended=False, at_once=at_once).dump()

    def _trigger(self, token: str) -> PromotionTrigger:
        return PromotionTrigger(
            baseten_conn_id=self.baseten_conn_id,
            token=token,
            deadline=deadline_after(self.timeout),
            options=self.options,
        )
