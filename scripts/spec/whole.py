"""Take from a whole spec the operations that we use and their components."""

from __future__ import annotations

import difflib
import functools
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML

from spec.fragment import METHODS, references
from spec.node import Json, JsonObject, Node, SpecError
from spec.reading import read_data

HEADER = (
    "# Published by Baseten, written by `make refresh-spec`. Our changes belong in overlay.yaml.\n"
)
# They repeat the rest, or come from the overlay.
_DROPPED = ("x-codeSamples", "operationId", "tags")
_Names = set[tuple[str, str]]


@dataclass(frozen=True)
class Taken:
    """The part of a whole spec that we use."""

    # By path below openapi/.
    files: dict[str, str]
    # One sentence for each missing operation, by id.
    missing: dict[str, str]
    # All operations in the spec, as "method /path".
    every: tuple[str, ...]
    components: int


def take(whole: Node, wanted: Mapping[str, str]) -> Taken:
    """Take the *wanted* operations ("method /path": id) out of a spec, as files for openapi/.

    Raises:
        SpecError: It is not an OpenAPI 3.1 document, or has an undefined reference.
    """
    top = _top(whole)
    items = top["paths"].entries()
    every = {
        f"{method} {path}"
        for path, item in items.items()
        for method in METHODS.split()
        if method in item.entries()
    }
    files, fragments = {}, []
    for key in sorted(wanted.keys() & every):
        method, _, path = key.partition(" ")
        fragment = _fragment(top, path, method)
        fragments.append(Node(whole.file, fragment))
        files[f"endpoints/{wanted[key]}.yaml"] = _written(fragment)
    components = _closure(fragments, top)
    files["components.yaml"] = _written({"openapi": "3.1.0", "components": components})
    return Taken(
        files=files,
        missing={
            wanted[key]: _missing(key, every - wanted.keys())
            for key in sorted(wanted.keys() - every)
        },
        every=tuple(sorted(every)),
        components=sum(len(Node("", group).entries()) for group in components.values()),
    )


def _top(whole: Node) -> dict[str, Node]:
    top = whole.entries()
    if "openapi" not in top or "paths" not in top:
        raise whole.error("this is not an OpenAPI document: it has no `openapi` or no `paths`")
    if not re.fullmatch(r"3\.1\.\d+", top["openapi"].text()):
        raise top["openapi"].error(f"expected OpenAPI 3.1, found {top['openapi'].value!r}")
    return top


def _fragment(top: Mapping[str, Node], path: str, method: str) -> JsonObject:
    item = top["paths"].entries()[path].entries()
    operation: JsonObject = {
        key: child.value for key, child in item[method].entries().items() if key not in _DROPPED
    }
    kept: JsonObject = {
        key: child.value for key, child in item.items() if key not in METHODS.split()
    }
    fragment: JsonObject = {"openapi": "3.1.0", "paths": {path: {**kept, method: operation}}}
    for key in ("servers", "security"):
        if key in top:
            fragment[key] = top[key].value
    return fragment


def _closure(fragments: Iterable[Node], top: Mapping[str, Node]) -> JsonObject:
    """All components that the fragments refer to, directly or indirectly."""
    kinds = top["components"].entries() if "components" in top else {}
    groups = {kind: group.entries() for kind, group in kinds.items()}
    found: _Names = set()
    waiting = list(fragments)
    for fragment in waiting:
        for name in _schemes(fragment):
            if name not in groups.get("securitySchemes", {}):
                raise fragment.error(f"nothing defines the security scheme {name}")
            found.add(("securitySchemes", name))
    while waiting:
        for reference in references(waiting.pop()):
            kind, name = _target(reference)
            if name not in groups.get(kind, {}):
                raise reference.error(f"nothing defines {reference.text()}")
            if (kind, name) not in found:
                found.add((kind, name))
                waiting.append(groups[kind][name])
    return {
        kind: {name: groups[kind][name].value for _, name in sorted(found) if _ == kind}
        for kind in sorted({kind for kind, _ in found})
    }


def _schemes(fragment: Node) -> set[str]:
    fields = fragment.entries()
    operations = (
        child.entries()
        for item in fields["paths"].entries().values()
        for key, child in item.entries().items()
        if key in METHODS.split()
    )
    alternatives = [
        alternative
        for place in (fields, *operations)
        if "security" in place
        for alternative in place["security"].items()
    ]
    return {name for alternative in alternatives for name in alternative.entries()}


def _target(reference: Node) -> tuple[str, str]:
    found = re.fullmatch(r"#/components/([A-Za-z]+)/([A-Za-z0-9._-]+)", reference.text())
    if found is None:
        raise reference.error(f"references to {reference.text()!r} are not supported")
    return found[1], found[2]


def _missing(key: str, others: Iterable[str]) -> str:
    # A path of another length is another thing: `/chains/{id}` is no new address of its audit log.
    alike = {other: unnamed(other) for other in others if other.count("/") == key.count("/")}
    if same := [other for other, plain in sorted(alike.items()) if plain == unnamed(key)]:
        return f"{key} has other names of parameters in it: {same[0]}."
    near = difflib.get_close_matches(key, sorted(alike), n=1, cutoff=0.8)
    hint = f" The most similar unused operation is {near[0]}." if near else ""
    return f"{key} is not in it.{hint}"


def unnamed(key: str) -> str:
    """A path, or "method /path", without the names of its parameters."""
    return re.sub(r"{[^{}]*}", "{}", key)


def _written(data: Json) -> str:
    """YAML text that does not depend on the order of the keys in Baseten's spec."""
    return _cached_text(json.dumps(_sorted(data), ensure_ascii=False))


# Writing is slow, and most fragments of two editions of a spec are the same.
@functools.lru_cache(maxsize=256)
def _cached_text(plain: str) -> str:
    data: Json = json.loads(plain)
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 120
    yaml.dump(data, stream)
    text = HEADER + stream.getvalue()
    if read_data("what was written", text).value != data:
        raise SpecError("the written YAML does not parse to the same data")
    return text


def _sorted(value: Json, *, names: bool = False) -> Json:
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: JsonObject = {}
    for key, item in sorted(value.items()):
        if key == "required" and isinstance(item, list):
            result[key] = sorted(item, key=str)
        else:
            result[key] = _sorted(item, names=key == "properties" and not names)
    return result
