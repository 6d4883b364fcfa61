"""A wait until a deployment is ACTIVE, and what the statuses of its parts mean together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from attrs import define, field

from .._status import Phase, Stage, may_be_old_state, phase_of, stage_of
from ..errors import DeploymentFailedError, Evidence, WaitError
from ..events import Event
from .history import Log, Track
from .readings import HOPELESS, DeploymentReading, Part
from .steps import Done, Failed, Pending, Policy, Step, Verdict, Wake


class _Judgement(Enum):
    READY = "ready"
    PENDING = "pending"
    ASLEEP = "asleep, and it will stay so"
    FAILED = "failed"


def _judge(part: Part, track: Track, policy: Policy, at: float, *, promoting: bool) -> _Judgement:
    """What one part's status means, given how long and after what it has lasted."""
    lasted = at - track.since
    phase = phase_of(part.status)
    if phase is Phase.READY:
        return _Judgement.READY
    if phase is Phase.ASLEEP:
        is_settled = track.was_ready or lasted >= policy.settling_time
        on_its_way = promoting or not part.deployed or not is_settled
        return _Judgement.PENDING if on_its_way else _Judgement.ASLEEP
    if phase is Phase.UNHEALTHY:
        return _Judgement.FAILED if lasted >= policy.unhealthy_grace else _Judgement.PENDING
    if phase in HOPELESS:
        may_be_old = may_be_old_state(part.status) or (phase is Phase.FAILED and policy.after_retry)
        is_old = may_be_old and track.is_first and lasted < policy.settling_time
        return _Judgement.PENDING if is_old else _Judgement.FAILED
    return _Judgement.PENDING


@define
class Fold:
    """What the parts of a deployment mean together."""

    verdict: Pending | Done | Wake | None  # None: failed
    failed: tuple[Part, ...] = ()
    asleep: tuple[Part, ...] = ()


def fold(
    reading: DeploymentReading, log: Log, policy: Policy, at: float, *, promoting: bool
) -> Fold:
    """Ready when every part is; one that failed is enough to fail."""
    judged = {
        part: _judge(part, log.tracks[part.subject, part.name], policy, at, promoting=promoting)
        for part in reading.parts
    }
    failed = tuple(part for part, judgement in judged.items() if judgement is _Judgement.FAILED)
    if failed:
        return Fold(None, failed=failed)
    asleep = tuple(part for part, judgement in judged.items() if judgement is _Judgement.ASLEEP)
    if _Judgement.PENDING in judged.values():
        return Fold(Pending(), asleep=asleep)
    if asleep and not policy.accept_scaled_to_zero:
        return Fold(Wake() if policy.wake else Pending(), asleep=asleep)
    return Fold(Done(reading.value))


def note_parts(log: Log, reading: DeploymentReading, at: float) -> list[Event]:
    return [
        event
        for part in reading.parts
        for event in log.note(part.subject, part.name, part.status, at)
    ]


def slowest(parts: Iterable[Part]) -> Stage:
    """The stage of the part that is farthest from ready: the others have to wait for it."""
    stages = {stage_of(part.status) for part in parts}
    return next((stage for stage in Stage if stage in stages), Stage.IDLE)


def what_failed(failed: tuple[Part, ...], log: Log, at: float) -> str:
    said: list[str] = []
    for part in failed:
        name = f"{part.subject} {part.name}"
        lasted = at - log.tracks[part.subject, part.name].since
        if phase_of(part.status) is Phase.UNHEALTHY:
            said.append(f"{name} has been {part.status} for {lasted:.0f} s")
        else:
            said.append(f"{name} is {part.status}")
    return ", ".join(said)


def advice(failed: tuple[Part, ...]) -> str:
    phases = {phase_of(part.status) for part in failed}
    if Phase.FAILED in phases:
        return "Baseten has given up on it: see its logs, then retry it or push again."
    if Phase.STOPPED in phases:
        return "It does not run until somebody activates it or starts it again."
    return "It still runs, and may recover: see its logs."


def chainlets(failed: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(part.name for part in failed if part.subject == "chainlet")


ASLEEP_NOTE = (
    " It is scaled to zero, and nothing will wake it but a request: "
    "pass accept_scaled_to_zero=True if that will do{wake}."
)


@define
class DeploymentWait:
    """A wait until a deployment is ACTIVE."""

    label: str
    policy: Policy
    can_wake: bool = False
    is_woken: bool = False
    log: Log = field(factory=Log)
    _asleep: tuple[Part, ...] = ()

    def see(self, reading: DeploymentReading, at: float) -> Step:
        """Decide."""
        events = note_parts(self.log, reading, at)
        folded = fold(reading, self.log, self.policy, at, promoting=reading.promoting)
        self._asleep = folded.asleep
        verdict: Verdict = folded.verdict or Failed(self._failure(folded.failed, at))
        if isinstance(verdict, Wake) and self.is_woken:
            verdict = Pending()  # once is enough: it is on its way, or will not come
        return Step(
            verdict=verdict,
            events=tuple(events),
            stage=slowest(reading.parts),
            in_stage=at - self.log.changed_at,
        )

    def still(self) -> str:
        """What a wait that runs out has to say."""
        note = ""
        if self._asleep:
            note = ASLEEP_NOTE.format(wake=", or wake=True" if self.can_wake else "")
        return f"{self.label} is not active; last seen: {self.log.describe()}.{note}"

    def _failure(self, failed: tuple[Part, ...], at: float) -> Callable[[Evidence], WaitError]:
        message = (
            f"{self.label} will not become active: {what_failed(failed, self.log, at)}. "
            f"{advice(failed)}"
        )
        return lambda evidence: DeploymentFailedError(
            message, evidence=evidence, failed=chainlets(failed)
        )
