"""Parse the command line into the typed arguments of one command, before any I/O."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ._outcomes import help_table
from ._stdio import say

if TYPE_CHECKING:
    from ._invocations import Command

#: What each command does, for the help.
SUMMARIES = {
    "promote": "promote a deployment to an environment",
    "wait": "wait until a promotion is finished or a deployment is ACTIVE",
    "status": "show an environment: current deployment, candidate, traffic, chainlets",
    "list": "list the environments and deployments of a chain or a model",
    "cancel": "cancel the running promotion of a model",
    "pause": "pause the running promotion of a model",
    "resume": "resume the paused promotion of a model",
    "roll-forward": "move all traffic of a model to the new deployment immediately",
    "rollback": "promote the previous deployment again",
}

_DESCRIPTION = """\
Promote chains and models on Baseten, and know when they are really live.

The API key comes from BASETEN_API_KEY, or from a file with --api-key-file. It is never an
argument, because other users can see arguments in the list of processes."""

_EXAMPLES = """\
examples:
  aiobaseten promote chain CHAIN DEPLOYMENT --to production --wait --timeout 45m
  aiobaseten promote model MODEL DEPLOYMENT --to staging --json
  aiobaseten wait TOKEN                        continue a promotion that was started before
  aiobaseten wait model MODEL DEPLOYMENT       wait until a deployment is ACTIVE
  aiobaseten status chain CHAIN production
  aiobaseten cancel model MODEL production --wait

durations: 90 or 90s, 45m, 1h30m, 2d; none for no limit

exit statuses:
"""


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line, with a pointer to the help instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"aiobaseten: {message}; see {self.prog} --help\n")


class _Version(argparse.Action):
    """Imports the version only when the user asks for it."""

    def __init__(self, option_strings: Sequence[str], **options: Any) -> None:
        options |= {"dest": argparse.SUPPRESS, "nargs": 0}
        super().__init__(option_strings, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from .. import __version__

        say(f"aiobaseten {__version__}")
        parser.exit()


def parse(argv: Sequence[str] | None) -> Command:
    """The typed arguments of the command, checked.

    Args:
        argv: The arguments after the program's name; default: those of the process.

    Raises:
        SystemExit: They are invalid (2), or ask for the help or the version (0).
    """
    words = sys.argv[1:] if argv is None else argv
    name = next((word for word in words if not word.startswith("-")), None)
    parser, commands = _parsers()
    if name not in commands:
        parser.parse_args(words)
        raise AssertionError("without a command there is always an error, the help or the version")
    # Only one command is needed, and the help of the whole needs none of their modules.
    from ._checks import UsageError, check
    from ._grammar import GRAMMARS

    grammar = GRAMMARS[name]
    grammar.describe(commands[name])
    namespace = parser.parse_args(words)
    try:
        command = grammar.read(namespace)
        check(command)
    except UsageError as error:
        commands[name].error(str(error))
    return command


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """The parser of the whole command line, and those of the commands, still without arguments."""
    parser = _Parser(
        prog="aiobaseten",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + help_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
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
