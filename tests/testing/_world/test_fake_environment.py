"""Environments: which deployment becomes the candidate, and what follows a promotion."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from aiobaseten.testing import Behaviour, FakeBaseten, Refused

from .production import CHAIN, MODEL, RAMP, Api, Reads, a_chain, a_model

pytestmark = pytest.mark.looptime


async def test_promoting_a_deployment_that_is_in_an_environment_makes_a_new_one(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    a_model(fake)
    first = (await api(f"POST {MODEL}/promote", deployment_id="old")).json()

    assert (first["id"], first["status"]) == ("old-p1", "DEPLOYING")
    assert await reads(MODEL, 31.9, 0.1) == [
        ("old", "old-p1", "RELEASING 0"),
        ("old-p1", None, "SUCCEEDED 100"),
    ]
    again = (await api(f"POST {MODEL}/promote", deployment_id="old-p1")).json()
    assert again["id"] == "old-p2"


async def test_a_new_id_is_always_unused(fake: FakeBaseten) -> None:
    production = a_model(fake)
    mine = fake.model("m1").deployment("old-p1")

    assert production.promote("old").id == "old-p2"
    assert fake.model("m1").deployment("old-p1") is mine


async def test_another_instance_type_makes_a_new_deployment_by_default(
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

    response = (
        await api(
            "POST /v1/models/m1/deployments/development/promote",
            scale_down_previous_production=True,
        )
    ).json()

    assert (response["id"], response["is_development"]) == ("draft-p1", False)


async def test_a_deployment_made_by_a_promotion_is_named_after_its_source_and_the_time() -> None:
    """As at Baseten, where people recognise their own promotion by this name."""
    fake = FakeBaseten(started=datetime(2026, 1, 12, 22, 0, tzinfo=UTC))
    model = fake.model("m1")
    model.deployment("v1")
    for name in ("production", "staging"):
        model.environment(name, redeploy_on_promotion=True)
    await asyncio.sleep(7 * 60 + 49.5)
    made = [model.environments[name].promote("v1") for name in ("production", "staging")]

    assert [one.facts.name for one in made] == ["v1.1768255669", "v1.1768255670"]
    assert [one.id for one in made] == ["v1-p1", "v1-p2"]


async def test_a_new_deployment_is_hidden_as_the_behaviour_says() -> None:
    fake = FakeBaseten(behaviour=Behaviour(hidden_for=5, deployment_ids="new"))
    candidate = a_model(fake).promote("new")

    assert (candidate.id, candidate.facts.visible_from) == ("new-p1", 5)


async def test_a_deployment_can_be_promoted_to_production_by_its_own_route(
    fake: FakeBaseten, api: Api
) -> None:
    a_model(fake, cleanup="DEACTIVATE")
    path = "POST /v1/models/m1/deployments/new/promote"
    response = await api(path, scale_down_previous_production=False)
    await asyncio.sleep(10)

    assert response.json()["id"] == "new"
    assert fake.model("m1").deployment("old").status == "ACTIVE"


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({"on_promote": [("UPDATING", 3), "ACTIVE"]}, "UPDATING"),
        ({}, "WAKING_UP"),
    ],
)
async def test_a_candidate_follows_its_own_timeline_or_that_of_its_environment(
    fake: FakeBaseten, given: dict[str, Any], seen: str
) -> None:
    model = fake.model("m1")
    model.deployment("old", **given)
    production = model.environment(
        "production", current="old", candidate_timeline=[("WAKING_UP", 5), "ACTIVE"]
    )

    assert production.promote("old").status == seen


async def test_each_chainlet_of_a_candidate_can_have_its_own_timeline(fake: FakeBaseten) -> None:
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


async def test_a_timeline_for_an_unknown_chainlet_is_refused(fake: FakeBaseten) -> None:
    chain = fake.chain("c1")
    chain.deployment("old", on_promote={"C": "ACTIVE"})
    production = chain.environment("production", current="old")

    with pytest.raises(ValueError, match="old has no chainlet 'C'"):
        production.promote("old")


@pytest.mark.parametrize(
    ("before", "during"), [("SCALED_TO_ZERO", "WAKING_UP"), ("INACTIVE", "DEPLOYING")]
)
async def test_a_sleeping_or_inactive_deployment_starts_when_promoted(
    fake: FakeBaseten, before: str, during: str
) -> None:
    production = a_model(fake)
    source = fake.model("m1").deployment("source", status=before)

    assert production.promote("source") is source
    assert source.status == during
    await asyncio.sleep(60)
    assert production.current is source


@pytest.mark.parametrize("kind", ["chain", "model"])
@pytest.mark.parametrize(
    ("cleanup", "statuses"),
    [
        ("SCALE_TO_ZERO", ["SCALED_TO_ZERO", "SCALED_TO_ZERO"]),
        ("DEACTIVATE", ["DEACTIVATING", "INACTIVE"]),
        ("KEEP", ["ACTIVE", "ACTIVE"]),
    ],
)
async def test_the_previous_deployment_is_cleaned_up_as_the_environment_says(
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


async def test_the_previous_deployment_is_kept_on_request(fake: FakeBaseten, api: Api) -> None:
    a_chain(fake)
    await api(f"POST {CHAIN}/promote", deployment_id="new", scale_down_previous_deployment=False)
    await asyncio.sleep(10)

    assert fake.chain("c1").deployment("old").status == "ACTIVE"


async def test_the_previous_deployment_can_be_promoted_again(fake: FakeBaseten) -> None:
    production = a_model(fake)
    production.promote("new")
    await asyncio.sleep(10)
    back = production.promote("old")
    await asyncio.sleep(20)

    assert back.id == "old"
    assert production.current is back


async def test_a_second_promotion_is_refused_while_one_is_in_progress(
    fake: FakeBaseten, api: Api
) -> None:
    for environment, path in ((a_chain(fake), CHAIN), (a_model(fake), MODEL)):
        environment.promote("new")
        response = await api(f"POST {path}/promote", deployment_id="old")

        assert (response.status_code, response.json()) == (
            400,
            {
                "code": "VALIDATION_ERROR",
                "message": "Environment production already has a promotion in progress.",
            },
        )
        assert len(environment.promotions) == 1


async def test_a_lingering_failed_candidate_does_not_block_the_next_promotion(
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


async def test_a_candidate_made_for_a_cancelled_promotion_is_shut_down(fake: FakeBaseten) -> None:
    production = a_model(fake)
    made = production.promote("old")
    production.cancel()
    reused = production.promote("new")
    production.cancel()

    assert (made.status, reused.status) == ("DEACTIVATING", "BUILDING")
    assert (made.environment, reused.environment) == (None, None)


async def test_chains_have_no_routes_for_signals_and_retries(fake: FakeBaseten, api: Api) -> None:
    a_chain(fake).promote("new")

    for verb in ("cancel", "pause", "resume", "force_cancel", "force_roll_forward"):
        assert (await api(f"POST {CHAIN}/{verb}_promotion")).status_code == 404
    assert (await api("POST /v1/chains/c1/deployments/new/retry")).status_code == 404


async def test_a_promotion_can_be_cancelled_and_replaced_between_two_reads(
    fake: FakeBaseten, api: Api, reads: Reads
) -> None:
    production = a_model(fake)
    fake.model("m1").deployment("theirs", timeline=[("BUILDING", 4), "ACTIVE"])
    await api(f"POST {MODEL}/promote", deployment_id="new")

    def replace() -> None:
        production.cancel()
        production.promote("theirs")

    fake.at(3, replace)

    assert await reads(MODEL, 0, 3, 1) == [
        ("old", "new", "RELEASING 0"),
        ("old", "theirs", "RELEASING 0"),
        ("theirs", None, "SUCCEEDED 100"),
    ]
    assert [one.status for one in production.promotions] == ["CANCELED", "SUCCEEDED"]
    assert production.promotions[0].ended == 3


async def test_a_first_promotion_needs_no_previous_deployment(
    fake: FakeBaseten, reads: Reads
) -> None:
    model = fake.model("m1")
    model.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    model.environment("production").promote("new")

    assert await reads(MODEL, 0, 10) == [
        (None, "new", "RELEASING 0"),
        ("new", None, "SUCCEEDED 100"),
    ]


async def test_promotions_in_two_environments_are_independent(fake: FakeBaseten) -> None:
    production = a_model(fake)
    staging = fake.model("m1").environment("staging")
    production.promote("new")
    copy = staging.promote("new")
    await asyncio.sleep(32)

    assert production.current is fake.model("m1").deployment("new")
    assert (staging.current, copy.id) == (copy, "new-p1")


async def test_promoting_to_a_restricted_environment_is_forbidden(
    fake: FakeBaseten, api: Api
) -> None:
    production = a_model(fake, restricted=True)
    response = await api(f"POST {MODEL}/promote", deployment_id="new")

    assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")
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
async def test_promoting_with_an_unknown_name_gets_404(
    fake: FakeBaseten, api: Api, path: str
) -> None:
    a_chain(fake)
    fake.model("m1").deployment("foreign")

    response = await api(f"POST {path}", deployment_id="foreign")

    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


async def test_deleting_an_environment_cancels_its_promotion(fake: FakeBaseten, api: Api) -> None:
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


async def test_the_serving_deployment_can_be_deactivated_and_activated(
    fake: FakeBaseten, api: Api
) -> None:
    old = a_model(fake).current
    assert old is not None
    off = (await api(f"POST {MODEL}/deactivate")).json()
    await asyncio.sleep(10)
    assert (off["success"], old.status) == (True, "INACTIVE")
    on = (await api(f"POST {MODEL}/activate")).json()
    assert (on["success"], old.status) == (True, "DEPLOYING")


async def test_an_environment_without_a_deployment_cannot_be_activated(
    fake: FakeBaseten, api: Api
) -> None:
    fake.model("m1").environment("production")

    assert (await api(f"POST {MODEL}/activate")).status_code == 404


async def test_planned_actions_run_before_promotions_are_read(
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


async def test_a_refused_direct_call_raises(
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


async def test_a_second_call_returns_the_same_environment_and_refuses_options(
    fake: FakeBaseten,
) -> None:
    production = a_chain(fake)

    assert fake.chain("c1").environment("production") is production
    with pytest.raises(ValueError, match="already has the environment 'production': its current"):
        fake.chain("c1").environment("production", current="old")
