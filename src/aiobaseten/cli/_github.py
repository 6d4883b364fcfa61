"""Output for GitHub Actions: annotations, a summary of the step, and its outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from ..events import Event, Finished, PromotionPaused
from ..guard import GuardReport, Side
from . import _stdio
from ._invocations import Default
from ._jobs import Ending, Job, Result, ShownEnvironment, ShownTargets
from ._lines import event_text
from ._outcomes import Outcome
from ._text import harmless, number, one_line

_MOST_ROWS = 200
_MARKS: Mapping[str, str] = {"pass": "✅", "breach": "❌", "unavailable": "❔"}


class GitHubView:
    """What GitHub Actions shows, in addition to another view."""

    def __init__(
        self, environ: Mapping[str, str], *, annotates: bool, label: str | None = None
    ) -> None:
        """Remember where to write.

        Args:
            environ: Environment variables, with ``GITHUB_STEP_SUMMARY`` and ``GITHUB_OUTPUT``.
            annotates: Whether annotations may be written to standard output.
            label: The target, if it is one of several.
        """
        self._environ = environ
        self._label = label
        self._targets: ShownTargets | None = None
        self._summary = environ.get("GITHUB_STEP_SUMMARY", "")
        self._outputs = environ.get("GITHUB_OUTPUT", "")
        self._annotates = annotates
        self._job: Job | None = None
        self._events: list[Event] = []

    def note(self, text: str) -> None:
        """Do nothing: the log has it."""

    def begin(self, job: Job) -> None:
        """Output the token now, so that later steps have it if this one is killed."""
        self._job = job
        if self._label is None:
            outputs = {"token": job.token, **_outputs(job)}
            lines = [f"{name}={one_line(value)}\n" for name, value in outputs.items() if value]
            self._append(self._outputs, "".join(lines))

    def event(self, event: Event) -> None:
        """Keep the event for the summary; annotate a pause immediately."""
        if isinstance(event, Finished):
            return
        self._events.append(event)
        if isinstance(event, PromotionPaused):
            paused = self._label or self._job or "the promotion"
            self._annotate("warning", "Promotion paused", one_line(paused))

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Do nothing: the log has it."""

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Do nothing: the log has it."""

    def result(self, result: Result) -> None:
        """Keep the targets for the summary; of others, the log has enough."""
        if isinstance(result, ShownTargets):
            self._targets = result

    def members(self, labels: Sequence[str]) -> Sequence[GitHubView]:
        """Views that annotate a failure, and write neither outputs nor a summary."""
        return [
            GitHubView(self._environ, annotates=self._annotates, label=label) for label in labels
        ]

    def end(self, ending: Ending) -> None:
        """Write an annotation, the outcome and the summary."""
        if self._label is not None:
            if ending.outcome is not Outcome.DONE:
                title = f"{self._label}: {ending.title}"
                self._annotate("error", title, one_line(ending.message))
            return
        if ending.message:
            is_done = ending.outcome is Outcome.DONE
            text = "\n".join([one_line(ending.message), *map(harmless, ending.hints)])
            self._annotate("notice" if is_done else "error", f"aiobaseten: {ending.title}", text)
        if ending.job is not None and ending.job.token is not None:
            # Later steps continue with this one.
            self._append(self._outputs, f"token={ending.job.token}\n")
        self._append(self._outputs, f"outcome={ending.outcome.label}\n")
        self._append(self._summary, summary(self._job, self._events, ending, self._targets))

    def close(self) -> None:
        """Do nothing."""

    def _annotate(self, level: str, title: str, message: str) -> None:
        if self._annotates:
            _stdio.say_as_it_is(annotation(level, title, message))

    def _append(self, path: str, text: str) -> None:
        if not path:
            return
        # A promotion must not fail because the runner's files cannot be written.
        with suppress(OSError), Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)


def _outputs(job: Job) -> Mapping[str, str | None]:
    """Further outputs of a promotion: its ids, and where the environment answers."""
    if job.task != "promotion":
        return {}
    environment = quote(job.environment or "", safe="")
    path = "run_remote" if job.resource.kind == "chain" else "predict"
    host = f"{job.resource.kind}-{job.resource.id}.api.baseten.co"
    return {
        "deployment_id": job.deployment,
        "previous_id": job.previous,
        "url": f"https://{host}/environments/{environment}/{path}",
    }


def annotation(level: str, title: str, message: str) -> str:
    """A workflow command in one line; special characters are escaped."""
    return f"::{level} title={_escape(title, ':,')}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    # The percent sign comes first, because the escapes contain it.
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def summary(
    job: Job | None,
    events: Sequence[Event],
    ending: Ending,
    targets: ShownTargets | None = None,
) -> str:
    """Markdown for the page of the run."""
    mark = "✅" if ending.outcome is Outcome.DONE else "❌"
    lines = [f"### {mark} {_cell(job or 'aiobaseten')}: {ending.title}", ""]
    if ending.message:
        lines += [_cell(ending.message), ""]
    last = ending.job or job
    if last is not None and last.token is not None:
        lines += [f"Token: `{last.token}`", ""]
    if ending.report is not None and ending.report.steps:
        lines += [*_steps(ending.report), ""]
    if targets is not None:
        lines += [*_targets(targets), ""]
    if events:
        lines += ["| seconds | event |", "| ---: | --- |"]
        lines += [_row(event) for event in events[-_MOST_ROWS:]]
        lines.append("")
    return "\n".join(lines) + "\n"


def _steps(report: GuardReport) -> Iterator[str]:
    """The steps of a guarded promotion, with the last verdict of each check."""
    yield "| traffic | check | verdict | why | requests | against |"
    yield "| ---: | --- | --- | --- | ---: | ---: |"
    for step in report.steps:
        if not step.verdicts:
            yield f"| {step.percent} % | - | not measured | - | - | - |"
        for one in step.verdicts:
            mark = _MARKS[one.outcome]
            new, old = (_requests(side) for side in (one.new, one.old))
            yield (
                f"| {step.percent} % | {_cell(one.check)} | {mark} {one.outcome} | "
                f"{_cell(one.reason)} | {new} | {old} |"
            )


def _targets(targets: ShownTargets) -> Iterator[str]:
    """The targets of a command, each with its outcome."""
    yield "| target | outcome | deployment | seconds |"
    yield "| --- | --- | --- | ---: |"
    for row in targets.rows:
        seconds = "-" if row.waited is None else f"{row.waited:.0f}"
        yield (
            f"| {_cell(row.label)} | {_cell(row.state)} | {_cell(row.deployment or '-')} | "
            f"{seconds} |"
        )


def _requests(side: Side | None) -> str:
    return "-" if side is None or side.requests is None else number(side.requests)


def _row(event: Event) -> str:
    at, _, text = event_text(event).strip().partition(" s  ")
    return f"| {at} | {_cell(text)} |"


def _cell(text: object) -> str:
    """Text without any effect in Markdown or HTML."""
    return one_line(text).translate(_ESCAPES)


# Special characters of Markdown and HTML, escaped.
_ESCAPES = {ord(character): f"&#{ord(character)};" for character in "\\`*_[]<>|#&"}
