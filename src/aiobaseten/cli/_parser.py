"""The parser of the words: one line for each error, and examples first in each help."""

from __future__ import annotations

import argparse
import re
import shutil
import textwrap
from typing import NamedTuple, NoReturn

# The head of the last part of a help, and the indent of the meanings in it.
_STATUSES = "exit statuses:\n"
_INDENT = " " * 7


class Option(NamedTuple):
    """An option of a command.

    Attributes:
        flags: Its names.
        help: Its help.
        takes_value: Whether a value follows.
        metavar: The kind of value.
    """

    flags: tuple[str, ...]
    help: str
    takes_value: bool
    metavar: str

    @property
    def choices(self) -> list[str]:
        """The values, if only some are possible."""
        is_choice = self.metavar.startswith("{")
        return self.metavar.strip("{}").split(",") if is_choice else []

    @property
    def takes_file(self) -> bool:
        """Whether the value is a file."""
        return self.metavar in ("PATH", "FILE")


class InvalidError(Exception):
    """The words are invalid. The message repeats none of them, because it may be the API key."""


class CommandParser(argparse.ArgumentParser):
    """Reports an error in one line, with a pointer to the help instead of the whole usage.

    Attributes:
        examples: Lines at the beginning of the help.
    """

    examples = ""

    def format_help(self) -> str:
        """The help: examples, and argparse's text with the exit statuses in lines that fit."""
        options, head, statuses = super().format_help().partition(_STATUSES)
        width = shutil.get_terminal_size().columns - 2  # as argparse
        wrapped = [
            textwrap.fill(one, width, subsequent_indent=_INDENT) for one in statuses.splitlines()
        ]
        text = options + head + "".join(f"{one}\n" for one in wrapped)
        return f"examples:\n{self.examples}\n\n{text}" if self.examples else text

    def options(self) -> list[Option]:
        """Its options, as the help lists them."""
        return [
            Option(
                flags=tuple(action.option_strings),
                help=str(action.help or "").replace("%%", "%"),
                takes_value=action.nargs != 0,
                metavar=str(action.metavar or ""),
            )
            for action in self._actions
            if action.option_strings and action.help != argparse.SUPPRESS
        ]

    def words(self) -> list[str]:
        """Words that may stand among its arguments, such as chain and model."""
        metavars = [str(one.metavar) for one in self._actions if not one.option_strings]
        return [word for text in metavars for word in re.findall(r"\b[a-z]+\b", text)]

    def error(self, message: str) -> NoReturn:
        """Refuse the words.

        Raises:
            InvalidError: Always.
        """
        subject, quotes, _ = message.partition(": ignored explicit argument")
        said = f"{subject}: it takes no value" if quotes else message
        raise InvalidError(f"{said}; see {self.prog} --help")
