"""Park tasks as if workers had begun promotions and deferred: run with Airflow's environment.

Reads a JSON list of serialised triggers from standard input, one for each task of the DAG that is
named by the argument.
"""

from __future__ import annotations

import json
import sys

from airflow.models.dagbag import DBDagBag
from airflow.models.trigger import Trigger
from airflow.sdk import timezone
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType

triggers = json.load(sys.stdin)
with create_session() as session:
    dag = DBDagBag().get_latest_version_of_dag(sys.argv[1], session=session)
    assert dag is not None
    now = timezone.utcnow()
    run = dag.create_dagrun(
        run_id="parked",
        run_type=DagRunType.MANUAL,
        run_after=now,
        logical_date=now,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        session=session,
    )
    for ti, (path, arguments) in zip(
        run.get_task_instances(session=session), triggers, strict=True
    ):
        trigger = Trigger(classpath=path, kwargs=arguments)
        session.add(trigger)
        session.flush()
        ti.trigger_id = trigger.id
        ti.state = TaskInstanceState.DEFERRED
        ti.next_method = "execute_complete"
        ti.next_kwargs = {}
