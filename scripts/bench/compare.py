"""Compare the figures of the last run with earlier ones: `make bench-compare OLD=file`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULT = Path(__file__).resolve().parents[2] / "build" / "bench.json"
#: Changes of CPU times up to this share are noise.
NOISE = 0.1


def figures(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All figures of a run, by name."""
    return {one["what"]: one for part in result["figures"].values() for one in part}


def word(before: float, after: float) -> str:
    """How a figure has changed. For all of them, less is better."""
    if abs(after - before) <= NOISE * abs(before):
        return ""
    return "better" if after < before else "worse"


def lines(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """A line for each figure of either run."""
    before, after = figures(old), figures(new)
    for name in {**before, **after}:
        if name in before and name in after:
            one, two = before[name]["value"], after[name]["value"]
            yield f"{name:<72} {one:>8.3g} {two:>8.3g}  {word(one, two)}"
        else:
            known = before.get(name) or after[name]
            said = "only before" if name in before else "only now"
            yield f"{name:<72} {known['value']:>8.3g} {'':>8}  {said}"


def newly_missed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The figures that are over their limit now, and were not."""
    before = figures(old)
    return [
        name
        for name, one in figures(new).items()
        if one["verdict"] == "MISSED"
        and before.get(name, {}).get("verdict") not in (None, "MISSED")
    ]


def main(old: str) -> int:
    """Print the comparison; fails if a figure is over its limit that was not before."""
    earlier, latest = (json.loads(path.read_text("utf-8")) for path in (Path(old), RESULT))
    print(f"{'':<72} {'before':>8} {'now':>8}")
    for line in lines(earlier, latest):
        print(line)
    missed = newly_missed(earlier, latest)
    for name in missed:
        print(f"over its limit now: {name}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
