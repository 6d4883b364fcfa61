"""Operators: a worker begins, and a triggerer waits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseAsyncOperator
from attrs import evolve

from .. import Token
from ..client import Baseten
from ..errors import BasetenError, ConfigurationError, PromotionInProgressError
from ..options import (
    DEFAULT_TIMEOUT_S,
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    Duration,
    IfInProgress,
    OnPaused,
    WaitOptions,
)
from . import _waiting, _word
from ._endings import Ended, Failed, fail, failed
from ._owners import check_one, owner_of
from .hook import DEFAULT_CONNECTION, BasetenHook
from .triggers import PromotionTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context


class _Operator(BaseAsyncOperator):
    """What begins something in an environment, and waits for its end in a triggerer."""

    baseten_conn_id: str

    async def aexecute(self, context: Context) -> None:
        """Begin, or find what an earlier try began; then leave the waiting to a triggerer.

        Raises:
            TaskDeferred: As Airflow has it.
            AirflowFailException: What went wrong is final.
            AirflowException: Another try may come to another end; it begins nothing twice.
        """
        try:
            async with self._client() as baseten:
                token = await self._begin(baseten, context)
        except BasetenError as error:
            fail(failed(error), self.log)
        _word.leave(context, token)
        self.defer(trigger=self._trigger(token), method_name="execute_complete")

    def execute_complete(self, context: Context, event: Ended | Failed) -> dict[str, Any]:
        """Go on after the wait.

        Returns:
            What was waited for, as plain data.

        Raises:
            AirflowFailException: What went wrong is final.
            AirflowException: Another try may come to another end; it begins nothing twice.
        """
        if event["outcome"] == "failed":
            fail(event, self.log)
        _word.forget(context)
        return event["result"]

    async def _begin(self, baseten: Baseten, context: Context) -> str:
        """Begin, and say with which token to go on."""
        raise NotImplementedError

    def _trigger(self, token: str) -> PromotionTrigger:
        raise NotImplementedError

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator[Baseten]:
        settings = await BasetenHook(self.baseten_conn_id).settings()
        async with settings.client() as baseten:
            yield baseten


class PromoteOperator(_Operator):
    """Promotes a deployment of a model or a chain, and waits until it is live.

    Returns the live deployment as plain data. The worker is free while the promotion takes its
    time: a triggerer looks, and another one goes on if it dies. The promotion is begun once: a try
    that follows a lost one goes on with what that began, or says that it cannot tell.

    A promotion that failed, was cancelled or superseded, and what Baseten refuses, fail the task
    without another try. What may pass (no answer, a server error, another promotion under way, a
    time that ran out) is tried again as often as ``retries`` says, and goes on where it was.

    Args:
        deployment_id: The deployment to promote.
        environment: The environment to promote to.
        model_id: Its model's id, or
        chain_id: its chain's id.
        baseten_conn_id: The Airflow connection.
        timeout: Seconds or a `timedelta` to wait in one try; ``None`` for no limit.
        on_paused: ``"wait"`` through a pause, or ``"raise"`` as soon as one is seen.
        accept_scaled_to_zero: As for `aiobaseten.ModelPromotion.wait`.
        settling_time: As there.
        unhealthy_grace: As there.
        log_lines: As there. They go into the task's log.
        if_in_progress: As for `aiobaseten.ModelEnvironmentHandle.promote`; ``"wait"`` keeps the
            worker busy for at most *timeout*.
        cancel_on_kill: Whether to cancel the promotion when a user marks the task, or its run, as
            failed while it waits. Models only: the promotion of a chain cannot be cancelled.
        scale_down_previous_deployment: Whether to scale down what served before; ``None`` leaves
            it to Baseten.
        preserve_env_instance_type: Whether the environment keeps its instance type. Models only.
        environment_settings_update: Settings that the environment keeps. Models only.
        promotion_settings_override: Promotion settings for this one. Models only.
        kwargs: As for every operator.

    Raises:
        ConfigurationError: The arguments do not fit together.
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment_id = deployment_id
        self.environment = environment
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        self.timeout = _waiting.limit(timeout)
        self.options = {
            # A policy knows which there are.
            "on_paused": WaitOptions(on_paused=on_paused).on_paused,
            **_waiting.options(
                accept_scaled_to_zero=accept_scaled_to_zero,
                settling_time=settling_time,
                unhealthy_grace=unhealthy_grace,
                log_lines=log_lines,
            ),
        }
        self.if_in_progress: IfInProgress = if_in_progress
        self.cancel_on_kill = cancel_on_kill
        self.scale_down_previous_deployment = scale_down_previous_deployment
        self.preserve_env_instance_type = preserve_env_instance_type
        self.environment_settings_update = environment_settings_update
        self.promotion_settings_override = promotion_settings_override
        # Mapped arguments come later: until then there is nothing to compare.
        check_one(model_id, chain_id)
        if chain_id is not None and (cancel_on_kill or self._for_models()):
            given = "cancel_on_kill" if cancel_on_kill else min(self._for_models())
            raise ConfigurationError(f"{given} is for models: Baseten has no such thing for chains")

    async def _begin(self, baseten: Baseten, context: Context) -> str:
        word = _word.recall(context)
        if word is not None and word.is_ours:
            self.log.info("an earlier try left word of a promotion: nothing is sent again")
            token = (await baseten.resume(word.text)).token
        elif word is not None:
            token = await self._promote_after_clearing(baseten, context)
        else:
            token = await self._promote(baseten, context, self.if_in_progress)
        self.log.info(
            "the promotion is under way; to go on with it elsewhere, the token: %s", token
        )
        return token

    async def _promote_after_clearing(self, baseten: Baseten, context: Context) -> str:
        """Somebody cleared the task before its promotion had come to a good end."""
        try:
            # If it is under way still, or has come to one since, it will do.
            return await self._promote(baseten, context, "adopt")
        except PromotionInProgressError:
            return await self._promote(baseten, context, self.if_in_progress)

    async def _promote(
        self, baseten: Baseten, context: Context, if_in_progress: IfInProgress
    ) -> str:
        async def leave_word(token: str) -> None:
            _word.leave(context, token)
            self.log.info(
                "asking Baseten to promote %s to %s", self.deployment_id, environment.name
            )

        environment = owner_of(baseten, self.model_id, self.chain_id).environment(self.environment)
        promotion = await environment.promote(
            self.deployment_id,
            if_in_progress=if_in_progress,
            in_progress_timeout=self.timeout,
            before_sending=leave_word,
            scale_down_previous_deployment=self.scale_down_previous_deployment,
            **self._for_models(),
        )
        return promotion.token

    def _for_models(self) -> dict[str, Any]:
        """What is given that only models know."""
        options = {
            "preserve_env_instance_type": self.preserve_env_instance_type,
            "environment_settings_update": self.environment_settings_update,
            "promotion_settings_override": self.promotion_settings_override,
        }
        return {name: value for name, value in options.items() if value is not None}

    def _trigger(self, token: str) -> PromotionTrigger:
        return PromotionTrigger(
            baseten_conn_id=self.baseten_conn_id,
            token=token,
            deadline=_waiting.deadline(self.timeout),
            options=self.options,
            cancel_on_kill=self.cancel_on_kill,
        )


