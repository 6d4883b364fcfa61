"""The sentences of failed waits, whole: a situation, and what its error or timeout says.

No other test asserts these words. Distinctions that only a sentence makes are tested here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiobaseten import Baseten, Token
from aiobaseten._waiting import Baseline, EnvironmentHistory, IdleTracker, Tracker
from aiobaseten._waiting.steps import Consult, Over, Wake
from aiobaseten.errors import (
    ConfigurationError,
    DeploymentFailedError,
    PromotionFailedError,
    PromotionInProgressError,
    RollbackImpossibleError,
    WaitTimeoutError,
)
from aiobaseten.readings import DeploymentReading, EnvironmentReading
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import production, promote, rolling, set_up
from .literals import (
    PENDING,
    P,
    T,
    X,
    after_candidate_was_seen,
    cancellation_tracker,
    chain,
    deployment,
    deployment_tracker,
    environment,
    explained,
    look,
    promotion_tracker,
    see,
)

GIVEN_UP = "Baseten has given up on it: see its logs, then retry it or push again."
KEEPS_WORKING = "Baseten keeps working on it."
ASLEEP = "SCALED_TO_ZERO"


@pytest.mark.parametrize(
    ("status", "how", "advice"),
    [
        ("BUILD_FAILED", "is BUILD_FAILED", GIVEN_UP),
        (
            "BUILD_STOPPED",
            "is BUILD_STOPPED",
            "It does not run until somebody activates it or starts it again.",
        ),
        (
            "UNHEALTHY",
            "has been UNHEALTHY for 0 s",
            "It still runs, and may recover: see its logs.",
        ),
    ],
)
def test_a_deployment_that_will_not_become_active(status: str, how: str, advice: str) -> None:
    error = see(deployment_tracker(unhealthy_grace=0), 0, deployment(status=status))

    assert str(error) == (
        f"deployment T of model m1 will not become active: deployment T {how}. {advice}"
    )


@pytest.mark.parametrize(
    ("chainlets", "status", "how"),
    [
        (
            {"One": "ACTIVE", "Two": "BUILD_FAILED", "Three": "BUILD_STOPPED"},
            "ACTIVE",
            "chainlet Two is BUILD_FAILED, chainlet Three is BUILD_STOPPED",
        ),
        ({"One": "ACTIVE"}, "FAILED", "deployment T is FAILED"),
    ],
)
def test_a_chain_that_will_not_become_active(
    chainlets: dict[str, str], status: str, how: str
) -> None:
    error = see(deployment_tracker(), 0, chain(chainlets, status))

    assert str(error) == (f"deployment T of model m1 will not become active: {how}. {GIVEN_UP}")


def test_unhealthy_is_said_to_have_lasted_from_the_end_of_an_outage() -> None:
    """Nobody saw the status during the outage."""
    tracker = deployment_tracker()
    look(tracker, 0, deployment(status="UNHEALTHY"))
    tracker.history.note_missing(300)
    for at in (320, *range(370, 620, 50)):
        look(tracker, at, deployment(status="UNHEALTHY"))

    error = see(tracker, 620, deployment(status="UNHEALTHY"))

    assert str(error) == (
        "deployment T of model m1 will not become active: deployment T has been UNHEALTHY for "
        "300 s. It still runs, and may recover: see its logs."
    )


def not_active(tracker: Tracker[Any], *readings: DeploymentReading) -> str:
    """The end of the sentence of a wait that times out after these looks."""
    for at, reading in enumerate(readings):
        look(tracker, at, reading)
    beginning, _, rest = str(tracker.still()).partition("; last seen: ")
    assert beginning == "deployment T of model m1 is not active"
    return rest


@pytest.mark.parametrize(
    ("reading", "rest"),
    [
        (deployment(status="BUILDING"), f"deployment T BUILDING. {KEEPS_WORKING}"),
        (
            deployment(status="HIBERNATING"),
            f"deployment T HIBERNATING (a status that this version does not know). {KEEPS_WORKING}",
        ),
        (
            chain({"One": ASLEEP, "Two": ASLEEP}, "ACTIVE"),
            "deployment T ACTIVE, chainlet One SCALED_TO_ZERO, chainlet Two SCALED_TO_ZERO. "
            "Only a request will wake chainlet One, chainlet Two, or its promotion: "
            "pass accept_scaled_to_zero=True if asleep is enough.",
        ),
        (
            chain({"One": ASLEEP, "Two": "BUILDING"}, "ACTIVE"),
            "deployment T ACTIVE, chainlet One SCALED_TO_ZERO, chainlet Two BUILDING. "
            f"{KEEPS_WORKING}",
        ),
    ],
)
def test_a_deployment_that_is_not_active_in_time(reading: DeploymentReading, rest: str) -> None:
    assert not_active(deployment_tracker(settling_time=0), reading) == rest


def test_a_deployment_that_may_be_on_its_way_up() -> None:
    """It has not been asleep for as long as the settling time."""
    assert not_active(deployment_tracker(), deployment(status=ASLEEP)) == (
        f"deployment T SCALED_TO_ZERO. {KEEPS_WORKING}"
    )


def test_a_deployment_that_can_be_woken() -> None:
    tracker = deployment_tracker(can_wake=True, settling_time=0)

    assert not_active(tracker, deployment(status=ASLEEP)) == (
        "deployment T SCALED_TO_ZERO. Only a request will wake deployment T, or its "
        "promotion: pass accept_scaled_to_zero=True if asleep is enough, or wake=True."
    )


@pytest.mark.parametrize("status", ["UNHEALTHY", "INACTIVE"])
def test_a_deployment_that_may_come_back_by_itself(status: str) -> None:
    tracker = deployment_tracker(wake=True)

    assert (
        not_active(tracker, deployment(status=status)) == f"deployment T {status}. {KEEPS_WORKING}"
    )


def test_a_deployment_that_was_never_seen() -> None:
    assert not_active(deployment_tracker()) == f"nothing of it. {KEEPS_WORKING}"


def test_a_deployment_that_was_asked_to_wake_up_and_has_not() -> None:
    tracker = deployment_tracker(settling_time=0, wake=True)

    asked = see(tracker, 0, deployment(status=ASLEEP))
    assert isinstance(asked, Wake)
    asked.woken(3)
    look(tracker, 5, deployment(status=ASLEEP))

    assert str(tracker.still()) == (
        "deployment T of model m1 is not active; last seen: deployment T SCALED_TO_ZERO. "
        "It was asked to wake up at 3 s, and has not."
    )


@pytest.mark.parametrize(
    ("message", "why"), [(None, ""), ("", ""), ("no GPU.", ": no GPU"), ("no GPU", ": no GPU")]
)
def test_a_promotion_that_baseten_says_has_failed(message: str | None, why: str) -> None:
    error = see(promotion_tracker(), 0, environment(P, T, "FAILED", message=message))

    assert str(error) == (f"the promotion of T failed{why}. Traffic is on deployment P.")


@pytest.mark.parametrize(
    ("reading", "traffic"),
    [
        (
            environment(P, deployment(status="FAILED"), "RELEASING"),
            "Traffic is on deployment P.",
        ),
        (
            environment(P, deployment(status="FAILED"), "RAMPING_UP", percent=25),
            "It has 25 % of the traffic.",
        ),
        (
            environment(P, deployment(status="FAILED"), "SUCCEEDED", percent=100),
            "Traffic is on deployment P.",
        ),
        (
            environment(deployment(status="FAILED"), None, "SUCCEEDED", percent=100),
            "It has the traffic.",
        ),
    ],
)
def test_a_promotion_whose_deployment_failed(reading: EnvironmentReading, traffic: str) -> None:
    error = see(promotion_tracker(), 0, reading)

    assert str(error) == (
        f"the promotion of T failed: deployment T is FAILED. {traffic} {GIVEN_UP}"
    )


def test_traffic_of_another_promotion_is_not_said_to_be_ours() -> None:
    tracker = after_candidate_was_seen()
    another = environment(P, X, "RAMPING_UP", percent=25)
    look(tracker, 60, another)

    assert str(explained(tracker, 70, another, deployment(status="BUILD_FAILED"))) == (
        "the promotion of T failed: deployment T is BUILD_FAILED. "
        f"Traffic is on deployment P. {GIVEN_UP}"
    )


def test_a_promotion_that_was_cancelled() -> None:
    error = see(promotion_tracker(), 0, environment(P, T, "CANCELED"))

    assert str(error) == "the promotion of T was cancelled. Traffic is on deployment P."


@pytest.mark.parametrize(
    ("found", "rest"),
    [(None, "Deployment T no longer exists."), (deployment(), "Deployment T is ACTIVE.")],
)
def test_a_promotion_that_is_gone(found: DeploymentReading | None, rest: str) -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 5, environment(P))

    assert str(explained(tracker, 70, environment(P), found)) == (
        "the promotion of T is gone, and no look has shown its end: most likely it was cancelled. "
        f"Traffic is on deployment P. {rest}"
    )


@pytest.mark.parametrize(("status", "fate"), [("CANCELED", "was cancelled"), ("FAILED", "failed")])
def test_a_promotion_that_is_gone_after_its_end_was_seen(status: str, fate: str) -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 59, environment(P, None, status))
    look(tracker, 60, environment(P))

    assert str(explained(tracker, 70, environment(P), None)).startswith(
        f"the promotion of T {fate}. Traffic is on deployment P."
    )


def test_a_promotion_after_which_another_was_promoted() -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 60, environment(P, X, "RELEASING"))

    assert str(explained(tracker, 70, environment(P, X, "RELEASING"), deployment())) == (
        "the promotion of T was superseded: deployment X was promoted after it."
    )


def test_a_promotion_in_whose_place_another_came() -> None:
    tracker = after_candidate_was_seen()
    look(tracker, 60, environment(X))

    assert str(explained(tracker, 70, environment(X), deployment())) == (
        "the promotion of T was superseded: deployment X took its place."
    )


def test_a_promotion_that_is_paused() -> None:
    paused = environment(P, T, "PAUSED", percent=25)

    assert str(see(promotion_tracker(on_paused="raise"), 0, paused)) == (
        "the promotion of T is paused at 25 % of traffic; "
        "it stays so until somebody resumes or cancels it."
    )


@pytest.mark.parametrize(
    ("reading", "rest"),
    [
        (
            environment(P, T, "RAMPING_UP"),
            f"deployment T ACTIVE, promotion to production RAMPING_UP. {KEEPS_WORKING}",
        ),
        (
            environment(P, T, "PAUSED"),
            "deployment T ACTIVE, promotion to production PAUSED. "
            "It is paused: nothing moves until somebody resumes or cancels it.",
        ),
        (
            environment(P, deployment(status=ASLEEP), "RAMPING_UP"),
            f"deployment T SCALED_TO_ZERO, promotion to production RAMPING_UP. {KEEPS_WORKING}",
        ),
        (
            environment(deployment(status=ASLEEP)),
            "deployment T SCALED_TO_ZERO. It has the traffic. Only a request will wake "
            "deployment T: pass accept_scaled_to_zero=True if asleep is enough.",
        ),
    ],
)
def test_a_promotion_that_is_not_finished_in_time(reading: EnvironmentReading, rest: str) -> None:
    tracker = promotion_tracker(settling_time=0)

    look(tracker, 0, reading)

    assert str(tracker.still()) == f"the promotion of T is not finished; last seen: {rest}"


def test_only_the_last_look_counts_as_last_seen() -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(P, chain({"Old": "BUILDING"}, "DEPLOYING"), "RELEASING"))
    look(tracker, 5, environment(P, chain({"New": "BUILDING"}, "DEPLOYING")))

    assert str(tracker.still()) == (
        "the promotion of T is not finished; last seen: deployment T DEPLOYING, "
        f"chainlet New BUILDING. {KEEPS_WORKING}"
    )


def test_a_promotion_that_no_look_has_shown() -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(P))

    assert str(tracker.still()) == (
        "the promotion of T is not finished; last seen: nothing of it. "
        "The last look did not show it."
    )


def test_a_promotion_of_what_serves_whose_end_nothing_shows() -> None:
    tracker = promotion_tracker(baseline=Baseline(current_id=T))

    look(tracker, 0, environment(T, T, None))

    assert str(tracker.still()) == (
        "the promotion of T is not finished; last seen: deployment T ACTIVE. It serves, as it did "
        "before, and is still shown as the candidate: nothing tells whether this promotion has "
        "ended."
    )


def test_a_success_that_may_be_older_than_a_newer_promotion_in_the_log() -> None:
    tracker = promotion_tracker()
    tracker.under_way_at = -100.0
    asks = tracker.see(environment(T, X, "RELEASING"), 0).verdict
    assert isinstance(asks, Consult)
    asks.note(Over(newer=frozenset({X})))

    assert asks.again(0).verdict == PENDING
    assert str(tracker.still()).endswith("Another look would have confirmed that.")


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "SUCCEEDED"])
def test_a_promotion_whose_end_was_seen_only_once(status: str) -> None:
    tracker = promotion_tracker()

    look(tracker, 0, environment(P, None, status))

    assert str(tracker.still()) == (
        f"the promotion of T is not finished; last seen: promotion to production {status}. "
        "Another look would have confirmed that."
    )


@pytest.mark.parametrize(
    ("reading", "seen", "outlook"),
    [
        (environment(P, T, "RAMPING_DOWN"), "deployment T ACTIVE, promotion", KEEPS_WORKING),
        (environment(P), "nothing of it", "Another look would have confirmed that."),
    ],
    ids=["running", "quiet"],
)
def test_a_cancellation_that_is_not_finished(
    reading: EnvironmentReading, seen: str, outlook: str
) -> None:
    tracker = cancellation_tracker()

    look(tracker, 0, reading)

    said = str(tracker.still())
    assert said.startswith(f"the cancellation is not finished; last seen: {seen}")
    assert said.endswith(outlook)


def test_a_cancelled_promotion_that_succeeded_without_effect() -> None:
    tracker = cancellation_tracker()
    look(tracker, 0, environment(P, T, "SUCCEEDED"))

    assert str(see(tracker, 120, environment(P, T, "SUCCEEDED"))) == (
        "the cancellation was overtaken: Baseten says that the promotion of deployment T "
        "SUCCEEDED, but deployment P still serves."
    )


def test_the_pause_of_another_promotion_is_not_said_to_be_ours() -> None:
    tracker = promotion_tracker(on_paused="raise")

    look(tracker, 0, environment(deployment(status="UPDATING"), X, "PAUSED", percent=25))

    assert str(tracker.still()) == (
        f"the promotion of T is not finished; last seen: deployment T UPDATING. {KEEPS_WORKING}"
    )


def test_a_chain_that_has_the_traffic_and_whose_last_chainlet_sleeps() -> None:
    tracker = promotion_tracker(settling_time=0)
    look(tracker, 0, environment(chain({"One": ASLEEP, "Two": "LOADING_MODEL"}, "ACTIVE")))
    assert str(tracker.still()).endswith(KEEPS_WORKING)

    look(tracker, 5, environment(chain({"One": ASLEEP, "Two": "ACTIVE"}, "ACTIVE")))

    assert str(tracker.still()) == (
        "the promotion of T is not finished; last seen: deployment T ACTIVE, chainlet One "
        "SCALED_TO_ZERO, chainlet Two ACTIVE. It has the traffic. Only a request will wake "
        "chainlet One: pass accept_scaled_to_zero=True if asleep is enough."
    )


def test_a_cancellation_that_was_overtaken() -> None:
    error = see(cancellation_tracker(), 0, environment(T))

    assert str(error) == (
        "the cancellation was overtaken: deployment T was rolled forward all the same, "
        "and now serves."
    )


def test_a_cancellation_that_is_not_finished_in_time() -> None:
    tracker = cancellation_tracker()

    look(tracker, 0, environment(P, T, "RAMPING_DOWN"))

    assert str(tracker.still()) == (
        "the cancellation is not finished; last seen: deployment T ACTIVE, "
        f"promotion to production RAMPING_DOWN. {KEEPS_WORKING}"
    )


def test_an_environment_that_is_not_quiet_in_time() -> None:
    tracker = IdleTracker(label="production", seen=EnvironmentHistory("production"))

    look(tracker, 0, environment(P, X, "RAMPING_UP"))

    assert str(tracker.still()) == (
        "production is still busy; last seen: deployment X ACTIVE, "
        "promotion to production RAMPING_UP. Nothing was sent."
    )


# --- the whole error of a wait -------------------------------------------------------------------


@pytest.mark.looptime
async def test_a_promotion_that_times_out(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=90)

    assert str(caught.value) == (
        "90 s are over: the promotion of deployment new to production of model owner is not "
        "finished; last seen: deployment new DEPLOYING, promotion to production RELEASING. "
        "Baseten keeps working on it. Its newest replica has been waiting for a machine for 2 min. "
        "Go on with resume(error.token)."
    )


@pytest.mark.looptime
async def test_a_startup_that_fails_in_a_phase(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", [("DEPLOYING", 60), ("LOADING_MODEL", 600), "DEPLOY_FAILED"])
    fake.model("owner").deployment("old").started_before(WEIGHT_DOWNLOAD=60)
    promotion = await promote(baseten, "model")

    with pytest.raises(PromotionFailedError) as caught:
        await promotion.wait(timeout=900)

    assert str(caught.value).endswith(
        "Its newest replica failed while downloading weights, after 10 min (usually 60 s)."
    )


@pytest.mark.looptime
async def test_a_cancellation_that_times_out(fake: FakeBaseten, baseten: Baseten) -> None:
    promotion = await rolling(fake, baseten)
    await asyncio.sleep(90)
    cancellation = await promotion.cancel()

    with pytest.raises(WaitTimeoutError) as caught:
        await cancellation.wait(timeout=0)

    assert str(caught.value) == (
        "0 s are over: the cancellation of the promotion to production of model owner is not "
        "finished; last seen: deployment new ACTIVE, promotion to production RAMPING_DOWN, 50 % of "
        "traffic on the candidate. Baseten keeps working on it. Go on with resume(error.token)."
    )


@pytest.mark.looptime
async def test_a_change_of_settings_that_times_out(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", "DEPLOYING").promote("new")
    set_up(fake, "chain")
    rest = "is not shown; last seen: promotion_settings.redeploy_on_promotion is False, wanted True"

    with pytest.raises(WaitTimeoutError) as of_model:
        await production(baseten, "model").update(
            promotion_settings={"redeploy_on_promotion": True}, timeout=0
        )
    with pytest.raises(WaitTimeoutError) as of_chain:
        await production(baseten, "chain").update(
            promotion_settings={"redeploy_on_promotion": True}, timeout=0
        )

    assert str(of_model.value) == (
        "0 s are over: the change of the settings of production of model owner, which Baseten "
        f"answered with QUEUED, {rest}. {KEEPS_WORKING}"
    )
    assert str(of_chain.value) == (
        "0 s are over: the change of the settings of production of chain owner "
        f"{rest}. {KEEPS_WORKING}"
    )


@pytest.mark.looptime
async def test_an_environment_that_stays_busy(fake: FakeBaseten, baseten: Baseten) -> None:
    """There is no token: nothing was begun."""
    set_up(fake, "model", "BUILDING").promote("new")

    with pytest.raises(PromotionInProgressError) as caught:
        await production(baseten, "model").promote(
            "old", if_in_progress="wait", in_progress_timeout=10
        )

    assert str(caught.value) == (
        "a promotion of deployment new to production of model owner is still under way after 10 s "
        "of waiting; yours has not begun: wait longer, or cancel it"
    )


@pytest.mark.looptime
async def test_a_last_look_that_was_not_answered(fake: FakeBaseten, baseten: Baseten) -> None:
    fake.model("owner").deployment("new", status="BUILDING")
    fake.faults.hang(after=1, times=None)

    with pytest.raises(WaitTimeoutError) as caught:
        await baseten.model("owner").deployment("new").wait_until_active(timeout=5)

    assert str(caught.value) == (
        "5 s are over: deployment new of model owner is not active; last seen at 0 s: deployment "
        "new BUILDING. The last look was not answered."
    )


@pytest.mark.looptime
async def test_a_log_that_could_not_be_read(fake: FakeBaseten, baseten: Baseten) -> None:
    new = baseten.model("owner").deployment("new")
    fake.model("owner").deployment("new", status="BUILD_FAILED")
    fake.faults.status(404, route="GET /v1/models/owner/deployments/new/logs")
    fake.faults.hang(route="GET /v1/models/owner/deployments/new/logs")

    notes: list[str] = []
    for _ in range(2):
        with pytest.raises(DeploymentFailedError) as caught:
            await new.wait_until_active(log_lines=5)
        notes += caught.value.__notes__

    refused, late = notes
    assert refused.startswith(
        "The log could not be read: GET /v1/models/owner/deployments/new/logs: HTTP 404, "
    )
    assert refused.endswith(".")
    assert late == "The log was not there within 5 s."


# --- tokens and rollbacks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("eyJhbGciOiJIUzI1NiJ9", "this is not a token of aiobaseten"),
        (
            "abt1.00000000.e30",
            "this token has version abt1, and this aiobaseten reads abt2: use the aiobaseten that "
            "made it",
        ),
        ("abt2.AAAAAAA", "this token is damaged: copy it again, whole"),
        ("abt2.AAAAACFE3xw", "this token is damaged: it does not say what it goes on with"),
    ],
)
def test_a_text_that_is_no_token_to_go_on_with(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Token.load(text)

    assert str(caught.value) == sentence


@pytest.mark.looptime
async def test_a_rollback_to_nothing(fake: FakeBaseten, baseten: Baseten) -> None:
    model = fake.model("owner")
    model.deployment("new")
    model.environment("production")
    promotion = await promote(baseten, "model")

    with pytest.raises(RollbackImpossibleError) as caught:
        await promotion.rollback()

    assert str(caught.value) == (
        "it is not known what served in production of model owner before this promotion, so there "
        "is nothing to roll back to"
    )


@pytest.mark.looptime
async def test_a_rollback_to_the_same_deployment() -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    set_up(fake, "model", timelines.HEALTHY)
    async with fake.client() as baseten:
        promotion = await baseten.model("owner").environment("production").promote("old")

        with pytest.raises(RollbackImpossibleError) as caught:
            await promotion.rollback()

    assert str(caught.value) == (
        "deployment old served in production of model owner before this promotion, too, so there "
        "is nothing to roll back to"
    )
