"""The state of the published spec about which an entry of the overlay was decided.

An entry names it under `about`: the date of the spec, and a hash. If Baseten changes what the entry
is about, the hash differs, and somebody must decide again. Words are not hashed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from spec.fragment import Operation, success
from spec.node import Json, JsonObject, Node
from spec.schema_changes import PROSE

_HASHED = 12
_ABOUT = re.compile(rf"\d{{4}}(?:-\d{{2}}){{0,2}} [0-9a-f]{{{_HASHED}}}")


@dataclass(frozen=True)
class Subject:
    """The published state that one entry is about.

    Attributes:
        entry: The entry's node that names it.
        name: For a person, such as "DeploymentV1.labels".
        files: The files that publish it.
        now: Its state: schema, required or not, or null if it is not published.
        about: The states about which somebody decided, as "date hash"; empty if none is pinned.
    """

    entry: Node
    name: str
    files: frozenset[str]
    now: Json
    about: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """Whether somebody decided about this state, or the entry pins none."""
        pins = [pin.partition(" ")[2] for pin in self.about]
        return not pins or fingerprint(self.now) in pins

    @property
    def state(self) -> str:
        """The state, for a person."""
        return "not published" if self.now is None else json.dumps(self.now, ensure_ascii=False)


def fingerprint(state: Json) -> str:
    """A short hash of a state."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:_HASHED]


def shape(value: Json, *, names: bool = False) -> Json:
    """A schema without words. *names*: the keys of this mapping are names instead of keywords."""
    if isinstance(value, list):
        return [shape(item) for item in value]
    if not isinstance(value, dict):
        return value
    shaped: JsonObject = {
        key: shape(item, names=key in ("properties", "mapping") and not names)
        for key, item in value.items()
        if names or not (key in PROSE or key.startswith("x-") or key == "externalDocs")
        # An explicit null means the same as no default.
        if names or key != "default" or item is not None
    }
    if not names and isinstance(required := shaped.get("required"), list):
        shaped["required"] = sorted(required, key=str)
    return shaped


def read_about(fields: Mapping[str, Node]) -> tuple[str, ...]:
    """The pins of an entry.

    Raises:
        SpecError: One is not a date and a hash.
    """
    if "about" not in fields:
        return ()
    node = fields["about"]
    pins = node.items() if isinstance(node.value, list) else [node]
    for pin in pins:
        if not _ABOUT.fullmatch(pin.text()):
            raise pin.error("expected a date and a hash, such as 2026-08-22 0123456789ab")
    return tuple(pin.text() for pin in pins)


def field_subject(
    target: Node, components: Mapping[tuple[str, str], Node], about: tuple[str, ...]
) -> Subject:
    """A field of a schema, named "Component.field"."""
    name, _, field = target.text().partition(".")
    node = components.get(("schemas", name))
    schema = node.entries() if node else {}
    properties = schema["properties"].entries() if "properties" in schema else {}
    required = [item.value for item in schema["required"].items()] if "required" in schema else []
    now: Json = None
    if field in properties:
        now = {"schema": shape(properties[field].value), "required": field in required}
    files = frozenset({node.file}) if node else frozenset[str]()
    return Subject(target, target.text(), files, now, about)


def answer_subject(target: Node, operation: Operation, about: tuple[str, ...]) -> Subject:
    """The answer of an operation."""
    responses = Node("", operation.contents["responses"]).entries()
    now = shape(responses[success(responses)].value)
    return Subject(target, target.text(), frozenset({operation.node.file}), now, about)


def security_subjects(
    target: Node, operations: Iterable[Operation], about: tuple[str, ...]
) -> Iterator[Subject]:
    """The ways to authenticate, each different one once."""
    by_state: dict[str, tuple[Json, set[str]]] = {}
    for operation in operations:
        state = shape(operation.security.value)
        by_state.setdefault(fingerprint(state), (state, set()))[1].add(operation.node.file)
    for state, files in by_state.values():
        yield Subject(target, "security", frozenset(files), state, about)


def conflict_subjects(
    name: str, decision: Mapping[str, Node], nodes: Iterable[Node]
) -> Iterator[Subject]:
    """The definitions of a component that lost a conflict."""
    for node in nodes:
        if node.file != decision["winner"].value:
            yield Subject(
                decision["winner"],
                name,
                frozenset({node.file}),
                shape(node.value),
                read_about(decision),
            )


def asks(subject: Subject, sources: Mapping[str, Mapping[str, str]]) -> str:
    """A sentence that asks for a decision, with the file to edit."""
    where = f"{subject.entry.file}: {subject.name}"
    return f"{where}: Baseten changed it under our entry. {todo(subject, sources)}"


def todo(subject: Subject, sources: Mapping[str, Mapping[str, str]]) -> str:
    """The next step."""
    dates = (sources[file]["date"] for file in subject.files if file in sources)
    date = max(dates, default="YYYY-MM-DD")
    where = f"{subject.entry.place.rpartition('/')[0]} in openapi/{subject.entry.file}"
    kind = subject.entry.place.rpartition("/")[2]
    if subject.now is None and kind in ("leave_out", "make_optional"):
        return f"It is not published any more: remove the entry ({where})."
    return (
        f"It is now {_short(subject.state)}. If the entry is still right, write "
        f"`about: {date} {fingerprint(subject.now)}`; otherwise change or remove the entry "
        f"({where})."
    )


def _short(text: str, limit: int = 160) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def changed_under(subjects: Iterable[Subject], vendored: Collection[str]) -> list[Subject]:
    """The subjects that Baseten changed since somebody decided about them.

    Only files of Baseten's count: a file in our own words repeats the decision.
    """
    return [
        subject
        for subject in subjects
        if not subject.is_settled and (not subject.files or subject.files & set(vendored))
    ]
