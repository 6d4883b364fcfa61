"""Fail if the API is incompatible with the last release, and CHANGELOG.md does not say so.

The last release is the last tag that begins with ``v`` and a digit. Without such a tag, the check
passes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Compare the APIs. Returns the exit status."""
    release = last_release()
    if release is None:
        print("no release tag yet: nothing to compare with")
        return 0
    griffe = str(Path(sys.executable).with_name("griffe"))
    compare = [griffe, "check", "aiobaseten", "--search", "src", "--against", release]
    found = subprocess.run(compare, cwd=ROOT, check=False)
    if found.returncode == 0:
        print(f"the API is compatible with {release}")
        return 0
    if announced():
        print(f"the API is incompatible with {release}, and CHANGELOG.md says **Breaking**")
        return 0
    return found.returncode


def last_release() -> str | None:
    """The tag of the last release, or ``None``."""
    said = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return said.stdout.strip() or None


def announced() -> bool:
    """Whether the newest section of the changelog contains **Breaking**."""
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    return len(sections) > 1 and "**Breaking" in sections[1]


if __name__ == "__main__":
    sys.exit(main())
