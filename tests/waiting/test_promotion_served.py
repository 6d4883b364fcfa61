"""Finished promotions: rule 1, without an event loop."""

from __future__ import annotations

import pytest

from aiobaseten._waiting import baseline_of
from aiobaseten.errors import PromotionSupersededError

from .literals import (
    CERTAIN_AT,
    P,
    T,
    X,
    chain,
    deployment,
    environment,
    look,
    promotion_tracker,
    see,
)


@pytest.mark.parametrize("promotion", [None, "SUCCEEDED"])
def test_the_current_deployment_is_promoted_if_no_promotion_runs(promotion: str | None) -> None:
    """The documentation does not say whether an ended promotion stays or turns to null."""
    assert see(promotion_tracker(), 0, environment(T, None, promotion)) == T


@pytest.mark.parametrize("promotion", ["FAILED", "CANCELED"])
def test_the_end_of_an_earlier_promotion_does_not_matter_to_the_current_deployment(
    promotion: str,
) -> None:
    assert see(promotion_tracker(), 0, environment(T, None, promotion)) == T


def test_an_active_candidate_is_not_promoted() -> None:
    """A reused deployment is ACTIVE before any traffic moves."""
    tracker = promotion_tracker()

    for at in (0, 100, 1000):
        look(tracker, at, environment(P, T, "RELEASING"))
        look(tracker, at + 1, environment(P, T, None))
        look(tracker, at + 2, environment(P, T, "SUCCEEDED"))

    assert see(tracker, 1100, environment(T, None, "SUCCEEDED")) == T


@pytest.mark.parametrize("promotion", ["RELEASING", "RAMPING_UP", "RAMPING_DOWN", "SHIFTING"])
@pytest.mark.parametrize("candidate", [None, T])
def test_the_current_deployment_is_not_promoted_while_its_promotion_runs(
    promotion: str, candidate: str | None
) -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(T, candidate, promotion, percent=75))

    assert see(tracker, 5, environment(T, None, None)) == T


def test_a_server_that_lags_behind_does_not_replace_a_deployment_that_serves() -> None:
    """A guard looks on after the end."""
    tracker = promotion_tracker()

    for at in (0, 12, 24):
        assert see(tracker, at, environment(T, None, "SUCCEEDED")) == T
        look(tracker, at + 6, environment(P, None, "SUCCEEDED"))


def test_a_deployment_that_served_is_superseded_by_the_one_before_it_after_two_looks() -> None:
    tracker = promotion_tracker()
    see(tracker, 0, environment(T, None, "SUCCEEDED"))
    look(tracker, 60, environment(P, None, "SUCCEEDED"))

    error = see(tracker, 70, environment(P, None, "SUCCEEDED"))

    assert isinstance(error, PromotionSupersededError)
    assert error.by == P


def test_a_newer_promotion_of_another_deployment_does_not_matter() -> None:
    assert see(promotion_tracker(), 0, environment(T, X, "RAMPING_UP", percent=50)) == T


@pytest.mark.parametrize(
    "status", ["LOADING_MODEL", "WAKING_UP", "UPDATING", "UNHEALTHY", "HIBERNATING"]
)
def test_a_current_deployment_that_is_not_ready_is_waited_for(status: str) -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(deployment(status=status), None, "SUCCEEDED"))

    assert see(tracker, 5, environment(T, None, "SUCCEEDED")) == T


def test_a_current_deployment_that_sleeps_counts_only_if_the_caller_accepts_it() -> None:
    asleep = environment(deployment(status="SCALED_TO_ZERO"))
    strict, lenient = promotion_tracker(), promotion_tracker(accept_scaled_to_zero=True)

    for tracker in (strict, lenient):
        look(tracker, 0, asleep)
        look(tracker, 119, asleep)

    assert see(lenient, 120, asleep) == T
    look(strict, 1000, asleep)


def test_a_candidate_that_was_active_needs_no_settling_time_when_it_sleeps() -> None:
    tracker = promotion_tracker(accept_scaled_to_zero=True)

    look(tracker, 0, environment(P, T, "RAMPING_UP"))

    assert see(tracker, 5, environment(deployment(status="SCALED_TO_ZERO"))) == T


def test_a_sleeping_candidate_is_waited_for_however_long() -> None:
    tracker = promotion_tracker(accept_scaled_to_zero=True)
    sleeping = deployment(status="SCALED_TO_ZERO")

    for at in (0, 200, 400):
        look(tracker, at, environment(P, sleeping, None))


def test_a_chain_is_promoted_when_all_its_chainlets_serve() -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(chain({"One": "ACTIVE", "Two": "WAKING_UP"}, "ACTIVE")))

    assert see(tracker, 5, environment(chain({"One": "ACTIVE", "Two": "ACTIVE"}))) == T


def test_an_earlier_success_that_reappears_is_not_the_end_of_a_repeated_promotion() -> None:
    """A server that lags behind may show it again after the new promotion was seen."""
    before = environment(T, None, "SUCCEEDED")
    tracker = promotion_tracker(baseline=baseline_of(before))
    look(tracker, 0, environment(T, T, "RELEASING"))

    look(tracker, 4, before)
    look(tracker, 8, environment(T, T, "RELEASING"))
    look(tracker, 12, before)
    look(tracker, CERTAIN_AT - 1, before)

    assert see(tracker, CERTAIN_AT, before) == T


@pytest.mark.parametrize("lingered", [True, False])
def test_a_candidate_that_serves_as_before_hides_the_end_unless_it_lingered_before(
    *, lingered: bool
) -> None:
    """An environment of a chain that shows no promotions, and keeps its candidate."""
    shown = environment(T, T, None)
    before = shown if lingered else environment(T)
    tracker = promotion_tracker(baseline=baseline_of(before))

    for at in (0, 60, 119):
        look(tracker, at, shown)

    ended = see(tracker, 190, shown)
    assert (ended == T) is lingered
