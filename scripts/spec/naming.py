"""Names that are legal in a spec, and that the generator cannot take: one sentence for each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spec.fragment import NOT_SENT
from spec.node import JsonObject, Node, SpecError

# Methods of generated classes, and what their modules import.
_FIELDS = frozenset({"to_dict", "from_dict", "additional_properties", "additional_keys"})
_CLASSES = frozenset(
    {"Any", "Self", "Mapping", "Unset", "UNSET", "UUID", "Operation", "StrEnum", "Generic", "cast"}
    | {"None", "True", "False"}
)

# What the function of an operation uses itself, in the form of a parameter's name.
_PARAMETERS = frozenset({"body", "cast", "misfit", "operation", "params", "quote"})


def check_names(document: JsonObject) -> None:
    """Check the names of classes, fields, enum values and parameters.

    Raises:
        SpecError: Some cannot be generated. The message has a sentence for each.
    """
    schemas = Node("", document).entries()["components"].entries()["schemas"]
    found = [*_classes(schemas)]
    for name, schema in schemas.entries().items():
        found += [*_inside(name, schema)]
    found += [*_parameters(Node("", document["paths"]))]
    if found:
        raise SpecError("\n".join(found))


def _classes(schemas: Node) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name in schemas.entries():
        plain = name.removesuffix("V1")
        if name in _CLASSES or plain in _CLASSES:
            yield _sentence(name, "no class can have this name")
        module = re.sub(r"[^a-z0-9]", "", name.lower())
        if module in seen:
            yield _sentence(name, f"its module would have the same name as that of {seen[module]}")
        seen[module] = name


def _inside(name: str, schema: Node) -> Iterator[str]:
    fields = schema.entries()
    names = fields["properties"].entries() if "properties" in fields else {}
    pythonic: dict[str, str] = {}
    for field, node in names.items():
        if field in _FIELDS:
            yield _sentence(f"{name}.{field}", "the generated class has a method of this name")
        other = pythonic.setdefault(_snake(field), field)
        if other != field:
            yield _sentence(f"{name}.{field}", f"in Python it would be the same as {other}")
        yield from _values(f"{name}.{field}", node)
    yield from _values(name, schema)


def _parameters(paths: Node) -> Iterator[str]:
    for path, item in paths.entries().items():
        for method, operation in item.entries().items():
            fields = operation.entries() if isinstance(operation.value, dict) else {}
            names: dict[str, str] = {}
            for parameter in fields["parameters"].items() if "parameters" in fields else ():
                if parameter.entries()["in"].value in NOT_SENT:
                    continue
                name = parameter.entries()["name"].text()
                place = f"{method} {path}: {name}"
                if _snake(name) in _PARAMETERS:
                    yield _sentence(place, "the generated function uses it itself")
                other = names.setdefault(_snake(name), name)
                if other != name:
                    yield _sentence(place, f"in Python it would be the same as {other}")


def _values(place: str, schema: Node) -> Iterator[str]:
    fields = schema.entries()
    keys: dict[str, str] = {}
    for value in (item.text() for item in fields["enum"].items()) if "enum" in fields else ():
        other = keys.setdefault(re.sub(r"[^A-Z0-9]+", "_", value.upper()).strip("_"), value)
        if other != value:
            yield _sentence(place, f"its values {other!r} and {value!r} get one name in Python")


def _snake(name: str) -> str:
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")


def _sentence(place: str, why: str) -> str:
    return (
        f"{place}: the generator cannot take this name: {why}. Leave it out or give it another "
        "name, in openapi/overlay.yaml, or leave out its operation."
    )
