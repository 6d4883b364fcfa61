"""The public schemas: their names, and how they decode answers that do not fit the spec."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest
from aiobaseten_generated import misfits
from aiobaseten_generated.types import UNSET

from aiobaseten import schemas
from aiobaseten.schemas import ChainDeployment, Deployment, Environment

SETTINGS = {
    "min_replica": 0,
    "max_replica": 2,
    "autoscaling_window": None,
    "scale_down_delay": None,
    "concurrency_target": 1,
    "target_utilization_percentage": 70,
}
DEPLOYMENT: dict[str, Any] = {
    "id": "d1",
    "created_at": "2026-11-21T10:00:00+00:00",
    "name": "deployment-1",
    "model_id": "m1",
    "is_production": True,
    "is_development": False,
    "status": "ACTIVE",
    "active_replica_count": 1,
    "autoscaling_settings": SETTINGS,
    "instance_type_name": None,
    "environment": "production",
    "labels": {"team": "vision"},
}
ENVIRONMENT: dict[str, Any] = {
    "name": "production",
    "created_at": "2026-11-21T10:00:00+00:00",
    "model_id": "m1",
    "current_deployment": DEPLOYMENT,
    "autoscaling_settings": SETTINGS,
    "promotion_settings": {"rolling_deploy": True},
    "instance_type": {"id": "1x2", "name": "1x2"},
}


@pytest.fixture(autouse=True)
def nothing_logged_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(misfits, "logged", set())


@pytest.mark.parametrize("name", schemas.__all__)
def test_a_schema_calls_itself_by_its_public_name(name: str) -> None:
    assert getattr(schemas, name).__qualname__ == name


def test_no_repr_shows_a_versioned_name() -> None:
    environment = Environment.from_dict(ENVIRONMENT)

    assert repr(environment.current_deployment).startswith("Deployment(")
    assert "V1" not in repr(environment)


def test_an_answer_that_fits_comes_back_and_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert Deployment.from_dict(DEPLOYMENT).to_dict() == DEPLOYMENT
    assert Environment.from_dict(ENVIRONMENT).to_dict() == ENVIRONMENT
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("model", "answer", "field", "value", "said"),
    [
        (Environment, ENVIRONMENT, "instance_type", None, "an object, but is null"),
        (Environment, ENVIRONMENT, "promotion_settings", None, "an object, but is null"),
        (Deployment, DEPLOYMENT, "labels", [], "an object or null, but is a list"),
        (
            Deployment,
            DEPLOYMENT,
            "created_at",
            "Sat, 21 Nov 2026 10:00:00 GMT",
            "a date-time, but is a string",
        ),
        (Deployment, DEPLOYMENT, "created_at", None, "a date-time, but is null"),
        (
            Deployment,
            DEPLOYMENT,
            "autoscaling_settings",
            "default",
            "an object or null, but is a string",
        ),
        (Deployment, DEPLOYMENT, "active_replica_count", "1", "an integer, but is a string"),
    ],
)
def test_a_value_that_does_not_fit_is_kept_unchanged_and_logged(
    model: Any,
    answer: dict[str, Any],
    field: str,
    value: object,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    decoded = model.from_dict(answer | {field: value})

    assert getattr(decoded, field) == value
    assert type(getattr(decoded, field)) is type(value)
    assert decoded.to_dict() == answer | {field: value}
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("aiobaseten", logging.WARNING)
    assert f" {model.__name__}.{field} must be {said}. " in record.getMessage()


def test_a_missing_field_is_unset_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    answer = {key: value for key, value in DEPLOYMENT.items() if key != "model_id"}

    deployment: Any = Deployment.from_dict(answer)

    assert deployment.model_id is UNSET
    assert deployment.to_dict() == answer
    assert " Deployment.model_id must be a string, but is missing. " in caplog.text


def test_an_unknown_field_is_kept_where_another_is_missing() -> None:
    answer = {key: value for key, value in DEPLOYMENT.items() if key not in ("model_id", "labels")}

    assert Deployment.from_dict(answer | {"colour": "red"}).to_dict() == answer | {"colour": "red"}


def test_a_list_keeps_its_good_items_and_its_bad_ones() -> None:
    items = [{"name": "Embed"}, None, 7]
    answer = {
        "name": "production",
        "created_at": "2026-11-21T10:00:00+00:00",
        "current_deployment": None,
        "chainlet_settings": items,
    }

    environment: Any = schemas.ChainEnvironment.from_dict(answer)

    assert environment.chainlet_settings[0]["name"] == "Embed"
    assert environment.chainlet_settings[1:] == [None, 7]
    assert environment.to_dict() == answer


def test_a_misfit_is_logged_once_for_each_class_and_field_and_never_its_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for secret in ("s3cret", "another", ["a third"]):
        Deployment.from_dict(DEPLOYMENT | {"created_at": secret, "model_id": [secret]})

    assert len(caplog.records) == 2
    assert "s3cret" not in caplog.text + repr([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (Deployment, DEPLOYMENT | {"status": None}),
        (Deployment, DEPLOYMENT | {"id": 7}),
        (Environment, ENVIRONMENT | {"current_deployment": "d1"}),
        (Environment, ENVIRONMENT | {"current_deployment": {"id": "d1"}}),
        (Environment, {"status": "ACTIVE"}),
        (ChainDeployment, {"id": "d1", "status": None, "chainlets": []}),
    ],
)
def test_an_answer_in_which_a_deciding_field_does_not_fit_is_refused(
    model: Any, answer: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises((KeyError, TypeError)):
        model.from_dict(answer)

    assert caplog.text == ""


def test_dir_lists_all_schemas_before_their_first_use() -> None:
    program = "from aiobaseten import schemas as s; print({*s.__all__} - {*dir(s)})"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )

    assert found.stdout.strip() == "set()"
