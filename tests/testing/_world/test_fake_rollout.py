"""Rollouts: the steps of a promotion, and people's actions on it."""

import asyncio

import pytest

from aiobaseten.testing import FakeBaseten, timelines

from .production import CHAIN, MODEL, RAMP, Api, Reads, a_chain, a_model

pytestmark = pytest.mark.looptime


async def test_a_chain_moves_its_traffic_when_the_candidate_is_active(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    a_chain(fake)

    response = (await api(f"POST {CHAIN}/promote", deployment_id="new")).json()

    assert (response["id"], response["environment"], response["status"]) == (
        "new",
        "production",
        "BUILDING",
    )
    assert await reads(CHAIN, 0, 9.999999, 0.000001) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_the_published_promotion_succeeds_at_631_seconds(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    """The candidate is scaled to zero at 12.9 s, which is no failure."""
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new", on_promote=timelines.SCALED_TO_ZERO_ON_THE_WAY)
    production = model.environment("production", current="old")

    await api(f"POST {MODEL}/promote", deployment_id="new")
    assert await reads(MODEL, 12.9, 618, 0.1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]
    assert production.promotions[0].ended == 631


async def test_a_rolling_promotion_moves_traffic_step_by_step(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    a_model(fake, ramp=[(10, 5), (60, 20)])

    await api(f"POST {MODEL}/promote", deployment_id="new")

    assert await reads(MODEL, 9, 1, 5, 19, 1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "RAMPING_UP 10"),
        ("old", "new", "RAMPING_UP 60"),
        ("old", "new", "RAMPING_UP 60"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_a_promotion_proceeds_without_reads(fake: FakeBaseten) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    await asyncio.sleep(10_000)

    assert production.current is fake.model("m1").deployment("new")
    assert [(one.at, one.status, one.percent) for one in production.promotions[0].history] == [
        (0, "RELEASING", 0),
        (10, "RAMPING_UP", 25),
        (40, "RAMPING_UP", 50),
        (70, "RAMPING_UP", 75),
        (100, "SUCCEEDED", 100),
    ]


async def test_a_kept_promotion_object_is_always_up_to_date(fake: FakeBaseten) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    kept = production.promotion
    assert kept is not None
    seen = []
    for wait in (0, 10, 90):
        await asyncio.sleep(wait)
        seen.append((kept.status, kept.percent, kept.ended))

    assert seen == [("RELEASING", 0, None), ("RAMPING_UP", 25, None), ("SUCCEEDED", 100, 100)]


async def test_traffic_may_move_some_seconds_after_the_candidate_is_active(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    a_chain(fake, traffic_delay=7)
    await api(f"POST {CHAIN}/promote", deployment_id="new")

    assert await reads(CHAIN, 16.9, 0.1) == [
        ("old", "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_traffic_may_move_at_once_to_a_candidate_that_is_ready(fake: FakeBaseten) -> None:
    production = a_chain(fake, traffic_delay=0)
    ready = fake.chain("c1").deployment("ready")
    production.promote("ready")

    assert production.current is ready


async def test_a_candidate_that_becomes_unhealthy_before_its_traffic_waits_again(
    fake: FakeBaseten,
) -> None:
    production = a_chain(fake, traffic_delay=7)
    candidate = production.promote("new")
    await asyncio.sleep(15)
    candidate.set_timeline([("UNHEALTHY", 5), "ACTIVE"])
    await asyncio.sleep(11.9)
    assert production.candidate is candidate
    await asyncio.sleep(0.1)
    assert production.current is candidate


async def test_a_reused_deployment_is_active_before_its_traffic_moves(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    production = a_chain(fake)
    fake.chain("c1").deployment("ready")

    response = (await api(f"POST {CHAIN}/promote", deployment_id="ready")).json()

    assert (response["id"], response["status"]) == ("ready", "ACTIVE")
    assert await reads(CHAIN, 4.9, 0.1) == [
        ("old", "ready", "RELEASING 0"),
        ("ready", None, "SUCCEEDED 100"),
    ]
    assert production.current is not None
    assert production.current.history() == [(0, "ACTIVE")]


async def test_traffic_may_move_to_a_candidate_that_is_scaled_to_zero(fake: FakeBaseten) -> None:
    production = a_model(fake, moves_on=["ACTIVE", "SCALED_TO_ZERO"])
    source = fake.model("m1").deployment("source", status="SCALED_TO_ZERO")
    production.promote("source")
    await asyncio.sleep(5)

    assert (production.current, source.status) == (source, "SCALED_TO_ZERO")


@pytest.mark.parametrize(
    "end", ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED", "BUILD_STOPPED", "INACTIVE"]
)
async def test_a_failed_candidate_ends_the_promotion_and_traffic_stays(
    fake: FakeBaseten, api: Api, reads: Reads, end: str
) -> None:
    a_model(fake)
    fake.model("m1").deployment("bad", timeline=[("BUILDING", 8), end])
    await api(f"POST {MODEL}/promote", deployment_id="bad")

    assert await reads(MODEL, 7.9, 0.1) == [
        ("old", "bad", "RELEASING 0"),
        ("old", "bad", "FAILED 0"),
    ]
    shown = (await api(f"GET {MODEL}")).json()["in_progress_promotion"]
    assert shown["error_message"] == (f"Deployment bad did not become active: its status is {end}.")


@pytest.mark.parametrize("way", ["UNHEALTHY", "DEACTIVATING", "SCALED_TO_ZERO", "HIBERNATING"])
async def test_a_temporary_status_does_not_end_a_promotion(fake: FakeBaseten, way: str) -> None:
    production = a_model(fake)
    fake.model("m1").deployment("slow", timeline=[(way, 100), "ACTIVE"])
    candidate = production.promote("slow")
    await asyncio.sleep(100)

    assert production.current is candidate


async def test_a_candidate_that_fails_halfway_loses_all_traffic(
    fake: FakeBaseten, reads: Reads
) -> None:
    production = a_model(fake, ramp=RAMP)
    candidate = production.promote("new")
    await asyncio.sleep(45)
    candidate.set("DEPLOY_FAILED")

    assert await reads(MODEL, 0) == [("old", "new", "FAILED 0")]


async def test_a_failure_at_the_end_of_a_step_fails_the_promotion(fake: FakeBaseten) -> None:
    production = a_model(fake, ramp=[(50, 30)])
    fake.model("m1").deployment("bad", timeline=[("ACTIVE", 35), "DEPLOY_FAILED"])
    production.promote("bad")
    await asyncio.sleep(35)

    assert production.promotion is not None
    assert production.promotion.status == "FAILED"


async def test_retrying_a_failed_candidate_does_not_restart_the_promotion(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    production = a_model(fake)
    fake.model("m1").deployment("bad", timeline=timelines.BUILD_FAILED, on_retry="ACTIVE")
    production.promote("bad")
    await asyncio.sleep(12)
    await api("POST /v1/models/m1/deployments/bad/retry")

    assert await reads(MODEL, 100) == [("old", "bad", "FAILED 0")]
    assert fake.model("m1").deployment("bad").status == "ACTIVE"


async def test_a_promotion_without_traffic_is_cancelled_at_once(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    production = a_model(fake)
    production.promote("new")

    response = await api(f"POST {MODEL}/cancel_promotion")

    assert response.json() == {
        "status": "CANCELED",
        "message": "Promotion to production was successfully canceled.",
    }
    assert await reads(MODEL, 0, 100) == [("old", None, "CANCELED 0")] * 2


async def test_a_rolling_promotion_with_traffic_is_rolled_back_step_by_step(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    production = a_model(fake, ramp=[(25, 10), (50, 20), (75, 30)])
    production.promote("new")
    await asyncio.sleep(45)

    response = await api(f"POST {MODEL}/cancel_promotion")

    assert response.json()["status"] == "RAMPING_DOWN"
    assert await reads(MODEL, 0, 30, 20, 10) == [
        ("old", "new", "RAMPING_DOWN 75"),
        ("old", "new", "RAMPING_DOWN 50"),
        ("old", "new", "RAMPING_DOWN 25"),
        ("old", None, "CANCELED 0"),
    ]


async def test_a_second_cancel_gets_the_same_response(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    a_model(fake, ramp=RAMP).promote("new")
    await asyncio.sleep(45)
    responses = [(await api(f"POST {MODEL}/cancel_promotion")).json()["status"] for _ in range(2)]

    assert responses == ["RAMPING_DOWN", "RAMPING_DOWN"]
    assert await reads(MODEL, 30, 30) == [
        ("old", "new", "RAMPING_DOWN 25"),
        ("old", None, "CANCELED 0"),
    ]


async def test_without_a_promotion_there_is_nothing_to_cancel(fake: FakeBaseten, api: Api) -> None:
    a_model(fake)
    responses = [
        await api(f"POST {MODEL}/{verb}_promotion")
        for verb in ("cancel", "pause", "resume", "force_cancel", "force_roll_forward")
    ]

    assert {one.status_code for one in responses} == {400}
    assert responses[0].json() == {
        "code": "VALIDATION_ERROR",
        "message": "Environment production has no in progress promotion.",
    }


async def test_an_ended_promotion_cannot_be_cancelled(fake: FakeBaseten, api: Api) -> None:
    a_model(fake).promote("new")
    await asyncio.sleep(10)

    assert (await api(f"POST {MODEL}/cancel_promotion")).status_code == 400


async def test_pausing_takes_effect_at_the_end_of_the_step(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    a_model(fake, ramp=RAMP).promote("new")
    await asyncio.sleep(20)

    assert (await api(f"POST {MODEL}/pause_promotion")).json() == {"success": True}
    assert await reads(MODEL, 0, 19, 1, 10**6) == [
        ("old", "new", "RAMPING_UP 25"),
        ("old", "new", "RAMPING_UP 25"),
        ("old", "new", "PAUSED 25"),
        ("old", "new", "PAUSED 25"),
    ]
    assert (await api(f"POST {MODEL}/resume_promotion")).json() == {"success": True}
    assert await reads(MODEL, 0, 30, 30) == [
        ("old", "new", "RAMPING_UP 50"),
        ("old", "new", "RAMPING_UP 75"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_resuming_before_the_pause_begins_withdraws_it(
    fake: FakeBaseten, reads: Reads
) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    await asyncio.sleep(20)
    production.pause()
    production.resume()

    assert await reads(MODEL, 20) == [("old", "new", "RAMPING_UP 50")]


async def test_a_promotion_can_be_paused_before_any_traffic_moves(
    fake: FakeBaseten, reads: Reads
) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    production.pause()

    assert await reads(MODEL, 9, 1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "PAUSED 0"),
    ]
    assert production.cancel() == "CANCELED"


async def test_a_paused_promotion_can_be_rolled_back(fake: FakeBaseten, reads: Reads) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    production.pause()
    await asyncio.sleep(10)
    production.resume()
    production.pause()
    await asyncio.sleep(30)
    assert production.promotion is not None
    assert production.promotion.status == "PAUSED"
    assert production.cancel() == "RAMPING_DOWN"

    assert await reads(MODEL, 29, 1) == [
        ("old", "new", "RAMPING_DOWN 25"),
        ("old", None, "CANCELED 0"),
    ]


async def test_a_paused_promotion_fails_when_its_candidate_fails(fake: FakeBaseten) -> None:
    production = a_model(fake, ramp=RAMP)
    candidate = production.promote("new")
    production.pause()
    await asyncio.sleep(10)
    candidate.set("DEPLOY_FAILED")

    assert production.promotion is not None
    assert production.promotion.status == "FAILED"


async def test_a_forced_cancel_takes_all_traffic_back_at_once(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    a_model(fake, ramp=RAMP).promote("new")
    await asyncio.sleep(75)

    assert (await api(f"POST {MODEL}/force_cancel_promotion")).json() == {"success": True}
    assert await reads(MODEL, 0) == [("old", None, "CANCELED 0")]


@pytest.mark.parametrize("after", [0, 45, 75])
async def test_a_forced_roll_forward_skips_the_remaining_steps(
    fake: FakeBaseten, api: Api, reads: Reads, after: float
) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    await asyncio.sleep(after)

    assert (await api(f"POST {MODEL}/force_roll_forward_promotion")).json() == {"success": True}
    assert await reads(MODEL, 0) == [("new", None, "SUCCEEDED 100")]


async def test_a_forced_roll_forward_works_while_rolling_back(
    fake: FakeBaseten, reads: Reads
) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    await asyncio.sleep(45)
    production.cancel()
    production.force_roll_forward()

    assert await reads(MODEL, 0) == [("new", None, "SUCCEEDED 100")]


async def test_only_rolling_promotions_can_be_paused(fake: FakeBaseten, api: Api) -> None:
    production = a_model(fake)
    production.promote("new")
    response = await api(f"POST {MODEL}/pause_promotion")

    assert response.status_code == 400
    assert response.json()["message"] == "The promotion to production is not a rolling deployment."


@pytest.mark.parametrize("start", [0.1, 1 / 3, 12345.678])
async def test_steps_end_exactly_on_time_whenever_they_began(
    fake: FakeBaseten, start: float
) -> None:
    await asyncio.sleep(start)
    production = a_model(fake, ramp=[(10, 0.1), (20, 0.2), (30, 0.3)])
    began = fake.now
    production.promote("new")
    await asyncio.sleep(10.6)
    assert production.promotion is not None
    assert (production.promotion.status, round(fake.now - began, 6)) == ("SUCCEEDED", 10.6)


def test_a_promotion_can_be_prepared_without_an_event_loop() -> None:
    fake = FakeBaseten()
    production = a_model(fake)
    production.promote("new")

    assert (fake.now, production.promotion and production.promotion.status) == (0, "RELEASING")
