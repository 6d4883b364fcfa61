"""Every public name is documented, and every public member of every public class is typed.

tests/typing/public_api.py is read by type checkers only. These tests read it, too: they collect the
members that it asserts, each under the class of the variable that it is asserted on. So the type of
`ChainEnvironmentHandle.get` does not stand for that of `ModelEnvironmentHandle.get`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import is_typeddict

import attrs
import pytest

import aiobaseten
from aiobaseten import (
    audit,
    errors,
    events,
    guard,
    logs,
    metrics,
    options,
    plans,
    readings,
    schemas,
    testing,
)

from .asserted_members import asserted_members

ROOT = Path(__file__).parents[2]
REFERENCE = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs" / "api").glob("*.rst"))
TYPED = ast.parse((ROOT / "tests" / "typing" / "public_api.py").read_text("utf-8"))

PUBLIC = [
    aiobaseten,
    audit,
    errors,
    events,
    guard,
    logs,
    metrics,
    options,
    plans,
    readings,
    schemas,
    testing,
]
#: The classes of `schemas` are generated. Their types are tested where they are generated.
WRITTEN_BY_HAND = [module for module in PUBLIC if module is not schemas]


def options_of_directives(option: str) -> dict[str, set[str]]:
    """The names that the reference lists in an option of ``autoclass``, by class."""
    directive = rf"^\.\. autoclass:: (\w+)\n(?:   .*\n)*?   :{option}: (.+)$"
    found: list[tuple[str, str]] = re.findall(directive, REFERENCE, re.MULTILINE)
    return {name: set(members.split(", ")) for name, members in found}


#: Members that the reference shows of a class, where it does not show all of them.
SHOWN = options_of_directives("members")
HIDDEN = options_of_directives("exclude-members")
MEMBERS = (FunctionType, classmethod, staticmethod, property)


def public_names(module: ModuleType) -> list[str]:
    """The public names of a module: its `__all__`, or else the classes that it defines."""
    listed: list[str] | None = getattr(module, "__all__", None)
    return listed or [
        name
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__ and name[0] != "_"
    ]


def public_classes() -> dict[str, type]:
    """Every public class that is written by hand, by its name."""
    return {
        thing.__name__: thing
        for module in WRITTEN_BY_HAND
        for thing in (getattr(module, name) for name in public_names(module))
        if inspect.isclass(thing)
        and thing.__module__.startswith("aiobaseten.")
        and not is_typeddict(thing)
    }


def public_members(cls: type) -> Iterator[str]:
    """The public methods, properties and attributes of a class, inherited ones too.

    Of a class whose members the reference lists, only those are public.
    """
    ours = [one for one in cls.__mro__ if one.__module__.startswith("aiobaseten.")]
    fields = {field.name for field in attrs.fields(cls)} if attrs.has(cls) else set[str]()
    for one in ours:
        fields |= {name for name, member in vars(one).items() if isinstance(member, MEMBERS)}
        fields |= set(described_attributes(one))
    shown = SHOWN.get(cls.__name__, fields) - HIDDEN.get(cls.__name__, set())
    yield from sorted(name for name in fields & shown if name[0] != "_")


def described_attributes(cls: type) -> list[str]:
    """The names in the section "Attributes" of the docstring of a class."""
    section = inspect.cleandoc(cls.__doc__ or "").partition("\nAttributes:\n")[2]
    return re.findall(r"^    (\w+): ", section.partition("\n\n")[0], re.MULTILINE)


def mentioned() -> set[str]:
    """Every name and attribute that the typing test mentions."""
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(TYPED)
        if isinstance(node, ast.Name | ast.Attribute)
    }


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_every_public_name_is_in_the_reference(module: ModuleType) -> None:
    # A module documented as a whole needs no directives: tests/docs/built.py checks the result.
    if f"automodule:: {module.__name__}\n   :members:" in REFERENCE:
        return
    directives = re.findall(r"^\.\. \w+:: (?:[\w.]+\.)?(\w+)$", REFERENCE, re.MULTILINE)

    missing = sorted(set(public_names(module)) - set(directives))

    assert missing == [], "add a directive for each to docs/api"


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_every_public_name_is_typed(module: ModuleType) -> None:
    missing = sorted(set(public_names(module)) - mentioned())

    assert missing == [], "use each in tests/typing/public_api.py"


def test_every_member_of_a_public_class_is_typed_under_its_own_class() -> None:
    asserted = asserted_members(TYPED)
    due = {
        f"{name}.{member}"
        for name, cls in public_classes().items()
        for member in public_members(cls)
    }

    assert len(due) > 300
    assert sorted(due - asserted) == [], "assert the type of each in tests/typing/public_api.py"
