"""When to look next. Pure.

The status says more than any fixed interval: ``ACTIVE`` hardly ever follows ``BUILDING`` directly,
so a build is looked at ever more rarely, and only a model that is loading is looked at often.
`docs/performance.md` has the figures, and compares the alternatives.
"""

from __future__ import annotations

from .._sending import LONGEST_PAUSE_S
from .._status import Stage
from ..errors import APIError, BasetenError, ConfigurationError

#: Stage: (share of the elapsed time, least seconds, most seconds, whether the time is its own).
#: A deployment that deploys or loads is looked at in proportion to that time, not to the build
#: before it.
_PACES: dict[Stage, tuple[float, float, float, bool]] = {
    # Often at first, for images that are built already; later only the end of the build matters.
    Stage.BUILD: (0.20, 2.0, 12.0, False),
    # Loading comes next and takes a while, so its start need not be seen at once. But a deployment
    # may skip it.
    Stage.DEPLOY: (0.15, 5.0, 8.0, True),
    # ACTIVE comes next, so these looks decide how late it is noticed.
    Stage.LOAD: (0.015, 2.0, 10.0, True),
    Stage.IDLE: (0.05, 2.0, 10.0, False),
}
# Looks come earlier by up to this share, so that clients that started together drift apart.
_JITTER = 0.1

LEAST_AFTER_TROUBLE_S = 2.0
MOST_AFTER_TROUBLE_S = 30.0


def default_schedule(stage: Stage, in_stage: float, elapsed: float) -> float:
    """Seconds until the next look.

    Args:
        stage: How far the thing is from ready.
        in_stage: Seconds since the status last changed.
        elapsed: Seconds since the wait began.
    """
    share, least, most, is_its_own = _PACES[stage]
    return min(max(share * (in_stage if is_its_own else elapsed), least), most)


def jittered(seconds: float, chance: float) -> float:
    """Seconds until the next look, checked and a little shorter: jitter must not cost latency.

    Args:
        seconds: The result of a schedule.
        chance: A random number in [0, 1).

    Raises:
        ConfigurationError: The caller's schedule returned no valid time.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ConfigurationError(f"poll must return seconds, not {seconds!r}")
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"poll must return finite seconds above 0, not {seconds!r}")
    return seconds * (1.0 - _JITTER * chance)


def after_trouble(failures: int, *, asked: float | None, chance: float) -> float:
    """Seconds until the next look after *failures* failed looks in a row.

    Args:
        failures: How many, at least one.
        asked: Seconds for which the server asks for a pause, or ``None``.
        chance: A random number in [0, 1): clients that failed together do not return together.
    """
    if asked is not None:
        return max(asked, LEAST_AFTER_TROUBLE_S) + chance
    ceiling = min(LEAST_AFTER_TROUBLE_S * 2.0 ** min(failures - 1, 10), MOST_AFTER_TROUBLE_S)
    return ceiling * (0.5 + 0.5 * chance)


def asked_pause(error: BasetenError) -> float | None:
    """Seconds for which the server asks for a pause, at most a minute, or ``None``."""
    asked = error.retry_after if isinstance(error, APIError) else None
    return None if asked is None else min(asked, LONGEST_PAUSE_S)
