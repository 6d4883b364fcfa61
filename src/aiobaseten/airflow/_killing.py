"""Cancel the promotion of a task that a user has marked as failed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from .. import Baseten, Token
from ..options import LoopClock
from ._clients import shared_client

if TYPE_CHECKING:
    from airflow.sdk.types import Logger


async def cancel_if_failed(
    token: str, conn_id: str, task_instance: Any, log: Logger, *, timeout: float
) -> None:
    """Cancel a promotion if its task is marked as failed. Nothing else cancels it.

    Args:
        token: The promotion's.
        conn_id: The id of the connection.
        task_instance: The task's, or ``None``.
        log: The task's log.
        timeout: Seconds.

    Raises:
        BasetenError: The promotion could not be cancelled.
        TimeoutError: It could not be cancelled in time.
    """
    async with LoopClock().timeout_at(LoopClock().now() + timeout):
        state = await _state(task_instance)
        if state != "failed":
            log.info("the promotion continues: the task is %s, not failed", state)
            return
        async with shared_client(conn_id) as baseten:
            await _cancel(baseten, Token.load(token), log)


async def _cancel(baseten: Baseten, token: Token, log: Logger) -> None:
    environment = baseten.model(token.resource_id).environment(token.environment_name)
    candidate = (await environment.get()).candidate_deployment
    # Baseten cancels whichever promotion is running, so make sure that it is this one.
    if not candidate or candidate.id != token.deployment_id:
        log.info("nothing to cancel: the promotion is no longer running")
        return
    cancellation = await environment.cancel_promotion()
    log.info(
        "cancelled the promotion, because the task was marked as failed: %s", cancellation.message
    )


async def _state(task_instance: Any) -> str | None:
    if task_instance is None:
        return None
    # In a thread, because it blocks until another process answers.
    states = await asyncio.to_thread(
        RuntimeTaskInstance.get_task_states,
        dag_id=task_instance.dag_id,
        map_index=task_instance.map_index,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
    )
    (state,) = states.get(task_instance.run_id, {}).values() or (None,)
    return str(state) if state else None
