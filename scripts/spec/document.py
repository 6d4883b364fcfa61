"""Many fragments and our decisions about them, put together as one OpenAPI 3.1 document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from spec.fragment import (
    METHODS,
    PARAMETERS,
    SCHEMAS,
    Fragment,
    Operation,
    parameter_object,
    read_fragment,
    references,
)
from spec.node import Json, JsonObject, Node, SpecError
from spec.reading import read_yaml

Components = dict[tuple[str, str], Node]


@dataclass(frozen=True)
class Overlay:
    """Our decisions, as read from overlay.yaml."""

    node: Node
    title: str
    version: str
    server: str
    # By "method /path".
    operations: dict[str, dict[str, Node]]
    # By "kind/Name".
    conflicts: dict[str, dict[str, Node]]


def build_document(files: Mapping[str, str], overlay: tuple[str, str]) -> JsonObject:
    """Build the document from the text of each file, by name, and the overlay's name and text.

    Raises:
        SpecError: Something is not understood, contradicts itself, or lacks a decision.
    """
    decisions = read_overlay(*overlay)
    # Sorted, so that neither the result nor the first error depends on the order of the files.
    fragments = [read_fragment(file, files[file]) for file in sorted(files)]
    components = _settle_components(fragments, decisions)
    _check_references(fragments, components)
    paths, tags = _paths(fragments, components, decisions)
    document: JsonObject = {
        "openapi": "3.1.0",
        "info": {"title": decisions.title, "version": decisions.version},
        "servers": [{"url": decisions.server}],
        "tags": [{"name": tag} for tag in sorted(tags)],
        "paths": paths,
        "components": _used_components(paths, components),
    }
    return {key: _sorted_required(value) for key, value in document.items()}


def read_overlay(file: str, text: str) -> Overlay:
    """Read our decisions, strictly."""
    node = read_yaml(file, text)
    top = node.fields("document operations conflicts")
    document = top["document"].fields("title version server")
    return Overlay(
        node=node,
        title=document["title"].text(),
        version=document["version"].text(),
        server=document["server"].text(),
        operations={
            key: entry.fields("id tag") for key, entry in top["operations"].entries().items()
        },
        conflicts={
            key: entry.fields("winner reason") for key, entry in top["conflicts"].entries().items()
        },
    )


def differences(first: Node, second: Node) -> Iterator[str]:
    """Where two values differ, a line for each place."""
    if not (isinstance(first.value, dict) and isinstance(second.value, dict)):
        if first.value != second.value:
            yield f"{first.place or '/'} differs"
        return
    ours, theirs = first.entries(), second.entries()
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in theirs:
            yield f"{ours[key].place} only in {first.file}"
        elif key not in ours:
            yield f"{theirs[key].place} only in {second.file}"
        else:
            yield from differences(ours[key], theirs[key])


def _settle_components(fragments: Iterable[Fragment], overlay: Overlay) -> Components:
    """One definition for each component: what all files agree on, or the winner of a conflict."""
    definitions: dict[tuple[str, str], list[Node]] = {}
    for fragment in fragments:
        for key, node in fragment.components.items():
            definitions.setdefault(key, []).append(node)
    settled: Components = {}
    unused = dict(overlay.conflicts)
    for (kind, name), nodes in definitions.items():
        first, *others = nodes
        other = next((node for node in others if _normal(node) != _normal(first)), None)
        if other is None:
            settled[kind, name] = first
        elif decision := unused.pop(f"{kind}/{name}", None):
            settled[kind, name] = _winner(decision["winner"], nodes)
        else:
            raise _conflict(f"{kind}/{name}", first, other, overlay)
    for unsettled in unused:
        raise overlay.node.error(f"conflicts: there is no conflict about {unsettled}; take it out")
    return settled


def _winner(decision: Node, nodes: list[Node]) -> Node:
    for node in nodes:
        if node.file == decision.text():
            return node
    raise decision.error(f"{decision.text()} does not define it")


def _conflict(name: str, first: Node, second: Node, overlay: Overlay) -> SpecError:
    # The places begin at the component: it stands elsewhere in each file.
    found = differences(Node(first.file, _normal(first)), Node(second.file, _normal(second)))
    listed = "\n".join(f"  {difference}" for difference in found)
    return SpecError(
        f"{first.file}: {first.place}: {second.file} defines {name} differently:\n{listed}\n"
        f"Say under `conflicts` in {overlay.node.file} which file wins, and why."
    )


def _check_references(fragments: Iterable[Fragment], components: Components) -> None:
    defined = {f"#/components/{kind}/{name}" for kind, name in components}
    for fragment in fragments:
        operations = [operation.node for operation in fragment.operations]
        for node in (*operations, *fragment.components.values()):
            for reference in references(node):
                if reference.text() not in defined:
                    raise reference.error(f"nothing defines {reference.text()}")


def _paths(
    fragments: Iterable[Fragment], components: Components, overlay: Overlay
) -> tuple[JsonObject, set[str]]:
    paths: dict[str, JsonObject] = {}
    seen: dict[str, str] = {}
    tags: set[str] = set()
    ids: set[str] = set()
    for operation in (operation for fragment in fragments for operation in fragment.operations):
        key = f"{operation.method} {operation.path}"
        if key in seen:
            raise operation.node.error(f"{key} is also described in {seen[key]}")
        seen[key] = operation.node.file
        if key not in overlay.operations:
            raise overlay.node.error(f"operations: {key} ({operation.node.file}) has no entry")
        decision = overlay.operations[key]
        name, tag = (_module_name(decision[part]) for part in ("id", "tag"))
        if name in ids:
            raise decision["id"].error(f"the id {name} is taken")
        ids.add(name)
        tags.add(tag)
        paths.setdefault(operation.path, {})[operation.method] = {
            "operationId": name,
            "tags": [tag],
            **_operation(operation, components, overlay),
        }
    for key in sorted(overlay.operations.keys() - seen.keys()):
        raise overlay.node.error(f"operations: no file describes {key}; take it out")
    return {**paths}, tags


def _module_name(node: Node) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", node.text()):
        raise node.error(f"{node.text()!r} cannot be the name of a module")
    return node.text()


def _operation(operation: Operation, components: Components, overlay: Overlay) -> JsonObject:
    built: JsonObject = {
        **operation.contents,
        "security": operation.security.value,
        "parameters": _resolved_parameters(operation, components),
    }
    for alternative in operation.security.items():
        for name in alternative.entries():
            if ("securitySchemes", name) not in components:
                raise alternative.error(f"nothing defines the security scheme {name}")
    if operation.servers is None:
        raise operation.node.error("neither the operation nor its file names a server")
    if operation.servers.value != [{"url": overlay.server}]:
        for server in operation.servers.items():
            server.fields("url", "description variables")
        built["servers"] = operation.servers.value
    return built


def _resolved_parameters(operation: Operation, components: Components) -> list[Json]:
    """The parameters written out. One of the operation replaces its namesake of the path."""
    found: dict[tuple[Json, Json], Json] = {}
    for node in operation.parameters:
        parameter = parameter_object(_followed(node, components))
        found[parameter["in"], parameter["name"]] = parameter
    declared = sorted(str(name) for place, name in found if place == "path")
    expected = sorted(re.findall(r"{([^{}]*)}", operation.path))
    if declared != expected:
        raise operation.node.error(f"the path needs {expected}, but {declared} are declared")
    return list(found.values())


def _followed(parameter: Node, components: Components) -> Node:
    if "$ref" not in parameter.entries():
        return parameter
    reference = parameter.fields("$ref")["$ref"]
    name = reference.text().removeprefix(PARAMETERS)
    if ("parameters", name) not in components:
        raise reference.error(f"nothing defines {reference.text()}")
    return components["parameters", name]


def _used_components(paths: JsonObject, components: Components) -> JsonObject:
    """The components that an operation needs. A page may bring others along."""
    schemas: JsonObject = {}
    waiting = [Node("", paths)]
    while waiting:
        for reference in references(waiting.pop()):
            name = reference.text().removeprefix(SCHEMAS)
            if name not in schemas:
                node = components["schemas", name]
                schemas[name] = node.value
                waiting.append(node)
    schemes: JsonObject = {
        name: components["securitySchemes", name].value for name in sorted(_scheme_names(paths))
    }
    return {"schemas": schemas, "securitySchemes": schemes}


def _scheme_names(paths: JsonObject) -> Iterator[str]:
    for item in Node("", paths).entries().values():
        for operation in item.fields(optional=METHODS).values():
            for alternative in operation.entries()["security"].items():
                yield from alternative.entries()


def _normal(node: Node) -> Json:
    return _sorted_required(node.value)


def _sorted_required(value: Json) -> Json:
    """The order of `required` means nothing, so it must make no difference."""
    if isinstance(value, list):
        return [_sorted_required(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: JsonObject = {}
    for key, item in value.items():
        if key == "required" and isinstance(item, list):
            result[key] = [*sorted(map(str, item))]
        else:
            result[key] = _sorted_required(item)
    return result
