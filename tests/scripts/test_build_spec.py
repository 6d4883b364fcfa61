"""Building one OpenAPI document from Baseten's pages and our overlay."""

import json
import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from ruamel.yaml import YAML

import build_spec
from spec.document import build_document
from spec.node import Json, JsonObject, Node, SpecError
from spec.sources import dates_in

from .frozen_spec import frozen

PROMOTE = "endpoints/promote_chain_deployment.md"
CANCEL = "endpoints/cancel_promotion.md"
SEEDS = {name: (frozen.OPENAPI / name).read_text("utf-8") for name in (PROMOTE, CANCEL)}
OVERLAY = dedent("""\
    document: {title: Baseten, version: '1', server: 'https://api.baseten.co'}
    operations:
      post /v1/chains/{chain_id}/environments/{env_name}/promote:
        {id: promote_chain_deployment, tag: chains}
      post /v1/models/{model_id}/environments/{env_name}/cancel_promotion:
        {id: cancel_promotion, tag: models}
    conflicts: {}
    """)

# A plain fragment with one operation, and its decision.
PLAIN = dedent("""\
    openapi: 3.1.0
    servers: [{url: 'https://api.baseten.co'}]
    security: [{Key: []}]
    paths:
      /things/{thing_id}:
        parameters: [{$ref: '#/components/parameters/thing_id'}]
        get:
          summary: Get a thing
          responses:
            '200':
              description: The thing.
              content:
                application/json:
                  schema: {$ref: '#/components/schemas/Thing'}
    components:
      parameters:
        thing_id: {name: thing_id, in: path, required: true, schema: {type: string}}
      schemas:
        Thing:
          type: object
          properties:
            colour: {type: string, enum: [RED, BLUE]}
          required: [colour]
      securitySchemes:
        Key: {type: apiKey, in: header, name: Authorization}
    """)
PLAIN_OVERLAY = dedent("""\
    document: {title: Things, version: '1', server: 'https://api.baseten.co'}
    operations:
      get /things/{thing_id}: {id: get_thing, tag: things}
    conflicts: {}
    """)
COMPONENTS = "openapi: 3.1.0\ncomponents: {schemas: {Thing: %s}}\n"


def build(files: dict[str, str], overlay: str) -> JsonObject:
    return build_document(files, ("overlay.yaml", overlay))


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) >= 1, f"the text to change is not there: {old!r}"
    return text.replace(old, new)


def at(document: Json, *keys: str) -> Json:
    node = Node("", document)
    for key in keys:
        node = node.entries()[key]
    return node.value


def without_prose(value: Json) -> Json:
    if isinstance(value, list):
        return [without_prose(item) for item in value]
    if isinstance(value, dict):
        prose = ("description", "title", "summary")
        return {key: without_prose(item) for key, item in value.items() if key not in prose}
    return value


# --- the result ----------------------------------------------------------------------------------


def test_pages_of_2025_are_translated_to_openapi() -> None:
    expected = YAML(typ="safe").load(Path(__file__).with_name("seeds.yaml").read_text("utf-8"))

    assert without_prose(build(SEEDS, OVERLAY)) == expected


def test_the_title_of_a_page_is_its_second_heading() -> None:
    document = build(SEEDS, OVERLAY)

    promote = "/v1/chains/{chain_id}/environments/{env_name}/promote"
    assert at(document, "paths", promote, "post", "summary") == "Promote to chain environment"
    abstract = at(document, "paths", promote, "post", "description")
    assert str(abstract).startswith("Promotes an existing chain deployment")


