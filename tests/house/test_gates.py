"""`make check` runs the same checks as CI, and explains failures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import check

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
WORKFLOW = YAML(typ="safe").load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
SUBMISSION = (ROOT / ".ci" / "run").read_text("utf-8")
TARGETS = [each.target for each in check.CHECKS]

# Need several Python versions, today's newest dependencies or a browser: in the workflow only.
ELSEWHERE = {"test-compat", "docs-looks"}
# Take minutes (Airflow processes, slow tests, all tests a second time, an environment for the
# wheel): too long for a submission.
LONG = {"coverage", "test-airflow-processes", "test-dev-ascii", "test-slow", "test-wheel"}


def requested_targets(text: str) -> list[str]:
    """The make targets that a shell script runs, with the checks listed one by one."""
    found: list[str] = []
    for line in re.findall(r"^\s*make (.*)$", text, re.MULTILINE):
        checks = re.search(r"CHECKS=(?:'([^']*)'|(\S+))", line)
        found += (checks[1] or checks[2]).split() if checks else [line.split()[0]]
    return found


def test_the_workflow_runs_every_check_and_nothing_else() -> None:
    runs = [
        step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step
    ]

    ran = [target for each in runs for target in requested_targets(each)]
    assert sorted({*ran} - ELSEWHERE) == sorted(TARGETS)


def test_a_submission_runs_every_check_in_the_same_order() -> None:
    ran = requested_targets(SUBMISSION)

    assert ran[0] == "demo"
    assert ran[1:] == [target for target in TARGETS if target not in LONG]


def test_the_last_job_needs_every_other_job() -> None:
    jobs = set(WORKFLOW["jobs"]) - {"passed"}

    assert set(WORKFLOW["jobs"]["passed"]["needs"]) == jobs


@pytest.mark.parametrize("each", check.CHECKS, ids=TARGETS)
def test_every_check_is_a_target_and_has_two_sentences_of_explanation(each: check.Check) -> None:
    assert re.search(rf"^{each.target}:.*  ## ", MAKEFILE, re.MULTILINE)
    assert each.meaning.endswith(".")
    assert each.fix.endswith(".")


def test_a_failed_check_is_explained_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "Makefile").write_text("lint:\n\tfalse\ntypes:\n\techo all is well\n")
    monkeypatch.chdir(tmp_path)

    assert check.main(["lint", "types"]) == 1

    out = capfd.readouterr().out
    assert "all is well" in out
    # Once right after the check, and once at the end.
    assert out.count("`make lint` failed. Some code is not formatted") == 2
    assert "`make types` failed" not in out


def test_an_unknown_check_is_an_error_that_lists_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check.main(["lint", "tpyes"]) == 2
    assert "no such check: tpyes; there are lint, types" in capsys.readouterr().out
