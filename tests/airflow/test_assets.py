"""Assets: events that are emitted when another deployment serves."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import Asset, AssetAlias
from airflow.sdk.execution_time.task_runner import _serialize_outlet_events

from aiobaseten.airflow import environment_asset
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten, timelines

from .doubles import TaskRun, result_of
from .promoting import PERMANENT, add_resource, promote_operator

EXTRA = {
    "environment": "production",
    "deployment_id": "v2",
    "previous_id": "v1",
}


def events(run: TaskRun) -> list[dict[str, Any]]:
    """The events of a task, as Airflow's worker reports them with its success."""
    return list(_serialize_outlet_events(run.outlet_events))


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        ({"model_id": "ranker"}, "baseten://model/ranker/production"),
        ({"chain_id": "bot", "environment": "staging"}, "baseten://chain/bot/staging"),
        ({"model_id": "a b/ü"}, "baseten://model/a%20b%2F%C3%BC/production"),
    ],
)
def test_the_address_of_an_environment(given: dict[str, str], uri: str) -> None:
    assert environment_asset(**given).uri == uri


@pytest.mark.parametrize("given", [{}, {"model_id": "a", "chain_id": "b"}, {"model_id": ""}])
def test_an_asset_of_nothing_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        environment_asset(**given)


def test_airflow_normalizes_an_address() -> None:
    asset = Asset("BASETEN://model/ranker/production/")

    assert asset.uri == environment_asset(model_id="ranker").uri


@pytest.mark.parametrize("path", ["ranker/production", "model/ranker", "model//x", "model/a/b/c"])
def test_airflow_refuses_an_address_of_another_form(path: str) -> None:
    with pytest.raises(ValueError, match="baseten://model/NAME/ENVIRONMENT"):
        Asset(f"baseten://{path}")


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["model", "chain"])
async def test_an_outlet_gets_the_deployment_when_it_serves(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str
) -> None:
    add_resource(fake, kind)
    asset = environment_asset(**{f"{kind}_id": "x"})
    task = promote_operator(kind, outlets=[asset, Asset("s3://bucket/other")])

    await result_of(task, run)

    (event,) = events(run)
    assert event["dest_asset_key"]["uri"] == asset.uri
    url = event["extra"].pop("url")
    assert event["extra"] == {f"{kind}_id": "x", **EXTRA}
    assert url.startswith("https://app.baseten.co/")


@pytest.mark.looptime
async def test_an_alias_gets_the_asset_of_a_model_that_is_computed(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    task = promote_operator(model_id="{{ params.model }}", outlets=[AssetAlias("released")])
    task.render_template_fields({"params": {"model": "x"}})

    await result_of(task, run)

    (event,) = events(run)
    assert event["source_alias_name"] == "released"
    assert event["dest_asset_key"]["uri"] == "baseten://model/x/production"
    assert event["extra"]["deployment_id"] == "v2"


@pytest.mark.looptime
async def test_a_failed_promotion_says_nothing(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake, timeline=timelines.BUILD_FAILED)

    with pytest.raises(PERMANENT):
        await result_of(promote_operator(outlets=[environment_asset(model_id="x")]), run)

    assert events(run) == []
