"""Airflow without a database or processes: a connection, a task instance, and the life of a task.

Airflow runs a task of this provider in three steps, on up to three machines:

1. A worker executes the operator, which raises `TaskDeferred` with a trigger: `deferral`.
2. A triggerer runs the trigger, which fires one event.
3. A worker resumes the task at ``execute_complete`` with that event: `result_of` takes all three
   steps.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.execution_time.context import OutletEventAccessors

from aiobaseten.airflow import (
    CancelPromotionOperator,
    DeploymentSensor,
    PromoteOperator,
    RollbackOperator,
)

Task: TypeAlias = PromoteOperator | RollbackOperator | CancelPromotionOperator | DeploymentSensor


def connect(monkeypatch: pytest.MonkeyPatch, url: str, **fields: Any) -> None:
    """Set Airflow's connection ``baseten_default``."""
    connection = {"conn_type": "baseten", "host": url, "password": "test-key", **fields}
    monkeypatch.setenv("AIRFLOW_CONN_BASETEN_DEFAULT", json.dumps(connection))


class StateStore:
    """The task state store, which keeps JSON data across the tries of a task instance."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.is_down = False

    def get(self, key: str, default: Any = None) -> Any:
        return self.stored.get(key, default)

    def set(self, key: str, value: Any) -> None:
        if self.is_down:
            raise ConnectionError("the API server is down")
        self.stored[key] = json.loads(json.dumps(value))

    def delete(self, key: str) -> None:
        self.stored.pop(key, None)


class TaskRun:
    """A task instance, across its tries."""

    def __init__(self) -> None:
        self.store = StateStore()
        self.pushed: dict[str, Any] = {}
        self.refuses_xcoms = False
        self.outlet_events = OutletEventAccessors()
        self._ti = SimpleNamespace(max_tries=2, xcom_push=self._push, stats_tags={})

    def context(self) -> Any:
        """The context that Airflow passes to a try."""
        return {
            "task_state_store": self.store,
            "ti": self._ti,
            "outlet_events": self.outlet_events,
        }

    def _push(self, key: str, value: Any) -> None:
        if self.refuses_xcoms and key == "token":
            raise ConnectionError("the API server is down")
        self.pushed[key] = json.loads(json.dumps(value, allow_nan=False))

    def try_again(self) -> None:
        """Begin the next try: Airflow deletes the XComs of the last one."""
        self.pushed.clear()

    def clear(self) -> None:
        """Clear the task, as a user does: Airflow grants it new tries."""
        self.try_again()
        self._ti.max_tries += 3


async def deferral(task: Task, run: TaskRun) -> TaskDeferred:
    """Execute a task until it defers itself."""
    with pytest.raises(TaskDeferred) as caught:
        await _execute(task, run)
    assert caught.value.method_name == "execute_complete"
    return caught.value


async def _execute(task: Task, run: TaskRun) -> None:
    await task.aexecute(run.context())


async def result_of(task: Task, run: TaskRun) -> Any:
    """Execute a task, run its trigger, complete the task, and return its result."""
    return await resumed(task, (await deferral(task, run)).trigger, run)


async def resumed(task: Task, trigger: Any, run: TaskRun) -> Any:
    """Run the trigger of a task, complete the task, and return its result."""
    event = await fired(trigger)
    return task.resume_execution("execute_complete", {"event": event}, run.context())


async def fired(trigger: Any) -> Any:
    """Run a trigger; returns the data of its only event, which must be JSON."""
    (event,) = [event async for event in trigger.run()]
    assert json.loads(json.dumps(event.payload)) == event.payload
    return event.payload
