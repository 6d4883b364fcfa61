"""Compare two schemas.

`required`, `enum` and `anyOf` are compared as sets, and "nullable" is a property of a field. Every
difference is reported: one without a kind of its own is an "other" change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from spec.fragment import SCHEMAS
from spec.node import Json, JsonObject, Node

PROSE = ("title", "summary", "description", "examples", "example", "$comment")
_LIMITS = (
    *("pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minProperties", "maxProperties", "readOnly", "writeOnly", "x-null-distinct"),
)
# Keys that have their own comparison.
_STRUCTURE = (
    *("$ref", "type", "anyOf", "oneOf", "format", "enum", "default"),
    *("properties", "required", "items", "additionalProperties"),
)


@dataclass(frozen=True)
class Change:
    """One change."""

    kind: str
    # For example "DeploymentV1.status", or the id of an operation.
    place: str
    before: Json = None
    after: Json = None
    # "sent", "answered", both, or empty if it is not about a schema.
    directions: frozenset[str] = frozenset()
    # The ids of the affected operations.
    operations: tuple[str, ...] = ()


def schema_changes(place: str, old: Node, new: Node) -> Iterator[Change]:
    """The differences between two schemas. Components in references are compared separately."""
    ours, theirs = old.entries(), new.entries()
    yield from _defaults(place, ours, theirs)
    yield from beside(place, plain(ours, _STRUCTURE), plain(theirs, _STRUCTURE))
    (before, was_null), (after, is_null) = alternatives(old), alternatives(new)
    if was_null != is_null:
        yield Change("became nullable" if is_null else "no longer nullable", place)
    labels = [sorted(label(one) for one in group) for group in (before, after)]
    if labels[0] != labels[1]:
        kinds = [[one.partition(" (")[0] for one in group] for group in labels]
        kind = "format changed" if kinds[0] == kinds[1] else "type changed"
        sides = [" or ".join(group) or "null" for group in labels]
        yield Change(kind, place, sides[0], sides[1])
        return
    pairs = zip(sorted(before, key=label), sorted(after, key=label), strict=True)
    for one, other in pairs:
        if one.place != old.place:
            yield from _defaults(place, one.entries(), other.entries())
            inner = (plain(side.entries(), _STRUCTURE) for side in (one, other))
            yield from beside(place, *inner)
        yield from _inside(place, one.entries(), other.entries())


def alternatives(schema: Node) -> tuple[list[Node], bool]:
    """The alternatives for a value, and whether it may be null."""
    fields = schema.entries()
    found = [schema]
    for key in ("anyOf", "oneOf"):
        if key in fields:
            found = fields[key].items()
    types = fields["type"].value if "type" in fields else None
    if isinstance(types, list):
        found = [Node(schema.file, {**plain(fields), "type": kind}) for kind in types]
    null = [one for one in found if one.entries().get("type", _NOTHING).value == "null"]
    return [one for one in found if one not in null], bool(null)


_NOTHING = Node("", None)
_ANYTHING = Node("", True)
# Between the types of a field, but not between those of the items of a list.
OR = re.compile(r" or (?![^(]*\))")


def label(schema: Node) -> str:
    """A short name of a schema."""
    fields = schema.entries()
    if "$ref" in fields:
        return fields["$ref"].text().removeprefix(SCHEMAS)
    if "anyOf" in fields or "oneOf" in fields:
        found, null = alternatives(schema)
        return " or ".join(sorted(label(one) for one in found) + ["null"] * null)
    kind = fields["type"].value if "type" in fields else "anything"
    if kind == "array" and "items" in fields:
        item = label(fields["items"])
        return f"list of ({item})" if OR.search(item) else f"list of {item}"
    return f"{kind} ({fields['format'].text()})" if "format" in fields else str(kind)


def _inside(place: str, old: Mapping[str, Node], new: Mapping[str, Node]) -> Iterator[Change]:
    enums = [[item.value for item in one["enum"].items()] for one in (old, new) if "enum" in one]
    if len(enums) == 2:
        yield from (
            Change("enum value added", place, None, v) for v in enums[1] if v not in enums[0]
        )
        yield from (
            Change("enum value removed", place, v, None) for v in enums[0] if v not in enums[1]
        )
    elif enums:
        sides = (None, enums[0]) if "enum" in new else (enums[0], None)
        yield Change("other", f"{place}: enum", before=sides[0], after=sides[1])
    yield from _fields(place, old, new)
    if "items" in old and "items" in new:
        yield from schema_changes(f"{place}[]", old["items"], new["items"])
    ours, theirs = (one.get("additionalProperties", _ANYTHING) for one in (old, new))
    if isinstance(ours.value, dict) and isinstance(theirs.value, dict):
        yield from schema_changes(f"{place}.*", ours, theirs)
    elif ours.value != theirs.value:
        yield Change("other", f"{place}: additionalProperties", ours.value, theirs.value)


def _fields(place: str, old: Mapping[str, Node], new: Mapping[str, Node]) -> Iterator[Change]:
    ours, theirs = (
        one["properties"].entries() if "properties" in one else {} for one in (old, new)
    )
    must, shall = (
        {item.text() for item in one["required"].items()} if "required" in one else set()
        for one in (old, new)
    )
    for name in sorted(ours.keys() | theirs.keys()):
        where = f"{place}.{name}"
        if name not in ours:
            kind = "required field added" if name in shall else "field added"
            yield Change(kind, where, None, label(theirs[name]))
        elif name not in theirs:
            yield Change("field removed", where, label(ours[name]), None)
        else:
            if (name in must) != (name in shall):
                kind = "field became required" if name in shall else "field became optional"
                yield Change(kind, where)
            yield from schema_changes(where, ours[name], theirs[name])
    for name in sorted((must ^ shall) - ours.keys() - theirs.keys()):
        yield Change("other", f"{place}.{name}: required", name in must, name in shall)


def _defaults(place: str, old: Mapping[str, Node], new: Mapping[str, Node]) -> Iterator[Change]:
    before, after = (one["default"].value if "default" in one else None for one in (old, new))
    if before != after:
        yield Change("default changed", place, before, after)
    elif ("default" in old) != ("default" in new):
        # An explicit or implicit null.
        yield Change("prose", f"{place}: default", before, after)


def beside(place: str, old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """The differences between two mappings of secondary keys."""
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key):
            continue
        kind = "prose" if key in PROSE else "limits changed" if key in _LIMITS else "other"
        if key == "deprecated":
            yield Change(f"field {'' if new.get(key) else 'no longer '}deprecated", place)
            continue
        yield Change(kind, f"{place}: {key}", old.get(key), new.get(key))


def plain(fields: Mapping[str, Node], without: Iterable[str] = ()) -> JsonObject:
    """The values of a mapping, except for some keys."""
    left_out = set(without)
    return {key: node.value for key, node in fields.items() if key not in left_out}
