"""The generated code: of Baseten's spec, then of shapes that it may get."""

import copy
import importlib
import inspect
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiobaseten_generated import misfits
from aiobaseten_generated.api.chains import (
    get_chain_deployment,
    list_chain_deployments,
    list_chain_environments,
    promote_chain_deployment,
)
from aiobaseten_generated.api.models import (
    cancel_promotion,
    get_deployment_logs,
    list_deployments,
    list_environments,
    retry_deployment,
    wake_deployment,
)
from aiobaseten_generated.models.chainlet import Chainlet
from aiobaseten_generated.models.deployment_status import DeploymentStatus
from aiobaseten_generated.models.promote_to_chain_environment_request import (
    PromoteToChainEnvironmentRequest,
)
from aiobaseten_generated.types import UNSET
from ruamel.yaml import YAML

import generate
from spec.leaning import read_leaning

SETTINGS = {
    "min_replica": 0,
    "max_replica": 2,
    "autoscaling_window": None,
    "scale_down_delay": None,
    "concurrency_target": 1,
    "target_utilization_percentage": 70,
}
CHAINLET = {
    "id": "c1",
    "name": "entry",
    "autoscaling_settings": SETTINGS,
    "instance_type_name": "1x4",
    "active_replica_count": 1,
    "status": "ACTIVE",
}
DEPLOYMENT = {
    "id": "d1",
    "created_at": "2026-08-20T10:00:00Z",
    "chain_id": "ch1",
    "environment": None,
    "chainlets": [CHAINLET],
    "status": "ACTIVE",
}
REQUEST = PromoteToChainEnvironmentRequest(deployment_id="d1")


def parse_deployment(**changes: object) -> Any:
    return promote_chain_deployment.operation("ch1", "production", body=REQUEST).parse(
        DEPLOYMENT | changes
    )


# --- operations ----------------------------------------------------------------------------------


def test_an_operation_describes_one_request() -> None:
    operation = promote_chain_deployment.operation("ch1", "production", body=REQUEST)

    assert operation.method == "POST"
    assert operation.path == "/v1/chains/{chain_id}/environments/{env_name}/promote"
    assert operation.url == "/v1/chains/ch1/environments/production/promote"
    assert operation.params is None
    assert operation.parse(DEPLOYMENT).to_dict()["chainlets"] == [CHAINLET]


def test_a_body_holds_only_what_the_caller_set() -> None:
    """Baseten may change a default; a client that sends the old one would freeze it."""
    chosen = PromoteToChainEnvironmentRequest(
        deployment_id="d1", scale_down_previous_deployment=False
    )

    assert promote_chain_deployment.operation("c", "e", body=REQUEST).body == {
        "deployment_id": "d1"
    }
    assert promote_chain_deployment.operation("c", "e", body=chosen).body == {
        "deployment_id": "d1",
        "scale_down_previous_deployment": False,
    }


def test_an_operation_without_a_body_sends_none() -> None:
    assert cancel_promotion.operation("m1", "production").body is None


def test_a_query_holds_only_what_the_caller_set() -> None:
    assert list_deployments.operation("m1").params is None
    assert list_deployments.operation("m1", name="a b").params == {"name": "a b"}


def test_path_arguments_are_escaped() -> None:
    operation = cancel_promotion.operation("a/b?c#d%e{f}", "prod é")

    escaped = "a%2Fb%3Fc%23d%25e%7Bf%7D"
    assert operation.url == f"/v1/models/{escaped}/environments/prod%20%C3%A9/cancel_promotion"


@pytest.mark.parametrize("answer", [None, {}, "<html>"])
def test_an_operation_without_a_documented_answer_parses_to_none(answer: object) -> None:
    parse: Callable[[object], object] = wake_deployment.operation("d1").parse

    assert parse(answer) is None


@pytest.mark.parametrize("answer", [None, [], "", "text", 0, True, [["id", "d1"]]])
def test_an_answer_that_is_not_an_object_raises(answer: object) -> None:
    with pytest.raises(TypeError, match="must be an object"):
        cancel_promotion.operation("m1", "production").parse(answer)


