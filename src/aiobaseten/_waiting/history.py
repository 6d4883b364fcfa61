"""The statuses that a wait has seen. Pure."""

from __future__ import annotations

import sys

from attrs import define

from .._status import Phase, is_known, meaning_of
from ..errors import Seen
from ..events import StatusChanged
from ..readings import HOPELESS

_LONGEST = 500
#: Seconds without an answer after which a status is not known to have lasted.
_BLIND_S = 60.0


# Without a slot for weak references: each wait has one of these for each part.
@define(weakref_slot=False)
class StatusRecord:
    """The present status of one subject.

    Attributes:
        subject: The kind of thing, as in events.
        name: Which one.
        status: As Baseten spells it.
        since: When it was first seen.
        last: When it was last seen.
        unbroken_since: The same as *since*, or the end of the last long gap in which a look was not
            answered. Looks that nobody asked for are no gap.
        stopped_since: When the subject was first seen, if it was only ever seen stopped or failed;
            otherwise ``None``.
        restarted_at: When it was first seen otherwise, after that; or ``None``.
        was_ready: Whether the subject has been seen ready.
    """

    subject: str
    name: str
    status: str
    since: float
    last: float
    unbroken_since: float
    stopped_since: float | None
    restarted_at: float | None
    was_ready: bool


@define(weakref_slot=False)
class History:
    """The statuses seen so far.

    Attributes:
        present: The present status of each subject; few, so that a table would take more memory.
        changed_at: When something last changed.
    """

    present: tuple[StatusRecord, ...] = ()
    changed_at: float = 0.0
    _missed_at: float = -1.0
    _past: tuple[Seen, ...] = ()

    def note_missing(self, at: float) -> None:
        """Record that a look was not answered, or was held because its route was down."""
        self._missed_at = at

    def of(self, key: tuple[str, str]) -> StatusRecord:
        """The present status of a subject that has been seen."""
        record = self._find(key)
        if record is None:
            raise KeyError(key)
        return record

    def _find(self, key: tuple[str, str]) -> StatusRecord | None:
        subject, name = key
        for record in self.present:
            if record.name == name and record.subject == subject:
                return record
        return None

    def note(
        self,
        key: tuple[str, str],
        status: str,
        at: float,
        event: type[StatusChanged] = StatusChanged,
    ) -> tuple[StatusChanged, ...]:
        """Record the status of a part; returns an event if it is new."""
        before = self._find(key)
        if before is not None and before.status == status:
            if at - before.last > _BLIND_S and self._missed_at > before.last:
                before.unbroken_since = at
            before.last = at
            return ()
        self.changed_at = at
        phase = meaning_of(status).phase
        stopped_since = at if before is None else before.stopped_since
        is_stopped = phase in HOPELESS
        restarted_at = None if before is None else before.restarted_at
        if before is not None and before.stopped_since is not None and not is_stopped:
            restarted_at = at
        subject, name = key
        now = StatusRecord(
            subject=subject,
            name=name,
            status=sys.intern(status),  # otherwise each wait keeps a copy from its answer
            since=at,
            last=at,
            unbroken_since=at,
            stopped_since=stopped_since if is_stopped else None,
            restarted_at=restarted_at,
            was_ready=phase is Phase.READY or (before is not None and before.was_ready),
        )
        previous = before.status if before else None
        if before is None:
            self.present = (*self.present, now)
        else:
            self._past = (*self._past, _seen(before))[-_LONGEST:]
            self.present = tuple(now if one is before else one for one in self.present)
        return (event(at=at, subject=subject, name=name, previous=previous, status=status),)

    def seen(self) -> tuple[Seen, ...]:
        """Every status seen, oldest first."""
        present = map(_seen, self.present)
        return tuple(sorted([*self._past, *present], key=lambda one: one.since))[-_LONGEST:]

    def describe(self) -> str:
        """The last look that showed something, for a person."""
        latest = max((record.last for record in self.present), default=None)
        seen = [
            f"{record.subject} {record.name} {_named(record.subject, record.status)}"
            for record in self.present
            if record.last == latest
        ]
        return ", ".join(seen) or "nothing of it"


def _seen(record: StatusRecord) -> Seen:
    return Seen(
        subject=record.subject,
        name=record.name,
        status=record.status,
        since=record.since,
        seconds=record.last - record.since,
    )


def _named(subject: str, status: str) -> str:
    known = is_known(subject, status)
    return status if known else f"{status} (a status that this version does not know)"
