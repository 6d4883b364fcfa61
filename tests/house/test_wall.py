"""The command line and the Airflow provider use only the public API of the library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path

import pytest

import aiobaseten

SRC = Path(aiobaseten.__file__).parent


def imports(path: Path) -> Iterator[tuple[int, str, str | None]]:
    """Each import of a module: its line, the module, and the imported name, if there is one."""
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    package = ".".join(parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                yield node.lineno, module, alias.name


def is_public(module: str, name: str | None) -> bool:
    """Whether an import uses the public API only."""
    if any(part.startswith("_") for part in module.split(".")):
        return False
    if name is None:
        return True
    loaded = import_module(module)
    listed: list[str] | None = getattr(loaded, "__all__", None)
    if listed is not None:
        return name in listed
    # Without a list, a public name is one that the module defines itself.
    home = getattr(getattr(loaded, name, None), "__module__", module)
    return not name.startswith("_") and home == module


def private_imports(package: str) -> list[str]:
    """The imports of a package that go behind the public API of the library."""
    own = f"aiobaseten.{package}"
    return [
        f"{path.relative_to(SRC)}:{line} {module} {name or ''}".rstrip()
        for path in sorted((SRC / package).rglob("*.py"))
        for line, module, name in imports(path)
        if module.partition(".")[0] == "aiobaseten"
        and not f"{module}.".startswith(f"{own}.")
        and not is_public(module, name)
    ]


@pytest.mark.parametrize("package", ["airflow", "cli"])
def test_a_package_beside_the_library_imports_public_names_only(package: str) -> None:
    assert private_imports(package) == [], (
        "use the public API; if something is missing there, users miss it, too: add it"
    )


@pytest.mark.parametrize(
    ("module", "name", "public"),
    [
        ("aiobaseten", "Token", True),
        ("aiobaseten", "errors", True),
        ("aiobaseten", "_token", False),
        ("aiobaseten", "chains", False),
        ("aiobaseten._token", "Token", False),
        ("aiobaseten._waiting.wait", None, False),
        ("aiobaseten.options", "LoopClock", True),
        ("aiobaseten.options", "wait_options", False),
        ("aiobaseten.errors", "BasetenError", True),
        ("aiobaseten.errors", "_rebuild", False),
        ("aiobaseten.chains", "ChainHandle", True),
        ("aiobaseten.chains", "Resource", False),
        ("aiobaseten.events", None, True),
    ],
)
def test_the_wall_knows_public_names(module: str, name: str | None, public: bool) -> None:
    assert is_public(module, name) is public


def test_relative_imports_are_resolved() -> None:
    found = {(module, name) for _, module, name in imports(SRC / "cli" / "_session.py")}

    assert {("aiobaseten", "Baseten"), ("aiobaseten.options", "LoopClock")} <= found
    assert ("aiobaseten.cli._run", "Run") in found
