"""The standard streams: no character and no closed pipe crashes the command."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from ._outcomes import Outcome


@contextmanager
def prepared() -> Generator[None]:
    """Write characters that a stream cannot encode as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    yield


def guarded(command: Callable[[], int]) -> int:
    """Run *command*. A closed pipe or an early Ctrl-C ends it without a message."""
    try:
        try:
            status = command()
        finally:
            _flush()
    except BrokenPipeError:
        _silence()
        return Outcome.PIPE_CLOSED.exit_status
    except KeyboardInterrupt:
        # Nothing was sent before the session handled signals.
        return Outcome.INTERRUPTED.exit_status
    except OSError as error:
        _silence()
        complain(f"cannot go on: {error}")
        return Outcome.ERROR.exit_status
    return status


def say(text: str) -> None:
    """Write a line to standard output, and flush it.

    Raises:
        OSError: The pipe is closed, or the line cannot be written.
    """
    if sys.stdout is not None:  # None if the shell closed it
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def complain(text: str) -> None:
    """Write an error to standard error, in one line. Never fails."""
    hint(f"aiobaseten: {text}")


def hint(text: str) -> None:
    """Write another line to standard error. Never fails."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def release_terminal() -> None:
    """Show the cursor again, before the process ends immediately."""
    with suppress(OSError, ValueError, AttributeError):
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\x1b[?25h\n")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _silence() -> None:
    """Redirect standard output to nowhere, so that Python's flush at exit succeeds."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
