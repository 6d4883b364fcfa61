"""Script: answer the first approval that a task asks for, as a person does in Airflow's pages.

It runs with Airflow's environment variables. ``airflow dags test`` has no API server.
"""

from __future__ import annotations

import time

from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.sdk import timezone
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from sqlalchemy import select


def approve() -> bool:
    """Answer an approval, if there is one."""
    with create_session() as session:
        detail = session.scalar(select(HITLDetail).where(HITLDetail.responded_at.is_(None)))
        if detail is None:
            return False
        detail.chosen_options = ["Approve"]
        detail.params_input = {}
        detail.responded_by = {"id": "person", "name": "A person"}
        detail.responded_at = timezone.utcnow()
        instance = session.scalars(
            select(TaskInstance).where(TaskInstance.id == detail.ti_id)
        ).one()
        event = TriggerEvent(detail.as_resume_event_payload())
        handle_event_submit(event, task_instance=instance, session=session)
        return True


if __name__ == "__main__":
    while not approve():
        time.sleep(0.5)
