"""Views of a command, and the choice of a view."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from .. import Clock
from ..events import Event
from ._invocations import Default, Output
from ._jobs import Ending, Job, Result, ShownEnvironment

if TYPE_CHECKING:
    from ._json import JSONView
    from ._lines import LinesView


class View(Protocol):
    """A way to show what a command does."""

    def note(self, text: str) -> None:
        """Show that something starts that may take a while."""
        ...

    def begin(self, job: Job) -> None:
        """Show the subject of the command; one with a token has started at Baseten."""
        ...

    def event(self, event: Event) -> None:
        """Show an event of a wait."""
        ...

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Show an environment that is watched, which has changed.

        Args:
            shown: The environment.
            at: Seconds since the watch began.
        """
        ...

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Show what stands for words and options that the user left out."""
        ...

    def result(self, result: Result) -> None:
        """Show the result of a command that only looks."""
        ...

    def members(self, labels: Sequence[str]) -> Sequence[View]:
        """The views of several targets, which are shown at the same time."""
        ...

    def end(self, ending: Ending) -> None:
        """Show the ending of the command."""
        ...

    def close(self) -> None:
        """Release the terminal. Safe to call twice."""
        ...


class Views:
    """Several views as one. Each shows what it can, also if another one cannot be written."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views

    def note(self, text: str) -> None:
        """Show that something starts that may take a while."""
        self._all(lambda view: view.note(text))

    def begin(self, job: Job) -> None:
        """Show the subject of the command."""
        self._all(lambda view: view.begin(job))

    def event(self, event: Event) -> None:
        """Show an event of a wait."""
        self._all(lambda view: view.event(event))

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Show an environment that is watched."""
        self._all(lambda view: view.look(shown, at))

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Show the defaults that were used."""
        self._all(lambda view: view.defaults(defaults))

    def result(self, result: Result) -> None:
        """Show a result."""
        self._all(lambda view: view.result(result))

    def members(self, labels: Sequence[str]) -> Sequence[View]:
        """The views of several targets."""
        each = [view.members(labels) for view in self._views]
        return [Views([views[i] for views in each]) for i in range(len(labels))]

    def end(self, ending: Ending) -> None:
        """Show the ending of the command."""
        self._all(lambda view: view.end(ending))

    def close(self) -> None:
        """Release the terminal."""
        self._all(lambda view: view.close())

    def _all(self, show: Callable[[View], None]) -> None:
        failure: OSError | None = None
        for view in self._views:
            try:
                show(view)
            except OSError as error:
                failure = failure or error
        if failure is not None:
            raise failure


def choose_view(output: Output, clock: Clock, *, waits: bool, notify: str | None = None) -> View:
    """The view for what the user asked for, and for where the output goes.

    Args:
        output: What the user asked for.
        clock: The clock of the waits.
        waits: Whether the command waits.
        notify: The address for notices, if the user asked for them.
    """
    environ = os.environ
    views = [_main_view(output, clock, environ, waits=waits)]
    if environ.get("GITHUB_ACTIONS") == "true":
        from ._github import GitHubView

        views.append(GitHubView(environ, annotates=output != "json"))
    if notify is not None:
        from ._notify import Notices, NotifyView

        views.append(NotifyView(Notices(notify), clock))  # the last, because its end may wait
    return Views(views) if len(views) > 1 else views[0]


def _main_view(output: Output, clock: Clock, environ: Mapping[str, str], *, waits: bool) -> View:
    if output == "json":
        from ._json import JSONView

        return _beating(JSONView(clock), clock, waits=waits)
    if output == "quiet":
        from ._lines import QuietView

        return QuietView(waits=waits)
    if output == "auto" and waits and can_show_live(environ, is_terminal=_is_terminal()):
        from ._live import LiveView

        return LiveView(clock)
    from ._lines import LinesView

    return _beating(LinesView(clock), clock, waits=waits)


def _beating(view: JSONView | LinesView, clock: Clock, *, waits: bool) -> View:
    if not waits:
        return view
    from ._heartbeat import HeartbeatView

    return HeartbeatView(view, clock, view.beat)


def can_show_live(
    environ: Mapping[str, str], *, is_terminal: bool, has_rich: bool | None = None
) -> bool:
    """Whether to use the live view.

    Args:
        environ: The environment variables.
        is_terminal: Whether the output goes to a terminal.
        has_rich: Whether rich is installed. Default: look for it.
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
