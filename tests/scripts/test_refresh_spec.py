"""Refreshing from the published spec: everything is updated, or nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import build_spec
import generate
import refresh_spec
from fetching import Text
from spec.sources import digest, read_sources

from .frozen_spec import frozen

Whole = dict[str, Any]
Status = Callable[[], str]


def written(folder: Path, whole: Whole, name: str = "spec.json") -> str:
    file = folder / name
    file.write_text(json.dumps(whole), "utf-8")
    return str(file)


def schemas(whole: Whole) -> Whole:
    found: Whole = whole["components"]["schemas"]
    return found


PROMOTE = "/v1/models/{model_id}/environments/{env_name}/promote"


def change_a_lot(whole: Whole) -> None:
    """One change of each kind that the issue names, except for the renamed operation."""
    schemas(whole)["DeploymentStatusV1"]["enum"].append("HIBERNATING")
    schemas(whole)["InProgressPromotionV1"]["properties"]["step"] = {"type": "integer"}
    schemas(whole)["InProgressPromotionV1"]["required"].append("step")
    name = schemas(whole)["ChainletV1"]["properties"]["name"]
    name["anyOf"] = [{"type": name.pop("type")}, {"type": "null"}]
    request = schemas(whole)["PromoteToEnvironmentRequestV1"]["properties"]
    request["scale_down_previous_deployment"]["default"] = False
    del schemas(whole)["DeploymentV1"]["properties"]["is_development"]
    schemas(whole)["DeploymentV1"]["required"].remove("is_development")
    schemas(whole)["DeploymentV1"]["properties"]["region"]["description"] = "Region"


# --- the result ----------------------------------------------------------------------------------


def test_changes_are_described_once_under_their_ratings(
    repository: Path,
    status: Status,
    whole: Whole,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the real generator and the real checks."""
    change_a_lot(whole)
    source = written(tmp_path, whole)

    assert refresh_spec.main([source]) == 0

    said = capsys.readouterr()
    report = said.out.partition("are up to date.")[2]
    breaking, _, rest = report.partition("\nNeeds a decision\n")
    decisions, _, prose = rest.partition("\nProse only\n")
    assert "ChainletV1.name: became nullable" in breaking
    for expected in (
        "DeploymentStatusV1: enum value added: HIBERNATING",
        "InProgressPromotionV1.step: required field added: integer",
        "scale_down_previous_deployment: default changed: true → false",
        "DeploymentV1.is_development: field removed: boolean",
    ):
        assert expected in decisions
    assert prose.startswith("  DeploymentV1.region\n")
    # docs/spec-changes.md shows this output.
    shown = (generate.ROOT / "docs" / "spec-changes.md").read_text("utf-8")
    for part in (report.partition("\nNext: ")[0].strip(), said.err.strip()):
        assert part in shown
    # The guard of leans-on.yaml reports it now, and in `make check`.
    assert "ChainletV1.name may now be null" in said.err
    assert build_spec.main(["--check"]) == 1
    assert "ChainletV1.name may now be null" in capsys.readouterr().err
    assert "HIBERNATING" in (
        repository / "generated" / generate.PACKAGE / "models" / "deployment_status.py"
    ).read_text("utf-8")
    after = status()
    assert refresh_spec.main([source]) == 0
    assert "Nothing has changed." in capsys.readouterr().out
    assert status() == after


@pytest.mark.usefixtures("quick", "repository")
def test_an_equal_whole_spec_changes_only_the_sources(
    status: Status, whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Baseten's files replace pages and our own; the document with our decisions is unchanged."""
    before = build_spec.DOCUMENT.read_bytes()

    assert refresh_spec.main([written(tmp_path, whole)]) == 0

    assert build_spec.DOCUMENT.read_bytes() == before
    assert "No change that users of the facade can notice." in capsys.readouterr().out
    assert " D openapi/endpoints/cancel_promotion.md" in status()
    assert "?? openapi/endpoints/cancel_promotion.yaml" in status()
    assert "wake_deployment" not in status()


@pytest.mark.usefixtures("quick", "repository")
def test_the_order_of_keys_in_the_spec_changes_nothing(
    status: Status, whole: Whole, tmp_path: Path
) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(item) for key, item in reversed(value.items())}
        return value

    refresh_spec.main([written(tmp_path, whole)])
    before = status()
    sources = (build_spec.OPENAPI / "sources.yaml").read_text("utf-8")
    whole["components"]["schemas"]["ChainletV1"]["required"].reverse()

    assert refresh_spec.main([written(tmp_path, turned(whole), "again.json")]) == 0

    assert status() == before
    assert (build_spec.OPENAPI / "sources.yaml").read_text("utf-8") == sources


