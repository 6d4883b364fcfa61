"""The nightly refresh: the steps of its workflow, run as the runner would run them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .conftest import git

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "refresh-spec.yml"
JOBS: dict[str, Any] = YAML(typ="safe").load(WORKFLOW.read_text("utf-8"))["jobs"]

# Stands for GitHub's command: writes each call down, and finds the numbers that the test gave.
GH = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$2" in list) cat "$NUMBERS" ;; esac
"""
# Stands for `make`. Code from outside changes a file of the build, too.
MAKE = """#!/bin/sh
case "$*" in
  refresh-spec)
    echo new > openapi/spec.json; echo other > Makefile
    echo "Refused: $REFUSES"; test -z "$REFUSES" ;;
  *describe-spec-change*) echo "A field was added." ;;
  check) git add Makefile; exit 1 ;;
esac
"""


class Runner:
    """Runs the steps of a job in a checkout of a repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.night = 0
        self.origin = folder / "origin.git"
        self.calls = folder / "calls"
        self.numbers = folder / "numbers"
        self.output = folder / "output"
        tools = folder / "tools"
        tools.mkdir()
        for name, script in (("gh", GH), ("make", MAKE)):
            (tools / name).write_text(script)
            (tools / name).chmod(0o755)
        self.environ = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder),
            "CALLS": str(self.calls),
            "NUMBERS": str(self.numbers),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "REFUSES": "",
        }
        self.numbers.write_text("")
        work = folder / "work"
        (work / "openapi").mkdir(parents=True)
        (work / "generated").mkdir()
        (work / "openapi" / "spec.json").write_text("old\n")
        (work / "generated" / "client.py").write_text("")
        (work / "Makefile").write_text("")
        git(work, "init", "--quiet", "--initial-branch", "main")
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "Before")
        git(folder, "clone", "--quiet", "--bare", str(work), str(self.origin))

    def run(self, job: str, checkout: str) -> None:
        """Run the steps of *job* with scripts, in a new checkout and a night later."""
        self.night += 1
        self.environ["GIT_COMMITTER_DATE"] = f"2026-11-{self.night:02} 04:23 +0000"
        where = self.folder / checkout
        git(self.folder, "clone", "--quiet", str(self.origin), str(where))
        for step in JOBS[job]["steps"]:
            if "run" not in step or not self.is_wanted(step.get("if", "")):
                continue
            given = {
                "PROPOSAL": str(self.folder / "proposal"),
                "OUTCOME": "failure",
                "RUN": "https://ci.example/1",
                "BRANCH": "refresh-spec",
                "TITLE": JOBS["report"]["steps"][-1]["env"]["TITLE"],
            }
            subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=where,
                env={**self.environ, **{name: given.get(name, "") for name in step.get("env", {})}},
                check=not step.get("continue-on-error"),
                capture_output=True,
            )
        proposal = where / "proposal"
        if proposal.exists():
            proposal.rename(self.folder / "proposal")

    def is_wanted(self, condition: str) -> bool:
        """Whether the outputs so far fulfil the *condition* of a step."""
        outputs = self.output.read_text().splitlines() if self.output.exists() else []
        given = set(re.findall(r"outputs\.(\w+) == '(\w+)'", condition))
        return not given or bool(given & {tuple(line.split("=", 1)) for line in outputs})

    def said(self) -> list[str]:
        """The calls of GitHub's command so far, without paths."""
        if not self.calls.exists():
            return []
        return self.calls.read_text().replace(str(self.folder), "").splitlines()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_a_refresh_is_proposed_with_its_report_and_only_in_its_two_folders(runner: Runner) -> None:
    runner.run("refresh", "one")
    runner.run("propose", "two")

    changed = git(runner.origin, "diff", "--name-only", "main", "refresh-spec").split()
    assert changed == ["openapi/spec.json"]
    report = (runner.folder / "proposal" / "description.md").read_text()
    assert report.startswith("A field was added.")
    assert "`make check`: failure ([log](https://ci.example/1))" in report
    assert runner.said()[-1] == (
        "pr create --head refresh-spec --title Refresh the spec"
        " --body-file /proposal/description.md"
    )


def test_the_same_refresh_of_the_next_night_is_not_pushed_again(runner: Runner) -> None:
    runner.run("refresh", "one")
    runner.run("propose", "two")
    reviewed = git(runner.origin, "rev-parse", "refresh-spec")
    runner.numbers.write_text("7\n")

    runner.run("propose", "three")

    assert git(runner.origin, "rev-parse", "refresh-spec") == reviewed
    assert runner.said()[-1] == "pr edit 7 --body-file /proposal/description.md"


@pytest.mark.parametrize(("number", "verb"), [("", "create"), ("8", "edit 8")])
def test_a_refused_refresh_is_reported_in_one_issue(runner: Runner, number: str, verb: str) -> None:
    runner.environ["REFUSES"] = "```hostile"
    runner.numbers.write_text(number)
    runner.run("refresh", "one")

    runner.run("report", "two")

    assert runner.output.read_text() == "refused=true\n"
    assert runner.said()[-1].startswith(f"issue {verb}")
    assert "` ` `hostile" in (runner.folder / "proposal" / "issue.md").read_text()
