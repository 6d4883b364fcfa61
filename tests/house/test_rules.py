"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiobaseten
from aiobaseten import errors
from aiobaseten._status import DEPLOYMENT_PHASES, PROMOTION_PHASES

SRC = Path(aiobaseten.__file__).parent
ROOT = SRC.parent.parent
MODULES = sorted(
    path for path in SRC.rglob("*.py") if "testing" not in path.parts and "cli" not in path.parts
)


def calls(path: Path) -> Iterator[str]:
    """The dotted names of what a module calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def strings(path: Path) -> Iterator[str]:
    """The strings in a module's code, without its docstrings."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_status_is_written_in_the_status_module_only(path: Path) -> None:
    if path.name == "_status.py":
        return
    statuses = {*DEPLOYMENT_PHASES, *PROMOTION_PHASES}

    assert statuses.isdisjoint(strings(path)), "give the status a meaning in _status.py instead"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_time_comes_from_the_clock_module_only(path: Path) -> None:
    if path.name == "_clock.py":
        return
    clocks = {"time.time", "time.monotonic", "datetime.now", "datetime.utcnow", "asyncio.sleep"}

    assert clocks.isdisjoint(calls(path)), "take a Clock instead"


def test_no_room_is_called_after_what_does_not_fit_elsewhere() -> None:
    names = {path.stem.strip("_") for path in SRC.rglob("*.py")}

    assert names.isdisjoint({"utils", "helpers", "common", "base", "misc", "types"})


def test_every_error_is_of_the_one_family_and_in_the_tree_and_in_the_docs() -> None:
    raised = {
        name: thing
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, BaseException)
    }
    tree = errors.__doc__ or ""
    table = (ROOT / "docs" / "errors.md").read_text()

    assert all(issubclass(thing, errors.BasetenError) for thing in raised.values())
    assert {name for name in raised if name not in tree} == set()
    assert {name for name in raised if f"`{name}`" not in table} == set()


def test_no_machine_and_no_registry_is_named() -> None:
    named = re.compile(r"/(?:work|root|opt/(?:pypi|wheels))/|py" + r"pi\.org|registry\.npm" + "js")
    files = [
        path
        for folder in ("src", "scripts", "openapi", "docs", "generated")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".txt", ".yaml", ".json", ".toml"}
    ]

    assert len(files) > 50
    assert [str(path) for path in files if named.search(path.read_text())] == []
