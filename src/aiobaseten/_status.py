"""What each status means to a wait. The only module of the library with status strings.

Baseten's statuses change when Baseten does. A status that is not listed here is *pending*: look
again, and name it when time runs out. A test fails as soon as the vendored spec has a status that
is not listed.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class Phase(Enum):
    """What a deployment's or chainlet's status means to a wait for ACTIVE."""

    PENDING = "pending"
    READY = "ready"
    ASLEEP = "asleep"
    UNHEALTHY = "unhealthy"
    STOPPED = "stopped"
    FAILED = "failed"


class PromotionPhase(Enum):
    """What a promotion's status means to a wait for its end."""

    RUNNING = "running"
    PAUSED = "paused"
    ROLLING_BACK = "rolling back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Stage(Enum):
    """How far a deployment is from being ready, which decides how often to look.

    A chain's stage is that of the chainlet that is furthest from ready.
    """

    #: It is being built.
    BUILD = "build"
    #: It is built and does not load yet; or it is asleep or unhealthy.
    DEPLOY = "deploy"
    #: It loads, wakes up or is being updated, and ACTIVE comes next.
    LOAD = "load"
    #: None of these, for example while traffic moves to an ACTIVE deployment.
    IDLE = "idle"


@frozen
class StatusMeaning:
    """What a deployment's or chainlet's status means.

    Attributes:
        phase: To a wait for ACTIVE.
        stage: How far it is from ready.
        may_be_old: Whether the first looks after activating or promoting may still show it:
            deactivating and activating again is a remedy, and the second may overtake the first.
    """

    phase: Phase
    stage: Stage = Stage.IDLE
    may_be_old: bool = False


DEPLOYMENT_STATUSES: dict[str, StatusMeaning] = {
    "BUILDING": StatusMeaning(Phase.PENDING, Stage.BUILD),
    "DEPLOYING": StatusMeaning(Phase.PENDING, Stage.DEPLOY),
    "LOADING_MODEL": StatusMeaning(Phase.PENDING, Stage.LOAD),
    # A patch, or Baseten moving the workload: it serves again by itself.
    "UPDATING": StatusMeaning(Phase.PENDING, Stage.LOAD),
    # Two official tools call this a failure. It comes right before ACTIVE.
    "WAKING_UP": StatusMeaning(Phase.PENDING, Stage.LOAD),
    "ACTIVE": StatusMeaning(Phase.READY),
    # Idle for ever, or a candidate that has not loaded yet: `_waiting/deployment.py` tells which.
    "SCALED_TO_ZERO": StatusMeaning(Phase.ASLEEP, Stage.DEPLOY),
    # Replicas restart by themselves, or do not: time tells.
    "UNHEALTHY": StatusMeaning(Phase.UNHEALTHY, Stage.DEPLOY),
    "DEACTIVATING": StatusMeaning(Phase.STOPPED, may_be_old=True),
    "INACTIVE": StatusMeaning(Phase.STOPPED, may_be_old=True),
    "BUILD_STOPPED": StatusMeaning(Phase.STOPPED),  # a person stopped it; nothing broke
    "BUILD_FAILED": StatusMeaning(Phase.FAILED),
    "DEPLOY_FAILED": StatusMeaning(Phase.FAILED),
    "FAILED": StatusMeaning(Phase.FAILED),
}
_UNKNOWN = StatusMeaning(Phase.PENDING)

PROMOTION_STATUSES: dict[str, PromotionPhase] = {
    "RELEASING": PromotionPhase.RUNNING,
    "RAMPING_UP": PromotionPhase.RUNNING,
    "PAUSED": PromotionPhase.PAUSED,  # nothing moves until somebody resumes it
    # A graceful cancel. Not final: a forced roll forward may still overtake it.
    "RAMPING_DOWN": PromotionPhase.ROLLING_BACK,
    "SUCCEEDED": PromotionPhase.SUCCEEDED,
    "FAILED": PromotionPhase.FAILED,
    "CANCELED": PromotionPhase.CANCELED,
}


def meaning_of(status: str) -> StatusMeaning:
    """What a deployment's or chainlet's *status* means. An unknown status is pending."""
    return DEPLOYMENT_STATUSES.get(status, _UNKNOWN)


def promotion_phase_of(status: str) -> PromotionPhase:
    """What a promotion's *status* means. An unknown status is running."""
    return PROMOTION_STATUSES.get(status, PromotionPhase.RUNNING)


def precedes_traffic(status: str) -> bool:
    """Whether a promotion has this *status* only before any traffic has moved."""
    return status == "RELEASING"


def is_known(subject: str, status: str) -> bool:
    """Whether this version knows the *status* of the *subject* of an event."""
    return status in (PROMOTION_STATUSES if subject == "promotion" else DEPLOYMENT_STATUSES)


#: Outcomes of the startup of a replica. Any other one, such as STALLED, may still go on.
STARTUP_SUCCEEDED = "SUCCESS"
STARTUP_FAILED = "FAILED"
