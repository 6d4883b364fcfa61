"""Two hundred waits in one triggerer, against a fake that enforces Baseten's rate limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from aiobaseten import Baseten
from aiobaseten.airflow import PromotionTrigger
from aiobaseten.testing import FakeBaseten

from .fake_server import FakeServer, fake_server
from .processes import Installation, installation, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

WAITS = 200
POLLING_RATE = 40
DAG = f"""
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("many", schedule=None):
    for number in range({WAITS}):
        EmptyOperator(task_id=f"wait_{{number}}")
"""
ALL_ENDED = (
    f"select 1 from task_instance group by state having count(*) = {WAITS} and state = 'scheduled'"
)


def add_models(fake: FakeBaseten) -> None:
    """Models whose promotions run until `end_promotions`."""
    for number in range(WAITS):
        model = fake.model(f"m{number}")
        model.deployment("v1")
        model.deployment("v2", on_promote="LOADING_MODEL")
        model.environment("production", current="v1", traffic_delay=0)


def end_promotions(fake: FakeBaseten) -> None:
    """Every tenth promotion fails, and the others succeed."""
    for number in range(WAITS):
        deployment = fake.model(f"m{number}").deployment("v2")
        deployment.set("DEPLOY_FAILED" if number % 10 == 0 else "ACTIVE")


async def promote_all(url: str) -> list[str]:
    """The tokens of the promotions."""
    async with Baseten(api_key="test-key", base_url=url) as baseten:
        return [
            (await baseten.model(f"m{number}").environment("production").promote("v2")).token
            for number in range(WAITS)
        ]


def defer_all(airflow: Installation, tokens: list[str]) -> None:
    """Create a deferred task for each promotion."""
    triggers = [
        PromotionTrigger(
            baseten_conn_id="baseten_default", token=token, deadline=None, options={}
        ).serialize()
        for token in tokens
    ]
    script = Path(__file__).with_name("create_deferred_tasks.py")
    airflow.run_script(script, "many", stdin=json.dumps(triggers))


@frozen
class Looks:
    """The looks of the triggerer: their times in seconds, and the statuses of their responses."""

    times: list[float]
    statuses: set[int | None]

    @property
    def per_second(self) -> float:
        """The average rate."""
        return len(self.times) / (self.times[-1] - self.times[0])

    @property
    def most_in_five_seconds(self) -> int:
        """The number of looks in the busiest five seconds."""
        return max(sum(start <= at < start + 5 for at in self.times) for start in self.times)


def looks_since(start: float, baseten: FakeServer) -> Looks:
    def read(fake: FakeBaseten) -> Looks:
        requests = [request for request in fake.requests if request.at > start]
        return Looks([request.at for request in requests], {request.status for request in requests})

    return baseten.call(read)


def run_triggerer(airflow: Installation, baseten: FakeServer) -> Looks:
    """Run a triggerer until all waits have ended; returns its looks."""
    start = baseten.call(lambda fake: fake.now)
    with airflow.started(
        "triggerer",
        "triggerer",
        "--skip-serve-logs",
        baseten=baseten.urls[0],
        extra={"polling_rate": POLLING_RATE},
    ):
        wait_until(lambda: len(looks_since(start, baseten).times) > 3 * WAITS, 120, "too few looks")
        baseten.call(end_promotions)
        wait_until(lambda: airflow.select(ALL_ENDED), 120, "some waits have not ended")
    return looks_since(start, baseten)


def test_two_hundred_waits_in_one_triggerer_end_correctly_and_within_the_budget(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with (
        fake_server(add_models, enforce_limits=True) as baseten,
        installation(tmp_path / "airflow", {"many.py": DAG}) as airflow,
    ):
        airflow.run("dags", "reserialize")
        defer_all(airflow, asyncio.run(promote_all(baseten.urls[0])))
        looks = run_triggerer(airflow, baseten)
        outcomes = [str(row) for row in airflow.select("select next_kwargs from task_instance")]

    record_property("looks", len(looks.times))
    record_property("looks per second", round(looks.per_second, 1))
    record_property("most looks in five seconds", looks.most_in_five_seconds)
    succeeded = sum('"outcome": "done"' in outcome for outcome in outcomes)
    failed = sum("PromotionFailedError" in outcome for outcome in outcomes)
    assert (succeeded, failed) == (WAITS * 9 // 10, WAITS // 10)
    assert looks.statuses == {200}
    assert looks.per_second <= POLLING_RATE * 1.1
    # The budget lets a client save up the looks of one second.
    assert looks.most_in_five_seconds <= 5 * POLLING_RATE * 1.1 + POLLING_RATE
