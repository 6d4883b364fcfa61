"""A real Airflow loses triggerers, workers and its scheduler, and users cancel tasks."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from attrs import define, field

from aiobaseten.testing import FakeBaseten

from .databases import NAMES
from .fake_server import FakeServer, fake_server
from .processes import PATIENCE_S, Installation, installation, kill, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(3600)]

DAG = """
from datetime import timedelta
from airflow.sdk import DAG, Param
from aiobaseten.airflow import (
    DeploymentSensor, PromoteOperator, ServingSensor, UpdateEnvironmentOperator
)

with DAG("promote", schedule=None, params={"model_id": Param("", type="string")}):
    PromoteOperator(
        task_id="promote",
        model_id="{{ params.model_id }}",
        deployment_id="v2",
        retries=3,
        retry_delay=timedelta(seconds=1),
        cancel_on_kill=True,
        log_lines=5,
    )

with DAG("guarded", schedule=None):
    PromoteOperator(
        task_id="promote",
        model_id="guarded",
        deployment_id="v2",
        retries=3,
        retry_delay=timedelta(seconds=1),
        guard={
            "checks": [{"check": "verdict", "function": "checks.verdict", "timeout": 240}],
            "warmup": 1,
            # The traffic of a promotion that is only cancelled takes minutes to come back.
            "on_breach": "force_cancel",
        },
    )

with DAG("worker_waits", schedule=None):
    PromoteOperator(
        task_id="promote",
        model_id="worker_waits",
        deployment_id="v2",
        retries=3,
        retry_delay=timedelta(seconds=1),
        deferrable=False,
    )

# With retries: a busy scheduler takes a task for failed that comes back from a triggerer too soon.
RETRIES = {"retries": 3, "retry_delay": timedelta(seconds=1)}
with DAG("others", schedule=None, default_args=RETRIES):
    update = UpdateEnvironmentOperator(
        task_id="update", model_id="others", autoscaling_settings={"max_replica": 7}
    )
    active = DeploymentSensor(task_id="active", model_id="others", deployment_id="v1")
    update >> active >> [
        ServingSensor(
            task_id=mode, model_id="others", deployment_id="v2", mode=mode, poke_interval=1
        )
        for mode in ("poke", "reschedule")
    ]
"""
#: A check whose verdict is a file that the test writes. It notes each time that it is asked.
CHECKS = r"""
import asyncio
from pathlib import Path

from aiobaseten import Verdict

HOME = Path(__file__).parent


async def verdict(step):
    with (HOME / "asked").open("a") as asked:
        asked.write("x")
    while not (HOME / "verdict").exists():
        await asyncio.sleep(0.1)
    return Verdict((HOME / "verdict").read_text(), reason="a\udcffb\0" + "x" * 1_000_000)
