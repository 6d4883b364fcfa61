"""Tables of text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ._text import columns, one_line, padded


def table(heads: list[str], rows: Sequence[list[str]]) -> Iterator[str]:
    """A table with a line of heads."""
    lines = [heads, *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(columns(line[i]) for line in lines) for i in range(len(heads))]
    for line in lines:
        cells = (padded(cell, width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()
