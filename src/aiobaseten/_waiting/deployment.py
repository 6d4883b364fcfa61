"""A wait until a deployment is ACTIVE, and what the statuses of its parts mean together. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum

from attrs import define, field, frozen

from .._status import Phase
from ..errors import BasetenError, DeploymentFailedError
from ..events import DeploymentWoken, Event
from ..options import WaitOptions
from ..readings import DeploymentReading, Part
from .doubt import MISSING_GRACE_S, certain_at
from .history import History, StatusRecord
from .steps import KEEPS_WORKING, Done, Failed, Pending, Step, Still, Verdict, Wake, cut


class Judgement(Enum):
    """What the status of a part means to this wait, now."""

    READY = "ready"
    PENDING = "pending"
    ASLEEP = "asleep, will stay asleep, and that does not count as ready"
    FAILED = "failed"


@frozen(kw_only=True)
class Judge:
    """Judges parts, given the options of the wait.

    Attributes:
        options: The caller's.
        retried: Whether the deployment was just retried, or failed before its promotion: the first
            looks may still show that.
    """

    options: WaitOptions
    retried: bool

    def part(self, part: Part, record: StatusRecord, at: float, *, promoting: bool) -> Judgement:
        """What a part's status means, given how long it has lasted and what came before."""
        if part.phase is Phase.PENDING:
            return Judgement.PENDING
        if part.phase is Phase.READY:
            return Judgement.READY
        if part.phase is Phase.ASLEEP:
            has_lasted = at - record.since >= self.options.settling_time
            if promoting or not part.deployed or not (record.was_ready or has_lasted):
                return Judgement.PENDING
            return Judgement.READY if self.options.accept_scaled_to_zero else Judgement.ASLEEP
        if part.phase is Phase.UNHEALTHY:
            has_lasted = at - record.unbroken_since >= self.options.unhealthy_grace
            return Judgement.FAILED if has_lasted else Judgement.PENDING
        return Judgement.PENDING if self._may_be_old(part, record, at) else Judgement.FAILED

    def parts(
        self, reading: DeploymentReading, history: History, at: float, *, promoting: bool
    ) -> Parts:
        """What a deployment's parts mean together: it is ready when every part is."""
        judged = [
            (self.part(part, history.of(part.key), at, promoting=promoting), part)
            for part in reading.parts
        ]
        return Parts(
            failed=tuple([part for its, part in judged if its is Judgement.FAILED]),
            pending=tuple([part for its, part in judged if its is Judgement.PENDING]),
            asleep=tuple([part for its, part in judged if its is Judgement.ASLEEP]),
        )

    def _may_be_old(self, part: Part, record: StatusRecord, at: float) -> bool:
        """Whether this may be the state before it was activated, retried or promoted."""
        if not (self.retried or part.may_be_old):
            return False
        if record.stopped_since is not None:  # it was always so
            return at - record.stopped_since < self.options.settling_time
        # A server that lags behind may show it again after something newer was seen.
        known_at = 0.0 if self.retried else -math.inf
        if record.restarted_at is not None:
            known_at = record.restarted_at
        is_certain = at >= max(record.since + MISSING_GRACE_S, certain_at(known_at))
        return not is_certain and at < self.options.settling_time


@frozen(kw_only=True)
class Parts:
    """The parts of a deployment that are not ready, by their judgement."""

    failed: tuple[Part, ...]
    pending: tuple[Part, ...]
    asleep: tuple[Part, ...]


def record_parts(history: History, reading: DeploymentReading, at: float) -> list[Event]:
    """Record the statuses of a deployment's parts; returns what is new."""
    return [event for part in reading.parts for event in history.note(part.key, part.status, at)]


def names(parts: Iterable[Part]) -> str:
    """Parts, for a person."""
    return ", ".join(f"{part.subject} {part.name}" for part in parts)


def describe_failure(failed: tuple[Part, ...], history: History, at: float) -> str:
    """Which parts failed and how, for a person."""
    sentences: list[str] = []
    for part in failed:
        how = f"is {part.status}"
        if part.phase is Phase.UNHEALTHY:
            lasted = at - history.of(part.key).unbroken_since
            how = f"has been {part.status} for {lasted:.0f} s"
        sentences.append(f"{names([part])} {how}")
    return ", ".join(sentences)


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


def stays_asleep(asleep: tuple[Part, ...], *, unless: str = "", instead: str = "") -> str:
    """What to do about parts that sleep."""
    return (
        f"Only a request will wake {names(asleep)}{unless}: "
        f"pass accept_scaled_to_zero=True if asleep is enough{instead}."
    )


@define(weakref_slot=False)
class DeploymentTracker:
    """Follows a deployment until it is ACTIVE.

    Attributes:
        deployment_id: Which deployment.
        owner: Its chain or model, for a person.
        options: The caller's.
        retried: Whether it was just retried: the first looks may still show the failure.
        can_wake: Whether there is a way to wake it.
        history: The statuses seen so far.
    """

    deployment_id: str
    owner: str
    options: WaitOptions
    retried: bool
    can_wake: bool
    history: History = field(factory=History)
    _asleep: tuple[Part, ...] = ()
    _woken_at: float | None = None
    _refusals: tuple[BasetenError, ...] = ()

    @property
    def label(self) -> str:
        """What is waited for, to begin sentences with."""
        return f"deployment {self.deployment_id} of {self.owner}"

    def see(self, reading: DeploymentReading, at: float) -> Step:
        """Decide."""
        events = record_parts(self.history, reading, at)
        judge = Judge(options=self.options, retried=self.retried)
        parts = judge.parts(reading, self.history, at, promoting=reading.promoting)
        self._asleep = () if parts.pending else parts.asleep
        return Step(
            verdict=self._verdict(reading, parts, at),
            events=tuple(events),
            stage=reading.stage,
            in_stage=at - self.history.changed_at,
        )

    def still(self) -> Still:
        """What the message says when the wait times out."""
        return Still(f"{self.label} is not active", self.history.describe(), self._outlook())

    def _outlook(self) -> str:
        if not self._asleep:
            return KEEPS_WORKING
        if self._woken_at is not None:
            return f"It was asked to wake up at {self._woken_at:.0f} s, and has not."
        if self._refusals:
            times = "once" if len(self._refusals) == 1 else f"{len(self._refusals)} times"
            last = cut(str(self._refusals[-1]).rstrip("."))
            return f"The request to wake it failed {times}, the last time with: {last}."
        instead = ", or wake=True" if self.can_wake else ""
        return stays_asleep(self._asleep, unless=", or its promotion", instead=instead)

    def _verdict(self, reading: DeploymentReading, parts: Parts, at: float) -> Verdict:
        if parts.failed:
            return self._failed(parts.failed, at)
        if parts.pending:
            return Pending()
        if parts.asleep:
            # Once is enough: a second request would not wake it either.
            may_wake = self.options.wake and self._woken_at is None
            return Wake(self._woken, self._refused) if may_wake else Pending()
        return Done(lambda: reading.value)

    def _woken(self, at: float) -> Event:
        self._woken_at = at
        return DeploymentWoken(at=at)

    def _refused(self, error: BasetenError) -> None:
        self._refusals += (error,)

    def _failed(self, failed: tuple[Part, ...], at: float) -> Failed:
        message = (
            f"{self.label} will not become active: {describe_failure(failed, self.history, at)}. "
            f"{advice(failed)}"
        )
        return Failed(
            lambda evidence: DeploymentFailedError(
                message, evidence=evidence, failed=chainlets(failed)
            )
        )
