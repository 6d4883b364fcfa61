"""One triggerer with two hundred waits, against a fake that enforces Baseten's limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import installation, until
from served import serving

from aiobaseten import Baseten
from aiobaseten.airflow import PromotionTrigger
from aiobaseten.testing import FakeBaseten

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

WAITS = 200
RATE = 40
DAG = f"""
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("many", schedule=None):
    for number in range({WAITS}):
        EmptyOperator(task_id=f"wait_{{number}}")
"""


def furnish(fake: FakeBaseten) -> None:
    for number in range(WAITS):
        model = fake.model(f"m{number}")
        model.deployment("v1")
        model.deployment("v2", on_promote="LOADING_MODEL")
        model.environment("production", current="v1", traffic_delay=0)


def end(fake: FakeBaseten) -> None:
    """Let all promotions come to an end; every tenth to a bad one."""
    for number in range(WAITS):
        deployment = fake.model(f"m{number}").deployment("v2")
        deployment.set("DEPLOY_FAILED" if number % 10 == 0 else "ACTIVE")


async def begin(url: str) -> list[str]:
    """The tokens of as many promotions."""
    async with Baseten(api_key="test-key", base_url=url) as baseten:
        return [
            (await baseten.model(f"m{number}").environment("production").promote("v2")).token
            for number in range(WAITS)
        ]


def test_two_hundred_waits_in_one_triggerer_end_right_and_keep_the_budget(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with (
        serving(furnish, enforce_limits=True) as baseten,
        installation(tmp_path / "airflow", {"many.py": DAG}) as airflow,
    ):
        airflow.run("dags", "reserialize")
        tokens = asyncio.run(begin(baseten.urls[0]))
        triggers = [
            PromotionTrigger(
                baseten_conn_id="baseten_default", token=token, deadline=None, options={}
            ).serialize()
            for token in tokens
        ]
        airflow.python(Path(__file__).with_name("park.py"), "many", told=json.dumps(triggers))
        began = baseten.do(lambda fake: fake.now)

        def looks() -> list[tuple[float, int | None]]:
            return baseten.do(
                lambda fake: [(one.at, one.status) for one in fake.requests if one.at > began]
            )

        with airflow.started(
            "triggerer",
            "triggerer",
            "--skip-serve-logs",
            baseten=baseten.urls[0],
            extra={"polling_rate": RATE},
        ):
            until(lambda: len(looks()) > 3 * WAITS, 120, "the triggerer does not look")
            baseten.do(end)
            ended = f"{WAITS} and state = 'scheduled'"
            until(
                lambda: airflow.select(
                    f"select 1 from task_instance group by state having count(*) = {ended}"
                ),
                120,
                "not all waits have ended",
            )
        outcomes = [str(row) for row in airflow.select("select next_kwargs from task_instance")]
        statuses = {status for _, status in looks()}
        times = [at for at, _ in looks()]

    rate = len(times) / (times[-1] - times[0])
    busiest = max(sum(start <= at < start + 5 for at in times) for start in times)
    record_property("requests", len(times))
    record_property("requests a second", round(rate, 1))
    record_property("most requests in five seconds", busiest)
    failed = sum("PromotionFailedError" in outcome for outcome in outcomes)
    done = sum('"outcome": "done"' in outcome for outcome in outcomes)
    assert (done, failed) == (WAITS * 9 // 10, WAITS // 10)
    assert statuses == {200}
    assert rate <= RATE * 1.1
    # A second's worth may be saved up.
    assert busiest <= 5 * RATE * 1.1 + RATE
