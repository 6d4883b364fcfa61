"""An error about a value names the option that the user typed, never an argument of Python."""

from __future__ import annotations

import re

import pytest

from aiobaseten import Baseten
from aiobaseten.cli._arguments import parse
from aiobaseten.cli._commands import execute
from aiobaseten.cli._grammar import GRAMMARS
from aiobaseten.cli._parser import CommandParser, Option
from aiobaseten.testing import FakeBaseten

from .command import furnish, run_of

#: A valid line of each command that takes options with values.
LINES = {
    "promote": "promote model m new --to production --wait",
    "plan": "plan model m new --to production",
    "wait": "wait model m new",
    "status": "status model m production",
    "history": "history model m production",
    "logs": "logs chain c old",
    "metrics": "metrics model m old",
    "list": "list",
    "environments": "environments create model m e",
    "cancel": "cancel model m production --wait",
    "pause": "pause model m production",
    "resume": "resume model m production",
    "roll-forward": "roll-forward model m production",
    "rollback": "rollback model m production --wait",
}


def options(command: str) -> list[Option]:
    """The options of a command."""
    parser = CommandParser(add_help=False)
    GRAMMARS[command].add(parser)
    return parser.options()


EMPTY = [
    (command, option.flags[-1])
    for command in GRAMMARS
    for option in options(command)
    # An empty name of a file is refused when it is opened.
    if option.takes_value and not option.takes_file
]
GUARDED = f"{LINES['promote']} --max-error-rate 2%"
#: Each has the flags that the message must name.
WRONG = {
    f"{LINES['promote']} --max-error-rate 101%": ["--max-error-rate"],
    f"{LINES['promote']} --max-error-rate -1": ["--max-error-rate"],
    f"{LINES['promote']} --max-latency p95=-1": ["--max-latency"],
    f"{LINES['promote']} --max-regression p95=-1": ["--max-regression"],
    f"{LINES['promote']} --check error_rate --max-error-rate 2%": ["--check"],
    f"{LINES['promote']} --check a --check-timeout 2h": ["--check-timeout", "--hold"],
    f"{LINES['promote']} --max-regression p95=20% --bake 5m": ["--max-latency", "--bake"],
    f"{GUARDED} --window 2h": ["--window", "--hold"],
    f"{GUARDED} --lag 2h": ["--lag", "--hold"],
    f"{GUARDED} --warmup 2h": ["--warmup", "--hold"],
    f"{GUARDED} --breaches 0": ["--breaches"],
    f"{GUARDED} --unavailable 0": ["--unavailable"],
    f"{GUARDED} --min-requests -1": ["--min-requests"],
    f"{GUARDED} --on-breach report --hold pause": ["--on-breach", "--hold"],
    f"{GUARDED} --bake -1": ["--bake"],
    f"{GUARDED} --cancel-timeout 0": ["--cancel-timeout"],
    f"{LINES['wait']} --accept-scaled-to-zero --wake": ["--accept-scaled-to-zero", "--wake"],
    f"{LINES['promote']} --timeout -1": ["--timeout"],
    f"{LINES['promote']} --log-lines 0x": ["--log-lines"],
    "promote model m new --to a/b": ["--to"],
    "promote model m new --to ..": ["--to"],
    f"{LINES['logs']} {'--include a ' * 9}": ["--include"],
    f"{LINES['logs']} {'--exclude a ' * 9}": ["--exclude"],
    f"{LINES['logs']} --limit 1001": ["--limit"],
    f"{LINES['metrics']} --window 8d": ["--window"],
    f"{LINES['metrics']} --since 1m": ["--since"],
    f"{LINES['metrics']} --since 1h --until 2h": ["--since", "--until"],
}
# What a program writes, and a shell does not. Names of metrics and settings are written so, too.
PYTHON = re.compile(r"\w=(?!\S)|\w=\"|\b(?!error_rate)[a-z]+_[a-z]\w*")


def refusal(line: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message with which a line is refused; empty if it is not."""
    try:
        parse(line)
    except SystemExit:
        return capsys.readouterr().err.partition("; see ")[0]
    return ""


def test_every_command_with_options_has_a_line() -> None:
    assert {command for command, _ in EMPTY} <= LINES.keys()


@pytest.mark.parametrize(("command", "flag"), EMPTY)
def test_an_empty_value_names_its_option(
    command: str, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal([*LINES[command].split(), f"{flag}="], capsys)

    assert flag in said


@pytest.mark.looptime
@pytest.mark.parametrize(("line", "flags"), WRONG.items())
async def test_a_wrong_value_names_its_option(
    fake: FakeBaseten,
    baseten: Baseten,
    line: str,
    flags: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    furnish(fake)

    said = refusal(line.split(), capsys) or (await execute(run_of(baseten, line))).message

    assert [flag for flag in flags if flag not in said] == [], said
    assert not PYTHON.search(said), said
