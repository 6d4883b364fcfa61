"""When a promotion is finished: rule 1, without an event loop."""

from __future__ import annotations

import pytest

from .literals import P, T, X, chain, deployment, environment, look, promotion_wait, see


@pytest.mark.parametrize("promotion", [None, "SUCCEEDED"])
def test_the_current_deployment_is_promoted_if_no_promotion_runs(promotion: str | None) -> None:
    """Whether a promotion that has ended stays to be read or turns to null is not documented."""
    assert see(promotion_wait(), 0, environment(T, None, promotion)) == T


@pytest.mark.parametrize("promotion", ["FAILED", "CANCELED"])
def test_the_end_of_an_earlier_promotion_does_not_matter_to_the_current_deployment(
    promotion: str,
) -> None:
    assert see(promotion_wait(), 0, environment(T, None, promotion)) == T


def test_an_active_candidate_is_not_promoted() -> None:
    """A deployment that is reused was ACTIVE all along, before any traffic moves."""
    wait = promotion_wait()

    for at in (0, 100, 1000):
        look(wait, at, environment(P, T, "RELEASING"))
        look(wait, at + 1, environment(P, T, None))
        look(wait, at + 2, environment(P, T, "SUCCEEDED"))

    assert see(wait, 1100, environment(T, None, "SUCCEEDED")) == T


@pytest.mark.parametrize("promotion", ["RELEASING", "RAMPING_UP", "RAMPING_DOWN", "SHIFTING"])
@pytest.mark.parametrize("candidate", [None, T])
def test_the_current_deployment_is_not_promoted_while_its_promotion_runs(
    promotion: str, candidate: str | None
) -> None:
    wait = promotion_wait()

    look(wait, 0, environment(T, candidate, promotion, percent=75))

    assert see(wait, 5, environment(T, None, None)) == T


def test_a_newer_promotion_of_another_deployment_does_not_matter() -> None:
    assert see(promotion_wait(), 0, environment(T, X, "RAMPING_UP", percent=50)) == T


@pytest.mark.parametrize(
    "status", ["LOADING_MODEL", "WAKING_UP", "UPDATING", "UNHEALTHY", "HIBERNATING"]
)
def test_a_current_deployment_that_is_not_ready_is_waited_for(status: str) -> None:
    wait = promotion_wait()

    look(wait, 0, environment(deployment(status=status), None, "SUCCEEDED"))

    assert see(wait, 5, environment(T, None, "SUCCEEDED")) == T


def test_a_current_deployment_that_sleeps_counts_only_if_the_caller_accepts_it() -> None:
    asleep = environment(deployment(status="SCALED_TO_ZERO"))
    strict, lenient = promotion_wait(), promotion_wait(accept_scaled_to_zero=True)

    for wait in (strict, lenient):
        look(wait, 0, asleep)
        look(wait, 119, asleep)

    assert see(lenient, 120, asleep) == T
    look(strict, 1000, asleep)


def test_a_candidate_that_was_active_needs_no_settling_time_when_it_sleeps() -> None:
    wait = promotion_wait(accept_scaled_to_zero=True)

    look(wait, 0, environment(P, T, "RAMPING_UP"))

    assert see(wait, 5, environment(deployment(status="SCALED_TO_ZERO"))) == T


def test_a_sleeping_candidate_is_waited_for_however_long() -> None:
    wait = promotion_wait(accept_scaled_to_zero=True)
    sleeping = deployment(status="SCALED_TO_ZERO")

    for at in (0, 200, 400):
        look(wait, at, environment(P, sleeping, None))


def test_a_chain_is_promoted_when_all_its_chainlets_serve() -> None:
    wait = promotion_wait()

    look(wait, 0, environment(chain({"One": "ACTIVE", "Two": "WAKING_UP"}, "ACTIVE")))

    assert see(wait, 5, environment(chain({"One": "ACTIVE", "Two": "ACTIVE"}))) == T
