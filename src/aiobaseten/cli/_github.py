"""What GitHub Actions shows of a run: annotations, a summary of the step, and its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..events import Event, Finished, PromotionPaused
from ..options import Clock
from ..readings import EnvironmentReading
from . import _stdio
from ._jobs import Ending, Job, Listed, one_line
from ._lines import line
from ._outcomes import Outcome

_MOST_ROWS = 200


class GitHub:
    """Goes along with another view."""

    def __init__(self, clock: Clock, environ: Mapping[str, str], *, annotates: bool) -> None:
        """Remember where to write.

        Args:
            clock: For the time of the summary.
            environ: With ``GITHUB_STEP_SUMMARY`` and ``GITHUB_OUTPUT``.
            annotates: Whether standard output may have annotations in it.
        """
        self._clock = clock
        self._summary = environ.get("GITHUB_STEP_SUMMARY", "")
        self._outputs = environ.get("GITHUB_OUTPUT", "")
        self._annotates = annotates
        self._job: Job | None = None
        self._events: list[Event] = []

    def note(self, text: str) -> None:
        """Nothing: it is in the log."""

    def begin(self, job: Job) -> None:
        """Give the token to the steps that follow, also if this one is killed."""
        self._job = job
        if job.token is not None:
            self._append(self._outputs, f"token={job.token}\n")

    def event(self, event: Event) -> None:
        """Keep it for the summary; a pause wants somebody's attention now."""
        if isinstance(event, Finished):
            return
        self._events.append(event)
        if isinstance(event, PromotionPaused):
            self._annotate("warning", "Promotion paused", str(self._job or "the promotion"))

    def environment(self, job: Job, reading: EnvironmentReading) -> None:
        """Nothing: it is in the log."""

    def listing(
        self, job: Job, environments: Sequence[EnvironmentReading], deployments: Sequence[Listed]
    ) -> None:
        """Nothing: it is in the log."""

    def end(self, ending: Ending) -> None:
        """An annotation and a summary."""
        if ending.message:
            is_done = ending.outcome is Outcome.DONE
            title = f"aiobaseten: {ending.outcome.label.replace('_', ' ')}"
            said = "\n".join([one_line(ending.message), *ending.hints])
            self._annotate("notice" if is_done else "error", title, said)
        self._append(self._outputs, f"outcome={ending.outcome.label}\n")
        if self._job is not None:
            self._append(self._summary, summary(self._job, self._events, ending))

    def close(self) -> None:
        """Nothing to give back."""

    def _annotate(self, level: str, title: str, message: str) -> None:
        if self._annotates:
            _stdio.say(annotation(level, title, message))

    def _append(self, path: str, text: str) -> None:
        if not path:
            return
        # A runner that does not let us write its files is no reason to fail a promotion.
        with suppress(OSError), Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)


def annotation(level: str, title: str, message: str) -> str:
    """A workflow command: one line, whatever is in it."""
    return f"::{level} title={_escape(title, ':,')}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    # The percent sign first: it is what the others are escaped with.
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def summary(job: Job, events: Sequence[Event], ending: Ending) -> str:
    """Markdown for the page of the run."""
    mark = "✅" if ending.outcome is Outcome.DONE else "❌"
    lines = [f"### {mark} {_cell(job)}: {ending.outcome.label.replace('_', ' ')}", ""]
    if ending.message:
        lines += [_cell(ending.message), ""]
    if job.token is not None:
        lines += [f"Token: `{job.token}`", ""]
    if events:
        lines += ["| seconds | what happened |", "| ---: | --- |"]
        lines += [_row(event) for event in events[-_MOST_ROWS:]]
        lines.append("")
    return "\n".join(lines) + "\n"


def _row(event: Event) -> str:
    at, _, said = line(event).strip().partition(" s  ")
    return f"| {at} | {_cell(said)} |"


def _cell(text: object) -> str:
    """Text that Markdown takes for text."""
    return one_line(text).translate(_PLAIN)


# What means something in Markdown or HTML, written so that it does not.
_PLAIN = {ord(character): f"&#{ord(character)};" for character in "\\`*_[]<>|#&"}