class CancelPromotionOperator(_Operator):
    """Cancels the promotion to an environment of a model, and waits until its traffic is back.

    Returns the environment as plain data. It cancels what is under way when it begins, whichever
    deployment that is; a try that follows a lost one cancels no other. Chains have no such request.

    Args:
        model_id: The model's id.
        environment: The environment that is promoted to.
        baseten_conn_id: The Airflow connection.
        timeout: Seconds or a `timedelta` to wait in one try; ``None`` for no limit.
        kwargs: As for every operator.
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model_id = model_id
        self.environment = environment
        self.baseten_conn_id = baseten_conn_id
        self.timeout = _waiting.limit(timeout)

    async def _begin(self, baseten: Baseten, context: Context) -> str:
        word = _word.recall(context)
        earlier = Token.load(word.text) if word is not None and word.is_ours else None
        if earlier is not None and not earlier.intended:
            return earlier.dump()
        environment = baseten.model(self.model_id).environment(self.environment)
        seen = await environment.get()
        candidate = seen.candidate_deployment.id if seen.candidate_deployment else None
        if earlier is not None and earlier.deployment_id != candidate:
            self.log.info("what an earlier try was about to cancel is no longer under way")
            return earlier.dump()
        intention = Token(
            kind="cancellation",
            resource_id=self.model_id,
            environment_name=self.environment,
            deployment_id=candidate,
            previous_id=seen.current_deployment.id if seen.current_deployment else None,
            intended=True,
        )
        _word.leave(context, intention.dump())
        cancellation = await environment.cancel_promotion()
        self.log.info("%s: %s", cancellation.status, cancellation.message)
        at_once = Token.load(cancellation.token).at_once
        return evolve(intention, intended=False, at_once=at_once).dump()

    def _trigger(self, token: str) -> PromotionTrigger:
        return PromotionTrigger(
            baseten_conn_id=self.baseten_conn_id,
            token=token,
            deadline=_waiting.deadline(self.timeout),
            options={},
        )
