"""Waits until no promotion is under way in an environment. Pure."""

from __future__ import annotations

from attrs import define, field

from .._status import PromotionPhase, Stage
from ..errors import PromotionSupersededError
from ..events import Event
from ..options import WaitOptions
from ..readings import EnvironmentReading
from .deployment import record_parts
from .doubt import MISSING_GRACE_S, Doubt, certain_at
from .history import History
from .promotion import Baseline, EnvironmentHistory
from .steps import (
    KEEPS_WORKING,
    TO_BE_CONFIRMED,
    Done,
    Failed,
    Pending,
    Step,
    Still,
    Suspected,
    Verdict,
)

_WITHOUT_SUCCESS = frozenset({PromotionPhase.FAILED, PromotionPhase.CANCELED})


@define
class CancellationTracker:
    """Follows a cancelled promotion until traffic is back.

    It is back when the previous deployment is current, and the candidate is gone or shows no
    traffic and no running promotion. Only looks make it so, never time.

    Attributes:
        label: What is waited for, to begin a sentence with.
        seen: The promotion so far.
        options: The caller's.
        target: The deployment whose promotion was cancelled; if not known, the candidate that is
            seen first.
        previous: The deployment that served before that promotion, if known.
        was_seen: Whether the promotion was shown before it was cancelled.
        known_at: When the promotion was under way, in seconds since the wait began: looks may show
            the time before.
        at_once: Whether Baseten has answered that all traffic is back.
    """

    label: str
    seen: EnvironmentHistory
    options: WaitOptions
    target: str | None = None
    previous: str | None = None
    was_seen: bool = True
    known_at: float = 0.0
    at_once: bool = False
    _doubt: Doubt = field(factory=Doubt)
    _succeeded_since: float | None = None
    _was_running: bool = False
    # When a look last showed that it is not over; 0 if none has.
    _not_over_at: float = 0.0
    _outlook: str = TO_BE_CONFIRMED

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        return self.seen.history

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        if self.target is None and reading.shows_promotion:
            self.target, self.previous = reading.candidate_id, reading.current_id
        elif self.previous is not None and self.previous != self.target:
            before = Baseline(current_id=self.previous)
            before.correct(reading, self.target or "")
            self.previous = before.current_id
        self._was_running |= reading.shows_promotion and reading.candidate_id == self.target
        self._outlook = KEEPS_WORKING if reading.shows_promotion else TO_BE_CONFIRMED
        if self._still_has_traffic(reading):
            self._outlook = "The promotion has ended, but its deployment still has traffic."
        is_ours = self.target is None or reading.candidate_id in (None, self.target)
        events = record_environment(self.seen, reading, at) if is_ours else []
        verdict = self._verdict(reading, at)
        if verdict is None:
            verdict = self._over(reading, at)
        else:
            self._not_over_at = at
        return Step(
            verdict=verdict,
            events=tuple(events),
            stage=Stage.LOAD,
            in_stage=at - self.history.changed_at,
        )

    def still(self) -> Still:
        """What the message says when the wait times out."""
        last = self.seen.last
        traffic = f", {last.percent} % of traffic on the candidate" if last and last.percent else ""
        seen = f"{self.history.describe()}{traffic}"
        return Still(f"{self.label} is not finished", seen, self._outlook)

    def _verdict(self, reading: EnvironmentReading, at: float) -> Verdict | None:
        """The verdict; ``None`` if it looks over."""
        promotion = reading.promotion
        if self.target is not None and reading.current_id == self.target != self.previous:
            return self._overtaken(self.target)
        third = reading.current_id not in (None, self.target, self.previous)
        is_known = self.target is not None and self.previous is not None
        if third and (is_known or not self.was_seen):
            if not self._doubt.is_confirmed(reading.current_id, at):
                return Pending(confirm_in=self._doubt.remaining(at))
            superseded, old_for = self._superseded(reading.current_id or ""), self._old_for(at)
            return Suspected(superseded, confirm_in=old_for) if old_for > 0 else superseded
        self._doubt.clear()
        if promotion is not None and promotion.phase is PromotionPhase.SUCCEEDED:
            return self._succeeded(reading, at)
        if self._may_follow(at):
            return Pending()
        if self._has_succeeded and self.target is not None and self.target == self.previous:
            return self._overtaken(self.target)
        if self._still_has_traffic(reading):
            return Pending()
        is_anothers = reading.candidate_id not in (None, self.target)
        if promotion is not None and not promotion.is_over and not is_anothers:
            return Pending()
        is_certain = (
            self.was_seen
            and promotion is not None
            and promotion.is_over
            and self.target is not None
            and reading.candidate_id == self.target
        )
        return Done(lambda: reading.value) if is_certain else None

    def _over(self, reading: EnvironmentReading, at: float) -> Verdict:
        """Believe a look that shows no promotion, but not soon after one that did.

        A server that lags behind may show the time before the promotion; for longer, if the
        promotion was not even shown when it was cancelled.
        """
        shown_within = 0.0 if self.was_seen else self.options.settling_time
        old_for = 0.0 if self.at_once else self._old_for(at)
        remaining = max(self._not_over_at + MISSING_GRACE_S - at, shown_within - at, old_for)
        return Pending(confirm_in=remaining) if remaining > 0 else Done(lambda: reading.value)

    def _old_for(self, at: float) -> float:
        """Seconds for which a look may show the time before the promotion."""
        return certain_at(self.known_at) - at

    def _still_has_traffic(self, reading: EnvironmentReading) -> bool:
        """Whether a promotion is shown that has ended without success, and not lost its traffic."""
        promotion = reading.promotion
        has_failed = promotion is not None and promotion.phase in _WITHOUT_SUCCESS
        is_ours = reading.candidate_id is not None and reading.candidate_id == self.target
        return has_failed and is_ours and bool(promotion and promotion.percent)

    def _succeeded(self, reading: EnvironmentReading, at: float) -> Verdict:
        """It was rolled forward after all; or an earlier promotion is shown."""
        if self._succeeded_since is None:
            self._succeeded_since = at
        if at - self._succeeded_since < max(MISSING_GRACE_S, self.options.settling_time):
            return Pending()  # the pointer will follow, and tells which
        is_ours = reading.candidate_id == self.target or self._has_succeeded
        if self.target is None or not is_ours:
            return Done(lambda: reading.value)
        if reading.current_id == self.target:
            return self._overtaken(self.target)
        return self._undecided(self.target, reading)

    def _may_follow(self, at: float) -> bool:
        """Whether it was seen SUCCEEDED, and the pointer may still follow."""
        lasts = max(MISSING_GRACE_S, self.options.settling_time)
        return self._has_succeeded and at - (self._succeeded_since or 0.0) < lasts

    @property
    def _has_succeeded(self) -> bool:
        """Whether it was seen running, and then SUCCEEDED. An earlier one was not."""
        return self._was_running and self._succeeded_since is not None

    def _superseded(self, by: str) -> Failed:
        message = f"{self.label} was superseded: deployment {by} serves now."
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))

    def _overtaken(self, by: str) -> Failed:
        message = (
            f"{self.label} was overtaken: deployment {by} was rolled forward all the same, "
            "and now serves."
        )
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))

    def _undecided(self, by: str, reading: EnvironmentReading) -> Failed:
        serving = reading.current_id
        other = f"deployment {serving} still serves" if serving else "nothing serves"
        message = (
            f"{self.label} was overtaken: Baseten says that the promotion of deployment {by} "
            f"SUCCEEDED, but {other}."
        )
        return Failed(lambda evidence: PromotionSupersededError(message, evidence=evidence, by=by))


