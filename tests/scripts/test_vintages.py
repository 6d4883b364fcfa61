"""Clients and answers of different months: older code with newer answers, and the reverse."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiobaseten_generated.models.chain_deployment import ChainDeployment
from aiobaseten_generated.models.environment import Environment

import generate

from .frozen_spec import frozen

Answer = dict[str, Any]
SETTINGS = {
    "min_replica": 0,
    "max_replica": 3,
    "autoscaling_window": 60,
    "scale_down_delay": 900,
    "concurrency_target": 1,
    "target_utilization_percentage": 70,
}
# An answer of March 2026, without later fields.
DEPLOYMENT: Answer = {
    "id": "d1",
    "created_at": "2026-03-29T10:00:00Z",
    "name": "deployment-1",
    "model_id": "m1",
    "is_production": True,
    "is_development": False,
    "status": "ACTIVE",
    "active_replica_count": 1,
    "autoscaling_settings": SETTINGS,
    "instance_type_name": None,
    "environment": "production",
}
ENVIRONMENT: Answer = {
    "name": "production",
    "created_at": "2026-03-29T10:00:00Z",
    "model_id": "m1",
    "current_deployment": DEPLOYMENT,
    "autoscaling_settings": SETTINGS,
    "promotion_settings": {"rolling_deploy": True, "promotion_cleanup_strategy": "SCALE_TO_ZERO"},
    "instance_type": {"id": "1x2", "name": "1x2 - 1 vCPU, 2 GiB RAM"},
}
# A possible later answer: more values, more fields, more nulls.
NEWER_DEPLOYMENT: Answer = DEPLOYMENT | {
    "status": "HIBERNATING",
    "region": "us-east",
    "labels": {"team": "vision", "nested": {"deep": [1]}},
    "request_backpressure_settings": {"policy": "QUEUE_ON_FULL"},
    "autoscaling_settings": SETTINGS | {"max_scale_down_rate": 20, "target_in_flight_tokens": None},
    "placement": {"zones": ["a", "b"]},
}
NEWER_ENVIRONMENT: Answer = ENVIRONMENT | {
    "current_deployment": NEWER_DEPLOYMENT,
    "candidate_deployment": NEWER_DEPLOYMENT | {"id": "d2"},
    "in_progress_promotion": {
        "status": "BAKING",
        "percent_traffic_to_new_version": 30,
        "step": 3,
    },
    "promotion_settings": {"promotion_cleanup_strategy": "ARCHIVE", "canary": {"steps": [10, 50]}},
    "autoscaling_schedules": {"schedules": [{"cadence": "ONE_TIME"}], "applied_state": None},
    "traffic_routing": None,
}


# --- the committed code --------------------------------------------------------------------------


def test_the_committed_client_still_decodes_an_answer_of_the_spring_of_2026() -> None:
    """It fails if the spec requires a newer field that decides: see openapi/overlay.yaml."""
    environment = Environment.from_dict(ENVIRONMENT)

    assert environment.current_deployment
    assert environment.current_deployment.id == "d1"


def test_the_committed_client_still_decodes_a_chain_of_the_spring_of_2026() -> None:
    chainlet = {
        "id": "c1",
        "name": "Entry",
        "autoscaling_settings": None,
        "instance_type_name": "1x2",
        "active_replica_count": 0,
        "status": "BUILDING",
    }
    deployment = ChainDeployment.from_dict(
        {
            "id": "cd1",
            "created_at": "2026-03-29T10:00:00Z",
            "chain_id": "ch1",
            "environment": None,
            "chainlets": [chainlet, chainlet | {"status": "NO_STATUS_OF_BASETEN", "gpu": None}],
            "status": "BUILDING",
        }
    )

    assert [item.status for item in deployment.chainlets] == ["BUILDING", "NO_STATUS_OF_BASETEN"]


# --- clients of two specs ------------------------------------------------------------------------


def newer_spec(document: Answer) -> None:
    """Fields are added, removed, made optional and nullable; enums grow; a default changes."""
    schemas = document["components"]["schemas"]
    schemas["DeploymentStatusV1"]["enum"].append("HIBERNATING")
    schemas["InProgressPromotionStatusV1"]["enum"].append("BAKING")
    deployment = schemas["DeploymentV1"]
    deployment["properties"]["placement"] = {"type": "object", "additionalProperties": True}
    deployment["required"].remove("is_development")
    name = deployment["properties"]["name"]
    deployment["properties"]["name"] = {"anyOf": [name, {"type": "null"}]}
    del deployment["properties"]["model_id"]
    deployment["required"].remove("model_id")
    schemas["InProgressPromotionV1"]["properties"]["step"] = {"type": "integer"}
    request = schemas["PromoteToEnvironmentRequestV1"]["properties"]
    request["scale_down_previous_deployment"]["default"] = False
    request["wait"] = {"type": "boolean", "default": True}


def generated(folder: Path, name: str, document: Answer) -> ModuleType:
    (folder / "document.json").write_text(json.dumps(document), "utf-8")
    generate.generate(folder / "document.json", folder).rename(folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        return importlib.import_module(f"{name}.models")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The models of the frozen spec."""
    return generated(tmp_path_factory.mktemp("older"), "older_generated", frozen.document())


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The models of a newer spec."""
    document = frozen.document()
    newer_spec(document)
    return generated(tmp_path_factory.mktemp("newer"), "newer_generated", document)


def unset(models: ModuleType) -> object:
    return importlib.import_module(models.__name__.replace(".models", ".types")).UNSET


def test_an_older_client_decodes_newer_answers_and_keeps_unknown_fields(
    older: ModuleType,
) -> None:
    environment = older.Environment.from_dict(NEWER_ENVIRONMENT)

    candidate = environment.candidate_deployment
    assert candidate.status == "HIBERNATING"
    assert not candidate.status.is_known
    assert candidate["placement"] == {"zones": ["a", "b"]}
    assert environment["traffic_routing"] is None
    promotion = environment.in_progress_promotion
    assert (promotion.status, promotion["step"]) == ("BAKING", 3)
    assert environment.promotion_settings["canary"] == {"steps": [10, 50]}


def test_an_older_client_decodes_answers_without_a_field_that_decides_nothing(
    older: ModuleType,
) -> None:
    answer = NEWER_DEPLOYMENT | {"name": None}
    del answer["is_development"]

    deployment = older.Deployment.from_dict(answer)

    assert deployment.name is None
    assert deployment.is_development is unset(older)


def test_an_older_client_refuses_answers_without_a_field_that_decides(older: ModuleType) -> None:
    """So the removal of such a field from the spec is breaking."""
    answer = {key: value for key, value in NEWER_DEPLOYMENT.items() if key != "status"}

    with pytest.raises(KeyError, match="status"):
        older.Deployment.from_dict(answer)


def test_a_newer_client_decodes_older_answers(newer: ModuleType) -> None:
    environment = newer.Environment.from_dict(ENVIRONMENT)

    assert environment.current_deployment.status == "ACTIVE"
    assert environment.current_deployment["model_id"] == "m1"
    assert environment.current_deployment.placement is unset(newer)
    assert environment.in_progress_promotion is unset(newer)


def test_a_newer_client_decodes_answers_without_fields_that_became_optional(
    newer: ModuleType,
) -> None:
    answer = NEWER_DEPLOYMENT | {"name": None}
    del answer["is_development"]

    deployment = newer.Deployment.from_dict(answer)

    assert deployment.name is None
    assert deployment.is_development is unset(newer)
    assert deployment.status.is_known


@pytest.mark.parametrize("answer", [ENVIRONMENT, NEWER_ENVIRONMENT], ids=["older", "newer"])
@pytest.mark.parametrize("client", ["older", "newer"])
def test_a_decoded_answer_is_written_unchanged(
    client: str, answer: Answer, request: pytest.FixtureRequest
) -> None:
    models = request.getfixturevalue(client)

    written = json.dumps(models.Environment.from_dict(answer).to_dict())

    assert json.loads(written.replace("+00:00", "Z")) == answer


@pytest.mark.parametrize("client", ["older", "newer"])
def test_a_changed_default_is_not_sent(client: str, request: pytest.FixtureRequest) -> None:
    """Older and newer clients leave the choice to the server."""
    models = request.getfixturevalue(client)

    sent = models.PromoteToEnvironmentRequest(deployment_id="d1").to_dict()

    assert sent == {"deployment_id": "d1"}
