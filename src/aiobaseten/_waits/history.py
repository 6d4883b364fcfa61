"""The statuses that a wait has seen."""

from __future__ import annotations

from collections import deque

from attrs import define, field

from .._status import Phase, is_known, phase_of
from ..errors import Seen
from ..events import StatusChanged

_HISTORY = 500


@define
class Track:
    """One subject's present status."""

    status: str
    since: float
    last: float
    is_first: bool = True
    was_ready: bool = False


@define
class Log:
    """The statuses seen so far."""

    tracks: dict[tuple[str, str], Track] = field(factory=dict[tuple[str, str], Track])
    changed_at: float = 0.0
    _past: deque[Seen] = field(factory=lambda: deque(maxlen=_HISTORY))

    def note(
        self,
        subject: str,
        name: str,
        status: str,
        at: float,
        event: type[StatusChanged] = StatusChanged,
    ) -> tuple[StatusChanged, ...]:
        """Take in a status, and tell whether it is news."""
        track = self.tracks.get((subject, name))
        if track is not None and track.status == status:
            track.last = at
            return ()
        self.changed_at = at
        ready = phase_of(status) is Phase.READY
        if track is None:
            self.tracks[subject, name] = Track(status, at, at, was_ready=ready)
        else:
            self._past.append(_seen(subject, name, track))
            self.tracks[subject, name] = Track(
                status, at, at, is_first=False, was_ready=ready or track.was_ready
            )
        previous = track.status if track else None
        return (event(at=at, subject=subject, name=name, previous=previous, status=str(status)),)

    def history(self) -> tuple[Seen, ...]:
        """What was seen, oldest first."""
        present = (_seen(*key, track) for key, track in self.tracks.items())
        return tuple(sorted([*self._past, *present], key=lambda seen: seen.since))[-_HISTORY:]

    def status(self, subject: str) -> str | None:
        """The present status of the first *subject*, or ``None``."""
        return next((t.status for key, t in self.tracks.items() if key[0] == subject), None)

    def has_changed(self, subject: str) -> bool:
        """Whether the first *subject* has had more than one status."""
        return any(not t.is_first for key, t in self.tracks.items() if key[0] == subject)

    def describe(self) -> str:
        """What was last seen, for a person."""
        if not self.tracks:
            return "nothing yet"
        return ", ".join(
            f"{subject} {name} {_named(track.status)}"
            for (subject, name), track in self.tracks.items()
        )


def _seen(subject: str, name: str, track: Track) -> Seen:
    return Seen(
        subject=subject,
        name=name,
        status=str(track.status),
        since=track.since,
        seconds=track.last - track.since,
    )


def _named(status: str) -> str:
    return status if is_known(status) else f"{status} (a status that this version does not know)"
