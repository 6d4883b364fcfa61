"""Update the figures and plots of docs/performance.md from build/bench.json: `make bench-plots`."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from .__main__ import PARTS

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 720
OURS, OTHERS, BOUND = "#0a7d5a", "#8a8f98", "#b4531f"
_STYLE = (
    "text{font:13px sans-serif;fill:#1f2328}.t{font-weight:bold}.s{fill:#59636e;font-size:12px}"
    "line{stroke:#d1d9e0}.b{fill:#fff}"
    "@media (prefers-color-scheme: dark){text{fill:#e6edf3}.s{fill:#9da7b3}line{stroke:#3d444d}"
    ".b{fill:#161b22}}"
)


def bars(title: str, said: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """Bars on a logarithmic scale."""
    left, top, step = 290, 58, 26
    most = math.ceil(math.log10(max(value for _, value, _ in rows)))
    wide = (WIDTH - left - 80) / most
    height = top + step * len(rows) + 34
    drawn = [
        f'<line x1="{left + wide * power:.0f}" y1="{top - 6}" x2="{left + wide * power:.0f}" '
        f'y2="{height - 30}"/><text class="s" x="{left + wide * power:.0f}" y="{height - 12}" '
        f'text-anchor="middle">{10**power:,}</text>'
        for power in range(most + 1)
    ]
    for number, (name, value, colour) in enumerate(rows):
        y = top + step * number
        length = max(wide * math.log10(max(value, 1.0)), 1.0)
        drawn.append(
            f'<text x="{left - 10}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{left}" y="{y}" width="{length:.1f}" height="18" fill="{colour}"/>'
            f'<text x="{left + length + 6:.1f}" y="{y + 14}">{value:,.0f}</text>'
        )
    return _svg(height, title, said, drawn)


def points(title: str, said: str, rows: Sequence[tuple[str, float, float, str]]) -> str:
    """Requests against p99 delay, both on logarithmic scales."""
    left, top, wide, high = 70, 70, WIDTH - 110, 250
    height = top + high + 50

    def x(seconds: float) -> float:
        return left + wide * math.log(seconds / 0.8) / math.log(40 / 0.8)

    def y(requests: float) -> float:
        return top + high * math.log(300 / requests) / math.log(300 / 15)

    drawn = [
        f'<line x1="{left}" y1="{y(value):.0f}" x2="{left + wide}" y2="{y(value):.0f}"/>'
        f'<text class="s" x="{left - 8}" y="{y(value) + 4:.0f}" text-anchor="end">{value}</text>'
        for value in (20, 50, 100, 200)
    ]
    drawn += [
        f'<text class="s" x="{x(value):.0f}" y="{top + high + 18}" '
        f'text-anchor="middle">{value} s</text>'
        for value in (1, 2, 5, 10, 20, 30)
    ]
    drawn.append(
        f'<text class="s" x="{left + wide / 2:.0f}" y="{top + high + 38}" text-anchor="middle">'
        "p99 of the delay from ACTIVE to the result</text>"
    )
    for name, seconds, requests, colour in rows:
        # Points on the right half have their name on the left.
        side, anchor = (9, "start") if x(seconds) < WIDTH / 2 else (-9, "end")
        drawn.append(
            f'<circle cx="{x(seconds):.1f}" cy="{y(requests):.1f}" r="5" fill="{colour}"/>'
            f'<text x="{x(seconds) + side:.1f}" y="{y(requests) + 4:.1f}" text-anchor="{anchor}">'
            f"{escape(name)}</text>"
        )
    return _svg(height, title, said, drawn)


def _svg(height: float, title: str, said: str, drawn: Sequence[str]) -> str:
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'role="img" aria-label="{escape(title)}">\n<style>{_STYLE}</style>\n'
        f'<rect class="b" width="{WIDTH}" height="{height:.0f}"/>\n'
        f'<text class="t" x="16" y="24">{escape(title)}</text>\n'
        f'<text class="s" x="16" y="42">{escape(said)}</text>\n{body}\n</svg>\n'
    )


def table(result: dict[str, Any]) -> str:
    """The figures that have a limit, as a table in Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    rows = [
        f"| {one['what']} | {_number(one['value'])}{' ' + one['unit'] if one['unit'] else ''} "
        f"| {_number(one['least'])} | {_number(one['aim'])} | {_SAID[one['verdict']]} |"
        for part in result["figures"].values()
        for one in part
        if one["verdict"]
    ]
    return "\n".join(
        [
            "| measurement | figure | limit | aim | result |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"CPython {result['python']}, {versions}; two cores.",
        ]
    )


_SAID = {"aim": "aim met", "ok": "within the limit", "MISSED": "over the limit"}
_FIGURES = re.compile(r"(<!-- figures:[^\n]*-->\n).*?(<!-- end of figures -->)", re.DOTALL)


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def main() -> int:
    """Update the page and the plots with the results of the last run."""
    result: dict[str, Any] = json.loads((ROOT / "build" / "bench.json").read_text())
    if missing := sorted(PARTS.keys() - result["figures"].keys()):
        print(f"build/bench.json lacks {', '.join(missing)}: run make bench BENCH='…' for them")
        return 1
    page = ROOT / "docs" / "performance.md"
    text = _FIGURES.sub(lambda found: f"{found[1]}{table(result)}\n\n{found[2]}", page.read_text())
    page.write_text(text, "utf-8")
    details = result["details"]
    found, schedule = details["sharing"][0], details["schedules"]
    ours = schedule["ours"]
    drawings = {
        "schedules": points(
            "Requests per wait, and delay of the result",
            "Thousands of simulated deployments; lower and further left is better",
            [
                *((name, o["p99"], o["requests"], OTHERS) for name, o in schedule["peers"].items()),
                ("lower bound without the status", ours["p99"], schedule["bound"], BOUND),
                ("aiobaseten", ours["p99"], ours["requests"], OURS),
            ],
        ),
        "crowds": bars(
            "Requests: 1,000 waits on 40 environments; 1,000 waits during an outage",
            "Logarithmic scale",
            [
                *(
                    (f"40 environments, {name}", sent, OTHERS)
                    for name, (sent, _) in found["peers"].items()
                ),
                ("40 environments, aiobaseten", found["requests"], OURS),
                *(
                    (f"an outage, {name}", sent, OTHERS)
                    for name, sent in details["outage"]["loops"].items()
                ),
                ("an outage, aiobaseten", details["outage"]["into_it"]["median"], OURS),
            ],
        ),
    }
    for name, drawing in drawings.items():
        (ROOT / "docs" / f"performance-{name}.svg").write_text(drawing, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
