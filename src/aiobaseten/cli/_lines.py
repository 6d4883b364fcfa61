"""One line for each transition: for logs, pipes and terminals that cannot do more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..events import Event, Finished
from ..options import Clock
from ..readings import DeploymentReading, EnvironmentReading
from . import _stdio
from ._jobs import Ending, Job, Listed, of_day, one_line
from ._outcomes import Outcome

#: How an event's line begins: with its time.
_TIME = "{:7.1f} s  "


class Lines:
    """Timestamped lines on standard output; what goes wrong on standard error."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def note(self, text: str) -> None:
        """A line."""
        self._say(text)

    def begin(self, job: Job) -> None:
        """Say what it is about, and the token."""
        if job.task in ("promotion", "cancellation"):
            self._say(f"{job} has begun")
            if job.token is not None:
                self._say(f"token: {job.token}")
        elif job.task == "deployment":
            self._say(f"waiting for {job}")

    def event(self, event: Event) -> None:
        """One line; the end is told by `end`."""
        if not isinstance(event, Finished):
            self._say(line(event))

    def environment(self, job: Job, reading: EnvironmentReading) -> None:
        """Several lines."""
        for text in environment(job, reading):
            _stdio.say(text)

    def listing(
        self, job: Job, environments: Sequence[EnvironmentReading], deployments: Sequence[Listed]
    ) -> None:
        """A table."""
        for text in listing(job, environments, deployments):
            _stdio.say(text)

    def end(self, ending: Ending) -> None:
        """A last line."""
        tell(ending, self._say)

    def close(self) -> None:
        """Nothing to give back."""

    def _say(self, text: str) -> None:
        _stdio.say(f"{of_day(self._clock.utcnow())} {text}")


class Quiet:
    """The answer, and nothing else: of what only begins something, the token."""

    def __init__(self, *, waits: bool) -> None:
        self._waits = waits

    def note(self, text: str) -> None:
        """Nothing."""

    def begin(self, job: Job) -> None:
        """Print the token, if nobody waits."""
        if job.token is not None and not self._waits:
            _stdio.say(job.token)

    def event(self, event: Event) -> None:
        """Nothing."""

    def environment(self, job: Job, reading: EnvironmentReading) -> None:
        """The answer."""
        for text in environment(job, reading):
            _stdio.say(text)

    def listing(
        self, job: Job, environments: Sequence[EnvironmentReading], deployments: Sequence[Listed]
    ) -> None:
        """The answer."""
        for text in listing(job, environments, deployments):
            _stdio.say(text)

    def end(self, ending: Ending) -> None:
        """Only what went wrong."""
        tell(ending, lambda _: None)

    def close(self) -> None:
        """Nothing to give back."""


def tell(ending: Ending, say: Callable[[str], None]) -> None:
    """Say how it ended: to *say* if well, else to standard error."""
    if ending.outcome is Outcome.DONE:
        for text in (one_line(ending.message), *ending.hints):
            if text:
                say(text)
        return
    _stdio.complain(one_line(ending.message))
    for text in (*ending.hints, *log(ending)):
        _stdio.hint(text)


def log(ending: Ending) -> Iterator[str]:
    """The end of the log, and why there is no more of it."""
    for one in ending.log:
        time = f"{of_day(one.at)} " if one.at else ""
        chainlet = f"{one.chainlet}: " if one.chainlet else ""
        first, *more = one.message.splitlines() or [""]
        yield one_line(f"{time}{chainlet}{first}")
        # Not a line that begins as it likes: GitHub would take some for commands.
        yield from (f"| {one_line(text)}" for text in more)
    for note in ending.notes:
        yield one_line(note)


def line(event: Event) -> str:
    """An event: when, in seconds of the wait, and what."""
    time = _TIME.format(event.at)
    return time + one_line(str(event).removeprefix(time))


def environment(job: Job, reading: EnvironmentReading) -> Iterator[str]:
    """An environment, for a person."""
    promotion = reading.promotion
    yield job.place
    yield from _deployment("current", reading.current)
    yield from _deployment("candidate", reading.candidate)
    if promotion is None:
        yield "  promotion  none"
    else:
        why = f": {one_line(promotion.message)}" if promotion.message else ""
        yield f"  promotion  {promotion.status}{why}"
        yield f"  traffic    {promotion.percent} % on the candidate"


def _deployment(role: str, reading: DeploymentReading | None) -> Iterator[str]:
    if reading is None:
        yield f"  {role:9}  none"
        return
    own, *chainlets = reading.parts
    yield f"  {role:9}  {own.name}  {own.status}"
    width = max((len(one.name) for one in chainlets), default=0)
    for one in chainlets:
        yield f"    chainlet {one.name:{width}}  {one.status}"


def listing(
    job: Job, environments: Sequence[EnvironmentReading], deployments: Sequence[Listed]
) -> Iterator[str]:
    """What a chain or a model has, for a person."""
    yield f"{job.place}"
    yield from _columns(
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
    yield from _columns(
        ["DEPLOYMENT", "NAME", "STATUS", "ENVIRONMENT", "CREATED"],
        [
            [one.id, one.name or "-", one.status, one.environment or "-", one.created_at]
            for one in deployments
        ],
    )


def _columns(heads: list[str], rows: Sequence[list[str]]) -> Iterator[str]:
    table = [heads, *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(heads))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
