"""leans-on.yaml is complete, and its guard works."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import build_spec
import generate
from spec.leaning import Leaning, complaints, read_leaning
from spec.node import SpecError
from spec.sources import check_sources

from .frozen_spec import frozen

SRC = Path(__file__).parent.parent.parent / "src" / "aiobaseten"
TEXT = (build_spec.OPENAPI / "leans-on.yaml").read_text("utf-8")
LEANING = read_leaning("leans-on.yaml", TEXT)
Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    loaded: Document = json.loads(build_spec.DOCUMENT.read_text("utf-8"))
    return loaded


def trees() -> Iterator[ast.Module]:
    for file in SRC.rglob("*.py"):
        if "testing" not in file.parts:
            yield ast.parse(file.read_text("utf-8"))


# --- complete ------------------------------------------------------------------------------------


def only_what_we_lean_on(document: Document, leaning: Leaning) -> None:
    for name, schema in document["components"]["schemas"].items():
        kept = leaning.reads.get(name, {}).keys() | leaning.sends.get(name, {}).keys()
        schema["properties"] = {k: v for k, v in schema.get("properties", {}).items() if k in kept}
        if "required" in schema:
            schema["required"] = [field for field in schema["required"] if field in kept]


def mypy(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run mypy on src with the generated code of *folder*."""
    cache = generate.ROOT / ".mypy_cache" / "leaning"
    files = [str(file) for file in SRC.glob("*.py")] + [
        str(SRC / "_waiting"),
        str(SRC / "_sending"),
    ]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            f"--cache-dir={cache}",
            "--config-file=",
            *files,
        ],
        env=os.environ | {"MYPYPATH": f"{SRC.parent}{os.pathsep}{folder}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_facade_needs_only_the_listed_fields(document: Document, tmp_path: Path) -> None:
    """All other fields are removed from the spec; then mypy checks the facade."""
    only_what_we_lean_on(document, LEANING)
    (tmp_path / "document.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "scratch").mkdir()
    generate.generate(tmp_path / "document.json", tmp_path / "scratch")

    done = mypy(tmp_path / "scratch")

    assert done.returncode == 0, (
        "src/aiobaseten does not hold with only what openapi/leans-on.yaml names. Name there what "
        f"it uses, or change it:\n{done.stdout}"
    )


def test_the_facade_names_every_listed_field() -> None:
    named: set[str] = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                named.add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg:
                named.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)  # a key of JSON

    said = [fields for part in (LEANING.reads, LEANING.sends) for fields in part.values()]

    assert {field for fields in said for field in fields} - named == set()


def test_the_facade_uses_exactly_the_operations_of_the_overlay(document: Document) -> None:
    used = set[str]()
    for tree in trees():
        apis = {
            alias.asname
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name.startswith("aiobaseten_generated.api.")
        }
        used |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in apis
        }
    ids = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
    }

    # The facade builds the address to wake a deployment itself.
    assert used | {"wake_deployment"} == ids


def test_every_sorted_enum_names_its_table() -> None:
    for where in LEANING.sorts.values():
        name, _, file = where.partition(" in ")
        assert f"\n{name}:" in (SRC.parent.parent / file).read_text("utf-8")


# --- guarded -------------------------------------------------------------------------------------


def test_the_committed_document_has_all_listed_parts(document: Document) -> None:
    assert complaints(document, LEANING) == []


FROZEN = frozen.leaning()


def lose(name: str, field: str) -> Callable[[Document], object]:
    return lambda schemas: schemas[name]["properties"].pop(field)


def let_it_be_null(schemas: Document) -> None:
    kind = schemas["ChainletV1"]["properties"]["status"]
    schemas["ChainletV1"]["properties"]["status"] = {"anyOf": [kind, {"type": "null"}]}


