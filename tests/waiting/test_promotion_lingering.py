"""Environments that still show the state before the promotion, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting import Baseline, baseline_of
from aiobaseten._waiting.steps import Pending
from aiobaseten.errors import PromotionCanceledError, PromotionFailedError
from aiobaseten.readings import DeploymentReading

from .literals import (
    P,
    T,
    deployment,
    environment,
    explained,
    look,
    promotion_tracker,
    see,
)


def test_the_baseline_of_an_empty_environment_is_empty() -> None:
    assert baseline_of(environment(None)) == Baseline()


def test_the_end_of_an_earlier_promotion_is_not_ours() -> None:
    for status in ("FAILED", "CANCELED", "SUCCEEDED"):
        before = environment(P, None, status)
        tracker = promotion_tracker(baseline=baseline_of(before))

        look(tracker, 0, before)
        look(tracker, 5, environment(P, T, "RELEASING"))

        assert see(tracker, 60, environment(T, None, "SUCCEEDED")) == T


def test_a_candidate_beside_the_end_of_an_earlier_promotion_is_pending() -> None:
    """The deployment and the promotion need not be renewed in the same moment."""
    tracker = promotion_tracker(baseline=Baseline(current_id=P, promotion_status="FAILED"))

    look(tracker, 0, environment(P, T, "FAILED"))
    look(tracker, 5, environment(P, T, "RAMPING_UP"))

    assert isinstance(see(tracker, 10, environment(P, T, "FAILED")), PromotionFailedError)


@pytest.mark.parametrize(
    ("status", "error"), [("FAILED", PromotionFailedError), ("CANCELED", PromotionCanceledError)]
)
def test_an_unchanged_end_counts_after_the_settling_time(
    status: str, error: type[Exception]
) -> None:
    """Promoted again and ended again between two looks, which then show what they showed before."""
    before = environment(P, T, status)
    tracker = promotion_tracker(baseline=baseline_of(before), retried=True)

    look(tracker, 0, before)
    look(tracker, 120, before)
    look(tracker, 129, before)

    assert isinstance(see(tracker, 130, before), error)


@pytest.mark.parametrize("found", [None, deployment(status="INACTIVE")])
@pytest.mark.parametrize(
    ("status", "kind"), [("FAILED", PromotionFailedError), ("CANCELED", PromotionCanceledError)]
)
def test_an_unchanged_end_without_a_candidate_says_how_the_promotion_ended(
    status: str, kind: type[Exception], found: DeploymentReading | None
) -> None:
    """No server lags behind for so long. But the message may be the one of before."""
    before = environment(P, None, status, message="Somebody else's.")
    tracker = promotion_tracker(baseline=baseline_of(before))
    look(tracker, 0, before)
    explained(tracker, 120, before, found)

    error = explained(tracker, 240, before, found)

    assert isinstance(error, kind)
    assert "Somebody else's." not in str(error)


def test_an_end_without_a_candidate_is_pending_while_the_deployment_is_built() -> None:
    before = environment(P, None, "FAILED")
    tracker = promotion_tracker(baseline=baseline_of(before))
    look(tracker, 0, before)

    assert isinstance(explained(tracker, 120, before, deployment(status="BUILDING")), Pending)


def test_a_lingering_failed_candidate_that_is_promoted_again_is_pending() -> None:
    failed = environment(P, deployment(status="BUILD_FAILED"), "FAILED")
    tracker = promotion_tracker(baseline=baseline_of(failed), retried=True)

    look(tracker, 0, failed)
    look(tracker, 5, environment(P, deployment(status="BUILDING"), "RELEASING"))

    assert see(tracker, 60, environment(T)) == T


def test_an_earlier_promotion_that_lingers_is_not_reported() -> None:
    before = environment(P, None, "FAILED", percent=50)

    events = promotion_tracker(baseline=baseline_of(before)).see(before, 0).events

    assert events == ()
