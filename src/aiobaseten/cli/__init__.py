"""The command line: ``aiobaseten promote …`` and other commands.

`main` is the only entry point. It imports other modules only when they are needed: ``aiobaseten
--help`` loads no HTTP client, and a wait in a pipeline does not load rich.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Without *argv* the process is about to end: after Ctrl-C, SIGTERM or SIGHUP, it ignores these
    signals. With *argv* their handlers are the same after the call as before.

    Args:
        argv: The arguments after the program's name. Default: those of the process.

    Returns:
        The exit status; ``aiobaseten --help`` lists them.

    Raises:
        SystemExit: After ``--help`` and ``--version``, and for invalid arguments.
    """
    from . import _stdio

    with _stdio.prepared():
        return _stdio.guarded(lambda: _parse_and_run(argv))


def _parse_and_run(argv: Sequence[str] | None) -> int:
    from ._arguments import parse

    words = list(sys.argv[1:] if argv is None else argv)
    command = parse(words)

    from ._session import run_command

    return run_command(command, words, ends_process=argv is None)
