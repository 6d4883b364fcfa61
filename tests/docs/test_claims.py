"""Each claim of the listed pages has a test that holds it.

``claims.toml`` lists the claims. On its pages, each sentence and each row of a table with a number
or a strong word (never, always, at most, …) must contain a claim. The head of a table, as a claim,
stands for all of its rows.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .pages import DOCS, ROOT

CLAIMS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("claims.toml").read_text("utf-8")
)
STRONG = re.compile(
    r"\b(never|always|at most|at least|exactly|(?<!at )once|up to"
    r"|(an?|one|two|three|four|five|ten|half an?) (second|minute|hour)s?)\b|\d",
    re.IGNORECASE,
)


# Their figures come from measurements, from other projects, or from Airflow.
EXEMPT = {"airflow.md", "alternatives.md", "performance.md", "spec-changes.md"}
# They repeat what other pages claim, or define words.
EXEMPT |= {
    "agents.md",
    "changelog.md",
    "contributing.md",
    "glossary.md",
    "security.md",
    "troubleshooting.md",
}


def test_each_page_is_listed_or_exempt() -> None:
    pages = {path.name for path in DOCS.glob("*.md")} | {"README.md"}

    assert pages == {*CLAIMS} | EXEMPT


def text(page: str) -> str:
    """A page without its examples and comments."""
    path = ROOT / page if page == "README.md" else DOCS / page
    return re.sub(
        r"<!--.*?-->|^```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def sentences(page: str) -> Iterator[tuple[str, str]]:
    """Each sentence or row of a page, and for a row the head of its table."""
    for block in re.split(r"\n\s*\n|\n(?=- |\d\. )", text(page)):
        if block.startswith("|"):
            head, _, *rows = block.splitlines()
            yield from ((row, head) for row in rows)
        elif not block.startswith("#"):
            said = " ".join(block.split())
            yield from ((one, "") for one in re.split(r"(?<=[.:!?]) (?=[A-Z`*“(])", said))


def is_strong(sentence: str) -> bool:
    """Whether it has a number or a strong word, outside of code and the targets of links."""
    return STRONG.search(re.sub(r"\]\([^)]*\)|`[^`]*`", "", sentence)) is not None


# test_sending.py compares every figure of its page with the code.
@pytest.mark.parametrize("page", [page for page in CLAIMS if page != "sending.md"])
def test_every_strong_sentence_has_a_claim(page: str) -> None:
    said = [(one, head) for one, head in sentences(page) if is_strong(one)]
    claims = CLAIMS[page]

    bare = [one for one, head in said if head not in claims and not any(c in one for c in claims)]
    assert bare == [], "add each to claims.toml with the test that holds it, or say less"


@pytest.mark.parametrize("page", CLAIMS)
def test_every_claim_is_on_its_page(page: str) -> None:
    shown = " ".join(text(page).split())

    assert [one for one in CLAIMS[page] if one not in shown] == [], "correct claims.toml, too"


@pytest.mark.parametrize("page", CLAIMS)
def test_every_claim_is_held(page: str) -> None:
    assert {one: by for one, by in CLAIMS[page].items() if not is_held(one, by)} == {}


@functools.cache
def names(path: str) -> set[str]:
    """The tests of a file in tests/."""
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    functions = (
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {node.name for node in functions if node.name.startswith("test_")}


def is_held(claim: str, by: str) -> bool:
    """Whether the test exists, or the constant is a number in the claim, or no test is possible."""
    place, _, name = by.partition("::")
    if name:
        return name in names(place)
    module, _, constant = by.partition(":")
    if module == "untested":
        return bool(constant.strip())
    value = getattr(importlib.import_module(f"aiobaseten.{module}"), constant)
    return f"{value:g}" in re.findall(r"\d[\d.]*", claim.replace(",", ""))