@pytest.mark.usefixtures("quick", "repository")
def test_unused_parts_are_not_taken(status: Status, whole: Whole, tmp_path: Path) -> None:
    """Even if they are not supported: a `const`, a header, a recursive schema."""
    refresh_spec.main([written(tmp_path, whole)])
    before = status()
    reference = {"$ref": "#/components/schemas/Elsewhere"}
    whole["paths"]["/v1/elsewhere"] = {"get": {"parameters": [{"in": "header"}], "x": reference}}
    whole["components"]["schemas"]["Elsewhere"] = {
        "const": 1,
        "discriminator": {},
        "not": reference,
    }

    assert refresh_spec.main([written(tmp_path, whole)]) == 0

    assert status() == before


def bring_up_to_date(whole: Whole) -> None:
    """Parts of Baseten's spec of autumn 2026 that the committed files do not have."""
    del whole["components"]["securitySchemes"]["ApiKeyAuth"]
    whole["components"]["securitySchemes"]["BearerAuth"] = {"type": "http", "scheme": "bearer"}
    whole["security"] = [{"BearerAuth": []}]
    for item in whole["paths"].values():
        for operation in item.values():
            del operation["security"]
            operation["x-codeSamples"] = [{"lang": "bash", "source": "curl"}]
    schedule = {"type": "object", "properties": {"cadence": {"const": "ONE_TIME"}}}
    references = [{"$ref": "#/components/schemas/OneTimeV1"}]
    kinds = {"oneOf": references, "discriminator": {"propertyName": "cadence"}}
    schemas(whole)["OneTimeV1"] = schedule
    schemas(whole)["SchedulesV1"] = {"properties": {"schedules": {"type": "array", "items": kinds}}}
    schemas(whole)["EnvironmentV1"]["properties"]["autoscaling_schedules"] = {
        "anyOf": [{"$ref": "#/components/schemas/SchedulesV1"}, {"type": "null"}]
    }
    update = {"anyOf": [{"type": "object"}, {"type": "null"}], "x-null-distinct": True}
    schemas(whole)["PromoteToEnvironmentRequestV1"]["properties"]["environment_settings_update"] = (
        update
    )