@pytest.mark.parametrize("field", ["id", "status"])
def test_a_field_that_decides_must_be_there(field: str) -> None:
    answer = {key: value for key, value in DEPLOYMENT.items() if key != field}

    with pytest.raises(KeyError, match=field):
        get_chain_deployment.operation("ch1", "d1").parse(answer)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": None}, "ChainDeployment.id must be a string, but is null"),
        ({"status": 7}, "ChainDeployment.status must be a string, but is an integer"),
        (
            {"chainlets": [CHAINLET | {"status": 1.5}]},
            "Chainlet.status must be a string, but is a number",
        ),
    ],
    ids=str,
)
def test_a_field_that_decides_must_have_its_type(changes: dict[str, object], said: str) -> None:
    with pytest.raises(TypeError) as caught:
        parse_deployment(**changes)

    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("parse", "field"),
    [
        (list_deployments.operation("m1").parse, "deployments"),
        (list_environments.operation("m1").parse, "environments"),
        (list_chain_deployments.operation("ch1").parse, "deployments"),
        (list_chain_environments.operation("ch1").parse, "environments"),
        (get_deployment_logs.operation("m1", "d1").parse, "logs"),
    ],
)
@pytest.mark.parametrize("items", [None, {}, [None], ["d1"], [[]]])
def test_the_items_of_a_list_must_be_objects(
    parse: Callable[[object], object], field: str, items: object
) -> None:
    with pytest.raises(TypeError, match=rf"{field}(\[\])? must be "):
        parse({field: items})


@pytest.mark.parametrize(
    ("parse", "answer"),
    [
        (retry_deployment.operation("m1", "d1").parse, {"retried": "true"}),
        (cancel_promotion.operation("m1", "production").parse, {"status": None, "message": ""}),
    ],
)
def test_the_answer_to_a_verb_must_say_whether_it_acted(
    parse: Callable[[object], object], answer: object
) -> None:
    with pytest.raises(TypeError, match=r"\.(retried|status) must be"):
        parse(answer)


def test_every_field_under_decides_is_read_strictly() -> None:
    leaning = read_leaning("leans-on.yaml", generate.LEANING.read_text("utf-8"))
    settings = generate.settings_for(json.loads(generate.DOCUMENT.read_text("utf-8")))
    models = importlib.import_module("aiobaseten_generated.models")

    for component, fields in leaning.decides.items():
        model = getattr(models, settings["class_overrides"][component]["class_name"])
        strict = re.findall(r'src_dict\["(\w+)"\]', inspect.getsource(model.from_dict))
        assert {*strict} == fields


