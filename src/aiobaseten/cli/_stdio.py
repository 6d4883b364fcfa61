"""What a process owes its standard streams: no crash over a character, none over a closed pipe."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from ._outcomes import Outcome


@contextmanager
def prepared() -> Generator[None]:
    """Write characters that a stream cannot encode as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    yield


def guarded(command: Callable[[], int]) -> int:
    """Run *command*; a reader that has gone away, or an early Ctrl-C, ends it quietly."""
    try:
        try:
            status = command()
        finally:
            _flush()
    except BrokenPipeError:
        _silence()
        return Outcome.PIPE_CLOSED.exit_status
    except KeyboardInterrupt:
        # Before the session watches signals, nothing has been sent.
        return Outcome.INTERRUPTED.exit_status
    except OSError as error:
        _silence()
        complain(f"cannot go on: {error}")
        return Outcome.ERROR.exit_status
    return status


def say(text: str) -> None:
    """Write a line to standard output, now.

    Raises:
        OSError: Nobody reads it any more, or it cannot be written.
    """
    if sys.stdout is not None:  # it is, when the shell has closed it
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def complain(text: str) -> None:
    """Write a line to standard error; if nobody listens there, there is nobody to tell."""
    hint(f"aiobaseten: {text}")


def hint(text: str) -> None:
    """Write a further line to standard error."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def release_terminal() -> None:
    """Show the cursor again, when there is no time for anything else."""
    with suppress(OSError, ValueError, AttributeError):
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\x1b[?25h\n")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _silence() -> None:
    """Make Python's flush at exit succeed: what is still to be written goes nowhere."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
