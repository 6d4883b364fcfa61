"""Open questions of the documentation: the fake can give each answer."""

import asyncio
import dataclasses
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import combinations
from typing import Any

import httpx
import pytest

from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, Refused

pytestmark = pytest.mark.looptime
MODEL = "/v1/models/m1/environments/production"
CHAIN = "/v1/chains/c1/environments/production"
NOT_FOUND = "Chain nope was not found. The fake has: none; add it with .chain('nope')."


@asynccontextmanager
async def calls(fake: FakeBaseten) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=fake.transport(),
        base_url="http://fake",
        headers={"Authorization": "Bearer test-key"},
    ) as client:
        yield client


def a_model(fake: FakeBaseten, **options: Any) -> FakeEnvironment:
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("good", timeline=[("BUILDING", 10), "ACTIVE"])
    model.deployment("bad", timeline=[("BUILDING", 10), "BUILD_FAILED"])
    return model.environment("production", current="old", **options)


def a_chain(fake: FakeBaseten) -> FakeEnvironment:
    chain = fake.chain("c1")
    chain.deployment("old")
    chain.deployment("good", timeline=[("BUILDING", 10), "ACTIVE"])
    return chain.environment("production", current="old")


@pytest.mark.parametrize(
    ("readable_for", "seen"),
    [
        (math.inf, ["SUCCEEDED", "SUCCEEDED"]),
        (5, ["SUCCEEDED", None]),
        (0, [None, None]),
    ],
)
async def test_an_ended_promotion_stays_readable_for_as_long_as_asked(
    readable_for: float, seen: list[str | None]
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(terminal_promotion_for=readable_for))
    a_model(fake).promote("good")
    found = []
    async with calls(fake) as client:
        for wait in (10, 5):
            await asyncio.sleep(wait)
            promotion = (await client.get(MODEL)).json()["in_progress_promotion"]
            found.append(promotion and promotion["status"])

    assert found == seen


@pytest.mark.parametrize("lingers", ["lingers", "null"])
async def test_a_failed_candidate_stays_or_disappears(lingers: Any) -> None:
    fake = FakeBaseten(behaviour=Behaviour(failed_candidate=lingers))
    production = a_model(fake)
    bad = production.promote("bad")
    await asyncio.sleep(10)

    assert production.candidate is (bad if lingers == "lingers" else None)


@pytest.mark.parametrize("lingers", ["lingers", "null"])
async def test_a_canceled_candidate_stays_or_disappears(lingers: Any) -> None:
    fake = FakeBaseten(behaviour=Behaviour(canceled_candidate=lingers))
    production = a_model(fake)
    good = production.promote("good")
    production.cancel()

    assert production.candidate is (good if lingers == "lingers" else None)


@pytest.mark.parametrize(
    ("candidate", "seen"),
    [
        ("null", [("old", None), ("good", None)]),
        ("until current", [("old", "good"), ("good", None)]),
        ("lingers", [("old", "good"), ("good", "good")]),
    ],
)
async def test_the_pointer_may_follow_a_success_late(
    candidate: Any, seen: list[tuple[str, str | None]]
) -> None:
    behaviour = Behaviour(pointer_lag=8, succeeded_candidate=candidate)
    fake = FakeBaseten(behaviour=behaviour)
    production = a_model(fake)
    good = production.promote("good")
    found, promotions = [], []
    async with calls(fake) as client:
        for wait in (10, 7.9, 0.1):
            await asyncio.sleep(wait)
            shown = (await client.get(MODEL)).json()
            its = shown["candidate_deployment"]
            found.append((shown["current_deployment"]["id"], its and its["id"]))
            promotion = shown["in_progress_promotion"]
            promotions.append((promotion["status"], promotion["percent_traffic_to_new_version"]))

    assert found == [seen[0], seen[0], seen[1]]
    assert promotions == [("SUCCEEDED", 100)] * 3
    assert production.current is good