@define
class IdleTracker:
    """Follows an environment until no promotion is under way, however it ends.

    Attributes:
        label: The environment, to begin a sentence with.
        seen: The promotion so far.
        must_confirm: Whether one look is not enough, because Baseten has just said otherwise.
    """

    label: str
    seen: EnvironmentHistory
    must_confirm: bool = False
    _doubt: Doubt = field(factory=Doubt)

    @property
    def history(self) -> History:
        """The statuses seen so far."""
        return self.seen.history

    def see(self, reading: EnvironmentReading, at: float) -> Step:
        """Decide."""
        return Step(
            verdict=self._verdict(reading, at),
            events=tuple(record_environment(self.seen, reading, at)),
            stage=Stage.IDLE,
            in_stage=at - self.history.changed_at,
        )

    def still(self) -> Still:
        """What the message says when the wait times out."""
        return Still(f"{self.label} is still busy", self.history.describe(), "Nothing was sent.")

    def _verdict(self, reading: EnvironmentReading, at: float) -> Verdict:
        if reading.is_busy:
            self._doubt.clear()
            return Pending()
        if not self.must_confirm or self._doubt.is_confirmed("idle", at):
            return Done(lambda: reading)
        return Pending(confirm_in=self._doubt.remaining(at))


def record_environment(
    seen: EnvironmentHistory, reading: EnvironmentReading, at: float
) -> list[Event]:
    """Record the candidate and the promotion; returns what is new."""
    events = record_parts(seen.history, reading.candidate, at) if reading.candidate else []
    return events + seen.note(reading.promotion, at)
