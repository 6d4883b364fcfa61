"""The DAG in docs/airflow.md, as it stands, against the served fake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from processes import installation
from served import serving

from aiobaseten.testing import FakeBaseten, timelines

PAGE = Path(__file__).parents[2] / "docs" / "airflow.md"


def twenty_models(fake: FakeBaseten) -> None:
    for number in range(1, 21):
        model = fake.model(f"ranker-{number}")
        model.deployment("v1")
        # `dags test` runs one task after the other: let the waits of most be short.
        on_promote: timelines.Steps = timelines.HEALTHY_PROMOTION if number == 1 else "ACTIVE"
        model.deployment("v2", on_promote=on_promote)
        for name in ("staging", "production"):
            model.environment(name, current="v1", traffic_delay=0)


def promoted(fake: FakeBaseten) -> list[tuple[int, str]]:
    """How often something was promoted to each environment, and what became of it."""
    return [
        (len(environment.promotions), environment.promotions[0].status)
        for number in range(1, 21)
        for environment in map(
            fake.model(f"ranker-{number}").environment, ("staging", "production")
        )
    ]


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_the_documented_dag_promotes_twenty_models_twice(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"<!-- file: release.py -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL
    )
    with (
        serving(twenty_models, speed=300) as baseten,
        installation(tmp_path / "airflow", {"release.py": text}) as airflow,
    ):
        airflow.run("dags", "test", "release", baseten=baseten.urls[0], timeout=240)

        assert baseten.do(promoted) == [(1, "SUCCEEDED")] * 40
        ended = airflow.select("select state, count(*) from task_instance group by state")

    assert ended == [("success", 60)]