def test_other_keys_of_a_page_of_2025_are_kept() -> None:
    """The two vendored pages have none of them."""
    page = changed(SEEDS[CANCEL], "deprecated: false", "deprecated: true")
    page = changed(
        page,
        "            - type: string\n",
        "            - type: string\n              description: Which.\n",
    )
    page = changed(
        page,
        "            requiredProperties:\n              - status\n              - message\n",
        "",
    )

    document = build({**SEEDS, CANCEL: page}, OVERLAY)

    cancel = "/v1/models/{model_id}/environments/{env_name}/cancel_promotion"
    operation = at(document, "paths", cancel, "post")
    assert at(operation, "deprecated") is True
    parameters = at(operation, "parameters")
    assert isinstance(parameters, list)
    assert [at(parameter, "description") for parameter in parameters] == ["Which.", "Which."]
    answer = at(document, "components", "schemas", "CancelPromotionResponseV1")
    assert isinstance(answer, dict)
    assert "required" not in answer


def test_a_component_may_refer_to_itself() -> None:
    text = changed(
        PLAIN, "colour: {type", "parts: {$ref: '#/components/schemas/Thing'}\n        colour: {type"
    )

    schemas = at(build({"plain.yaml": text}, PLAIN_OVERLAY), "components", "schemas")

    assert isinstance(schemas, dict)
    assert schemas.keys() == {"Thing"}


def test_a_deprecated_operation_stays_deprecated() -> None:
    text = changed(PLAIN, "summary: Get a thing", "deprecated: true")

    document = build({"plain.yaml": text}, PLAIN_OVERLAY)

    assert at(document, "paths", "/things/{thing_id}", "get", "deprecated") is True


def test_the_order_of_files_makes_no_difference() -> None:
    files, overlay = build_spec.read_openapi(build_spec.OPENAPI)
    dates = dates_in(build_spec.sources_of(build_spec.OPENAPI))
    shuffled = dict(sorted(files.items(), key=lambda item: item[1]))
    assert list(shuffled) != list(files)

    document = build_spec.document_text(files, overlay, dates)

    assert build_spec.document_text(shuffled, overlay, dates) == document


def test_security_of_a_whole_file_becomes_security_of_each_operation() -> None:
    """The generator reads only the security of operations."""
    document = build({"plain.yaml": PLAIN}, PLAIN_OVERLAY)

    assert at(document, "paths", "/things/{thing_id}", "get", "security") == [{"Key": []}]
    assert "security" not in document


