"""The command line: ``aiobaseten promote …`` and what belongs to it.

`main` is all there is to call. It imports the rest as late as it can: ``aiobaseten --help`` loads
no HTTP client, and a wait in a pipeline loads no rich.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments after the command's name; those of the process otherwise.

    Returns:
        The exit status: one of those in ``aiobaseten --help``.

    Raises:
        SystemExit: After ``--help`` and ``--version``, and for arguments that are wrong.
    """
    from . import _stdio

    with _stdio.prepared():
        return _stdio.guarded(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    from ._arguments import parse

    arguments = parse(argv)

    from ._session import run

    return run(arguments)
