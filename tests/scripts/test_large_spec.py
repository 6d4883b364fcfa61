"""The pipeline handles every operation of a document as large as Baseten's."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import build_spec
import generate
import vendor
from spec.comparing import compare
from spec.document import build_document
from spec.reading import read_data
from spec.whole import take

OPERATIONS, SCHEMAS = 140, 300
Whole = dict[str, Any]


def schema(number: int) -> Whole:
    """Schemas refer to others, so that all are used; no two are equal."""
    other = f"#/components/schemas/Thing{(number * 7 + 1) % SCHEMAS}V1"
    null = {"type": "null"}
    fields: Whole = {
        f"id{number}": {"type": "string", "description": "Unique identifier"},
        "created_at": {"type": "string", "format": "date-time"},
        "kind": {"$ref": f"#/components/schemas/Kind{number % 30}V1"},
        "parent": {"anyOf": [{"$ref": other}, null], "default": None},
        "limit": {"type": "integer", "minimum": 1, "default": 7},
        "class": {"type": "boolean", "default": True},
    }
    if number % 20 == 0:
        # Becomes a separate class.
        fields["labels"] = {"anyOf": [{"type": "object", "additionalProperties": True}, null]}
    required = [f"id{number}", "kind", "class"]
    return {
        "type": "object",
        "title": f"Thing{number}V1",
        "properties": fields,
        "required": required,
    }


def operation(number: int) -> Whole:
    def body(of: int) -> Whole:
        reference = {"$ref": f"#/components/schemas/Thing{of % SCHEMAS}V1"}
        return {"content": {"application/json": {"schema": reference}}}

    found: Whole = {
        "summary": f"Does thing {number}",
        "parameters": [
            {
                "name": "cursor",
                "in": "query",
                "schema": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 100}},
        ],
        "responses": {"200": {"description": "", **body(number)}},
        "x-codeSamples": [{"lang": "bash", "source": "curl " * 50}],
    }
    if number % 2:
        found["requestBody"] = {"required": True, **body(number * 3 + 1)}
    return found


def large() -> Whole:
    things = {f"Thing{number}V1": schema(number) for number in range(SCHEMAS)}
    kinds = {
        f"Kind{number}V1": {"type": "string", "enum": [f"ON_{number}", "NO", "2026-08-20"]}
        for number in range(30)
    }
    parameter = {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}}
    shared = [{"$ref": "#/components/parameters/thing_id"}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Baseten management API", "version": "1.0.0"},
        "servers": [{"url": "https://api.baseten.co"}],
        "security": [{"BearerAuth": []}],
        "paths": {
            f"/v1/things{number}/{{thing_id}}": {
                "parameters": shared,
                "post" if number % 2 else "get": operation(number),
            }
            for number in range(OPERATIONS)
        },
        "components": {
            "schemas": things | kinds,
            "parameters": {"thing_id": parameter},
            "securitySchemes": {"BearerAuth": {"type": "http", "scheme": "bearer"}},
        },
    }


def cpu() -> float:
    """CPU seconds of this process and its children."""
    return sum(os.times()[:4])


@pytest.mark.thorough
def test_a_large_spec_is_built_and_generated_in_seconds_without_a_warning(
    tmp_path: Path,
) -> None:
    text = json.dumps(large(), indent=4)
    assert len(text) > 500_000
    begun = cpu()

    whole = read_data("spec.json", text)
    wanted = {
        f"{method} {path}": f"operation{number}"
        for number, (path, item) in enumerate(large()["paths"].items())
        for method in item
        if method != "parameters"
    }
    decisions = {key: {"id": name, "tag": f"tag{name[9]}"} for key, name in wanted.items()}
    overlay = {
        "document": {"title": "Large", "version": "1", "server": "https://api.baseten.co"},
        "operations": decisions,
        "conflicts": {},
    }
    taken = take(whole, wanted)
    document = build_document(taken.files, ("overlay.json", json.dumps(overlay)))
    assert build_spec.first_error(document) is None
    assert compare(document, document) == []
    (tmp_path / "document.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "scratch").mkdir()
    # The first warning of the generator stops it.
    package = generate.generate(tmp_path / "document.json", tmp_path / "scratch")

    assert taken.missing == {}
    assert len(list((package / "api").rglob("operation*.py"))) == OPERATIONS
    names = {path.stem for path in (package / "models").iterdir()}
    assert {f"thing_{number}" for number in range(SCHEMAS)} <= names
    assert {f"kind_{number}" for number in range(30)} <= names
    # About six.
    assert cpu() - begun < 20


@pytest.mark.thorough
def test_a_large_spec_is_vendored_in_seconds_and_passes_strict_type_checks(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(large()), "utf-8")
    begun = cpu()

    number = vendor.vendor(str(tmp_path / "spec.json"), "our_baseten", tmp_path, [])

    # About five.
    assert cpu() - begun < 20
    assert number == OPERATIONS
    generate.prove(tmp_path / "our_baseten")
