"""One poll, many waits. The doors to this wing are `Polls` and `Wait`.

Pure: trackers (`deployment`, `promotion`, `cancellation`, `settings`) follow one thing from reading
to reading and decide; `history` remembers, `steps` says what they may decide; `schedule`,
`timetable`, `budget` and `health` say when to look. `polls` looks, and `wait` tells the caller.
"""

from __future__ import annotations

from .budget import PollingBudget
from .cancellation import CancellationTracker, IdleTracker
from .deployment import DeploymentTracker
from .history import History
from .polls import Look, Polls
from .promotion import Baseline, EnvironmentHistory, PromotionTracker, baseline_of
from .schedule import default_schedule
from .settings import SettingsTracker
from .steps import Tracker
from .wait import Actions, Wait

__all__ = [
    "Actions",
    "Baseline",
    "CancellationTracker",
    "DeploymentTracker",
    "EnvironmentHistory",
    "History",
    "IdleTracker",
    "Look",
    "PollingBudget",
    "Polls",
    "PromotionTracker",
    "SettingsTracker",
    "Tracker",
    "Wait",
    "baseline_of",
    "default_schedule",
]
