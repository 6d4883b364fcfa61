"""Script: create a DAG run whose tasks are already deferred, each with a trigger.

A test that needs hundreds of waits saves the minutes in which workers would start hundreds of
tasks: this writes the rows that those workers would have written into Airflow's database. It runs
with Airflow's environment variables, after ``airflow db migrate`` and ``airflow dags reserialize``.

The argument is the id of the DAG. Standard input is a JSON list of serialised triggers (class path
and arguments), one for each task.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.models.dagbag import DBDagBag
from airflow.models.trigger import Trigger
from airflow.sdk import timezone
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType


def create_run(dag_id: str, session: Any) -> Any:
    """A running DAG run, with an instance of each task."""
    dag = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
    assert dag is not None
    now = timezone.utcnow()
    return dag.create_dagrun(
        run_id="deferred",
        run_type=DagRunType.MANUAL,
        run_after=now,
        logical_date=now,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        session=session,
    )


def defer(task_instance: Any, class_path: str, arguments: dict[str, Any], session: Any) -> None:
    """Defer a task instance with a new trigger."""
    trigger = Trigger(classpath=class_path, kwargs=arguments)
    session.add(trigger)
    session.flush()  # gives the trigger its id
    task_instance.trigger_id = trigger.id
    task_instance.state = TaskInstanceState.DEFERRED
    task_instance.next_method = "execute_complete"
    task_instance.next_kwargs = {}


if __name__ == "__main__":
    triggers = json.load(sys.stdin)
    with create_session() as session:
        instances = create_run(sys.argv[1], session).get_task_instances(session=session)
        for instance, (class_path, arguments) in zip(instances, triggers, strict=True):
            defer(instance, class_path, arguments, session)
