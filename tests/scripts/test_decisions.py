"""Decisions that notice: an entry of the overlay says about which published state it was taken."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import build_spec
import check_words
import describe_spec_change
import refresh_spec
from spec.document import build_with, published_document, published_subjects
from spec.edition import Edition, describe_editions, without_published
from spec.node import Node, SpecError
from spec.overlay import read_overlay
from spec.pins import Subject, changed_under, fingerprint, shape
from spec.sources import dates_in
from spec.whole import take

from .frozen_spec import frozen

Whole = dict[str, Any]
CHAINS = "/v1/chains/{chain_id}/environments/{env_name}"
DEACTIVATE = "/v1/chains/{chain_id}/deployments/{chain_deployment_id}/deactivate"


def schemas(whole: Whole) -> Whole:
    found: Whole = whole["components"]["schemas"]
    return found


def refreshed(folder: Path, whole: Whole, status: int = 0) -> None:
    (folder / "spec.json").write_text(json.dumps(whole), "utf-8")
    assert refresh_spec.main([str(folder / "spec.json")]) == status


def pin_all(repository: Path, whole: Whole, tmp_path: Path) -> None:
    """Refresh once, and write under each entry about which state it is."""
    refreshed(tmp_path, whole)
    folder = repository / "openapi"
    texts, named = build_spec.read_openapi(folder)
    overlay = read_overlay(*named)
    text = named[1]
    for subject in published_subjects(texts, overlay, {}):
        about = f"about: 2026-08-22 {fingerprint(subject.now)}"
        kind = subject.entry.place.rpartition("/")[2]
        entry = f"  - {kind}: {subject.name}\n"
        text = text.replace(entry, f"{entry}    {about}\n", 1)
    (folder / "overlay.yaml").write_text(text, "utf-8")
    build_spec.main([])


# --- changed under an entry ----------------------------------------------------------------------


def add_it_with_another_type(whole: Whole) -> None:
    """Baseten publishes a field that our entry adds, and means something else by it."""
    request = schemas(whole)["PromoteToEnvironmentRequestV1"]["properties"]
    request["environment_settings_update"] = {"type": "array", "items": {"type": "string"}}


def change_what_is_left_out(whole: Whole) -> None:
    schemas(whole)["EnvironmentV1"]["properties"]["autoscaling_schedules"] = {"type": "string"}


def correct_the_answer(whole: Whole) -> None:
    answer = whole["paths"]["/v1/chains/{chain_id}/environments"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/EnvironmentV1"}


def change_what_is_made_optional(whole: Whole) -> None:
    schemas(whole)["ChainEnvironmentV1"]["properties"]["chain_id"] = {"type": "integer"}


def leave_it_out_too(whole: Whole) -> None:
    """Baseten no longer publishes it, and the build refuses the entry."""
    del schemas(whole)["EnvironmentV1"]["properties"]["autoscaling_schedules"]


UNDER = {
    "a field that we add": (
        add_it_with_another_type,
        "PromoteToEnvironmentRequestV1.environment_settings_update",
    ),
    "a field that we leave out": (change_what_is_left_out, "EnvironmentV1.autoscaling_schedules"),
    "an answer that we replace": (correct_the_answer, "list_chain_environments"),
    "a field that we make optional": (
        change_what_is_made_optional,
        "ChainEnvironmentV1.chain_id",
    ),
}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("change", "name"), UNDER.values(), ids=UNDER)
def test_a_change_under_an_entry_is_reported_with_both_sides_and_asks(
    change: Callable[[Whole], None],
    name: str,
    repository: Path,
    whole: Whole,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Although our entry hides it, so that the documents do not differ."""
    pin_all(repository, whole, tmp_path)
    capsys.readouterr()
    change(whole)

    refreshed(tmp_path, whole)

    said = capsys.readouterr().out
    decisions = said.partition("Needs a decision\n")[2].partition("\nSafe\n")[0]
    assert f"{name}: changed under an entry of the overlay: " in decisions
    # Nor are the consequences of another answer.
    assert "list_chain_environments" not in said.partition("\nSafe\n")[2].partition("\nProse")[0]
    found = re.search(r"about: (\d{4}-\d\d-\d\d) ([0-9a-f]{12})", decisions)
    assert found is not None
    # `make check` asks, too, until somebody writes the new hash under the entry.
    assert build_spec.main(["--check"]) == 1
    assert f"{name}: Baseten changed it under our entry. It is now " in capsys.readouterr().err
    overlay = repository / "openapi" / "overlay.yaml"
    before, entry, after = overlay.read_text("utf-8").partition(f": {name}\n")
    after = re.sub(r"about: .*", f"about: {found[1]} {found[2]}", after, count=1)
    overlay.write_text(before + entry + after, "utf-8")
    assert build_spec.main(["--check"]) == 0


