"""Look into what was built: what is inside, whether a second build is the same, which version.

``python scripts/inspect_dist.py dist`` or, with a second build, ``… dist again``. With
``--tag v1.2.3`` also whether the tag is the version's.
"""

from __future__ import annotations

import argparse
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
# Where in the repository the two packages are that a wheel holds.
PACKAGES = {"src": "aiobaseten", "generated": "aiobaseten_generated"}
KINDS = {".py", ".typed", ".json"}
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
# Of use to who works on the repository, and to nobody else.
NOT_IN_SDIST = (".ci/", ".github/", ".gitattributes")


def main() -> int:
    """Look; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("again", type=Path, nargs="?")
    parser.add_argument("--tag")
    options = parser.parse_args()
    wrong = [*flaws(options.dist, version())]
    if options.again:
        wrong += differences(options.dist, options.again)
    if options.tag not in (None, f"v{version()}"):
        wrong.append(f"the tag is {options.tag}, but {VERSION.name} says {version()}")
    for each in wrong:
        print(each)
    return 1 if wrong else 0


def version() -> str:
    """The version, from the one place where it is."""
    said: str = runpy.run_path(str(VERSION))["__version__"]
    return said


def flaws(dist: Path, version: str) -> Iterator[str]:
    """What is wrong with a folder of built files."""
    name = f"aiobaseten-{version}"
    wheel, sdist = dist / f"{name}-py3-none-any.whl", dist / f"{name}.tar.gz"
    if (there := {*dist.iterdir()}) != {wheel, sdist}:
        yield f"{dist} should hold {wheel.name} and {sdist.name}, not {sorted(there)}"
        return
    ours = known()
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
    due = {f"{name}.dist-info/{each}" for each in METADATA}
    for folder, package in PACKAGES.items():
        prefix = f"{folder}/{package}/"
        due |= {each.removeprefix(f"{folder}/") for each in ours if each.startswith(prefix)}
        due.add(f"{package}/py.typed")
    yield from compared("the wheel", inside, due)
    for each in sorted(inside - {f"{name}.dist-info/{one}" for one in METADATA}):
        if Path(each).suffix not in KINDS:
            yield f"the wheel holds {each}: no code, no type marker and no schema"
    with tarfile.open(sdist) as tar:
        inside = {each.name.removeprefix(f"{name}/") for each in tar.getmembers()}
    due = {each for each in ours if not each.startswith(NOT_IN_SDIST)} | {"PKG-INFO"}
    yield from compared("the sdist", inside, due)


def known() -> set[str]:
    """The files of the repository: those that git has, or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {each for each in listed.stdout.split("\0") if each and (ROOT / each).exists()}


def compared(what: str, inside: set[str], due: set[str]) -> Iterator[str]:
    """What is too much in an archive, and what is missing."""
    for each in sorted(inside - due):
        yield f"{what} holds {each}, which has no business there"
    for each in sorted(due - inside):
        yield f"{what} lacks {each}"


def differences(one: Path, other: Path) -> Iterator[str]:
    """Which files of two builds are not the same."""
    for path in sorted(one.iterdir()):
        twin = other / path.name
        if not twin.exists() or digest(path) != digest(twin):
            yield f"{path.name} is not the same when it is built again"


def digest(path: Path) -> str:
    """A file's hash."""
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
