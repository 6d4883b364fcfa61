"""Prepare a document for the generator: say in its words what it would otherwise get wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from spec.fragment import METHODS, success
from spec.node import Json, Node

# Where the keys of a mapping are names, and not keywords.
_NAMES = ("properties", "schemas", "responses")
# The generator reads none of these, and refuses some.
_DROPPED = ("discriminator", "externalDocs")


def prepare(document: Any, decides: Mapping[str, frozenset[str]]) -> Any:
    """The document to generate from. *decides*: by component, the fields that must fit."""
    prepared: Any = without_defaults(_open(document))
    schemas = prepared["components"].get("schemas", {})
    for component in decides.keys() & schemas.keys():
        # The templates read it.
        schemas[component]["x-decides"] = sorted(decides[component])
    for item in prepared["paths"].values():
        for method in METHODS.split():
            if method in item:
                _keep_what_we_send_and_read(item[method])
    return prepared


def _keep_what_we_send_and_read(operation: Any) -> None:
    """Leave the one answer to decode, and the parameters that an operation can hold."""
    code = success(Node("", operation["responses"]).entries())
    operation["responses"] = {code: operation["responses"][code]}
    if "parameters" in operation:
        operation["parameters"] = [
            parameter for parameter in operation["parameters"] if parameter["in"] != "header"
        ]


def _open(value: Json, *, names: bool = False) -> Json:
    """Make strings of constants, because the generator makes closed types of them.

    The templates read `x-constants`: by them they tell the alternatives of a union apart.
    """
    if isinstance(value, list):
        return [_open(item) for item in value]
    if not isinstance(value, dict):
        return value
    opened: dict[str, Json] = {
        key: _open(item, names=key in _NAMES and not names)
        for key, item in value.items()
        if names or key not in _DROPPED
    }
    properties = value.get("properties")
    if not names and isinstance(properties, dict):
        constants: dict[str, Json] = {
            name: field["const"]
            for name, field in properties.items()
            if isinstance(field, dict) and "const" in field
        }
        if constants:
            opened["x-constants"] = constants
    if not names and "const" in opened:
        constant = opened.pop("const")
        opened["type"] = "string"
        _say(opened, f"Always {json.dumps(constant)}.")
    return opened


def without_defaults(value: Json, *, names: bool = False) -> Json:
    """Move the defaults of fields into their descriptions.

    Generated code would send them although the caller chose nothing, and so freeze the server's
    current defaults. *names*: the keys of this mapping are names instead of keywords.
    """
    if isinstance(value, list):
        return [without_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Json] = {
        key: item
        # A server variable must have a default; the generator ignores it.
        if key == "variables" and not names
        else without_defaults(item, names=key in _NAMES and not names)
        for key, item in value.items()
        if names or key != "default"
    }
    if not names and value.get("default") is not None:
        _say(kept, f"Baseten's default: {json.dumps(value['default'])}.")
    return kept


def _say(schema: dict[str, Json], sentence: str) -> None:
    before = str(schema.get("description", "")).removesuffix(".")
    schema["description"] = f"{before}. {sentence}" if before else sentence
