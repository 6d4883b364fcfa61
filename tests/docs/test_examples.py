"""Every Python example on every page runs unchanged against the fake."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten, timelines

from .pages import Example, examples

EXAMPLES = [*examples("python")]
PROGRAMS = [one for one in EXAMPLES if "asyncio.run(" in one.text]
#: Programs that take many minutes.
LONG = [one for one in PROGRAMS if "long" in one.notes]
#: Pages whose examples are files, and the tests that write and run them.
FILES = {
    "airflow.md": "tests/airflow/test_documented_dag.py",
    "programs.md": "tests/docs/test_service.py",
    "testing.md": "tests/testing/test_fake_docs.py",
    "whole-api.md": "tests/scripts/test_vendor.py",
}
LINES = [one for one in EXAMPLES if one not in PROGRAMS and "file" not in one.notes]


def calm(fake: FakeBaseten, on_promote: timelines.Steps = timelines.HEALTHY_PROMOTION) -> None:
    """The default world: promotions succeed."""
    for name in ("my-chain", "other-chain"):
        chain = fake.chain(name)
        chain.deployment("before")
        chain.deployment("my-deployment", chainlets=["Transcribe", "Answer"], on_promote=on_promote)
        chain.environment("production", current="before")
    for name in ("my-model", "model-1", "model-2", "model-3"):
        model = fake.model(name)
        model.deployment("before")
        model.deployment("my-deployment", on_promote=on_promote)
        model.environment("production", current="before", rolling=True)
        model.environment("staging")
    named = fake.model("abcd1234", name="ranker", team="Search")
    named.deployment("depl001", name="v1")
    named.deployment("depl002", name="v2", on_promote=on_promote)
    named.environment("production", current="depl001")
    named.environment("staging")


def failing(fake: FakeBaseten) -> None:
    """The promoted deployment fails to build."""
    calm(fake, timelines.BUILD_FAILED)
    for owner in (fake.chain("my-chain"), fake.model("my-model")):
        owner.deployments["my-deployment"].log("no such package")


def stuck(fake: FakeBaseten) -> None:
    """The promoted deployment never becomes ACTIVE."""
    calm(fake, timelines.STUCK)


def promoting(fake: FakeBaseten) -> None:
    """A promotion is running."""
    calm(fake, "ACTIVE")
    fake.model("my-model").environment("production").promote("my-deployment")


def promoted(fake: FakeBaseten) -> None:
    """Somebody else has promoted my-deployment."""
    calm(fake, "ACTIVE")
    production = fake.model("my-model").environment("production")
    production.promote("my-deployment")
    production.force_roll_forward()


def asleep(fake: FakeBaseten) -> None:
    """The model's deployment is scaled to zero."""
    calm(fake)
    fake.model("my-model").deployment("my-deployment").set("SCALED_TO_ZERO")


def measured(fake: FakeBaseten) -> None:
    """The model's deployment serves and has traffic."""
    model = fake.model("my-model")
    model.deployment("my-deployment").answers(error_share=0.02, latency={"p50": 0.3, "p95": 1.4})
    production = model.environment("production", current="my-deployment")
    production.receives(requests_per_second=10)


def worse(fake: FakeBaseten) -> None:
    """The new deployment of the ranker fails 8 % of its requests."""
    calm(fake)
    model = fake.model("abcd1234")
    model.deployment("depl002").answers(error_share=0.08)
    production = model.environment("production")
    production.receives(requests_per_second=10)


def busy(fake: FakeBaseten) -> None:
    """The ranker has traffic, and its new deployment is good."""
    calm(fake)
    fake.model("abcd1234").environment("production").receives(requests_per_second=10)


WORLDS: Mapping[str, Callable[[FakeBaseten], None]] = {
    "calm": calm, "failing": failing, "stuck": stuck, "promoting": promoting,
    "promoted": promoted, "asleep": asleep, "measured": measured, "worse": worse, "busy": busy,
}  # fmt: skip


def test_every_page_with_files_has_a_test_that_runs_them() -> None:
    assert {one.page.name for one in EXAMPLES if "file" in one.notes} == FILES.keys()


@pytest.mark.parametrize("example", [one for one in PROGRAMS if one not in LONG], ids=str)
async def test_a_program_runs(example: Example) -> None:
    # The program runs in real time. The fake is so fast that the second look finds it live.
    fake = FakeBaseten(speed=10_000)
    WORLDS[example.notes.get("world", "calm")](fake)

    async with fake.serve() as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            example.text,
            env={**os.environ, "BASETEN_API_KEY": "test-key", "BASETEN_BASE_URL": url},
            stdout=subprocess.PIPE,
        )
        printed, _ = await process.communicate()

    assert process.returncode == 0
    assert example.notes["prints"] in printed.decode()


@pytest.mark.looptime
@pytest.mark.parametrize("example", LONG, ids=str)
async def test_a_long_program_runs_in_virtual_time(
    example: Example,
    fake: FakeBaseten,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    WORLDS[example.notes["world"]](fake)
    monkeypatch.setattr("aiobaseten.Baseten", fake.client)
    program, ends, _ = example.text.partition("asyncio.run(main())")
    names: dict[str, Any] = {}

    exec(compile(program, str(example), "exec"), names)
    await names["main"]()

    assert ends
    assert example.notes["prints"] in capsys.readouterr().out


@pytest.mark.looptime
@pytest.mark.parametrize("example", LINES, ids=str)
async def test_an_excerpt_runs(
    example: Example,
    fake: FakeBaseten,
    baseten: Baseten,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BASETEN_API_KEY", "test-key")
    monkeypatch.setattr("aiobaseten.Baseten", fake.client)
    WORLDS[example.notes.get("world", "calm")](fake)
    names: dict[str, Any] = {"baseten": baseten}
    body = textwrap.indent(example.text, "    ")

    exec(compile(f"async def example():\n{body}", str(example), "exec"), names)
    await names["example"]()

    assert example.notes.get("prints", "") in capsys.readouterr().out
    assert fake.leftovers() is None
