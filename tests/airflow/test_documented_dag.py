"""The DAGs in docs/airflow.md, unchanged, with a real Airflow and a served fake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aiobaseten.testing import FakeBaseten, timelines

from .databases import NAMES
from .fake_server import FakeServer, fake_server
from .processes import PATIENCE_S, Installation, installation, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(3600)]

PAGE = Path(__file__).parents[2] / "docs" / "airflow.md"
EVALS = """
async def run_evals(step):
    return True
"""


def documented() -> dict[str, str]:
    """The text of each DAG file on the page, by name."""
    found = re.findall(
        r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    return dict(found)


def add_models(fake: FakeBaseten) -> None:
    for number in range(1, 21):
        model = fake.model(f"ranker-{number}")
        model.deployment("v1")
        # `airflow dags test` runs one task at a time, so most promotions must be short.
        on_promote: timelines.Steps = timelines.HEALTHY_PROMOTION if number == 1 else "ACTIVE"
        model.deployment("v2", on_promote=on_promote)
        model.deployment("v3", on_promote="BUILD_FAILED" if number == 7 else "ACTIVE")
        for name in ("staging", "production"):
            model.environment(name, current="v1", traffic_delay=0)


def promotions(fake: FakeBaseten, *environments: str) -> list[list[str]]:
    """The statuses of each environment's promotions."""
    return [
        [promotion.status for promotion in model.environment(name).promotions]
        for model in (fake.model(f"ranker-{number}") for number in range(1, 21))
        for name in environments
    ]


def current(fake: FakeBaseten, name: str = "production") -> str | None:
    """The deployment of the first model that serves."""
    serving = fake.model("ranker-1").environment(name).current
    return serving.id if serving else None


@pytest.fixture(scope="module", params=NAMES)
def airflow(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("documented") / "airflow"
    with installation(home, documented(), request.param) as airflow:
        (home / "evals.py").write_text(EVALS)
        airflow.run("dags", "reserialize")
        yield airflow


@pytest.fixture
def baseten() -> Iterator[FakeServer]:
    with fake_server(add_models, speed=300) as server:
        yield server


def states(airflow: Installation, dag: str) -> list[tuple[object, ...]]:
    query = (
        f"select task_id, state, count(*) from task_instance where dag_id = '{dag}' "
        "group by task_id, state order by task_id, state"
    )
    return [tuple(row) for row in airflow.select(query)]


def test_the_page_has_the_dags_that_this_file_runs() -> None:
    assert documented().keys() == {
        "first.py",
        "release.py",
        "announce.py",
        "nightly.py",
        "approval.py",
        "rollback.py",
    }


def test_the_first_dag_runs_with_a_connection_in_the_database_of_airflow(
    airflow: Installation, baseten: FakeServer
) -> None:
    added = "connections", "add", "baseten_default", "--conn-type", "baseten"
    airflow.run(*added, "--conn-password", "test-key", "--conn-host", baseten.urls[0])

    assert "Connection success!" in airflow.run("connections", "test", "baseten_default")
    airflow.run("dags", "test", "first")

    assert baseten.call(current) == "v2"


def test_twenty_models_are_promoted_twice(airflow: Installation, baseten: FakeServer) -> None:
    airflow.run("dags", "test", "release", baseten=baseten.urls[0])

    found = baseten.call(lambda fake: promotions(fake, "staging", "production"))
    assert found == [["SUCCEEDED"]] * 40
    assert [(state, number) for _, state, number in states(airflow, "release")] == [
        ("success", 20)
    ] * 3


def test_a_promotion_emits_the_asset_on_which_a_dag_runs(
    airflow: Installation, baseten: FakeServer
) -> None:
    airflow.run("dags", "test", "promote_ranker", baseten=baseten.urls[0])

    ((uri, extra),) = airflow.select(
        "select a.uri, e.extra from asset_event e join asset a on a.id = e.asset_id "
        "where e.source_dag_id = 'promote_ranker'"
    )
    details = extra if isinstance(extra, dict) else json.loads(extra)
    assert uri == "baseten://model/ranker-1/production"
    assert (details["deployment_id"], details["previous_id"]) == ("v2", "v1")
    assert "baseten://model/ranker-1/production" in airflow.run("assets", "list")


def test_a_nightly_release_goes_on_although_one_of_twenty_models_fails_to_build(
    airflow: Installation, baseten: FakeServer
) -> None:
    """Without its guard, which would measure for minutes: test_guard.py has mapped ones."""
    conf = json.dumps({"guard": None, "deployment": "v3"})
    airflow.run("dags", "test", "nightly", "--conf", conf, baseten=baseten.urls[0], succeeds=False)

    assert states(airflow, "nightly") == [("release", "failed", 1), ("release", "success", 19)]
    emitted = "select count(*) from asset_event where source_dag_id = 'nightly'"
    assert [*map(tuple, airflow.select(emitted))] == [(19,)]


def test_a_person_approves_what_serves_in_staging(
    airflow: Installation, baseten: FakeServer
) -> None:
    with person(airflow):
        airflow.run("dags", "test", "approval", baseten=baseten.urls[0])

    assert [state for _, state, _ in states(airflow, "approval")] == ["success"] * 3
    # Baseten makes a copy of a deployment that serves in another environment.
    assert baseten.call(lambda fake: (current(fake, "staging"), current(fake))) == ("v2", "v2-p1")


@contextmanager
def person(airflow: Installation) -> Iterator[None]:
    script = Path(__file__).with_name("approve.py")
    process = subprocess.Popen(
        ["timeout", "3600", sys.executable, str(script)], env=airflow.environment("")
    )
    try:
        yield
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.parametrize(("deployment", "serves"), [("v2", "v1"), ("v1", "v2")])
def test_an_alert_rolls_back_the_deployment_that_it_is_about_and_no_other(
    airflow: Installation, baseten: FakeServer, deployment: str, serves: str
) -> None:
    baseten.call(lambda fake: fake.model("ranker-1").environment("production").promote("v2"))
    wait_until(lambda: baseten.call(current) == "v2", "v2 does not serve")
    params = json.dumps({"model": "ranker-1", "deployment": deployment})
    airflow.run("dags", "test", "rollback", "--conf", params, baseten=baseten.urls[0])

    assert baseten.call(current) == serves


def test_airflow_lists_the_provider_with_its_hook_form_and_link(airflow: Installation) -> None:
    assert "aiobaseten" in airflow.run("providers", "list")
    assert "aiobaseten.airflow.hook.BasetenHook" in airflow.run("providers", "hooks")
    assert "aiobaseten.airflow.links.BasetenLink" in airflow.run("providers", "links")
    assert "aiobaseten.airflow.triggers" in airflow.run("providers", "triggers")
    assert "extra__baseten__polling_rate" in airflow.run("providers", "widgets")
    description = airflow.run("providers", "get", "aiobaseten", "--full", "--output", "json")
    assert "aiobaseten.airflow.assets.normalized" in description
