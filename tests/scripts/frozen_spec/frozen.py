"""openapi/ of August 2026, so that tests do not depend on today's spec."""

from __future__ import annotations

import copy
import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import build_spec
from spec.document import OURS, build_with
from spec.leaning import Leaning, read_leaning
from spec.overlay import read_overlay

OPENAPI = Path(__file__).with_name("openapi")
ENDPOINTS = OPENAPI / "endpoints"

# Loosely typed, because tests change it.
Document = dict[str, Any]


@functools.cache
def text() -> str:
    """The text of its document."""
    return build_spec.read_valid(OPENAPI)


def document() -> Document:
    """A copy of the document, which a test may change."""
    loaded: Document = json.loads(text())
    return loaded


def leaning() -> Leaning:
    """Its leans-on.yaml."""
    return read_leaning("leans-on.yaml", (OPENAPI / "leans-on.yaml").read_text("utf-8"))


@functools.cache
def _published() -> Document:
    texts, named = build_spec.read_openapi(OPENAPI)
    overlay = read_overlay(*named)
    ours = {entry["id"].text() for entry in overlay.operations.values() if "ours" in entry}
    files = {
        name: text
        for name, text in texts.items()
        if Path(name).stem not in {*ours, Path(OURS).stem}
    }
    whole: Document = build_with(
        files, replace(overlay.without(ours), changes=(), conflicts={}), {}
    )
    whole["info"] = {"title": "Baseten management API", "version": "1.0.0"}
    for item in whole["paths"].values():
        for operation in item.values():
            del operation["operationId"], operation["tags"]
    return whole


def whole() -> Document:
    """A whole spec with the contents of the pages and fragments, without the overlay."""
    return copy.deepcopy(_published())
