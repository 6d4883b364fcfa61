"""Compare two documents, operation by operation and schema by schema.

A component counts only if an operation uses it in a request or a response.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from spec.fragment import METHODS, SCHEMAS, references
from spec.node import Json, JsonObject, Node
from spec.schema_changes import PROSE, Change, beside, label, plain, schema_changes

# By component and direction: the ids of the operations.
Uses = dict[str, dict[str, set[str]]]


@dataclass(frozen=True)
class _Operation:
    method: str
    path: str
    fields: dict[str, Node]


def compare(old: JsonObject, new: JsonObject) -> list[Change]:
    """All differences between two documents built by `build_document`."""
    before, after = _operations(old), _operations(new)
    changes = [*_prose_of_document(old, new), *_schemes(old, new)]
    of_operations = [
        replace(change, operations=(name,))
        for name in sorted(before.keys() | after.keys())
        for change in _operation(before.get(name), after.get(name))
    ]
    changes.extend(_together(of_operations))
    ours, theirs = _schemas(old), _schemas(new)
    changed = [n for n in ours.keys() & theirs.keys() if ours[n].value != theirs[n].value]
    changes.extend(
        change for name in sorted(changed) for change in _component(name, ours[name], theirs[name])
    )
    changes = _followed(changes, ours, theirs)
    uses: Uses = {}
    if any(_component_of(change, ours) for change in changes):
        # The new uses count: nobody sends any more what is only returned now.
        _note_uses(old, before, uses)
        newer: Uses = {}
        _note_uses(new, after, newer)
        uses |= newer
    return [_with_uses(change, uses, ours) for change in changes]


def _with_uses(change: Change, uses: Uses, ours: Mapping[str, Node]) -> Change:
    name = _component_of(change, ours)
    if not name or change.operations:
        return change
    used = uses.get(name, {})
    touched = tuple(sorted(set[str]().union(*used.values())))
    return replace(change, directions=frozenset(used), operations=touched)


def _component_of(change: Change, ours: Mapping[str, Node]) -> str:
    name = re.split(r"[.:\[]", change.place, maxsplit=1)[0]
    return name if name in ours else ""


# --- renamed references --------------------------------------------------------------------------


def _followed(
    changes: Iterable[Change], ours: Mapping[str, Node], theirs: Mapping[str, Node]
) -> list[Change]:
    """Where a reference names another schema now, compare the two schemas instead of their names.

    A change inside keeps the old name, which leans-on.yaml has.
    """
    found: list[Change] = []
    waiting, seen = list(changes), set[tuple[str, str]]()
    while waiting:
        change = waiting.pop(0)
        names = _renamed(change, ours, theirs)
        if names is None:
            found.append(_as_enum(change, theirs))
            continue
        found.append(replace(change, kind="schema renamed", before=names[0], after=names[1]))
        if names not in seen:
            seen.add(names)
            inside = schema_changes(names[0], ours[names[0]], theirs[names[1]])
            waiting += [
                replace(one, directions=change.directions, operations=change.operations)
                for one in inside
                if one.kind != "prose"
            ]
    return found


def _renamed(
    change: Change, ours: Mapping[str, Node], theirs: Mapping[str, Node]
) -> tuple[str, str] | None:
    """The names, if a change of type is only another name in the same place."""
    if not (isinstance(change.before, str) and isinstance(change.after, str)):
        return None
    if change.kind not in ("type changed", "answer changed"):
        return None
    before, after = (re.split(r"([A-Za-z0-9_]+)", side) for side in (change.before, change.after))
    pairs = [(one, two) for one, two in zip(before, after, strict=False) if one != two]
    if len(before) != len(after) or len(pairs) != 1:
        return None
    ((one, two),) = pairs
    return (one, two) if one in ours and two in theirs else None


def _as_enum(change: Change, theirs: Mapping[str, Node]) -> Change:
    """A string that has a list of values now is another kind of change than another type."""
    before, after = str(change.before), str(change.after)
    is_enum = after in theirs and "enum" in theirs[after].entries()
    if change.kind in ("type changed", "answer changed") and before == "string" and is_enum:
        return replace(change, kind="string became an enum")
    return change


def _together(changes: Iterable[Change]) -> Iterator[Change]:
    """Merge equal changes of several operations, for example of security, into one."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        shared = change.kind in ("security changed", "servers changed")
        what = json.dumps([change.before, change.after]) if shared else change.place
        groups.setdefault(f"{change.kind} {what} {'' if shared else len(groups)}", []).append(
            change
        )
    for first, *others in groups.values():
        names = tuple(change.operations[0] for change in (first, *others))
        place = f"{len(names)} operations: {first.place.rpartition(': ')[2]}"
        yield replace(first, place=place, operations=names) if others else first


