"""Measure the startup time of the command line, compared with importing httpx.

Fresh processes run in turns; the figures are medians of wall-clock time. Run this in an environment
without click: if click and rich are installed, httpx imports its own command line, and is slower.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": "pass",
    "import httpx": "import httpx",
    "aiobaseten --help": "from aiobaseten.cli import main; main(['--help'])",
    "aiobaseten promote --help": "from aiobaseten.cli import main; main(['promote', '--help'])",
    "import aiobaseten": "import aiobaseten",
    "from aiobaseten import Baseten": "from aiobaseten import Baseten",
}
BASELINE = "import httpx"
PROMISE = {"aiobaseten --help": 1.5, "aiobaseten promote --help": 1.5}


def main() -> int:
    """Measure. Returns exit status 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    if importlib.util.find_spec("click") is not None:
        print("click is installed: httpx imports its own command line, which makes it slower")
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, code in COMMANDS.items():
            before = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
            taken[name].append(time.perf_counter() - before)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, median in medians.items():
        print(f"{median * 1000:7.1f} ms  {median / medians[BASELINE]:5.2f}  {name}")
    return int(any(medians[one] > most * medians[BASELINE] for one, most in PROMISE.items()))


if __name__ == "__main__":
    sys.exit(main())
