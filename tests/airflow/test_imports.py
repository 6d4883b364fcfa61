"""Imports: the provider uses the library's public names only, and is cheap to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import aiobaseten
from aiobaseten import airflow

PROVIDER = Path(airflow.__file__).parent
OWN = {path.stem for path in PROVIDER.glob("*.py")}
MODULES = {"errors", "events", "guard", "options", "readings", "schemas", "settings"}


def public_names(module: str) -> set[str]:
    """The public names of a module: its `__all__`, or else the names that it defines."""
    names = vars(import_module(f"aiobaseten.{module}"))
    defined = (
        name
        for name, value in names.items()
        if name[0] != "_" and getattr(value, "__module__", "") == f"aiobaseten.{module}"
    )
    return set(names.get("__all__", defined))


def is_allowed(node: ast.ImportFrom, name: str) -> bool:
    """Whether a module of the provider may import a name."""
    module = node.module or ""
    if node.level == 0:
        return not module.startswith("aiobaseten")
    if node.level == 1:
        return (module or name) in OWN
    if not module:
        return name in aiobaseten.__all__
    return module in MODULES and name in public_names(module)


def test_the_provider_imports_public_names_only() -> None:
    imports = [
        (path.name, node, alias.name)
        for path in sorted(PROVIDER.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    wrong = [
        f"{file}:{node.lineno}: {name}"
        for file, node, name in imports
        if not is_allowed(node, name)
    ]

    assert len(imports) > 50
    assert wrong == [], "import public names of aiobaseten only"


def test_the_description_of_the_provider_is_cheap() -> None:
    """Every Airflow command asks for it."""
    program = (
        "import sys; before = set(sys.modules);"
        "import aiobaseten.airflow; aiobaseten.airflow.get_provider_info();"
        "print(*sorted(set(sys.modules) - before))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    ).stdout.split()

    assert [name for name in loaded if name.startswith("aiobaseten")] == [
        "aiobaseten",
        "aiobaseten.airflow",
        "aiobaseten.airflow.provider",
    ]
    assert [
        name for name in loaded if name.partition(".")[0] in {"airflow", "httpx", "attrs"}
    ] == []
