"""The words that Baseten uses for the states of deployments and promotions, and their kinds.

A new one goes here: a deployment may be in any, but the fake reacts by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

BUILDING: Final = "BUILDING"
DEPLOYING: Final = "DEPLOYING"
LOADING_MODEL: Final = "LOADING_MODEL"
UPDATING: Final = "UPDATING"
WAKING_UP: Final = "WAKING_UP"
ACTIVE: Final = "ACTIVE"
SCALED_TO_ZERO: Final = "SCALED_TO_ZERO"
UNHEALTHY: Final = "UNHEALTHY"
BUILD_FAILED: Final = "BUILD_FAILED"
DEPLOY_FAILED: Final = "DEPLOY_FAILED"
FAILED: Final = "FAILED"
BUILD_STOPPED: Final = "BUILD_STOPPED"
DEACTIVATING: Final = "DEACTIVATING"
INACTIVE: Final = "INACTIVE"

RELEASING: Final = "RELEASING"
RAMPING_UP: Final = "RAMPING_UP"
PAUSED: Final = "PAUSED"
RAMPING_DOWN: Final = "RAMPING_DOWN"
SUCCEEDED: Final = "SUCCEEDED"
CANCELED: Final = "CANCELED"
# FAILED, above, is a promotion's word too.

RETRYABLE: Final = frozenset({BUILD_FAILED, DEPLOY_FAILED, FAILED})
GIVEN_UP: Final = RETRYABLE | {BUILD_STOPPED}
# A candidate in one of these will not become current.
HOPELESS: Final = GIVEN_UP | {INACTIVE}
# It never got far enough for autoscaling to be set up: the API says null then.
NOT_DEPLOYED: Final = GIVEN_UP | {BUILDING, DEPLOYING}
RUNNING: Final = frozenset({ACTIVE, UNHEALTHY, UPDATING})
ENDED: Final = frozenset({SUCCEEDED, FAILED, CANCELED})

# From worst to best, for a chain that says what its worst chainlet says. A status that is
# not listed is taken for one on the way.
_WORST_FIRST: Final = (
    FAILED,
    BUILD_FAILED,
    DEPLOY_FAILED,
    BUILD_STOPPED,
    INACTIVE,
    DEACTIVATING,
    UNHEALTHY,
    BUILDING,
    DEPLOYING,
    LOADING_MODEL,
    UPDATING,
    WAKING_UP,
    SCALED_TO_ZERO,
    ACTIVE,
)
_RANK: Final = {status: rank for rank, status in enumerate(_WORST_FIRST)}
_RANK_OF_UNKNOWN: Final = _RANK[BUILDING]


def _rank(status: str) -> int:
    return _RANK.get(status, _RANK_OF_UNKNOWN)


def worst(chainlets: Sequence[str]) -> str:
    """The status of the chainlet that is furthest from serving."""
    return min(chainlets, key=_rank)


def best(chainlets: Sequence[str]) -> str:
    """The status of the chainlet that is nearest to serving."""
    return max(chainlets, key=_rank)


def first(chainlets: Sequence[str]) -> str:
    """The status of the chainlet that was named first, the entrypoint."""
    return chainlets[0]


FOLDS: Final[dict[str, Callable[[Sequence[str]], str]]] = {
    "worst": worst,
    "best": best,
    "first": first,
}
