"""CPU time of imports, in fresh processes, with all modules compiled before.

This environment must not contain rich and click. With them, httpx imports its own command line, and
takes nearly twice as long.
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
    """The CPU time of importing aiobaseten, divided by that of each other package.

    Args:
        source: The repository.
        scratch: The folder for a compiled copy of our packages.
        rounds: The number of fresh processes for each import.
    """
    for name in ("rich", "click"):
        if any(found.metadata["Name"] == name for found in importlib.metadata.distributions()):
            raise RuntimeError(f"{name} is installed, which makes `import httpx` slower")
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
            if number:  # the first round only fills the disk cache
                taken[statement].append(float(done.stdout))
    return {
        f"{one} / {other}": ratios(taken[one], taken[other]) for one in OURS for other in THEIRS
    }
