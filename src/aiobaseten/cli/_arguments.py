"""Parse the command line into the typed arguments of one command, before any I/O."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ._outcomes import Outcome, help_table
from ._parser import CommandParser, InvalidError
from ._stdio import complain, say

if TYPE_CHECKING:
    from ._invocations import Command

#: What each command does, for the help.
SUMMARIES = {
    "promote": "promote a deployment to an environment",
    "plan": "show the effect of promote, with warnings; change nothing",
    "wait": "wait until a promotion is finished or a deployment is ACTIVE",
    "status": "show an environment: current deployment, candidate, traffic, chainlets",
    "history": "show the promotions to an environment, with time and person",
    "logs": "show the log of a deployment or an environment, and follow it",
    "metrics": "show requests, errors and response times of a model's deployment or environment",
    "list": "list chains and models, or the environments and deployments of one",
    "environments": "create, change or delete an environment",
    "cancel": "cancel the running promotion of a model",
    "pause": "pause the running promotion of a model",
    "resume": "resume the paused promotion of a model",
    "roll-forward": "move all traffic of a model to the new deployment at once",
    "rollback": "promote the previous deployment again",
    "completion": "print a completion script for bash, zsh or fish",
}

_DESCRIPTION = """\
Promote chains and models on Baseten, and know when they are really live.

The API key comes from BASETEN_API_KEY, or from a file with --api-key-file. It is never an
argument, because other users can see arguments in the list of processes."""

_EXAMPLES = """\
  aiobaseten list                              all chains and models, with names and ids
  aiobaseten promote model ranker v2 --to production --wait --timeout 45m
  aiobaseten wait TOKEN                        continue a promotion that was started before
  aiobaseten wait model ranker v2              wait until a deployment is ACTIVE
  aiobaseten status chain support-bot production
  aiobaseten cancel model ranker production --wait

  aiobaseten help promote                      all options of a command"""

_EPILOG = """\
names: write a name or an id; id:abcd1234 is always an id

defaults: a word that you leave out comes from BASETEN_MODEL or BASETEN_CHAIN, BASETEN_TEAM or
BASETEN_ENVIRONMENT, or else from the table tool.aiobaseten of the nearest pyproject.toml

durations: 90 or 90s (seconds), 45m, 1h30m, 2d; a maximum time may be none: no limit

