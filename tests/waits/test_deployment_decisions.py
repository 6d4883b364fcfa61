"""From statuses to ready, failed or look again: waits on a deployment, without an event loop."""

from __future__ import annotations

import pytest
from literals import T, chain, deployment, deployment_wait, look, see

from aiobaseten._waits import Wake
from aiobaseten.errors import DeploymentFailedError

ON_THE_WAY = ["BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP"]
FAILED = ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED"]


# What one status means


def test_active_is_what_is_waited_for() -> None:
    assert see(deployment_wait(), 0, deployment(status="ACTIVE")) == T


@pytest.mark.parametrize("status", [*ON_THE_WAY, "HIBERNATING"])
def test_what_is_on_its_way_or_not_known_is_waited_for_as_long_as_it_takes(status: str) -> None:
    wait = deployment_wait()

    for at in (0, 1000, 100_000):
        look(wait, at, deployment(status=status))

    assert see(wait, 100_001, deployment()) == T


@pytest.mark.parametrize("status", [*FAILED, "BUILD_STOPPED"])
def test_what_has_failed_or_was_stopped_fails_the_wait_at_once(status: str) -> None:
    error = see(deployment_wait(), 0, deployment(status=status))

    assert isinstance(error, DeploymentFailedError)
    assert str(error).startswith(
        f"deployment T of model m1 will not become active: deployment T is {status}. "
    )


def test_an_error_says_what_to_do_about_it() -> None:
    failed = see(deployment_wait(), 0, deployment(status="BUILD_FAILED"))
    stopped = see(deployment_wait(), 0, deployment(status="BUILD_STOPPED"))
    unhealthy = see(deployment_wait(unhealthy_grace=0), 0, deployment(status="UNHEALTHY"))

    assert "given up on it: see its logs, then retry it or push again" in str(failed)
    assert "does not run until somebody activates it or starts it again" in str(stopped)
    assert "still runs, and may recover: see its logs" in str(unhealthy)


# Statuses from before somebody started it


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_being_off_at_first_may_be_the_state_before_an_activate(status: str) -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status=status))
    look(wait, 119, deployment(status=status))

    assert isinstance(see(wait, 120, deployment(status=status)), DeploymentFailedError)


def test_deactivating_and_activating_again_may_show_both_ways_of_being_off() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEACTIVATING"))
    look(wait, 10, deployment(status="INACTIVE"))
    look(wait, 20, deployment(status="DEPLOYING"))

    assert see(wait, 60, deployment()) == T


def test_two_ways_of_being_off_get_one_settling_time_between_them() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEACTIVATING"))
    look(wait, 100, deployment(status="INACTIVE"))

    assert isinstance(see(wait, 120, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", ["INACTIVE", "DEACTIVATING"])
def test_being_off_after_it_was_on_its_way_is_a_failure_at_once(status: str) -> None:
    """No GPU to be had: half an hour of DEPLOYING, then INACTIVE without a word."""
    wait = deployment_wait()

    look(wait, 0, deployment(status="DEPLOYING"))

    assert isinstance(see(wait, 5, deployment(status=status)), DeploymentFailedError)


def test_being_off_again_after_an_activate_is_a_failure_at_once() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="INACTIVE"))
    look(wait, 5, deployment(status="DEPLOYING"))

    assert isinstance(see(wait, 10, deployment(status="INACTIVE")), DeploymentFailedError)


@pytest.mark.parametrize("status", [*FAILED, "BUILD_STOPPED", "INACTIVE"])
def test_after_a_retry_the_failure_from_before_gets_time_to_go_away(status: str) -> None:
    wait = deployment_wait(after_retry=True)

    look(wait, 0, deployment(status=status))
    look(wait, 5, deployment(status="BUILDING"))

    assert see(wait, 40, deployment()) == T


def test_a_failure_that_a_retry_did_not_mend_is_believed_in_the_end() -> None:
    wait = deployment_wait(after_retry=True)

    look(wait, 0, deployment(status="FAILED"))

    assert isinstance(see(wait, 120, deployment(status="FAILED")), DeploymentFailedError)


def test_a_failure_after_the_retry_had_begun_is_a_new_one() -> None:
    wait = deployment_wait(after_retry=True)

    look(wait, 0, deployment(status="BUILD_FAILED"))
    look(wait, 5, deployment(status="BUILDING"))

    error = see(wait, 10, deployment(status="BUILD_FAILED"))
    assert isinstance(error, DeploymentFailedError)


def test_without_time_to_settle_the_first_look_is_believed() -> None:
    wait = deployment_wait(settling_time=0, after_retry=True)

    assert isinstance(see(wait, 0, deployment(status="INACTIVE")), DeploymentFailedError)


# UNHEALTHY


