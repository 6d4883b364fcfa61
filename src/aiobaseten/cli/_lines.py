"""One line for each event: for logs, pipes and simple terminals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from .. import Clock, DeploymentReading, EnvironmentReading
from ..events import Event, Finished, GuardActed
from ..plans import Plan
from . import _stdio
from ._flags import in_flags, in_shell
from ._invocations import Default, EnvironmentRef, ResourceRef
from ._jobs import (
    Beat,
    DeploymentRow,
    Ending,
    Job,
    ResourceRow,
    Result,
    ShownEnvironment,
    ShownHistory,
    ShownLog,
    ShownLogLine,
    ShownMetrics,
    ShownPlan,
    ShownResource,
    ShownResources,
    ShownTargets,
    TargetRow,
)
from ._measured import metrics_text
from ._outcomes import Outcome
from ._table import table
from ._text import columns, elapsed_time, harmless, one_line, padded, shown_time, timestamp

# The beginning of an event's text: its time.
_TIME = "{:7.1f} s  "


class LinesView:
    """Lines with a timestamp on standard output, and errors on standard error."""

    def __init__(self, clock: Clock, label: str = "") -> None:
        """Prepare.

        Args:
            clock: The clock of the waits.
            label: The target, if it is one of several.
        """
        self._clock = clock
        self._looked: Sequence[str] = ()
        self._label = label

    def note(self, text: str) -> None:
        """Print a line."""
        self._print(text)

    def begin(self, job: Job) -> None:
        """Print the subject of the command, and its token."""
        if job.task in ("promotion", "cancellation"):
            begun = "was started before, and nothing was sent" if job.was_adopted else "has started"
            self._print(f"{job} {begun}")
            if job.token is not None:
                self._print(f"token: {job.token}")
        elif job.task == "deployment":
            self._print(f"waiting for {job}")

    def event(self, event: Event) -> None:
        """Print a line. `end` shows the end of the wait."""
        if not isinstance(event, Finished):
            self._print(event_text(event))

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Print the lines that have changed."""
        before, self._looked = self._looked, tuple(_parts_text(shown))
        for text in self._looked:
            if text not in before:
                self._print(f"{_TIME.format(at)}{text}")

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Print a line."""
        self._print(defaults_text(defaults))

    def result(self, result: Result) -> None:
        """Print several lines."""
        for text in result_text(result):
            _stdio.say(text)

    def beat(self, beats: Sequence[Beat]) -> None:
        """Print a line."""
        self._print(beat_text(beats))

    def members(self, labels: Sequence[str]) -> Sequence[LinesView]:
        """Views whose lines begin with the target."""
        return [LinesView(self._clock, one_line(label)) for label in labels]

    def end(self, ending: Ending) -> None:
        """Print the message and the hints."""
        show_ending(ending, self._print, self._label)

    def close(self) -> None:
        """Do nothing."""

    def _print(self, text: str) -> None:
        label = f"{self._label} " if self._label else ""
        _stdio.say(f"{timestamp(self._clock.utcnow())} {label}{text}")


class QuietView:
    """Only the result, which is the token if the command starts something and does not wait."""

    def __init__(self, *, waits: bool, label: str = "") -> None:
        """Prepare.

        Args:
            waits: Whether the command waits.
            label: The target, if it is one of several.
        """
        self._waits = waits
        self._label = label

    def note(self, text: str) -> None:
        """Do nothing."""

    def begin(self, job: Job) -> None:
        """Print the token, unless the command waits."""
        if job.token is not None and not self._waits:
            _stdio.say(f"{self._label} {job.token}" if self._label else job.token)

    def event(self, event: Event) -> None:
        """Do nothing."""

    def look(self, shown: ShownEnvironment, at: float) -> None:  # noqa: ARG002 - others show it
        """Print the environment."""
        self.result(shown)

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Do nothing."""

    def result(self, result: Result) -> None:
        """Print several lines. Without a wait, the result of several targets is their tokens."""
        if isinstance(result, ShownTargets) and not self._waits:
            return
        for text in result_text(result):
            _stdio.say(text)

    def members(self, labels: Sequence[str]) -> Sequence[QuietView]:
        """Views whose lines begin with the target."""
        return [QuietView(waits=self._waits, label=one_line(label)) for label in labels]

    def end(self, ending: Ending) -> None:
        """Print an error."""
        show_ending(ending, lambda _: None, self._label)

    def close(self) -> None:
        """Do nothing."""


def show_ending(ending: Ending, say: Callable[[str], None], label: str = "") -> None:
    """Pass a success to *say*, line by line; print an error to standard error, if possible.

    Args:
        ending: The ending.
        say: Shows a line of a success.
        label: The target, if it is one of several.
    """
    if ending.outcome is Outcome.DONE:
        for text in (one_line(ending.message), *ending.hints):
            if text:
                say(text)
        return
    whose = f"{label}: " if label else ""
    message = f"aiobaseten: {whose}{one_line(ending.message)}"
    for text in (message, *ending.hints, *log_text(ending)):
        _stdio.tell(text)