exit statuses:
"""


_OPTION = re.compile(r"--?[a-z-]{1,40}")
# An option where the help explains it.
_LISTED_OPTION = re.compile(r"^  (?:-\w, )?(--[a-z-]+)", re.MULTILINE)
# Each of them ends the program.
_TOP_OPTIONS = ("-h", "--help", "-V", "--version")
# Those of all commands, which may stand anywhere.
_WITH_VALUE = ("--api-key-file", "--base-url")
_BEFORE = (*_TOP_OPTIONS, *_WITH_VALUE, "--json", "--lines", "-q", "--quiet")


class _Version(argparse.Action):
    """Imports the version only when the user asks for it."""

    def __init__(self, option_strings: Sequence[str], **options: Any) -> None:
        options |= {"dest": argparse.SUPPRESS, "nargs": 0}
        super().__init__(option_strings, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from .. import __version__

        say(f"aiobaseten {__version__}")
        parser.exit()


def parse(argv: Sequence[str]) -> Command:
    """The typed arguments of the command, checked.

    Args:
        argv: The arguments after the program's name.

    Raises:
        SystemExit: They are invalid (2), or ask for the help or the version (0).
    """
    words = list(argv)
    if words[:1] == ["help"]:
        words = [*(word for word in words[1:2] if word != "help"), "--help"]
    try:
        return _parse(words)
    except InvalidError as invalid:
        _report(str(invalid), annotates="--json" not in words)
        raise SystemExit(Outcome.USAGE.exit_status) from None


def _parse(words: Sequence[str]) -> Command:
    given, before, after = _split_options(words)
    name = after[0] if after else None
    parser, commands = _parsers()
    unknown = [word for word in given if word.partition("=")[0] not in _BEFORE]
    if unknown:
        said = _unknown(unknown, _BEFORE)
        parser.error(said if ":" in said else f"{said} before the command; write it after it")
    asked = [word for word in given if word in _TOP_OPTIONS]
    if asked:
        parser.parse_args(asked)
    if name not in commands:
        parser.error(_no_command(name))
    if name == "completion":
        _print_completion(after, parser, commands)
    # Options of all commands may stand before the command, too.
    words = [name, *before, *after[1:]]
    # Only one command is needed, and the help of the whole needs none of their modules.
    import attrs

    from ._checks import UsageError, check
    from ._defaults import Defaults
    from ._grammar import GRAMMARS

    grammar = GRAMMARS[name]
    grammar.describe(commands[name])
    namespace, others = parser.parse_known_args(words)
    options = _LISTED_OPTION.findall(commands[name].format_help())
    said = _unknown(others, options)
    if said:
        commands[name].error(said)
    # Argparse leaves out words after the first option.
    namespace.words = [*namespace.words, *others]
    namespace.defaults = defaults = Defaults(os.environ, Path.cwd)
    try:
        command = attrs.evolve(grammar.read(namespace), defaults=tuple(defaults.used))
        check(command)
    except UsageError as error:
        commands[name].error(str(error))
    return command


def _print_completion(
    words: Sequence[str], parser: CommandParser, commands: dict[str, CommandParser]
) -> NoReturn:
    from ._completion import SHELLS, completed
    from ._grammar import GRAMMARS

    parser_of_this = commands["completion"]
    parser_of_this.usage = f"aiobaseten completion {'|'.join(SHELLS)}"
    parser_of_this.examples = '  eval "$(aiobaseten completion bash)"    in ~/.bashrc'
    parser_of_this.add_argument("shell", metavar="|".join(SHELLS), help="the shell")
    if "-h" in words or "--help" in words:
        parser_of_this.parse_args(["--help"])
    if len(words) != 2 or words[1] not in SHELLS:
        parser_of_this.error(f"expected {', '.join(SHELLS)}")
    for name, grammar in GRAMMARS.items():
        grammar.describe(commands[name])
    listed = [completed(name, SUMMARIES[name], commands[name]) for name in SUMMARIES]
    for line in SHELLS[words[1]](listed):
        say(line)
    parser.exit()


def _split_options(
    words: Sequence[str],
) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """The options before the command; the same with their values; the words from the command on."""
    options: list[str] = []
    place = 0
    while place < len(words) and words[place].startswith("-"):
        options.append(words[place])
        place += 2 if words[place] in _WITH_VALUE else 1
    return options, words[:place], words[place:]


def _no_command(word: str | None) -> str:
    if word is None:
        return "the following arguments are required: COMMAND"
    close = get_close_matches(word, [*SUMMARIES, "help"], n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(SUMMARIES)}"
    return f"there is no such command: {hint}"


def _unknown(words: Iterable[str], known: Sequence[str]) -> str:
    """The message about options that do not exist; empty if there are none."""
    given = [word.partition("=")[0] for word in words if word.startswith("-")]
    if not given:
        return ""
    # A short option holds its value, and the key may be stuck to a long one.
    short = [name if name.startswith("--") else name[:2] for name in given]
    names = [name for name in short if _OPTION.fullmatch(name)]
    if not names:
        return "there is no such option"
    if any(part in name for name in names for part in ("key", "token", "secret", "password")):
        hint = "the API key is never an argument: set BASETEN_API_KEY, or pass --api-key-file PATH"
    else:
        close = get_close_matches(names[0], known, n=1, cutoff=0.8)
        hint = f"did you mean {close[0]}?" if close else ""
    said = f"there is no option {', '.join(names)}"
    return f"{said}: {hint}" if hint else said


def _report(message: str, *, annotates: bool) -> None:
    """Report invalid words, to GitHub Actions, too."""
    complain(message)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from ._github import GitHubView
        from ._jobs import Ending

        view = GitHubView(os.environ, annotates=annotates)
        view.end(Ending(outcome=Outcome.USAGE, message=message))


def _parsers() -> tuple[CommandParser, dict[str, CommandParser]]:
    """The parser of the whole command line, and those of the commands, still without arguments."""
    parser = CommandParser(
        prog="aiobaseten",
        description=_DESCRIPTION,
        epilog=_EPILOG + help_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.examples = _EXAMPLES
    parser.add_argument("-V", "--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    return parser, {
        name: commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for name, summary in SUMMARIES.items()
    }