def test_shared_parameters_are_written_out() -> None:
    document = build({"plain.yaml": PLAIN}, PLAIN_OVERLAY)

    item = at(document, "paths", "/things/{thing_id}")
    assert isinstance(item, dict)
    assert item.keys() == {"get"}
    assert at(item, "get", "parameters") == [
        {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]


def test_a_parameter_of_an_operation_overrides_the_one_of_the_path() -> None:
    text = changed(
        PLAIN,
        "summary: Get a thing\n",
        "parameters: [{name: thing_id, in: path, required: true, schema: {type: integer}}]\n",
    )

    document = build({"plain.yaml": text}, PLAIN_OVERLAY)

    assert at(document, "paths", "/things/{thing_id}", "get", "parameters") == [
        {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    ]


def test_a_newer_page_is_read_like_its_fragment() -> None:
    """Since 2026 a page holds real OpenAPI, below a banner, with a spec's name in its fence."""
    banner = "> ## Documentation Index\n> Fetch it first.\n\n"
    example = '```json 400 theme={"system"}\n{"code": "VALIDATION_ERROR"}\n```\n'
    fence = f"````yaml get /things/{{thing_id}}\n{PLAIN}\n````\n"
    named = f"````yaml spec.json GET /things/{{thing_id}}\n{PLAIN}\n````"

    expected = build({"plain.yaml": PLAIN}, PLAIN_OVERLAY)
    for page in (f"{banner}# Get a thing\n\n{example}\n{fence}", f"# Get a thing\n\n{named}"):
        assert build({"page.md": page}, PLAIN_OVERLAY) == expected


def test_servers_of_a_path_are_kept() -> None:
    servers = "servers: [{url: 'https://{m}.api.baseten.co', variables: {m: {default: m}}}]"
    text = changed(PLAIN, "    parameters: [{$ref", f"    {servers}\n    parameters: [{{$ref")

    document = build({"plain.yaml": text}, PLAIN_OVERLAY)

    assert at(document, "servers") == [{"url": "https://api.baseten.co"}]
    assert at(document, "paths", "/things/{thing_id}", "get", "servers") == [
        {"url": "https://{m}.api.baseten.co", "variables": {"m": {"default": "m"}}}
    ]


def test_examples_of_bodies_are_dropped_because_they_are_placeholders() -> None:
    text = changed(
        PLAIN, "application/json:\n", "application/json:\n              example: <string>\n"
    )

    assert build({"plain.yaml": text}, PLAIN_OVERLAY) == build({"plain.yaml": PLAIN}, PLAIN_OVERLAY)


def test_an_unused_component_is_dropped() -> None:
    files = {"plain.yaml": PLAIN, "more.yaml": changed(COMPONENTS, "Thing", "Other") % "{}"}

    schemas = at(build(files, PLAIN_OVERLAY), "components", "schemas")

    assert isinstance(schemas, dict)
    assert schemas.keys() == {"Thing"}


def test_enum_values_that_are_booleans_in_yaml_1_1_stay_strings() -> None:
    text = changed(PLAIN, "[RED, BLUE]", "[ON, NO]")

    document = build({"plain.yaml": text}, PLAIN_OVERLAY)

    colour = at(document, "components", "schemas", "Thing", "properties", "colour")
    assert at(colour, "enum") == ["ON", "NO"]


# --- refused input -------------------------------------------------------------------------------

DIALECT_ERRORS = {
    "another kind of page": ("  type: path\n", "  type: webhook\n", "expected 'path'"),
    "no title": ("# Promote to chain", "Promote to chain", "the page has no title"),
    "an unknown key": ("  type: path\n", "  type: path\n  webhooks: {}\n", "'webhooks'"),
    "an unknown key deep down": (
        "            requiredProperties:",
        "            sealed: true\n            requiredProperties:",
        "/paths/request/body/application~1json/schemaArray/0: unknown key 'sealed'",
    ),
    "a fence with another path": ("promote\npaths:", "demote\npaths:", "the fence names"),
    "a fence with another method": ("yaml post", "yaml get", "the fence names get"),
    "no fence": ("````yaml", "````json", "found none"),
    "two schemas": (
        "- type: object\n            properties:\n              scale",
        "- {}\n          - type: object\n            properties:\n              scale",
        "/schemaArray: expected exactly one entry, found 2",
    ),
    "two parameter schemas": (
        "        chain_id:\n          schema:\n",
        "        chain_id:\n          schema:\n            - type: integer\n",
        "/chain_id/schema: expected exactly one entry, found 2",
    ),
    "a property without its wrapping": (
        "deployment_id:\n                allOf:",
        "deployment_id:\n                oneOf:",
        "deployment_id: unknown key 'oneOf'",
    ),
    "a sibling of the wrapping": (
        "              deployment_id:\n                allOf:",
        "              deployment_id:\n                nullable: true\n                allOf:",
        "unknown key 'nullable'",
    ),
    "a body that is no object": (
        "          - type: object\n            properties:\n              id:",
        "          - type: array\n            properties:\n              id:",
        "expected 'object', found 'array'",
    ),
    "another kind of key": ("type: apiKey", "type: oauth2", "expected 'apiKey', found 'oauth2'"),
    "a key in the query": (
        "          query: {}\n          header:",
        "          query: {key: {}}\n          header:",
        "/query: expected {}",
    ),
    "a body that is no component": (
        "            refIdentifier: '#/components/schemas/ChainDeploymentV1'\n",
        "",
        "the key 'refIdentifier' is missing",
    ),
    "a body that is a component elsewhere": (
        "refIdentifier: '#/components/schemas/ChainDeploymentV1'",
        "refIdentifier: '#/definitions/ChainDeploymentV1'",
        "expected a reference to #/components/schemas/",
    ),
    "a component twice, differently": (
        "#/components/schemas/ChainDeploymentV1",
        "#/components/schemas/ChainletV1",
        "defines ChainletV1 twice",
    ),
    "a dangling reference": (
        "$ref: '#/components/schemas/ChainletV1'",
        "$ref: '#/components/schemas/ChainletV2'",
        "nothing defines #/components/schemas/ChainletV2",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), DIALECT_ERRORS.values(), ids=DIALECT_ERRORS)
def test_unsupported_content_of_a_page_of_2025_is_named_with_its_place(
    old: str, new: str, said: str
) -> None:
    files = {**SEEDS, PROMOTE: changed(SEEDS[PROMOTE], old, new)}

    with pytest.raises(SpecError, match=re.escape(said)) as caught:
        build(files, OVERLAY)

    assert str(caught.value).startswith(f"{PROMOTE}: /")


PLAIN_ERRORS = {
    "null for a string": ("Get a thing", "null", "summary: expected a string, found null"),
    "a mapping for a string": ("Get a thing", "{}", "summary: expected a string, found a mapping"),
    "a string for a list": ("[colour]", "colour", "required: expected a list, found 'colour'"),
    "a string for a flag": (
        "summary: Get a thing", "deprecated: maybe", "expected true or false, found 'maybe'"
    ),
    "a list for a mapping": (
        "{type: string, enum: [RED, BLUE]}", "[RED]", "colour: expected a mapping, found a list"
    ),
    "an unknown key of the items of a list": (
        "enum: [RED, BLUE]", "items: {nullable: true}", "colour/items: unknown key 'nullable'"
    ),
    "a required field without a name": ("[colour]", "[1]", "/required/0: expected a string"),
    "scopes that are no list": ("{Key: []}", "{Key: all}", "/security/0/Key: expected a list"),
    "an unknown key of a server": ("'https://api.baseten.co'", "a, name: b", "unknown key 'name'"),
    "another version of OpenAPI": ("3.1.0", "3.0.3", "/openapi: expected OpenAPI 3.1"),
    "an unknown key at the top": ("openapi:", "webhooks: {}\nopenapi:", "unknown key 'webhooks'"),
    "an unknown method": ("    get:", "    fetch:", "unknown key 'fetch'"),
    "an unknown key of an operation": ("summary:", "retries: {}\n      summary:", "'retries'"),
    "an unknown key of a schema": ("required: [colour]", "nullable: true", "key 'nullable'"),
    "a constant that is no string": (
        "enum: [RED, BLUE]", "const: 1", "/colour/const: expected a string"
    ),
    "an enum value that is no string": (
        "BLUE", "1", "/components/schemas/Thing/properties/colour/enum/1: expected a string"
    ),
    "a date": ("Get a thing", "2026-08-20", "quote it"),
    "a key that is a number": ("'200'", "200", "the key 200 is not a string"),
    "an infinite number": ("[RED, BLUE]", "[RED], default: .inf", "inf is not a number in JSON"),
    "a key twice": ("summary:", "summary: One\n      summary:", "duplicate key"),
    "an alias": ("summary: Get a thing", "summary: &x Get\n      description: *x", "aliases"),
    "no YAML": ("paths:", "paths: }", "not readable as YAML"),
    "something else than JSON": (
        "application/json", "text/plain", "only application/json is supported"
    ),
    "no answer for success": (
        "        '200':", "        '404':", "expected a response for success"
    ),
    "a parameter in a header": (
        "in: path", "in: header", "parameters in 'header' are not supported"
    ),
    "a parameter that the path does not have": (
        "/things/{thing_id}:", "/things/{id}:", "needs ['id'], but ['thing_id'] are"
    ),
    "a parameter that nobody defines": ("parameters/thing_id'", "parameters/x'", "nothing defines"),
    "a reference to elsewhere": ("#/components/schemas/Thing", "./x.yaml", "expected a reference"),
    "no security": ("security: [{Key: []}]\n", "", "has `security`"),
    "security that nobody defines": ("{Key: []}", "{Lock: []}", "the security scheme Lock"),
    "another kind of security": ("apiKey", "mutualTLS", "'mutualTLS' is not supported"),
    "no server": ("servers: [{url: 'https://api.baseten.co'}]\n", "", "names a server"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), PLAIN_ERRORS.values(), ids=PLAIN_ERRORS)
def test_unsupported_content_of_a_fragment_is_named_with_its_place(
    old: str, new: str, said: str
) -> None:
    overlay = PLAIN_OVERLAY.replace("{thing_id}", "{id}") if "{id}" in new else PLAIN_OVERLAY

    with pytest.raises(SpecError, match=re.escape(said)) as caught:
        build({"plain.yaml": changed(PLAIN, old, new)}, overlay)

    assert str(caught.value).startswith("plain.yaml: /")


def test_an_operation_in_two_files_is_refused_and_both_are_named() -> None:
    with pytest.raises(SpecError, match=r"b\.yaml: .* also described in a\.yaml"):
        build({"b.yaml": PLAIN, "a.yaml": PLAIN}, PLAIN_OVERLAY)


def test_a_file_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SpecError, match=r"plain\.txt: /: expected a page"):
        build({"plain.txt": PLAIN}, PLAIN_OVERLAY)


def test_an_error_that_only_the_validator_finds_is_refused() -> None:
    text = changed(PLAIN, "colour: {type: string,", "colour: {type: sting,")

    with pytest.raises(SpecError, match="not valid OpenAPI"):
        build_spec.document_text({"plain.yaml": text}, ("overlay.yaml", PLAIN_OVERLAY))


# --- conflicts and decisions ---------------------------------------------------------------------

NEWER = COMPONENTS % (
    "{type: object, properties: {colour: {type: integer}, size: {type: string}}, "
    "required: [colour]}"
)
WINNER = "conflicts: {schemas/Thing: {winner: newer.yaml, reason: It is newer.}}\n"


def test_a_conflict_lists_every_difference_and_both_files() -> None:
    with pytest.raises(SpecError) as caught:
        build({"plain.yaml": PLAIN, "newer.yaml": NEWER}, PLAIN_OVERLAY)

    assert str(caught.value).splitlines() == [
        "newer.yaml: /components/schemas/Thing: plain.yaml defines schemas/Thing differently:",
        "  /properties/colour/enum only in plain.yaml",
        '  /properties/colour/type: "integer" in newer.yaml, "string" in plain.yaml',
        "  /properties/size only in newer.yaml",
        "Say under `conflicts` in overlay.yaml which file wins, and why.",
    ]


def test_the_order_of_required_is_not_a_conflict() -> None:
    pair = "{anyOf: [{properties: {a: {}, b: {}}, required: [%s]}]}"
    files = {
        "plain.yaml": changed(PLAIN, "schemas/Thing'", "schemas/Pair'"),
        "a.yaml": changed(COMPONENTS, "Thing", "Pair") % pair % "a, b",
        "b.yaml": changed(COMPONENTS, "Thing", "Pair") % pair % "b, a",
    }

    document = build(files, PLAIN_OVERLAY)

    assert at(document, "components", "schemas", "Pair", "anyOf") == [
        {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]}
    ]