@pytest.mark.usefixtures("quick", "repository")
def test_the_overlay_leaves_out_unsupported_fields_of_a_newer_spec(
    whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_up_to_date(whole)

    assert refresh_spec.main([written(tmp_path, whole)]) == 0

    document = json.loads(build_spec.DOCUMENT.read_text("utf-8"))
    assert document["components"]["schemas"] == frozen.document()["components"]["schemas"]
    assert "  19 operations: security: security changed: " in capsys.readouterr().out
    components = (build_spec.OPENAPI / "components.yaml").read_text("utf-8")
    assert "const: ONE_TIME" in components


@pytest.mark.usefixtures("quick", "repository")
def test_a_page_replaces_the_fragment_unchanged(status: Status, tmp_path: Path) -> None:
    page = (frozen.ENDPOINTS / "cancel_promotion.md").read_text("utf-8")
    newer = page.replace("# Cancel model promotion", "# Cancel a promotion")
    (tmp_path / "whatever.md").write_text(newer, "utf-8")

    assert refresh_spec.main([str(tmp_path / "whatever.md")]) == 0

    assert (build_spec.OPENAPI / "endpoints" / "cancel_promotion.md").read_text("utf-8") == newer
    entry = read_sources("sources.yaml", (build_spec.OPENAPI / "sources.yaml").read_text("utf-8"))[
        "endpoints/cancel_promotion.md"
    ]
    assert entry["sha256"] == digest(newer)
    assert entry["source"].startswith("https://docs.baseten.co/reference/")
    assert str(tmp_path) not in json.dumps(entry)
    assert set(status().split()) >= {"openapi/sources.yaml", "openapi/baseten.json"}


@pytest.mark.usefixtures("quick", "repository")
def test_only_pages_of_used_operations_are_taken_from_a_folder(
    status: Status, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    for page in frozen.ENDPOINTS.glob("*.md"):
        (folder / "deep" / page.name).write_text(page.read_text("utf-8"), "utf-8")
    (folder / "welcome.md").write_text("# Welcome\n\n```python\nprint()\n```\n", "utf-8")
    other = (
        (frozen.ENDPOINTS / "cancel_promotion.md")
        .read_text("utf-8")
        .replace("cancel_promotion", "other")
    )
    (folder / "other.md").write_text(other, "utf-8")

    assert refresh_spec.main([str(folder)]) == 0

    assert status() == ""


def test_an_unchanged_file_keeps_its_date() -> None:
    entry = {"source": "there", "date": "2026-01-01", "sha256": digest("same")}
    sources = {"endpoints/a.md": entry, "endpoints/b.md": dict(entry), "c.yaml": dict(entry)}
    files = {"endpoints/a.md": Text("here", "same"), "endpoints/b.yaml": Text("here", "new")}

    assert refresh_spec.noted(sources, files, "2026-02-02") == {
        "endpoints/a.md": entry,
        "endpoints/b.yaml": {"source": "here", "date": "2026-02-02", "sha256": digest("new")},
        "c.yaml": entry,
    }


# --- failures ------------------------------------------------------------------------------------


def no_change(whole: Whole) -> None:
    pass


def lose_an_operation(whole: Whole) -> None:
    schemas(whole)["DeploymentStatusV1"]["enum"].append("HIBERNATING")
    whole["paths"][PROMOTE.replace("promote", "promotions")] = whole["paths"].pop(PROMOTE)


def no_longer_require(whole: Whole) -> None:
    schemas(whole)["ChainEnvironmentV1"]["required"].remove("chain_id")


def forget_a_schema(whole: Whole) -> None:
    del schemas(whole)["ChainletV1"]


def forget_how_it_is_secured(whole: Whole) -> None:
    del whole["components"]["securitySchemes"]


def become_version_2(whole: Whole) -> None:
    whole["openapi"] = "2.0"


def become_something_else(whole: Whole) -> None:
    whole.clear()


def close_a_schema(whole: Whole) -> None:
    schemas(whole)["ChainletV1"]["properties"]["kind"] = {"allOf": [{"type": "string"}]}


def add_a_header(whole: Whole) -> None:
    parameter = {"name": "X", "in": "header", "required": True, "schema": {"type": "string"}}
    whole["paths"][PROMOTE]["post"]["parameters"].append(parameter)


WRONG = {
    "an operation is missing": (
        lose_an_operation,
        "promote_deployment: post /v1/models/{model_id}/environments/{env_name}/promote is not in "
        "it. The most similar unused operation is post "
        "/v1/models/{model_id}/environments/{env_name}/promotions.",
    ),
    "a decision has lost its reason": (
        no_longer_require,
        "overlay.yaml: /changes/7/make_optional: Baseten no longer requires it: "
        "ChainEnvironmentV1.chain_id. Remove this entry.",
    ),
    "a reference to nothing": (forget_a_schema, "nothing defines #/components/schemas/ChainletV1"),
    "security of nothing": (forget_how_it_is_secured, "the security scheme ApiKeyAuth"),
    "another OpenAPI": (become_version_2, "expected OpenAPI 3.1, found '2.0'"),
    "no OpenAPI": (become_something_else, "this is not an OpenAPI document"),
    "a schema that would be wrong": (close_a_schema, "/ChainletV1/properties/kind: unknown key"),
    "a required parameter in a header": (
        add_a_header,
        "required parameters in 'header' are not supported",
    ),
}


@pytest.mark.usefixtures("quick", "repository")
@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_an_invalid_spec_is_explained_and_changes_nothing(
    change: Callable[[Whole], None],
    said: str,
    status: Status,
    whole: Whole,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(whole)

    assert refresh_spec.main([written(tmp_path, whole)]) == 1

    error = capsys.readouterr().err
    assert error.startswith("No file was changed. ")
    assert said in error
    assert status() == ""


@pytest.mark.usefixtures("quick", "repository")
def test_a_missing_operation_is_named_after_the_other_changes(
    whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lose_an_operation(whole)

    assert refresh_spec.main([written(tmp_path, whole)]) == 1

    report = capsys.readouterr().out
    breaking, _, decisions = report.partition("\nNeeds a decision\n")
    assert f"post {PROMOTE}: operation removed" in breaking
    assert "DeploymentStatusV1: enum value added: HIBERNATING" in decisions


@pytest.mark.usefixtures("quick", "repository")
def test_a_contradicting_page_needs_a_decision_in_the_overlay(
    status: Status, whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pages of different months contradict each other."""
    page = (frozen.ENDPOINTS / "promote_chain_deployment.md").read_text("utf-8")
    newer = page.replace("        - UPDATING\n", "        - UPDATING\n        - HIBERNATING\n")
    assert newer != page
    (tmp_path / "newer.md").write_text(newer, "utf-8")
    refresh_spec.main([written(tmp_path, whole)])
    before = status()

    assert refresh_spec.main([str(tmp_path / "newer.md")]) == 1

    said = capsys.readouterr().err
    assert "defines schemas/DeploymentStatusV1 differently" in said
    assert '  /enum: ["HIBERNATING"] only in endpoints/promote_chain_deployment.md' in said
    assert "Say under `conflicts` in overlay.yaml which file wins, and why." in said
    assert status() == before

    overlay = build_spec.OPENAPI / "overlay.yaml"
    winner = "winner: endpoints/promote_chain_deployment.md, reason: It is newer."
    settled = f"conflicts:\n  schemas/DeploymentStatusV1: {{{winner}}}\n"
    overlay.write_text(overlay.read_text("utf-8").replace("conflicts:\n", settled), "utf-8")
    assert refresh_spec.main([str(tmp_path / "newer.md")]) == 0
    assert "DeploymentStatusV1: enum value added: HIBERNATING" in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("step", ["generate", "prove", "swap"])
def test_a_failed_step_changes_nothing(
    step: str,
    status: Status,
    whole: Whole,
    tmp_path: Path,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = generate.swap

    def fail(*arguments: Path) -> None:
        # The second of the two swaps fails, after the first has succeeded.
        if step == "swap" and arguments[1] != generate.TARGET:
            real(*arguments)
            return
        raise (OSError if step == "swap" else generate.GenerateError)("this step failed")

    monkeypatch.setattr(generate, step, fail)
    source = written(tmp_path, whole)

    if step == "swap":
        with pytest.raises(OSError, match="this step failed"):
            refresh_spec.main([source])
    else:
        assert refresh_spec.main([source]) == 1
        assert "this step failed" in capsys.readouterr().err

    assert status() == ""


@pytest.mark.usefixtures("repository")
def test_a_renamed_public_schema_is_refused_and_changes_nothing(
    status: Status,
    whole: Whole,
    tmp_path: Path,
    quick: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    renamed = json.loads(json.dumps(whole).replace("ChainletV1", "ChainletV2"))

    assert refresh_spec.main([written(tmp_path, renamed)]) == 1

    assert "openapi/baseten.json has no schema ChainletV1" in capsys.readouterr().err
    assert status() == ""


@pytest.mark.usefixtures("repository")
def test_a_page_without_a_spec_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.md").write_text("# Title\n```python\nx\n```\n", "utf-8")

    assert refresh_spec.main([str(tmp_path / "page.md")]) == 1

    assert "No page describes an operation" in capsys.readouterr().err


@pytest.mark.usefixtures("repository")
def test_a_page_of_an_unused_operation_is_refused(
    status: Status, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (
        (frozen.ENDPOINTS / "cancel_promotion.md")
        .read_text("utf-8")
        .replace("cancel_promotion", "cheer")
    )
    (tmp_path / "page.md").write_text(page, "utf-8")

    assert refresh_spec.main([str(tmp_path / "page.md")]) == 1

    assert "No page describes an operation that openapi/overlay.yaml names." in (
        capsys.readouterr().err
    )
    assert status() == ""
