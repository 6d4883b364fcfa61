"""The command line's grammar. Everything is checked here, before any I/O."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import _checks
from ._outcomes import table
from ._stdio import say

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(
    r"(?:(?P<d>\d+(?:\.\d+)?)d)?(?:(?P<h>\d+(?:\.\d+)?)h)?"
    r"(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s?)?",
    re.ASCII,
)

_DESCRIPTION = """\
Promote chains and models on Baseten, and know when they are really live.

The API key is read from BASETEN_API_KEY, or from a file with --api-key-file; never from an
argument, which others could read in the list of processes."""

_EXAMPLES = """\
examples:
  aiobaseten promote chain CHAIN DEPLOYMENT --to production --wait --timeout 45m
  aiobaseten promote model MODEL DEPLOYMENT --to staging --json
  aiobaseten wait TOKEN                        go on with a promotion that was begun before
  aiobaseten wait model MODEL DEPLOYMENT       until a deployment is ACTIVE
  aiobaseten status chain CHAIN production
  aiobaseten cancel model MODEL production --wait

durations: 90 or 90s, 45m, 1h30m, 2d; none for no limit

exit statuses:
"""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments, checked.

    Raises:
        SystemExit: They are wrong (2), or ask for help or the version (0).
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    command: argparse.ArgumentParser = arguments.parser
    try:
        arguments.check(arguments)
    except _checks.UsageError as error:
        command.error(str(error))
    return arguments


def duration(text: str) -> float:
    """Seconds, from ``90``, ``90s``, ``45m``, ``1h30m``."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise argparse.ArgumentTypeError(f"not a duration: {text!r}; write 90, 45m or 1h30m")
    return sum(float(found[unit]) * seconds for unit, seconds in _UNITS.items() if found[unit])


def time_limit(text: str) -> float | None:
    """As `duration`; ``none`` is no limit."""
    return None if text.strip().lower() == "none" else duration(text)


def log_lines(text: str) -> int:
    """How many lines of a log."""
    if not text.isdecimal() or not 1 <= int(text[:5]) <= 1000:
        raise argparse.ArgumentTypeError(f"not a number from 1 to 1000: {text!r}")
    return int(text)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in a line, and where the help is; all of the usage helps nobody."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"aiobaseten: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="aiobaseten",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="say which version this is, and end")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    _add_promote(commands)
    _add_wait(commands)
    _add_status(commands)
    _add_list(commands)
    _add_cancel(commands)
    _add_signal(commands, "pause", "pause", "pause the rolling promotion of a model, for now")
    _add_signal(commands, "resume", "resume", "let a paused promotion of a model go on")
    _add_signal(
        commands,
        "roll-forward",
        "force",
        "move all traffic of a model to the new deployment at once",
    )
    _add_rollback(commands)
    return parser


