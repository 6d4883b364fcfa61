"""Merge fragments and the overlay into one OpenAPI 3.1 document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from spec.fragment import (
    METHODS,
    PARAMETERS,
    SCHEMAS,
    Fragment,
    Operation,
    check_schema,
    check_security_scheme,
    parameter_object,
    read_fragments,
    references,
)
from spec.node import Json, JsonObject, Node, SpecError
from spec.overlay import Components, Overlay, apply_changes, masked, read_overlay, subjects
from spec.pins import Subject, shape
from spec.reading import described

# Our own components. Each must be used.
OURS = "ours.yaml"


def build_document(
    files: Mapping[str, str], overlay: tuple[str, str], dates: Mapping[str, str] | None = None
) -> JsonObject:
    """Build the document from the text of each file, by name, and the overlay (name, text).

    Args:
        files: By name.
        overlay: Its name and text.
        dates: By file: its date in sources.yaml. Of two definitions of a component, the newer wins.

    Raises:
        SpecError: Something is not supported, is contradictory, or needs a decision.
    """
    return build_with(files, read_overlay(*overlay), dates or {})


def build_with(files: Mapping[str, str], overlay: Overlay, dates: Mapping[str, str]) -> JsonObject:
    """Build the document from the text of each file, by name, and the overlay."""
    fragments = _fragments(files, overlay)
    published = [operation for fragment in fragments for operation in fragment.operations]
    operations, components = apply_changes(
        overlay, published, _settle_components(fragments, overlay, dates)
    )
    _check_references(operations, components)
    paths, tags = _paths(operations, components, overlay)
    used = _used_components(paths, components)
    if not overlay.is_partial:
        _insist_on_use(operations, components, used)
    return _document(overlay, paths, tags, used)


def published_document(
    files: Mapping[str, str],
    overlay: Overlay,
    dates: Mapping[str, str],
    *,
    is_masked: bool = False,
) -> JsonObject:
    """The document before the overlay's changes, with its ids and tags, to compare with others.

    It may hold what `build_with` refuses.

    Args:
        files: By name.
        overlay: Our decisions.
        dates: By file.
        is_masked: Leave out all that the overlay's changes are about.
    """
    fragments = _fragments({name: text for name, text in files.items() if name != OURS}, overlay)
    components: Components = {
        key: _newest(nodes, dates) for key, nodes in _definitions(fragments).items()
    }
    operations = [
        operation
        for fragment in fragments
        for operation in fragment.operations
        if f"{operation.method} {operation.path}" in overlay.published
    ]
    described = {f"{one.method} {one.path}" for one in operations}
    gone = {key: entry for key, entry in overlay.operations.items() if key not in described}
    partial = overlay.without({entry["id"].text() for entry in gone.values()})
    if is_masked:
        operations, components = apply_changes(masked(partial), operations, components)
    paths, tags = _paths(operations, components, partial)
    return _document(overlay, paths, tags, _used_components(paths, components, strictly=False))


def published_subjects(
    files: Mapping[str, str], overlay: Overlay, dates: Mapping[str, str]
) -> list[Subject]:
    """The published states that the overlay's entries are about."""
    fragments = _fragments(files, overlay)
    definitions = _definitions([one for one in fragments if one.file != OURS])
    return [
        *subjects(
            overlay,
            [operation for fragment in fragments for operation in fragment.operations],
            {key: _newest(nodes, dates) for key, nodes in definitions.items()},
            {f"{kind}/{name}": nodes for (kind, name), nodes in definitions.items()},
        )
    ]


def _fragments(files: Mapping[str, str], overlay: Overlay) -> list[Fragment]:
    # Sorted: neither the result nor the first error depends on the order of the files.
    return [
        fragment
        for file in sorted(files)
        for fragment in read_fragments(file, files[file], _wanted(file, files[file], overlay))
    ]


def _wanted(file: str, text: str, overlay: Overlay) -> set[str] | None:
    """Of a page, only the operation after which it is named, or those that we use."""
    used = {key: overlay.operations[key]["id"].text() for key in overlay.operations}
    found = set(described(text)) & used.keys()
    named = {key for key in found if used[key] == PurePosixPath(file).stem}
    return named or found or None


