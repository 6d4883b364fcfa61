"""The pages built by `make docs` are complete, and load nothing from other hosts.

`make test` does not run this, because it builds no pages.
"""

from __future__ import annotations

import ast
import inspect
import re
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

import aiobaseten
from aiobaseten import errors, events, schemas, testing

BUILT = Path(__file__).parents[2] / "build" / "docs"
PAGES = sorted(BUILT.rglob("*.html"))
# Elements that a browser loads by itself, unlike links.
FETCHED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src",
    "object": "data", "embed": "src", "link": "href", "image": "href", "use": "href",
}  # fmt: skip


class Fetched(HTMLParser):
    """The addresses that a browser loads for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses.append(values.get(FETCHED.get(tag, "")) or "")
        self.addresses += outside_of_style(values.get("style") or "")


def outside_of_style(text: str) -> list[str]:
    """The addresses in a style sheet."""
    return re.findall(r"""(?:@import\s+|url\()\s*["']?([^"')\s]+)""", text)


def is_elsewhere(address: str) -> bool:
    return re.match(r"(?:[a-z][a-z0-9+.-]*:)?//", address, re.IGNORECASE) is not None


def test_the_main_pages_are_built() -> None:
    assert {"index.html", "waiting.html", "api/client.html"} <= {
        str(page.relative_to(BUILT)) for page in PAGES
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BUILT)))
def test_no_page_loads_from_another_host(page: Path) -> None:
    text = page.read_text("utf-8")
    fetched = Fetched()
    fetched.feed(text)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)
    found = [*fetched.addresses, *outside_of_style("\n".join(styles))]

    assert any(found), "no address found: the parser of this test may be out of date"
    assert [address for address in found if is_elsewhere(address)] == []


@pytest.mark.parametrize(
    "sheet",
    [*BUILT.rglob("*.css"), *BUILT.rglob("*.svg")],
    ids=lambda sheet: str(sheet.relative_to(BUILT)),
)
def test_no_style_sheet_or_picture_loads_from_another_host(sheet: Path) -> None:
    text = sheet.read_text("utf-8")

    assert [one for one in outside_of_style(text) if is_elsewhere(one)] == []
    assert re.findall(r"""href=["'](?:https?:)?//""", text) == []


def test_no_script_loads_from_another_host() -> None:
    texts = {script.name: script.read_text("utf-8") for script in BUILT.rglob("*.js")}
    fetching = r"""(?:fetch|importScripts|import)\(\s*["'`](?:https?:)?//"""

    assert texts
    assert [name for name, text in texts.items() if re.search(fetching, text)] == []


def members(cls: type) -> Iterator[str]:
    """The public methods and properties of a class."""
    for name, value in inspect.getmembers(cls):
        if not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, property)):
            yield name


def public() -> Iterator[str]:
    """Every public name, dotted."""
    modules: list[ModuleType] = [errors, events]
    for name in aiobaseten.__all__:
        yield f"aiobaseten.{name}"
        value = getattr(aiobaseten, name)
        if inspect.isclass(value) and value.__module__.startswith("aiobaseten"):
            yield from (f"aiobaseten.{name}.{member}" for member in members(value))
    for module in modules:
        for name, value in inspect.getmembers(module, inspect.isclass):
            if value.__module__ == module.__name__:
                yield f"{module.__name__}.{name}"
    for module in (schemas, testing):
        yield from (f"{module.__name__}.{name}" for name in module.__all__)
    for name, value in inspect.getmembers(testing.scenarios, inspect.isfunction):
        if not name.startswith("_") and value.__module__ == testing.scenarios.__name__:
            yield f"aiobaseten.testing.scenarios.{name}"
    yield "aiobaseten.testing.pytest_plugin.fake_baseten"
    # Airflow is not installed here.
    airflow = Path(aiobaseten.__file__).parent / "airflow" / "__init__.py"
    for node in ast.parse(airflow.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield from (f"aiobaseten.airflow.{name}" for name in ast.literal_eval(node.value))


def documented() -> set[str]:
    """The names in the reference, to which other projects can link."""
    packed = (BUILT / "objects.inv").read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(packed).decode().splitlines()
    return {line.split(" ")[0] for line in lines if " py:" in line}


def test_the_reference_has_every_public_name() -> None:
    names = {*public()}

    assert len(names) > 120
    assert names - documented() == set()
