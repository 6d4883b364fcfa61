"""The rules of the house that no linter knows. Each says what to do instead."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TypeVar

import aiobaseten
from aiobaseten import errors
from aiobaseten._status import DEPLOYMENT_STATUSES, PROMOTION_STATUSES

SRC = Path(aiobaseten.__file__).parent
ROOT = Path(__file__).parents[2]
Node = TypeVar("Node", bound=ast.AST)

# Beside the library: what users test with, what they type, and what runs in Airflow.
APART = {"airflow", "cli", "testing"}
EVERYWHERE = {
    path.relative_to(SRC): ast.parse(path.read_text("utf-8")) for path in SRC.rglob("*.py")
}
LIBRARY = {path: tree for path, tree in EVERYWHERE.items() if path.parts[0] not in APART}


def found(
    kind: type[Node], rooms: dict[Path, ast.Module], *, but: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Node]]:
    """Each node of a kind, and where it is, but in the rooms that may have it."""
    for path, tree in sorted(rooms.items()):
        if str(path) not in but:
            for node in ast.walk(tree):
                if isinstance(node, kind):
                    yield f"{path}:{getattr(node, 'lineno', 0)}", node


def rooms(*names: str) -> frozenset[str]:
    """Rooms that may do what others must not; each exists."""
    assert {Path(name) for name in names} <= EVERYWHERE.keys()
    return frozenset(names)


def prose(tree: ast.Module) -> set[int]:
    """Which of the strings are docstrings."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def test_a_status_is_written_in_the_status_module_only() -> None:
    statuses = {*DEPLOYMENT_STATUSES, *PROMOTION_STATUSES}
    written = [
        where
        for path, tree in LIBRARY.items()
        for where, node in found(ast.Constant, {path: tree}, but=rooms("_status.py"))
        if node.value in statuses and id(node) not in prose(tree)
    ]

    assert written == [], "give the status its meaning in _status.py, and ask for the meaning"


def test_time_and_sleep_come_from_the_clock_module_only() -> None:
    clocks = re.compile(
        r"time\.(time|monotonic|perf_counter)|datetime\.(now|utcnow)|asyncio\.(sleep|timeout)"
        r"|.*\bloop(\(\))?\.time"
    )
    asked = [
        where
        for where, node in found(ast.Call, LIBRARY, but=rooms("_clock.py"))
        if clocks.fullmatch(ast.unparse(node.func))
    ]

    assert asked == [], "take a Clock instead: tests run on virtual time"


def test_only_the_schedule_and_the_wire_set_timers() -> None:
    timers = {"sleep", "call_at", "call_later"}
    may = rooms("_clock.py", "_waiting/polls.py", "_sending/connections.py")
    set_ = [where for where, node in found(ast.Attribute, LIBRARY, but=may) if node.attr in timers]

    assert set_ == [], "have _polls look again, or the wire pause: nobody else waits for time"


def test_there_is_no_synchronous_twin() -> None:
    runs = [
        where
        for where, node in found(ast.Call, LIBRARY)
        if re.search(r"asyncio\.(run|Runner)$|run_until_complete$", ast.unparse(node.func))
    ]
    flags = [
        where for where, node in found(ast.arg, EVERYWHERE) if node.arg in {"sync", "is_async"}
    ]

    assert runs + flags == [], "async only: asyncio.run is what callers use"


def test_only_errors_of_the_family_are_raised() -> None:
    """And `ValueError` or `TypeError` for a mistake of the caller's, before any I/O."""
    family = {name for name, thing in vars(errors).items() if isinstance(thing, type)}
    python_s_own = {"AttributeError", "KeyError"}  # of __getattr__ and of mappings
    raised = [
        f"{where} {node.exc.func.id}"
        for where, node in found(ast.Raise, LIBRARY)
        if isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id.endswith(("Error", "Exception", "Exit", "Interrupt"))
        and node.exc.func.id not in family | {"ValueError", "TypeError"} | python_s_own
    ]

    assert raised == [], "raise a BasetenError, so that users need to catch one family only"


def test_a_cancellation_is_caught_only_to_be_passed_on() -> None:
    swallowed = [
        where
        for where, node in found(ast.ExceptHandler, LIBRARY)
        if node.type is None
        or (
            re.search(r"CancelledError|BaseException", ast.unparse(node.type))
            and not any(isinstance(one, ast.Raise) for one in ast.walk(node))
        )
    ]

    assert swallowed == [], "a caller who cancels must not be made to wait, or to go on"


def test_a_flag_has_to_be_named() -> None:
    """`promote("d", True)` says nothing."""
    positional = [
        f"{where} {arg.arg}"
        for where, node in found(ast.FunctionDef | ast.AsyncFunctionDef, LIBRARY)  # type: ignore[arg-type] # isinstance takes it
        if not node.name.startswith("_")
        for arg in (*node.args.posonlyargs, *node.args.args)
        if arg.annotation is not None and ast.unparse(arg.annotation) == "bool"
    ]

    assert positional == [], "put a * before it"


def test_imports_inside_the_package_are_relative() -> None:
    absolute = [
        where
        for where, node in found(ast.ImportFrom, EVERYWHERE)
        if node.level == 0 and (node.module or "").partition(".")[0] == "aiobaseten"
    ]

    assert absolute == [], "import it relatively, as everywhere"


def test_no_room_is_called_after_what_does_not_fit_elsewhere() -> None:
    names = {path.stem.strip("_") for path in EVERYWHERE}

    assert names.isdisjoint({"utils", "helpers", "common", "base", "misc", "types"}), (
        "call it after the one thing that is in it"
    )


def test_every_error_is_of_the_one_family_and_in_the_tree_and_in_the_docs() -> None:
    raised = {
        name: thing
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, BaseException)
    }
    tree = errors.__doc__ or ""
    table = (ROOT / "docs" / "errors.md").read_text("utf-8")

    assert all(issubclass(thing, errors.BasetenError) for thing in raised.values())
    assert {name for name in raised if name not in tree} == set()
    assert {name for name in raised if f"`{name}`" not in table} == set()


def test_the_generator_treats_what_it_would_drop_as_an_error() -> None:
    assert '"--fail-on-warning"' in (ROOT / "scripts" / "generate.py").read_text("utf-8")


def test_every_dependency_has_a_line_that_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines = [line.strip() for line in text.splitlines()]

    assert needed
    for each in needed:
        before = lines[lines.index(f'"{each}",') - 1]
        assert before.startswith("#"), f"what would we have to write without {each}? Say it above"


def test_no_machine_and_no_registry_is_named() -> None:
    named = re.compile(r"/(?:work|root|opt/(?:pypi|wheels))/|py" + r"pi\.org|registry\.npm" + "js")
    files = [
        path
        for folder in ("src", "scripts", "openapi", "docs", "generated", "tests", ".github")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".txt", ".yaml", ".yml", ".json", ".toml"}
    ]

    assert len(files) > 50
    assert [str(path) for path in files if named.search(path.read_text("utf-8"))] == []
