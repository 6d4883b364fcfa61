"""From environments to promoted, failed or look again: without an event loop."""

from __future__ import annotations

from typing import Any

import pytest
from literals import (
    PENDING,
    P,
    T,
    X,
    chain,
    deployment,
    environment,
    look,
    promotion_wait,
    see,
)

from aiobaseten._waits import (
    Baseline,
    DeploymentReading,
    EnvironmentReading,
    Explain,
    Failed,
    PromotionWait,
    baseline_of,
)
from aiobaseten.errors import (
    Evidence,
    PromotionCanceledError,
    PromotionFailedError,
    PromotionPausedError,
    PromotionSupersededError,
)
from aiobaseten.events import PromotionPaused, PromotionResumed, StatusChanged, TrafficShifted

HOPELESS = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED", "BUILD_STOPPED"]


def explained(
    wait: PromotionWait, at: float, reading: EnvironmentReading, found: DeploymentReading | None
) -> Any:
    """What a look comes to that finds the deployment gone, once the deployment was read."""
    asked = see(wait, at, reading)
    assert isinstance(asked, Explain)
    verdict = asked.given(found, at).verdict
    return verdict.error(Evidence(waited=at)) if isinstance(verdict, Failed) else verdict


def once_there(**policy: Any) -> PromotionWait:
    """A wait that has seen its deployment as the candidate."""
    wait = promotion_wait(**policy)
    look(wait, 0, environment(P, deployment(status="DEPLOYING"), "RELEASING"))
    return wait


# Rule 1: promoted


@pytest.mark.parametrize("promotion", [None, "SUCCEEDED"])
def test_what_serves_with_no_promotion_under_way_is_promoted(promotion: str | None) -> None:
    """Whether a promotion that has ended stays to be read or turns to null is not documented."""
    assert see(promotion_wait(), 0, environment(T, None, promotion)) == T


@pytest.mark.parametrize("promotion", ["FAILED", "CANCELED"])
def test_how_an_earlier_promotion_ended_does_not_matter_to_what_serves(promotion: str) -> None:
    assert see(promotion_wait(), 0, environment(T, None, promotion)) == T


def test_a_candidate_is_not_promoted_however_active_it_is() -> None:
    """A deployment that is reused was ACTIVE all along, before any traffic moves."""
    wait = promotion_wait()

    for at in (0, 100, 1000):
        look(wait, at, environment(P, T, "RELEASING"))
        look(wait, at + 1, environment(P, T, None))
        look(wait, at + 2, environment(P, T, "SUCCEEDED"))

    assert see(wait, 1100, environment(T, None, "SUCCEEDED")) == T


@pytest.mark.parametrize("promotion", ["RELEASING", "RAMPING_UP", "RAMPING_DOWN", "SHIFTING"])
@pytest.mark.parametrize("candidate", [None, T])
def test_what_serves_is_not_promoted_while_its_promotion_still_runs(
    promotion: str, candidate: str | None
) -> None:
    wait = promotion_wait()

    look(wait, 0, environment(T, candidate, promotion, percent=75))

    assert see(wait, 5, environment(T, None, None)) == T


def test_somebody_elses_promotion_that_has_begun_since_does_not_matter() -> None:
    assert see(promotion_wait(), 0, environment(T, X, "RAMPING_UP", percent=50)) == T


@pytest.mark.parametrize(
    "status", ["LOADING_MODEL", "WAKING_UP", "UPDATING", "UNHEALTHY", "HIBERNATING"]
)
def test_what_has_the_traffic_and_does_not_serve_is_waited_for(status: str) -> None:
    wait = promotion_wait()

    look(wait, 0, environment(deployment(status=status), None, "SUCCEEDED"))

    assert see(wait, 5, environment(T, None, "SUCCEEDED")) == T


