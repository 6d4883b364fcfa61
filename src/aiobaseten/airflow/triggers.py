"""Triggers: waits in a triggerer, which another triggerer can go on with."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import BaseTrigger, TriggerEvent

from .. import Token
from ..client import Baseten
from ..errors import BasetenError
from ..events import Event, Finished, LookFailed, PromotionPaused
from ..options import LoopClock
from ._clients import shared_client
from ._endings import Ended, Failed, ended, failed
from ._owners import owner_of
from .hook import BasetenHook

#: Seconds for cancelling: a little less than Airflow has patience for.
_KILL_TIMEOUT_S = 28.0


class _WaitTrigger(BaseTrigger):
    """A wait that fires once, with how it ended.

    Args:
        baseten_conn_id: The connection's id. The key itself is in no argument.
        deadline: Seconds since the epoch at which to give up; ``None`` for never. A time of day,
            so that a wait that moves to another machine does not begin to count anew.
        options: Further arguments of the wait.
    """

    def __init__(
        self, *, baseten_conn_id: str, deadline: float | None, options: Mapping[str, Any]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's has no types
        self.baseten_conn_id = baseten_conn_id
        self.deadline = deadline
        self.options: dict[str, Any] = dict(options)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire."""
        yield TriggerEvent(await self._outcome())

    @abstractmethod
    async def _events(self, baseten: Baseten, left: float | None) -> AsyncGenerator[Event, None]:
        """The events of the wait, which may take so many seconds more."""

    async def _outcome(self) -> Ended | Failed:
        try:
            settings = await BasetenHook(self.baseten_conn_id).settings()
            async with shared_client(settings) as baseten:
                return await self._follow(await self._events(baseten, self._left()))
        except BasetenError as error:
            return failed(error)

    async def _follow(self, events: AsyncGenerator[Event, None]) -> Ended | Failed:
        result: Any = None
        async with aclosing(events) as told:
            async for event in told:
                trouble = isinstance(event, LookFailed | PromotionPaused)
                (self.log.warning if trouble else self.log.info)("%s", event)
                if isinstance(event, Finished):
                    result = event.result
        return ended(result)

    def _left(self) -> float | None:
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - LoopClock().utcnow().timestamp())


class PromotionTrigger(_WaitTrigger):
    """Waits until a promotion is live, or until the traffic is back after a cancellation.

    Args:
        token: The promotion's or the cancellation's.
        cancel_on_kill: Whether to cancel the promotion when a user marks the task or its run as
            failed. Nothing else does: not the end of a triggerer, nor clearing the task.
    """

    def __init__(
        self,
        *,
        baseten_conn_id: str,
        token: str,
        deadline: float | None,
        options: Mapping[str, Any],
        cancel_on_kill: bool = False,
    ) -> None:
        super().__init__(baseten_conn_id=baseten_conn_id, deadline=deadline, options=options)
        self.token = token
        self.cancel_on_kill = cancel_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path, and what makes an equal one."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "baseten_conn_id": self.baseten_conn_id,
                "token": self.token,
                "deadline": self.deadline,
                "options": self.options,
                "cancel_on_kill": self.cancel_on_kill,
            },
        )

    async def on_kill(self) -> None:
        """Cancel the promotion, if a user ended the task and it was asked for.

        Airflow calls this in a triggerer, too, that has lost the trigger to another because it
        stood still for a while: the task is still deferred then, and nothing is cancelled.

        Raises:
            BasetenError: The promotion could not be cancelled. Airflow writes that to the log.
            TimeoutError: Nor could it in time.
        """
        if not self.cancel_on_kill:
            return
        work = asyncio.ensure_future(self._cancel_if_failed())
        # Airflow cancels what it waits for here again with every turn of its loop, each second.
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(work)
        work.result()

    async def _cancel_if_failed(self) -> None:
        async with LoopClock().timeout_at(LoopClock().now() + _KILL_TIMEOUT_S):
            state = await self._state()
            if state != "failed":
                self.log.info("the promotion goes on: the task is %s, not failed", state)
                return
            settings = await BasetenHook(self.baseten_conn_id).settings()
            async with shared_client(settings) as baseten:
                await self._cancel(baseten)

    async def _cancel(self, baseten: Baseten) -> None:
        known = Token.load(self.token)
        environment = baseten.model(known.resource_id).environment(known.environment_name)
        candidate = (await environment.get()).candidate_deployment
        # Baseten cancels whatever is under way there.
        if not candidate or candidate.id != known.deployment_id:
            self.log.info("there is nothing to cancel: the promotion is no longer under way")
            return
        cancellation = await environment.cancel_promotion()
        self.log.info("cancelled, as the task was: %s", cancellation.message)

    async def _state(self) -> str | None:
        ti = self.task_instance
        if ti is None:
            return None
        # It waits for the answer of another process.
        states = await asyncio.to_thread(
            RuntimeTaskInstance.get_task_states,
            dag_id=ti.dag_id,
            map_index=ti.map_index,
            task_ids=[ti.task_id],
            run_ids=[ti.run_id],
        )
        (state,) = states.get(ti.run_id, {}).values() or (None,)
        return str(state) if state else None

    async def _events(self, baseten: Baseten, left: float | None) -> AsyncGenerator[Event, None]:
        # Baseten may be down when a wait moves: only the wait itself rides that out.
        waiting = await baseten.resume(self.token, look=False)
        return waiting.events(timeout=left, **self.options)


class DeploymentTrigger(_WaitTrigger):
    """Waits until a deployment is ACTIVE.

    Args:
        deployment_id: The deployment's id.
        model_id: Its model's id, or
        chain_id: its chain's id.
    """

    def __init__(
        self,
        *,
        baseten_conn_id: str,
        deployment_id: str,
        deadline: float | None,
        options: Mapping[str, Any],
        model_id: str | None = None,
        chain_id: str | None = None,
    ) -> None:
        super().__init__(baseten_conn_id=baseten_conn_id, deadline=deadline, options=options)
        self.deployment_id = deployment_id
        self.model_id = model_id
        self.chain_id = chain_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path, and what makes an equal one."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "baseten_conn_id": self.baseten_conn_id,
                "deployment_id": self.deployment_id,
                "deadline": self.deadline,
                "options": self.options,
                "model_id": self.model_id,
                "chain_id": self.chain_id,
            },
        )

    async def _events(self, baseten: Baseten, left: float | None) -> AsyncGenerator[Event, None]:
        owner = owner_of(baseten, self.model_id, self.chain_id)
        return owner.deployment(self.deployment_id).events(timeout=left, **self.options)
