"""What the README shows works as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


async def test_the_first_example_promotes_and_waits() -> None:
    (program,) = re.findall(r"```python\n(import asyncio.*?)```", README, re.DOTALL)
    fake = FakeBaseten(speed=100)
    chain = fake.chain("my-chain")
    chain.deployment("before", status="ACTIVE")
    chain.deployment("my-deployment", timeline=[("BUILDING", 50), "ACTIVE"])
    chain.environment("production", current="before")

    async with fake.serve() as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            env={**os.environ, "BASETEN_API_KEY": "test-key", "BASETEN_BASE_URL": url},
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()

    assert process.returncode == 0
    assert output.decode().endswith("my-deployment is live\n")


@pytest.mark.looptime
async def test_the_second_example_cancels_and_waits_until_traffic_is_back(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    (lines,) = re.findall(r"```python\n(cancellation = .*?)```", README, re.DOTALL)
    model = fake.model("my-model")
    model.deployment("before", status="ACTIVE")
    model.deployment("after", status="ACTIVE")
    production = model.environment("production", current="before", rolling=True)
    production.promote("after")

    names: dict[str, Any] = {"baseten": baseten}
    body = textwrap.indent(lines, "    ")
    exec(f"async def example():\n{body}", names)
    await names["example"]()

    assert production.candidate is None
    assert production.current is not None
    assert production.current.id == "before"


def test_every_command_that_is_shown_is_a_target_of_make() -> None:
    shown = set(re.findall(r"\bmake ([a-z-]+)", README + (ROOT / "CONTRIBUTING.md").read_text()))
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {"demo", "test"} <= shown <= targets


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