def test_what_has_the_traffic_and_sleeps_will_do_only_if_the_caller_said_so() -> None:
    asleep = environment(deployment(status="SCALED_TO_ZERO"))
    strict, lenient = promotion_wait(), promotion_wait(accept_scaled_to_zero=True)

    for wait in (strict, lenient):
        look(wait, 0, asleep)
        look(wait, 119, asleep)

    assert see(lenient, 120, asleep) == T
    look(strict, 1000, asleep)
    assert "It has the traffic. Nothing but a request will wake deployment T: " in strict.still()


def test_what_was_active_as_a_candidate_and_then_sleeps_has_settled() -> None:
    wait = promotion_wait(accept_scaled_to_zero=True)

    look(wait, 0, environment(P, T, "RAMPING_UP"))

    assert see(wait, 5, environment(deployment(status="SCALED_TO_ZERO"))) == T


def test_a_chain_that_has_the_traffic_is_not_said_to_sleep_while_a_part_is_on_its_way() -> None:
    wait = promotion_wait(settling_time=0)

    look(wait, 0, environment(chain({"One": "SCALED_TO_ZERO", "Two": "LOADING_MODEL"}, "ACTIVE")))
    assert wait.still().endswith("Baseten keeps working on it.")

    look(wait, 5, environment(chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")))
    assert "Nothing but a request will wake chainlet One: " in wait.still()


def test_a_candidate_that_sleeps_is_on_its_way_however_long_it_does() -> None:
    wait = promotion_wait(accept_scaled_to_zero=True)
    sleeping = deployment(status="SCALED_TO_ZERO")

    for at in (0, 200, 400):
        look(wait, at, environment(P, sleeping, None))

    assert wait.still().endswith("Baseten keeps working on it.")


def test_a_chain_is_promoted_when_all_its_chainlets_serve() -> None:
    wait = promotion_wait()

    look(wait, 0, environment(chain({"One": "ACTIVE", "Two": "WAKING_UP"}, "ACTIVE")))

    assert see(wait, 5, environment(chain({"One": "ACTIVE", "Two": "ACTIVE"}))) == T


# Rule 2: Baseten says that it has failed, or was cancelled


def test_a_promotion_that_failed_is_an_error_with_what_baseten_said() -> None:
    error = see(
        once_there(),
        5,
        environment(P, deployment(status="DEPLOYING"), "FAILED", message="Out of GPUs."),
    )

    assert isinstance(error, PromotionFailedError)
    assert str(error) == (
        "the promotion of T failed: Out of GPUs. Traffic stays on what served before."
    )


def test_a_promotion_that_failed_names_the_chainlets_that_did() -> None:
    candidate = chain({"One": "ACTIVE", "Two": "BUILD_FAILED"}, "ACTIVE")

    error = see(promotion_wait(), 0, environment(P, candidate, "FAILED"))

    assert error.failed == ("Two",)


@pytest.mark.parametrize("lingering", [T, None])
def test_a_promotion_that_was_cancelled_is_another_error(lingering: str | None) -> None:
    error = see(once_there(), 5, environment(P, lingering, "CANCELED"))

    assert isinstance(error, PromotionCanceledError)
    assert "traffic is on what served before" in str(error)


def test_a_failure_is_told_at_once_even_if_the_candidate_was_never_shown() -> None:
    error = see(promotion_wait(), 0, environment(P, None, "FAILED", message="No."))

    assert isinstance(error, PromotionFailedError)


# Rule 3: the candidate has failed, whatever the promotion says


@pytest.mark.parametrize("promotion", [None, "RELEASING", "RAMPING_UP", "PAUSED", "SUCCEEDED"])
@pytest.mark.parametrize("status", HOPELESS)
def test_a_candidate_that_failed_has_failed_before_its_promotion_has(
    status: str, promotion: str | None
) -> None:
    error = see(promotion_wait(), 0, environment(P, deployment(status=status), promotion))

    assert isinstance(error, PromotionFailedError)
    assert f"failed: deployment T is {status}. Traffic stays on what served before." in str(error)


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_a_candidate_that_was_on_its_way_and_is_switched_off_has_failed(status: str) -> None:
    error = see(once_there(), 5, environment(P, deployment(status=status), "RELEASING"))

    assert isinstance(error, PromotionFailedError)


def test_a_candidate_may_be_inactive_at_first() -> None:
    """A deployment that is off can be promoted; it is activated for that."""
    wait = promotion_wait()

    look(wait, 0, environment(P, deployment(status="INACTIVE"), "RELEASING"))
    look(wait, 5, environment(P, deployment(status="DEPLOYING"), "RELEASING"))

    assert see(wait, 60, environment(T, None, "SUCCEEDED")) == T


def test_an_unhealthy_candidate_is_given_time_and_the_error_says_where_the_traffic_is() -> None:
    wait = promotion_wait(unhealthy_grace=30)
    sick = environment(P, deployment(status="UNHEALTHY"), "RAMPING_UP", percent=25)

    look(wait, 0, sick)

    error = see(wait, 30, sick)
    assert "deployment T has been UNHEALTHY for 30 s. It has 25 % of the traffic." in str(error)


def test_what_fails_once_it_has_the_traffic_is_said_to_have_it() -> None:
    """After a first deployment that fails, the environment still points at it."""
    error = see(promotion_wait(), 0, environment(deployment(status="DEPLOY_FAILED")))

    assert isinstance(error, PromotionFailedError)
    assert "deployment T is DEPLOY_FAILED. It has the traffic." in str(error)


def test_a_failed_chainlet_fails_the_promotion_whatever_the_chain_says() -> None:
    candidate = chain({"One": "ACTIVE", "Two": "FAILED"}, "ACTIVE")

    error = see(promotion_wait(), 0, environment(P, candidate))

    assert isinstance(error, PromotionFailedError)
    assert error.failed == ("Two",)


# Rule 4: it goes on


@pytest.mark.parametrize("promotion", ["RELEASING", "RAMPING_UP", "RAMPING_DOWN", "SHIFTING", None])
@pytest.mark.parametrize("status", ["BUILDING", "SCALED_TO_ZERO", "WAKING_UP", "UNHEALTHY"])
def test_a_candidate_on_its_way_is_waited_for(status: str, promotion: str | None) -> None:
    look(promotion_wait(), 0, environment(P, deployment(status=status), promotion))


def test_a_promotion_whose_candidate_is_not_shown_is_waited_for() -> None:
    wait = promotion_wait()

    for at in (0, 1000, 2000):
        look(wait, at, environment(P, None, "RELEASING"))


def test_a_rollback_that_is_rolled_forward_after_all_ends_in_success() -> None:
    wait = promotion_wait()

    look(wait, 0, environment(P, T, "RAMPING_DOWN", percent=25))

    assert see(wait, 5, environment(T, None, "SUCCEEDED", percent=100)) == T


@pytest.mark.parametrize("status", ["DEACTIVATING", "INACTIVE", "FAILED"])
def test_what_becomes_of_a_candidate_that_is_rolled_back_is_not_why_it_ended(status: str) -> None:
    wait = once_there()

    look(wait, 5, environment(P, T, "RAMPING_DOWN"))
    look(wait, 10, environment(P, deployment(status=status), "RAMPING_DOWN"))

    error = see(wait, 15, environment(P, deployment(status=status), "CANCELED"))
    assert isinstance(error, PromotionCanceledError)


@pytest.mark.parametrize("leftover", ["INACTIVE", "ACTIVE"])
def test_a_rollback_whose_end_was_not_shown_is_a_cancellation(leftover: str) -> None:
    """The promotion turns to null, and the candidate lingers."""
    wait = once_there()

    look(wait, 5, environment(P, T, "RAMPING_DOWN"))
    look(wait, 10, environment(P, deployment(status=leftover), None))

    error = explained(
        wait, 20, environment(P, deployment(status=leftover)), deployment(status=leftover)
    )
    assert isinstance(error, PromotionCanceledError)


def test_a_pause_is_waited_through_and_said_in_the_end() -> None:
    wait = once_there()

    look(wait, 5, environment(P, T, "PAUSED", percent=25))

    assert wait.still().endswith(
        "PAUSED. It is paused: nothing moves until somebody resumes or cancels it."
    )


@pytest.mark.parametrize(
    "reading", [environment(P, T, "PAUSED", percent=25), environment(P, None, "PAUSED", percent=25)]
)
def test_a_pause_is_an_error_if_the_caller_said_so(reading: EnvironmentReading) -> None:
    error = see(promotion_wait(on_paused="raise"), 0, reading)

    assert isinstance(error, PromotionPausedError)
    assert "is paused at 25 % of traffic; it stays so until somebody resumes" in str(error)


def test_somebody_elses_pause_is_not_ours() -> None:
    wait = promotion_wait(on_paused="raise")

    look(wait, 0, environment(deployment(status="UPDATING"), X, "PAUSED", percent=25))

    assert "paused" not in wait.still()


# Rule 5: neither current nor candidate


def test_what_is_not_shown_at_first_is_given_time() -> None:
    wait = promotion_wait()

    look(wait, 0, environment(P))
    look(wait, 119, environment(P))
    look(wait, 121, environment(P, deployment(status="BUILDING")))

    assert see(wait, 200, environment(T)) == T


def test_the_time_to_be_shown_begins_with_the_first_look_that_succeeds() -> None:
    wait = promotion_wait()

    look(wait, 60, environment(P))
    look(wait, 179, environment(P))

    assert isinstance(see(wait, 180, environment(P)), Explain)


def test_even_without_time_to_settle_a_promotion_may_be_shown_some_seconds_late() -> None:
    wait = promotion_wait(settling_time=0)

    look(wait, 0, environment(P))
    look(wait, 9, environment(P))

    assert isinstance(see(wait, 10, environment(P)), Explain)


def test_what_is_never_shown_but_on_its_way_is_waited_for() -> None:
    """Nobody promised that an environment shows what is promoted before it serves."""
    wait = promotion_wait()

    look(wait, 0, environment(P))
    for at in (120, 500, 1000):
        found = deployment(status="LOADING_MODEL")
        assert explained(wait, at, environment(P), found) == PENDING
    assert explained(wait, 1010, environment(P), deployment()) == PENDING

    assert see(wait, 1020, environment(T)) == T


def test_what_is_never_shown_is_reported_all_the_same() -> None:
    wait = promotion_wait()
    look(wait, 0, environment(P))

    asked = see(wait, 120, environment(P))
    step = asked.given(deployment(status="LOADING_MODEL"), 121)

    assert [str(event)[11:] for event in step.events] == ["deployment T: LOADING_MODEL"]
    assert step.stage.value == "load"


def test_what_is_never_shown_and_waits_for_nothing_was_cancelled() -> None:
    wait = promotion_wait()
    look(wait, 0, environment(P))
    assert explained(wait, 120, environment(P), deployment()) == PENDING

    error = explained(wait, 240, environment(P), deployment())

    assert isinstance(error, PromotionCanceledError)
    assert str(error).endswith("Deployment T is ACTIVE.")


def test_what_is_missing_for_a_moment_is_on_its_way_to_be_current() -> None:
    wait = once_there()

    look(wait, 5, environment(P))
    look(wait, 14, environment(P))

    assert see(wait, 16, environment(T, None, "SUCCEEDED")) == T


def test_what_was_missing_twice_for_a_moment_was_not_missing_for_long() -> None:
    wait = once_there()

    look(wait, 5, environment(P))
    look(wait, 10, environment(P, T))
    look(wait, 15, environment(P))

    look(wait, 24, environment(P))


def test_what_stays_missing_was_cancelled_if_nothing_came_in_its_place() -> None:
    wait = once_there()
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), deployment(status="INACTIVE"))

    assert isinstance(error, PromotionCanceledError)
    assert str(error).endswith("Deployment T is INACTIVE.")


