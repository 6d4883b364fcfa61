"""Promotions: which deployment, in which steps, and what people do to them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, Refused, timelines

Api = Callable[..., Awaitable[httpx.Response]]
pytestmark = pytest.mark.looptime

CHAIN = "/v1/chains/c1/environments/production"
MODEL = "/v1/models/m1/environments/production"
RAMP = [(25, 30.0), (50, 30.0), (75, 30.0)]


def a_chain(fake: FakeBaseten, **options: Any) -> FakeEnvironment:
    """A chain where ``old`` serves, and ``new`` is being built for 10 seconds."""
    chain = fake.chain("c1")
    chain.deployment("old")
    chain.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    return chain.environment("production", current="old", **options)


def a_model(fake: FakeBaseten, **options: Any) -> FakeEnvironment:
    """A model where ``old`` serves, and ``new`` is being built for 10 seconds."""
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    return model.environment("production", current="old", **options)


async def looks(api: Api, path: str, *waits: float) -> list[Any]:
    """After each wait: current, candidate and what the promotion says."""
    seen = []
    for wait in waits:
        await asyncio.sleep(wait)
        shown = (await api(f"GET {path}")).json()
        promotion = shown["in_progress_promotion"]
        seen.append(
            (
                shown["current_deployment"] and shown["current_deployment"]["id"],
                shown["candidate_deployment"] and shown["candidate_deployment"]["id"],
                promotion
                and f"{promotion['status']} {promotion['percent_traffic_to_new_version']}",
            )
        )
    return seen


async def test_a_chain_moves_its_traffic_when_the_candidate_is_active(
    fake: FakeBaseten, api: Api
) -> None:
    a_chain(fake)

    answer = (await api(f"POST {CHAIN}/promote", deployment_id="new")).json()

    assert (answer["id"], answer["environment"], answer["status"]) == (
        "new",
        "production",
        "BUILDING",
    )
    assert await looks(api, CHAIN, 0, 9.999999, 0.000001) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_the_published_promotion_succeeds_at_631_seconds(fake: FakeBaseten, api: Api) -> None:
    """Asleep at 12.9 s, which is not the end of it."""
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new", on_promote=timelines.SCALED_TO_ZERO_ON_THE_WAY)
    production = model.environment("production", current="old")

    await api(f"POST {MODEL}/promote", deployment_id="new")
    assert await looks(api, MODEL, 12.9, 618, 0.1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]
    assert production.promotions[0].ended == 631


async def test_a_rolling_promotion_moves_traffic_step_by_step(fake: FakeBaseten, api: Api) -> None:
    a_model(fake, ramp=[(10, 5), (60, 20)])

    await api(f"POST {MODEL}/promote", deployment_id="new")

    assert await looks(api, MODEL, 9, 1, 5, 19, 1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "RAMPING_UP 10"),
        ("old", "new", "RAMPING_UP 60"),
        ("old", "new", "RAMPING_UP 60"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_nobody_has_to_look_for_it_to_happen(fake: FakeBaseten) -> None:
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


async def test_a_promotion_that_one_kept_tells_what_is_so_now(fake: FakeBaseten) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    kept = production.promotion
    assert kept is not None
    seen = []
    for wait in (0, 10, 90):
        await asyncio.sleep(wait)
        seen.append((kept.status, kept.percent, kept.ended))

    assert seen == [("RELEASING", 0, None), ("RAMPING_UP", 25, None), ("SUCCEEDED", 100, 100)]


async def test_traffic_may_move_a_while_after_the_candidate_is_active(
    fake: FakeBaseten, api: Api
) -> None:
    a_chain(fake, traffic_delay=7)
    await api(f"POST {CHAIN}/promote", deployment_id="new")

    assert await looks(api, CHAIN, 16.9, 0.1) == [
        ("old", "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_traffic_may_move_at_once_to_what_serves_already(fake: FakeBaseten) -> None:
    production = a_chain(fake, traffic_delay=0)
    ready = fake.chain("c1").deployment("ready")
    production.promote("ready")

    assert production.current is ready


async def test_a_candidate_that_falls_back_in_that_while_has_to_start_again(
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


async def test_a_reused_deployment_is_active_all_along_while_its_traffic_has_yet_to_move(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_chain(fake)
    fake.chain("c1").deployment("ready")

    answer = (await api(f"POST {CHAIN}/promote", deployment_id="ready")).json()

    assert (answer["id"], answer["status"]) == ("ready", "ACTIVE")
    assert await looks(api, CHAIN, 4.9, 0.1) == [
        ("old", "ready", "RELEASING 0"),
        ("ready", None, "SUCCEEDED 100"),
    ]
    assert production.current is not None
    assert production.current.history() == [(0, "ACTIVE")]


async def test_a_deployment_that_is_in_an_environment_gets_a_new_id(
    fake: FakeBaseten, api: Api
) -> None:
    a_model(fake)
    first = (await api(f"POST {MODEL}/promote", deployment_id="old")).json()

    assert (first["id"], first["status"]) == ("old-p1", "DEPLOYING")
    assert await looks(api, MODEL, 31.9, 0.1) == [
        ("old", "old-p1", "RELEASING 0"),
        ("old-p1", None, "SUCCEEDED 100"),
    ]
    again = (await api(f"POST {MODEL}/promote", deployment_id="old-p1")).json()
    assert again["id"] == "old-p2"


async def test_a_new_id_is_never_one_that_there_is(fake: FakeBaseten) -> None:
    production = a_model(fake)
    mine = fake.model("m1").deployment("old-p1")

    assert production.promote("old").id == "old-p2"
    assert fake.model("m1").deployment("old-p1") is mine


async def test_a_plan_has_been_carried_out_when_somebody_asks_for_the_promotions(
    fake: FakeBaseten,
) -> None:
    production = a_model(fake)
    fake.at(3, lambda: production.promote("new"))
    fake.at(20, lambda: production.promote("old"))
    assert production.promotions == ()
    await asyncio.sleep(3)
    assert production.promotion is not None
    await asyncio.sleep(17)
    assert len(production.promotions) == 2


async def test_another_instance_type_makes_a_new_id_unless_the_caller_does_not_mind(
    fake: FakeBaseten, api: Api
) -> None:
    model = fake.model("m1")
    model.deployment("big", instance_type="H100")
    model.deployment("small", instance_type="T4")
    model.environment("production", instance_type="H100")
    model.environment("staging", instance_type="H100")
    model.environment("test", instance_type="H100")

    same = await api(f"POST {MODEL}/promote", deployment_id="big")
    other = await api("POST /v1/models/m1/environments/staging/promote", deployment_id="small")
    mine = await api(
        "POST /v1/models/m1/environments/test/promote",
        deployment_id="small",
        preserve_env_instance_type=False,
    )

    assert [one.json()["id"] for one in (same, other, mine)] == ["big", "small-p1", "small"]


async def test_an_environment_can_redeploy_on_every_promotion(fake: FakeBaseten) -> None:
    production = a_chain(fake, redeploy_on_promotion=True)

    assert production.promote("new").id == "new-p1"


async def test_a_development_deployment_is_copied(fake: FakeBaseten, api: Api) -> None:
    a_model(fake)
    fake.model("m1").deployment("draft", is_development=True)

    answer = (
        await api(
            "POST /v1/models/m1/deployments/development/promote",
            scale_down_previous_production=True,
        )
    ).json()

    assert (answer["id"], answer["is_development"]) == ("draft-p1", False)


async def test_a_deployment_can_be_promoted_to_production_by_its_own_route(
    fake: FakeBaseten, api: Api
) -> None:
    a_model(fake, cleanup="DEACTIVATE")
    path = "POST /v1/models/m1/deployments/new/promote"
    answer = await api(path, scale_down_previous_production=False)
    await asyncio.sleep(10)

    assert answer.json()["id"] == "new"
    assert fake.model("m1").deployment("old").status == "ACTIVE"


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({"on_promote": [("UPDATING", 3), "ACTIVE"]}, "UPDATING"),
        ({}, "WAKING_UP"),
    ],
)
async def test_a_candidate_goes_through_its_own_plan_or_that_of_its_environment(
    fake: FakeBaseten, given: dict[str, Any], seen: str
) -> None:
    model = fake.model("m1")
    model.deployment("old", **given)
    production = model.environment(
        "production", current="old", candidate_timeline=[("WAKING_UP", 5), "ACTIVE"]
    )

    assert production.promote("old").status == seen


async def test_each_chainlet_of_a_candidate_can_have_its_own_plan(fake: FakeBaseten) -> None:
    chain = fake.chain("c1")
    chain.deployment(
        "old", chainlets=["A", "B"], on_promote={"B": [("DEPLOYING", 50), "DEPLOY_FAILED"]}
    )
    production = chain.environment("production", current="old")
    candidate = production.promote("old")
    await asyncio.sleep(40)
    assert dict(candidate.chainlets) == {"A": "ACTIVE", "B": "DEPLOYING"}
    await asyncio.sleep(10)
    assert production.promotion is not None
    assert production.promotion.status == "FAILED"


async def test_a_plan_for_a_chainlet_that_is_not_there_is_a_mistake(fake: FakeBaseten) -> None:
    chain = fake.chain("c1")
    chain.deployment("old", on_promote={"C": "ACTIVE"})
    production = chain.environment("production", current="old")

    with pytest.raises(ValueError, match="old has no chainlet 'C'"):
        production.promote("old")


@pytest.mark.parametrize(
    ("before", "during"), [("SCALED_TO_ZERO", "WAKING_UP"), ("INACTIVE", "DEPLOYING")]
)
async def test_a_sleeping_or_inactive_deployment_comes_back_when_promoted(
    fake: FakeBaseten, before: str, during: str
) -> None:
    production = a_model(fake)
    source = fake.model("m1").deployment("source", status=before)

    assert production.promote("source") is source
    assert source.status == during
    await asyncio.sleep(60)
    assert production.current is source


async def test_traffic_may_move_to_a_candidate_that_sleeps(fake: FakeBaseten) -> None:
    production = a_model(fake, moves_on=["ACTIVE", "SCALED_TO_ZERO"])
    source = fake.model("m1").deployment("source", status="SCALED_TO_ZERO")
    production.promote("source")
    await asyncio.sleep(5)

    assert (production.current, source.status) == (source, "SCALED_TO_ZERO")


@pytest.mark.parametrize("kind", ["chain", "model"])
@pytest.mark.parametrize(
    ("cleanup", "statuses"),
    [
        ("SCALE_TO_ZERO", ["SCALED_TO_ZERO", "SCALED_TO_ZERO"]),
        ("DEACTIVATE", ["DEACTIVATING", "INACTIVE"]),
        ("KEEP", ["ACTIVE", "ACTIVE"]),
    ],
)
async def test_what_served_before_is_cleaned_up_as_the_environment_says(
    fake: FakeBaseten, kind: str, cleanup: str, statuses: list[str]
) -> None:
    production = (a_chain if kind == "chain" else a_model)(fake, cleanup=cleanup)
    old = production.current
    assert old is not None
    production.promote("new")
    await asyncio.sleep(10)
    first = old.status
    await asyncio.sleep(10)

    assert [first, old.status] == statuses
    assert old.environment is None


async def test_what_served_before_is_kept_when_the_caller_says_so(
    fake: FakeBaseten, api: Api
) -> None:
    a_chain(fake)
    await api(f"POST {CHAIN}/promote", deployment_id="new", scale_down_previous_deployment=False)
    await asyncio.sleep(10)

    assert fake.chain("c1").deployment("old").status == "ACTIVE"


async def test_what_served_before_can_be_promoted_back(fake: FakeBaseten) -> None:
    production = a_model(fake)
    production.promote("new")
    await asyncio.sleep(10)
    back = production.promote("old")
    await asyncio.sleep(20)

    assert back.id == "old"
    assert production.current is back


@pytest.mark.parametrize(
    "end", ["BUILD_FAILED", "DEPLOY_FAILED", "FAILED", "BUILD_STOPPED", "INACTIVE"]
)
async def test_a_candidate_that_fails_ends_the_promotion_and_traffic_stays(
    fake: FakeBaseten, api: Api, end: str
) -> None:
    a_model(fake)
    fake.model("m1").deployment("bad", timeline=[("BUILDING", 8), end])
    await api(f"POST {MODEL}/promote", deployment_id="bad")

    assert await looks(api, MODEL, 7.9, 0.1) == [
        ("old", "bad", "RELEASING 0"),
        ("old", "bad", "FAILED 0"),
    ]
    shown = (await api(f"GET {MODEL}")).json()["in_progress_promotion"]
    assert shown["error_message"] == (f"Deployment bad did not become active: its status is {end}.")


@pytest.mark.parametrize("way", ["UNHEALTHY", "DEACTIVATING", "SCALED_TO_ZERO", "HIBERNATING"])
async def test_what_may_pass_does_not_end_a_promotion(fake: FakeBaseten, way: str) -> None:
    production = a_model(fake)
    fake.model("m1").deployment("slow", timeline=[(way, 100), "ACTIVE"])
    candidate = production.promote("slow")
    await asyncio.sleep(100)

    assert production.current is candidate


async def test_a_candidate_that_fails_half_way_gives_all_traffic_back(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_model(fake, ramp=RAMP)
    candidate = production.promote("new")
    await asyncio.sleep(45)
    candidate.set("DEPLOY_FAILED")

    assert await looks(api, MODEL, 0) == [("old", "new", "FAILED 0")]


async def test_a_candidate_that_fails_at_the_end_of_a_step_has_failed(fake: FakeBaseten) -> None:
    production = a_model(fake, ramp=[(50, 30)])
    fake.model("m1").deployment("bad", timeline=[("ACTIVE", 35), "DEPLOY_FAILED"])
    production.promote("bad")
    await asyncio.sleep(35)

    assert production.promotion is not None
    assert production.promotion.status == "FAILED"


async def test_retrying_a_failed_candidate_does_not_revive_the_promotion(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_model(fake)
    fake.model("m1").deployment("bad", timeline=timelines.BUILD_FAILED, on_retry="ACTIVE")
    production.promote("bad")
    await asyncio.sleep(12)
    await api("POST /v1/models/m1/deployments/bad/retry")

    assert await looks(api, MODEL, 100) == [("old", "bad", "FAILED 0")]
    assert fake.model("m1").deployment("bad").status == "ACTIVE"


async def test_a_second_promotion_is_refused_while_one_is_in_progress(
    fake: FakeBaseten, api: Api
) -> None:
    for environment, path in ((a_chain(fake), CHAIN), (a_model(fake), MODEL)):
        environment.promote("new")
        answer = await api(f"POST {path}/promote", deployment_id="old")

        assert (answer.status_code, answer.json()) == (
            400,
            {
                "code": "VALIDATION_ERROR",
                "message": "Environment production already has a promotion in progress.",
            },
        )
        assert len(environment.promotions) == 1


async def test_a_lingering_failed_candidate_does_not_keep_the_next_one_out(
    fake: FakeBaseten,
) -> None:
    production = a_model(fake)
    fake.model("m1").deployment("bad", status="BUILD_FAILED")
    production.promote("bad")
    assert production.candidate is not None
    production.promote("new")
    await asyncio.sleep(10)

    assert production.current is not None
    assert production.current.id == "new"


async def test_a_promotion_that_has_not_moved_traffic_is_cancelled_at_once(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_model(fake)
    production.promote("new")

    answer = await api(f"POST {MODEL}/cancel_promotion")

    assert answer.json() == {
        "status": "CANCELED",
        "message": "Promotion to production was successfully canceled.",
    }
    assert await looks(api, MODEL, 0, 100) == [("old", None, "CANCELED 0")] * 2


async def test_a_rolling_promotion_that_has_moved_traffic_is_rolled_back_step_by_step(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_model(fake, ramp=[(25, 10), (50, 20), (75, 30)])
    production.promote("new")
    await asyncio.sleep(45)

    answer = await api(f"POST {MODEL}/cancel_promotion")

    assert answer.json()["status"] == "RAMPING_DOWN"
    assert await looks(api, MODEL, 0, 30, 20, 10) == [
        ("old", "new", "RAMPING_DOWN 75"),
        ("old", "new", "RAMPING_DOWN 50"),
        ("old", "new", "RAMPING_DOWN 25"),
        ("old", None, "CANCELED 0"),
    ]


async def test_cancelling_twice_says_the_same_twice(fake: FakeBaseten, api: Api) -> None:
    a_model(fake, ramp=RAMP).promote("new")
    await asyncio.sleep(45)
    answers = [(await api(f"POST {MODEL}/cancel_promotion")).json()["status"] for _ in range(2)]

    assert answers == ["RAMPING_DOWN", "RAMPING_DOWN"]
    assert await looks(api, MODEL, 30, 30) == [
        ("old", "new", "RAMPING_DOWN 25"),
        ("old", None, "CANCELED 0"),
    ]


async def test_a_candidate_made_for_a_cancelled_promotion_is_shut_down(fake: FakeBaseten) -> None:
    production = a_model(fake)
    made = production.promote("old")
    production.cancel()
    reused = production.promote("new")
    production.cancel()

    assert (made.status, reused.status) == ("DEACTIVATING", "BUILDING")
    assert (made.environment, reused.environment) == (None, None)


async def test_without_a_promotion_there_is_nothing_to_cancel(fake: FakeBaseten, api: Api) -> None:
    a_model(fake)
    answers = [
        await api(f"POST {MODEL}/{verb}_promotion")
        for verb in ("cancel", "pause", "resume", "force_cancel", "force_roll_forward")
    ]

    assert {one.status_code for one in answers} == {400}
    assert answers[0].json() == {
        "code": "VALIDATION_ERROR",
        "message": "Environment production has no in progress promotion.",
    }


async def test_an_ended_promotion_cannot_be_cancelled(fake: FakeBaseten, api: Api) -> None:
    a_model(fake).promote("new")
    await asyncio.sleep(10)

    assert (await api(f"POST {MODEL}/cancel_promotion")).status_code == 400


async def test_pausing_takes_effect_at_the_end_of_the_step(fake: FakeBaseten, api: Api) -> None:
    a_model(fake, ramp=RAMP).promote("new")
    await asyncio.sleep(20)

    assert (await api(f"POST {MODEL}/pause_promotion")).json() == {"success": True}
    assert await looks(api, MODEL, 0, 19, 1, 10**6) == [
        ("old", "new", "RAMPING_UP 25"),
        ("old", "new", "RAMPING_UP 25"),
        ("old", "new", "PAUSED 25"),
        ("old", "new", "PAUSED 25"),
    ]
    assert (await api(f"POST {MODEL}/resume_promotion")).json() == {"success": True}
    assert await looks(api, MODEL, 0, 30, 30) == [
        ("old", "new", "RAMPING_UP 50"),
        ("old", "new", "RAMPING_UP 75"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_resuming_before_the_pause_took_effect_undoes_it(fake: FakeBaseten, api: Api) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    await asyncio.sleep(20)
    production.pause()
    production.resume()

    assert await looks(api, MODEL, 20) == [("old", "new", "RAMPING_UP 50")]


async def test_a_promotion_can_be_paused_before_any_traffic_moves(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    production.pause()

    assert await looks(api, MODEL, 9, 1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "new", "PAUSED 0"),
    ]
    assert production.cancel() == "CANCELED"


async def test_a_paused_promotion_can_be_rolled_back(fake: FakeBaseten, api: Api) -> None:
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

    assert await looks(api, MODEL, 29, 1) == [
        ("old", "new", "RAMPING_DOWN 25"),
        ("old", None, "CANCELED 0"),
    ]


async def test_a_paused_promotion_fails_when_its_candidate_does(fake: FakeBaseten) -> None:
    production = a_model(fake, ramp=RAMP)
    candidate = production.promote("new")
    production.pause()
    await asyncio.sleep(10)
    candidate.set("DEPLOY_FAILED")

    assert production.promotion is not None
    assert production.promotion.status == "FAILED"


async def test_a_forced_cancel_takes_all_traffic_back_at_once(fake: FakeBaseten, api: Api) -> None:
    a_model(fake, ramp=RAMP).promote("new")
    await asyncio.sleep(75)

    assert (await api(f"POST {MODEL}/force_cancel_promotion")).json() == {"success": True}
    assert await looks(api, MODEL, 0) == [("old", None, "CANCELED 0")]


@pytest.mark.parametrize("after", [0, 45, 75])
async def test_a_forced_roll_forward_needs_no_more_steps(
    fake: FakeBaseten, api: Api, after: float
) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    await asyncio.sleep(after)

    assert (await api(f"POST {MODEL}/force_roll_forward_promotion")).json() == {"success": True}
    assert await looks(api, MODEL, 0) == [("new", None, "SUCCEEDED 100")]


async def test_a_forced_roll_forward_works_while_rolling_back(fake: FakeBaseten, api: Api) -> None:
    production = a_model(fake, ramp=RAMP)
    production.promote("new")
    await asyncio.sleep(45)
    production.cancel()
    production.force_roll_forward()

    assert await looks(api, MODEL, 0) == [("new", None, "SUCCEEDED 100")]


async def test_only_rolling_promotions_can_be_paused(fake: FakeBaseten, api: Api) -> None:
    production = a_model(fake)
    production.promote("new")
    answer = await api(f"POST {MODEL}/pause_promotion")

    assert answer.status_code == 400
    assert answer.json()["message"] == "The promotion to production is not a rolling deployment."


async def test_chains_have_no_such_routes(fake: FakeBaseten, api: Api) -> None:
    a_chain(fake).promote("new")

    for verb in ("cancel", "pause", "resume", "force_cancel", "force_roll_forward"):
        assert (await api(f"POST {CHAIN}/{verb}_promotion")).status_code == 404
    assert (await api("POST /v1/chains/c1/deployments/new/retry")).status_code == 404


async def test_somebody_else_can_cancel_and_replace_a_promotion_between_two_looks(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_model(fake)
    fake.model("m1").deployment("theirs", timeline=[("BUILDING", 4), "ACTIVE"])
    await api(f"POST {MODEL}/promote", deployment_id="new")

    def replace() -> None:
        production.cancel()
        production.promote("theirs")

    fake.at(3, replace)

    assert await looks(api, MODEL, 0, 3, 1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "theirs", "RELEASING 0"),
        ("theirs", None, "SUCCEEDED 100"),
    ]
    assert [one.status for one in production.promotions] == ["CANCELED", "SUCCEEDED"]
    assert production.promotions[0].ended == 3


async def test_a_first_promotion_needs_nothing_that_serves_before(
    fake: FakeBaseten, api: Api
) -> None:
    model = fake.model("m1")
    model.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    model.environment("production").promote("new")

    assert await looks(api, MODEL, 0, 10) == [
        (None, "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_promotions_in_two_environments_do_not_touch_each_other(fake: FakeBaseten) -> None:
    production = a_model(fake)
    staging = fake.model("m1").environment("staging")
    production.promote("new")
    copy = staging.promote("new")
    await asyncio.sleep(32)

    assert production.current is fake.model("m1").deployment("new")
    assert (staging.current, copy.id) == (copy, "new-p1")


async def test_nobody_may_promote_to_a_restricted_environment(fake: FakeBaseten, api: Api) -> None:
    production = a_model(fake, restricted=True)
    answer = await api(f"POST {MODEL}/promote", deployment_id="new")

    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert production.promotions == ()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chains/c1/environments/production/promote",
        "/v1/chains/other/environments/production/promote",
        "/v1/chains/c1/environments/staging/promote",
        "/v1/models/c1/environments/production/promote",
    ],
)
async def test_what_is_not_there_answers_404(fake: FakeBaseten, api: Api, path: str) -> None:
    a_chain(fake)
    fake.model("m1").deployment("foreign")

    answer = await api(f"POST {path}", deployment_id="foreign")

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_deleted_environment_takes_its_promotion_with_it(
    fake: FakeBaseten, api: Api
) -> None:
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new")
    staging = model.environment("staging", current="old")
    candidate = staging.promote("new")
    path = "/v1/models/m1/environments/staging"

    deleted = (await api(f"DELETE {path}")).json()

    assert deleted == {"name": "staging", "model_id": "m1", "deleted": True}
    assert (await api(f"GET {path}")).status_code == 404
    assert staging.promotions[0].status == "CANCELED"
    assert model.deployment("old").status == "SCALED_TO_ZERO"
    assert (candidate.environment, model.deployment("old").environment) == (None, None)


async def test_production_cannot_be_deleted(fake: FakeBaseten, api: Api) -> None:
    a_model(fake)

    assert (await api(f"DELETE {MODEL}")).status_code == 400


async def test_what_serves_in_an_environment_can_be_switched_off_and_on(
    fake: FakeBaseten, api: Api
) -> None:
    old = a_model(fake).current
    assert old is not None
    off = (await api(f"POST {MODEL}/deactivate")).json()
    await asyncio.sleep(10)
    assert (off["success"], old.status) == (True, "INACTIVE")
    on = (await api(f"POST {MODEL}/activate")).json()
    assert (on["success"], old.status) == (True, "DEPLOYING")


async def test_an_environment_without_a_deployment_has_nothing_to_switch(
    fake: FakeBaseten, api: Api
) -> None:
    fake.model("m1").environment("production")

    assert (await api(f"POST {MODEL}/activate")).status_code == 404


async def test_a_deployment_made_by_a_promotion_is_named_after_its_source_and_the_time() -> None:
    """As Baseten does: by this people tell whose promotion is under way."""
    fake = FakeBaseten(started=datetime(2026, 1, 12, 22, 0, tzinfo=UTC))
    model = fake.model("m1")
    model.deployment("v1")
    for name in ("production", "staging"):
        model.environment(name, redeploy_on_promotion=True)
    await asyncio.sleep(7 * 60 + 49.5)
    made = [model.environments[name].promote("v1") for name in ("production", "staging")]

    assert [one.facts.name for one in made] == ["v1.1768255669", "v1.1768255670"]
    assert [one.id for one in made] == ["v1-p1", "v1-p2"]


async def test_a_refused_promotion_is_an_exception_to_those_who_script_it(
    fake: FakeBaseten,
) -> None:
    production = a_chain(fake)

    with pytest.raises(Refused, match="Chain c1 has no deployment nope"):
        production.promote("nope")
    with pytest.raises(Refused, match="has no in progress promotion"):
        production.cancel()


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"current": "nope"}, r"has: old, new; add it with \.deployment\('nope'\)"),
        ({"ramp": []}, "a ramp rises"),
        ({"ramp": [(50, 10), (25, 10)]}, "a ramp rises"),
        ({"ramp": [(0, 10)]}, "a ramp rises"),
        ({"ramp": [(100, 10)]}, "a ramp rises"),
        ({"ramp": [(50, 0)]}, "a ramp rises"),
        ({"ramp": RAMP, "rolling": False}, "leave out rolling=False"),
        ({"traffic_delay": -1}, "traffic_delay is seconds from 0 up"),
        ({"candidate_timeline": []}, "a timeline needs a step"),
    ],
)
async def test_an_impossible_environment_is_refused_with_advice(
    fake: FakeBaseten, options: dict[str, Any], advice: str
) -> None:
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new")

    with pytest.raises(ValueError, match=advice):
        model.environment("production", **options)


async def test_a_deployment_of_another_model_cannot_be_current(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1")
    other = fake.model("m2").deployment("d1")

    with pytest.raises(ValueError, match="Model m1 has no deployment 'd1' that could be current"):
        fake.model("m1").environment("production", current=other)


async def test_asking_again_gives_the_same_environment(fake: FakeBaseten) -> None:
    production = a_chain(fake)

    assert fake.chain("c1").environment("production") is production
    with pytest.raises(ValueError, match="already has the environment 'production': its current"):
        fake.chain("c1").environment("production", current="old")


@pytest.mark.parametrize("start", [0.1, 1 / 3, 12345.678])
async def test_steps_end_on_the_second_whenever_they_began(fake: FakeBaseten, start: float) -> None:
    await asyncio.sleep(start)
    production = a_model(fake, ramp=[(10, 0.1), (20, 0.2), (30, 0.3)])
    began = fake.now
    production.promote("new")
    await asyncio.sleep(10.6)
    assert production.promotion is not None
    assert (production.promotion.status, round(fake.now - began, 6)) == ("SUCCEEDED", 10.6)


def test_without_an_event_loop_nothing_moves_but_everything_can_be_prepared() -> None:
    fake = FakeBaseten()
    production = a_model(fake)
    production.promote("new")

    assert (fake.now, production.promotion and production.promotion.status) == (0, "RELEASING")


async def test_plans_of_the_behaviour_are_not_forgotten() -> None:
    fake = FakeBaseten(behaviour=Behaviour(hidden_for=5, deployment_ids="new"))
    candidate = a_model(fake).promote("new")

    assert (candidate.id, candidate.facts.visible_from) == ("new-p1", 5)
