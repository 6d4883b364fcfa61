"""A promotion as tests see it: read-only, and always up to date."""

from __future__ import annotations

from collections.abc import Sequence

from .deployment import FakeDeployment
from .progress import Progress
from .rollout import PromotionState, Rollout


class FakePromotion:
    """A promotion, past or present. Made by `FakeEnvironment.promote`.

    Its properties are the real state at the time of reading. Times are seconds in the fake's time.
    """

    def __init__(self, rollout: Rollout, progress: Progress) -> None:
        self._rollout = rollout
        self._progress = progress

    def __repr__(self) -> str:
        return f"<FakePromotion of {self.candidate.id}: {self.status} {self.percent} %>"

    @property
    def candidate(self) -> FakeDeployment:
        """The deployment that is being promoted, or was."""
        return self._rollout.candidate

    @property
    def started(self) -> float:
        """When it began."""
        return self._rollout.started

    @property
    def status(self) -> str:
        """RELEASING, RAMPING_UP, PAUSED, RAMPING_DOWN, SUCCEEDED, FAILED or CANCELED."""
        return self._up_to_date().status

    @property
    def percent(self) -> int:
        """Percent of the traffic on the candidate."""
        return self._up_to_date().percent

    @property
    def error_message(self) -> str | None:
        """Why it failed; None if it has not."""
        return self._up_to_date().error_message

    @property
    def ended(self) -> float | None:
        """When it ended; None if it has not."""
        return self._up_to_date().ended

    @property
    def history(self) -> Sequence[PromotionState]:
        """Every status and percentage until now."""
        return tuple(self._up_to_date().history)

    def _up_to_date(self) -> Rollout:
        self._progress.advance_to_now()
        return self._rollout
