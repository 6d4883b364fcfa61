"""When to look next. No I/O.

The status says more than any blind interval: ``ACTIVE`` hardly ever comes straight after
``BUILDING``, so a build is looked at ever more rarely, and only a model that is loading is looked
at often. `docs/performance.md` has the figures, and what the alternatives come to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ._status import Stage
from .errors import ConfigurationError

#: Stage, seconds since the status last changed, seconds since the wait began: seconds until the
#: next look.
Schedule: TypeAlias = Callable[[Stage, float, float], float]

#: Stage: (share of the time past, least seconds, most seconds, whether the time past is its own).
#: What deploys or loads for long is looked at in proportion to that, not to the build before it.
_PACES: dict[Stage, tuple[float, float, float, bool]] = {
    # Often at first, for what is built already; then what matters is only that the build has ended.
    Stage.BUILD: (0.15, 2.0, 12.0, False),
    # Loading comes next, and lasts: it need not be seen at once. It may be skipped, though.
    Stage.DEPLOY: (0.10, 4.0, 8.0, True),
    # ACTIVE comes next, so these looks decide how late it is noticed.
    Stage.LOAD: (0.015, 2.0, 10.0, True),
    Stage.IDLE: (0.05, 2.0, 10.0, False),
}
# Looks come earlier by up to this share, so that clients that began together drift apart.
_JITTER = 0.1

LEAST_AFTER_TROUBLE_S = 2.0
MOST_AFTER_TROUBLE_S = 30.0


def next_look(stage: Stage, in_stage: float, elapsed: float) -> float:
    """Seconds until the next look.

    Args:
        stage: How near the thing is to ready.
        in_stage: Seconds since the status last changed.
        elapsed: Seconds since the wait began.
    """
    share, least, most, is_its_own = _PACES[stage]
    return min(max(share * (in_stage if is_its_own else elapsed), least), most)


def jittered(seconds: float, chance: float) -> float:
    """Seconds until the next look, checked and a little earlier: jitter must not cost latency.

    Args:
        seconds: What a schedule has said.
        chance: A number in [0, 1).

    Raises:
        ConfigurationError: The schedule is the caller's, and what it said is no time to wait.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ConfigurationError(f"poll must return seconds, not {seconds!r}")
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"poll must return finite seconds above 0, not {seconds!r}")
    return seconds * (1.0 - _JITTER * chance)


def after_trouble(failures: int, *, asked: float | None, chance: float) -> float:
    """Seconds until the next look after *failures* looks in a row have failed.

    Args:
        failures: How many, one at least.
        asked: Seconds that the server asked for, or ``None``.
        chance: A number in [0, 1): clients that failed together do not come back together.
    """
    if asked is not None:
        return max(asked, LEAST_AFTER_TROUBLE_S) + chance
    ceiling = min(LEAST_AFTER_TROUBLE_S * 2.0 ** min(failures - 1, 10), MOST_AFTER_TROUBLE_S)
    return ceiling * (0.5 + 0.5 * chance)
