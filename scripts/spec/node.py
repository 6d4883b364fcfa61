"""A value with its file and its position in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]


class SpecError(Exception):
    """The spec has something that is not supported or cannot be right.

    The message names the file and the position in it.
    """


@dataclass(frozen=True)
class Node:
    """One value of a file, with its position (a JSON pointer) for error messages."""

    file: str
    value: Json
    place: str = ""

    def error(self, text: str) -> SpecError:
        """The error to raise if this value is wrong."""
        return SpecError(f"{self.file}: {self.place or '/'}: {text}")

    def child(self, key: str | int, value: Json) -> Node:
        """A value inside this one, at *key*."""
        escaped = str(key).replace("~", "~0").replace("/", "~1")
        return Node(self.file, value, f"{self.place}/{escaped}")

    def entries(self) -> dict[str, Node]:
        """The entries of a mapping with arbitrary keys."""
        if not isinstance(self.value, dict):
            raise self.error(f"expected a mapping, found {_kind(self.value)}")
        return {key: self.child(key, value) for key, value in self.value.items()}

    def fields(self, required: str = "", optional: str = "") -> dict[str, Node]:
        """The entries of a mapping with known keys. Both arguments are separated by spaces.

        Anybody may add keys that begin with ``x-`` to an OpenAPI document.
        """
        entries = self.entries()
        must, may = set(required.split()), set(optional.split())
        strange = sorted(entries.keys() - must - may)
        if unknown := [key for key in strange if not key.startswith("x-")]:
            known = ", ".join(sorted(must | may)) or "nothing"
            raise self.error(f"unknown key {unknown[0]!r} (supported: {known})")
        if missing := sorted(must - entries.keys()):
            raise self.error(f"the key {missing[0]!r} is missing")
        return entries

    def items(self) -> list[Node]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.error(f"expected a list, found {_kind(self.value)}")
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def only_item(self) -> Node:
        """The only item of a list."""
        items = self.items()
        if len(items) != 1:
            raise self.error(f"expected exactly one entry, found {len(items)}")
        return items[0]

    def text(self) -> str:
        """The value, which must be a string."""
        if not isinstance(self.value, str):
            raise self.error(f"expected a string, found {_kind(self.value)}")
        return self.value

    def flag(self) -> bool:
        """The value, which must be true or false."""
        if not isinstance(self.value, bool):
            raise self.error(f"expected true or false, found {_kind(self.value)}")
        return self.value

    def expect(self, value: Json) -> None:
        """Check that this is the only supported value."""
        if self.value != value:
            raise self.error(f"expected {value!r}, found {self.value!r}")


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value)
