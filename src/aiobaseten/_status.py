"""What each status means to somebody waiting.

The only place of the library with status strings; what the fake makes of one is in its
`_statuses`.

Baseten's statuses change when Baseten does; a status that is not here is *pending*: look again,
and name it when time runs out. A test fails as soon as the vendored spec has a status that is
not sorted here.
"""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What a deployment's or chainlet's status means to a wait for ACTIVE."""

    PENDING = "pending"
    READY = "ready"
    ASLEEP = "asleep"
    UNHEALTHY = "unhealthy"
    STOPPED = "stopped"
    FAILED = "failed"


class PromotionPhase(Enum):
    """What the status of an in-progress promotion means to somebody waiting for its end."""

    RUNNING = "running"
    PAUSED = "paused"
    ROLLING_BACK = "rolling back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Stage(Enum):
    """How near a deployment is to being ready, which decides how often to look.

    Of a chain it is the stage of the chainlet that is furthest from it.
    """

    #: It is being built.
    BUILD = "build"
    #: It is built, and does not load yet; or it is asleep or unhealthy.
    DEPLOY = "deploy"
    #: It loads, wakes up or is being updated, and ACTIVE comes next.
    LOAD = "load"
    #: Nothing of all this, as while traffic moves to what is ACTIVE.
    IDLE = "idle"


DEPLOYMENT_PHASES: dict[str, Phase] = {
    "BUILDING": Phase.PENDING,
    "DEPLOYING": Phase.PENDING,
    "LOADING_MODEL": Phase.PENDING,
    "UPDATING": Phase.PENDING,  # a patch, or Baseten moving the workload: it serves again by itself
    "WAKING_UP": Phase.PENDING,  # two official tools call this a failure; it is the way to ACTIVE
    "ACTIVE": Phase.READY,
    # Idle for ever, or a candidate that has not loaded yet: told apart in `_waits`.
    "SCALED_TO_ZERO": Phase.ASLEEP,
    "UNHEALTHY": Phase.UNHEALTHY,  # replicas restart on their own, or not: time tells
    "DEACTIVATING": Phase.STOPPED,
    "INACTIVE": Phase.STOPPED,
    "BUILD_STOPPED": Phase.STOPPED,  # a person stopped it; nothing broke
    "BUILD_FAILED": Phase.FAILED,
    "DEPLOY_FAILED": Phase.FAILED,
    "FAILED": Phase.FAILED,
}

PROMOTION_PHASES: dict[str, PromotionPhase] = {
    "RELEASING": PromotionPhase.RUNNING,
    "RAMPING_UP": PromotionPhase.RUNNING,
    "PAUSED": PromotionPhase.PAUSED,  # frozen where it is, for ever if nobody resumes it
    # A graceful cancel: not final, because a forced roll forward may still overtake it.
    "RAMPING_DOWN": PromotionPhase.ROLLING_BACK,
    "SUCCEEDED": PromotionPhase.SUCCEEDED,
    "FAILED": PromotionPhase.FAILED,
    "CANCELED": PromotionPhase.CANCELED,
}

_STAGES: dict[str, Stage] = {
    "BUILDING": Stage.BUILD,
    "DEPLOYING": Stage.DEPLOY,
    "SCALED_TO_ZERO": Stage.DEPLOY,
    "UNHEALTHY": Stage.DEPLOY,
    "LOADING_MODEL": Stage.LOAD,
    "WAKING_UP": Stage.LOAD,
    "UPDATING": Stage.LOAD,
}

# Deactivating and activating again is a remedy, and the second may overtake the first.
_OLD_STATES_AFTER_ACTIVATE = frozenset({"DEACTIVATING", "INACTIVE"})


def phase_of(status: str) -> Phase:
    """What a deployment's or chainlet's *status* means. Unknown is pending."""
    return DEPLOYMENT_PHASES.get(status, Phase.PENDING)


def is_known(subject: str, status: str) -> bool:
    """Whether this version has an opinion about *status* of a *subject* of an event."""
    return status in (PROMOTION_PHASES if subject == "promotion" else DEPLOYMENT_PHASES)


def promotion_phase_of(status: str) -> PromotionPhase:
    """What a promotion's *status* means. Unknown is running."""
    return PROMOTION_PHASES.get(status, PromotionPhase.RUNNING)


def stage_of(status: str) -> Stage:
    """How near *status* is to ready."""
    return _STAGES.get(status, Stage.IDLE)


def may_be_old_state(status: str) -> bool:
    """Whether the first looks after activating or promoting may still show *status*."""
    return status in _OLD_STATES_AFTER_ACTIVATE
