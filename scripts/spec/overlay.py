"""The overlay, our decisions about the published spec: read strictly, applied by name.

A change without effect is an error, so that a decision is removed together with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from spec.fragment import Operation, success
from spec.node import JsonObject, Node, SpecError
from spec.pins import (
    Subject,
    answer_subject,
    conflict_subjects,
    field_subject,
    read_about,
    security_subjects,
)
from spec.reading import read_data

Components = dict[tuple[str, str], Node]

# By kind of change: its keys other than `because`.
_CHANGES = {
    "leave_out": "",
    "make_optional": "",
    "set_field": " schema",
    "answer": " schema",
    # The ways to authenticate, for every published operation.
    "security": "",
}


@dataclass(frozen=True)
class Overlay:
    """The contents of overlay.yaml."""

    node: Node
    title: str
    version: str
    server: str
    # By "method /path".
    operations: dict[str, dict[str, Node]]
    # By "kind/Name".
    conflicts: dict[str, dict[str, Node]]
    changes: tuple[dict[str, Node], ...] = ()
    # Operations were removed, so some decisions may match nothing.
    is_partial: bool = False

    @property
    def published(self) -> dict[str, str]:
        """The ids of the operations of Baseten's management spec, by "method /path"."""
        return {
            key: decision["id"].text()
            for key, decision in self.operations.items()
            if "ours" not in decision
        }

    def without(self, ids: set[str]) -> Overlay:
        """The overlay without these operations."""
        return replace(
            self,
            is_partial=True,
            operations={k: v for k, v in self.operations.items() if v["id"].text() not in ids},
            changes=tuple(
                change
                for change in self.changes
                if "answer" not in change or change["answer"].text() not in ids
            ),
        )


def read_overlay(file: str, text: str) -> Overlay:
    """Read overlay.yaml strictly."""
    node = read_data(file, text)
    top = node.fields("document operations conflicts", "changes")
    document = top["document"].fields("title version server")
    operations = {
        key: entry.fields("id tag", "ours") for key, entry in top["operations"].entries().items()
    }
    for decision in operations.values():
        _module_name(decision["id"])
        _module_name(decision["tag"])
    return Overlay(
        node=node,
        title=document["title"].text(),
        version=document["version"].text(),
        server=document["server"].text(),
        operations=operations,
        conflicts={
            key: _pinned(entry.fields("winner reason", "about"))
            for key, entry in top["conflicts"].entries().items()
        },
        changes=tuple(_change(entry) for entry in top["changes"].items())
        if "changes" in top
        else (),
    )


def _module_name(node: Node) -> None:
    # It also becomes a file name.
    if not re.fullmatch(r"[a-z][a-z0-9_]*", node.text()):
        raise node.error(f"{node.text()!r} cannot be the name of a module")


def _change(entry: Node) -> dict[str, Node]:
    kinds = [kind for kind in _CHANGES if kind in entry.entries()]
    if len(kinds) != 1:
        raise entry.error(f"expected one of {', '.join(_CHANGES)}")
    fields = entry.fields(f"{kinds[0]} because{_CHANGES[kinds[0]]}", "about")
    fields["because"].text()
    return _pinned(fields)


def _pinned(fields: dict[str, Node]) -> dict[str, Node]:
    read_about(fields)
    return fields


def masked(overlay: Overlay) -> Overlay:
    """Changes that make everything equal that the overlay's changes are about."""
    nothing = Node("", {})
    changes: list[dict[str, Node]] = []
    for change in overlay.changes:
        if "security" in change:
            changes.append({**change, "security": change["security"].child("", [])})
        elif "answer" in change:
            changes.append({**change, "schema": nothing})
        else:
            target = next(change[kind] for kind in _CHANGES if kind in change)
            changes.append({"leave_out": target})
    return replace(overlay, is_partial=True, changes=tuple(changes))