class _Version(argparse.Action):
    """Imports the version when it is asked for."""

    def __init__(self, option_strings: Sequence[str], **options: Any) -> None:
        options |= {"dest": argparse.SUPPRESS, "nargs": 0}
        super().__init__(option_strings, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from .._version import __version__

        say(f"aiobaseten {__version__}")
        parser.exit()


def _add(
    commands: Any,
    name: str,
    summary: str,
    check: Callable[[argparse.Namespace], None],
    *,
    examples: Sequence[str],
    usage: Sequence[str] = (),
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        usage="\n       ".join(f"aiobaseten {name} {one}" for one in usage) or None,
        epilog="examples:\n" + "\n".join(f"  aiobaseten {one}" for one in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(check=check, parser=command)
    _add_common(command)
    return command


def _add_common(command: argparse.ArgumentParser) -> None:
    settings = command.add_argument_group("settings")
    settings.add_argument(
        "--api-key-file",
        metavar="PATH",
        help="read the API key from this file (- for standard input) instead of BASETEN_API_KEY",
    )
    settings.add_argument(
        "--base-url", metavar="URL", help="where the API is, instead of BASETEN_BASE_URL"
    )
    shown = command.add_argument_group("output").add_mutually_exclusive_group()
    shown.add_argument(
        "--json",
        dest="output",
        action="store_const",
        const="json",
        help="JSON Lines: one object for each event, and one for the outcome",
    )
    shown.add_argument(
        "--lines",
        dest="output",
        action="store_const",
        const="lines",
        help="one line for each event, also on a terminal",
    )
    shown.add_argument(
        "-q",
        "--quiet",
        dest="output",
        action="store_const",
        const="quiet",
        help="only what was asked for: of promote without --wait, the token; and errors",
    )
    command.set_defaults(output="auto")


def _add_waiting(command: argparse.ArgumentParser, *, flag: bool, promotes: bool) -> None:
    waiting = command.add_argument_group("waiting")
    if flag:
        waiting.add_argument(
            "--wait", action="store_true", help="wait until it is finished, and tell what happens"
        )
    waiting.add_argument(
        "--timeout",
        type=time_limit,
        default=argparse.SUPPRESS,
        metavar="DURATION",
        help="how long to wait (1h unless given)",
    )
    waiting.add_argument(
        "--settling-time",
        type=duration,
        default=argparse.SUPPRESS,
        metavar="DURATION",
        help="for how long looks may still show what was before (2m unless given)",
    )
    if promotes:
        _add_waiting_for_promotion(waiting)


def _add_waiting_for_promotion(waiting: Any) -> None:
    waiting.add_argument(
        "--on-paused",
        choices=("wait", "fail"),
        default=argparse.SUPPRESS,
        help="wait through a pause (unless given), or end with status 13",
    )
    waiting.add_argument(
        "--accept-scaled-to-zero",
        action="store_true",
        default=argparse.SUPPRESS,
        help="a deployment that has scaled to zero will do",
    )
    waiting.add_argument(
        "--unhealthy-grace",
        type=duration,
        default=argparse.SUPPRESS,
        metavar="DURATION",
        help="for how long an UNHEALTHY deployment may recover (5m unless given)",
    )
    waiting.add_argument(
        "--log-lines",
        type=log_lines,
        default=argparse.SUPPRESS,
        metavar="N",
        help="when it fails or time runs out, print the last N lines of the log, too",
    )
    waiting.add_argument(
        "--cancel-on-timeout",
        action="store_true",
        default=argparse.SUPPRESS,
        help="when time runs out, cancel the promotion (models)",
    )
    waiting.add_argument(
        "--cancel-on-interrupt",
        action="store_true",
        default=argparse.SUPPRESS,
        help="on Ctrl-C or SIGTERM, cancel the promotion (models)",
    )


def _add_promote(commands: Any) -> None:
    command = _add(
        commands,
        "promote",
        "promote a deployment to an environment",
        _checks.check_promote,
        usage=(
            "chain CHAIN DEPLOYMENT --to ENVIRONMENT [--wait] [options]",
            "model MODEL DEPLOYMENT --to ENVIRONMENT [--wait] [options]",
        ),
        examples=(
            "promote chain CHAIN DEPLOYMENT --to production --wait --timeout 45m",
            "promote model MODEL DEPLOYMENT --to production --wait --cancel-on-timeout",
            "promote chain CHAIN DEPLOYMENT --to production --if-in-progress wait --wait",
            "promote model MODEL DEPLOYMENT --to staging --quiet    prints the token",
        ),
    )
    command.add_argument("kind", choices=("chain", "model"), help="which of the two it is")
    command.add_argument("owner", metavar="ID", help="the chain's or model's id")
    command.add_argument("deployment", metavar="DEPLOYMENT", help="the deployment's id")
    command.add_argument(
        "--to",
        required=True,
        metavar="ENVIRONMENT",
        dest="environment",
        help="the environment's name, such as production",
    )
    _add_promoting(command)
    _add_waiting(command, flag=True, promotes=True)


def _add_promoting(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--if-in-progress",
        choices=("fail", "adopt", "wait", "send"),
        default="fail",
        help="when a promotion to the environment is under way: fail with status 5 (unless "
        "given); adopt it, if it is of this deployment; wait for its end; or send all the same",
    )
    command.add_argument(
        "--in-progress-timeout",
        type=time_limit,
        default=argparse.SUPPRESS,
        metavar="DURATION",
        help="how long to wait for that end (1h unless given)",
    )
    command.add_argument(
        "--scale-down-previous-deployment",
        action=argparse.BooleanOptionalAction,
        help="whether to scale down what served before (Baseten decides unless given)",
    )
    command.add_argument(
        "--preserve-env-instance-type",
        action=argparse.BooleanOptionalAction,
        help="whether the environment keeps its instance type (models)",
    )


def _add_wait(commands: Any) -> None:
    command = _add(
        commands,
        "wait",
        "wait until a promotion is finished, or a deployment is ACTIVE",
        _checks.check_wait,
        usage=("TOKEN [options]", "chain|model ID DEPLOYMENT [options]"),
        examples=("wait TOKEN --timeout 20m", "wait model MODEL DEPLOYMENT --wake"),
    )
    command.add_argument(
        "subject",
        nargs="+",
        metavar="WHAT",
        help="the token of a promotion or of a cancellation; or a deployment by its ids",
    )
    _add_waiting(command, flag=False, promotes=True)
    command.add_argument(
        "--wake",
        action="store_true",
        default=argparse.SUPPRESS,
        help="wake a deployment of a model that has scaled to zero",
    )


def _add_status(commands: Any) -> None:
    command = _add(
        commands,
        "status",
        "show an environment: what serves, what is being promoted, traffic, each chainlet",
        _checks.check_nothing,
        usage=("chain|model ID ENVIRONMENT [options]",),
        examples=("status chain CHAIN production", "status model MODEL production --json"),
    )
    command.add_argument("kind", choices=("chain", "model"), help="which of the two it is")
    command.add_argument("owner", metavar="ID", help="the chain's or model's id")
    command.add_argument("environment", metavar="ENVIRONMENT", help="the environment's name")


def _add_list(commands: Any) -> None:
    command = _add(
        commands,
        "list",
        "list the environments and deployments of a chain or a model",
        _checks.check_nothing,
        usage=("chain|model ID [options]",),
        examples=("list chain CHAIN", "list model MODEL --json"),
    )
    command.add_argument("kind", choices=("chain", "model"), help="which of the two it is")
    command.add_argument("owner", metavar="ID", help="the chain's or model's id")


def _add_cancel(commands: Any) -> None:
    command = _add(
        commands,
        "cancel",
        "cancel the promotion of a model that is under way",
        _checks.check_promotion,
        usage=("TOKEN [--force] [--wait] [options]", "model MODEL ENVIRONMENT [options]"),
        examples=("cancel model MODEL production --wait", "cancel TOKEN --force"),
    )
    _add_promotion(command)
    command.add_argument(
        "--force", action="store_true", help="move all traffic back at once, not step by step"
    )
    _add_waiting(command, flag=True, promotes=False)


def _add_signal(commands: Any, name: str, verb: str, summary: str) -> None:
    command = _add(
        commands,
        name,
        summary,
        _checks.check_promotion,
        usage=("TOKEN [options]", "model MODEL ENVIRONMENT [options]"),
        examples=(f"{name} model MODEL production", f"{name} TOKEN"),
    )
    command.set_defaults(verb=verb)
    _add_promotion(command)


def _add_promotion(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "subject",
        nargs="+",
        metavar="WHAT",
        help="the token of the promotion; or model, the model's id and the environment",
    )


def _add_rollback(commands: Any) -> None:
    command = _add(
        commands,
        "rollback",
        "promote what served before a promotion back into its environment",
        _checks.check_rollback,
        usage=("TOKEN [--wait] [options]",),
        examples=("rollback TOKEN --wait",),
    )
    command.add_argument("token", metavar="TOKEN", help="the token of the promotion")
    _add_waiting(command, flag=True, promotes=True)
