"""The table of statuses: each status of a deployment or a promotion, and its properties.

Add a new status to its table. A deployment may have any status, also one that is not in the table:
the fake asks for properties only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
FAILED: Final = "FAILED"  # of deployments and of promotions
BUILD_STOPPED: Final = "BUILD_STOPPED"
DEACTIVATING: Final = "DEACTIVATING"
INACTIVE: Final = "INACTIVE"

RELEASING: Final = "RELEASING"
RAMPING_UP: Final = "RAMPING_UP"
PAUSED: Final = "PAUSED"
RAMPING_DOWN: Final = "RAMPING_DOWN"
SUCCEEDED: Final = "SUCCEEDED"
CANCELED: Final = "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStatus:
    """The properties of a deployment's status.

    Attributes:
        rank: How near it is to serving; the lowest rank is the worst status.
        retryable: A retry starts the deployment again.
        hopeless: A candidate with this status fails its promotion.
        off: The deployment is shut down, or about to be.
        deployed: It got far enough for autoscaling to be set up; else the API says null.
        running: It has a replica.
    """

    rank: int
    retryable: bool = False
    hopeless: bool = False
    off: bool = False
    deployed: bool = True
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionStatus:
    """The properties of a promotion's status.

    Attributes:
        ended: Nothing more happens.
        ramping: Traffic is moving, up or down.
    """

    ended: bool = False
    ramping: bool = False


DEPLOYMENT_STATUSES: Final[Mapping[str, DeploymentStatus]] = {
    FAILED: DeploymentStatus(rank=0, retryable=True, hopeless=True, deployed=False),
    BUILD_FAILED: DeploymentStatus(rank=1, retryable=True, hopeless=True, deployed=False),
    DEPLOY_FAILED: DeploymentStatus(rank=2, retryable=True, hopeless=True, deployed=False),
    # Stopped by a person: a retry is refused.
    BUILD_STOPPED: DeploymentStatus(rank=3, hopeless=True, deployed=False),
    INACTIVE: DeploymentStatus(rank=4, hopeless=True, off=True),
    DEACTIVATING: DeploymentStatus(rank=5, off=True),
    UNHEALTHY: DeploymentStatus(rank=6, running=True),
    BUILDING: DeploymentStatus(rank=7, deployed=False),
    DEPLOYING: DeploymentStatus(rank=8, deployed=False),
    LOADING_MODEL: DeploymentStatus(rank=9),
    UPDATING: DeploymentStatus(rank=10, running=True),
    WAKING_UP: DeploymentStatus(rank=11),
    SCALED_TO_ZERO: DeploymentStatus(rank=12),
    ACTIVE: DeploymentStatus(rank=13, running=True),
}

PROMOTION_STATUSES: Final[Mapping[str, PromotionStatus]] = {
    RELEASING: PromotionStatus(),
    RAMPING_UP: PromotionStatus(ramping=True),
    PAUSED: PromotionStatus(),
    RAMPING_DOWN: PromotionStatus(ramping=True),
    SUCCEEDED: PromotionStatus(ended=True),
    FAILED: PromotionStatus(ended=True),
    CANCELED: PromotionStatus(ended=True),
}


def _deployments(has: Callable[[DeploymentStatus], bool]) -> frozenset[str]:
    return frozenset(status for status, its in DEPLOYMENT_STATUSES.items() if has(its))


def _promotions(has: Callable[[PromotionStatus], bool]) -> frozenset[str]:
    return frozenset(status for status, its in PROMOTION_STATUSES.items() if has(its))


RETRYABLE: Final = _deployments(lambda its: its.retryable)
HOPELESS: Final = _deployments(lambda its: its.hopeless)
OFF: Final = _deployments(lambda its: its.off)
NOT_DEPLOYED: Final = _deployments(lambda its: not its.deployed)
RUNNING: Final = _deployments(lambda its: its.running)
ENDED: Final = _promotions(lambda its: its.ended)
RAMPING: Final = _promotions(lambda its: its.ramping)

# An unknown status keeps a chain from being active, but it is better than a failure.
_UNKNOWN: Final = DEPLOYMENT_STATUSES[BUILDING]


def _rank(status: str) -> int:
    return DEPLOYMENT_STATUSES.get(status, _UNKNOWN).rank


def worst(chainlets: Sequence[str]) -> str:
    """The status of the chainlet that is furthest from serving."""
    return min(chainlets, key=_rank)


def best(chainlets: Sequence[str]) -> str:
    """The status of the chainlet that is nearest to serving."""
    return max(chainlets, key=_rank)


def first(chainlets: Sequence[str]) -> str:
    """The status of the first chainlet, which is the entrypoint."""
    return chainlets[0]


# How a chain's status follows from those of its chainlets, by `Behaviour.chain_status`.
CHAIN_STATUS: Final[Mapping[str, Callable[[Sequence[str]], str]]] = {
    "worst": worst,
    "best": best,
    "first": first,
}