def _component(name: str, old: Node, new: Node) -> list[Change]:
    found = list(schema_changes(name, old, new))
    return found or [Change("prose", f"{name}: written differently")]


def _schemas(document: JsonObject) -> dict[str, Node]:
    components = Node("", document).entries()["components"].entries()
    return components["schemas"].entries() if "schemas" in components else {}


def _prose_of_document(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    for key in ("openapi", "info", "tags"):
        if old.get(key) != new.get(key):
            yield Change("prose", key, old.get(key), new.get(key))
    if old.get("servers") != new.get("servers"):
        yield Change("servers changed", "servers", old.get("servers"), new.get("servers"))


def _schemes(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    before, after = (
        Node("", document).entries()["components"].entries().get("securitySchemes")
        for document in (old, new)
    )
    ours, theirs = (plain(group.entries()) if group else {} for group in (before, after))
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            kind = "security changed"
            if _without_prose(ours.get(name)) == _without_prose(theirs.get(name)):
                kind = "prose"
            yield Change(kind, f"security scheme {name}", ours.get(name), theirs.get(name))


# --- operations ----------------------------------------------------------------------------------


def _operations(document: JsonObject) -> dict[str, _Operation]:
    found = {}
    for path, item in Node("", document).entries()["paths"].entries().items():
        for method, node in item.entries().items():
            if method in METHODS.split():
                fields = node.entries()
                name = fields["operationId"].text() if "operationId" in fields else ""
                found[name or f"{method} {path}"] = _Operation(method, path, fields)
    return found


def _operation(old: _Operation | None, new: _Operation | None) -> Iterator[Change]:
    if old is None or new is None:
        yield from (Change("operation removed", f"{o.method} {o.path}") for o in (old,) if o)
        yield from (Change("operation added", f"{n.method} {n.path}") for n in (new,) if n)
        return
    place = f"{new.method} {new.path}"
    if (old.method, _unnamed(old.path)) != (new.method, _unnamed(new.path)):
        yield Change("operation moved", place, f"{old.method} {old.path}", place)
    elif old.path != new.path:
        yield Change("path parameter renamed", place, old.path, new.path)
    handled = {"parameters", "requestBody", "responses", "operationId"}
    ours, theirs = old.fields, new.fields
    for key in sorted((ours.keys() | theirs.keys()) - handled):
        before, after = (fields[key].value if key in fields else None for fields in (ours, theirs))
        if before == after:
            continue
        if key == "deprecated":
            yield Change(f"operation {'' if after else 'no longer '}deprecated", place)
            continue
        yield Change(_OF_OPERATION.get(key, "other"), f"{place}: {key}", before, after)
    yield from _parameters(place, *(_by_name(one) for one in (old, new)))
    yield from _bodies(place, *(fields.get("requestBody") for fields in (ours, theirs)))
    yield from _answers(place, *(fields["responses"].entries() for fields in (ours, theirs)))


_OF_OPERATION = {
    "summary": "prose",
    "description": "prose",
    "tags": "prose",
    "security": "security changed",
    "servers": "servers changed",
    "x-stability": "stability changed",
}


def _unnamed(path: str) -> str:
    return re.sub(r"{[^{}]*}", "{}", path)


def _by_name(operation: _Operation) -> dict[str, Node]:
    """Parameters by place and name. In the path only the order counts, so the index is the name."""
    order = re.findall(r"{([^{}]*)}", operation.path)
    found = {}
    for parameter in operation.fields["parameters"].items():
        fields = parameter.entries()
        where, name = fields["in"].text(), fields["name"].text()
        found[f"{where} {order.index(name) if where == 'path' else name}"] = parameter
    return found


def _parameters(place: str, old: dict[str, Node], new: dict[str, Node]) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        where = f"{place}: {key}"
        if key not in old:
            required = _flag(new[key], "required")
            yield Change("required parameter added" if required else "parameter added", where)
        elif key not in new:
            yield Change("parameter removed", where)
        else:
            yield from _parameter(where, old[key].entries(), new[key].entries())


def _parameter(place: str, old: dict[str, Node], new: dict[str, Node]) -> Iterator[Change]:
    before, after = (
        "required" in fields and fields["required"].value is True for fields in (old, new)
    )
    if before != after:
        kind = "parameter became required" if after else "parameter became optional"
        yield Change(kind, place)
    for change in schema_changes(place, old["schema"], new["schema"]):
        yield replace(change, directions=frozenset({"sent"}))
    rest = {"name", "in", "required", "schema"}
    yield from beside(place, plain(old, without=rest), plain(new, without=rest))


def _bodies(place: str, old: Node | None, new: Node | None) -> Iterator[Change]:
    if old is None or new is None:
        if new is not None:
            required = _flag(new, "required")
            yield Change("required body added" if required else "body added", f"{place}: body")
        elif old is not None:
            yield Change("body removed", f"{place}: body")
        return
    before, after = (_flag(body, "required") for body in (old, new))
    if before != after:
        kind = "body became required" if after else "body became optional"
        yield Change(kind, f"{place}: body")
    yield from _contents(f"{place}: body", old, new, "sent")


def _answers(place: str, old: dict[str, Node], new: dict[str, Node]) -> Iterator[Change]:
    for code in sorted(old.keys() | new.keys()):
        where = f"{place}: answer {code}"
        if code not in old or code not in new:
            kind = "added" if code in new else "removed"
            side, others = (new, old) if code in new else (old, new)
            what = "answer"
            if not code.startswith("2"):
                what = "refusal"
            elif _body_name(side[code]) in [
                _body_name(other) for key, other in others.items() if key.startswith("2")
            ]:
                what = "equal answer"
            sides = (None, code) if code in new else (code, None)
            yield Change(f"{what} {kind}", where, *sides)
        else:
            yield from _contents(where, old[code], new[code], "answered")


def _contents(place: str, old: Node, new: Node, direction: str) -> Iterator[Change]:
    ours, theirs = (_media(node) for node in (old, new))
    if ours is None or theirs is None:
        if ours is not theirs:
            kind = "body of the answer" if direction == "answered" else "body"
            yield Change(f"{kind} {'added' if ours is None else 'removed'}", place)
    else:
        for change in schema_changes(place, ours, theirs):
            yield replace(
                change,
                kind="answer changed"
                if direction == "answered" and change.kind in ("type changed", "became nullable")
                else change.kind,
                directions=frozenset({direction}),
            )
    rest = {"content", "required"}
    yield from beside(place, *(plain(node.entries(), without=rest) for node in (old, new)))


def _body_name(answer: Node) -> str | None:
    media = _media(answer)
    return label(media) if media else None


def _media(node: Node) -> Node | None:
    fields = node.entries()
    if "content" not in fields:
        return None
    return fields["content"].entries()["application/json"].entries()["schema"]


def _flag(node: Node, key: str) -> bool:
    fields = node.entries()
    return key in fields and fields[key].value is True


def _note_uses(document: JsonObject, operations: Mapping[str, _Operation], uses: Uses) -> None:
    """Record which operations send each schema and which return it."""
    schemas = _schemas(document)
    for name, operation in operations.items():
        for key, direction in (
            ("parameters", "sent"),
            ("requestBody", "sent"),
            ("responses", "answered"),
        ):
            waiting = [operation.fields[key]] if key in operation.fields else []
            seen: set[str] = set()
            while waiting:
                for reference in references(waiting.pop()):
                    schema = reference.text().removeprefix(SCHEMAS)
                    if schema not in seen:
                        seen.add(schema)
                        uses.setdefault(schema, {}).setdefault(direction, set()).add(name)
                        waiting.append(schemas[schema])


def _without_prose(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in value.items() if key not in PROSE}