def test_what_stays_missing_and_has_failed_has_failed() -> None:
    wait = once_there()
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), deployment(status="BUILD_FAILED"))

    assert isinstance(error, PromotionFailedError)
    assert "deployment T is BUILD_FAILED" in str(error)
    assert wait.log.history()[-1].status == "BUILD_FAILED"


def test_what_was_deleted_is_said_to_be() -> None:
    wait = once_there()
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), None)

    assert isinstance(error, PromotionCanceledError)
    assert str(error).endswith("Deployment T no longer exists.")


@pytest.mark.parametrize(
    "now", [environment(X), environment(P, X), environment(P, X, "RELEASING"), environment(X, P)]
)
def test_who_came_in_its_place_is_named(now: EnvironmentReading) -> None:
    """Somebody cancelled the promotion and began another between two looks."""
    wait = once_there()
    look(wait, 5, now)

    error = explained(wait, 15, now, deployment())

    assert isinstance(error, PromotionSupersededError)
    assert error.by == X
    assert str(error) == "the promotion of T was superseded: deployment X took its place."


def test_a_candidate_that_lingered_before_did_not_come_in_its_place() -> None:
    wait = promotion_wait(baseline=Baseline(current_id=P, candidate_id=X))
    lingering = environment(P, deployment(X, "FAILED"))
    look(wait, 0, lingering)

    assert isinstance(explained(wait, 120, lingering, None), PromotionCanceledError)