def test_the_overlay_names_the_winner_of_a_conflict() -> None:
    overlay = changed(PLAIN_OVERLAY, "conflicts: {}\n", WINNER)

    document = build({"plain.yaml": PLAIN, "newer.yaml": NEWER}, overlay)

    properties = at(document, "components", "schemas", "Thing", "properties")
    assert properties == {"colour": {"type": "integer"}, "size": {"type": "string"}}


@pytest.mark.parametrize("date", ["2025-01-01", "2026-08-22"])
def test_a_date_decides_between_definitions_of_baseten_and_never_against_ours(date: str) -> None:
    dates = {"plain.yaml": "2026-05-08", "newer.yaml": date}

    document = build_document(
        {"plain.yaml": PLAIN, "newer.yaml": NEWER}, ("overlay.yaml", PLAIN_OVERLAY), dates
    )

    properties = at(document, "components", "schemas", "Thing", "properties")
    assert ("size" in properties) == (date > dates["plain.yaml"])  # type: ignore[operator]
    with pytest.raises(SpecError, match="which file wins"):
        build_document(
            {"plain.yaml": PLAIN, "ours.yaml": NEWER}, ("overlay.yaml", PLAIN_OVERLAY), dates
        )


OVERLAY_ERRORS = {
    "a conflict that is none": ("conflicts: {}\n", WINNER, "no conflict about schemas/Thing"),
    "an operation that is none": (
        "conflicts:", "  get /x: {id: x, tag: x}\nconflicts:", "no file describes get /x"
    ),
    "an operation left out": (
        "get /things/{thing_id}: {id: get_thing, tag: things}", "{}", "has no entry"
    ),
    "an id that is no name": ("id: get_thing", "id: ../thing", "cannot be the name of a module"),
    "an unknown key": ("tag: things", "tag: things, retry: true", "unknown key 'retry'"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), OVERLAY_ERRORS.values(), ids=OVERLAY_ERRORS)
