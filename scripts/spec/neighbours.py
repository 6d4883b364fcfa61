"""The operations next to ours: of the same resources, and not used by the facade."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from spec.reading import read_data
from spec.whole import unnamed

HEADER = (
    "# The published operations of chains, models and users that src/aiobaseten does not use.\n"
    "# Written by `make refresh-spec`, which reports the new ones.\n"
)


def neighbours(every: Iterable[str], used: Mapping[str, str]) -> tuple[str, ...]:
    """The operations ("method /path") on the kinds of resources of the used ones."""
    roots = {_root(key) for key in used}
    known = {unnamed(key) for key in used}
    return tuple(sorted(key for key in every if _root(key) in roots and unnamed(key) not in known))


def new_neighbours(
    old: Iterable[str] | None, new: Iterable[str] | None, used: Iterable[str] = ()
) -> list[str]:
    """Those that were not there before. None, if either side is not known."""
    if old is None or new is None:
        return []
    known = {unnamed(key) for key in (*old, *used)}
    return sorted(key for key in new if unnamed(key) not in known)


def read_neighbours(text: str) -> tuple[str, ...]:
    """Read the text of neighbours.yaml."""
    return tuple(item.text() for item in read_data("neighbours.yaml", text).items())


def write_neighbours(found: Iterable[str]) -> str:
    """The text of neighbours.yaml."""
    return HEADER + ("".join(f"- {key}\n" for key in found) or "[]\n")


def _root(key: str) -> str:
    """The kind of resource, such as "models", in any version of the API and in any team."""
    path = re.sub(r"^/v\d+/(?:teams/{[^{}]*}/)?", "", key.partition(" ")[2])
    return path.partition("/")[0]
