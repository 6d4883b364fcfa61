"""What a live view shows, as a value that events change. No terminal, no clock."""

from __future__ import annotations

from attrs import evolve, frozen

from .._status import Phase, PromotionPhase, meaning_of, promotion_phase_of
from ..events import Event, Finished, LookFailed, StatusChanged, TrafficShifted
from ._jobs import Job, one_line


@frozen(kw_only=True)
class Row:
    """A deployment or a chainlet.

    Attributes:
        subject: ``"deployment"`` or ``"chainlet"``.
        name: Which one.
        status: Its status.
        since: Seconds of the wait at which it was first seen.
    """

    subject: str
    name: str
    status: str
    since: float

    @property
    def phase(self) -> Phase:
        """What the status means."""
        return meaning_of(self.status).phase


@frozen(kw_only=True)
class Picture:
    """A wait, as far as it has been seen.

    Attributes:
        job: What is waited for.
        rows: The deployment, then its chainlets, in the order in which they were seen.
        promotion: The promotion's status, if it was seen.
        percent: The share of traffic that goes to the deployment, if it was seen.
        failures: How many looks failed.
        trouble: The last of them, and when it was, if there was one.
        is_over: Whether the wait has ended.
    """

    job: Job
    rows: tuple[Row, ...] = ()
    promotion: str | None = None
    percent: int | None = None
    failures: int = 0
    trouble: tuple[float, str] | None = None
    is_over: bool = False

    def after(self, event: Event) -> Picture:
        """The picture once *event* has happened."""
        if isinstance(event, StatusChanged):
            if event.subject == "promotion":
                return evolve(self, promotion=event.status)
            return evolve(self, rows=self._with(event))
        if isinstance(event, TrafficShifted):
            return evolve(self, percent=event.percent)
        if isinstance(event, LookFailed):
            said = one_line(event.error)
            return evolve(self, failures=self.failures + 1, trouble=(event.at, said))
        if isinstance(event, Finished):
            return evolve(self, is_over=True)
        return self

    def _with(self, event: StatusChanged) -> tuple[Row, ...]:
        row = Row(subject=event.subject, name=event.name, status=event.status, since=event.at)
        key = (row.subject, row.name)
        if key in [(one.subject, one.name) for one in self.rows]:
            return tuple(row if (one.subject, one.name) == key else one for one in self.rows)
        return (*self.rows, row)

    @property
    def is_paused(self) -> bool:
        """Whether somebody paused the promotion."""
        return (
            self.promotion is not None
            and promotion_phase_of(self.promotion) is PromotionPhase.PAUSED
        )

    def waiting_for(self) -> str:
        """What has to happen next, in a few words."""
        if not self.rows and self.promotion is None:
            return "the first look"
        if self.is_paused:
            return "somebody to resume or cancel the promotion"
        if self.job.task == "cancellation":
            return "traffic to be back on what served before"
        chainlets = [one for one in self.rows if one.subject == "chainlet"]
        pending = [one for one in chainlets or self.rows if one.phase is not Phase.READY]
        if pending:
            names = ", ".join(one.name for one in pending[:_MOST_NAMES])
            more = len(pending) - _MOST_NAMES
            return f"{names}{f' and {more} more' if more > 0 else ''} to become ready"
        if self.job.task == "promotion":
            return "traffic to move"
        return "the deployment to become ready"


_MOST_NAMES = 4
