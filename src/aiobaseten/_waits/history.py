"""The statuses that a wait has seen."""

from __future__ import annotations

from attrs import define, field

from .._status import Phase, is_known, phase_of
from ..errors import Seen
from ..events import StatusChanged
from .readings import HOPELESS

_HISTORY = 500
#: Seconds without a look after which nobody can say that a status has lasted.
_BLIND_S = 60.0


# Without a slot for weak references: each wait has one for each thing that it waits for.
@define(weakref_slot=False)
class Track:
    """One subject's present status.

    Attributes:
        status: As Baseten spells it.
        since: When it was first seen.
        last: When it was last seen.
        unbroken_since: The same as *since*, unless there was too long a time without a look.
        stopped_since: When it was first seen, if all that was ever seen of it is that it had
            stopped or failed; otherwise ``None``.
        was_ready: Whether it has been seen ready.
    """

    status: str
    since: float
    last: float
    unbroken_since: float
    stopped_since: float | None
    was_ready: bool


@define
class Log:
    """The statuses seen so far."""

    tracks: dict[tuple[str, str], Track] = field(factory=dict[tuple[str, str], Track])
    changed_at: float = 0.0
    _past: tuple[Seen, ...] = ()

    def note(
        self,
        key: tuple[str, str],
        status: str,
        at: float,
        event: type[StatusChanged] = StatusChanged,
    ) -> tuple[StatusChanged, ...]:
        """Take in the status of a subject with a name, and tell whether it is news."""
        before = self.tracks.get(key)
        if before is not None and before.status == status:
            if at - before.last > _BLIND_S:
                before.unbroken_since = at
            before.last = at
            return ()
        self.changed_at = at
        phase = phase_of(status)
        stopped_since = at if before is None else before.stopped_since
        self.tracks[key] = Track(
            status=status,
            since=at,
            last=at,
            unbroken_since=at,
            stopped_since=stopped_since if phase in HOPELESS else None,
            was_ready=phase is Phase.READY or (before is not None and before.was_ready),
        )
        if before is not None:
            self._past = (*self._past, _seen(*key, before))[-_HISTORY:]
        previous = before.status if before else None
        subject, name = key
        return (event(at=at, subject=subject, name=name, previous=previous, status=status),)

    def history(self) -> tuple[Seen, ...]:
        """What was seen, oldest first."""
        present = (_seen(*key, track) for key, track in self.tracks.items())
        return tuple(sorted([*self._past, *present], key=lambda seen: seen.since))[-_HISTORY:]

    def describe(self) -> str:
        """What the last look that showed something showed, for a person."""
        latest = max((track.last for track in self.tracks.values()), default=None)
        said = [
            f"{subject} {name} {_named(subject, track.status)}"
            for (subject, name), track in self.tracks.items()
            if track.last == latest
        ]
        return ", ".join(said) or "nothing of it"


def _seen(subject: str, name: str, track: Track) -> Seen:
    return Seen(
        subject=subject,
        name=name,
        status=track.status,
        since=track.since,
        seconds=track.last - track.since,
    )


def _named(subject: str, status: str) -> str:
    known = is_known(subject, status)
    return status if known else f"{status} (a status that this version does not know)"
