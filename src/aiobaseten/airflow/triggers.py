"""Triggers: waits in a triggerer. Another triggerer can continue them.

Airflow stores the class paths and the arguments of triggers: do not rename them.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from airflow.sdk.configuration import conf
from airflow.triggers.base import BaseTrigger, TriggerEvent

from .. import Baseten, Cancellation, ChainPromotion, Guard, ModelPromotion
from ..errors import BasetenError
from ..events import (
    Event,
    Finished,
    GuardActed,
    GuardOverridden,
    HoldExtended,
    LookFailed,
    Measured,
    PromotionPaused,
)
from ..guard import GuardReport
from ._clients import shared_client
from ._killing import cancel_if_failed
from ._outcomes import WaitFailed, WaitSucceeded, failed, succeeded
from ._plain import plain_text
from ._resources import find_resource
from ._wait_options import seconds_until
from .hook import DEFAULT_CONNECTION

#: Seconds by which cancelling the promotion of a killed task ends before Airflow gives up.
_SPARE_S = 2.0


class _WaitTrigger(BaseTrigger):
    """A wait that fires one event, with its outcome.

    No argument is checked here: Airflow's triggerer, with all its waits, dies of every error but a
    TypeError. That is how another version's trigger fails that lacks an argument or has too many.

    Args:
        baseten_conn_id: The connection's id. No argument contains the API key.
        deadline: Seconds since the epoch; ``None`` means no limit. A time of day, so that a wait
            that moves to another machine does not start its timeout again.
        options: The other options of the wait, by name, as JSON data: see `aiobaseten.WaitOptions`.
            An invalid one fails the wait.
    """

    def __init__(
        self,
        *,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        deadline: float | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's method has no types
        self.baseten_conn_id = baseten_conn_id
        self.deadline = deadline
        self.options = {} if options is None else options

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire the outcome."""
        yield TriggerEvent(await self._outcome())

    @abstractmethod
    async def _events(self, baseten: Baseten, timeout: float | None) -> AsyncGenerator[Event, None]:
        """The events of the wait, with its options and a timeout in seconds."""

    async def _outcome(self) -> WaitSucceeded | WaitFailed:
        try:
            async with shared_client(self.baseten_conn_id) as baseten:
                timeout = seconds_until(self.deadline)
                result = await self._follow(await self._events(baseten, timeout))
                return succeeded(result, self._report())
        except BasetenError as error:
            return failed(error, self._report())

    def _report(self) -> GuardReport | None:
        """The report of the guard, if there is one."""
        return None

    async def _follow(self, events: AsyncGenerator[Event, None]) -> Any:
        result: Any = None
        async with aclosing(events) as stream:
            async for event in stream:
                log = self.log.warning if _is_warning(event) else self.log.info
                log("%s", plain_text(str(event)))
                if isinstance(event, Finished):
                    result = event.result
        return result


def _is_warning(event: Event) -> bool:
    if isinstance(event, Measured):
        return event.verdict.outcome != "pass"
    if isinstance(event, GuardActed):
        return event.policy != "resume"
    return isinstance(event, LookFailed | PromotionPaused | HoldExtended | GuardOverridden)


class PromotionTrigger(_WaitTrigger):
    """Waits until a promotion is live, or until the traffic is back after a cancellation.

    Args:
        token: The token of the promotion or the cancellation.
        cancel_on_kill: Whether to cancel the promotion when a user marks the task or its run as
            failed. Nothing else cancels it, neither the end of a triggerer nor clearing the task.
        guard: The guard of the promotion, in the form of `aiobaseten.Guard.to_dict`, or ``None``.
            The modules of its own checks are imported in the triggerer.
    """

    def __init__(
        self,
        *,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        token: str,
        deadline: float | None = None,
        options: Mapping[str, Any] | None = None,
        cancel_on_kill: bool = False,
        guard: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(baseten_conn_id=baseten_conn_id, deadline=deadline, options=options)
        self.token = token
        self.cancel_on_kill = cancel_on_kill
        self.guard = guard
        self._promotion: ChainPromotion | ModelPromotion | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path, and the arguments that create an equal trigger."""
        arguments: dict[str, Any] = {
            "baseten_conn_id": self.baseten_conn_id,
            "token": self.token,
            "deadline": self.deadline,
            "options": dict(self.options),
            "cancel_on_kill": self.cancel_on_kill,
        }
        if self.guard is not None:
            # Not without one: an earlier version, on another machine, knows no guard.
            arguments["guard"] = self.guard
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def on_kill(self) -> None:
        """Cancel the promotion if ``cancel_on_kill`` is set and a user has failed the task.

        Airflow also calls this in a triggerer that stopped responding, after another triggerer
        took over the trigger. In that case the task is still deferred, and nothing is cancelled.

        Raises:
            BasetenError: The promotion could not be cancelled. Airflow logs this.
            TimeoutError: It could not be cancelled in time.
        """
        if not self.cancel_on_kill:
            return
        work = asyncio.ensure_future(
            cancel_if_failed(
                self.token,
                self.baseten_conn_id,
                self.task_instance,
                self.log,
                timeout=conf.getint("triggerer", "on_kill_timeout", fallback=30) - _SPARE_S,
            )
        )
        # Each second, Airflow's loop cancels again what runs here. The work must end nevertheless.
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(work)
        work.result()

    async def _events(self, baseten: Baseten, timeout: float | None) -> AsyncGenerator[Event, None]:
        # No look here: only the wait itself survives an outage of Baseten.
        guard = Guard.from_dict(self.guard) if self.guard is not None else None
        resumed = await baseten.resume(self.token, look=False, guard=guard)
        if not isinstance(resumed, Cancellation):
            self._promotion = resumed
        return resumed.events(timeout=timeout, **self.options)

    def _report(self) -> GuardReport | None:
        return None if self._promotion is None else self._promotion.report


class DeploymentTrigger(_WaitTrigger):
    """Waits until a deployment is ACTIVE.

    Another triggerer that continues the wait looks a name up again. So pass ids, with ``id:``
    before them: `DeploymentSensor` does.

    Args:
        deployment_id: The deployment's name or id.
        model_id: The name or id of its model; or pass *chain_id*.
        chain_id: The name or id of its chain; or pass *model_id*.
    """

    def __init__(
        self,
        *,
        baseten_conn_id: str = DEFAULT_CONNECTION,
        deployment_id: str,
        deadline: float | None = None,
        options: Mapping[str, Any] | None = None,
        model_id: str | None = None,
        chain_id: str | None = None,
    ) -> None:
        super().__init__(baseten_conn_id=baseten_conn_id, deadline=deadline, options=options)
        self.deployment_id = deployment_id
        self.model_id = model_id
        self.chain_id = chain_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path, and the arguments that create an equal trigger."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "baseten_conn_id": self.baseten_conn_id,
                "deployment_id": self.deployment_id,
                "deadline": self.deadline,
                "options": dict(self.options),
                "model_id": self.model_id,
                "chain_id": self.chain_id,
            },
        )

    async def _events(self, baseten: Baseten, timeout: float | None) -> AsyncGenerator[Event, None]:
        resource = await find_resource(baseten, self.model_id, self.chain_id)
        deployment = await resource.identify_deployment(self.deployment_id)
        return deployment.events(timeout=timeout, **self.options)