def test_what_served_before_comes_in_its_place_when_somebody_rolls_back() -> None:
    wait = promotion_wait()
    look(wait, 0, environment(deployment(status="WAKING_UP")))
    look(wait, 5, environment(P))

    error = explained(wait, 15, environment(P), deployment(status="SCALED_TO_ZERO"))

    assert isinstance(error, PromotionSupersededError)
    assert error.by == P


def test_a_success_that_is_gone_at_the_next_look_was_superseded_too() -> None:
    """SUCCEEDED with another in its place: promoted, and rolled back between two looks."""
    wait = once_there()
    look(wait, 5, environment(P, None, "SUCCEEDED"))

    error = explained(wait, 15, environment(P, None, "SUCCEEDED"), deployment())

    assert isinstance(error, PromotionSupersededError)
    assert error.by == P


def test_where_nothing_served_before_whoever_serves_came_after() -> None:
    wait = promotion_wait(baseline=Baseline())
    look(wait, 0, environment(None, T))
    look(wait, 5, environment(P))

    assert explained(wait, 15, environment(P), deployment()).by == P


# Looks that show what was before


def test_how_an_earlier_promotion_ended_is_not_taken_for_ours() -> None:
    for status in ("FAILED", "CANCELED", "SUCCEEDED"):
        before = environment(P, None, status)
        wait = promotion_wait(baseline=baseline_of(before))

        look(wait, 0, before)
        look(wait, 5, environment(P, T, "RELEASING"))

        assert see(wait, 60, environment(T, None, "SUCCEEDED")) == T


