"""The ratings, by kind of change."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import describe_spec_change
from spec.comparing import compare
from spec.rating import Rated, Rating
from spec.report import as_json, as_markdown, as_text
from spec.schema_changes import Change

from .frozen_spec import frozen

DOCUMENT = frozen.document()
PROMOTE = "/v1/models/{model_id}/environments/{env_name}/promote"
LIST = "/v1/models/{model_id}/deployments"
ENVIRONMENT = "/v1/models/{model_id}/environments/{env_name}"
Document = dict[str, Any]

pytestmark = pytest.mark.usefixtures("frozen_openapi")


def described(change: Callable[[Document], object], *, back: bool = False) -> list[Rated]:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    old, new = (changed, DOCUMENT) if back else (DOCUMENT, changed)
    return describe_spec_change.describe(old, new)


def schema(name: str) -> Callable[[Document], Document]:
    return lambda document: document["components"]["schemas"][name]


def field(name: str, key: str, value: object) -> Callable[[Document], object]:
    return lambda document: schema(name)(document)["properties"].__setitem__(key, value)


def within(name: str, key: str, **values: object) -> Callable[[Document], object]:
    return lambda document: schema(name)(document)["properties"][key].update(values)


def required(name: str, key: str) -> Callable[[Document], object]:
    return lambda document: schema(name)(document)["required"].append(key)


def optional(name: str, key: str) -> Callable[[Document], object]:
    return lambda document: schema(name)(document)["required"].remove(key)


def without(name: str, key: str) -> Callable[[Document], object]:
    def remove(document: Document) -> None:
        del schema(name)(document)["properties"][key]
        if key in schema(name)(document).get("required", []):
            schema(name)(document)["required"].remove(key)

    return remove


def both(*changes: Callable[[Document], object]) -> Callable[[Document], object]:
    return lambda document: [change(document) for change in changes]


def enum(name: str) -> Callable[[Document], object]:
    return lambda document: schema(name)(document)["enum"].append("NEW")


def operation(path: str, method: str, **values: object) -> Callable[[Document], object]:
    return lambda document: document["paths"][path][method].update(values)


def parameter(index: int | None, **values: object) -> Callable[[Document], object]:
    def change(document: Document) -> None:
        parameters = document["paths"][LIST]["get"]["parameters"]
        if index is None:
            added = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
            parameters.append(added | values)
        else:
            parameters[index].update(values)

    return change


def moved(path: str, to: str) -> Callable[[Document], object]:
    return lambda document: document["paths"].__setitem__(to, document["paths"].pop(path))


def gone(path: str, method: str) -> Callable[[Document], object]:
    return lambda document: document["paths"][path].pop(method)


NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
STRING, INTEGER = {"type": "string"}, {"type": "integer"}
BODY = {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}
B, D, S, P = Rating.BREAKING, Rating.DECISION, Rating.SAFE, Rating.PROSE
REQUEST = "PromoteToEnvironmentRequestV1"

# By name: the change, its kind, its rating, and the rating of the reverse change.
CHANGES = {
    # --- enums
    "a status": (enum("DeploymentStatusV1"), "enum value added", D, S),
    "a promotion's status": (enum("InProgressPromotionStatusV1"), "enum value added", D, S),
    "another enum": (enum("PromotionCleanupStrategyV1"), "enum value added", S, S),
    # --- responses
    "a field": (field("EnvironmentV1", "region", STRING), "field added", S, D),
    "a required field": (
        both(field("EnvironmentV1", "region", STRING), required("EnvironmentV1", "region")),
        "required field added", D, D,
    ),
    "a field that we read goes": (without("ChainletV1", "status"), "field removed", B, D),
    "another field goes": (without("ChainletV1", "instance_type_name"), "field removed", D, D),
    "a field that we read may be left out": (
        optional("ChainDeploymentV1", "chainlets"), "field became optional", B, D
    ),
    "another field may be left out": (
        optional("DeploymentV1", "created_at"), "field became optional", D, D
    ),
    "a field that we read may be null": (
        field("DeploymentV1", "id", NULLABLE),
        "became nullable", B, S,
    ),
    "another field may be null": (
        field("DeploymentV1", "model_id", NULLABLE), "became nullable", D, S
    ),
    "a field that we read becomes a number": (
        within("ChainletV1", "name", type="integer"), "type changed", B, B
    ),
    "another field becomes a number": (
        within("DeploymentV1", "model_id", type="integer"), "type changed", D, D
    ),
    "a field gets a format": (
        within("DeploymentV1", "created_at", format="date"), "format changed", D, D
    ),
    "the items of a list that we read": (
        within("DeploymentsV1", "deployments", items=STRING), "type changed", B, B
    ),
    "a default of an answer": (
        within("ActivateResponseV1", "success", default=False), "default changed", S, S
    ),
    "a limit of an answer": (
        within("DeploymentV1", "active_replica_count", minimum=0), "limits changed", S, S
    ),
    "a field on its way out": (
        within("DeploymentV1", "is_production", deprecated=True), "field deprecated", D, S
    ),
    # --- requests
    "a field to send": (field(REQUEST, "force", {"type": "boolean"}), "field added", S, S),
    "a field that must be sent": (
        both(field(REQUEST, "force", {"type": "boolean"}), required(REQUEST, "force")),
        "required field added", B, S,
    ),
    "a field that we send must be sent": (
        required(REQUEST, "preserve_env_instance_type"), "field became required", B, S
    ),
    "a field that we send goes": (
        without(REQUEST, "preserve_env_instance_type"), "field removed", B, S
    ),
    "another type of what we send": (
        within(REQUEST, "deployment_id", type="integer"), "type changed", B, B
    ),
    "a default of a request": (
        within(REQUEST, "preserve_env_instance_type", default=False), "default changed", D, D
    ),
    # --- parameters and bodies
    "a parameter": (parameter(None), "parameter added", S, D),
    "a required parameter": (parameter(None, required=True), "required parameter added", B, D),
    "a parameter that must be sent": (
        parameter(1, required=True), "parameter became required", B, S
    ),
    "another type of a parameter": (parameter(1, schema=INTEGER), "type changed", D, D),
    "a body": (operation(ENVIRONMENT, "get", requestBody=BODY), "required body added", B, D),
    # --- operations
    "an operation goes": (gone(PROMOTE, "post"), "operation removed", B, S),
    "an operation moves": (moved(PROMOTE, "/v2/promote/{model_id}/{env_name}"), "moved", B, B),
    "an operation on its way out": (
        operation(PROMOTE, "post", deprecated=True), "operation deprecated", D, S
    ),
    "an operation without a promise": (
        operation(PROMOTE, "post", **{"x-stability": "unstable"}), "stability changed", D, D
    ),
    "another way in": (
        operation(PROMOTE, "post", security=[{"BearerAuth": []}]), "security changed", D, D
    ),
    "another server": (
        operation(PROMOTE, "post", servers=[{"url": "https://x"}]), "servers changed", D, D
    ),
    "another server for all": (
        lambda document: document.update(servers=[{"url": "https://x"}]), "servers changed", D, D
    ),
    "another code": (
        lambda document: document["paths"][PROMOTE]["post"]["responses"].update(
            {"202": document["paths"][PROMOTE]["post"]["responses"].pop("200")}
        ),
        "equal answer removed", S, S,
    ),
    "another answer": (
        lambda document: document["paths"][PROMOTE]["post"]["responses"]["200"]["content"][
            "application/json"
        ].update(schema={"$ref": "#/components/schemas/EnvironmentV1"}),
        "field removed", B, B,
    ),
    "no answer": (
        lambda document: document["paths"][PROMOTE]["post"]["responses"]["200"].pop("content"),
        "body of the answer removed", B, S,
    ),
    # --- the rest
    "words": (within("DeploymentV1", "id", description="An id."), "prose", P, P),
    "words about an operation": (operation(PROMOTE, "post", summary="Promote"), "prose", P, P),
    "what nobody knows": (within("DeploymentV1", "id", contentEncoding="base64"), "other", D, D),
}  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "there", "back"), CHANGES.values(), ids=CHANGES)
def test_each_kind_of_change_and_its_reverse_have_a_rating(
    change: Callable[[Document], object], kind: str, there: Rating, back: Rating
) -> None:
    """Only the worst rating is compared: one change may cause others."""
    found = described(change)

    assert found
    assert found[0].rating is there
    assert any(kind in one.change.kind and one.rating is there for one in found), found
    assert described(change, back=True)[0].rating is back


def test_equal_documents_have_no_changes() -> None:
    assert described(lambda document: None) == []
    assert as_text([]) == as_markdown([]) == ("No change that users of the facade can notice.\n")


def test_a_renamed_path_parameter_is_safe() -> None:
    """Our arguments have their own names."""

    def rename(document: Document) -> None:
        text = json.dumps(document["paths"].pop(ENVIRONMENT)).replace("env_name", "environment")
        document["paths"][ENVIRONMENT.replace("env_name", "environment")] = json.loads(text)

    (only,) = described(rename)

    assert (only.change.kind, only.rating) == ("path parameter renamed", S)


def test_a_new_default_in_request_and_response_counts_as_request() -> None:
    def share(document: Document) -> None:
        answer = document["components"]["schemas"]["SignalPromotionResponseV1"]
        answer["properties"]["echo"] = {"$ref": f"#/components/schemas/{REQUEST}"}

    old, new = copy.deepcopy(DOCUMENT), copy.deepcopy(DOCUMENT)
    share(old)
    share(new)
    schema(REQUEST)(new)["properties"]["preserve_env_instance_type"]["default"] = False

    (only,) = describe_spec_change.describe(old, new)

    assert only.rating is D
    assert only.change.directions == {"sent", "answered"}
    assert "Update CHANGELOG.md" in only.because


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    for key, item in items:
        if isinstance(item, (dict, list)):
            found += places(item, (*path, key))
        else:
            found.append((*path, key))
    return found


PLACES = [place for place in places(DOCUMENT["components"]["schemas"]) if len(place) > 2]


@given(place=st.sampled_from(PLACES))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_removal_is_reported(place: tuple[str | int, ...]) -> None:
    changed = copy.deepcopy(DOCUMENT)
    parent = changed["components"]["schemas"]
    for key in place[:-1]:
        parent = parent[key]
    del parent[place[-1]]

    assert compare(DOCUMENT, changed)
    assert compare(changed, DOCUMENT)


# --- the report ----------------------------------------------------------------------------------


def several(document: Document) -> None:
    for change in ("a field that we read goes", "a status", "a field", "words"):
        CHANGES[change][0](document)


def test_the_worst_change_comes_first_and_each_has_a_next_step() -> None:
    text = as_text(described(several))

    assert text.startswith("Breaking: 1, needs a decision: 1, safe: 1, prose only: 1.\n")
    assert re.findall(r"^[A-Z].*", text, re.MULTILINE)[1:] == [
        "Breaking", "Needs a decision", "Safe", "Prose only",
    ]  # fmt: skip
    assert "Add it to PROMOTION_STATUSES" not in text
    assert "Add it to DEPLOYMENT_STATUSES in src/aiobaseten/_status.py." in text


def test_markdown_keeps_text_of_baseten_inside_its_cell() -> None:
    """In a pull request it must not make mentions, markup or columns."""
    value = "<img src=x> | @everyone\n# Title"
    text = as_markdown(
        described(lambda document: schema("DeploymentStatusV1")(document)["enum"].append(value))
    )

    assert "&lt;img src=x> &#124; &#64;everyone # Title" in text
    assert "@" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5}


def test_the_difference_of_two_long_values_is_shown() -> None:
    common = "string or " * 20
    change = Change("other", "ChainletV1", f"{common}old", f"{common}new")

    shown = as_text([Rated(change, Rating.DECISION, "Read it.")])

    assert "old" in shown
    assert "new" in shown
    assert len(shown.splitlines()[3]) < 200


def test_places_of_prose_are_listed_by_schema_if_there_are_many() -> None:
    def shown(number: int) -> str:
        changes = [
            Rated(Change("prose", f"A{n % 30}.f{n}"), Rating.PROSE, "") for n in range(number)
        ]
        return as_text(changes).splitlines()[-1].strip()

    assert shown(2) == "A0.f0, A1.f1"
    assert shown(300).startswith("A0, A1, A2, ")
    assert shown(300).endswith(" and 18 more places")


def test_changes_of_the_same_meaning_share_one_sentence() -> None:
    """Of twenty new values and ten new fields only one line and one sentence each need reading."""

    def many(document: Document) -> None:
        components = document["components"]["schemas"]
        components["CancelPromotionStatusV1"]["enum"] += [f"NEW_{n}" for n in range(20)]
        for name in ("DeploymentV1", "EnvironmentV1"):
            components[name]["properties"]["added"] = {"type": "string"}

    changes = described(many)

    _, _, safe = as_text(changes).partition("\nSafe\n")
    values, closed, *fields = [line.strip() for line in safe.splitlines()]
    assert values.startswith("CancelPromotionStatusV1: enum values added: NEW_0, NEW_1, ")
    assert values.endswith(" and 8 more values")
    assert closed == "Our enums are open: an unknown value is no error."
    assert fields[:2] == [
        f"{one}.added: field added: string" for one in ("DeploymentV1", "EnvironmentV1")
    ]
    assert len(fields) == 3
    assert len(json.loads(as_json(changes))["changes"]) == 22
    rows = [line for line in as_markdown(changes).splitlines() if line.startswith("| `")]
    assert len(rows) == 3


def test_json_is_complete() -> None:
    found = json.loads(as_json(described(several)))

    assert found["worst"] == "breaking"
    assert found["changes"][0] == {
        "rating": "breaking",
        "kind": "field removed",
        "place": "ChainletV1.status",
        "before": "DeploymentStatusV1",
        "after": None,
        "because": "The facade reads it. Adapt src/aiobaseten and openapi/leans-on.yaml first.",
        "directions": ["answered"],
        "operations": found["changes"][0]["operations"],
    }
    assert "get_chain_environment" in found["changes"][0]["operations"]


@pytest.mark.parametrize(
    ("change", "status"),
    [("words", 0), ("a field", 0), ("a status", 3), ("an operation goes", 4)],
)
def test_the_exit_status_shows_the_worst_rating(
    change: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = copy.deepcopy(DOCUMENT)
    CHANGES[change][0](changed)
    files = [tmp_path / "old.json", tmp_path / "new.json"]
    for file, document in zip(files, (DOCUMENT, changed), strict=True):
        file.write_text(json.dumps(document), "utf-8")

    assert describe_spec_change.main(["--severity", *map(str, files)]) == status
    assert describe_spec_change.main([*map(str, files)]) == 0
    assert capsys.readouterr().out


def test_a_whole_spec_is_compared_as_the_document_it_would_become(
    whole: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del whole["paths"][PROMOTE]
    whole["components"]["schemas"]["ChainletV1"]["properties"]["port"] = INTEGER
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(whole), "utf-8")

    (tmp_path / "old.json").write_text(frozen.text(), "utf-8")
    files = [str(tmp_path / "old.json"), str(file)]

    assert describe_spec_change.main(["--format", "json", *files]) == 0

    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [(one["kind"], one["place"]) for one in changes] == [
        ("operation removed", f"post {PROMOTE}"),
        ("field added", "ChainletV1.port"),
    ]


def test_a_revision_is_read_as_its_document(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = copy.deepcopy(DOCUMENT)
    CHANGES["a field"][0](changed)
    (repository / "openapi" / "baseten.json").write_text(json.dumps(changed), "utf-8")

    assert describe_spec_change.main(["HEAD", str(repository / "openapi" / "baseten.json")]) == 0
    assert "EnvironmentV1.region: field added: string" in capsys.readouterr().out
    assert describe_spec_change.main([""]) == 1
    assert describe_spec_change.main(["no-such-revision"]) == 1
    assert "no-such-revision is neither a file nor a git revision" in capsys.readouterr().err
