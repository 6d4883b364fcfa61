"""What waits decide: from a reading to done, failed or look again. No I/O, no clock.

A *reading* is what one look found; a *step* is what a wait makes of it. All times are seconds
since the wait began.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from .cancellation import CancellationWait, QuietWait
from .deployment import DeploymentWait
from .history import Log
from .promotion import Baseline, PromotionLog, PromotionWait, baseline_of
from .readings import DeploymentReading, EnvironmentReading, Part, PromotionReading
from .steps import (
    SETTLING_TIME_S,
    UNHEALTHY_GRACE_S,
    Done,
    Explain,
    Failed,
    OnPaused,
    Pending,
    Policy,
    Step,
    Wake,
    asked_delay,
    ends_wait,
)

__all__ = [
    "SETTLING_TIME_S",
    "UNHEALTHY_GRACE_S",
    "Baseline",
    "CancellationWait",
    "DeploymentReading",
    "DeploymentWait",
    "Done",
    "EnvironmentReading",
    "Explain",
    "Failed",
    "Log",
    "OnPaused",
    "Part",
    "Pending",
    "Policy",
    "PromotionLog",
    "PromotionReading",
    "PromotionWait",
    "QuietWait",
    "Step",
    "Wait",
    "Wake",
    "asked_delay",
    "baseline_of",
    "ends_wait",
]

_R = TypeVar("_R", contravariant=True)


class Wait(Protocol[_R]):
    """Decisions about readings of one kind."""

    @property
    def log(self) -> Log:
        """The statuses seen so far."""
        ...

    def see(self, reading: _R, at: float) -> Step:
        """Decide."""
        ...

    def still(self) -> str:
        """What a wait that runs out has to say."""
        ...