def test_a_candidate_beside_the_end_of_an_earlier_promotion_is_on_its_way() -> None:
    """The deployment and the promotion need not be renewed in the same moment."""
    wait = promotion_wait(baseline=Baseline(current_id=P, promotion_status="FAILED"))

    look(wait, 0, environment(P, T, "FAILED"))
    look(wait, 5, environment(P, T, "RAMPING_UP"))

    assert isinstance(see(wait, 10, environment(P, T, "FAILED")), PromotionFailedError)


@pytest.mark.parametrize(
    ("status", "error"), [("FAILED", PromotionFailedError), ("CANCELED", PromotionCanceledError)]
)
def test_an_end_that_stays_the_same_is_believed_once_it_has_settled(
    status: str, error: type[Exception]
) -> None:
    """Promoted again and ended again between two looks, which then show what they showed before."""
    before = environment(P, T, status)
    wait = promotion_wait(baseline=baseline_of(before), after_retry=True)

    look(wait, 0, before)

    assert isinstance(see(wait, 120, before), error)


def test_the_end_of_an_earlier_promotion_is_never_why_ours_is_missing() -> None:
    before = environment(P, None, "FAILED", message="Somebody else's.")
    wait = promotion_wait(baseline=baseline_of(before))
    look(wait, 0, before)

    assert isinstance(explained(wait, 120, before, None), PromotionCanceledError)


