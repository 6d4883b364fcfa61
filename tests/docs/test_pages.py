"""Names, commands, links and numbers on the pages are correct."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import aiobaseten
from aiobaseten import Guard, errors
from aiobaseten._status import DEPLOYMENT_STATUSES, PROMOTION_STATUSES, meaning_of
from aiobaseten._waiting.guard import _BACK_S
from aiobaseten._waiting.schedule import _PACES
from aiobaseten.cli._arguments import parse

from .pages import DOCS, PAGES, ROOT, Example, examples

IDS = [page.name for page in PAGES]
TEXTS = {page: page.read_text("utf-8") for page in PAGES}


def anchors(text: str) -> set[str]:
    """The anchors that a forge makes from the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_has_a_target(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", TEXTS[page]):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page

        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_make_command_is_a_target(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))

    shown = set(re.findall(r"\bmake (?:-\S+ )?([a-z-]+)", "\n".join(code(TEXTS[page]))))

    assert shown <= targets


def test_the_readme_starts_with_make_demo_and_make_test() -> None:
    readme = TEXTS[ROOT / "README.md"]
    (commands,) = re.findall(r"## Try it\n.*?```sh\n(.*?)```", readme, re.DOTALL)

    assert re.findall(r"^make (\w+) ", commands, re.MULTILINE) == ["demo", "test"]


def test_the_readme_has_at_most_72_lines() -> None:
    assert len(TEXTS[ROOT / "README.md"].splitlines()) <= 72


def code(text: str) -> list[str]:
    """The text in backticks."""
    blocks = re.findall(r"```(?:sh|shell|console)\n(.*?)```", text, re.DOTALL)
    return [*blocks, *re.findall(r"`([^`\n]+)`", text)]


def command_lines() -> list[object]:
    """Each call of the command line in a shell example, with the variables that it exports."""
    found: list[object] = []
    for example in examples("sh"):
        exports = " ".join(re.findall(r"^export (.*)$", example.text, re.MULTILINE))
        variables = dict(re.findall(r"(\w+)=(\S+)", exports))
        lines = re.findall(r"^(?:\w+=\S+ )*(aiobaseten [a-z].*)$", example.text, re.MULTILINE)
        found += [pytest.param(line, variables, id=f"{example}: {line}") for line in lines]
    return found


@pytest.mark.parametrize(("line", "variables"), command_lines())
def test_every_command_line_example_can_be_parsed(
    line: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _, *arguments = shlex.split(re.split(r" [|#]", line)[0])
    if "$token" not in arguments:  # a real token would be decoded
        parse(arguments)


@pytest.mark.parametrize("example", [*examples("sh")], ids=str)
def test_every_extra_in_an_install_command_exists(example: Example) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    wanted = set(re.findall(r"aiobaseten\[(\w+)\]", example.text))

    assert wanted <= project["optional-dependencies"].keys()


def test_the_picture_of_a_promotion_has_every_status_and_every_outcome() -> None:
    picture = (DOCS / "promotion-life.svg").read_text("utf-8")
    outcomes = {name for name in vars(errors) if re.match(r"Promotion\w+Error|WaitTimeout", name)}
    # These are raised before there is a promotion to wait for.
    outcomes -= {"PromotionInProgressError", "PromotionOutcomeUnknownError"}

    assert {status for status in PROMOTION_STATUSES if f">{status}<" not in picture} == set()
    assert {name for name in outcomes if name not in picture} == set()


def test_the_page_on_waiting_explains_every_status() -> None:
    waiting = TEXTS[DOCS / "waiting.md"]
    rows = re.findall(r"^\| ([A-Z_, ]+) \|", waiting, re.MULTILINE)

    assert {status for row in rows for status in row.split(", ")} >= DEPLOYMENT_STATUSES.keys()


def test_the_reference_has_every_request_and_its_method() -> None:
    document = json.loads((ROOT / "openapi" / "baseten.json").read_text("utf-8"))
    sent = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations.keys() & {"get", "post", "put", "patch", "delete"}
    }
    rows = re.findall(
        r"^\| `(\w+)\.(\w+)`.* \| `([A-Z]+ /[^`]+)`",
        TEXTS[DOCS / "api" / "requests.md"],
        re.MULTILINE,
    )

    assert {request for _, _, request in rows} == sent
    assert [row for row in rows if not hasattr(getattr(aiobaseten, row[0]), row[1])] == []


