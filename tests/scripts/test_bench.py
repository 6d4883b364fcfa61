"""The benchmark runs, and its counts, which no machine changes, are what we promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Those that need nothing but us, and where requests are counted rather than time.
PARTS = ("schedules", "sharing", "crowd", "outage")


@pytest.mark.thorough
def test_what_is_counted_in_the_benchmark_is_what_we_promise(tmp_path: Path) -> None:
    result = tmp_path / "bench.json"

    subprocess.run(
        [sys.executable, "-m", "bench", *PARTS, "--rounds", "1", "--output", str(result)],
        check=True,
        env={"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
    )

    figures = json.loads(result.read_text())["figures"]
    assert tuple(figures) == PARTS
    assert [
        one["what"] for part in figures.values() for one in part if one["verdict"] == "MISSED"
    ] == []