def test_a_failed_candidate_that_lingered_and_is_promoted_again_gets_time() -> None:
    failed = environment(P, deployment(status="BUILD_FAILED"), "FAILED")
    wait = promotion_wait(baseline=baseline_of(failed), after_retry=True)

    look(wait, 0, failed)
    look(wait, 5, environment(P, deployment(status="BUILDING"), "RELEASING"))

    assert see(wait, 60, environment(T)) == T


def test_what_lingers_of_an_earlier_promotion_is_not_reported() -> None:
    before = environment(P, None, "FAILED", percent=50)

    events = promotion_wait(baseline=baseline_of(before)).see(before, 0).events

    assert events == ()


# What is reported


def test_a_success_is_reported_even_if_an_earlier_one_lingered() -> None:
    wait = promotion_wait(baseline=Baseline(current_id=P, promotion_status="SUCCEEDED"))

    events = wait.see(environment(T, None, "SUCCEEDED", percent=100), 0).events

    assert [str(event)[11:] for event in events] == [
        "deployment T: ACTIVE",
        "promotion to production: SUCCEEDED",
        "traffic: 100 % on the new deployment",
    ]


def test_before_anything_was_seen_nothing_has_changed() -> None:
    assert promotion_wait().see(environment(P), 40).in_stage == 40


def test_pauses_and_traffic_are_reported_as_they_change() -> None:
    wait = promotion_wait()

    events = [
        event
        for at, reading in enumerate(
            [
                environment(P, T, "RAMPING_UP", percent=25),
                environment(P, T, "PAUSED", percent=25),
                environment(P, T, "PAUSED", percent=25),
                environment(P, T, "RAMPING_UP", percent=50),
                environment(T, None, "SUCCEEDED", percent=100),
            ]
        )
        for event in wait.see(reading, at).events
    ]

    assert [(type(event), str(event)[11:]) for event in events] == [
        (StatusChanged, "deployment T: ACTIVE"),
        (StatusChanged, "promotion to production: RAMPING_UP"),
        (TrafficShifted, "traffic: 25 % on the new deployment"),
        (PromotionPaused, "promotion to production: RAMPING_UP -> PAUSED"),
        (PromotionResumed, "promotion to production: PAUSED -> RAMPING_UP"),
        (TrafficShifted, "traffic: 50 % on the new deployment"),
        (StatusChanged, "promotion to production: RAMPING_UP -> SUCCEEDED"),
        (TrafficShifted, "traffic: 100 % on the new deployment"),
    ]


@pytest.mark.parametrize("end", ["CANCELED", "RAMPING_DOWN", "FAILED", "SUCCEEDED"])
def test_a_pause_that_ends_otherwise_is_not_resumed(end: str) -> None:
    wait = promotion_wait()
    wait.see(environment(P, T, "PAUSED"), 0)

    (changed,) = wait.see(environment(P, T, end), 5).events

    assert type(changed) is StatusChanged


def test_traffic_that_moves_counts_as_a_change() -> None:
    wait = promotion_wait()

    wait.see(environment(P, T, "RAMPING_UP", percent=25), 0)
    step = wait.see(environment(P, T, "RAMPING_UP", percent=50), 30)

    assert step.in_stage == 0


def test_somebody_elses_promotion_is_not_reported() -> None:
    wait = promotion_wait()

    step = wait.see(environment(deployment(status="UPDATING"), X, "RAMPING_UP", percent=50), 0)

    assert [str(event)[11:] for event in step.events] == ["deployment T: UPDATING"]


def test_what_is_not_there_was_not_seen() -> None:
    wait = promotion_wait()

    look(wait, 0, environment(P))

    assert "last seen: nothing of it." in wait.still()


def test_only_what_the_last_look_showed_was_last_seen() -> None:
    wait = promotion_wait()

    look(wait, 0, environment(P, chain({"Old": "BUILDING"}, "DEPLOYING"), "RELEASING"))
    look(wait, 5, environment(P, chain({"New": "BUILDING"}, "DEPLOYING")))

    assert "last seen: deployment T DEPLOYING, chainlet New BUILDING." in wait.still()
