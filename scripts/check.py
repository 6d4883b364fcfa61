"""Run the checks of CI in the same order, and explain each failure and its fix.

The default is all checks. To run some: ``python scripts/check.py lint types``. After a failed check,
the others still run.
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
        target: The name of the target.
        meaning: The meaning of a failure, as one sentence.
        fix: How to fix it, as one sentence.
    """

    target: str
    meaning: str
    fix: str


CHECKS = (
    Check(
        "lint",
        "Some code is not formatted, or breaks a lint rule.",
        "`make format` fixes most of it; each remaining line names its rule.",
    ),
    Check(
        "types",
        "A type is wrong, or a public name has no type, so that users' type checkers cannot check it.",
        "Fix the annotation in the line; add a new public name to tests/typing, too.",
    ),
    Check(
        "imports",
        "A module imports from a floor above its own, or imports httpx or generated code without permission.",
        "Move shared code to a lower floor, or pass it as an argument; pyproject.toml lists the floors under importlinter.",
    ),
    Check(
        "generate-check",
        "openapi/baseten.json or generated/ is out of date: it was edited by hand, or not generated again.",
        "Run `make generate`; put deviations from Baseten's spec into openapi/overlay.yaml.",
    ),
    Check(
        "lint-workflows",
        "A workflow or an issue form is invalid or insecure.",
        "Fix the line in the message; pin actions to the hash of a commit.",
    ),
    Check(
        "api-check",
        "The API is incompatible with the last release.",
        "Keep the old name or argument, or mark the change as **Breaking** in CHANGELOG.md under Changed.",
    ),
    Check(
        "build",
        "The sdist or the wheel cannot be built, has wrong contents, or differs between two builds.",
        "scripts/inspect_dist.py defines the allowed contents; pyproject.toml selects the files under hatch.",
    ),
    Check(
        "docs",
        "A page, a link or a name in the documentation is wrong.",
        "Fix the line in sphinx's message; the reference comes from docstrings in src/.",
    ),
    Check(
        "test",
        "Some behaviour is wrong, or the code breaks one of our rules (tests/house).",
        "Run one test again with `make test PYTEST='-k name'`; its name is the expected behaviour.",
    ),
    Check(
        "test-wheel",
        "The tests pass with the sources but not with the wheel: a file is missing in the wheel.",
        "Look at the output of `make build`, and add the missing file to pyproject.toml under hatch.",
    ),
    Check(
        "coverage",
        "The tests run too little of src/; the output lists the lines that no test runs.",
        "Test the important lines, and delete unused ones.",
    ),
    Check(
        "test-slow",
        "An error appears only with many inputs or in a long run.",
        "Run one test again with `make test-slow PYTEST='-k name'`; `make test-thorough` finds more such cases.",
    ),
    Check(
        "test-dev-ascii",
        "A warning appears in Python's development mode, or text is read or written in the encoding of the locale.",
        "Close what is opened, and name the encoding; the Makefile shows the variables that show the error again.",
    ),
    Check(
        "test-airflow-quick",
        "An operator, a sensor or a trigger does not behave as documented.",
        "Run one test again with `make test-airflow-quick PYTEST='-k name'`.",
    ),
    Check(
        "test-airflow-processes",
        "A wait does not survive the end of an Airflow process, a promotion is sent twice, or the documented DAG fails.",
        "docs/airflow.md describes the expected behaviour; run one test again with `make test-airflow-processes PYTEST='-k name'`.",
    ),
)


def main(names: list[str]) -> int:
    """Run the checks with these names, or all of them. Returns the exit status."""
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
    """Print the meaning of a failure and its fix."""
    print(f"\n`make {check.target}` failed. {check.meaning}\n{check.fix}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