@pytest.mark.usefixtures("quick")
def test_both_sides_of_a_change_under_an_entry_are_shown(
    repository: Path, whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin_all(repository, whole, tmp_path)
    add_it_with_another_type(whole)

    refreshed(tmp_path, whole)

    said = capsys.readouterr().out
    assert 'overlay: not published → {"schema": {"items": ' in said


def test_a_change_inside_an_open_decision_is_not_called_safe() -> None:
    published = frozen.document()
    schemas(published)["ChainletV1"]["properties"]["id"] = {"type": "integer"}
    entry = Node("overlay.yaml", "ours.yaml", "/conflicts/schemas~1ChainletV1/winner")
    files = frozenset({"components.yaml"})
    subject = Subject(entry, "schemas/ChainletV1", files, {}, ("2026-08-22 0123456789ab",))
    old = Edition(frozen.document(), frozen.document())
    new = Edition(frozen.document(), published, (subject,), (subject,))

    found = describe_editions(old, new, describe_spec_change.leaning())

    assert {one.change.place: one.rating.name for one in found} == {
        "ChainletV1.id": "DECISION",
        "schemas/ChainletV1": "DECISION",
    }
    # `make check` asks again; the report tells it once.
    assert describe_editions(new, new, describe_spec_change.leaning()) == []


def test_a_change_that_users_see_is_told_once() -> None:
    changed = frozen.document()
    schemas(changed)["ChainletV1"]["properties"]["id"]["type"] = "integer"
    old, new = Edition(frozen.document(), frozen.document()), Edition(changed, changed)

    found = describe_editions(old, new, describe_spec_change.leaning())

    assert [one.change.place for one in found] == ["ChainletV1.id"]


@pytest.mark.parametrize("open_too", [False, True])
def test_a_hidden_change_is_safe_unless_all_its_operations_are_open_decisions(
    open_too: bool,
) -> None:
    published = frozen.document()
    schemas(published)["ChainletV1"]["properties"]["id"] = {"type": "integer"}
    old = Edition(frozen.document(), frozen.document())
    new = Edition(frozen.document(), published)
    [hidden] = describe_editions(old, new, describe_spec_change.leaning())
    entry = Node("overlay.yaml", "ours.yaml", "/operations/0/answer")
    users = hidden.change.operations
    assert len(users) > 1
    subjects = tuple(
        Subject(entry, name, frozenset({"components.yaml"}), {}, ("2026-08-22 0123456789ab",))
        for name in (users if open_too else users[1:])
    )

    found = describe_editions(
        replace(old, open=subjects), replace(new, open=subjects), describe_spec_change.leaning()
    )

    assert [one.rating.name for one in found] == ["DECISION" if open_too else "SAFE"]


def test_an_entry_is_open_if_nothing_publishes_what_it_is_about_or_a_file_of_baseten_does() -> None:
    """Our own words repeat the decision."""
    entry = Node("overlay.yaml", "ours.yaml", "/changes/1/add")
    about = ("2026-08-22 0123456789ab",)
    nowhere, theirs, ours = (
        Subject(entry, "ThingV1.size", frozenset(files), None, about)
        for files in ((), ("components.yaml",), ("ours.yaml",))
    )

    assert changed_under((nowhere, theirs, ours), {"components.yaml"}) == [nowhere, theirs]


@pytest.mark.usefixtures("quick")
def test_an_entry_about_nothing_is_to_be_removed(
    repository: Path, whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin_all(repository, whole, tmp_path)
    leave_it_out_too(whole)

    refreshed(tmp_path, whole, status=1)

    said = capsys.readouterr().out
    assert "It is not published any more: remove the entry (/changes/2 in openapi/ove" in said


@pytest.mark.usefixtures("quick")
def test_other_words_are_no_change_under_an_entry(
    repository: Path, whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin_all(repository, whole, tmp_path)
    field = schemas(whole)["ChainEnvironmentV1"]["properties"]["chain_id"]
    field.update(description="Other words", title="Chain Id", **{"x-order": 3})

    refreshed(tmp_path, whole)

    assert "changed under" not in capsys.readouterr().out
    assert build_spec.main(["--check"]) == 0


def test_every_entry_of_the_overlay_says_what_it_is_about() -> None:
    """Without it, nobody notices when Baseten changes that."""
    overlay = YAML(typ="safe").load((build_spec.OPENAPI / "overlay.yaml").read_text("utf-8"))

    entries = [*overlay["changes"], *overlay["conflicts"].values()]

    assert [entry for entry in entries if "about" not in entry] == []


def test_no_decision_is_open() -> None:
    assert build_spec.decisions(build_spec.OPENAPI) == []


def test_a_change_of_what_lost_a_conflict_is_an_open_decision() -> None:
    """Our own definition wins, so that nobody sees the change of Baseten's."""
    texts, named = build_spec.read_openapi(build_spec.OPENAPI)
    components = YAML(typ="safe").load(texts["components.yaml"])
    schemas(components)["InstanceTypeV1"]["properties"]["gpu_count"] = {"type": "string"}

    found = published_subjects(
        {**texts, "components.yaml": json.dumps(components)}, read_overlay(*named), {}
    )

    assert [one.is_settled for one in found if one.name == "schemas/InstanceTypeV1"] == [False]


@pytest.mark.parametrize("about", ["2026-08-22", "0123456789ab", "2026-08-22 xyz"])
def test_a_pin_is_a_date_and_a_hash(about: str) -> None:
    text = (frozen.OPENAPI / "overlay.yaml").read_text("utf-8")
    entry = "  - leave_out: EnvironmentV1.autoscaling_schedules\n"
    assert entry in text

    with pytest.raises(SpecError, match="expected a date and a hash"):
        read_overlay("overlay.yaml", text.replace(entry, f"{entry}    about: '{about}'\n"))


def test_a_state_is_the_same_in_other_words_and_another_order() -> None:
    one = {"type": "object", "required": ["b", "a"], "properties": {"title": {"default": None}}}
    two = {"properties": {"title": {"description": "!"}}, "required": ["a", "b"], "type": "object"}

    assert fingerprint(shape(one)) == fingerprint(shape(two))  # type: ignore[arg-type]
    assert fingerprint(shape({"default": 0})) != fingerprint(shape({}))


# --- entries without effect ----------------------------------------------------------------------


@pytest.mark.usefixtures("quick", "repository")
def test_an_entry_that_fits_nothing_does_not_stop_the_rest_of_the_report(
    whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schemas(whole)["ChainEnvironmentV1"]["required"].remove("chain_id")
    del schemas(whole)["EnvironmentV1"]["properties"]["autoscaling_schedules"]
    schemas(whole)["DeploymentStatusV1"]["enum"].append("HIBERNATING")

    refreshed(tmp_path, whole, status=1)

    said = capsys.readouterr()
    assert "DeploymentStatusV1: enum value added: HIBERNATING" in said.out
    assert "Baseten no longer requires it: ChainEnvironmentV1.chain_id. Remove" in said.err
    assert "no longer publishes it: EnvironmentV1.autoscaling_schedules. Remove" in said.err


# --- security ------------------------------------------------------------------------------------


def with_security(repository: Path) -> None:
    folder = repository / "openapi"
    overlay, ours = folder / "overlay.yaml", folder / "ours.yaml"
    entry = "changes:\n  - security: [{Old: []}, {New: []}]\n    because: Both are accepted.\n"
    overlay.write_text(overlay.read_text("utf-8").replace("changes:\n", entry), "utf-8")
    schemes = (
        "  securitySchemes:\n    Old: {type: apiKey, in: header, name: Authorization}\n"
        "    New: {type: http, scheme: bearer}\n"
    )
    text = ours.read_text("utf-8")
    ours.write_text(text.replace("  securitySchemes:\n", schemes, 1), "utf-8")


@pytest.mark.usefixtures("quick")
def test_a_way_to_authenticate_that_we_cannot_use_does_not_stop_a_refresh(
    repository: Path, whole: Whole, tmp_path: Path
) -> None:
    """The overlay says how we authenticate, so that it is only a decision."""
    with_security(repository)
    whole["components"]["securitySchemes"]["OAuth"] = {"type": "oauth2", "flows": {}}
    for item in whole["paths"].values():
        for operation in item.values():
            operation["security"] = [{"OAuth": []}]

    refreshed(tmp_path, whole)

    document = json.loads(build_spec.DOCUMENT.read_text("utf-8"))
    assert "OAuth" not in document["components"]["securitySchemes"]


@pytest.mark.usefixtures("quick")
def test_the_ways_to_authenticate_are_a_decision_of_the_overlay(
    repository: Path, whole: Whole, tmp_path: Path
) -> None:
    """One vintage publishes one, another vintage the other; Baseten accepts both."""
    with_security(repository)
    whole["components"]["securitySchemes"] = {"BearerAuth": {"type": "http", "scheme": "bearer"}}
    for item in whole["paths"].values():
        for operation in item.values():
            operation["security"] = [{"BearerAuth": []}]

    refreshed(tmp_path, whole)

    document = json.loads(build_spec.DOCUMENT.read_text("utf-8"))
    for path, item in document["paths"].items():
        for operation in item.values():
            expected: list[Whole] = [{"Old": []}, {"New": []}]
            assert (operation["security"] == expected) == (not path.endswith("/wake"))
    assert {"Old", "New"} <= document["components"]["securitySchemes"].keys()
    assert "BearerAuth" not in document["components"]["securitySchemes"]


@pytest.mark.parametrize("about", [(), ("2026-08-22 0123456789ab",)])
def test_another_way_to_authenticate_is_reported_unless_it_was_decided(
    about: tuple[str, ...],
) -> None:
    """An entry without `about` was decided about nothing in particular."""
    published = frozen.document()
    published["paths"][DEACTIVATE]["post"]["security"] = []
    entry = Node("overlay.yaml", [], "/changes/0/security")
    subject = Subject(entry, "security", frozenset({"components.yaml"}), [], about)
    old = Edition(frozen.document(), frozen.document())

    found = describe_editions(
        old,
        Edition(frozen.document(), published, (subject,)),
        describe_spec_change.leaning(),
    )

    assert [one.rating.name for one in found] == ["DECISION"] * (not about)


# --- shapes that a spec may get ------------------------------------------------------------------


def test_parts_that_do_not_matter_to_us_are_taken(
    repository: Path, whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the real generator: a spec may say more than we use."""
    item = whole["paths"]["/v1/models/{model_id}/deployments"]["get"]
    header = {"name": "X-Team", "in": "header", "schema": {"type": "string"}, "x-order": 1}
    item["parameters"].append(header)
    item["externalDocs"] = {"url": "https://docs.baseten.co"}
    item["x-internal"] = {"owner": "platform"}
    answers = item["responses"]
    answers["200"]["headers"] = {"X-Total": {"schema": {"type": "integer"}}}
    answers["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
    answers["202"] = {"description": "Later.", "content": answers["200"]["content"]}
    answers["default"] = {"description": "An error."}
    deployment = schemas(whole)["DeploymentV1"]
    deployment["properties"]["kind"] = {"const": "DEPLOYMENT", "type": "string"}
    deployment["properties"]["name"] |= {"x-sensitive": True, "externalDocs": {"url": "https://x"}}
    deployment["x-sort"] = ["name"]
    deployment["properties"]["name"] |= {"example": "ranker", "$comment": "Checked."}
    item["callbacks"] = {}
    item["parameters"].append({"name": "team", "in": "cookie", "schema": {"type": "string"}})
    whole["paths"]["/v1/models/{model_id}/deployments"] |= {"head": {}, "options": {}, "trace": {}}
    (form,) = [answers["200"]["content"].pop("application/json")]
    answers["200"]["content"]["application/json; charset=utf-8"] = form
    answers["404"] = {"$ref": "#/components/responses/Missing"}
    answers["500"] = {"description": "", "content": {"text/plain": {}}}
    answers["503"] = {
        "description": "",
        "content": {"application/json": {"schema": {"allOf": [{"type": "object"}]}}},
    }
    whole["components"]["responses"] = {"Missing": {"description": "Missing."}}

    refreshed(tmp_path, whole)

    said = capsys.readouterr().out
    place = "get /v1/models/{model_id}/deployments"
    assert f"{place}: header X-Team: parameter added" in said
    assert f"{place}: answer 202: equal answer added" in said
    assert f"{place}: answer default: refusal added" in said
    assert f"{place}: answer 404: refusal added" in said
    assert f"{place}: cookie team: parameter added" in said
    assert "DeploymentV1.kind: field added" in said
    assert "Breaking" not in said.partition("are up to date.")[2]
    models = repository / "generated" / "aiobaseten_generated" / "models"
    assert "kind: str | Unset" in (models / "deployment.py").read_text("utf-8")
    operation = models.parent / "api" / "models" / "list_deployments.py"
    assert "team" not in operation.read_text("utf-8")


def test_answers_of_other_codes_are_rated_by_their_meaning() -> None:
    document = frozen.document()
    changed = frozen.document()
    responses = changed["paths"][DEACTIVATE]["post"]["responses"]
    responses["202"] = {"description": "", "content": {"application/json": {"schema": {}}}}
    responses["429"] = {"description": "Too many."}

    rated = {
        one.change.place: (one.change.kind, one.rating.name)
        for one in describe_spec_change.describe(document, changed)
    }

    assert rated[f"post {DEACTIVATE}: answer 202"] == ("answer added", "DECISION")
    assert rated[f"post {DEACTIVATE}: answer 429"] == ("refusal added", "SAFE")


OTHER = {"$ref": "#/components/schemas/Other"}


@pytest.mark.parametrize("schema", [OTHER, {"type": "array", "items": OTHER}])
@pytest.mark.parametrize(
    ("method", "path", "is_breaking"),
    [("post", DEACTIVATE, False), ("get", "/v1/models/{model_id}/environments/{env_name}", True)],
)
def test_an_answer_may_change_if_nothing_reads_it(
    method: str, path: str, is_breaking: bool, schema: Whole
) -> None:
    changed = frozen.document()
    answer = changed["paths"][path][method]["responses"]["200"]
    answer["content"]["application/json"]["schema"] = schema
    schemas(changed)["Other"] = {"type": "object", "properties": {"done": {"type": "boolean"}}}

    found = describe_spec_change.describe(frozen.document(), changed)

    assert any(one.rating.name == "BREAKING" for one in found) == is_breaking


def test_a_renamed_schema_is_compared_by_its_contents() -> None:
    """Only its name is new, and a field of it that the facade reads may be null now."""
    text = json.dumps(frozen.document()).replace("InProgressPromotionV1", "PromotionProgressV1")
    changed = json.loads(text)
    status = schemas(changed)["PromotionProgressV1"]["properties"]
    status["status"] = {"anyOf": [status["status"], {"type": "null"}]}

    found = describe_spec_change.describe(frozen.document(), changed)

    kinds = {(one.change.place, one.change.kind, one.rating.name) for one in found}
    assert ("EnvironmentV1.in_progress_promotion", "schema renamed", "DECISION") in kinds
    assert ("InProgressPromotionV1.status", "became nullable", "BREAKING") in kinds
    assert [one for one in found if one.change.kind == "type changed"] == []


def test_a_change_is_rated_by_the_new_use() -> None:
    """A schema that is only returned from now on is no longer sent."""
    changed = frozen.document()
    request = "PromoteToEnvironmentRequestV1"
    path = "/v1/models/{model_id}/environments/{env_name}/promote"
    operation = changed["paths"][path]["post"]
    del operation["requestBody"]
    answer = operation["responses"]["200"]["content"]["application/json"]
    answer["schema"] = {"$ref": f"#/components/schemas/{request}"}
    schemas(changed)[request]["properties"]["preserve_env_instance_type"]["default"] = False

    found = describe_spec_change.describe(frozen.document(), changed)

    place = f"{request}.preserve_env_instance_type"
    assert [one.rating.name for one in found if one.change.place == place] == ["SAFE"]


# --- new neighbours ------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick", "repository")
def test_a_new_operation_next_to_ours_is_reported_once(
    whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refreshed(tmp_path, whole)
    capsys.readouterr()
    new = whole["paths"][f"{CHAINS}/promote"]["post"]
    added = (f"{CHAINS}/cancel_promotion", "/v2/models", "/v1/teams/{team_id}/chains")
    whole["paths"] |= {path: {"post": new} for path in (*added, "/v1/secrets")}

    refreshed(tmp_path, whole)

    said = capsys.readouterr().out
    for path in added:
        assert f"post {path}: new operation next to ours" in said
    assert "/v1/secrets" not in said
    renamed = json.dumps(whole).replace("{chain_id}", "{chain}").replace("{env_name}", "{name}")
    refreshed(tmp_path, json.loads(renamed.replace('"chain_id"', '"chain"')), status=1)
    assert "next to ours" not in capsys.readouterr().out


# --- our own words -------------------------------------------------------------------------------


def our_words_as_published() -> Whole:
    """A whole spec that says exactly as much as our files."""
    texts, named = build_spec.read_openapi(build_spec.OPENAPI)
    overlay = read_overlay(*named)
    dates = dates_in(build_spec.sources_of(build_spec.OPENAPI))
    document: Whole = published_document(texts, overlay, dates)
    for item in document["paths"].values():
        for operation in item.values():
            del operation["operationId"], operation["tags"]
    return document


WORDS: dict[str, tuple[Callable[[Whole], object], str]] = {
    "type": (
        lambda found: found["LogV1"]["properties"].update(replica={"type": "integer"}),
        "LogV1.replica: type changed",
    ),
    "required": (
        lambda found: found["LogV1"]["required"].remove("replica"),
        "LogV1.replica: field became optional",
    ),
    "nullable": (
        lambda found: found["LogV1"]["properties"].update(replica={"type": "string"}),
        "LogV1.replica: no longer nullable",
    ),
    "enum": (
        lambda found: found["LogLevelV1"]["enum"].append("FATAL"),
        "LogLevelV1: enum value added",
    ),
    "default": (
        lambda found: found["RollingDeployConfigV1"]["properties"]["max_surge_percent"].update(
            default=10
        ),
        "RollingDeployConfigV1.max_surge_percent: default changed: we say 25, Baseten 10",
    ),
}


def test_our_words_agree_with_themselves() -> None:
    """An entry of the overlay counts as recorded, if it is about exactly this."""
    found = check_words.differences("spec.json", json.dumps(our_words_as_published()))

    assert [one for one in found if not one.startswith("AuditLogEntryV1.event_data: ")] == []


def test_a_refresh_can_replace_all_of_our_words() -> None:
    """The files that it keeps need no file that it replaces."""
    texts, named = build_spec.read_openapi(build_spec.OPENAPI)
    overlay = read_overlay(*named)
    dates = dates_in(build_spec.sources_of(build_spec.OPENAPI))
    kept = without_published(texts, overlay)
    taken = take(Node("spec.json", our_words_as_published()), overlay.published)

    document = build_with({**kept, **taken.files}, overlay, dates)

    assert shape(document["components"]) == shape(build_with(texts, overlay, dates)["components"])
    # Not even a schema of Baseten's that other operations need, too: an older spec may lack it.
    ours = replace(overlay.without({*overlay.published.values()}), changes=(), conflicts={})
    assert "startups" in json.dumps(build_with(kept, ours, dates)["paths"])


@pytest.mark.parametrize(("change", "said"), WORDS.values(), ids=WORDS)
def test_each_difference_of_our_words_is_named(
    change: Callable[[Whole], object], said: str
) -> None:
    whole = our_words_as_published()
    change(schemas(whole))

    found = check_words.differences("spec.json", json.dumps(whole))

    assert any(one.startswith(said) for one in found), found


def test_an_older_spec_than_that_of_our_words_is_no_decision() -> None:
    whole = our_words_as_published()
    del whole["paths"]["/v1/users/me"]

    first, *_, last = check_words.differences("spec.json", json.dumps(whole))

    assert first == "get_current_user: get /v1/users/me is not in it."
    assert last.startswith("If this spec is older than the dates in openapi/sources.yaml")


@pytest.mark.parametrize("main", [check_words.main, describe_spec_change.main])
def test_a_compressed_spec_is_refused_in_one_sentence(
    main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spec.json.gz"
    file.write_bytes(gzip.compress(b"{}"))

    assert main([str(file)]) == 1

    said = capsys.readouterr().err
    assert said == "spec.json.gz is not UTF-8 text. Decompress it first: `gunzip --keep`.\n"


def test_the_check_of_our_words_fails_on_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = our_words_as_published()
    del schemas(whole)["RegionV1"]["properties"]["slug"]
    (tmp_path / "spec.json").write_text(json.dumps(whole), "utf-8")

    assert check_words.main([str(tmp_path / "spec.json")]) == 1

    assert "RegionV1.slug: field removed" in capsys.readouterr().out
    assert check_words.main([str(tmp_path / "nothing.json")]) == 1
