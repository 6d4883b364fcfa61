"""The meaning of each status."""

from __future__ import annotations

import pytest

from aiobaseten._status import (
    DEPLOYMENT_STATUSES,
    PROMOTION_STATUSES,
    Phase,
    PromotionPhase,
    Stage,
    is_known,
    meaning_of,
    promotion_phase_of,
)
from aiobaseten.schemas import DeploymentStatus, PromotionStatus


def test_every_status_of_a_deployment_in_the_spec_has_a_meaning() -> None:
    """The day this fails, somebody has to decide what the new status means to a wait."""
    assert {status.value for status in DeploymentStatus} == DEPLOYMENT_STATUSES.keys()


def test_every_status_of_a_promotion_in_the_spec_has_a_meaning() -> None:
    assert {status.value for status in PromotionStatus} == PROMOTION_STATUSES.keys()


@pytest.mark.parametrize(
    ("phase", "statuses"),
    [
        (Phase.PENDING, "BUILDING DEPLOYING LOADING_MODEL UPDATING WAKING_UP"),
        (Phase.READY, "ACTIVE"),
        (Phase.ASLEEP, "SCALED_TO_ZERO"),
        (Phase.UNHEALTHY, "UNHEALTHY"),
        (Phase.STOPPED, "DEACTIVATING INACTIVE BUILD_STOPPED"),
        (Phase.FAILED, "BUILD_FAILED DEPLOY_FAILED FAILED"),
    ],
)
def test_a_deployments_status_means_what_the_design_says(phase: Phase, statuses: str) -> None:
    assert {status for status in DEPLOYMENT_STATUSES if meaning_of(status).phase is phase} == {
        *statuses.split()
    }


@pytest.mark.parametrize(
    ("phase", "statuses"),
    [
        (PromotionPhase.RUNNING, "RELEASING RAMPING_UP"),
        (PromotionPhase.PAUSED, "PAUSED"),
        (PromotionPhase.ROLLING_BACK, "RAMPING_DOWN"),
        (PromotionPhase.SUCCEEDED, "SUCCEEDED"),
        (PromotionPhase.FAILED, "FAILED"),
        (PromotionPhase.CANCELED, "CANCELED"),
    ],
)
def test_a_promotions_status_means_what_the_rolling_deployments_page_says(
    phase: PromotionPhase, statuses: str
) -> None:
    assert {status for status in PROMOTION_STATUSES if promotion_phase_of(status) is phase} == {
        *statuses.split()
    }


@pytest.mark.parametrize("status", ["HIBERNATING", "", "active", "ACTIVATING"])
def test_an_unknown_status_is_neither_success_nor_failure(status: str) -> None:
    assert meaning_of(status).phase is Phase.PENDING
    assert promotion_phase_of(status) is PromotionPhase.RUNNING


def test_a_status_is_known_only_for_what_can_have_it() -> None:
    """Otherwise a timeout would not mention that a deployment is PAUSED."""
    assert is_known("promotion", "PAUSED")
    assert not is_known("deployment", "PAUSED")
    assert is_known("chainlet", "ACTIVE")
    assert not is_known("promotion", "ACTIVE")
    assert not is_known("deployment", "HIBERNATING")


def test_only_deactivating_and_inactive_may_be_from_before_an_activate() -> None:
    assert {status for status in DEPLOYMENT_STATUSES if meaning_of(status).may_be_old} == {
        "DEACTIVATING",
        "INACTIVE",
    }


def test_each_status_has_its_stage() -> None:
    assert meaning_of("BUILDING").stage is Stage.BUILD
    assert {meaning_of(one).stage for one in ("DEPLOYING", "SCALED_TO_ZERO", "UNHEALTHY")} == {
        Stage.DEPLOY
    }
    assert {meaning_of(one).stage for one in ("LOADING_MODEL", "WAKING_UP", "UPDATING")} == {
        Stage.LOAD
    }
    assert {meaning_of(one).stage for one in ("ACTIVE", "INACTIVE", "HIBERNATING")} == {Stage.IDLE}
