"""The benchmark runs, and its request counts, the same on every machine, are within the limits."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The parts that need no other packages, and count requests instead of time.
PARTS = ("schedules", "sharing", "crowd", "outage")


@pytest.mark.thorough
def test_every_counted_figure_of_the_benchmark_is_within_its_limit(tmp_path: Path) -> None:
    result = tmp_path / "bench.json"

    subprocess.run(
        [sys.executable, "-m", "bench", *PARTS, "--rounds", "1", "--output", str(result)],
        check=True,
        env={"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
    )

    figures = json.loads(result.read_text("utf-8"))["figures"]
    assert tuple(figures) == PARTS
    assert [
        one["what"] for part in figures.values() for one in part if one["verdict"] == "MISSED"
    ] == []