def test_an_answer_that_is_refused_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log would list each field of an answer that is something else."""
    misfits.logged.clear()

    with pytest.raises(KeyError):
        get_chain_deployment.operation("ch1", "d1").parse({"error": "no"})

    assert caplog.text == ""


def test_fields_that_the_spec_does_not_know_are_kept() -> None:
    deployment = parse_deployment(colour="blue")

    assert deployment["colour"] == "blue"
    assert deployment.to_dict()["colour"] == "blue"


def test_a_nested_null_is_none() -> None:
    assert Chainlet.from_dict(CHAINLET | {"autoscaling_settings": None}).autoscaling_settings is (
        None
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-20T10:00:00Z", datetime(2026, 8, 20, 10, tzinfo=UTC)),
        ("2026-08-20T10:00:00", datetime(2026, 8, 20, 10, tzinfo=UTC)),
        ("2026-08-20T10:00:00.123456789Z", datetime(2026, 8, 20, 10, 0, 0, 123456, tzinfo=UTC)),
        (
            "2026-08-20T12:00:00+02:00",
            datetime(2026, 8, 20, 12, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_a_time_is_aware_and_utc_unless_it_says_otherwise(text: str, expected: datetime) -> None:
    created_at = parse_deployment(created_at=text).created_at

    assert created_at == expected
    assert created_at.utcoffset() == expected.utcoffset()


# --- enums ---------------------------------------------------------------------------------------


def test_an_enum_value_that_the_spec_does_not_know_still_equals_its_string() -> None:
    status = parse_deployment(status="NO_STATUS_OF_BASETEN").status

    assert isinstance(status, DeploymentStatus)
    assert not status.is_known
    assert status == "NO_STATUS_OF_BASETEN"
    assert status == DeploymentStatus("NO_STATUS_OF_BASETEN")
    assert hash(status) == hash("NO_STATUS_OF_BASETEN")
    assert {"NO_STATUS_OF_BASETEN": 1}[status] == 1
    assert f"{status}" == status.value == "NO_STATUS_OF_BASETEN"
    assert json.dumps({"status": status}) == '{"status": "NO_STATUS_OF_BASETEN"}'
    assert (
        parse_deployment(status="NO_STATUS_OF_BASETEN").to_dict()["status"]
        == "NO_STATUS_OF_BASETEN"
    )


def test_an_unknown_enum_value_does_not_change_the_enum() -> None:
    """A server must not be able to make our classes grow."""
    before = len(DeploymentStatus)

    DeploymentStatus("NO_STATUS_OF_BASETEN")

    assert "NO_STATUS_OF_BASETEN" not in list(DeploymentStatus)
    assert len(DeploymentStatus) == before


def test_a_known_enum_value_is_the_one_member() -> None:
    assert DeploymentStatus("ACTIVE") is DeploymentStatus.ACTIVE
    assert DeploymentStatus.ACTIVE.is_known


@pytest.mark.parametrize("value", ["NO_STATUS_OF_BASETEN", "ACTIVE"])
def test_enum_values_survive_pickling_and_copying(value: str) -> None:
    status = DeploymentStatus(value)
    copies = [pickle.loads(pickle.dumps(status, protocol)) for protocol in range(6)]

    for other in [*copies, copy.copy(status), copy.deepcopy(status)]:
        assert other == status
        assert other.is_known == status.is_known
        assert type(other) is DeploymentStatus


# --- missing fields ------------------------------------------------------------------------------


def test_an_unset_field_stays_unset_in_copies_and_pickles() -> None:
    """A second UNSET would be sent, because `is UNSET` is false for it."""
    for other in (copy.copy(REQUEST), copy.deepcopy(REQUEST), pickle.loads(pickle.dumps(REQUEST))):
        assert other == REQUEST
        assert other.scale_down_previous_deployment is UNSET
        assert other.to_dict() == {"deployment_id": "d1"}


def test_unset_is_false_and_says_its_name() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"


# --- imports -------------------------------------------------------------------------------------


def test_importing_an_operation_imports_only_its_own_models() -> None:
    program = (
        "import sys, aiobaseten_generated.api.chains.promote_chain_deployment\n"
        "print(*sorted(name for name in sys.modules"
        " if name.startswith('aiobaseten_generated.models.') or name == 'httpx'))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert [name.rpartition(".")[2] for name in done.stdout.split()] == [
        "autoscaling_settings",
        "chain_deployment",
        "chainlet",
        "deployment_status",
        "promote_to_chain_environment_request",
    ]


def test_every_model_can_be_imported_from_the_models_package() -> None:
    models = importlib.import_module("aiobaseten_generated.models")

    files = [file for file in Path(str(models.__file__)).parent.glob("*.py") if file.stem[0] != "_"]

    assert len(models.__all__) == len(files)
    for name in models.__all__:
        assert getattr(models, name).__name__ == name
        assert name in dir(models)


def test_an_unknown_model_is_an_attribute_error() -> None:
    models = importlib.import_module("aiobaseten_generated.models")

    with pytest.raises(AttributeError, match="has no attribute 'DeploymentV9'"):
        _ = models.DeploymentV9


# --- shapes that Baseten's spec may get ----------------------------------------------------------


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The one operation of the package that is generated from zoo.yaml."""
    folder = tmp_path_factory.mktemp("zoo")
    document = YAML(typ="safe").load(Path(__file__).with_name("zoo.yaml").read_text("utf-8"))
    (folder / "document.json").write_text(json.dumps(document), "utf-8")
    package = generate.generate(folder / "document.json", folder)
    generate.prove(package)
    package.rename(folder / "zoo_generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        return importlib.import_module("zoo_generated.api.zoo.open_cage")


CAT = {"kind": "CAT", "born": "2026-01-01", "called": {"first": "Tom"}}


def parse_cat(zoo: ModuleType, **changes: object) -> Any:
    (animal,) = zoo.operation("1").parse([CAT | changes])
    return animal


def test_every_shape_survives_a_round_trip(zoo: ModuleType) -> None:
    full = CAT | {
        "born": "2026-01-01T00:00:00+00:00",
        "called": {"digits": 7},
        "died": None,
        "fed": "2026-01-02T00:00:00+00:00",
        "mood": "GRUMPY",
        "alias": {"first": "T"},
        "tags": ["a"],
        "friends": [{"first": "Jerry"}],
        "weights": [1.5, None],
        "home": {"code": 1, "maker": None},
    }

    assert parse_cat(zoo, **full).to_dict() == full
    assert parse_cat(zoo).to_dict() == CAT | {"born": "2026-01-01T00:00:00+00:00"}


def test_of_several_objects_the_first_with_its_required_fields_is_taken(zoo: ModuleType) -> None:
    assert type(parse_cat(zoo, called={"first": "Tom"}).called).__name__ == "Name"
    assert type(parse_cat(zoo, called={"digits": 7}).called).__name__ == "Number"


MISFITS: list[dict[str, Any]] = [
    {"called": {}},
    {"called": "Tom"},
    {"called": None},
    {"alias": 7},
    {"alias": []},
    {"born": "yesterday"},
    {"born": None},
    {"died": "yesterday"},
    {"died": 7},
    {"fed": 7},
    {"mood": 7},
    {"friends": "Jerry"},
    {"friends": ["Jerry", {"first": "T"}, None]},
    {"weights": [1, True, "1", [None]]},
    {"home": []},
    {"home": {"code": "1"}},
    {"home": {"code": True}},
    {"tags": "a"},
    {"tags": [1]},
    {"size": 1.5},
    {"chip": "none"},
    {"day": "Monday"},
]


@pytest.mark.parametrize("changes", MISFITS, ids=str)
def test_a_value_that_fits_no_alternative_is_kept(
    zoo: ModuleType, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    importlib.import_module("zoo_generated.misfits").logged.clear()
    (field,) = changes

    cat = parse_cat(zoo, **changes)

    assert cat.to_dict()[field] == changes[field]
    if not isinstance(changes[field], dict | list) or not changes[field]:
        assert getattr(cat, field) == changes[field]
    assert "An answer does not fit Baseten's spec: " in caplog.text


def test_a_missing_field_is_unset_and_not_written(zoo: ModuleType) -> None:
    unset = importlib.import_module("zoo_generated.types").UNSET

    (cat,) = zoo.operation("1").parse([{"kind": "CAT"}])

    assert cat.born is unset
    assert cat.called is unset
    assert cat.to_dict() == {"kind": "CAT"}


def test_fields_that_fit_are_not_logged(zoo: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    parse_cat(zoo, noise=[None], size="7", alias={"first": "T"}, weights=[1, 1.5, None])

    assert caplog.text == ""


def test_dates_and_ids_survive_a_round_trip(zoo: ModuleType) -> None:
    chip = "01234567-89ab-cdef-0123-456789abcdef"

    cat = parse_cat(zoo, chip=chip, day="2026-01-31", size=7)

    assert (cat.day, cat.chip.hex) == (date(2026, 1, 31), chip.replace("-", ""))
    assert cat.to_dict().items() >= {"chip": chip, "day": "2026-01-31", "size": 7}.items()


def test_a_string_beside_an_object_is_a_string(zoo: ModuleType) -> None:
    assert parse_cat(zoo, alias="Tommy").alias == "Tommy"


def test_an_answer_that_is_not_a_list_raises(zoo: ModuleType) -> None:
    assert zoo.operation("1").parse([]) == []
    with pytest.raises(TypeError, match="must be a list"):
        zoo.operation("1").parse({})


def test_an_optional_body_is_sent_only_if_given(zoo: ModuleType) -> None:
    key = importlib.import_module("zoo_generated.models.key").Key

    assert zoo.operation("1").body is None
    assert zoo.operation("1", body=key()).body == {}
    assert zoo.operation("1", body=key(code=1)).body == {"code": 1}


def test_times_and_enums_in_a_query_become_strings(zoo: ModuleType) -> None:
    kind = importlib.import_module("zoo_generated.models.kind").Kind

    operation = zoo.operation("1", since=datetime(2026, 1, 1, tzinfo=UTC), kinds=[kind("OWL")])

    assert operation.params == {"since": "2026-01-01T00:00:00+00:00", "kinds": ["OWL"]}


def test_a_class_without_words_of_baseten_still_has_a_docstring(zoo: ModuleType) -> None:
    """A class without one has no place in our reference."""
    assert importlib.import_module("zoo_generated.models.name").Name.__doc__ == "Baseten's Name."
