"""The pages for people, and the examples that stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: What people read first, and what is built into the documentation.
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    *sorted(DOCS.rglob("*.md")),
]

_FENCE = re.compile(
    r"(?:<!-- (?P<notes>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL
)


@dataclass(frozen=True)
class Example:
    """A fenced block.

    Attributes:
        page: Where it stands.
        line: The line on which it begins.
        language: What it is written in.
        text: What it says.
        notes: What a comment just above it says to the tests: ``<!-- world: calm -->``.
    """

    page: Path
    line: int
    language: str
    text: str
    notes: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples(*languages: str) -> Iterator[Example]:
    """Every example of all pages in these languages."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for fence in _FENCE.finditer(text):
            if fence["language"] in languages:
                notes = (one.partition(": ") for one in (fence["notes"] or "").split("; ") if one)
                yield Example(
                    page=page,
                    line=text.count("\n", 0, fence.start("text")),
                    language=fence["language"],
                    text=fence["text"],
                    notes={name: value for name, _, value in notes},
                )
