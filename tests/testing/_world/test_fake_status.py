"""The table of statuses is complete, and its properties fit together."""

from aiobaseten.schemas import DeploymentStatus, PromotionStatus
from aiobaseten.testing import timelines
from aiobaseten.testing._world.status import (
    DEPLOYMENT_STATUSES,
    PROMOTION_STATUSES,
    best,
    worst,
)
from aiobaseten.testing.timelines import Timeline

NAMED = {
    name: Timeline(steps)
    for name, steps in vars(timelines).items()
    if name.isupper() and isinstance(steps, tuple)
}


def test_every_documented_status_of_a_deployment_has_properties() -> None:
    documented = {status.value for status in DeploymentStatus}

    assert documented == DEPLOYMENT_STATUSES.keys()


def test_every_documented_status_of_a_promotion_has_properties() -> None:
    documented = {status.value for status in PromotionStatus}

    assert documented == PROMOTION_STATUSES.keys()


def test_every_deployment_status_has_a_rank_of_its_own() -> None:
    ranks = sorted(status.rank for status in DEPLOYMENT_STATUSES.values())

    assert ranks == list(range(len(DEPLOYMENT_STATUSES)))


def test_hopeless_statuses_are_the_worst() -> None:
    hopeless = [status.rank for status in DEPLOYMENT_STATUSES.values() if status.hopeless]
    others = [status.rank for status in DEPLOYMENT_STATUSES.values() if not status.hopeless]

    assert max(hopeless) < min(others)


def test_an_unknown_status_ranks_between_a_failure_and_a_status_that_serves() -> None:
    assert worst(["ACTIVE", "HIBERNATING"]) == "HIBERNATING"
    assert best(["BUILD_FAILED", "HIBERNATING"]) == "HIBERNATING"


def test_the_named_timelines_have_documented_statuses_only() -> None:
    used = {status for timeline in NAMED.values() for _, status in timeline.changes()}

    assert len(NAMED) == 7
    assert used <= DEPLOYMENT_STATUSES.keys()