"""
#: Text that neither UTF-8 nor a database can hold, and how it arrives.
STRANGE, SAFE = "a\udcffb\0", "a\ufffdb\ufffd"
#: More text than anybody reads.
LONG = "x" * 1_000_000
#: One for each test.
MODELS = (
    "failover", "hang", "worker", "cancel", "cleared", "succeeded", "strange", "worker_waits",
    "others",
)  # fmt: skip


def add_models(fake: FakeBaseten) -> None:
    """Models whose promotions run until `Cluster.finish`."""
    for name in MODELS:
        model = fake.model(name)
        model.deployment("v1")
        model.deployment("v2", on_promote="LOADING_MODEL")
        model.environment("production", current="v1", traffic_delay=0)
    fake.model("strange").deployment("v2").log(STRANGE + LONG)
    guarded = fake.model("guarded")
    guarded.deployment("v1")
    guarded.deployment("v2")
    guarded.environment("production", current="v1", rolling=True, traffic_delay=0)


@define
class Cluster:
    """An Airflow with two triggerers, and the fake that it talks to.

    Each triggerer has its own address of the fake, so that a look shows which triggerer sent it.
    Triggerers are named by that address.
    """

    airflow: Installation
    baseten: FakeServer
    _stack: ExitStack
    _free_addresses: list[str]
    triggerers: dict[str, subprocess.Popen[bytes]] = field(factory=dict)
    scheduler: subprocess.Popen[bytes] | None = None

    def start_scheduler(self) -> None:
        """Start a scheduler, or kill it with its workers and start another one."""
        if self.scheduler is not None:
            kill(self.scheduler)
        self.scheduler = self._stack.enter_context(
            self.airflow.started(
                "scheduler", "scheduler", "--skip-serve-logs", baseten=self.baseten.urls[0]
            )
        )

    def start_triggerer(self) -> str:
        """Start another triggerer; returns its name."""
        url = self._free_addresses.pop()
        log = f"triggerer-{len(self._free_addresses)}"
        self.triggerers[url] = self._stack.enter_context(
            self.airflow.started(log, "triggerer", "--skip-serve-logs", baseten=url)
        )
        return url

    def promote(self, model: str, dag: str = "promote") -> str:
        """Start a run of a DAG; returns its id."""
        run = self.airflow.request(
            "POST",
            f"/dags/{dag}/dagRuns",
            {
                "dag_run_id": model,
                "logical_date": None,
                "conf": {"model_id": model} if dag == "promote" else {},
            },
        )
        return str(run["dag_run_id"])

    def xcom(self, run: str, key: str, dag: str = "promote") -> Any:
        """An XCom of a run's task."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/promote/xcomEntries/{key}"
        return self.airflow.request("GET", path)["value"]

    def link(self, run: str, dag: str = "promote") -> Any:
        """The link of a run's task, as Airflow's pages show it."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/promote/links"
        return self.airflow.request("GET", path)["extra_links"]["Baseten"]

    def kill_worker(self, run: str) -> None:
        """Kill the worker that runs a run's task."""
        ((pid,),) = self.airflow.select(f"select pid from task_instance where run_id = '{run}'")
        task = psutil.Process(pid)
        supervisor = task.parent()
        assert supervisor is not None
        for process in (supervisor, task):
            process.kill()

    def finish(self, model: str) -> None:
        """Let the promotion succeed."""
        self.set_status(model, "ACTIVE")

    def set_status(self, model: str, status: str) -> None:
        """Set the status of the deployment that is being promoted, and wait until it is seen."""
        self.baseten.call(lambda fake: fake.model(model).deployment("v2").set(status))
        set_at = self.now()
        wait_until(lambda: self.lookers(model, since=set_at), "no triggerer looks")

    def state(self, run: str, dag: str = "promote") -> str:
        """The state of a run."""
        return str(self.airflow.request("GET", f"/dags/{dag}/dagRuns/{run}")["state"])

    def wait_for_end(self, run: str, dag: str = "promote") -> str:
        """Wait until a run has ended; returns its state."""
        ended = ("success", "failed")
        wait_until(lambda: self.state(run, dag) in ended, "the run has not ended")
        return self.state(run, dag)

    def wait_for_look(self, model: str) -> str:
        """Wait until a triggerer looks at a model; returns its name."""
        lookers = wait_until(lambda: self.lookers(model), "no triggerer looks")
        return str(lookers[-1])

    def wait_for_look_of(self, triggerer: str, model: str) -> None:
        """Wait until a certain triggerer looks at a model."""
        wait_until(lambda: triggerer in self.lookers(model), "this triggerer does not look")

    def lookers(self, model: str, *, since: float = 0) -> list[str]:
        """The triggerers that have looked at a model, in order.

        Args:
            model: The model.
            since: The fake's time from which looks count.
        """
        path = f"/v1/models/{model}/environments/production"
        hosts = self.baseten.call(
            lambda fake: [
                request.headers["host"]
                for request in fake.requests
                if request.path == path and request.at > since
            ]
        )
        return [url for host in hosts if (url := f"http://{host}") in self.triggerers]

    def requests(self, model: str, action: str) -> int:
        """The number of requests to promote, or to cancel."""
        path = f"/v1/models/{model}/environments/production/{action}"
        return self.baseten.call(lambda fake: sum(one.path == path for one in fake.requests))

    def promotions(self, model: str) -> list[str]:
        """The statuses of a model's promotions."""
        return self.baseten.call(
            lambda fake: [
                one.status for one in fake.model(model).environment("production").promotions
            ]
        )

    def now(self) -> float:
        """The fake's time."""
        return self.baseten.call(lambda fake: fake.now)

    def wait_until_it_continues(self, run: str) -> None:
        """Wait until Airflow has called ``on_kill`` of a run's trigger, which cancelled nothing."""
        logs = f"logs/dag_id=promote/run_id={run}/**/*.trigger.*.log"
        wait_until(
            lambda: any(
                "the promotion continues" in log.read_text() for log in self.airflow.home.glob(logs)
            ),
            "Airflow did not call on_kill",
        )


