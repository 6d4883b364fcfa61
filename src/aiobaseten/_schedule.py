"""When to look next. No I/O.

The status says more than any blind interval: ``ACTIVE`` never comes straight after ``BUILDING``,
so a build is looked at in tenths of the time it has taken, and only a model that is loading is
looked at often. Measured against fixed intervals in ``docs/``.
"""

from __future__ import annotations

from ._status import Stage

#: Stage: (share of the elapsed time, least seconds, most seconds).
_PACES: dict[Stage, tuple[float, float, float]] = {
    Stage.BUILD: (0.10, 2.0, 15.0),
    Stage.DEPLOY: (0.05, 2.0, 5.0),
    Stage.LOAD: (0.05, 2.0, 10.0),
    Stage.IDLE: (0.05, 2.0, 10.0),
}

LEAST_AFTER_TROUBLE_S = 2.0
MOST_AFTER_TROUBLE_S = 30.0


def next_look(stage: Stage, *, in_stage: float, elapsed: float) -> float:
    """Seconds until the next look.

    Args:
        stage: How near the thing is to ready.
        in_stage: Seconds since the status last changed.
        elapsed: Seconds since the wait began.
    """
    share, least, most = _PACES[stage]
    # A model that loads for long is looked at in proportion to the loading, not to the build.
    past = in_stage if stage is Stage.LOAD else elapsed
    return min(max(share * past, least), most)


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