def test_an_unused_decision_and_a_missing_decision_are_refused(
    old: str, new: str, said: str
) -> None:
    with pytest.raises(SpecError, match=re.escape(said)) as caught:
        build({"plain.yaml": PLAIN}, changed(PLAIN_OVERLAY, old, new))

    assert str(caught.value).startswith("overlay.yaml: /")


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("{winner: third.yaml, reason: It is newer.}", "third.yaml does not define it"),
        ("{winner: newer.yaml}", "the key 'reason' is missing"),
    ],
)
def test_a_winner_must_define_the_component_and_have_a_reason(decision: str, said: str) -> None:
    overlay = changed(PLAIN_OVERLAY, "{}\n", f"{{schemas/Thing: {decision}}}\n")

    with pytest.raises(SpecError, match=re.escape(said)):
        build({"plain.yaml": PLAIN, "newer.yaml": NEWER}, overlay)


def test_an_id_cannot_be_given_twice() -> None:
    overlay = changed(OVERLAY, "id: cancel_promotion", "id: promote_chain_deployment")

    with pytest.raises(SpecError, match="promote_chain_deployment is taken"):
        build(SEEDS, overlay)


# --- the files of this repository ----------------------------------------------------------------


def test_each_endpoint_file_is_named_after_its_operation() -> None:
    document = json.loads(build_spec.DOCUMENT.read_text("utf-8"))
    ids = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
    }

    assert {file.stem for file in (build_spec.OPENAPI / "endpoints").iterdir()} == ids


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of openapi/."""
    copy = tmp_path / "openapi"
    shutil.copytree(frozen.OPENAPI, copy)
    (copy / "baseten.json").write_text(frozen.text(), "utf-8")
    monkeypatch.setattr(build_spec, "OPENAPI", copy)
    monkeypatch.setattr(build_spec, "DOCUMENT", copy / "baseten.json")
    return copy


def test_the_check_passes_on_a_current_document_and_changes_nothing(repository: Path) -> None:
    assert build_spec.main(["--check"]) == 0


def test_the_check_fails_on_a_stale_document_and_says_what_to_do(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = repository / "baseten.json"
    document.write_text(document.read_text("utf-8") + "\n", "utf-8")
    stale = document.read_text("utf-8")

    assert build_spec.main(["--check"]) == 1

    assert "make generate" in capsys.readouterr().err
    assert document.read_text("utf-8") == stale


def test_building_replaces_a_stale_document(repository: Path) -> None:
    (repository / "baseten.json").unlink()

    assert build_spec.main([]) == 0

    assert build_spec.main(["--check"]) == 0


def test_an_invalid_spec_leaves_the_document_unchanged(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (repository / "baseten.json").read_text("utf-8")
    (repository / "endpoints" / "wake_deployment.yaml").unlink()

    assert build_spec.main([]) == 1

    assert "no file describes post /deployment/{deployment_id}/wake" in capsys.readouterr().err
    assert (repository / "baseten.json").read_text("utf-8") == before
