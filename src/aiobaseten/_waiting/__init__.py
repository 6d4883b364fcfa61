"""One poll, many waits. The doors to this wing are `Polls` and `Wait`.

Pure: trackers (`deployment`, `promotion`, `cancellation`, `settings`, `guard`, `watching`) follow
one thing from reading to reading and decide; `guard_policy` and `guard_verdicts` decide for a
guard; `history` remembers, `steps` says what they may decide; `schedule`, `timetable`, `budget`,
`health` and `turns` say when to look. `polls` looks, `followups` shares what follows from a look,
and `wait` tells the caller. `who` asks who ended a promotion, `why` why it is slow, and `follower`
follows a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import names_of

if TYPE_CHECKING:
    from .cancellation import CancellationTracker, IdleTracker
    from .deployment import DeploymentTracker
    from .doubt import MISSING_GRACE_S, MOST_STALE_S, certain_at
    from .follower import Follower, Window
    from .followups import FRESH_S, FollowUp
    from .guard import PAUSE_MAY_COME, GuardMemory, GuardTracker, StoppedError
    from .guard_policy import (
        LOG_UNREADABLE,
        Answer,
        AskWhoPaused,
        Ends,
        Errand,
        GuardPolicy,
        Measure,
        PauseBefore,
        Signal,
    )
    from .guard_verdicts import Measurement, judge
    from .history import History
    from .polls import Look, Polls
    from .promotion import Baseline, EnvironmentHistory, PromotionTracker, baseline_of, made_at
    from .schedule import default_schedule
    from .settings import SettingsTracker
    from .steps import Tracker, cut, ends_in
    from .wait import GO_ON, GO_ON_GUARDED, Actions, LastLines, Wait, read_last_lines
    from .watching import WatchTracker
    from .who import (
        Who,
        act_of,
        add_who,
        is_cancelled,
        is_over_since,
        promoted_again,
        promotions_after,
        shows_promotion_of,
        tell,
        whose_pause,
    )
    from .why import WHY_S, Why

__all__ = [
    "FRESH_S",
    "GO_ON",
    "GO_ON_GUARDED",
    "LOG_UNREADABLE",
    "MISSING_GRACE_S",
    "MOST_STALE_S",
    "PAUSE_MAY_COME",
    "WHY_S",
    "Actions",
    "Answer",
    "AskWhoPaused",
    "Baseline",
    "CancellationTracker",
    "DeploymentTracker",
    "Ends",
    "EnvironmentHistory",
    "Errand",
    "FollowUp",
    "Follower",
    "GuardMemory",
    "GuardPolicy",
    "GuardTracker",
    "History",
    "IdleTracker",
    "LastLines",
    "Look",
    "Measure",
    "Measurement",
    "PauseBefore",
    "Polls",
    "PromotionTracker",
    "SettingsTracker",
    "Signal",
    "StoppedError",
    "Tracker",
    "Wait",
    "WatchTracker",
    "Who",
    "Why",
    "Window",
    "act_of",
    "add_who",
    "baseline_of",
    "certain_at",
    "cut",
    "default_schedule",
    "ends_in",
    "is_cancelled",
    "is_over_since",
    "judge",
    "made_at",
    "promoted_again",
    "promotions_after",
    "read_last_lines",
    "shows_promotion_of",
    "tell",
    "whose_pause",
]

_HOMES = {
    "GO_ON": ".wait",
    "GO_ON_GUARDED": ".wait",
    "LOG_UNREADABLE": ".guard_policy",
    "FRESH_S": ".followups",
    "MISSING_GRACE_S": ".doubt",
    "MOST_STALE_S": ".doubt",
    "PAUSE_MAY_COME": ".guard",
    "WHY_S": ".why",
    "Actions": ".wait",
    "Answer": ".guard_policy",
    "AskWhoPaused": ".guard_policy",
    "Baseline": ".promotion",
    "CancellationTracker": ".cancellation",
    "DeploymentTracker": ".deployment",
    "Ends": ".guard_policy",
    "EnvironmentHistory": ".promotion",
    "Errand": ".guard_policy",
    "FollowUp": ".followups",
    "Follower": ".follower",
    "GuardMemory": ".guard",
    "GuardPolicy": ".guard_policy",
    "GuardTracker": ".guard",
    "History": ".history",
    "IdleTracker": ".cancellation",
    "LastLines": ".wait",
    "Look": ".polls",
    "Measure": ".guard_policy",
    "Measurement": ".guard_verdicts",
    "PauseBefore": ".guard_policy",
    "Polls": ".polls",
    "PromotionTracker": ".promotion",
    "SettingsTracker": ".settings",
    "Signal": ".guard_policy",
    "StoppedError": ".guard",
    "Tracker": ".steps",
    "Wait": ".wait",
    "WatchTracker": ".watching",
    "Who": ".who",
    "Why": ".why",
    "Window": ".follower",
    "act_of": ".who",
    "add_who": ".who",
    "baseline_of": ".promotion",
    "made_at": ".promotion",
    "certain_at": ".doubt",
    "cut": ".steps",
    "default_schedule": ".schedule",
    "ends_in": ".steps",
    "is_cancelled": ".who",
    "is_over_since": ".who",
    "judge": ".guard_verdicts",
    "promoted_again": ".who",
    "promotions_after": ".who",
    "shows_promotion_of": ".who",
    "read_last_lines": ".wait",
    "tell": ".who",
    "whose_pause": ".who",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = names_of(__name__, _HOMES)