def _document(overlay: Overlay, paths: JsonObject, tags: set[str], used: JsonObject) -> JsonObject:
    document: JsonObject = {
        "openapi": "3.1.0",
        "info": {"title": overlay.title, "version": overlay.version},
        "servers": [{"url": overlay.server}],
        "tags": [{"name": tag} for tag in sorted(tags)],
        "paths": paths,
        "components": used,
    }
    return {key: _sorted_required(value) for key, value in document.items()}


def differences(first: Node, second: Node) -> Iterator[str]:
    """One line for each difference between two values, with both sides."""
    if isinstance(first.value, list) and isinstance(second.value, list):
        yield from _list_differences(first, second)
        return
    if not (isinstance(first.value, dict) and isinstance(second.value, dict)):
        if first.value != second.value:
            sides = (f"{_short(node.value)} in {node.file}" for node in (first, second))
            yield f"{first.place or '/'}: {', '.join(sides)}"
        return
    ours, theirs = first.entries(), second.entries()
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in theirs:
            yield f"{ours[key].place} only in {first.file}"
        elif key not in ours:
            yield f"{theirs[key].place} only in {second.file}"
        else:
            yield from differences(ours[key], theirs[key])


def _list_differences(first: Node, second: Node) -> Iterator[str]:
    ours, theirs = ([item.value for item in node.items()] for node in (first, second))
    for node, items, others in ((first, ours, theirs), (second, theirs, ours)):
        if only := [item for item in items if item not in others]:
            yield f"{node.place}: {_short(only)} only in {node.file}"
    if ours != theirs and all(item in theirs for item in ours) and len(ours) == len(theirs):
        yield f"{first.place}: in another order"


