"""The sensor: a triggerer waits for a deployment."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseAsyncOperator, BaseSensorOperator
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException

from .. import Duration, WaitOptions
from ..errors import BasetenError, ConfigurationError, WaitTimeoutError
from ..options import (
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    DeploymentOptions,
    ModelDeploymentOptions,
)
from ._outcomes import WaitFailed, WaitSucceeded, fail_task, failed, log_evidence
from ._resources import check_resource, exact, find_resource
from ._wait_options import deadline_after, options_for
from .hook import DEFAULT_CONNECTION, BasetenHook
from .triggers import DeploymentTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context


class DeploymentSensor(BaseAsyncOperator, BaseSensorOperator):
    """Waits in a triggerer until a deployment of a model or a chain is ACTIVE.

    A worker looks names up once; ids with ``id:`` before them need no request.

    Returns the deployment as plain data. ``poke_interval`` and ``mode`` have no effect: the library
    decides when to look.

    Args:
        deployment_id: The deployment's name or id, ``latest``, or ``current:staging`` for the one
            that serves in an environment.
        model_id: The name or id of its model; or pass *chain_id*.
        chain_id: The name or id of its chain; or pass *model_id*.
        baseten_conn_id: The Airflow connection.
        accept_scaled_to_zero: See `aiobaseten.WaitOptions`.
        wake: See `aiobaseten.WaitOptions`. Models only.
        settling_time: See `aiobaseten.WaitOptions`.
        unhealthy_grace: See `aiobaseten.WaitOptions`.
        log_lines: See `aiobaseten.WaitOptions`. The lines are written into the task's log.
        kwargs: As for every sensor, such as ``timeout``, ``soft_fail`` and ``never_fail``.

    Raises:
        ConfigurationError: An argument is invalid, or two exclude each other.
    """

    template_fields: Collection[str] = ("deployment_id", "model_id", "chain_id", "baseten_conn_id")
    ui_color = "#d7eaf5"

    def __init__(
        self,
        *,
        deployment_id: str,
        model_id: str | None = None,
        chain_id: str | None = None,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        accept_scaled_to_zero: bool = False,
        wake: bool = False,
        settling_time: Duration = SETTLING_TIME_S,
        unhealthy_grace: Duration = UNHEALTHY_GRACE_S,
        log_lines: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment_id = deployment_id
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        check_resource(model_id, chain_id)
        if wake and chain_id is not None:
            raise ConfigurationError("wake is for models only: Baseten cannot wake a chain")
        checked = WaitOptions(
            settling_time=settling_time,
            unhealthy_grace=unhealthy_grace,
            accept_scaled_to_zero=accept_scaled_to_zero,
            wake=wake,
            log_lines=log_lines,
        )
        kind = ModelDeploymentOptions if chain_id is None else DeploymentOptions
        self.options = options_for(kind, checked)

    async def aexecute(self, context: Context) -> None:  # noqa: ARG002 - Airflow passes it
        """Look the names up, and leave the wait to a triggerer.

        Raises:
            TaskDeferred: This is how Airflow defers a task.
            AirflowSkipException: A name was not found, with ``soft_fail``; or the look-up failed in
                any way, with ``never_fail``.
            AirflowFailException: A name was not found, or is ambiguous.
            AirflowException: The failure is temporary: Airflow retries the task.
        """
        try:
            settings = await BasetenHook(self.baseten_conn_id).settings()
            async with settings.client() as baseten:
                resource = await find_resource(baseten, self.model_id, self.chain_id)
                deployment = await resource.identify_deployment(self.deployment_id)
        except BasetenError as error:
            self._fail(failed(error))
        is_chain = self.chain_id is not None
        trigger = DeploymentTrigger(
            baseten_conn_id=self.baseten_conn_id,
            deployment_id=exact(deployment.id),
            deadline=deadline_after(self.timeout),
            options=self.options,
            model_id=None if is_chain else exact(resource.id),
            chain_id=exact(resource.id) if is_chain else None,
        )
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002 - Airflow passes it
        event: WaitSucceeded | WaitFailed,
    ) -> dict[str, Any]:
        """End the task after the wait.

        Returns:
            The deployment, as plain data.

        Raises:
            AirflowSensorTimeout: The deployment was not ACTIVE in time.
            AirflowSkipException: The wait timed out or failed permanently, with ``soft_fail``; or
                failed in any way, with ``never_fail``.
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
            AirflowException: The failure is temporary: Airflow retries the task.
        """
        if event["outcome"] == "failed":
            self._fail(event)
        return event["result"]

    def _fail(self, failure: WaitFailed) -> NoReturn:
        timed_out = failure["error"] == WaitTimeoutError.__name__
        if self.never_fail or (self.soft_fail and (failure["is_final"] or timed_out)):
            raise AirflowSkipException(failure["message"])
        if timed_out:
            log_evidence(failure, self.log)
            raise AirflowSensorTimeout(failure["message"])
        fail_task(failure, self.log)