def log_text(ending: Ending) -> Iterator[str]:
    """The last lines of the log, and the notes of the error."""
    for entry in ending.log:
        time = f"{timestamp(entry.at)} " if entry.at else ""
        chainlet = f"{entry.chainlet}: " if entry.chainlet else ""
        first, *more = entry.message.splitlines() or [""]
        yield one_line(f"{time}{chainlet}{first}")
        yield from (one_line(f"| {text}") for text in more)
    for note in ending.notes:
        yield one_line(note)


def event_text(event: Event) -> str:
    """An event in one line: the seconds since the wait began, and the change."""
    time = _TIME.format(event.at)
    text = str(event).removeprefix(time)
    if isinstance(event, GuardActed):
        text = text.replace(event.policy, in_flags(event.policy), 1)
    return time + one_line(text)


def defaults_text(defaults: Sequence[Default]) -> str:
    """What stands for words and options that the user left out, in one line."""
    return one_line(
        "using " + ", ".join(f"{one.name} {one.text} (from {one.source})" for one in defaults)
    )


def beat_text(beats: Sequence[Beat]) -> str:
    """What the command waits for, in one line: of several targets, the one that takes longest."""
    longest = max(beats, key=lambda one: one.seconds)
    many = f"{len(beats)} targets are under way; " if len(beats) > 1 else ""
    whose = f"{longest.label}: " if longest.label else ""
    since = f"since {timestamp(longest.since)}, for {elapsed_time(longest.seconds)}"
    return one_line(f"{many}{whose}{longest.subject}, {since}")


def result_text(result: Result) -> Iterator[str]:
    """A result in several lines."""
    match result:
        case ShownEnvironment():
            yield from environment_text(result.place, result.reading)
        case ShownResource():
            yield from listing_text(result.resource, result.environments, result.deployments)
        case ShownResources():
            yield from _resources_text(result.rows)
        case ShownLog():
            yield from (text for line in result.lines for text in _log_line_text(line))
        case ShownMetrics():
            yield from metrics_text(result)
        case ShownHistory():
            yield from _history_text(result)
        case ShownPlan():
            yield from _plan_text(result.place, result.plan)
        case ShownTargets():
            yield from _targets_text(result.rows)
        case _:
            assert_never(result)


def environment_text(place: EnvironmentRef, reading: EnvironmentReading) -> Iterator[str]:
    """An environment in several lines."""
    promotion = reading.promotion
    yield str(place)
    yield from _deployment_text("current", reading.current)
    yield from _deployment_text("candidate", reading.candidate)
    if promotion is None:
        yield "  promotion  none"
    else:
        reason = f": {one_line(promotion.message)}" if promotion.message else ""
        yield f"  promotion  {promotion.status}{reason}"
    if promotion is not None and reading.candidate is not None:
        yield f"  traffic    {promotion.percent} % on the candidate"
    elif reading.current is not None and (promotion is None or promotion.is_over):
        yield "  traffic    100 % on the current deployment"


def _parts_text(shown: ShownEnvironment) -> Iterator[str]:
    """The parts of an environment, each in a line that says of which deployment it is."""
    role = ""
    for text in environment_text(shown.place, shown.reading):
        if text.startswith("    "):
            yield f"{role} {text.strip()}"
        elif text.startswith("  "):
            role = text.split()[0]
            yield text.strip()


def _deployment_text(role: str, reading: DeploymentReading | None) -> Iterator[str]:
    if reading is None:
        yield f"  {role:9}  none"
        return
    yield f"  {role:9}  {reading.id}  {reading.status}"
    width = max((columns(chainlet.name) for chainlet in reading.chainlets), default=0)
    for chainlet in reading.chainlets:
        yield f"    chainlet {padded(chainlet.name, width)}  {chainlet.status}"


def listing_text(
    resource: ResourceRef,
    environments: Sequence[EnvironmentReading],
    deployments: Sequence[DeploymentRow],
) -> Iterator[str]:
    """The environments and deployments of a resource, as two tables."""
    yield str(resource)
    yield from table(
        ["ENVIRONMENT", "CURRENT", "CANDIDATE", "PROMOTION"],
        [
            [
                one.name,
                one.current_id or "-",
                one.candidate_id or "-",
                f"{one.promotion.status}, {one.promotion.percent} %" if one.promotion else "-",
            ]
            for one in environments
        ],
    )
    yield ""
    yield from table(
        ["DEPLOYMENT", "NAME", "STATUS", "ENVIRONMENT", "CREATED"],
        [
            [
                one.id,
                one.name or "-",
                one.status,
                one.environment or "-",
                shown_time(one.created_at),
            ]
            for one in deployments
        ],
    )


