"""The GitHub action: its steps, run as the runner would run them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .command import TOKEN, Ended, Shell, ended

ACTION = Path(__file__).parents[2] / ".github" / "actions" / "promote" / "action.yml"
CONTENT: dict[str, Any] = YAML(typ="safe").load(ACTION.read_text("utf-8"))
STEPS: list[dict[str, Any]] = CONTENT["runs"]["steps"]


async def run(shell: Shell, folder: Path, **inputs: str) -> tuple[Ended, Mapping[str, str]]:
    """Run the last step. Returns its ending, and the outputs of the action."""
    bin_folder = folder / "aiobaseten" / "bin"
    bin_folder.mkdir(parents=True)
    command = bin_folder / "aiobaseten"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m aiobaseten "$@"\n')
    command.chmod(0o755)
    given = {name: str(one.get("default", "")) for name, one in CONTENT["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    given["api-key"] = str(shell.fake.api_key)
    environ = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in STEPS[-1]["env"].items()
    }
    github = shell.having(
        **environ,
        CI="true",
        GITHUB_ACTIONS="true",
        GITHUB_OUTPUT=str(folder / "output"),
        GITHUB_STEP_SUMMARY=str(folder / "summary"),
        RUNNER_TEMP=str(folder),
    )
    script = folder / "script.sh"
    script.write_text(STEPS[-1]["run"])
    bash = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script))
    async with github.started(*bash, cwd=folder) as process:
        end = await ended(process)
    output = folder / "output"
    lines = output.read_text("utf-8").splitlines() if output.exists() else []
    step = dict(line.split("=", 1) for line in lines)
    outputs = {
        name: step.get(re.sub(r".*outputs\.(\w+) \}\}", r"\1", one["value"]), "")
        for name, one in CONTENT["outputs"].items()
    }
    return end, outputs


async def test_the_action_promotes_and_has_its_outputs(shell: Shell, tmp_path: Path) -> None:
    options = "--log-lines=5\n\n--unhealthy-grace=1m\n"

    end, outputs = await run(
        shell, tmp_path, kind="model", name="m", deployment="new", options=options
    )

    assert end.status == 0
    assert TOKEN.fullmatch(outputs["token"])
    assert {**outputs, "token": ""} == {
        "deployment_id": "new",
        "previous_id": "old",
        "token": "",
        "outcome": "done",
        "url": "https://model-m.api.baseten.co/environments/production/predict",
    }


@pytest.mark.parametrize(
    ("inputs", "status"),
    [
        ({"deployment": "$(touch owned)`touch owned`; touch owned"}, 4),
        ({"deployment": "--to=staging"}, 2),
        ({"deployment": "new", "options": "--wait; touch owned"}, 2),
    ],
)
async def test_an_input_is_never_code_or_an_option(
    shell: Shell, tmp_path: Path, inputs: dict[str, str], status: int
) -> None:
    end, _ = await run(shell, tmp_path, **{"kind": "model", "name": "m", **inputs})

    assert end.status == status
    assert not (tmp_path / "owned").exists()
    assert {one.method for one in shell.fake.requests} <= {"GET"}


def test_no_step_interpolates_anything_into_its_script() -> None:
    assert [step["run"] for step in STEPS if "${{" in step["run"]] == []
    assert {step["shell"] for step in STEPS} == {"bash"}
