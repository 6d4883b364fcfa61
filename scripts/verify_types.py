"""Fail unless pyright knows the type of every public name of the package.

For a user's type checker, a name without a type is ``Any``, and it finds no mistakes with it. The
Airflow provider is left out, because its base classes are known only where Airflow is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ELSEWHERE = "aiobaseten.airflow."


def main() -> int:
    """Verify the types. Returns the exit status."""
    # pyright searches Python's import path, but does not follow editable installs.
    path = os.pathsep.join(str(ROOT / folder) for folder in ("src", "generated"))
    found = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("pyright")), "--pythonpath", sys.executable),
            *("--verifytypes", "aiobaseten", "--ignoreexternal", "--outputjson"),
        ],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    symbols = [
        symbol
        for symbol in json.loads(found.stdout)["typeCompleteness"]["symbols"]
        if not symbol["name"].startswith(ELSEWHERE)
    ]
    unknown = [symbol for symbol in symbols if not symbol["isTypeKnown"]]
    for symbol in unknown:
        for each in symbol["diagnostics"]:
            print(f"{symbol['name']}: {each['message']}")
    print(f"{len(symbols) - len(unknown)} of {len(symbols)} symbols have a type")
    # No symbols at all means that the package was not found.
    return 1 if unknown or not symbols else 0


if __name__ == "__main__":
    sys.exit(main())