def _log_line_text(line: ShownLogLine) -> Iterator[str]:
    """A line of a log; the further lines of its message begin with a bar."""
    time = timestamp(line.at) if line.at else "-"
    about = [time, line.level or "", f"{line.chainlet}:" if line.chainlet else ""]
    first, *more = line.message.splitlines() or [""]
    yield harmless(" ".join([*(one for one in about if one), first]).rstrip())
    yield from (harmless(f"| {text}") for text in more)


def _history_text(shown: ShownHistory) -> Iterator[str]:
    """The releases of an environment, as a table."""
    yield str(shown.place)
    yield from table(
        ["PROMOTED", "DEPLOYMENT", "NAME", "STATE", "BY", "THROUGH"],
        [
            [
                shown_time(one.at),
                one.deployment_id or "-",
                one.name or "-",
                one.state,
                one.by or "-",
                one.through or "-",
            ]
            for one in shown.releases
        ],
    )
    if not shown.releases:
        yield "the audit log shows no promotion"


def _plan_text(place: EnvironmentRef, plan: Plan) -> Iterator[str]:
    """A plan in several lines."""
    replicas = plan.deployment_replicas
    running = "" if replicas is None else f", {replicas} replica{'s' if replicas != 1 else ''}"
    yield f"plan for {place}; nothing is sent"
    yield f"  key         {one_line(plan.key_owner or 'not known')}"
    yield (
        f"  deployment  {_called(plan.deployment_id, plan.deployment_name)}  "
        f"{plan.deployment_status}{running}"
    )
    yield f"  replaces    {_called(plan.current_id, plan.current_name)}"
    yield f"  afterwards  {plan.cleanup} for the deployment that is replaced"
    yield f"  promotion   {_under_way(plan)}"
    yield f"  traffic     {_moves(plan)}"
    yield f"  duration    {_least(plan.least_s)}"
    body = json.dumps(plan.request.body)
    sends = one_line(f"{plan.request.method} {plan.request.path} {body}")
    if plan.adopts_id is not None:
        sends = f"nothing: the promotion of deployment {one_line(plan.adopts_id)} is adopted"
    yield f"  sends       {sends}"
    for warning in plan.warnings:
        yield one_line(f"{warning.code}: {in_shell(warning.message)}")
    if not plan.warnings:
        yield "no warnings"


def _called(deployment_id: str | None, name: str | None) -> str:
    if deployment_id is None:
        return "none"
    return deployment_id if name in (None, deployment_id) else one_line(f"{deployment_id} ({name})")


def _under_way(plan: Plan) -> str:
    if not plan.promoting:
        return "none under way"
    status = f", {plan.promotion_status}" if plan.promotion_status else ""
    return f"of {plan.promoting_id or 'another deployment'} under way{status}"


def _moves(plan: Plan) -> str:
    """How the traffic moves."""
    if plan.rolling is not None:
        return (
            f"in steps, {_between(plan)} between 0 and 100 %: "
            f"surge {plan.rolling.max_surge_percent} %, unavailable "
            f"{plan.rolling.max_unavailable_percent} %, stabilization "
            f"{plan.rolling.stabilization_s:g} s, overhead "
            f"{plan.rolling.replica_overhead_percent} %"
        )
    if plan.ramp_s is not None:
        return f"in ten stages, in {plan.ramp_s:g} s"
    return "all at once"


def _between(plan: Plan) -> str:
    if plan.steps is None:
        return "a number that is not known"
    return f"at least {plan.steps}" if plan.steps else "perhaps none"


def _least(seconds: float) -> str:
    """How long it takes."""
    if not seconds:
        return "as long as the deployment takes to be ready"
    return f"at least {elapsed_time(seconds)} for the traffic, after the deployment is ready"


def _resources_text(rows: Sequence[ResourceRow]) -> Iterator[str]:
    """Chains and models, as one table."""
    yield from table(
        ["KIND", "NAME", "ID", "TEAM", "DEPLOYMENTS", "CREATED"],
        [
            [
                row.resource.kind,
                row.resource.word,
                row.resource.id,
                row.team or "-",
                "-" if row.deployments is None else str(row.deployments),
                shown_time(row.created_at),
            ]
            for row in rows
        ],
    )


def _targets_text(rows: Sequence[TargetRow]) -> Iterator[str]:
    """Several targets, as one table."""
    yield from table(
        ["TARGET", "OUTCOME", "DEPLOYMENT", "TIME"],
        [
            [
                row.label,
                row.state,
                row.deployment or "-",
                "-" if row.waited is None else elapsed_time(row.waited),
            ]
            for row in rows
        ],
    )