def test_unhealthy_is_given_time_and_then_not_believed_to_recover() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="UNHEALTHY"))
    for at in range(50, 300, 50):
        look(wait, at, deployment(status="UNHEALTHY"))

    error = see(wait, 300, deployment(status="UNHEALTHY"))
    assert isinstance(error, DeploymentFailedError)
    assert "deployment T has been UNHEALTHY for 300 s" in str(error)


def test_unhealthy_with_a_break_begins_to_count_anew() -> None:
    wait = deployment_wait(unhealthy_grace=50)

    look(wait, 0, deployment(status="UNHEALTHY"))
    look(wait, 40, deployment(status="LOADING_MODEL"))
    look(wait, 45, deployment(status="UNHEALTHY"))
    look(wait, 94, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 95, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_nobody_can_say_what_was_in_the_time_of_an_outage() -> None:
    """A deployment that restarts again and again may be UNHEALTHY before and after by chance."""
    wait = deployment_wait()

    look(wait, 0, deployment(status="UNHEALTHY"))
    look(wait, 320, deployment(status="UNHEALTHY"))
    for at in range(370, 620, 50):
        look(wait, at, deployment(status="UNHEALTHY"))

    error = see(wait, 620, deployment(status="UNHEALTHY"))
    assert "UNHEALTHY for 300 s" in str(error)


def test_a_minute_without_a_look_is_not_yet_a_break() -> None:
    wait = deployment_wait(unhealthy_grace=120)

    for at in (0, 60):
        look(wait, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 120, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_more_than_a_minute_without_a_look_is_a_break() -> None:
    wait = deployment_wait(unhealthy_grace=120)

    for at in (0, 60.5, 120.5, 180):
        look(wait, at, deployment(status="UNHEALTHY"))

    assert isinstance(see(wait, 180.5, deployment(status="UNHEALTHY")), DeploymentFailedError)


def test_each_chainlet_has_a_patience_of_its_own() -> None:
    """Two chainlets that take turns have neither been UNHEALTHY for long."""
    wait = deployment_wait(unhealthy_grace=50)

    for at in range(0, 400, 40):
        turn = ("UNHEALTHY", "ACTIVE") if at % 80 else ("ACTIVE", "UNHEALTHY")
        look(wait, at, chain({"One": turn[0], "Two": turn[1]}, "DEPLOYING"))

    assert see(wait, 401, chain({"One": "ACTIVE", "Two": "ACTIVE"})) == T


# Asleep


def test_asleep_is_on_its_way_until_it_has_settled() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, deployment(status="SCALED_TO_ZERO"))
    look(wait, 119, deployment(status="SCALED_TO_ZERO"))

    assert see(wait, 120, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_begins_to_settle_when_it_is_first_seen() -> None:
    """The published rollout was asleep after its build; a build may take longer than settling."""
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, deployment(status="BUILDING"))
    look(wait, 1000, deployment(status="SCALED_TO_ZERO"))
    look(wait, 1085, deployment(status="WAKING_UP"))

    assert see(wait, 1600, deployment()) == T


def test_asleep_does_not_settle_while_a_promotion_may_start_it() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    for at in (0, 200, 400):
        look(wait, at, deployment(status="SCALED_TO_ZERO", promoting=True))

    assert see(wait, 500, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_does_not_settle_before_it_has_finished_deploying() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    for at in (0, 200, 400):
        look(wait, at, deployment(status="SCALED_TO_ZERO", deployed=False))

    assert see(wait, 500, deployment(status="SCALED_TO_ZERO")) == T


def test_asleep_will_not_do_unless_the_caller_said_so() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="SCALED_TO_ZERO"))
    look(wait, 120, deployment(status="SCALED_TO_ZERO"))

    assert (
        "Nothing but a request will wake deployment T, or its promotion: "
        "pass accept_scaled_to_zero=True if asleep will do." in wait.still()
    )


def test_what_can_wake_it_is_named_where_there_is_a_way() -> None:
    wait = deployment_wait(can_wake=True, settling_time=0)

    look(wait, 0, deployment(status="SCALED_TO_ZERO"))

    assert "pass accept_scaled_to_zero=True if asleep will do, or wake=True." in wait.still()


def test_what_is_asleep_but_on_its_way_is_not_said_to_stay_so() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="SCALED_TO_ZERO"))

    assert wait.still().endswith("SCALED_TO_ZERO. Baseten keeps working on it.")


def test_it_is_woken_once_it_has_settled_and_only_once() -> None:
    wait = deployment_wait(wake=True)
    asleep = deployment(status="SCALED_TO_ZERO")

    look(wait, 0, asleep)
    asked = see(wait, 120, asleep)
    assert isinstance(asked, Wake)
    asked.woken(121)

    look(wait, 125, asleep)
    look(wait, 1000, asleep)
    assert "It was asked to wake up at 121 s, and has not." in wait.still()
    look(wait, 1005, deployment(status="WAKING_UP"))
    assert see(wait, 1100, deployment()) == T