@pytest.mark.parametrize(
    ("readable_for", "seen"),
    [(0, ["SUCCEEDED", None, None]), (5, ["SUCCEEDED", "SUCCEEDED", None])],
)
async def test_a_promotion_stays_readable_until_the_pointer_has_followed(
    readable_for: float, seen: list[str | None]
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(pointer_lag=8, terminal_promotion_for=readable_for))
    a_model(fake).promote("good")
    found = []
    async with calls(fake) as client:
        for wait in (17.9, 0.1, 5):
            await asyncio.sleep(wait)
            promotion = (await client.get(MODEL)).json()["in_progress_promotion"]
            found.append(promotion and promotion["status"])

    assert found == seen


async def test_everything_that_shows_what_serves_follows_the_pointer() -> None:
    fake = FakeBaseten(behaviour=Behaviour(pointer_lag=8))
    a_model(fake).promote("good")
    seen = []
    async with calls(fake) as client:
        for wait in (10, 8):
            await asyncio.sleep(wait)
            old = (await client.get("/v1/models/m1/deployments/old")).json()
            by_role = (await client.get("/v1/models/m1/deployments/production")).json()
            seen.append((old["is_production"], old["environment"], by_role["id"]))

    assert seen == [(True, "production", "old"), (False, None, "good")]


async def test_a_promotion_that_begins_while_the_pointer_lags_shows_both() -> None:
    fake = FakeBaseten(behaviour=Behaviour(pointer_lag=8))
    production = a_model(fake)
    production.promote("good")
    await asyncio.sleep(12)
    production.promote("bad")
    seen = []
    async with calls(fake) as client:
        for wait in (0, 6):
            await asyncio.sleep(wait)
            shown = (await client.get(MODEL)).json()
            seen.append((shown["current_deployment"]["id"], shown["candidate_deployment"]["id"]))

    assert seen == [("old", "bad"), ("good", "bad")]


@pytest.mark.parametrize("end", ["fails", "is forced back", "is rolled back"])
@pytest.mark.parametrize("readable_for", [math.inf, 5.0, 0.0])
@pytest.mark.parametrize("candidate", ["lingers", "null"])
@pytest.mark.parametrize("cleanup", ["always", "never"])
async def test_leftovers_of_a_promotion_without_success_come_in_every_combination(
    end: str, readable_for: float, candidate: Any, cleanup: Any
) -> None:
    behaviour = Behaviour(
        terminal_promotion_for=readable_for,
        failed_candidate=candidate,
        canceled_candidate=candidate,
        candidate_cleanup=cleanup,
    )
    fake = FakeBaseten(behaviour=behaviour)
    production = a_model(fake, ramp=[(50, 20)])
    fake.model("m1").deployment("ready")
    made = production.promote("ready")
    await asyncio.sleep(10)
    if end == "fails":
        production.fail()
    elif end == "is forced back":
        production.force_cancel()
    else:
        assert production.cancel() == "RAMPING_DOWN"
        await asyncio.sleep(20)
    seen = []
    async with calls(fake) as client:
        for wait in (0, 5, 1000):
            await asyncio.sleep(wait)
            shown = (await client.get(MODEL)).json()
            promotion, its = shown["in_progress_promotion"], shown["candidate_deployment"]
            seen.append((promotion and promotion["status"], its and its["id"]))

    status = "FAILED" if end == "fails" else "CANCELED"
    shown_for: dict[float, list[str | None]] = {
        math.inf: [status] * 3,
        5.0: [status, None, None],
        0.0: [None] * 3,
    }
    lingering = "ready" if candidate == "lingers" else None
    assert seen == [(one, lingering) for one in shown_for[readable_for]]
    assert made.status == ("ACTIVE" if cleanup == "never" else "INACTIVE")
    assert made.environment is None


@pytest.mark.parametrize(
    ("cleanup", "of_failed", "of_canceled"),
    [
        ("canceled", "ACTIVE", "INACTIVE"),
        ("always", "INACTIVE", "INACTIVE"),
        ("never", "ACTIVE", "ACTIVE"),
    ],
)
async def test_a_deployment_that_a_promotion_made_may_be_shut_down_after_it(
    cleanup: Any, of_failed: str, of_canceled: str
) -> None:
    seen = []
    for end in (FakeEnvironment.fail, FakeEnvironment.force_cancel):
        behaviour = Behaviour(candidate_cleanup=cleanup, deployment_ids="new")
        production = a_model(FakeBaseten(behaviour=behaviour), ramp=[(50, 1000)])
        made = production.promote("old")
        await asyncio.sleep(33)
        end(production)
        await asyncio.sleep(10)
        seen.append(made.status)

    assert seen == [of_failed, of_canceled]


