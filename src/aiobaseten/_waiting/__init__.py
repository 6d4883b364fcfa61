"""One poll, many waits. The doors to this wing are `Polls` and `Wait`.

Pure: trackers (`deployment`, `promotion`, `cancellation`, `settings`) follow one thing from reading
to reading and decide; `history` remembers, `steps` says what they may decide; `schedule`,
`timetable`, `budget`, `health` and `turns` say when to look. `polls` looks, `followups` shares what
follows from a look, and `wait` tells the caller.
"""

from __future__ import annotations

from .cancellation import CancellationTracker, IdleTracker
from .deployment import DeploymentTracker
from .followups import FollowUp
from .history import History
from .polls import Look, Polls
from .promotion import Baseline, EnvironmentHistory, PromotionTracker, baseline_of
from .schedule import default_schedule
from .settings import SettingsTracker
from .steps import Tracker
from .wait import Actions, LastLines, Wait, read_last_lines

__all__ = [
    "Actions",
    "Baseline",
    "CancellationTracker",
    "DeploymentTracker",
    "EnvironmentHistory",
    "FollowUp",
    "History",
    "IdleTracker",
    "LastLines",
    "Look",
    "Polls",
    "PromotionTracker",
    "SettingsTracker",
    "Tracker",
    "Wait",
    "baseline_of",
    "default_schedule",
    "read_last_lines",
]
