"""Run the tests with the oldest supported dependencies, then with the newest.

The oldest are pinned in scripts/requirements/lowest.txt. The newest are deliberately not pinned:
they are today's newest releases. The test tools are pinned in both cases.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINS = ROOT / "scripts" / "requirements"
# If a test tool needs a newer version of a dependency than we do, the oldest cannot be tested.
INSTALL = {
    "lowest": ["--no-deps", "--require-hashes", "-r", str(PINS / "lowest.txt")],
    "newest": ["--upgrade", "--upgrade-strategy", "eager", f"{ROOT}[aiohttp,cli,testing]"],
}


def main() -> int:
    """Run the tests twice. Returns the exit status."""
    statuses: dict[str, int] = {}
    for name, wanted in INSTALL.items():
        python = environment(name, wanted)
        print(f"\n== {name}: Python {sys.version.split()[0]}, {versions(python)}", flush=True)
        run = [str(python), "-m", "pytest", "-n", "auto", *sys.argv[1:]]
        statuses[name] = subprocess.run(run, cwd=ROOT, check=False).returncode
    print(", ".join(f"{name}: {'failed' if bad else 'passed'}" for name, bad in statuses.items()))
    return max(statuses.values())


def environment(name: str, wanted: list[str]) -> Path:
    """The Python of a pinned environment, with the *wanted* versions of our dependencies."""
    folder = ROOT / "build" / "compat" / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    ours = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    for arguments in (["--require-hashes", "-r", str(PINS / "dev.txt")], wanted, ours):
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *arguments], check=True)
    return python


def versions(python: Path) -> str:
    """The versions of our dependencies, for the log."""
    names = ("httpx", "attrs", "aiohttp", "rich", "starlette", "uvicorn")
    code = (
        f"from importlib.metadata import version as v; print(*(f'{{n}} {{v(n)}}' for n in {names}))"
    )
    said = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return said.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
