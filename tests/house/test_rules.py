"""Rules for this code that no linter checks. Each failure says what to do instead."""

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

# Packages beside the library: the fake, the command line and the Airflow provider.
APART = {"airflow", "cli", "testing"}
EVERYWHERE = {
    path.relative_to(SRC): ast.parse(path.read_text("utf-8")) for path in SRC.rglob("*.py")
}
LIBRARY = {path: tree for path, tree in EVERYWHERE.items() if path.parts[0] not in APART}


def found(
    kind: type[Node], rooms: dict[Path, ast.Module], *, but: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Node]]:
    """Each node of a kind and its place, except in the modules named in *but*."""
    for path, tree in sorted(rooms.items()):
        if str(path) not in but:
            for node in ast.walk(tree):
                if isinstance(node, kind):
                    yield f"{path}:{getattr(node, 'lineno', 0)}", node


def rooms(*names: str) -> frozenset[str]:
    """Modules that are exempt from a rule. Each must exist."""
    assert {Path(name) for name in names} <= EVERYWHERE.keys()
    return frozenset(names)


def prose(tree: ast.Module) -> set[int]:
    """The ids of all docstring nodes."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def test_a_status_is_written_in_the_status_module_only() -> None:
    statuses = {*DEPLOYMENT_STATUSES, *PROMOTION_STATUSES}
    written = [
        where
        for path, tree in LIBRARY.items()
        for where, node in found(ast.Constant, {path: tree}, but=rooms("_status.py"))
        if node.value in statuses and id(node) not in prose(tree)
    ]

    assert written == [], "define the status in _status.py, and use its phase here"


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

    assert asked == [], "use a Clock instead: tests run in virtual time"


def test_only_polls_the_queue_and_what_sends_set_timers() -> None:
    timers = {"sleep", "call_at", "call_later"}
    sends = "_sending/connections.py", "_sending/aiohttp_transport.py"
    may = rooms("_clock.py", "_waiting/polls.py", "_sending/queue.py", *sends)
    set_ = [where for where, node in found(ast.Attribute, LIBRARY, but=may) if node.attr in timers]

    assert set_ == [], (
        "use the next look of _polls, or the queue of _sending; no other module waits for time"
    )


def test_there_is_no_synchronous_twin() -> None:
    runs = [
        where
        for where, node in found(ast.Call, LIBRARY)
        if re.search(r"asyncio\.(run|Runner)$|run_until_complete$", ast.unparse(node.func))
    ]
    flags = [
        where for where, node in found(ast.arg, EVERYWHERE) if node.arg in {"sync", "is_async"}
    ]

    assert runs + flags == [], "this library is async only: callers use asyncio.run themselves"


def test_only_errors_of_the_family_are_raised() -> None:
    """`ValueError` and `TypeError` are allowed, too: for a caller's mistake, before any I/O."""
    family = {name for name, thing in vars(errors).items() if isinstance(thing, type)}
    protocol = {"AttributeError", "KeyError"}  # required in __getattr__ and in mappings
    raised = [
        f"{where} {node.exc.func.id}"
        for where, node in found(ast.Raise, LIBRARY)
        if isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id.endswith(("Error", "Exception", "Exit", "Interrupt"))
        and node.exc.func.id not in family | {"ValueError", "TypeError"} | protocol
    ]

    assert raised == [], "raise a BasetenError, so that users can catch all errors with one class"


def test_a_caught_cancellation_is_always_raised_again() -> None:
    swallowed = [
        where
        for where, node in found(ast.ExceptHandler, LIBRARY)
        if node.type is None
        or (
            re.search(r"CancelledError|BaseException", ast.unparse(node.type))
            and not any(isinstance(one, ast.Raise) for one in ast.walk(node))
        )
    ]

    assert swallowed == [], "raise it again: a cancelled caller must not be delayed or continue"


def test_boolean_parameters_are_keyword_only() -> None:
    """A reader cannot know the meaning of True in `promote("d", True)`.

    The only parameter of a function, as in `wake(True)`, is exempt.
    """
    positional = [
        f"{where} {arg.arg}"
        # The checks of arguments take what a caller has named already.
        for where, node in found(
            ast.FunctionDef | ast.AsyncFunctionDef,  # type: ignore[arg-type] # isinstance takes it
            LIBRARY,
            but=rooms("_arguments.py"),
        )
        if not node.name.startswith("_")
        if len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]) > 1
        for arg in (*node.args.posonlyargs, *node.args.args)
        if arg.annotation is not None and ast.unparse(arg.annotation) == "bool"
    ]

    assert positional == [], "put a * before the parameter"


def test_imports_inside_the_package_are_relative() -> None:
    absolute = [
        where
        for where, node in found(ast.ImportFrom, EVERYWHERE)
        if node.level == 0 and (node.module or "").partition(".")[0] == "aiobaseten"
    ]

    assert absolute == [], "use a relative import"


def test_no_module_has_a_meaningless_name() -> None:
    names = {path.stem.strip("_") for path in EVERYWHERE}

    assert names.isdisjoint({"utils", "helpers", "common", "base", "misc", "types"}), (
        "name the module after its one job"
    )


def test_every_error_is_a_baseten_error_in_the_tree_and_on_the_page() -> None:
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


def test_a_warning_of_the_generator_is_an_error() -> None:
    assert '"--fail-on-warning"' in (ROOT / "scripts" / "generate.py").read_text("utf-8")


def test_every_dependency_has_a_comment_with_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines = [line.strip() for line in text.splitlines()]

    assert needed
    for each in needed:
        before = lines[lines.index(f'"{each}",') - 1]
        assert before.startswith("#"), f"write above {each} what we would have to write without it"


def test_no_file_names_a_machine_or_a_registry() -> None:
    named = re.compile(r"/(?:work|root|opt/(?:pypi|wheels))/|py" + r"pi\.org|registry\.npm" + "js")
    files = [
        path
        for folder in ("src", "scripts", "openapi", "docs", "generated", "tests", ".github")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".txt", ".yaml", ".yml", ".json", ".toml"}
    ]

    assert len(files) > 50
    assert [str(path) for path in files if named.search(path.read_text("utf-8"))] == []
