"""Ways of showing what happens, and which of them a command uses."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Protocol

from ..events import Event
from ..options import Clock
from ..readings import EnvironmentReading
from ._jobs import Ending, Job, Listed


class View(Protocol):
    """One way of showing what a command does."""

    def note(self, text: str) -> None:
        """Something is about to be done that may take a while."""
        ...

    def begin(self, job: Job) -> None:
        """It is known what the command is about; with a token, it has begun at Baseten."""
        ...

    def event(self, event: Event) -> None:
        """Something happened."""
        ...

    def environment(self, job: Job, reading: EnvironmentReading) -> None:
        """An environment, as asked for."""
        ...

    def listing(
        self, job: Job, environments: Sequence[EnvironmentReading], deployments: Sequence[Listed]
    ) -> None:
        """What a chain or a model has, as asked for."""
        ...

    def end(self, ending: Ending) -> None:
        """The command has ended."""
        ...

    def close(self) -> None:
        """Give the terminal back. Safe to call twice."""
        ...


def choose(output: str, clock: Clock, *, waits: bool) -> Sequence[View]:
    """The views for what was asked for and where the output goes."""
    views: list[View] = []
    environ = os.environ
    in_github = environ.get("GITHUB_ACTIONS") == "true"
    if output == "json":
        from ._json import JSONLines

        views.append(JSONLines(clock))
    elif output == "quiet":
        from ._lines import Quiet

        views.append(Quiet(waits=waits))
    elif output == "auto" and waits and is_for_people(environ, is_terminal=_is_terminal()):
        from ._live import Live

        views.append(Live(clock))
    else:
        from ._lines import Lines

        views.append(Lines(clock))
    if in_github:
        from ._github import GitHub

        views.append(GitHub(clock, environ, annotates=output != "json"))
    return views


def is_for_people(
    environ: Mapping[str, str], *, is_terminal: bool, has_rich: bool | None = None
) -> bool:
    """Whether a live view makes sense.

    Args:
        environ: The environment's variables.
        is_terminal: Whether the output goes to a terminal.
        has_rich: Whether rich is installed; found out unless given.
    """
    if not is_terminal or environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    if environ.get("GITHUB_ACTIONS") == "true":
        return False
    terminal = environ.get("TERM", "" if os.name == "posix" else "windows")
    if terminal in ("", "dumb", "unknown"):
        return False
    return find_spec("rich") is not None if has_rich is None else has_rich


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
