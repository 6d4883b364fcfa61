"""Check the built packages: contents, reproducibility and version.

``python scripts/inspect_dist.py dist`` checks the contents. ``… dist again`` also compares with a
second build. ``--tag v1.2.3`` also checks that the tag matches the version.
"""

from __future__ import annotations

import argparse
import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = ROOT / "src" / "aiobaseten" / "_version.py"
# The folders of the two packages in a wheel.
PACKAGES = {"src": "aiobaseten", "generated": "aiobaseten_generated"}
KINDS = {".py", ".typed", ".json"}
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
# Only useful in the repository itself.
NOT_IN_SDIST = (".ci/", ".github/", ".gitattributes")


def main() -> int:
    """Check the packages. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("again", type=Path, nargs="?")
    parser.add_argument("--tag")
    options = parser.parse_args()
    wrong = [*flaws(options.dist, version())]
    if options.again:
        wrong += differences(options.dist, options.again)
    if options.tag not in (None, f"v{version()}"):
        wrong.append(f"the tag is {options.tag}, but the version in {VERSION.name} is {version()}")
    for each in wrong:
        print(each)
    return 1 if wrong else 0


def version() -> str:
    """The version of the package."""
    said: str = runpy.run_path(str(VERSION))["__version__"]
    return said


def flaws(dist: Path, version: str) -> Iterator[str]:
    """Errors in a folder of built packages."""
    name = f"aiobaseten-{version}"
    wheel, sdist = dist / f"{name}-py3-none-any.whl", dist / f"{name}.tar.gz"
    if (there := {*dist.iterdir()}) != {wheel, sdist}:
        yield f"{dist} should contain {wheel.name} and {sdist.name}, not {sorted(there)}"
        return
    ours = known()
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
        metadata = opened.read(f"{name}.dist-info/METADATA").decode()
    for link in re.findall(r"\]\((?!https://)[^)]*\)", metadata):
        yield f"the readme of the wheel has the link {link}, which works only in the repository"
    due = {f"{name}.dist-info/{each}" for each in METADATA}
    for folder, package in PACKAGES.items():
        prefix = f"{folder}/{package}/"
        due |= {each.removeprefix(f"{folder}/") for each in ours if each.startswith(prefix)}
        due.add(f"{package}/py.typed")
    yield from compared("the wheel", inside, due)
    for each in sorted(inside - {f"{name}.dist-info/{one}" for one in METADATA}):
        if Path(each).suffix not in KINDS:
            yield f"the wheel contains {each}, which is no code, type marker or schema"
    with tarfile.open(sdist) as tar:
        inside = {each.name.removeprefix(f"{name}/") for each in tar.getmembers()}
    due = {each for each in ours if not each.startswith(NOT_IN_SDIST)} | {"PKG-INFO"}
    yield from compared("the sdist", inside, due)


def known() -> set[str]:
    """The files of the repository: those tracked by git, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {each for each in listed.stdout.split("\0") if each and (ROOT / each).exists()}


def compared(what: str, inside: set[str], due: set[str]) -> Iterator[str]:
    """Unexpected and missing files of an archive."""
    for each in sorted(inside - due):
        yield f"{what} contains {each}, which is not allowed"
    for each in sorted(due - inside):
        yield f"{what} does not contain {each}"


def differences(one: Path, other: Path) -> Iterator[str]:
    """Files that differ between two builds."""
    for path in sorted(one.iterdir()):
        twin = other / path.name
        if not twin.exists() or digest(path) != digest(twin):
            yield f"{path.name} differs in the second build"


def digest(path: Path) -> str:
    """A file's hash."""
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