LOST = {
    "a field that we read": (
        lose("DeploymentV1", "status"),
        "src/aiobaseten reads DeploymentV1.status, which does not exist any more.",
    ),
    "a whole component": (
        lambda schemas: schemas.pop("InProgressPromotionV1"),
        "src/aiobaseten reads InProgressPromotionV1.status, which does not exist any more.",
    ),
    "null": (
        let_it_be_null,
        "ChainletV1.status may now be null; src/aiobaseten expects DeploymentStatusV1.",
    ),
    "nothing": (
        lambda schemas: schemas["ChainDeploymentV1"]["required"].remove("chainlets"),
        "ChainDeploymentV1.chainlets may now be nothing; src/aiobaseten expects list of "
        "ChainletV1.",
    ),
    "another type": (
        lambda schemas: schemas["DeploymentV1"]["properties"]["id"].update(type="integer"),
        "DeploymentV1.id may now be integer; src/aiobaseten expects string.",
    ),
    "a field that we send": (
        lose("PromoteToEnvironmentRequestV1", "deployment_id"),
        "src/aiobaseten sends PromoteToEnvironmentRequestV1.deployment_id, which does not exist "
        "any more.",
    ),
    "a field that we do not always send": (
        lambda schemas: schemas["PromoteToEnvironmentRequestV1"]["required"].append(
            "preserve_env_instance_type"
        ),
        "PromoteToEnvironmentRequestV1.preserve_env_instance_type must be sent, and src/aiobaseten "
        "may leave it out.",
    ),
    "an enum that we sort": (
        lambda schemas: schemas.pop("DeploymentStatusV1"),
        "src/aiobaseten sorts the values of DeploymentStatusV1, which does not exist any more.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), LOST.values(), ids=LOST)
def test_each_missing_part_is_reported_with_the_next_step(
    change: Callable[[Document], object], said: str
) -> None:
    document = frozen.document()
    change(document["components"]["schemas"])

    assert complaints(document, FROZEN)[0] == (
        f"{said} Adapt src/aiobaseten and openapi/leans-on.yaml; or keep the old form, in "
        "openapi/overlay.yaml."
    )


def test_a_narrower_type_is_not_reported() -> None:
    document = frozen.document()
    schema = document["components"]["schemas"]["EnvironmentV1"]
    schema["required"].append("candidate_deployment")
    schema["properties"]["candidate_deployment"]["anyOf"].pop()

    assert complaints(document, FROZEN) == []


def test_the_check_fails_on_a_missing_part_and_building_only_warns(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Building must go on: adapting the facade needs the new code."""
    components = repository / "openapi" / "components.yaml"
    text = components.read_text("utf-8")
    old = "percent_traffic_to_new_version: {type: integer,"
    assert old in text
    components.write_text(text.replace(old, old.replace("integer", "number")), "utf-8")
    said = "InProgressPromotionV1.percent_traffic_to_new_version may now be number"

    assert build_spec.main([]) == 0
    assert said in capsys.readouterr().err
    assert build_spec.main(["--check"]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("deployment_id: always", "deployment_id: often", "expected always or sometimes"),
        ("sends:", "takes:", "unknown key 'takes'"),
        ("ChainletV1: [name,", "ChainletV1: [kind,", "ChainletV1.kind is not in `reads`"),
        ("id: string", "id: [string]", "expected a string, found a list"),
    ],
)
def test_an_invalid_list_is_refused(old: str, new: str, said: str) -> None:
    text = (frozen.OPENAPI / "leans-on.yaml").read_text("utf-8")
    assert old in text

    with pytest.raises(SpecError, match=r"leans-on\.yaml: /") as caught:
        read_leaning("leans-on.yaml", text.replace(old, new))

    assert said in str(caught.value)


def test_an_edited_vendored_file_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = repository / "openapi" / "endpoints" / "cancel_promotion.md"
    page.write_text(page.read_text("utf-8") + "\n", "utf-8")

    assert build_spec.main(["--check"]) == 1

    said = capsys.readouterr().err
    assert f"endpoints/{page.name}: /: the file differs from its source, " in said
    assert "our changes belong in overlay.yaml" in said


@pytest.mark.parametrize("names", [{"a.md", "b.md"}, set()], ids=["unknown", "gone"])
def test_each_vendored_file_has_one_entry(names: set[str]) -> None:
    with pytest.raises(SpecError, match=r"sources\.yaml: /: each file needs one entry"):
        check_sources(dict.fromkeys(names, ""), {"a.md": {"source": "there", "date": "2026"}})
