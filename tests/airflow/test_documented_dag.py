"""The DAG in docs/airflow.md, unchanged, with a real Airflow and a served fake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiobaseten.testing import FakeBaseten, timelines

from .fake_server import fake_server
from .processes import installation

PAGE = Path(__file__).parents[2] / "docs" / "airflow.md"


def add_models(fake: FakeBaseten) -> None:
    for number in range(1, 21):
        model = fake.model(f"ranker-{number}")
        model.deployment("v1")
        # `airflow dags test` runs one task at a time, so most promotions must be short.
        on_promote: timelines.Steps = timelines.HEALTHY_PROMOTION if number == 1 else "ACTIVE"
        model.deployment("v2", on_promote=on_promote)
        for name in ("staging", "production"):
            model.environment(name, current="v1", traffic_delay=0)


def promotions(fake: FakeBaseten) -> list[list[str]]:
    """The statuses of each environment's promotions."""
    return [
        [promotion.status for promotion in model.environment(name).promotions]
        for model in (fake.model(f"ranker-{number}") for number in range(1, 21))
        for name in ("staging", "production")
    ]


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_the_documented_dag_promotes_twenty_models_twice(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"<!-- file: release.py -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL
    )
    with (
        fake_server(add_models, speed=300) as baseten,
        installation(tmp_path / "airflow", {"release.py": text}) as airflow,
    ):
        airflow.run("dags", "test", "release", baseten=baseten.urls[0], timeout=240)

        assert baseten.call(promotions) == [["SUCCEEDED"]] * 40
        states = airflow.select("select state, count(*) from task_instance group by state")

    assert states == [("success", 60)]