def subjects(
    overlay: Overlay,
    operations: Sequence[Operation],
    components: Components,
    rivals: Mapping[str, Sequence[Node]],
) -> Iterator[Subject]:
    """The published states that the entries are about.

    Args:
        overlay: The entries.
        operations: As published.
        components: As published.
        rivals: By "kind/Name": the definitions of a component in conflict.
    """
    by_id = {
        overlay.operations[key]["id"].value: operation
        for operation in operations
        if (key := f"{operation.method} {operation.path}") in overlay.operations
    }
    for change in overlay.changes:
        about = read_about(change)
        if "security" in change:
            published = [one for one in operations if _is_published(one, overlay)]
            yield from security_subjects(change["security"], published, about)
        elif "answer" in change:
            if operation := by_id.get(change["answer"].value):
                yield answer_subject(change["answer"], operation, about)
        else:
            target = next(change[kind] for kind in _CHANGES if kind in change)
            yield field_subject(target, components, about)
    for name, decision in overlay.conflicts.items():
        yield from conflict_subjects(name, decision, rivals.get(name, ()))


def _is_published(operation: Operation, overlay: Overlay) -> bool:
    return f"{operation.method} {operation.path}" in overlay.published


def apply_changes(
    overlay: Overlay, operations: Sequence[Operation], components: Components
) -> tuple[list[Operation], Components]:
    """Apply the overlay's changes to the published spec.

    Raises:
        SpecError: Changes do not apply. The message lists all of them.
    """
    changed, settled, errors = list(operations), dict(components), []
    for change in overlay.changes:
        try:
            if "answer" in change:
                changed = _set_answer(change, changed, overlay)
            elif "security" in change:
                changed = _set_security(change, changed, overlay)
            else:
                key, node = _changed_schema(change, settled)
                settled[key] = node
        except SpecError as error:
            if not overlay.is_partial:
                errors.append(str(error))
    if errors:
        raise SpecError("\n".join(errors))
    return changed, settled


def _changed_schema(
    change: dict[str, Node], components: Components
) -> tuple[tuple[str, str], Node]:
    target = next(change[kind] for kind in _CHANGES if kind in change)
    name, _, field = target.text().partition(".")
    if not field or ("schemas", name) not in components:
        raise target.error(f"the published spec has no schema for the field {target.text()!r}")
    node = components["schemas", name]
    schema = node.entries()
    properties = _values(schema["properties"].entries()) if "properties" in schema else {}
    required = schema["required"].items() if "required" in schema else []
    is_required = field in [item.value for item in required]
    if "set_field" in change:
        _insist(
            properties.get(field) != change["schema"].value,
            target,
            "already publishes exactly this",
        )
        properties[field] = change["schema"].value
    elif "leave_out" in change:
        _insist(field in properties, target, "no longer publishes it")
        del properties[field]
    else:
        _insist(is_required, target, "no longer requires it")
    changed: JsonObject = {**_values(schema), "properties": properties}
    if "set_field" not in change:
        changed["required"] = [item.value for item in required if item.value != field]
    return ("schemas", name), Node(node.file, changed, node.place)


def _set_answer(
    change: dict[str, Node], operations: Sequence[Operation], overlay: Overlay
) -> list[Operation]:
    wanted = change["answer"]
    keys = [key for key, entry in overlay.operations.items() if entry["id"].value == wanted.value]
    changed = [
        _answering(operation, change) if f"{operation.method} {operation.path}" in keys else None
        for operation in operations
    ]
    if not any(changed):
        raise wanted.error(f"there is no operation {wanted.text()}")
    return [new or operation for new, operation in zip(changed, operations, strict=True)]


def _answering(operation: Operation, change: dict[str, Node]) -> Operation:
    responses = Node("", operation.contents["responses"]).entries()
    code = success(responses)
    content: JsonObject = {"application/json": {"schema": change["schema"].value}}
    answer: JsonObject = {**_values(responses[code].entries()), "content": content}
    _insist(answer != responses[code].value, change["answer"], "already publishes exactly this")
    contents = {**operation.contents, "responses": {**_values(responses), code: answer}}
    return replace(operation, contents=contents)


def _set_security(
    change: dict[str, Node], operations: Sequence[Operation], overlay: Overlay
) -> list[Operation]:
    security = change["security"]
    changed = [
        replace(one, security=security) if _is_published(one, overlay) else one
        for one in operations
    ]
    _insist(
        any(
            new.security.value != old.security.value
            for new, old in zip(changed, operations, strict=True)
        ),
        security.child("", "security"),
        "already publishes exactly this",
    )
    return changed


def _values(entries: Mapping[str, Node]) -> JsonObject:
    return {key: node.value for key, node in entries.items()}


def _insist(does_something: bool, target: Node, otherwise: str) -> None:
    if not does_something:
        raise target.error(f"Baseten {otherwise}: {target.text()}. Remove this entry.")