def test_the_number_of_operations_is_that_of_the_document() -> None:
    document = json.loads((ROOT / "openapi" / "baseten.json").read_text("utf-8"))
    methods = {"get", "post", "put", "patch", "delete"}
    number = sum(len(methods & operations.keys()) for operations in document["paths"].values())

    assert f"| {number} around promotions" in TEXTS[DOCS / "alternatives.md"]


def test_versions_and_dependencies_on_the_pages_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    dependencies = {re.split("[^a-z]", one)[0] for one in project["dependencies"]}
    airflow = " ".join(project["optional-dependencies"]["airflow"])

    assert (project["requires-python"], dependencies) == (">=3.11", {"httpx", "attrs"})
    assert "apache-airflow>=3.3,<4" in airflow


def test_the_table_of_a_guards_defaults_is_its_signature() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?\"?(\w+)", TEXTS[DOCS / "guard.md"], re.MULTILINE)
    shown = dict(rows[-len(inspect.signature(Guard).parameters) + 1 :])
    defaults = {
        name: f"{one.default:g}" if isinstance(one.default, int | float) else str(one.default)
        for name, one in inspect.signature(Guard).parameters.items()
        if name != "checks"
    }

    # Its default depends on the guard: the least time, which is a constant.
    assert defaults["cancel_timeout"] == "None"
    assert shown == {**defaults, "cancel_timeout": f"{_BACK_S:g}"}


def test_the_table_of_intervals_is_the_schedule() -> None:
    many = TEXTS[DOCS / "many.md"]
    row = re.compile(
        r"^\| ([A-Z_, ]+) \| ([\d.]+) % of the time since the (wait began|last change) "
        r"\| (\d+) s, (\d+) s \|$",
        re.MULTILINE,
    )
    shown = row.findall(many)

    assert len(shown) == len(_PACES) - 1
    for statuses, share, since, least, most in shown:
        pace = (float(share) / 100, float(least), float(most), since == "last change")
        for status in statuses.split(", "):
            assert _PACES[meaning_of(status).stage] == pace


@pytest.mark.parametrize("picture", sorted(DOCS.glob("*.svg")), ids=lambda picture: picture.name)
def test_a_picture_is_small_has_a_dark_mode_and_loads_nothing(
    picture: Path,
) -> None:
    text = picture.read_text("utf-8")

    assert len(text) < 60_000
    assert "url(" not in text.replace("url(#", "")
    assert (
        "prefers-color-scheme: dark" in text or 'fill="#292929"' in text
    )  # a terminal is dark anyway


def test_llms_txt_lists_every_page() -> None:
    listed = re.findall(r"\((\S+)\.html\)", (DOCS / "llms.txt").read_text("utf-8"))
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.glob("*.md")}

    assert sorted(listed) == sorted(pages - {"index"} | {"api/index"})


def said_by_the_code() -> str:
    """All strings in the code but docstrings. Fields of f-strings are left out."""
    found: list[str] = []
    for path in (ROOT / "src").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        docstrings = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
        found += [
            str(one.value)
            for one in ast.walk(tree)
            if isinstance(one, ast.Constant) and id(one) not in docstrings
        ]
    return "\n".join(found)


def test_the_words_of_each_error_on_the_page_are_in_the_code() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    words = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    code = said_by_the_code()

    assert len(words) > 10
    assert [one for one in words if one not in code] == []