@pytest.mark.parametrize("end", [FakeEnvironment.fail, FakeEnvironment.cancel])
async def test_the_serving_deployment_is_never_shut_down_after_its_own_promotion(
    end: Callable[[FakeEnvironment], object],
) -> None:
    behaviour = Behaviour(deployment_ids="same", candidate_cleanup="always")
    production = a_model(FakeBaseten(behaviour=behaviour))
    old = production.promote("old")
    end(production)
    await asyncio.sleep(60)

    assert (production.current, old.status, old.environment) == (old, "ACTIVE", "production")


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
async def test_a_promotion_of_what_serves_already_may_end_either_way(status: str) -> None:
    """The response names the deployment that serves, so that proves nothing."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    production = a_model(fake)
    if status == "FAILED":
        fake.at(3, lambda: production.fail("no capacity"))
    async with calls(fake) as client:
        response = await client.post(f"{MODEL}/promote", json={"deployment_id": "old"})
        await asyncio.sleep(10)
        shown = (await client.get(MODEL)).json()

    assert response.json()["id"] == shown["current_deployment"]["id"] == "old"
    assert shown["current_deployment"]["status"] == "ACTIVE"
    assert shown["in_progress_promotion"]["status"] == status
    assert shown["in_progress_promotion"]["error_message"] == (
        "no capacity" if status == "FAILED" else None
    )


@pytest.mark.parametrize("verb", ["cancel", "force_cancel"])
@pytest.mark.parametrize("roll_back", ["at once", "step by step"])
async def test_a_cancel_may_take_effect_after_its_response(verb: str, roll_back: Any) -> None:
    behaviour = Behaviour(cancel_seen_after=12, roll_back=roll_back)
    fake = FakeBaseten(behaviour=behaviour)
    a_model(fake, ramp=[(50, 100)]).promote("good")
    seen = []
    async with calls(fake) as client:
        await asyncio.sleep(15)
        response = (await client.post(f"{MODEL}/{verb}_promotion")).json()
        for wait in (0, 11.9, 0.1):
            await asyncio.sleep(wait)
            promotion = (await client.get(MODEL)).json()["in_progress_promotion"]
            seen.append((promotion["status"], promotion["percent_traffic_to_new_version"]))

    in_steps = (verb, roll_back) == ("cancel", "step by step")
    assert response["status" if verb == "cancel" else "success"] == (
        True if verb == "force_cancel" else "RAMPING_DOWN" if in_steps else "CANCELED"
    )
    end = ("RAMPING_DOWN", 50) if in_steps else ("CANCELED", 0)
    assert seen == [("RAMPING_UP", 50), ("RAMPING_UP", 50), end]


async def test_a_promotion_may_succeed_before_its_cancel_takes_effect() -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=12))
    production = a_model(fake)
    good = production.promote("good")
    assert production.cancel() == "CANCELED"
    await asyncio.sleep(30)

    assert production.current is good
    assert [one.status for one in production.promotions[0].history] == ["RELEASING", "SUCCEEDED"]


async def test_until_its_cancel_takes_effect_a_promotion_is_in_progress() -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=5))
    production = a_model(fake)
    production.promote("good")
    production.cancel()
    with pytest.raises(Refused):
        production.promote("bad")
    await asyncio.sleep(5)

    assert production.promote("bad").id == "bad"


async def test_a_forced_cancel_after_a_graceful_one_takes_effect_too() -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=5))
    production = a_model(fake, ramp=[(25, 30), (50, 100)])
    production.promote("good")
    await asyncio.sleep(45)
    production.cancel()
    await asyncio.sleep(2)
    production.force_cancel()
    await asyncio.sleep(10)

    assert [(one.at, one.status) for one in production.promotions[0].history][-2:] == [
        (50, "RAMPING_DOWN"),
        (52, "CANCELED"),
    ]


async def test_a_cancel_may_never_take_effect() -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=math.inf))
    production = a_model(fake, ramp=[(50, 10**7)])
    production.promote("good")
    await asyncio.sleep(15)
    production.force_cancel()
    await asyncio.sleep(10**6)

    assert production.promotions[0].status == "RAMPING_UP"


async def test_deleting_an_environment_ends_its_promotion_at_once() -> None:
    fake = FakeBaseten(behaviour=Behaviour(cancel_seen_after=12))
    a_model(fake)
    staging = fake.model("m1").environment("staging")
    staging.promote("good")
    staging.delete()

    assert staging.promotions[0].status == "CANCELED"


async def test_a_rollback_may_happen_at_once() -> None:
    fake = FakeBaseten(behaviour=Behaviour(roll_back="at once"))
    production = a_model(fake, rolling=True)
    production.promote("good")
    await asyncio.sleep(45)

    assert production.cancel() == "CANCELED"
    assert [(one.status, one.percent) for one in production.promotions[0].history][-2:] == [
        ("RAMPING_UP", 50),
        ("CANCELED", 0),
    ]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"code": "PERMISSION_DENIED", "message": "Authorization error"}),
        (401, {"code": "UNAUTHORIZED", "message": "Invalid API key."}),
    ],
)
async def test_an_unknown_key_may_get_either_status(status: Any, body: dict[str, str]) -> None:
    async with calls(FakeBaseten(behaviour=Behaviour(unknown_key=status))) as client:
        response = await client.get(CHAIN, headers={"Authorization": "Bearer other"})

    assert (response.status_code, response.json()) == (status, body)


async def test_a_promotion_may_notice_the_failure_of_its_candidate_late() -> None:
    fake = FakeBaseten(behaviour=Behaviour(failure_noticed_after=30))
    production = a_model(fake)
    production.promote("bad")
    seen = []
    for wait in (39.9, 0.1):
        await asyncio.sleep(wait)
        assert production.promotion is not None
        seen.append(production.promotion.status)

    assert seen == ["RELEASING", "FAILED"]


async def test_a_candidate_that_recovers_before_that_may_still_succeed() -> None:
    fake = FakeBaseten(behaviour=Behaviour(failure_noticed_after=30))
    production = a_model(fake)
    bad = production.promote("bad")
    await asyncio.sleep(35)
    bad.set_timeline([("BUILDING", 60), "ACTIVE"])
    await asyncio.sleep(60)

    assert production.current is bad


async def test_a_failure_may_never_be_noticed() -> None:
    fake = FakeBaseten(behaviour=Behaviour(failure_noticed_after=math.inf))
    production = a_model(fake)
    production.promote("bad")
    await asyncio.sleep(10**6)

    assert production.promotion is not None
    assert production.promotion.status == "RELEASING"


async def test_chains_may_show_their_promotion_or_null_or_lack_the_field() -> None:
    seen = []
    every: tuple[Any, ...] = ("shown", "null", "absent")
    for shown in every:
        fake = FakeBaseten(behaviour=Behaviour(chain_promotion=shown))
        a_chain(fake).promote("good")
        async with calls(fake) as client:
            body = (await client.get(CHAIN)).json()
        seen.append(body.get("in_progress_promotion", "no such key"))

    assert seen[0]["status"] == "RELEASING"
    assert seen[1:] == [None, "no such key"]


async def test_the_list_of_a_chain_s_environments_may_have_the_shape_of_a_model_s() -> None:
    seen = []
    every: tuple[Any, ...] = ("chain", "model")
    for shape in every:
        fake = FakeBaseten(behaviour=Behaviour(chain_environment_list=shape))
        a_chain(fake)
        async with calls(fake) as client:
            listed = (await client.get("/v1/chains/c1/environments")).json()["environments"][0]
            alone = (await client.get(CHAIN)).json()
        assert alone["chain_id"] == "c1"
        seen.append((listed.get("chain_id"), listed.get("model_id"), "instance_type" in listed))

    assert seen == [("c1", None, False), (None, "c1", True)]


async def test_a_chain_s_list_in_the_shape_of_a_model_s_has_exactly_a_model_s_fields() -> None:
    """Nothing of the chain's: the published specs declare this list with a model's schema."""
    fake = FakeBaseten(behaviour=Behaviour(chain_environment_list="model"))
    a_chain(fake).promote("good")
    a_model(fake).promote("good")
    async with calls(fake) as client:
        of_chain = (await client.get("/v1/chains/c1/environments")).json()["environments"][0]
        of_model = (await client.get("/v1/models/m1/environments")).json()["environments"][0]

    assert of_chain.keys() == of_model.keys()
    for name in ("current_deployment", "candidate_deployment"):
        assert of_chain[name].keys() == of_model[name].keys()
        assert "chainlets" not in of_chain[name]


@pytest.mark.parametrize(
    ("ids", "of_attached", "of_free"),
    [
        ("documented", "old-p1", "good"),
        ("new", "old-p1", "good-p1"),
        ("same", "old", "good"),
    ],
)
async def test_when_a_promotion_makes_a_new_deployment_is_an_option(
    ids: Any, of_attached: str, of_free: str
) -> None:
    first = a_model(FakeBaseten(behaviour=Behaviour(deployment_ids=ids)))
    second = a_model(FakeBaseten(behaviour=Behaviour(deployment_ids=ids)))

    assert (first.promote("old").id, second.promote("good").id) == (of_attached, of_free)


async def test_the_current_deployment_can_be_promoted_again() -> None:
    production = a_model(FakeBaseten(behaviour=Behaviour(deployment_ids="same")))
    old = production.promote("old")
    await asyncio.sleep(5)

    assert (production.current, old.status, old.environment) == (old, "ACTIVE", "production")


async def test_cancelling_a_promotion_of_the_current_deployment_changes_nothing() -> None:
    production = a_model(FakeBaseten(behaviour=Behaviour(deployment_ids="same")))
    old = production.promote("old")
    production.cancel()

    assert (production.current, old.status, old.environment) == (old, "ACTIVE", "production")


async def test_a_deployment_of_another_environment_returns_there_after_a_cancel() -> None:
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="same"))
    a_model(fake)
    staging = fake.model("m1").environment("staging")
    old = staging.promote("old")
    assert old.environment == "staging"
    staging.cancel()

    assert old.environment == "production"


async def test_a_busy_environment_may_respond_with_409() -> None:
    fake = FakeBaseten(behaviour=Behaviour(busy_status=409))
    a_model(fake).promote("good")
    async with calls(fake) as client:
        response = await client.post(f"{MODEL}/promote", json={"deployment_id": "good"})

    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize("status", ["INACTIVE", "BUILD_FAILED", "BUILD_STOPPED", "DEACTIVATING"])
async def test_a_deployment_that_cannot_serve_may_be_refused(status: str) -> None:
    fake = FakeBaseten(behaviour=Behaviour(unready_source="refused"))
    a_model(fake)
    fake.model("m1").deployment("off", status=status)
    async with calls(fake) as client:
        response = await client.post(f"{MODEL}/promote", json={"deployment_id": "off"})

    assert response.status_code == 400
    assert response.json()["message"] == f"Deployment off is {status}: it cannot be promoted."


async def test_reads_may_show_the_old_environment_for_some_seconds() -> None:
    fake = FakeBaseten(behaviour=Behaviour(stale_for=3))
    production = a_model(fake)
    fake.model("m1").deployment("quick", on_promote=[("DEPLOYING", 1), "ACTIVE"])
    seen = []
    async with calls(fake) as client:
        production.promote("quick")
        for wait in (0, 2, 1):
            await asyncio.sleep(wait)
            shown = (await client.get(MODEL)).json()
            seen.append((shown["current_deployment"]["id"], shown["candidate_deployment"]))

    assert production.promotions[0].ended == 1
    assert seen == [("old", None), ("old", None), ("quick", None)]


async def test_a_stale_read_shows_the_promotion_before() -> None:
    fake = FakeBaseten(behaviour=Behaviour(stale_for=3))
    production = a_model(fake)
    production.promote("bad")
    await asyncio.sleep(20)
    production.promote("good")
    async with calls(fake) as client:
        shown = (await client.get(MODEL)).json()

    assert shown["in_progress_promotion"]["status"] == "FAILED"
    assert shown["candidate_deployment"]["id"] == "bad"


async def test_a_new_deployment_may_be_404_while_its_environment_shows_it() -> None:
    fake = FakeBaseten(behaviour=Behaviour(hidden_for=5))
    a_model(fake)
    path = "/v1/models/m1/deployments/old-p1"
    async with calls(fake) as client:
        await client.post(f"{MODEL}/promote", json={"deployment_id": "old"})
        environment = (await client.get(MODEL)).json()
        first = (await client.get(path)).status_code
        await asyncio.sleep(5)
        later = (await client.get(path)).status_code

    assert environment["candidate_deployment"]["id"] == "old-p1"
    assert (first, later) == (404, 200)


async def test_signals_may_report_no_success_and_have_no_effect() -> None:
    fake = FakeBaseten(behaviour=Behaviour(signals_succeed=False))
    production = a_model(fake, rolling=True)
    production.promote("good")
    await asyncio.sleep(15)
    async with calls(fake) as client:
        for verb in ("pause", "resume", "force_cancel", "force_roll_forward"):
            response = await client.post(f"{MODEL}/{verb}_promotion")
            assert (response.status_code, response.json()) == (200, {"success": False})
    await asyncio.sleep(90)

    assert production.promotion is not None
    assert production.promotion.status == "SUCCEEDED"
    assert len(production.promotion.history) == 5


@pytest.mark.parametrize("answer", ["honoured", "ignored"])
async def test_settings_for_one_promotion_may_be_ignored(answer: Any) -> None:
    fake = FakeBaseten(behaviour=Behaviour(promotion_override=answer))
    production = a_model(fake)
    override = {
        "rolling_deploy": True,
        "promotion_cleanup_strategy": "KEEP",
        "rolling_deploy_config": {"stabilization_time_seconds": 100},
    }
    body = {"deployment_id": "good", "promotion_settings_override": override}
    async with calls(fake) as client:
        assert (await client.post(f"{MODEL}/promote", json=body)).status_code == 200
    await asyncio.sleep(1000)

    assert production.promotion is not None
    steps = [(state.percent, state.at) for state in production.promotion.history]
    honoured = [(0, 0), (25, 10), (50, 140), (75, 270), (100, 400)]
    assert steps == (honoured if answer == "honoured" else [(0, 0), (100, 10)])
    kept = "ACTIVE" if answer == "honoured" else "SCALED_TO_ZERO"
    assert fake.model("m1").deployment("old").status == kept
    assert not production.settings.rolling


@pytest.mark.parametrize(("when", "ended"), [(5, 5), (15, 40), (75, 100)])
async def test_a_forced_roll_forward_may_wait_for_the_next_step(when: float, ended: float) -> None:
    fake = FakeBaseten(behaviour=Behaviour(roll_forward="next step"))
    production = a_model(fake, rolling=True)
    production.promote("good")
    await asyncio.sleep(when)
    production.force_roll_forward()
    await asyncio.sleep(100)

    assert production.promotion is not None
    assert (production.promotion.status, production.promotion.ended) == ("SUCCEEDED", ended)


async def test_a_forced_roll_forward_at_the_next_step_ends_a_rollback() -> None:
    fake = FakeBaseten(behaviour=Behaviour(roll_forward="next step"))
    production = a_model(fake, rolling=True)
    production.promote("good")
    await asyncio.sleep(45)
    production.cancel()
    production.force_roll_forward()
    await asyncio.sleep(30)

    assert [one.status for one in production.promotions[0].history][-2:] == [
        "RAMPING_DOWN",
        "SUCCEEDED",
    ]


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("code", {"code": "NOT_FOUND", "message": NOT_FOUND}),
        ("error", {"error": "NOT_FOUND", "message": NOT_FOUND}),
        ("bare", {"error": NOT_FOUND}),
        ("detail", {"detail": NOT_FOUND}),
    ],
)
async def test_errors_may_have_several_shapes(shape: Any, body: dict[str, str]) -> None:
    async with calls(FakeBaseten(behaviour=Behaviour(error_body=shape))) as client:
        response = await client.get("/v1/chains/nope")

    assert (response.status_code, response.json()) == (404, body)


async def test_errors_may_be_plain_text() -> None:
    async with calls(FakeBaseten(behaviour=Behaviour(error_body="text"))) as client:
        response = await client.get("/v1/chains/nope")

    assert (response.text, response.headers["content-type"]) == (
        NOT_FOUND,
        "text/plain; charset=utf-8",
    )


@pytest.mark.parametrize("header", [True, False])
async def test_a_rate_limit_may_have_a_header_too(header: bool) -> None:
    fake = FakeBaseten(behaviour=Behaviour(retry_after_header=header), enforce_limits=True)
    fake.model("m1").deployment("d1")
    async with calls(fake) as client:
        for _ in range(11):
            response = await client.post("/v1/models/m1/deployments/d1/retry")

    assert response.status_code == 429
    assert response.headers.get("retry-after") == ("60" if header else None)


def test_each_pair_of_plausible_answers_appears_in_a_behaviour() -> None:
    singles, plausible = list(Behaviour.plausible(one_at_a_time=True)), list(Behaviour.plausible())
    answers = {
        field.name: {repr(getattr(one, field.name)) for one in singles}
        for field in dataclasses.fields(Behaviour)
    }
    wanted = {
        ((one, a), (other, b))
        for one, other in combinations(answers, 2)
        for a in answers[one]
        for b in answers[other]
    }
    found = {
        pair
        for behaviour in plausible
        for pair in combinations([(name, repr(getattr(behaviour, name))) for name in answers], 2)
    }

    assert found == wanted
    assert len(wanted) > 1000


def test_there_are_few_plausible_behaviours_the_default_first_and_the_same_each_time() -> None:
    plausible = list(Behaviour.plausible())

    assert plausible[0] == Behaviour()
    assert plausible == list(Behaviour.plausible())
    assert len(plausible) <= 25


def test_behaviours_one_at_a_time_are_one_step_from_the_default_and_all_differ() -> None:
    plausible = list(Behaviour.plausible(one_at_a_time=True))
    default = plausible[0]

    assert default == Behaviour()
    assert len({repr(one) for one in plausible}) == len(plausible)
    for one in plausible[1:]:
        changed = [
            field.name
            for field in dataclasses.fields(one)
            if getattr(one, field.name) != getattr(default, field.name)
        ]
        assert len(changed) == 1


def test_every_open_question_has_another_plausible_answer() -> None:
    """All but those that would hide a promotion, the audit log or the metrics from every client.

    Those of metrics and startups decide nothing in a wait.
    """
    varied = {
        field.name
        for one in Behaviour.plausible()
        for field in dataclasses.fields(one)
        if getattr(one, field.name) != getattr(Behaviour(), field.name)
    }

    assert {field.name for field in dataclasses.fields(Behaviour)} - varied == {
        "audit_log",
        "signals_succeed",
        "startups",
        "metrics_lag",
        "metrics_per_minute",
        "metrics_statuses",
        "metrics_without_requests",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"stale_for": -1},
        {"hidden_for": math.nan},
        {"terminal_promotion_for": -0.1},
        {"failure_noticed_after": -1},
        {"pointer_lag": -1},
        {"cancel_seen_after": math.nan},
    ],
)
def test_impossible_durations_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="is seconds from 0 up"):
        Behaviour(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("lags", [(), (0, -1), (math.inf,), (0, math.nan)])
def test_impossible_lags_of_replicas_are_refused(lags: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="replica_lags are seconds from 0 up, one for each"):
        Behaviour(replica_lags=lags)


@pytest.mark.parametrize("name", ["chain_status", "deployment_ids", "error_body", "busy_status"])
def test_unknown_answers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} is one of .*, not 'perhaps'"):
        Behaviour(**{name: "perhaps"})  # type: ignore[arg-type]


def test_a_behaviour_can_be_printed() -> None:
    assert json.loads(json.dumps(repr(Behaviour()))).startswith("Behaviour(")
