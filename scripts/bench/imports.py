"""What an import costs, in fresh processes, with everything compiled beforehand.

In this environment there is no rich and no click: httpx would import its own command line
with them, and be nearly twice as slow.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from .timing import Spread, ratios

OURS = ("import aiobaseten", "from aiobaseten import Baseten")
THEIRS = ("import httpx", "import baseten.client")
_TIMED = "import time; began = time.process_time(); {}; print(time.process_time() - began)"


def measure(source: Path, scratch: Path, *, rounds: int) -> dict[str, Spread]:
    """CPU of importing us over importing each of the others.

    Args:
        source: The repository.
        scratch: Where to put a compiled copy of our packages.
        rounds: Fresh processes for each.
    """
    for name in ("rich", "click"):
        if any(found.metadata["Name"] == name for found in importlib.metadata.distributions()):
            raise RuntimeError(f"{name} is installed here, which makes `import httpx` slower")
    site = scratch / "site"
    shutil.rmtree(site, ignore_errors=True)
    for package in ("src/aiobaseten", "generated/aiobaseten_generated"):
        shutil.copytree(
            source / package,
            site / Path(package).name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    compileall.compile_dir(site, quiet=1)
    for name in ("httpx", "httpcore", "anyio", "attr", "attrs", "h11", "baseten", "pydantic"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            compileall.compile_dir(spec.submodule_search_locations[0], quiet=1)
    taken: dict[str, list[float]] = {name: [] for name in (*OURS, *THEIRS)}
    for number in range(rounds + 1):
        for statement in taken:
            done = subprocess.run(
                [sys.executable, "-c", _TIMED.format(statement)],
                capture_output=True,
                text=True,
                check=True,
                env={"PYTHONPATH": str(site)},
            )
            if number:  # the first one is there to warm the disk's cache
                taken[statement].append(float(done.stdout))
    return {
        f"{one} / {other}": ratios(taken[one], taken[other]) for one in OURS for other in THEIRS
    }
