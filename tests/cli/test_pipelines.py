"""Text of strangers in the log of a pipeline: no pipeline takes it for a command."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiobaseten import Token
from aiobaseten.cli._json import text_of
from aiobaseten.cli._text import harmless, one_line

from .command import Ended, Shell

# Each text, and the lines that some pipeline or terminal would obey.
COMMANDS = {
    "github": ("::error file=a::b", r"^\s*::[\w-]+"),
    "github, old": ("##[set-env name=A]b", r"##\["),
    "azure": ("##vso[task.setvariable variable=a]b", r"##vso\["),
    "teamcity": ("##teamcity[buildStatus status='FAILURE']", r"##teamcity\["),
    "gitlab": ("section_start:1700000000:x[collapsed=true]\r\x1b[0Kx", r"section_(start|end):"),
    "travis": ("travis_fold:start:x\r", r"travis_(fold|time):"),
    "buildkite ---": ("--- x", r"^\s*---"),
    "buildkite +++": ("+++ x", r"^\s*\+\+\+"),
    "buildkite ~~~": ("~~~ x", r"^\s*~~~"),
    "buildkite ^^^": ("^^^ +++", r"^\s*\^\^\^"),
    "buildkite, inline": ("\x1b]1338;url=https://x.example\x07", r"[\x00-\x09\x0b-\x1f\x7f]"),
    "terminal": ("\x1b[2J\x9b31m\x1b_Ga\x1b\\", r"[\x1b\x80-\x9f]"),
}
OBEYED = re.compile("|".join(pattern for _, pattern in COMMANDS.values()), re.MULTILINE)
STRANGE = [text for text, _ in COMMANDS.values()]


@pytest.mark.parametrize(("text", "pattern"), COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("before", ["", "  ", "x "])
def test_the_command_of_a_pipeline_is_broken_up(text: str, pattern: str, before: str) -> None:
    assert re.search(pattern, text)

    for broken in (harmless(before + text), one_line(before + text)):
        assert not OBEYED.search(broken)
        assert harmless(broken) == broken


@given(st.text(st.sampled_from(": #[]-+~^ \r\n\x1bavso")))
def test_no_text_of_such_characters_is_a_command(text: str) -> None:
    assert not OBEYED.search(harmless(text))


@pytest.mark.parametrize("text", ["std::bad_alloc", "a -- b", "#1", "café 💩", "  a  b"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("text", STRANGE)
def test_json_keeps_the_text_and_is_no_command(text: str) -> None:
    line = text_of({"message": text})

    assert json.loads(line) == {"message": text}
    assert not OBEYED.search(line)


def furnish_strangely(shell: Shell) -> None:
    """Add a chain in which all names, statuses and logs are commands of pipelines."""
    chain = shell.fake.chain("strange")
    chain.deployment("old")
    for number, text in enumerate(STRANGE):
        name = f"new-{number}"
        chain.deployment(name, chainlets=[text], on_promote=[(text, 5), "BUILD_FAILED"])
        chain.environment(text.replace("/", ""), current="old")
        model = shell.fake.model(f"m{number}")
        model.deployment("old")
        model.deployment("new", on_promote=[(text, 5), "BUILD_FAILED"]).log(f"{text}\n{text}")
        model.environment("production", current="old")
    chain.environment("production", current="old")


def assert_not_obeyed(ended: Ended) -> None:
    # Only annotations may begin like this, and they are the command's own.
    own = [line for line in ended.out.splitlines() if not line.startswith("::error title=aiobase")]
    assert not OBEYED.search("\n".join(own))
    assert not OBEYED.search(ended.err)


@pytest.mark.parametrize("number", range(len(STRANGE)), ids=COMMANDS)
async def test_no_line_of_a_failed_promotion_is_a_command(shell: Shell, number: int) -> None:
    furnish_strangely(shell)
    promote = ("promote", "model", f"m{number}", "new", "--to", "production", "--wait")
    slower = shell.having(AIOBASETEN_CLOCK_SPEED="5", GITHUB_ACTIONS="true")

    for failed in await asyncio.gather(
        slower.run(*promote, "--log-lines", "5", "--if-in-progress", "send", "--json"),
        slower.run("promote", "chain", "strange", f"new-{number}", "--to", "production", "--wait"),
    ):
        assert failed.status == 10
        assert_not_obeyed(failed)
    assert_not_obeyed(await slower.run("wait", "model", f"m{number}", "new", "--log-lines", "9"))


async def test_no_line_of_a_list_is_a_command(shell: Shell) -> None:
    furnish_strangely(shell)
    shell.fake.chain("strange").environment("production").promote("new-0")

    for shown in await asyncio.gather(
        shell.run("list", "chain", "strange"),
        shell.run("list", "chain", "strange", "--json"),
        shell.run("status", "chain", "strange", "production"),
    ):
        assert shown.status == 0
        assert_not_obeyed(shown)


# --- GitHub Actions ------------------------------------------------------------------------------


@pytest.fixture(name="github")
def in_github(shell: Shell, tmp_path: Path) -> Shell:
    """A shell in a step of GitHub Actions."""
    return shell.having(
        CI="true",
        GITHUB_ACTIONS="true",
        GITHUB_OUTPUT=str(tmp_path / "output"),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )


INVALID = {
    "a missing key": ({"BASETEN_API_KEY": ""}, "list chain c"),
    "an invalid key": ({"BASETEN_API_KEY": "a b"}, "list chain c"),
    "an invalid address": ({"BASETEN_BASE_URL": "ftp://x"}, "list chain c"),
    "an invalid clock": ({"AIOBASETEN_CLOCK_SPEED": "fast"}, "list chain c"),
    "an unknown option": ({}, "list chain c --loud"),
    "an unknown command": ({}, "lst chain c"),
    "an invalid value": ({}, "wait chain c d --timeout soon"),
    "a contradiction": ({}, "promote chain c d --to prod --timeout 5m"),
    "a damaged token": ({}, "wait abt2.x"),
}


@pytest.mark.parametrize(("environ", "line"), INVALID.values(), ids=INVALID)
async def test_github_shows_why_a_command_could_not_begin(
    github: Shell, tmp_path: Path, environ: dict[str, str], line: str
) -> None:
    ended = await github.having(**environ).run(*line.split())

    assert ended.status == 2
    (annotation,) = ended.out.splitlines()
    assert annotation.startswith("::error title=aiobaseten%3A usage::")
    assert (tmp_path / "output").read_text("utf-8") == "outcome=usage\n"
    assert (tmp_path / "summary").read_text("utf-8").startswith("### ❌ aiobaseten: usage\n")


async def test_with_json_invalid_arguments_are_no_annotation(github: Shell, tmp_path: Path) -> None:
    ended = await github.run("list", "chain", "c", "--json", "--loud")

    assert (ended.status, ended.out) == (2, "")
    assert (tmp_path / "output").read_text("utf-8") == "outcome=usage\n"


async def test_github_says_that_a_promotion_has_only_begun(github: Shell, tmp_path: Path) -> None:
    begun = await github.run("promote", "chain", "c", "new", "--to", "production")

    assert begun.status == 0
    assert begun.out.splitlines()[-1].startswith("::notice title=aiobaseten%3A begun::")
    assert (tmp_path / "summary").read_text("utf-8").splitlines()[0].endswith(": begun")


async def test_later_steps_get_the_token_of_the_cancellation(github: Shell, tmp_path: Path) -> None:
    promote = ("promote", "model", "m", "stuck", "--to", "production", "--wait")

    await github.run(*promote, "--timeout", "5", "--cancel-on-timeout")

    *_, token, outcome = (tmp_path / "output").read_text("utf-8").splitlines()
    assert outcome == "outcome=timed_out"
    assert Token.load(token.removeprefix("token=")).kind == "cancellation"
    title, *summary = (tmp_path / "summary").read_text("utf-8").splitlines()
    assert title.startswith("### ❌ the promotion of deployment stuck ")
    assert f"Token: `{token.removeprefix('token=')}`" in summary
