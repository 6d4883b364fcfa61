"""Run what CI runs, in CI's order, and say of each failure what it means and what mends it.

All by default, or the checks that are named: ``python scripts/check.py lint types``. A check that
fails does not keep the others from running.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A target of the Makefile.

    Attributes:
        target: Its name.
        meaning: What it means that it fails.
        mending: What to do about it.
    """

    target: str
    meaning: str
    mending: str


CHECKS = (
    Check(
        "lint",
        "Code is not formatted as all the rest, or is written in a way that hides mistakes.",
        "`make format` mends most of it; for the rest, the code of each rule is in the line.",
    ),
    Check(
        "types",
        "A type is wrong, or a public name has none, so that users' own checkers would not help them.",
        "Mend the annotation that the line names; a new public name goes into tests/typing, too.",
    ),
    Check(
        "imports",
        "A module imports from a floor above its own, or crosses the border to httpx or to generated code.",
        "Move what is shared down, or hand it in; the floors are in pyproject.toml under importlinter.",
    ),
    Check(
        "generate-check",
        "openapi/baseten.json or generated/ is not what openapi/ makes: somebody edited it, or forgot a step.",
        "`make generate` writes both anew; what you want otherwise goes into openapi/overlay.yaml.",
    ),
    Check(
        "lint-workflows",
        "A workflow or an issue form is not valid, or would give an attacker a way in.",
        "Mend the line that it names; actions are pinned by the hash of a commit.",
    ),
    Check(
        "api-check",
        "Code that worked with the last release would break with this one.",
        "Keep the old name or argument, or say in CHANGELOG.md under Changed that it is **Breaking**.",
    ),
    Check(
        "build",
        "The sdist or the wheel cannot be built, holds what it must not, or differs each time.",
        "What may be inside is in scripts/inspect_dist.py; what goes in is in pyproject.toml under hatch.",
    ),
    Check(
        "docs",
        "A page, a link or a name in the documentation is wrong.",
        "Mend the line that sphinx names; the reference comes from docstrings in src/.",
    ),
    Check(
        "test",
        "Something does not behave as it is said to, or a rule of the house is broken.",
        "`make test PYTEST='-k name'` runs one test again; its name is what should be true.",
    ),
    Check(
        "test-wheel",
        "The tests pass on the sources but not on what users install: a file is missing in the wheel.",
        "Compare with `make build`, and add what is missing to pyproject.toml under hatch.",
    ),
    Check(
        "coverage",
        "Too little of src/ is run by any test; the lines are listed.",
        "Test what matters of them, and delete what nobody needs.",
    ),
    Check(
        "test-slow",
        "Something goes wrong that only much input, or a long run, brings up.",
        "`make test-slow PYTEST='-k name'` runs one again; `make test-thorough` looks for more of its kind.",
    ),
    Check(
        "test-airflow-quick",
        "An operator, a sensor, a trigger or the documented DAG does not do what it says.",
        "`make test-airflow-quick PYTEST='-k name'` runs one test again, where Airflow is installed.",
    ),
    Check(
        "test-airflow-processes",
        "A wait does not outlive a process of Airflow's, or a promotion is sent twice.",
        "docs/airflow.md says what has to hold; `make test-airflow-processes PYTEST='-k name'` tries one.",
    ),
)


def main(names: list[str]) -> int:
    """Run them; the exit status."""
    known = {check.target: check for check in CHECKS}
    if unknown := set(names) - known.keys():
        print(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    took: dict[str, float] = {}
    failed: list[Check] = []
    for check in [known[name] for name in names] or CHECKS:
        print(f"\n== make {check.target}", flush=True)
        began = time.monotonic()
        if subprocess.run(["make", "--no-print-directory", check.target], check=False).returncode:
            failed.append(check)
            explain(check)
        took[check.target] = time.monotonic() - began
    print("\n" + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))
    for check in failed:
        explain(check)
    return 1 if failed else 0


def explain(check: Check) -> None:
    """Say what a failure means."""
    print(f"\n`make {check.target}` failed. {check.meaning}\n{check.mending}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
