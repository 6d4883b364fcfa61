"""What a command is about, and how it ended: what every way of showing it needs to know."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from ..errors import BasetenError, LogLine
from ._outcomes import Outcome

_LONGEST = 600


@frozen(kw_only=True)
class Job:
    """What a command is about.

    Attributes:
        task: ``"promotion"``, ``"cancellation"``, ``"deployment"``, ``"environment"`` or
            ``"owner"``.
        kind: ``"chain"`` or ``"model"``.
        owner: The chain's or model's id.
        environment: The environment's name, if it is about one.
        deployment: The deployment's id, if it is about one and that is known.
        token: What goes on with it, if anything does.
    """

    task: str
    kind: str
    owner: str
    environment: str | None = None
    deployment: str | None = None
    token: str | None = None

    @property
    def place(self) -> str:
        """Where it happens, for a person."""
        owner = f"{self.kind} {self.owner}"
        return owner if self.environment is None else f"{self.environment} of {owner}"

    def __str__(self) -> str:
        if self.task == "cancellation":
            return f"the cancellation of the promotion to {self.place}"
        if self.task == "promotion":
            return f"the promotion of deployment {self.deployment} to {self.place}"
        if self.task == "deployment":
            return f"deployment {self.deployment} of {self.place}"
        return self.place


@frozen(kw_only=True)
class Ending:
    """How a command ended.

    Attributes:
        outcome: Which of the ways.
        message: One line for a person.
        error: What went wrong, if the library said so.
        hints: Further lines: what to type next.
        waited: Seconds that a wait took, if there was one.
    """

    outcome: Outcome
    message: str
    error: BasetenError | None = None
    hints: Sequence[str] = ()
    waited: float | None = None

    @property
    def log(self) -> Sequence[LogLine]:
        """The end of the log, if it was asked for."""
        evidence = self.error.evidence if self.error is not None else None
        return evidence.log_lines if evidence is not None else ()

    @property
    def notes(self) -> Sequence[str]:
        """What else there is to say about the error."""
        return tuple(getattr(self.error, "__notes__", ()))


@frozen(kw_only=True)
class Listed:
    """A deployment in a list.

    Attributes:
        id: Its id.
        name: Its name; chains' deployments have none.
        status: Its status.
        environment: The environment that it is attached to.
        created_at: When it was made.
    """

    id: str
    name: str | None
    status: str
    environment: str | None
    created_at: str


def go_on(arguments: Namespace, token: str, *, can_cancel: bool) -> tuple[str, ...]:
    """What to type to go on with a *token*."""
    lines = [f"to go on waiting:  {command(arguments, 'wait', token)}"]
    if can_cancel:
        lines.append(f"to cancel it:      {command(arguments, 'cancel', token)}")
    return tuple(lines)


def command(arguments: Namespace, *words: str) -> str:
    """A command with the settings of this one, to copy into a shell."""
    parts = ["aiobaseten", *words]
    if arguments.base_url is not None:
        parts += ["--base-url", arguments.base_url]
    if arguments.api_key_file not in (None, "-"):
        parts += ["--api-key-file", arguments.api_key_file]
    return shlex.join(parts)


def one_line(text: Any) -> str:
    """*text* in one line that no terminal and no pipeline takes for a command.

    What servers say may hold line breaks, escape sequences, or GitHub's old ``##[error]``.
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    words = words.replace("##[", "## [")
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."


def of_day(time: datetime) -> str:
    """A time of day, in UTC."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
