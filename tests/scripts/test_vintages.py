"""A client of one month against the answers of another: older code, newer answers, and back."""

import copy
import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from aiobaseten_generated.models.chain_deployment_v1 import ChainDeploymentV1
from aiobaseten_generated.models.deployment_v1 import DeploymentV1
from aiobaseten_generated.models.environment_v1 import EnvironmentV1
from aiobaseten_generated.types import UNSET

import build_spec
import generate

Answer = dict[str, Any]
SETTINGS = {
    "min_replica": 0,
    "max_replica": 3,
    "autoscaling_window": 60,
    "scale_down_delay": 900,
    "concurrency_target": 1,
    "target_utilization_percentage": 70,
}
# As Baseten answered in March 2026: nothing that came later.
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
# As it may answer one day: more values, more fields, and more that may be null.
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


# --- our code, other answers ---------------------------------------------------------------------


def test_an_answer_of_the_spring_of_2026_decodes() -> None:
    environment = EnvironmentV1.from_dict(ENVIRONMENT)

    assert environment.candidate_deployment is UNSET
    assert environment.in_progress_promotion is UNSET
    assert isinstance(environment.current_deployment, DeploymentV1)
    assert environment.current_deployment.region is UNSET
    assert not environment.current_deployment.additional_properties


def test_an_answer_of_one_day_decodes_and_keeps_what_we_do_not_know() -> None:
    environment = EnvironmentV1.from_dict(NEWER_ENVIRONMENT)

    candidate = environment.candidate_deployment
    assert isinstance(candidate, DeploymentV1)
    assert candidate.status == "HIBERNATING"
    assert not candidate.status.is_known
    assert candidate["placement"] == {"zones": ["a", "b"]}
    assert environment["traffic_routing"] is None
    promotion = environment.in_progress_promotion
    assert promotion
    assert (promotion.status, promotion["step"]) == ("BAKING", 3)
    assert environment.promotion_settings["canary"] == {"steps": [10, 50]}


@pytest.mark.parametrize("answer", [ENVIRONMENT, NEWER_ENVIRONMENT], ids=["older", "newer"])
def test_what_was_decoded_is_written_as_it_was(answer: Answer) -> None:
    written = EnvironmentV1.from_dict(answer).to_dict()

    def times(text: str) -> str:
        return text.replace("+00:00", "Z")

    assert json.loads(times(json.dumps(written))) == answer


def test_a_chain_without_what_only_models_have_decodes() -> None:
    chainlet = {
        "id": "c1",
        "name": "Entry",
        "autoscaling_settings": None,
        "instance_type_name": "1x2",
        "active_replica_count": 0,
        "status": "BUILDING",
    }
    deployment = ChainDeploymentV1.from_dict(
        {
            "id": "cd1",
            "created_at": "2026-03-29T10:00:00Z",
            "chain_id": "ch1",
            "environment": None,
            "chainlets": [chainlet, chainlet | {"status": "NEW", "gpu": None}],
            "status": "NEW",
        }
    )

    assert [item.status for item in deployment.chainlets] == ["BUILDING", "NEW"]


# --- other code, the same answers ----------------------------------------------------------------


def newer_spec(document: Answer) -> None:
    """Fields come, go, and become optional and nullable; enums grow; a default moves."""
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


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The models that a newer spec would give."""
    folder = tmp_path_factory.mktemp("newer")
    document = copy.deepcopy(json.loads(build_spec.DOCUMENT.read_text("utf-8")))
    newer_spec(document)
    (folder / "document.json").write_text(json.dumps(document), "utf-8")
    package = generate.generate(folder / "document.json", folder)
    package.rename(folder / "newer_generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield importlib.import_module("newer_generated.models")
    for name in [name for name in sys.modules if name.startswith("newer_generated")]:
        del sys.modules[name]


def test_a_newer_client_decodes_older_answers(newer: ModuleType) -> None:
    environment = newer.EnvironmentV1.from_dict(ENVIRONMENT)

    assert environment.current_deployment.status == "ACTIVE"
    assert environment.current_deployment["model_id"] == "m1"
    assert environment.current_deployment.placement == UNSET_OF(newer)
    assert environment.in_progress_promotion == UNSET_OF(newer)


def UNSET_OF(models: ModuleType) -> object:  # noqa: N802  # as UNSET, of another package
    types = importlib.import_module(models.__name__.replace("models", "types"))
    return types.UNSET


def test_a_newer_client_knows_what_an_older_one_kept_without_a_name(newer: ModuleType) -> None:
    environment = newer.EnvironmentV1.from_dict(NEWER_ENVIRONMENT)

    assert environment.candidate_deployment.status.is_known
    assert environment.candidate_deployment.placement.to_dict() == {"zones": ["a", "b"]}
    assert environment.in_progress_promotion.step == 3


def test_an_older_client_decodes_what_a_newer_server_may_leave_out_or_answer_with_null() -> None:
    """Null in a field that we took for a string is passed on; a field that we require is not."""
    answer = NEWER_DEPLOYMENT | {"name": None}
    assert DeploymentV1.from_dict(answer).name is None

    del answer["is_development"]
    with pytest.raises(KeyError, match="is_development"):
        DeploymentV1.from_dict(answer)


def test_a_default_that_moved_is_sent_by_neither(newer: ModuleType) -> None:
    """So both leave the choice to the server, of whatever month it is."""
    older = importlib.import_module("aiobaseten_generated.models")

    for models in (older, newer):
        assert models.PromoteToEnvironmentRequestV1(deployment_id="d1").to_dict() == {
            "deployment_id": "d1"
        }
