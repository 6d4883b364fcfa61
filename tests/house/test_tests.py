"""Rules for the tests themselves. Each failure says what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
TREES = {
    path.relative_to(TESTS): ast.parse(path.read_text("utf-8")) for path in TESTS.rglob("*.py")
}
#: The only tests that assert whole sentences of failures.
SENTENCES = {
    Path("guarding/test_sentences.py"),
    Path("waiting/test_sentences.py"),
    Path("sending/test_sentences.py"),
}
#: Folders in which an error is only text: the output of commands and examples.
TEXT = {"airflow", "cli", "contract", "docs", "house", "outside", "scripts", "testing"}


def calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    """Each call of a function with this name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            yield node


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in TREES}

    assert [folder for folder in folders if folder / "__init__.py" not in TREES] == []


def test_the_name_of_a_test_begins_with_its_subject() -> None:
    named = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if re.match(r"test_(what|who|whoever|those|one_that)_", node.name)
    ]

    assert named == [], "begin with a noun: the subject of the behaviour"


def test_a_test_sleeps_in_virtual_time_or_for_milliseconds() -> None:
    """Tests that are marked "thorough" may take longer; `make test` leaves them out."""
    slept = [
        f"{path}:{call.lineno}"
        for path, tree in TREES.items()
        if not {"airflow", "cli", "contract", "scripts", "soak"} & {*path.parts}
        if not re.search(r"looptime|mark\.thorough", ast.unparse(tree))
        for name in ("asyncio.sleep", "time.sleep")
        for call in calls(tree, name)
        if isinstance(call.args[0], ast.Constant) and float(str(call.args[0].value)) > 0.1
    ]

    assert slept == [], "mark the test with looptime"


def test_a_sentence_of_a_failure_is_asserted_in_one_file() -> None:
    """Elsewhere `match` may hold the name of an option, which are a few words."""
    matched = [
        f"{path}:{call.lineno} {keyword.value.value!r}"
        for path, tree in TREES.items()
        if path not in SENTENCES and path.parts[0] not in TEXT
        for call in calls(tree, "pytest.raises")
        for keyword in call.keywords
        if keyword.arg == "match" and isinstance(keyword.value, ast.Constant)
        if isinstance(keyword.value.value, str) and keyword.value.value.count(" ") > 3
    ]

    assert matched == [], f"assert the class and its attributes, or move it to {SENTENCES}"