@pytest.fixture(scope="module", params=NAMES)
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A running Airflow. Its processes are killed afterwards."""
    home = tmp_path_factory.mktemp("failover") / "airflow"
    with ExitStack() as stack:
        baseten = stack.enter_context(fake_server(add_models, addresses=7))
        airflow = stack.enter_context(installation(home, {"promote.py": DAG}, request.param))
        (home / "checks.py").write_text(CHECKS)
        workers_url, *triggerer_urls = baseten.urls
        cluster = Cluster(airflow, baseten, stack, triggerer_urls)
        port = str(airflow.port)
        server = ["api-server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
        stack.enter_context(airflow.started(server[0], *server, baseten=workers_url))
        cluster.start_scheduler()
        cluster.start_triggerer()
        cluster.start_triggerer()
        airflow.run("dags", "reserialize", baseten=workers_url)
        wait_until(lambda: is_up(airflow), "Airflow is not up")
        yield cluster


def is_up(airflow: Installation) -> bool:
    """Whether the API server, the scheduler and a triggerer are running."""
    try:
        health: dict[str, Any] = airflow.request("GET", "/monitor/health")
    except httpx.TransportError:
        return False
    return all(health[name]["status"] == "healthy" for name in ("scheduler", "triggerer"))


def test_a_wait_survives_a_killed_triggerer_and_a_restarted_one(
    cluster: Cluster, record_property: Callable[[str, object], None]
) -> None:
    run = cluster.promote("failover")
    first = cluster.wait_for_look("failover")
    kill(cluster.triggerers.pop(first))
    killed_at = cluster.now()

    wait_until(lambda: cluster.lookers("failover", since=killed_at), "no triggerer took over")
    took = round(cluster.now() - killed_at, 1)
    record_property("seconds until another triggerer took over", took)

    new = cluster.start_triggerer()
    for old in cluster.triggerers.keys() - {new}:
        os.kill(cluster.triggerers[old].pid, signal.SIGTERM)
        cluster.triggerers.pop(old).wait(PATIENCE_S)
    cluster.wait_for_look_of(new, "failover")
    cluster.finish("failover")
    assert cluster.wait_for_end(run) == "success"

    assert cluster.requests("failover", "promote") == 1
    assert cluster.requests("failover", "cancel_promotion") == 0
    assert cluster.promotions("failover") == ["SUCCEEDED"]


def test_a_triggerer_that_hung_and_lost_its_waits_cancels_nothing(cluster: Cluster) -> None:
    """When it continues, Airflow tells it that a user has acted on the task."""
    run = cluster.promote("hang")
    name = cluster.wait_for_look("hang")
    hung = cluster.triggerers[name]
    os.killpg(hung.pid, signal.SIGSTOP)
    cluster.start_triggerer()
    wait_until(lambda: {*cluster.lookers("hang")} - {name}, "no other triggerer looks")

    os.killpg(hung.pid, signal.SIGCONT)
    cluster.wait_until_it_continues(run)
    cluster.finish("hang")
    assert cluster.wait_for_end(run) == "success"

    assert cluster.requests("hang", "promote") == 1
    assert cluster.requests("hang", "cancel_promotion") == 0


def test_the_try_after_a_killed_worker_continues_its_promotion(cluster: Cluster) -> None:
    cluster.baseten.call(
        lambda fake: fake.faults.hang(
            route="POST /v1/models/worker/environments/production/promote", acts=True
        )
    )
    run = cluster.promote("worker")
    wait_until(lambda: cluster.requests("worker", "promote"), "no worker promotes")

    cluster.kill_worker(run)
    wait_until(lambda: cluster.lookers("worker"), "the task was not tried again")
    cluster.finish("worker")
    assert cluster.wait_for_end(run) == "success"

    ((tries,),) = cluster.airflow.select(
        "select try_number from task_instance where run_id = 'worker'"
    )
    assert tries > 1
    assert cluster.requests("worker", "promote") == 1
    assert cluster.promotions("worker") == ["SUCCEEDED"]


def test_a_guard_survives_a_worker_a_triggerer_and_a_scheduler_and_cancels_once(
    cluster: Cluster,
) -> None:
    home: Path = cluster.airflow.home
    promote = "POST /v1/models/guarded/environments/production/promote"
    cluster.baseten.call(lambda fake: fake.faults.hang(route=promote, acts=True))
    run = cluster.promote("guarded", "guarded")
    wait_until(lambda: cluster.requests("guarded", "promote"), "no worker promotes")
    cluster.kill_worker(run)

    wait_until((home / "asked").exists, "no triggerer asks the check")
    kill(cluster.triggerers.pop(cluster.wait_for_look("guarded")))
    cluster.start_scheduler()
    cluster.start_triggerer()
    asked = len((home / "asked").read_text())
    wait_until(
        lambda: len((home / "asked").read_text()) > asked, "no other triggerer asks the check"
    )
    before = cluster.xcom(run, "guard_report", "guarded")
    (home / "verdict").write_text("breach")
    assert cluster.wait_for_end(run, "guarded") == "failed"

    assert cluster.requests("guarded", "promote") == 1
    assert cluster.requests("guarded", "force_cancel_promotion") == 1
    assert cluster.requests("guarded", "cancel_promotion") == 0
    assert cluster.promotions("guarded") == ["CANCELED"]
    report = cluster.xcom(run, "guard_report", "guarded")
    # The second triggerer may have paused, for a measurement of its own.
    assert (before["actions"], report["actions"][-1]) == ([], "force_cancel")
    assert report["steps"][-1]["verdicts"][0]["reason"] == SAFE + LONG
    assert cluster.link(run, "guarded") == "https://app.baseten.co/models/guarded/logs/v2"


def test_a_killed_worker_that_waits_itself_is_followed_by_one_that_promotes_nothing(
    cluster: Cluster,
) -> None:
    run = cluster.promote("worker_waits", "worker_waits")
    path = "/v1/models/worker_waits/environments/production"

    def looks() -> int:
        return cluster.baseten.call(lambda fake: sum(one.path == path for one in fake.requests))

    wait_until(lambda: looks() > 1, "no worker looks")
    cluster.kill_worker(run)
    seen = looks()
    wait_until(lambda: looks() > seen + 1, "the task was not tried again")
    deployment = "v2"
    cluster.baseten.call(
        lambda fake: fake.model("worker_waits").deployment(deployment).set("ACTIVE")
    )
    assert cluster.wait_for_end(run, "worker_waits") == "success"

    assert cluster.requests("worker_waits", "promote") == 1
    assert cluster.promotions("worker_waits") == ["SUCCEEDED"]
    assert cluster.xcom(run, "deployment_id", "worker_waits") == deployment


def test_the_other_operators_run_in_workers_and_triggerers(cluster: Cluster) -> None:
    run = cluster.promote("others", "others")
    looks = "select 1 from xcom where run_id = 'others' and task_id = 'poke'"
    wait_until(
        lambda: cluster.airflow.select(looks) or cluster.state(run, "others") == "failed",
        "the sensor does not look",
    )
    cluster.baseten.call(lambda fake: fake.model("others").environment("production").promote("v2"))
    cluster.baseten.call(lambda fake: fake.model("others").deployment("v2").set("ACTIVE"))

    assert cluster.wait_for_end(run, "others") == "success"
    states = "select task_id, state from task_instance where run_id = 'others'"
    assert {state for _, state in cluster.airflow.select(states)} == {"success"}


def test_failing_a_run_cancels_its_promotion_once(cluster: Cluster) -> None:
    run = cluster.promote("cancel")
    cluster.wait_for_look("cancel")

    cluster.airflow.request("PATCH", f"/dags/promote/dagRuns/{run}", {"state": "failed"})
    wait_until(lambda: cluster.requests("cancel", "cancel_promotion"), "no cancellation")
    cancelled_at = cluster.now()
    wait_until(lambda: cluster.now() > cancelled_at + 3, "the fake's time stands still")

    assert cluster.requests("cancel", "cancel_promotion") == 1
    assert cluster.promotions("cancel") == ["CANCELED"]
    assert cluster.lookers("cancel", since=cancelled_at) == []
    assert cluster.state(run) == "failed"


def test_clearing_a_waiting_task_and_pausing_its_dag_changes_nothing_at_baseten(
    cluster: Cluster,
) -> None:
    run = cluster.promote("cleared")
    cluster.wait_for_look("cleared")
    cluster.airflow.request(
        "POST",
        "/dags/promote/clearTaskInstances",
        {"dag_run_id": run, "dry_run": False, "only_failed": False},
    )
    cluster.wait_until_it_continues(run)
    cleared_at = cluster.now()
    wait_until(lambda: cluster.lookers("cleared", since=cleared_at), "nobody waits any more")

    cluster.airflow.request("PATCH", "/dags/promote", {"is_paused": True})
    cluster.finish("cleared")
    state = "select state from task_instance where run_id = 'cleared'"
    wait_until(lambda: cluster.airflow.select(state) == [("scheduled",)], "the wait has not ended")
    cluster.airflow.request("PATCH", "/dags/promote", {"is_paused": False})

    assert cluster.wait_for_end(run) == "success"
    assert cluster.requests("cleared", "promote") == 1
    assert cluster.requests("cleared", "cancel_promotion") == 0
    assert cluster.promotions("cleared") == ["SUCCEEDED"]


def test_marking_a_waiting_run_as_success_ends_the_wait_and_not_the_promotion(
    cluster: Cluster,
) -> None:
    run = cluster.promote("succeeded")
    cluster.wait_for_look("succeeded")

    cluster.airflow.request("PATCH", f"/dags/promote/dagRuns/{run}", {"state": "success"})
    cluster.wait_until_it_continues(run)

    assert cluster.requests("succeeded", "cancel_promotion") == 0
    assert cluster.promotions("succeeded") == ["RELEASING"]


def test_triggerers_survive_text_that_cannot_be_encoded(cluster: Cluster) -> None:
    run = cluster.promote("strange")
    looker = cluster.wait_for_look("strange")

    for status in (STRANGE, "BUILD_FAILED"):
        cluster.set_status("strange", status)
    assert cluster.wait_for_end(run) == "failed"

    logs = cluster.airflow.home.glob("logs/dag_id=promote/run_id=strange/**/*.log")
    log = "".join(path.read_text() for path in logs)
    assert f"log: {SAFE}" in log  # cut after it
    assert f"was {SAFE} for" in log
    assert cluster.triggerers[looker].poll() is None
