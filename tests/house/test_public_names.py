"""Every public name is documented and typed."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import aiobaseten
from aiobaseten import errors, events, options, readings, schemas, testing

ROOT = Path(__file__).parents[2]
REFERENCE = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs" / "api").glob("*.rst"))
TYPED = ast.parse((ROOT / "tests" / "typing" / "public_api.py").read_text("utf-8"))

PUBLIC = [aiobaseten, errors, events, options, readings, schemas, testing]


def names(module: ModuleType) -> list[str]:
    """The public names of a module: its `__all__`, or else the classes that it defines."""
    listed: list[str] | None = getattr(module, "__all__", None)
    return listed or [
        name
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__ and name[0] != "_"
    ]


def used() -> set[str]:
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

    missing = sorted(set(names(module)) - set(directives))

    assert missing == [], "add a directive for each to docs/api"


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_every_public_name_is_typed(module: ModuleType) -> None:
    missing = sorted(set(names(module)) - used())

    assert missing == [], "use each in tests/typing/public_api.py"


def test_every_public_method_is_typed() -> None:
    methods = {
        f"{cls.__name__}.{name}"
        for cls in (getattr(aiobaseten, name) for name in aiobaseten.__all__)
        if inspect.isclass(cls)
        for name, member in inspect.getmembers(cls)
        if name[0] != "_" and (inspect.isfunction(member) or isinstance(member, property))
    }
    mentioned = used()
    missing = sorted(each for each in methods if each.partition(".")[2] not in mentioned)

    assert len(methods) > 50
    assert missing == [], "use each in tests/typing/public_api.py"
