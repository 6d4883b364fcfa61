"""The pages of the documentation, and their examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: The pages in the root of the repository, and those in docs/.
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    *sorted(DOCS.rglob("*.md")),
]

_FENCE = re.compile(
    r"(?:<!-- (?P<notes>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL
)


@dataclass(frozen=True)
class Example:
    """A fenced code block.

    Attributes:
        page: The page that contains it.
        line: The number of its first line.
        language: The language after the fence.
        text: Its code.
        notes: The settings for its test, from a comment just above it: ``<!-- world: calm -->``.
    """

    page: Path
    line: int
    language: str
    text: str
    notes: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples(*languages: str) -> Iterator[Example]:
    """All examples in these languages, from all pages."""
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
