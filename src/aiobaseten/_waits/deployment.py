"""A wait until a deployment is ACTIVE, and what the statuses of its parts mean together."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from attrs import define, field, frozen

from .._status import Phase, may_be_old_state
from ..errors import DeploymentFailedError
from ..events import DeploymentWoken, Event
from .history import Log, Track
from .readings import DeploymentReading, Part
from .steps import KEEPS_WORKING, Done, Failed, Pending, Policy, Step, Verdict, Wake


class Judgement(Enum):
    """What the status of a part means to this wait, now."""

    READY = "ready"
    PENDING = "pending"
    ASLEEP = "asleep, will stay so, and that will not do"
    FAILED = "failed"


def judge(part: Part, track: Track, policy: Policy, at: float, *, promoting: bool) -> Judgement:
    """What a part's status means, given how long and after what it has lasted."""
    if part.phase is Phase.PENDING:
        return Judgement.PENDING
    if part.phase is Phase.READY:
        return Judgement.READY
    if part.phase is Phase.ASLEEP:
        is_settled = track.was_ready or at - track.since >= policy.settling_time
        if promoting or not part.deployed or not is_settled:
            return Judgement.PENDING
        return Judgement.READY if policy.accept_scaled_to_zero else Judgement.ASLEEP
    if part.phase is Phase.UNHEALTHY:
        has_lasted = at - track.unbroken_since >= policy.unhealthy_grace
        return Judgement.FAILED if has_lasted else Judgement.PENDING
    return Judgement.PENDING if _may_be_old(part, track, policy, at) else Judgement.FAILED


def _may_be_old(part: Part, track: Track, policy: Policy, at: float) -> bool:
    """Whether this may be the state from before somebody started it, or started it again."""
    return (
        (policy.after_retry or may_be_old_state(part.status))
        and track.stopped_since is not None
        and at - track.stopped_since < policy.settling_time
    )


@frozen
class Fold:
    """The parts of a deployment that are not ready, by what they are instead."""

    failed: tuple[Part, ...]
    pending: tuple[Part, ...]
    asleep: tuple[Part, ...]


def fold(
    reading: DeploymentReading, log: Log, policy: Policy, at: float, *, promoting: bool
) -> Fold:
    """What a deployment's parts mean together: it is ready when every part is."""
    failed: list[Part] = []
    pending: list[Part] = []
    asleep: list[Part] = []
    for part in reading.parts:
        track = log.tracks[part.key]
        its = judge(part, track, policy, at, promoting=promoting)
        if its is Judgement.PENDING:
            pending.append(part)
        elif its is Judgement.FAILED:
            failed.append(part)
        elif its is Judgement.ASLEEP:
            asleep.append(part)
    return Fold(tuple(failed), tuple(pending), tuple(asleep))


def note_parts(log: Log, reading: DeploymentReading, at: float) -> list[Event]:
    """Take in the statuses of a deployment's parts, and tell what is news."""
    return [event for part in reading.parts for event in log.note(part.key, part.status, at)]


def names(parts: Iterable[Part]) -> str:
    """Parts, for a person."""
    return ", ".join(f"{part.subject} {part.name}" for part in parts)


def what_failed(failed: tuple[Part, ...], log: Log, at: float) -> str:
    """Parts that failed and how, for a person."""
    said: list[str] = []
    for part in failed:
        lasted = at - log.tracks[part.key].unbroken_since
        how = f"is {part.status}"
        if part.phase is Phase.UNHEALTHY:
            how = f"has been {part.status} for {lasted:.0f} s"
        said.append(f"{names([part])} {how}")
    return ", ".join(said)


def advice(failed: tuple[Part, ...]) -> str:
    """What to do about parts that failed."""
    phases = {part.phase for part in failed}
    if Phase.FAILED in phases:
        return "Baseten has given up on it: see its logs, then retry it or push again."
    if Phase.STOPPED in phases:
        return "It does not run until somebody activates it or starts it again."
    return "It still runs, and may recover: see its logs."


def chainlets(failed: tuple[Part, ...]) -> tuple[str, ...]:
    """The names of the chainlets among the parts."""
    return tuple(part.name for part in failed if part.subject == "chainlet")


def nobody_will_wake(asleep: tuple[Part, ...], *, unless: str = "", instead: str = "") -> str:
    """What to do about parts that sleep."""
    return (
        f"Nothing but a request will wake {names(asleep)}{unless}: "
        f"pass accept_scaled_to_zero=True if asleep will do{instead}."
    )


@define
class DeploymentWait:
    """A wait until a deployment is ACTIVE.

    Attributes:
        label: What is waited for: what it is as a string begins sentences.
        policy: What the caller asked.
        can_wake: Whether there is a way to wake it.
        log: The statuses seen so far.
    """

    label: object
    policy: Policy
    can_wake: bool
    log: Log = field(factory=Log)
    _asleep: tuple[Part, ...] = ()
    _woken_at: float | None = None

    def see(self, reading: DeploymentReading, at: float) -> Step:
        """Decide."""
        events = note_parts(self.log, reading, at)
        folded = fold(reading, self.log, self.policy, at, promoting=reading.promoting)
        self._asleep = () if folded.pending else folded.asleep
        return Step(
            verdict=self._verdict(reading, folded, at),
            events=tuple(events),
            stage=reading.stage,
            in_stage=at - self.log.changed_at,
        )

    def still(self) -> str:
        """What a wait that runs out has to say."""
        said = f"{self.label} is not active; last seen: {self.log.describe()}."
        if not self._asleep:
            return f"{said} {KEEPS_WORKING}"
        if self._woken_at is not None:
            return f"{said} It was asked to wake up at {self._woken_at:.0f} s, and has not."
        instead = ", or wake=True" if self.can_wake else ""
        note = nobody_will_wake(self._asleep, unless=", or its promotion", instead=instead)
        return f"{said} {note}"

    def _verdict(self, reading: DeploymentReading, folded: Fold, at: float) -> Verdict:
        if folded.failed:
            return self._failed(folded.failed, at)
        if folded.pending:
            return Pending()
        if folded.asleep:
            # Once is enough: it is on its way then, or will not come.
            may_wake = self.policy.wake and self._woken_at is None
            return Wake(self._woken) if may_wake else Pending()
        return Done(reading.value)

    def _woken(self, at: float) -> Event:
        self._woken_at = at
        return DeploymentWoken(at=at)

    def _failed(self, failed: tuple[Part, ...], at: float) -> Failed:
        message = (
            f"{self.label} will not become active: {what_failed(failed, self.log, at)}. "
            f"{advice(failed)}"
        )
        return Failed(
            lambda evidence: DeploymentFailedError(
                message, evidence=evidence, failed=chainlets(failed)
            )
        )