def test_a_wake_up_call_that_did_not_get_through_is_repeated() -> None:
    wait = deployment_wait(wake=True, settling_time=0)

    assert isinstance(see(wait, 0, deployment(status="SCALED_TO_ZERO")), Wake)
    assert isinstance(see(wait, 5, deployment(status="SCALED_TO_ZERO")), Wake)


# Chains


def test_a_chain_is_ready_when_all_its_chainlets_are_and_it_says_so() -> None:
    wait = deployment_wait()

    look(wait, 0, chain({"One": "ACTIVE", "Two": "LOADING_MODEL"}))
    look(wait, 5, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "UPDATING"))

    assert see(wait, 10, chain({"One": "ACTIVE", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chain_that_says_active_is_not_ready_before_its_chainlets() -> None:
    """How Baseten folds the chainlets' statuses into the chain's is not documented."""
    look(deployment_wait(), 0, chain({"One": "LOADING_MODEL"}, "ACTIVE"))


def test_a_failure_names_the_chainlets_that_failed_and_how() -> None:
    error = see(
        deployment_wait(),
        0,
        chain({"One": "ACTIVE", "Two": "BUILD_FAILED", "Three": "BUILD_STOPPED"}, "ACTIVE"),
    )

    assert error.failed == ("Two", "Three")
    assert "chainlet Two is BUILD_FAILED, chainlet Three is BUILD_STOPPED" in str(error)


def test_a_chain_that_failed_by_itself_names_no_chainlet() -> None:
    error = see(deployment_wait(), 0, chain({"One": "ACTIVE"}, "FAILED"))

    assert error.failed == ()
    assert "deployment T is FAILED" in str(error)


def test_a_chainlet_that_falls_asleep_while_others_deploy_is_waited_with() -> None:
    """Baseten's own tool calls that a failed deployment."""
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, chain({"One": "ACTIVE", "Two": "BUILDING"}, "DEPLOYING"))
    look(wait, 1000, chain({"One": "SCALED_TO_ZERO", "Two": "BUILDING"}, "DEPLOYING"))

    assert see(wait, 1010, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_a_chainlet_that_was_ready_and_went_to_sleep_needs_no_time_to_settle() -> None:
    wait = deployment_wait(accept_scaled_to_zero=True)

    look(wait, 0, chain({"One": "ACTIVE", "Two": "UPDATING"}, "ACTIVE"))
    look(wait, 5, chain({"One": "WAKING_UP", "Two": "UPDATING"}, "ACTIVE"))

    assert see(wait, 10, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE")) == T


def test_an_error_names_the_chainlets_that_sleep_once_they_are_what_it_waits_for() -> None:
    wait = deployment_wait(settling_time=0)

    look(wait, 0, chain({"One": "SCALED_TO_ZERO", "Two": "BUILDING"}, "DEPLOYING"))
    assert wait.still().endswith("Baseten keeps working on it.")

    look(wait, 5, chain({"One": "SCALED_TO_ZERO", "Two": "ACTIVE"}, "ACTIVE"))
    assert "Nothing but a request will wake chainlet One, or its promotion" in wait.still()


def test_a_chain_without_chainlets_is_what_it_says_itself() -> None:
    wait = deployment_wait()

    look(wait, 0, chain({}, "DEPLOYING"))

    assert see(wait, 5, chain({}, "ACTIVE")) == T


# What is reported


def test_a_look_that_shows_nothing_new_reports_nothing() -> None:
    wait = deployment_wait()

    first = wait.see(deployment(status="BUILDING"), 0).events
    second = wait.see(deployment(status="BUILDING"), 5).events
    third = wait.see(deployment(status="DEPLOYING"), 10).events

    assert [str(event) for event in (*first, *second, *third)] == [
        "    0.0 s  deployment T: BUILDING",
        "   10.0 s  deployment T: BUILDING -> DEPLOYING",
    ]


def test_the_part_that_is_farthest_from_ready_decides_how_often_to_look() -> None:
    step = deployment_wait().see(chain({"One": "LOADING_MODEL", "Two": "BUILDING"}, "ACTIVE"), 0)

    assert step.stage.value == "build"


def test_it_counts_from_the_last_change_how_long_it_has_been_so() -> None:
    wait = deployment_wait()

    wait.see(deployment(status="WAKING_UP"), 10)

    assert wait.see(deployment(status="WAKING_UP"), 70).in_stage == 60


def test_a_status_that_is_not_known_is_called_so() -> None:
    wait = deployment_wait()

    look(wait, 0, deployment(status="HIBERNATING"))

    assert "deployment T HIBERNATING (a status that this version does not know)" in wait.still()
