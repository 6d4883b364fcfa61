"""Operators with ``deferrable=False``: the worker waits itself, and promotes only once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from aiobaseten.airflow import DeploymentSensor
from aiobaseten.testing import FakeBaseten

from .doubles import TaskRun, connect
from .fake_server import FakeServer, fake_server
from .processes import wait_until
from .promoting import PERMANENT, TEMPORARY, add_resource, posts, promote_operator


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A fake on its own event loop: these operators run one themselves."""
    with fake_server(add_deployments) as server:
        connect(monkeypatch, server.urls[0])
        yield server


def add_deployments(fake: FakeBaseten) -> None:
    """The model ``x``: ``v2`` goes live at once, ``slow`` when a test says so, ``bad`` fails."""
    add_resource(fake, timeline="ACTIVE")
    fake.model("x").deployment("slow", on_promote="LOADING_MODEL")
    fake.model("x").deployment("bad", on_promote="BUILD_FAILED")


def promote(run: TaskRun, **given: Any) -> Any:
    """Run a task as Airflow's worker does, in one try."""
    return promote_operator(deferrable=False, **given).execute(run.context())


def test_the_worker_waits_and_returns_the_live_deployment(server: FakeServer, run: TaskRun) -> None:
    live = promote(run)

    assert live["id"] == "v2"
    assert server.call(posts) == ["/v1/models/x/environments/production/promote"]
    assert run.pushed["deployment_id"] == "v2"


def test_a_worker_that_was_killed_before_the_response_promotes_once(
    server: FakeServer, run: TaskRun
) -> None:
    server.call(lambda fake: fake.faults.hang(route="POST", acts=True))
    asyncio.run(_killed(promote_operator().aexecute(run.context()), server))

    live = promote(run)

    assert live["id"] == "v2"
    assert server.call(lambda fake: len(posts(fake))) == 1


async def _killed(worker: Coroutine[Any, Any, None], server: FakeServer) -> None:
    """Let a worker send its request, and no more."""
    task = asyncio.ensure_future(worker)
    await asyncio.to_thread(wait_until, lambda: server.call(posts), "it sends nothing")
    task.cancel()
    await asyncio.wait({task})


def test_a_try_after_a_success_that_airflow_has_lost_promotes_nothing(
    server: FakeServer, run: TaskRun
) -> None:
    for _ in range(2):
        assert promote(run)["id"] == "v2"
        run.try_again()

    assert server.call(lambda fake: len(posts(fake))) == 1


def test_a_try_after_a_failed_promotion_fails_and_promotes_nothing(
    server: FakeServer, run: TaskRun
) -> None:
    """Airflow's mixin alone would submit a job that failed again."""
    for _ in range(2):
        with pytest.raises(PERMANENT, match="PromotionFailedError"):
            promote(run, deployment_id="bad")

    assert server.call(lambda fake: len(posts(fake))) == 1


def test_a_timeout_is_temporary_and_the_next_try_continues(
    server: FakeServer, run: TaskRun
) -> None:
    with pytest.raises(TEMPORARY, match="WaitTimeoutError"):
        promote(run, deployment_id="slow", timeout=0)
    server.call(lambda fake: fake.model("x").deployment("slow").set("ACTIVE"))

    assert promote(run, deployment_id="slow")["id"] == "slow"
    assert server.call(lambda fake: len(posts(fake))) == 1


def test_a_cleared_task_whose_promotion_is_live_sends_nothing(
    server: FakeServer, run: TaskRun
) -> None:
    with pytest.raises(TEMPORARY):
        promote(run, deployment_id="slow", timeout=0)
    server.call(lambda fake: fake.model("x").deployment("slow").set("ACTIVE"))
    run.clear()

    assert promote(run, deployment_id="slow")["id"] == "slow"
    assert server.call(lambda fake: len(posts(fake))) == 1


def test_a_sensor_waits_in_the_worker_as_well(server: FakeServer, run: TaskRun) -> None:
    sensor: Any = DeploymentSensor(
        task_id="wait", model_id="x", deployment_id="v1", deferrable=False, settling_time=0
    )

    assert sensor.execute(run.context())["id"] == "v1"


@pytest.mark.parametrize("state", ["failed", "up_for_retry"])
def test_killing_the_task_cancels_its_promotion_only_if_a_user_has_failed_it(
    server: FakeServer, run: TaskRun, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(
        RuntimeTaskInstance, "get_task_states", staticmethod(lambda **_: {"r": {"t": state}})
    )
    ti = run.context()["ti"]
    ti.dag_id, ti.task_id, ti.run_id, ti.map_index = "d", "t", "r", -1
    task = promote_operator(deployment_id="slow", deferrable=False, cancel_on_kill=True, timeout=1)
    # In place of the handler of Airflow's signal.
    killer = threading.Thread(target=_kill_during_the_wait, args=(task, server))
    killer.start()

    with pytest.raises(TEMPORARY):
        task.execute(run.context())

    killer.join()
    cancelled = [path for path in server.call(posts) if path.endswith("cancel_promotion")]
    assert len(cancelled) == (state == "failed")


def _kill_during_the_wait(task: Any, server: FakeServer) -> None:
    def has_looked(fake: FakeBaseten) -> bool:
        methods = [request.method for request in fake.requests]
        return "POST" in methods and methods[-1] == "GET"

    wait_until(lambda: server.call(has_looked), "the wait has not begun")
    task.on_kill()