def _short(value: Json, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _settle_components(
    fragments: Iterable[Fragment], overlay: Overlay, dates: Mapping[str, str]
) -> Components:
    """One definition for each component: the common one, the newest, or the winner of a conflict.

    Only words may differ within one date. A newer page says how the API is now.
    """
    definitions = _definitions(fragments)
    settled: Components = {}
    unsettled: list[str] = []
    unused = dict(overlay.conflicts)
    for (kind, name), nodes in definitions.items():
        newest = _newest(nodes, dates)
        first, other = nodes[0], _other(nodes[0], nodes)
        if other is None:
            settled[kind, name] = newest
        elif decision := unused.pop(f"{kind}/{name}", None):
            settled[kind, name] = _winner(decision["winner"], nodes)
        elif _is_newest(newest, nodes, dates):
            settled[kind, name] = newest
        else:
            unsettled.append(_conflict(f"{kind}/{name}", first, other))
    if unsettled:
        listed = "\n".join(unsettled)
        raise SpecError(
            f"{listed}\nSay under `conflicts` in {overlay.node.file} which file wins, and why."
        )
    for name in () if overlay.is_partial else unused:
        raise overlay.node.error(f"conflicts: there is no conflict about {name}; remove the entry")
    return settled


def _definitions(fragments: Iterable[Fragment]) -> dict[tuple[str, str], list[Node]]:
    definitions: dict[tuple[str, str], list[Node]] = {}
    for fragment in fragments:
        for key, node in fragment.components.items():
            definitions.setdefault(key, []).append(node)
    return definitions


def _newest(nodes: Iterable[Node], dates: Mapping[str, str]) -> Node:
    """The first definition of the latest date."""
    return max(nodes, key=lambda node: dates.get(node.file, ""))


def _is_newest(newest: Node, nodes: Iterable[Node], dates: Mapping[str, str]) -> bool:
    """Whether all definitions of the latest date agree. Ours has no date: it needs a decision."""
    rivals = [node for node in nodes if dates.get(node.file) == dates.get(newest.file)]
    return _other(newest, rivals) is None and all(node.file in dates for node in nodes)


def _other(first: Node, nodes: Iterable[Node]) -> Node | None:
    return next((node for node in nodes if shape(node.value) != shape(first.value)), None)


def _winner(decision: Node, nodes: list[Node]) -> Node:
    for node in nodes:
        if node.file == decision.text():
            return node
    raise decision.error(f"{decision.text()} does not define it")


def _conflict(name: str, first: Node, second: Node) -> str:
    # Paths start at the component, because its position differs between the files.
    found = differences(
        Node(first.file, shape(first.value)), Node(second.file, shape(second.value))
    )
    listed = "\n".join(f"  {difference}" for difference in found)
    return f"{first.file}: {first.place}: {second.file} defines {name} differently:\n{listed}"


def _check_references(operations: Iterable[Operation], components: Components) -> None:
    defined = {f"#/components/{kind}/{name}" for kind, name in components}
    for operation in operations:
        for reference in references(operation.node):
            if reference.text() not in defined:
                raise reference.error(f"nothing defines {reference.text()}")


def _paths(
    operations: Iterable[Operation], components: Components, overlay: Overlay
) -> tuple[JsonObject, set[str]]:
    paths: dict[str, JsonObject] = {}
    seen: dict[str, str] = {}
    tags: set[str] = set()
    ids: set[str] = set()
    for operation in operations:
        key = f"{operation.method} {operation.path}"
        if key in seen:
            raise operation.node.error(f"{key} is also described in {seen[key]}")
        seen[key] = operation.node.file
        if key not in overlay.operations:
            raise overlay.node.error(f"operations: {key} ({operation.node.file}) has no entry")
        decision = overlay.operations[key]
        name, tag = decision["id"].text(), decision["tag"].text()
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
        raise overlay.node.error(f"operations: no file describes {key}; remove the entry")
    return {**paths}, tags


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
    if "requestBody" in operation.contents:
        body = Node("", operation.contents["requestBody"]).entries()["content"].entries()
        for node in body.values():
            _insist_on_object(node.entries()["schema"], components, operation)
    if operation.servers.value != [{"url": overlay.server}]:
        for server in operation.servers.items():
            server.fields("url", "description variables")
        built["servers"] = operation.servers.value
    return built


def _insist_on_object(schema: Node, components: Components, operation: Operation) -> None:
    """Check that a body is an object, or anything, or nothing: `Operation.body` is a mapping."""
    fields = schema.entries()
    if "$ref" in fields:
        name = fields["$ref"].text().removeprefix(SCHEMAS)
        if ("schemas", name) in components:
            _insist_on_object(components["schemas", name], components, operation)
    for key in ("anyOf", "oneOf"):
        for alternative in fields[key].items() if key in fields else ():
            _insist_on_object(alternative, components, operation)
    if "type" in fields and fields["type"].value not in ("object", "null"):
        raise operation.node.error(f"a body of type {fields['type'].value} is not supported")


def _resolved_parameters(operation: Operation, components: Components) -> list[Json]:
    """All parameters, inline. The operation's override those of the path."""
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


def _used_components(
    paths: JsonObject, components: Components, *, strictly: bool = True
) -> JsonObject:
    """The components that the operations need. All others are ignored and not checked."""
    schemas: JsonObject = {}
    waiting = [Node("", paths)]
    while waiting:
        for reference in references(waiting.pop()):
            name = reference.text().removeprefix(SCHEMAS)
            if ("schemas", name) not in components:
                if not strictly:
                    continue
                raise reference.error(f"nothing defines {reference.text()}")
            if name not in schemas:
                node = components["schemas", name]
                if strictly:
                    _check_component(name, node)
                schemas[name] = node.value
                waiting.append(node)
    schemes: JsonObject = {}
    for name in sorted(_scheme_names(paths)):
        if strictly:
            check_security_scheme(components["securitySchemes", name])
        schemes[name] = components["securitySchemes", name].value
    return {"schemas": schemas, "securitySchemes": schemes}


def _insist_on_use(
    operations: Iterable[Operation], components: Components, used: JsonObject
) -> None:
    needed = {(kind, name) for kind, group in used.items() for name in Node("", group).entries()}
    # Parameters are inline in the document.
    needed |= {
        ("parameters", reference.text().removeprefix(PARAMETERS))
        for operation in operations
        for parameter in operation.parameters
        for reference in references(parameter)
    }
    for key, node in components.items():
        if node.file == OURS and key not in needed:
            raise node.error(f"nothing uses {key[1]}; remove it")


def _check_component(name: str, node: Node) -> None:
    # It becomes a file name.
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise node.error(f"{name!r} cannot be the name of a class")
    if "$ref" in node.entries():
        raise node.error("a schema that is only another name for a schema is not supported")
    check_schema(node)


def _scheme_names(paths: JsonObject) -> Iterator[str]:
    for item in Node("", paths).entries().values():
        for operation in item.fields(optional=METHODS).values():
            for alternative in operation.entries()["security"].items():
                yield from alternative.entries()


def _sorted_required(value: Json) -> Json:
    """Sort `required`: its order has no meaning and must not matter."""
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
