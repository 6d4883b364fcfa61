"""The parser of the words: one line for each error, and examples first in each help."""

from __future__ import annotations

import argparse
from typing import NoReturn


class InvalidError(Exception):
    """The words are invalid. The message repeats none of them, because it may be the API key."""


class CommandParser(argparse.ArgumentParser):
    """Reports an error in one line, with a pointer to the help instead of the whole usage.

    Attributes:
        examples: Lines at the beginning of the help.
    """

    examples = ""

    def format_help(self) -> str:
        """The help: examples, and what argparse writes."""
        text = super().format_help()
        return f"examples:\n{self.examples}\n\n{text}" if self.examples else text

    def error(self, message: str) -> NoReturn:
        """Refuse the words.

        Raises:
            InvalidError: Always.
        """
        subject, quotes, _ = message.partition(": ignored explicit argument")
        said = f"{subject}: it takes no value" if quotes else message
        raise InvalidError(f"{said}; see {self.prog} --help")
