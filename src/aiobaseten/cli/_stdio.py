"""The standard streams: no character, no full pipe and no closed pipe crashes the command."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from ._outcomes import Outcome
from ._text import harmless

#: Milliseconds after which a write to a full pipe looks whether it should still wait.
_PATIENCE_MS = 100


class PatientFile(io.FileIO):
    """A file that waits while its pipe is full, whether or not the pipe blocks.

    A parent may make a pipe non-blocking for its children, too. And a write that blocks could not
    be given up after a signal.
    """

    #: Whether to wait. After a signal, a write to a full pipe fails instead.
    waits = True

    def write(self, data: Any) -> int:
        """Write all of *data*.

        Raises:
            OSError: It cannot be written, or the pipe is full and this is not to wait.
        """
        poll = select.poll()
        poll.register(self.fileno(), select.POLLOUT)
        left = memoryview(data)
        while left:
            if poll.poll(_PATIENCE_MS):
                # So much fits into a pipe that is ready, and the write does not block.
                written = super().write(left[: select.PIPE_BUF])
                left = left[written or 0 :]
            elif not self.waits:
                raise BlockingIOError(errno.EAGAIN, "nobody reads the output", 0)
        return len(data)


@contextmanager
def prepared() -> Generator[None]:
    """Write what a stream cannot encode as escapes, and wait for full pipes."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_patient(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _patient(stream: TextIO) -> TextIO:
    number = _descriptor(stream)
    if number is None or not hasattr(select, "poll"):
        return stream
    # Nothing stays in a buffer, where it would be written once more when Python ends.
    return io.TextIOWrapper(
        cast("Any", PatientFile(number, "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        write_through=True,
    )


def _descriptor(stream: TextIO) -> int | None:
    if not isinstance(stream, io.TextIOWrapper):
        return None  # the shell closed it
    stream.reconfigure(errors="backslashreplace")
    try:
        return stream.fileno()
    except OSError:
        return None  # it is in memory


def guarded(command: Callable[[], int]) -> int:
    """Run *command*. A closed pipe or an early Ctrl-C ends it without a message."""
    try:
        try:
            status = command()
        finally:
            _flush()
    except BrokenPipeError:
        silence()
        return Outcome.PIPE_CLOSED.exit_status
    except KeyboardInterrupt:
        # Nothing was sent before the session handled signals.
        return Outcome.INTERRUPTED.exit_status
    except OSError as error:
        silence()
        complain(f"cannot go on: {error}")
        return Outcome.ERROR.exit_status
    return status


def say(text: str) -> None:
    """Write a line to standard output that no pipeline takes for a command, and flush it.

    Raises:
        OSError: The pipe is closed, or the line cannot be written.
    """
    say_as_it_is(harmless(text))


def say_as_it_is(text: str) -> None:
    """Write a line to standard output, such as JSON or a command for a pipeline, and flush it.

    Raises:
        OSError: The pipe is closed, or the line cannot be written.
    """
    if sys.stdout is not None:  # None if the shell closed it
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def complain(text: str) -> None:
    """Write an error to standard error, in one line. Never fails."""
    hint(f"aiobaseten: {text}")


def hint(text: str) -> bool:
    """Write another line to standard error. Never fails. Returns whether it is written."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{harmless(text)}\n")
            sys.stderr.flush()
            return True
    return False


def tell(text: str) -> None:
    """Write a line to standard error, or else to standard output. Never fails."""
    if not hint(text):
        with suppress(OSError, ValueError):
            say(text)


def keep_token(token: str | None) -> None:
    """Write a token to standard error if standard output is closed. Never fails."""
    if token is not None and sys.stdout is None:
        hint(f"token: {token}")


def hurry() -> None:
    """Do not wait for a full pipe from now on."""
    for stream in (sys.stdout, sys.stderr):
        file = getattr(stream, "buffer", None)
        if isinstance(file, PatientFile):
            file.waits = False


def silence() -> None:
    """Redirect standard output to nowhere, so that Python's flush at exit succeeds."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def release_terminal() -> None:
    """Show the cursor again, before the process ends immediately."""
    with suppress(OSError, ValueError, AttributeError):
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\x1b[?25h\n")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()
