"""A stand-in for a module stands for the module that type checkers see."""

from __future__ import annotations

import ast
from importlib.util import resolve_name
from pathlib import Path

import pytest

import aiobaseten

SRC = Path(aiobaseten.__file__).parent
USERS = [
    path
    for path in sorted(SRC.rglob("*.py"))
    if path.name != "_first_use.py" and "on_first_use(" in path.read_text("utf-8")
]


def checked_and_loaded(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The modules that type checkers see under each name, and those that are loaded."""
    package = ".".join(path.relative_to(SRC.parent).parts[:-1])
    checked: dict[str, str] = {}
    loaded: dict[str, str] = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is None:
            above = resolve_name("." * node.level, package)
            checked |= {one.asname or one.name: f"{above}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Import):
            checked |= {one.asname or one.name: one.name for one in node.names}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called, arguments = node.value.func, node.value.args
            if isinstance(called, ast.Name) and called.id == "on_first_use":
                (name,), (module,) = node.targets, arguments
                assert isinstance(name, ast.Name)
                assert isinstance(module, ast.Constant)
                loaded[name.id] = resolve_name(str(module.value), "aiobaseten")
    return checked, loaded


@pytest.mark.parametrize("path", USERS, ids=lambda one: one.stem)
def test_a_stand_in_stands_for_the_module_that_type_checkers_see(path: Path) -> None:
    checked, loaded = checked_and_loaded(path)

    assert loaded.items() <= checked.items()
    assert loaded
