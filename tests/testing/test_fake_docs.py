"""The examples of docs/testing.md run unchanged."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from aiobaseten.testing import Behaviour, FakeBaseten, timelines

# The plugins that the page asks for.
PLUGINS = ["-p", "no:cacheprovider", "-p", "asyncio", "-p", "looptime_plugin"]
ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "testing.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", DOCS, re.DOTALL))


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of pytest for the files on the page."""
    folder = tmp_path_factory.mktemp("theirs")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, "-vv", "--durations=0"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return done.stdout + done.stderr


def test_every_example_runs(output: str) -> None:
    tests = [name for name in FILES if name.startswith("test_")]

    assert len(FILES) == len(tests) + 3
    assert {name for name in tests if f"{name}::" not in output} == set()
    # The example for open questions runs once for each behaviour.
    passed = 14 + len(list(Behaviour.plausible()))
    assert re.search(rf"=+ {passed} passed in ", output), output


def test_five_outcomes_need_less_than_30_lines_and_milliseconds(output: str) -> None:
    took = [float(each) for each in re.findall(r"([\d.]+)s call +test_release.py::", output)]

    assert len(FILES["test_release.py"].splitlines()) < 30
    assert len(took) == 5
    # The first test imports the client, and on a busy machine each may take longer.
    assert min(took) < 0.5, output


def test_every_code_block_but_the_shell_s_is_run() -> None:
    blocks = re.findall(r"^```(\w+)$", DOCS, re.MULTILINE)

    assert len(blocks) - blocks.count("sh") == len(FILES)


def test_the_table_lists_every_open_question_and_its_default() -> None:
    table = DOCS[DOCS.index("| option | question |") :].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ((?:[^|,:]|,\))+)", table, re.MULTILINE)
    listed = {name: default.strip(" `") for name, default in rows}

    assert listed == {field.name: in_words(field.default) for field in fields(Behaviour)} | {
        # Two words for infinity.
        "terminal_promotion_for": "for ever",
        "metrics_per_minute": "no limit",
    }


def in_words(default: object) -> str:
    """A default as the table shows it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return "(0,)"
    return f"{default:g}" if isinstance(default, int | float) else str(default)


def test_every_named_fault_and_timeline_exists() -> None:
    faults = re.findall(r"`(\w+)`", DOCS[DOCS.index("There are `status`") :].partition(";")[0])
    named = re.findall(r"`([A-Z_]+)`", DOCS[DOCS.index("`timelines` has") :].partition(". `sc")[0])

    assert [name for name in faults if not hasattr(FakeBaseten().faults, name)] == []
    assert len(faults) == 11
    assert [name for name in named if not hasattr(timelines, name)] == []
    assert len(named) == 6
