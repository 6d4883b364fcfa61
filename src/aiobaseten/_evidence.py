"""The parts of the evidence of a wait. They are public as names of `errors`.

They are apart because most programs never need them: see `_first_use`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import field, frozen


@frozen(kw_only=True)
class Seen:
    """One status that a wait saw, and for how long.

    Attributes:
        subject: The kind of thing: ``"deployment"``, ``"chainlet"`` or ``"promotion"``.
        name: Which one: an id, or a chainlet's name.
        status: The status, as Baseten spells it.
        since: Seconds from the start of the wait until it was first seen.
        seconds: Seconds from then until it was last known to hold.
    """

    subject: str
    name: str
    status: str
    since: float
    seconds: float


@frozen(kw_only=True)
class LogLine:
    """One line of a log, added to the error of a wait by its option ``log_lines``.

    Attributes:
        chainlet: The name of the chainlet that wrote it, or ``None`` for a model.
        at: When it was written, or ``None`` if Baseten does not say that.
        message: Its text; of more than 2000 characters the beginning and the end. Not in the repr,
            because programs write secrets into their logs.
    """

    chainlet: str | None
    at: datetime | None
    message: str = field(repr=False)


@frozen(kw_only=True)
class StartupPhase:
    """One phase of the startup of a replica.

    Attributes:
        name: As Baseten spells it, such as ``"WEIGHT_DOWNLOAD"``. It may be a phase that this
            version does not know.
        seconds: How long it took, or takes until now.
        is_over: Whether it has ended.
        usual: Seconds that half of the earlier startups took for it, or ``None`` if that is not
            known.
    """

    name: str
    seconds: float
    is_over: bool
    usual: float | None


@frozen(kw_only=True)
class Startup:
    """The newest startup of a replica that is not ready, from Baseten's list of startups.

    It prints as a sentence: ``Its newest replica has been downloading weights for 14 min (usually 3
    min).``

    Attributes:
        replica: The id of the replica, or ``None``.
        has_failed: Whether it has ended without success.
        seconds: How long it took, or takes until now.
        phases: The phases that were seen, in the order in which they began.
        usual: Seconds that half of the earlier startups took at most until they were ready, or
            ``None`` if that is not known.
        usual_at_most: Seconds that nine of ten took at most, or ``None``.
    """

    replica: str | None
    has_failed: bool
    seconds: float
    phases: tuple[StartupPhase, ...]
    usual: float | None = None
    usual_at_most: float | None = None

    @property
    def phase(self) -> StartupPhase | None:
        """The phase that it is in, or in which it has failed; ``None`` before the first."""
        return self.phases[-1] if self.phases else None

    def __str__(self) -> str:
        phase = self.phase
        name = "" if phase is None else phase.name
        does = _PHASES.get(name, f"in the phase {name}" if name else "starting")
        seconds = self.seconds if phase is None else phase.seconds
        usual = None if phase is None else phase.usual
        usually = "" if usual is None else f" (usually {_duration(usual)})"
        if self.has_failed:
            return f"Its newest replica failed while {does}, after {_duration(seconds)}{usually}."
        return f"Its newest replica has been {does} for {_duration(seconds)}{usually}."


_PHASES = {
    "SCHEDULING": "waiting for a machine",
    "IMAGE_PULL": "pulling the image",
    "WEIGHT_DOWNLOAD": "downloading weights",
    "CONTAINER_CREATE": "creating the container",
    "CONTAINER_START": "starting the container",
    "READINESS": "waiting for the model to become ready",
}


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"


@frozen(kw_only=True)
class AuditedAct:
    """Something that somebody did to a promotion, from Baseten's audit log.

    It prints as a part of a sentence: ``cancelled by ops@example.com through the UI at …``.

    Attributes:
        action: ``"cancelled"``, ``"paused"``, ``"promoted"`` or ``"rolled forward"``.
        by: A person's email address or the name of an API key, with what it is.
        through: The surface, such as ``"the UI"`` or ``"the API"``; ``None`` if it is not known.
        at: When, or ``None``.
    """

    action: str
    by: str
    through: str | None
    at: datetime | None

    def __str__(self) -> str:
        through = "" if self.through is None else f" through {self.through}"
        return f"{self.action} by {self.by}{through}{_at(self.at)}"


def _at(time: datetime | None) -> str:
    """A time, for a sentence; nothing if it is not known or not in the calendar of UTC."""
    try:
        return "" if time is None else f" at {time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return ""
