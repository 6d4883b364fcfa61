"""A value that knows which file it came from and where it stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]


class SpecError(Exception):
    """Something in the spec that we do not understand, or that cannot be right.

    The message names the file and the place in it.
    """


@dataclass(frozen=True)
class Node:
    """One value of a file, with its place (a JSON pointer) for error messages."""

    file: str
    value: Json
    place: str = ""

    def error(self, text: str) -> SpecError:
        """What to raise when this value is wrong."""
        return SpecError(f"{self.file}: {self.place or '/'}: {text}")

    def child(self, key: str | int, value: Json) -> Node:
        """The value that stands in this one under *key*."""
        escaped = str(key).replace("~", "~0").replace("/", "~1")
        return Node(self.file, value, f"{self.place}/{escaped}")

    def entries(self) -> dict[str, Node]:
        """The entries of a mapping with keys of any name."""
        if not isinstance(self.value, dict):
            raise self.error(f"expected a mapping, found {_kind(self.value)}")
        return {key: self.child(key, value) for key, value in self.value.items()}

    def fields(self, required: str = "", optional: str = "") -> dict[str, Node]:
        """The entries of a mapping whose keys are known. Names are separated by spaces."""
        entries = self.entries()
        must, may = set(required.split()), set(optional.split())
        if unknown := sorted(entries.keys() - must - may):
            known = ", ".join(sorted(must | may)) or "nothing"
            raise self.error(f"unknown key {unknown[0]!r} (understood here: {known})")
        if missing := sorted(must - entries.keys()):
            raise self.error(f"the key {missing[0]!r} is missing")
        return entries

    def items(self) -> list[Node]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.error(f"expected a list, found {_kind(self.value)}")
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def only_item(self) -> Node:
        """The item of a list that must hold exactly one."""
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
        """Insist on the one value that is understood here."""
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
