"""The parts of the spec that the facade needs, and whether a document has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from spec.node import JsonObject, Node
from spec.reading import read_data
from spec.schema_changes import OR, alternatives, label

NULL, NOTHING = "null", "nothing"


@dataclass(frozen=True)
class Leaning:
    """The contents of leans-on.yaml."""

    file: str
    # By component and field: the types that it may have.
    reads: dict[str, dict[str, frozenset[str]]]
    # By component: the fields that a decision needs. All of them are in `reads`.
    decides: dict[str, frozenset[str]]
    # By component and field: whether it is always sent.
    sends: dict[str, dict[str, bool]]
    # By component: the table that sorts its values.
    sorts: dict[str, str]

    def is_read(self, place: str) -> bool:
        """Whether the facade reads a field ("Component.field")."""
        component, _, field = place.partition(".")
        return field in self.reads.get(component, {})

    def names(self, component: str) -> bool:
        """Whether leans-on.yaml names a component."""
        return component in self.reads or component in self.sends or component in self.sorts

    def reads_answer(self, label: str) -> bool:
        """Whether the facade reads an answer of this type ("Component" or "list of Component")."""
        component = label.removeprefix("list of ").partition(" or ")[0]
        # An answer without a name has no fields in leans-on.yaml: assume the worst.
        return component in self.reads or not component.endswith("V1")


def read_leaning(file: str, text: str) -> Leaning:
    """Read leans-on.yaml strictly."""
    top = read_data(file, text).fields("reads decides sends sorts")
    reads = {
        component: {
            field: frozenset(OR.split(may_be.text())) for field, may_be in fields.entries().items()
        }
        for component, fields in top["reads"].entries().items()
    }
    decides = {}
    for component, names in top["decides"].entries().items():
        for name in names.items():
            if name.text() not in reads.get(component, {}):
                raise name.error(f"{component}.{name.text()} is not in `reads`")
        decides[component] = frozenset(name.text() for name in names.items())
    sends: dict[str, dict[str, bool]] = {}
    for component, fields in top["sends"].entries().items():
        for field, often in fields.entries().items():
            if often.text() not in ("always", "sometimes"):
                raise often.error("expected always or sometimes")
            sends.setdefault(component, {})[field] = often.text() == "always"
    sorts = {component: where.text() for component, where in top["sorts"].entries().items()}
    return Leaning(file, reads, decides, sends, sorts)


def complaints(document: JsonObject, leaning: Leaning) -> list[str]:
    """One sentence, with the next step, for each part that the facade needs and that is missing."""
    return [
        f"{what} Adapt src/aiobaseten and openapi/{leaning.file}; "
        "or keep the old form, in openapi/overlay.yaml."
        for what in (*_unread(document, leaning), *_unsent(document, leaning))
    ]


def _unread(document: JsonObject, leaning: Leaning) -> Iterator[str]:
    for component, fields in leaning.reads.items():
        there = _fields(document, component)
        for field, may_be in fields.items():
            if field not in there:
                yield f"src/aiobaseten reads {component}.{field}, which does not exist any more."
            elif more := sorted(there[field] - may_be):
                yield (
                    f"{component}.{field} may now be {' or '.join(more)}; src/aiobaseten "
                    f"expects {' or '.join(sorted(may_be))}."
                )


def _unsent(document: JsonObject, leaning: Leaning) -> Iterator[str]:
    for component, fields in leaning.sends.items():
        there = _fields(document, component)
        for field in fields:
            if field not in there:
                yield f"src/aiobaseten sends {component}.{field}, which does not exist any more."
        for field, may_be in there.items():
            if NOTHING not in may_be and not fields.get(field, False):
                yield f"{component}.{field} must be sent, and src/aiobaseten may leave it out."
    for component in leaning.sorts:
        if component not in _schemas(document):
            yield f"src/aiobaseten sorts the values of {component}, which does not exist any more."


def _schemas(document: JsonObject) -> dict[str, Node]:
    return Node("", document).entries()["components"].entries()["schemas"].entries()


def _fields(document: JsonObject, component: str) -> dict[str, set[str]]:
    """By field: the types that it may have."""
    schemas = _schemas(document)
    schema = schemas[component].entries() if component in schemas else {}
    required = [item.value for item in schema["required"].items()] if "required" in schema else []
    found = {}
    for field, node in (schema["properties"].entries() if "properties" in schema else {}).items():
        what, may_be_null = alternatives(node)
        found[field] = {label(one) for one in what}
        found[field] |= {NULL} if may_be_null else set()
        found[field] |= set() if field in required else {NOTHING}
    return found
