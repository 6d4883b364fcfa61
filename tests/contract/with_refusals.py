"""Baseten's document for schemathesis: with what it leaves out, and for the served fake.

    python -m tests.contract.with_refusals > document.json

The published document describes success alone; every refusal would be a finding. So the answers
that Baseten is known to refuse with are added. Waking has a host of its own for each model; the
served fake has it under a path. Ids are those of the scenario
``healthy``: what else schemathesis makes up is unknown.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from .contract import DOCUMENT, METHODS

Json = dict[str, Any]
WAKE = "/deployment/{deployment_id}/wake"
KNOWN = {
    "chain_id": ["support-bot"],
    "chain_deployment_id": ["v1", "v2", "v2-p1"],
    "chainlet_id": ["v1-Transcribe", "v2-Answer"],
    "deployment_id": ["v1", "v2", "v2-p1", "production"],
    "env_name": ["production"],
    "model_id": ["ranker"],
}
TEXT: Json = {"type": "string", "minLength": 1}
ERROR: Json = {
    "type": "object",
    "required": ["code", "message"],
    "additionalProperties": False,
    "properties": {"code": TEXT, "message": TEXT},
}
INVALID: Json = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": TEXT},
                    "msg": TEXT,
                    "type": TEXT,
                },
            },
        }
    },
}
LIMITED: Json = {
    "type": "object",
    "required": ["error", "retry_after"],
    "properties": {"error": TEXT, "retry_after": {"type": "integer", "minimum": 1}},
}


def completed(document: Json) -> Json:
    """The document with refusals, for the served fake."""
    paths = dict(document["paths"])
    wake = paths.pop(WAKE)
    paths["/model-{model_id}" + WAKE] = {
        method: {
            **{key: value for key, value in operation.items() if key != "servers"},
            "parameters": [*operation["parameters"], _in_path("model_id")],
        }
        for method, operation in wake.items()
    }
    schemas = document["components"]["schemas"]
    for name in ("PromoteToEnvironmentRequestV1", "PromoteToChainEnvironmentRequestV1"):
        known = {
            # The official client may send null where the document says object.
            field: {"anyOf": [schema, {"type": "null"}]} if "$ref" in schema else schema
            for field, schema in schemas[name]["properties"].items()
        }
        known["deployment_id"] = _one_of("deployment_id")
        schemas = {**schemas, name: {**schemas[name], "properties": known}}
    return {
        **document,
        "components": {**document["components"], "schemas": schemas},
        "paths": {
            path: {
                key: _completed(value) if key in METHODS else value for key, value in item.items()
            }
            for path, item in paths.items()
        },
    }


def _completed(operation: Json) -> Json:
    refusals = {str(status): _answer(ERROR) for status in (400, 401, 403, 404, 405)}
    asks = any(one.get("in") == "query" for one in operation.get("parameters", []))
    if asks or "requestBody" in operation:
        refusals["422"] = _answer(INVALID)
    refusals["429"] = _answer(LIMITED)
    return {
        **operation,
        "parameters": [
            _in_path(one["name"]) if one.get("in") == "path" else one
            for one in operation.get("parameters", [])
        ],
        "responses": {**operation["responses"], **refusals},
    }


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": _one_of(name)}


def _one_of(name: str) -> Json:
    return {"type": "string", "enum": KNOWN[name]}


def _answer(schema: Json) -> Json:
    return {"description": "Refused.", "content": {"application/json": {"schema": schema}}}


if __name__ == "__main__":
    json.dump(completed(DOCUMENT), sys.stdout)
