"""The sensor: a triggerer waits for a deployment."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException

from ..errors import ConfigurationError, WaitTimeoutError
from ..options import SETTLING_TIME_S, UNHEALTHY_GRACE_S, Duration
from . import _waiting
from ._endings import Ended, Failed, fail, tell
from ._owners import check_one
from .hook import DEFAULT_CONNECTION
from .triggers import DeploymentTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context


class DeploymentSensor(BaseSensorOperator):
    """Waits until a deployment of a model or a chain is ACTIVE, in a triggerer.

    Returns the deployment as plain data. It never pokes: ``poke_interval`` and ``mode`` do not
    matter; when to look is the library's to know.

    Args:
        deployment_id: The deployment's id.
        model_id: Its model's id, or
        chain_id: its chain's id.
        baseten_conn_id: The Airflow connection.
        accept_scaled_to_zero: As for `aiobaseten.ModelDeploymentHandle.wait_until_active`.
        wake: As there. Models only.
        settling_time: As there.
        unhealthy_grace: As there.
        log_lines: As there. They go into the task's log.
        kwargs: As for every sensor: ``timeout``, ``soft_fail`` and ``never_fail`` among them.

    Raises:
        ConfigurationError: The arguments do not fit together.
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
        self.options = _waiting.options(
            accept_scaled_to_zero=accept_scaled_to_zero,
            settling_time=settling_time,
            unhealthy_grace=unhealthy_grace,
            log_lines=log_lines,
        )
        if wake:
            self.options["wake"] = True
        check_one(model_id, chain_id)
        if wake and chain_id is not None:
            raise ConfigurationError("wake is for models: Baseten cannot wake a chain")

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow passes it
        """Leave the waiting to a triggerer.

        Raises:
            TaskDeferred: As Airflow has it.
        """
        trigger = DeploymentTrigger(
            baseten_conn_id=self.baseten_conn_id,
            deployment_id=self.deployment_id,
            deadline=_waiting.deadline(self.timeout),
            options=self.options,
            model_id=self.model_id,
            chain_id=self.chain_id,
        )
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002 - Airflow passes it
        event: Ended | Failed,
    ) -> dict[str, Any]:
        """Go on after the wait.

        Returns:
            The deployment, as plain data.

        Raises:
            AirflowSensorTimeout: It was not ACTIVE in time.
            AirflowSkipException: The same, or it failed, and ``soft_fail`` says so.
            AirflowFailException: What went wrong is final.
            AirflowException: Another try may come to another end.
        """
        if event["outcome"] == "failed":
            self._fail(event)
        return event["result"]

    def _fail(self, event: Failed) -> NoReturn:
        is_late = event["error"] == WaitTimeoutError.__name__
        if self.never_fail or (self.soft_fail and (event["is_final"] or is_late)):
            raise AirflowSkipException(event["message"])
        if is_late:
            tell(event, self.log)
            raise AirflowSensorTimeout(event["message"])
        fail(event, self.log)
