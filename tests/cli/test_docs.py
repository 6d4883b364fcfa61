"""The examples and pictures of docs/command-line.md work unchanged."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path

from ruamel.yaml import YAML

from aiobaseten.cli._arguments import parse

from .command import Shell

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
JOBS = [YAML(typ="safe").load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]


def lines_of_jobs() -> list[str]:
    """The lines of both jobs that run the command."""
    github, _, gitlab = JOBS
    steps = [step["run"] for step in github["jobs"]["promote"]["steps"]]
    return [
        line.partition(" | ")[0]
        for line in (*steps, *gitlab["promote"]["script"])
        if line.startswith("aiobaseten ")
    ]


def test_the_page_has_one_job_for_github_and_one_for_gitlab() -> None:
    assert len(lines_of_jobs()) == 2


def test_jobs_use_no_third_party_actions() -> None:
    github, _, _ = JOBS
    assert not any("uses" in step for step in github["jobs"]["promote"]["steps"])


def test_the_job_with_the_action_uses_inputs_and_outputs_that_it_has() -> None:
    _, job, _ = JOBS
    (step,) = (one for one in job["jobs"]["promote"]["steps"] if one.get("id") == "promote")
    action = YAML(typ="safe").load((ROOT / step["uses"] / "action.yml").read_text("utf-8"))
    required = {name for name, one in action["inputs"].items() if one.get("required")}

    assert required <= step["with"].keys() <= action["inputs"].keys()
    url = job["jobs"]["promote"]["environment"]["url"]
    assert re.findall(r"outputs\.(\w+)", url)[0] in action["outputs"]
    options = step["with"]["options"].split()
    parse(["promote", "model", "m", "d", "--to=e", "--wait", *options])


async def test_the_jobs_promote(shell: Shell) -> None:
    chain = shell.fake.chain("support-bot")
    chain.deployment("old")
    chain.deployment("new", on_promote=[("DEPLOYING", 5), "ACTIVE"])
    chain.environment("production", current="old", traffic_delay=0)
    for line in lines_of_jobs():
        _, *arguments = shlex.split(line.replace("$DEPLOYMENT", "new"))
        ended = await shell.run(*arguments)
        assert ended.status == 0
        await asyncio.sleep(0)


def test_the_picture_is_small_and_loads_nothing() -> None:
    picture = (ROOT / "docs" / "command-line.svg").read_text(encoding="utf-8")

    assert len(picture) < 60_000
    assert "url(" not in picture.replace("url(#", "")


def test_the_animation_shows_its_last_frame_without_motion() -> None:
    film = (ROOT / "docs" / "command-line-film.svg").read_text(encoding="utf-8")
    at_rest, *frames = re.findall(r"transform: translateY\((-?[\d.]+)px\)", film)

    assert len(frames) > 5
    assert frames == sorted(frames, key=float, reverse=True)
    assert frames[-1] == at_rest
    assert "(prefers-reduced-motion: no-preference)" in film
    assert film.replace("&#160;", " ").rstrip().count("serves production of chain") == 1
