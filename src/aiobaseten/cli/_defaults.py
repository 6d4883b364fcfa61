"""Defaults for what the user leaves out: variables first, then the nearest file of settings."""

from __future__ import annotations

import os
import re
import tomllib
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from attrs import frozen

from ._checks import UsageError
from ._files import UnreadableError, read_text
from ._flags import PYTHON_WORDS, WAIT_FLAGS, flag_name
from ._invocations import Default, Kind

#: The file that holds nothing but settings of this command.
OWN_FILE = ".aiobaseten.toml"
#: The file of a project, and its table with our settings.
PROJECT_FILE, TABLE = "pyproject.toml", "aiobaseten"

_LARGEST_BYTES = 2**20

_WORDS = ("model", "chain", "team", "environment")
# Options with a value. A switch such as --wake acts, which nobody should forget.
_OPTIONS = {flag_name(name)[2:]: name for name, flag in WAIT_FLAGS.items() if flag.show}
_KEYS = (*_WORDS, *_OPTIONS)
# Another key of a file may be an API key.
_PLAIN_KEY = re.compile(r"[a-z_-]{1,40}")


@frozen
class SettingsFile:
    """A file of settings, checked.

    Attributes:
        shown: Its path from the working directory.
        settings: Its settings, as texts.
        options: The options of waits among them, as the library takes them.
    """

    shown: str
    settings: Mapping[str, str]
    options: Mapping[str, Any]


class Defaults:
    """What stands for words and options that the user leaves out.

    A file is read only when something is missing that no variable gives. So a file that is broken
    does not stop a command that needs none.
    """

    def __init__(self, environ: Mapping[str, str], directory: Callable[[], Path]) -> None:
        """Store where to look.

        Args:
            environ: The environment variables.
            directory: Returns the working directory.
        """
        #: What was used, in the order in which it was asked for.
        self.used: list[Default] = []
        self._environ = environ
        self._directory = directory
        self._file: SettingsFile | None = None
        self._has_looked = False

    def resource(self, kinds: Sequence[Kind]) -> tuple[Kind, str] | None:
        """The chain or the model, if there is a default.

        Raises:
            UsageError: There are several, or the value or the file is invalid.
        """
        found: list[tuple[Kind, Default]] = []
        for place in (self._variable, self._from_file):
            if not found:
                found = [(kind, one) for kind in kinds if (one := place(kind)) is not None]
        if len(found) > 1:
            where = " and ".join(sorted({one.source for _, one in found}))
            verb = "are both set" if " and " in where else "sets a chain and a model"
            raise UsageError(f"{where} {verb}: write chain or model, and its name")
        for kind, default in found:
            return kind, self._use(default)
        return None

    def word(self, name: str) -> str | None:
        """The environment or the team, if there is a default.

        Raises:
            UsageError: The value or the file is invalid.
        """
        default = self._variable(name) or self._from_file(name)
        return None if default is None else self._use(default)

    def options(self, names: Collection[str]) -> dict[str, Any]:
        """Options of waits that the file sets.

        Args:
            names: Those that the wait takes, and that the user did not pass.

        Raises:
            UsageError: The file is invalid.
        """
        file = self._read() if names else None
        if file is None:
            return {}
        given = {name: file.options[name] for name in _OPTIONS.values() if name in file.options}
        chosen = {name: value for name, value in given.items() if name in names}
        for name in chosen:
            key = flag_name(name)[2:]
            self._use(Default(key, file.settings[key], file.shown))
        return chosen

    def _use(self, default: Default) -> str:
        if default not in self.used:
            self.used.append(default)
        return default.text

    def _variable(self, name: str) -> Default | None:
        variable = variable_of(name)
        if variable not in self._environ:
            return None
        value = self._environ[variable].strip()
        if not value:  # a variable of a pipeline that is empty by mistake
            raise UsageError(f"{variable} is empty: set it, or unset it")
        return Default(name, value, variable)

    def _from_file(self, name: str) -> Default | None:
        file = self._read()
        if file is None or name not in file.settings:
            return None
        return Default(name, file.settings[name], file.shown)

    def _read(self) -> SettingsFile | None:
        if not self._has_looked:
            self._file = _nearest(self._directory)
            self._has_looked = True
        return self._file


def variable_of(name: str) -> str:
    """The environment variable with the default of a word."""
    return f"BASETEN_{name.upper()}"


def _nearest(directory: Callable[[], Path]) -> SettingsFile | None:
    """The settings of the nearest file, from the working directory up to the repository's root."""
    try:
        start = directory()
    except OSError:
        return None  # somebody has deleted it
    for folder in _folders(start):
        for name in (OWN_FILE, PROJECT_FILE):
            path = folder / name
            if not path.is_file():
                continue
            shown = os.path.relpath(path, start)
            table = _table(path, shown)
            if table is not None:
                return _checked(table, shown)
    return None


def _folders(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        yield folder
        if (folder / ".git").exists():
            return


def _table(path: Path, shown: str) -> object:
    """Our settings in a file; ``None`` if it is a project's without any."""
    try:
        content = tomllib.loads(read_text(os.fspath(path), most=_LARGEST_BYTES))
    except UnreadableError as error:
        raise UsageError(f"{shown} cannot be read: {error}") from None
    except RecursionError:
        raise UsageError(f"{shown} is not valid TOML: it is nested too deeply") from None
    except ValueError as error:
        # The place of the error, and not the text there, which may be a key.
        place = re.search(r"\(at .*\)$", str(error))
        raise UsageError(f"{shown} is not valid TOML{f' {place[0]}' if place else ''}") from None
    if path.name == OWN_FILE:
        return content
    tools = content.get("tool")
    return cast("dict[str, Any]", tools).get(TABLE) if isinstance(tools, dict) else None


def _checked(table: object, shown: str) -> SettingsFile:
    if not isinstance(table, dict):
        raise UsageError(f"{shown}: tool.{TABLE} must be a table")
    settings: dict[str, str] = {}
    options: dict[str, Any] = {}
    for key, value in cast("dict[str, object]", table).items():
        if key not in _KEYS:
            raise UsageError(f"{shown}: {_unknown(key)}")
        settings[key] = _text(key, value, shown)
        if key in _OPTIONS:
            options[_OPTIONS[key]] = _option(key, settings[key], shown)
    return SettingsFile(shown, settings, options)


def _text(key: str, value: object, shown: str) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if key in _OPTIONS and is_number:
        return str(value)
    if not isinstance(value, str) or not value.strip():
        other = " or a number" if key in _OPTIONS else ""
        raise UsageError(f"{shown}: {key} must be a text that is not empty{other}")
    return value.strip()


def _option(key: str, text: str, shown: str) -> Any:
    parse: Callable[[str], Any] = WAIT_FLAGS[_OPTIONS[key]].keywords["type"]
    try:
        value = parse(text)
    except ArgumentTypeError as error:
        raise UsageError(f"{shown}: {key}: {error}") from None
    return PYTHON_WORDS.get(value, value) if isinstance(value, str) else value


def _unknown(key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"there is no such setting; there are {', '.join(_KEYS)}"
    if any(part in key for part in ("key", "token", "secret", "password")):
        return "the API key is never a setting: set BASETEN_API_KEY, or pass --api-key-file PATH"
    if "url" in key:
        return (
            "the address is no setting, because the API key goes there: set BASETEN_BASE_URL, or "
            "pass --base-url URL"
        )
    close = get_close_matches(key, _KEYS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(_KEYS)}"
    return f"there is no setting {key}: {hint}"
