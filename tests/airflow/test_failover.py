"""A real Airflow loses triggerers and workers, and users change their minds."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from attrs import define, field
from processes import Airflow, installation, kill, until
from served import Served, serving

from aiobaseten.testing import FakeBaseten

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

DAG = """
from datetime import timedelta
from airflow.sdk import DAG, Param
from aiobaseten.airflow import PromoteOperator

with DAG("promote", schedule=None, params={"model_id": Param("", type="string")}):
    PromoteOperator(
        task_id="promote",
        model_id="{{ params.model_id }}",
        deployment_id="v2",
        retries=3,
        retry_delay=timedelta(seconds=1),
        cancel_on_kill=True,
    )
"""
MODELS = ("failover", "stall", "worker", "cancel")


def furnish(fake: FakeBaseten) -> None:
    """Models whose promotions take until somebody says that they are over."""
    for name in MODELS:
        model = fake.model(name)
        model.deployment("v1")
        model.deployment("v2", on_promote="LOADING_MODEL")
        model.environment("production", current="v1", traffic_delay=0)


@define
class Stage:
    """An Airflow with two triggerers, and the fake that it talks to.

    Each triggerer has an address of its own for the fake, which is how to tell who looks.
    """

    airflow: Airflow
    baseten: Served
    _stack: ExitStack
    _addresses: list[str]
    triggerers: dict[str, subprocess.Popen[bytes]] = field(factory=dict)

    def start_triggerer(self) -> str:
        """One more; returns its address."""
        url = self._addresses.pop()
        name = f"triggerer-{len(self._addresses)}"
        self.triggerers[url] = self._stack.enter_context(
            self.airflow.started(name, "triggerer", "--skip-serve-logs", baseten=url)
        )
        return url

    def promote(self, model: str) -> str:
        """Begin a run of the DAG; returns its id."""
        run = self.airflow.call(
            "POST",
            "/dags/promote/dagRuns",
            {"dag_run_id": model, "logical_date": None, "conf": {"model_id": model}},
        )
        return str(run["dag_run_id"])

    def state(self, run: str) -> str:
        """The state of a run."""
        return str(self.airflow.call("GET", f"/dags/promote/dagRuns/{run}")["state"])

    def requests(self, model: str, what: str) -> int:
        """How many requests of a kind were made for a model."""
        path = f"/v1/models/{model}/environments/production/{what}"
        return self.baseten.do(lambda fake: sum(one.path == path for one in fake.requests))

    def who_looks(self, model: str, *, since: float = 0) -> list[str]:
        """The addresses of the triggerers that have looked since a time of the fake's, in order."""
        path = f"/v1/models/{model}/environments/production"
        hosts = self.baseten.do(
            lambda fake: [
                one.headers["host"] for one in fake.requests if one.path == path and one.at > since
            ]
        )
        return [url for host in hosts if (url := f"http://{host}") in self.triggerers]

    def now(self) -> float:
        """The fake's time."""
        return self.baseten.do(lambda fake: fake.now)

    def promotions(self, model: str) -> list[str]:
        """What became of the promotions of a model."""
        return self.baseten.do(
            lambda fake: [
                one.status for one in fake.model(model).environment("production").promotions
            ]
        )

    def said(self, run: str) -> str:
        """What triggerers have written into the log of a run's task."""
        logs = self.airflow.home.glob(f"logs/dag_id=promote/run_id={run}/**/*.trigger.*.log")
        return "".join(log.read_text() for log in logs)

    def finish(self, model: str) -> None:
        """Let the promotion come to its end."""
        self.baseten.do(lambda fake: fake.model(model).deployment("v2").set("ACTIVE"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A running Airflow. All of it is killed afterwards."""
    home = tmp_path_factory.mktemp("failover") / "airflow"
    with ExitStack() as stack:
        baseten = stack.enter_context(serving(furnish, addresses=5))
        airflow = stack.enter_context(installation(home, {"promote.py": DAG}))
        workers, *triggerers = baseten.urls
        stage = Stage(airflow, baseten, stack, triggerers)
        port = str(airflow.port)
        for command in (
            ["api-server", "--host", "127.0.0.1", "--port", port, "--workers", "1"],
            ["scheduler", "--skip-serve-logs"],
        ):
            stack.enter_context(airflow.started(command[0], *command, baseten=workers))
        stage.start_triggerer()
        stage.start_triggerer()
        airflow.run("dags", "reserialize", baseten=workers)
        until(lambda: is_up(airflow), 120, "the API server, the scheduler or a triggerer is not up")
        yield stage


def is_up(airflow: Airflow) -> bool:
    try:
        health: dict[str, Any] = airflow.call("GET", "/monitor/health")
    except httpx.TransportError:
        return False
    return all(health[name]["status"] == "healthy" for name in ("scheduler", "triggerer"))


def test_a_wait_outlives_its_triggerer_and_a_restart_cancels_nothing(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    run = stage.promote("failover")
    dying = until(lambda: stage.who_looks("failover"), 60, "nobody waits")[-1]
    kill(stage.triggerers.pop(dying))
    died = stage.now()

    until(lambda: stage.who_looks("failover", since=died), 30, "nobody went on with the wait")
    took = stage.now() - died
    record_property("seconds until another triggerer went on", round(took, 1))

    fresh = stage.start_triggerer()
    for heir in stage.triggerers.keys() - {fresh}:
        os.kill(stage.triggerers[heir].pid, signal.SIGTERM)
        stage.triggerers.pop(heir).wait(30)
    until(lambda: fresh in stage.who_looks("failover"), 60, "nobody went on after the restart")
    stage.finish("failover")
    until(lambda: stage.state(run) == "success", 60, "the run does not end")

    assert took < 30
    assert stage.requests("failover", "promote") == 1
    assert stage.requests("failover", "cancel_promotion") == 0
    assert stage.promotions("failover") == ["SUCCEEDED"]


def test_a_triggerer_that_stood_still_and_lost_its_waits_cancels_nothing(stage: Stage) -> None:
    """Airflow tells it, when it comes round, that a user has acted on the task."""
    run = stage.promote("stall")
    stalled = stage.triggerers[until(lambda: stage.who_looks("stall"), 60, "nobody waits")[-1]]
    os.killpg(stalled.pid, signal.SIGSTOP)
    heir = stage.start_triggerer()
    until(lambda: heir in stage.who_looks("stall"), 60, "nobody went on with the wait")

    os.killpg(stalled.pid, signal.SIGCONT)
    until(lambda: "the promotion goes on" in stage.said("stall"), 60, "nobody was told to cancel")
    stage.finish("stall")
    until(lambda: stage.state(run) == "success", 60, "the run does not end")

    assert stage.requests("stall", "promote") == 1
    assert stage.requests("stall", "cancel_promotion") == 0


def test_a_worker_that_dies_while_it_promotes_is_followed_by_one_that_adopts(stage: Stage) -> None:
    stage.baseten.do(
        lambda fake: fake.faults.hang(
            route="POST /v1/models/worker/environments/production/promote", acts=True
        )
    )
    run = stage.promote("worker")
    until(lambda: stage.requests("worker", "promote"), 60, "nobody promotes")
    ((pid,),) = stage.airflow.select("select pid from task_instance where run_id = 'worker'")

    task = psutil.Process(pid)
    supervisor = task.parent()
    assert supervisor is not None
    for process in (supervisor, task):
        process.kill()
    until(lambda: stage.who_looks("worker"), 90, "the task was not tried again")
    stage.finish("worker")
    until(lambda: stage.state(run) == "success", 60, "the run does not end")

    tries = stage.airflow.select("select try_number from task_instance where run_id = 'worker'")
    assert tries == [(2,)]
    assert stage.requests("worker", "promote") == 1
    assert stage.promotions("worker") == ["SUCCEEDED"]


def test_a_users_cancel_cancels_the_promotion_once(stage: Stage) -> None:
    run = stage.promote("cancel")
    until(lambda: stage.who_looks("cancel"), 60, "nobody waits")

    stage.airflow.call("PATCH", f"/dags/promote/dagRuns/{run}", {"state": "failed"})
    until(lambda: stage.requests("cancel", "cancel_promotion"), 30, "nobody cancels")
    cancelled = stage.now()
    until(lambda: stage.now() > cancelled + 3, 30, "the fake's time stands still")

    assert stage.requests("cancel", "cancel_promotion") == 1
    assert stage.promotions("cancel") == ["CANCELED"]
    assert stage.who_looks("cancel", since=cancelled) == []
    assert stage.state(run) == "failed"
