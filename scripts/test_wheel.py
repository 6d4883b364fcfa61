"""Run some of the tests against the wheel, in a folder without the sources.

`make build` compares the files of the wheel with ours. These tests show that the code finds them at
run time: each public door, and each file that is read by its name. The other tests would say the
same as `make test`.

Everything except ``src`` and ``generated`` is copied to that folder. Python finds the test tools in
the environment that runs this script, but not the editable install of the sources.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("docs", "openapi", "scripts", "tests", ".github", "pyproject.toml", "Makefile")
TESTS = (
    "tests/cli/test_commands.py",
    "tests/cli/test_output.py",
    "tests/docs/test_examples.py",
    "tests/promoting",
    "tests/testing",
)


def main() -> int:
    """Run the tests. Returns the exit status."""
    (wheel,) = Path(sys.argv[1]).resolve().glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        house = Path(folder) / "house"
        house.mkdir()
        for name in (*COPIED, *(path.name for path in ROOT.glob("*.md"))):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, house / name)
        python = installed(wheel, Path(folder) / "venv")
        tests = [*TESTS, *(str(each.relative_to(house)) for each in house.glob("tests/test_*.py"))]
        return subprocess.run(
            [python, "-m", "pytest", "-n", "auto", *tests, *sys.argv[2:]],
            cwd=house,
            check=False,
            env={**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"},
        ).returncode


def installed(wheel: Path, folder: Path) -> Path:
    """A Python with the wheel, and with the dependencies of the current environment."""
    venv.create(folder)
    python = folder / "bin" / "python"
    own = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", own))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(python), "install"),
            *("--quiet", "--disable-pip-version-check", "--no-deps", str(wheel)),
        ],
        check=True,
    )
    # Python ignores .pth files in that folder. They would add the sources.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    told = subprocess.run(
        [
            python,
            "-c",
            "import aiobaseten, aiobaseten_generated as g; print(aiobaseten.__file__, g.__file__)",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    if not all(Path(each).is_relative_to(site) for each in told.stdout.split()):
        sys.exit(f"imported from outside the wheel: {told.stdout}")
    print(f"testing {wheel.name}", flush=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
