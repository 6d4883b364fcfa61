"""Five hundred waits in two triggerers, against a fake that enforces Baseten's rate limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from attrs import frozen

from aiobaseten import Baseten
from aiobaseten.airflow import PromotionTrigger
from aiobaseten.testing import FakeBaseten

from .databases import NAMES
from .fake_server import FakeServer, fake_server
from .processes import Installation, installation, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(3600)]

WAITS = 500
#: Of each triggerer.
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


def looks_since(start: float, url: str, baseten: FakeServer) -> Looks:
    """The looks of the triggerer that has this address of the fake."""

    def read(fake: FakeBaseten) -> Looks:
        requests = [
            request
            for request in fake.requests
            if request.at > start and url.endswith(request.headers["host"])
        ]
        return Looks([request.at for request in requests], {request.status for request in requests})

    return baseten.call(read)


def memory_mib(pid: int) -> float:
    """The memory of a process and its children, without what they share with others twice."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return float(sum(one.memory_full_info().pss for one in family)) / 2**20


def run_triggerers(airflow: Installation, baseten: FakeServer) -> tuple[list[Looks], list[float]]:
    """Run two triggerers until all waits have ended; returns the looks and the memory of each."""
    start = baseten.call(lambda fake: fake.now)
    urls = baseten.urls[1:]

    def looks() -> list[Looks]:
        return [looks_since(start, url, baseten) for url in urls]

    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                airflow.started(
                    f"triggerer-{number}",
                    *("triggerer", "--skip-serve-logs", "--capacity", str(WAITS // 2)),
                    baseten=url,
                    extra={"polling_rate": POLLING_RATE},
                )
            )
            for number, url in enumerate(urls)
        ]
        wait_until(lambda: min(len(one.times) for one in looks()) > WAITS, "too few looks")
        memory = [memory_mib(process.pid) for process in processes]
        baseten.call(end_promotions)
        wait_until(lambda: airflow.select(ALL_ENDED), "some waits have not ended")
    return looks(), memory


@pytest.mark.parametrize("database", NAMES)
def test_five_hundred_waits_in_two_triggerers_end_correctly_and_within_the_budget(
    tmp_path: Path, record_property: Callable[[str, object], None], database: str
) -> None:
    with (
        fake_server(add_models, enforce_limits=True, addresses=3) as baseten,
        installation(tmp_path / "airflow", {"many.py": DAG}, database) as airflow,
    ):
        airflow.run("dags", "reserialize")
        defer_all(airflow, asyncio.run(promote_all(baseten.urls[0])))
        each, memory = run_triggerers(airflow, baseten)
        outcomes = [
            json.dumps(row[0]) for row in airflow.select("select next_kwargs from task_instance")
        ]

    record_property("MiB of each triggerer", [round(one) for one in memory])
    succeeded = sum("PromotionFailedError" not in outcome for outcome in outcomes)
    assert (succeeded, len(outcomes) - succeeded) == (WAITS * 9 // 10, WAITS // 10)
    for looks in each:
        record_property("looks", len(looks.times))
        record_property("looks per second", round(looks.per_second, 1))
        record_property("most looks in five seconds", looks.most_in_five_seconds)
        assert looks.statuses == {200}
        assert looks.per_second <= POLLING_RATE * 1.1
        # The budget lets a client save up the looks of one second.
        assert looks.most_in_five_seconds <= 5 * POLLING_RATE * 1.1 + POLLING_RATE
