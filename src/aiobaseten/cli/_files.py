"""Read the files that the user names: small texts, whatever editor has written them."""

from __future__ import annotations

import sys
from pathlib import Path


class UnreadableError(Exception):
    """A file cannot be read. The message is the reason; it repeats neither path nor content."""


def read_text(path: str, *, most: int) -> str:
    """The text of a file, or with ``-`` of standard input, without a byte order mark.

    Args:
        path: The path.
        most: The largest size in bytes. A device may have no end.

    Raises:
        UnreadableError: It cannot be read, is not text, or is larger.
    """
    try:
        if path == "-":
            # The console's encoding, or that of a test's text.
            content: str | bytes = sys.stdin.read(most + 1)
        else:
            with Path(path).open("rb") as file:
                content = file.read(most + 1)
        if len(content) > most:
            # First: the end may be in the middle of a character.
            raise UnreadableError(f"it is larger than {most // 1000} kB")
        text = content if isinstance(content, str) else content.decode()
    except OSError as error:
        raise UnreadableError(error.strerror or "it cannot be opened") from None
    except (ValueError, AttributeError):  # AttributeError: standard input is closed
        raise UnreadableError("it is not text") from None
    return text.removeprefix("\ufeff")
