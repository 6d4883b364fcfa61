"""Sensors: they wait for a deployment to become ACTIVE, or to serve."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseAsyncOperator, BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException

from .. import Baseten, DeploymentReading, Duration, EnvironmentReading, Phase
from ..errors import BasetenError, WaitTimeoutError
from ..options import SETTLING_TIME_S, UNHEALTHY_GRACE_S
from ._arguments import DeploymentArguments, ServingArguments
from ._clients import own_client
from ._computed import ComputedArguments
from ._outcomes import WaitFailed, WaitSucceeded, fail_task, failed, log_evidence, only_outcome
from ._plain import plain
from ._resources import exact, find_resource
from ._wait_options import airflows_limit, deadline_after
from .hook import DEFAULT_CONNECTION
from .links import BasetenLink, push_page
from .triggers import DeploymentTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

_TEXTS = frozenset({"deployment_id", "environment", "model_id", "chain_id", "baseten_conn_id"})


class DeploymentSensor(
    ComputedArguments[DeploymentArguments], BaseAsyncOperator, BaseSensorOperator
):
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
        deferrable: Whether a triggerer waits. If not, the worker does.
        kwargs: As for every sensor, such as ``timeout``, ``soft_fail`` and ``never_fail``.

    Raises:
        ConfigurationError: An argument is invalid, or two exclude each other.
    """

    operator_extra_links = (BasetenLink(),)
    template_fields: Collection[str] = (
        "deployment_id",
        "model_id",
        "chain_id",
        "baseten_conn_id",
        "accept_scaled_to_zero",
        "wake",
        "settling_time",
        "unhealthy_grace",
        "log_lines",
    )
    texts = _TEXTS
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
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment_id = deployment_id
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        self.accept_scaled_to_zero = accept_scaled_to_zero
        self.wake = wake
        self.settling_time = settling_time
        self.unhealthy_grace = unhealthy_grace
        self.log_lines = log_lines
        self.deferrable = deferrable
        self.check_known()

    def checked(self, given: dict[str, Any]) -> DeploymentArguments:
        """The arguments, checked."""
        return DeploymentArguments(**given)

    async def aexecute(self, context: Context) -> dict[str, Any]:
        """Look the names up, and leave the wait to a triggerer, or wait.

        Returns:
            The deployment, as plain data.

        Raises:
            TaskDeferred: This is how Airflow defers a task.
            AirflowSkipException: The look-up failed, with ``soft_fail`` or ``never_fail``.
            AirflowFailException: A name was not found, or is ambiguous.
            AirflowException: The failure is temporary: Airflow retries the task.
        """
        try:
            arguments = self.arguments()
            async with own_client(arguments.baseten_conn_id) as baseten:
                resource = await find_resource(baseten, arguments.model_id, arguments.chain_id)
                deployment = await resource.identify_deployment(arguments.deployment_id)
        except BasetenError as error:
            self._fail(failed(error))
        push_page(context, arguments.kind, resource.id, deployment.id)
        is_chain = arguments.kind == "chain"
        trigger = DeploymentTrigger(
            baseten_conn_id=arguments.baseten_conn_id,
            deployment_id=exact(deployment.id),
            deadline=deadline_after(self.timeout, self.execution_timeout),
            options=arguments.options,
            model_id=None if is_chain else exact(resource.id),
            chain_id=exact(resource.id) if is_chain else None,
        )
        if self.deferrable:
            self.defer(
                trigger=trigger,
                method_name="execute_complete",
                timeout=airflows_limit(self.execution_timeout),
            )
        return self.execute_complete(context, await only_outcome(trigger))

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
            AirflowSkipException: The wait failed or timed out, with ``soft_fail`` or
                ``never_fail``: Airflow does not retry the task.
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
            AirflowException: The failure is temporary: Airflow retries the task.
        """
        if event["outcome"] == "failed":
            self._fail(event)
        return event["result"]

    def _fail(self, failure: WaitFailed) -> NoReturn:
        # As Airflow does it after a deferral, whatever the failure.
        if self.never_fail or self.soft_fail:
            log_evidence(failure, self.log)
            raise AirflowSkipException(failure["message"])
        if failure["error"] == WaitTimeoutError.__name__:
            log_evidence(failure, self.log)
            raise AirflowSensorTimeout(failure["message"])
        fail_task(failure, self.log)


class ServingSensor(ComputedArguments[ServingArguments], BaseSensorOperator):
    """Waits until a deployment serves in an environment, whoever promotes it, and however late.

    Returns the deployment as plain data. It serves if it is the environment's current deployment,
    is ACTIVE or scaled to zero, and no promotion of it is running. Airflow asks every
    ``poke_interval``, by default without a worker in between; no triggerer is needed. A failure
    that may pass does not end the wait.

    Args:
        deployment_id: The deployment's name or id. It must exist.
        environment: The environment.
        model_id: The name or id of its model; or pass *chain_id*.
        chain_id: The name or id of its chain; or pass *model_id*.
        baseten_conn_id: The Airflow connection.
        mode: As for every sensor (default: ``"reschedule"``).
        kwargs: As for every sensor, such as ``timeout``, ``poke_interval`` and ``soft_fail``.

    Raises:
        ConfigurationError: An argument is invalid, or two exclude each other.
    """

    operator_extra_links = (BasetenLink(),)
    template_fields: Collection[str] = (
        "deployment_id",
        "environment",
        "model_id",
        "chain_id",
        "baseten_conn_id",
    )
    texts = _TEXTS
    ui_color = "#d7eaf5"

    def __init__(
        self,
        *,
        deployment_id: str,
        environment: str = "production",
        model_id: str | None = None,
        chain_id: str | None = None,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        mode: str = "reschedule",
        **kwargs: Any,
    ) -> None:
        super().__init__(mode=mode, **kwargs)
        self.deployment_id = deployment_id
        self.environment = environment
        self.model_id = model_id
        self.chain_id = chain_id
        self.baseten_conn_id = baseten_conn_id
        self.check_known()

    def checked(self, given: dict[str, Any]) -> ServingArguments:
        """The arguments, checked."""
        return ServingArguments(**given)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once: whether it serves, and the deployment.

        Raises:
            AirflowFailException: The failure is permanent: Airflow does not retry the task.
        """
        return asyncio.run(self.apoke(context))

    async def apoke(self, context: Context) -> PokeReturnValue:
        """As `poke`."""
        try:
            arguments = self.arguments()
            async with own_client(arguments.baseten_conn_id) as baseten:
                return await self._look(baseten, context, arguments)
        except BasetenError as error:
            failure = failed(error)
            if failure["is_final"]:
                fail_task(failure, self.log)
            self.log.warning("%s: %s", failure["error"], failure["message"])
            return PokeReturnValue(is_done=False)

    async def _look(
        self, baseten: Baseten, context: Context, arguments: ServingArguments
    ) -> PokeReturnValue:
        resource = await find_resource(baseten, arguments.model_id, arguments.chain_id)
        deployment = await resource.identify_deployment(arguments.deployment_id)
        push_page(context, arguments.kind, resource.id, deployment.id)
        reading = await resource.environment(arguments.environment).read()
        if not _serves(deployment.id, reading):
            self.log.info(
                "deployment %s does not serve in %s, where %s does",
                deployment.id,
                arguments.environment,
                reading.current_id or "nothing",
            )
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=plain((await deployment.get()).to_dict()))


def _serves(deployment_id: str, reading: EnvironmentReading) -> bool:
    current = reading.current
    if current is None or current.id != deployment_id:
        return False
    is_promoting = reading.is_busy and reading.candidate_id in (None, deployment_id)
    return not is_promoting and _is_up(current)


def _is_up(deployment: DeploymentReading) -> bool:
    return deployment.parts_in(Phase.READY, Phase.ASLEEP) == deployment.parts
