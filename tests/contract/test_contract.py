"""The fake against Baseten's own document, and our requests as well.

Every story is told through `aiobaseten.Baseten`, and every request and answer on the way is
checked with openapi-core.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import asdict

import httpx
import pytest

from aiobaseten import Baseten
from aiobaseten.audit import AuditOptions
from aiobaseten.errors import BasetenError, PromotionFailedError, WaitError
from aiobaseten.testing import Behaviour, FakeBaseten, timelines
from aiobaseten.testing._http import OPERATIONS

from .contract import Checked, blank, operations

ASLEEP_FIRST: timelines.Steps = [
    ("BUILDING", 5),
    ("SCALED_TO_ZERO", 10),
    ("WAKING_UP", 10),
    ("LOADING_MODEL", 10),
    "ACTIVE",
]
LOADING: timelines.Steps = [("DEPLOYING", 5), ("LOADING_MODEL", 5), "ACTIVE"]
CRASHING: timelines.Steps = [("LOADING_MODEL", 5), ("UNHEALTHY", 5), "DEPLOY_FAILED"]
# What the document's vintage does not say yet; newer ones do (see openapi/README.md).
NEWER = {
    ("ActivateResponseV1", "no_op"),
    ("DeactivateResponseV1", "no_op"),
    ("DeploymentV1", "request_backpressure_settings"),
    ("EnvironmentV1", "request_backpressure_settings"),
    ("UpdateChainletEnvironmentInstanceTypeResponseV1", "chainlet_environment_settings"),
}
# The stories read what they did, so no read is behind. The list of a chain's environments in the
# published shape does not fit our document, which gives it a shape of its own: see below.
ALWAYS_NEW = [
    one
    for one in Behaviour.plausible(one_at_a_time=True)
    if not any(one.replica_lags) and one.chain_environment_list == "chain"
]
# These answers change only when a state is shown, not how.
TIMES = {
    *("cancel_seen_after", "failure_noticed_after", "hidden_for", "pointer_lag", "replica_order"),
    *("roll_back", "roll_forward", "settings_shown_after", "stale_for", "terminal_promotion_for"),
}
# Where the document says nothing: the overlay made the schema, with names alone.
FREE = {"InstanceTypeV1"}


@asynccontextmanager
async def checked(fake: FakeBaseten) -> AsyncIterator[tuple[Baseten, Checked]]:
    """A client of the fake, and the transport that checks its requests and responses."""
    contract = Checked(fake.transport())
    async with (
        httpx.AsyncClient(transport=contract) as http,
        Baseten(
            api_key="test-key",
            base_url="https://api.baseten.co",
            http_client=http,
            # Each step is seen once; more looks would show nothing else.
            poll=lambda *_: 5.0,
        ) as baseten,
    ):
        yield baseten, contract


def difference(behaviour: Behaviour) -> str:
    """The fields that differ from the default."""
    return " ".join(f"{name}={value}" for name, value in changed(behaviour).items()) or "default"


def changed(behaviour: Behaviour) -> dict[str, object]:
    """The fields that differ from the default, and their values."""
    usual, its = asdict(Behaviour()), asdict(behaviour)
    return {name: its[name] for name in its if its[name] != usual[name]}


async def perhaps(doing: Awaitable[object]) -> None:
    """Ignore a refusal that depends on the behaviour."""
    try:
        await doing
    except BasetenError:
        return


async def tell_of_a_chain(fake: FakeBaseten, baseten: Baseten) -> None:
    """A promotion, a failed one, and a deployment that is switched off."""
    furnished = fake.chain("c1")
    furnished.deployment("old", chainlets=["A", "B"])
    furnished.deployment("new", chainlets={"A": ASLEEP_FIRST, "B": LOADING})
    furnished.deployment("bad", chainlets=["A", "B"], on_promote={"A": "ACTIVE", "B": CRASHING})
    furnished.environment("production", current="old", candidate_timeline=LOADING)
    chain = baseten.chain("c1")
    production = chain.environment("production")
    promotion = await production.promote("new")
    await asyncio.sleep(1)
    await perhaps(production.promote("old", if_in_progress="send"))
    await promotion.wait(timeout=600)
    serving = (await production.get()).current_deployment
    assert serving is not None
    assert serving.id == promotion.deployment_id
    assert len(await chain.list_deployments()) >= 3
    assert [one.name for one in await chain.list_environments()] == ["production"]
    await (await production.rollback()).wait(timeout=600)
    with pytest.raises(PromotionFailedError):
        await (await production.promote("bad")).wait(timeout=900)
    assert (await chain.deployment("old").get()).status
    await chain.deployment("old").logs("old-A")
    await chain.deployment("old").deactivate()


async def tell_of_a_model(fake: FakeBaseten, baseten: Baseten) -> None:
    """Promotions that are paused, cancelled, and forced in both directions."""
    furnished = fake.model("m1")
    for name in ("old", "new"):
        furnished.deployment(name, labels={"team": "search"})
    furnished.deployment("slow", on_promote=ASLEEP_FIRST)
    furnished.environment(
        "production", current="old", ramp=[(25, 10), (50, 10)], candidate_timeline=LOADING
    )
    model = baseten.model("m1")
    production = model.environment("production")
    promotion = await production.promote("slow")
    await asyncio.sleep(40)
    await promotion.pause()
    await asyncio.sleep(10)
    await production.get()
    await promotion.resume()
    await asyncio.sleep(2)
    await (await promotion.cancel()).wait(timeout=600)
    promotion = await production.promote("new")
    await asyncio.sleep(12)
    await promotion.force_roll_forward()
    await promotion.wait(timeout=600)
    promotion = await production.promote("old")
    await asyncio.sleep(10)
    await (await promotion.force_cancel()).wait(timeout=600)
    await (await production.rollback()).wait(timeout=600)
    assert len(await model.list_deployments()) >= 3
    assert [one.name for one in await model.list_environments()] == ["production"]


async def tell_of_deployments(fake: FakeBaseten, baseten: Baseten) -> None:
    """One failed, one switched off and on, one asleep."""
    furnished = fake.model("m2")
    furnished.deployment("bad", timeline=timelines.BUILD_FAILED, on_retry=LOADING)
    furnished.deployment("good")
    furnished.deployment("asleep", status="SCALED_TO_ZERO")
    model = baseten.model("m2")
    await asyncio.sleep(20)
    furnished.deployment("bad").log("no such package", level="ERROR")
    await model.deployment("bad").logs()
    await model.deployment("bad").retry()
    await model.deployment("bad").wait_until_active(timeout=600)
    await model.deployment("good").deactivate()
    await asyncio.sleep(20)
    await model.deployment("good").activate()
    await model.deployment("good").wait_until_active(timeout=600)
    await model.deployment("asleep").wait_until_active(timeout=600, wake=True)


async def tell_of_names(fake: FakeBaseten, baseten: Baseten) -> None:
    """Everything that finds an id, and the user."""
    furnished = fake.model("m3", name="ranker", team="Search")
    furnished.deployment("d1", name="blue")
    fake.model("m4", name="ranker", team="Ads")
    fake.chain("c3", name="bot").deployment("d1", chainlets=["A"])
    model = await baseten.find_model("ranker", team="Search")
    chain = await baseten.find_chain("bot")
    deployment = await model.find_deployment("blue")
    assert (model.id, chain.id, deployment.id) == ("m3", "c3", "d1")
    assert (await model.get()).name == "ranker"
    assert (await chain.get()).deployments_count == 1
    assert (await deployment.rename("green")).name == "green"
    assert await deployment.update_request_backpressure("QUEUE_ON_FULL") == "QUEUE_ON_FULL"
    assert len(await baseten.models()) >= 2
    assert (await baseten.whoami()).user_id


async def tell_of_environments(fake: FakeBaseten, baseten: Baseten) -> None:
    """One of a model and one of a chain: created, changed, deleted."""
    for name in ("d1", "d2"):
        fake.model("m5").deployment(name)
        fake.chain("c5").deployment(name, chainlets=["A", "B"])
    model, chain = baseten.model("m5"), baseten.chain("c5")
    await model.create_environment(
        "staging",
        autoscaling_settings={"min_replica": 1, "max_replica": 2},
        promotion_settings={"rolling_deploy": True, "promotion_cleanup_strategy": "KEEP"},
    )
    staging = model.environment("staging")
    await (await staging.promote("d1")).wait(timeout=600)
    await staging.update(
        autoscaling_settings={"scale_down_delay": 60},
        promotion_settings={"rolling_deploy_config": {"stabilization_time_seconds": 300}},
        request_backpressure_settings={"policy": "REJECT_ON_FULL"},
    )
    await staging.deactivate()
    await staging.activate()
    await staging.delete()
    await model.deployment("d2").delete()
    await chain.create_environment(
        "staging",
        promotion_settings={"ramp_up_while_promoting": True},
        chainlet_settings={"A": {"autoscaling_settings": {"min_replica": 1}}},
    )
    await chain.environment("staging").update(
        promotion_settings={"redeploy_on_promotion": True},
        chainlet_autoscaling={"B": {"min_replica": 1}},
    )
    await (await chain.environment("staging").promote("d1")).wait(timeout=600)
    moved = await chain.environment("staging").update_instance_types({"A": "2x8"})
    assert moved is not None
    await moved.wait(timeout=3600)
    await chain.deployment("d2").delete()


async def tell_of_metrics(fake: FakeBaseten, baseten: Baseten) -> None:
    """In each mode; of a deployment and of an environment."""
    fake.model("m6").deployment("d1").answers(error_share=0.5)
    fake.model("m6").environment("production", current="d1").receives(requests_per_second=1)
    await asyncio.sleep(600)
    model = baseten.model("m6")
    assert (await model.deployment("d1").metrics()).traffic.requests
    await model.deployment("d1").metrics(mode="SERIES")
    await model.environment("production").metrics(mode="CURRENT")


async def tell_of_startups(fake: FakeBaseten, baseten: Baseten) -> None:
    """Of a deployment that is slow, in an environment and without one."""
    furnished = fake.model("m8")
    furnished.deployment("d1").started_before(IMAGE_PULL=20, WEIGHT_DOWNLOAD=90)
    furnished.deployment("d2", on_promote=[("LOADING_MODEL", 5), "DEPLOY_FAILED"])
    furnished.deployment("d3", status="DEPLOYING").starts(SCHEDULING=9, IMAGE_PULL=9)
    furnished.environment("production", current="d1")
    model = baseten.model("m8")
    promotion = await model.environment("production").promote("d2")
    for waiting in (
        promotion.wait(timeout=600),
        model.deployment("d3").wait_until_active(timeout=30),
    ):
        with pytest.raises(WaitError) as caught:
            await waiting
        assert caught.value.evidence
        assert caught.value.evidence.startup


async def tell_of_logs(fake: FakeBaseten, baseten: Baseten) -> None:
    """The log of an environment, and every audit log."""
    fake.model("m7").deployment("d1").log("ready", level="INFO", replica="ab12c")
    fake.model("m7").environment("production", current="d1")
    fake.chain("c7").deployment("d1")
    production = baseten.model("m7").environment("production")
    assert len(await production.logs(min_level="INFO", includes=["ready"], replica="ab12c")) == 1
    for log in (baseten, baseten.model("m7"), baseten.chain("c7")):
        options: AuditOptions = {"limit": 300, "groups": ["DEPLOYED"], "sources": ["UI"]}
        assert [entry.event_type async for entry in log.audit(**options)]
    whole = [entry.event_type async for entry in baseten.audit()]
    assert len(set(whole)) >= 12


STORIES = (
    tell_of_a_chain,
    tell_of_a_model,
    tell_of_deployments,
    tell_of_names,
    tell_of_environments,
    tell_of_metrics,
    tell_of_startups,
    tell_of_logs,
)


@pytest.mark.looptime
@pytest.mark.parametrize(
    "behaviour",
    [
        # The default in each run, every other answer in the thorough one.
        pytest.param(one, id=difference(one), marks=[pytest.mark.thorough] if changed(one) else [])
        for one in ALWAYS_NEW
        if not changed(one).keys() & TIMES
    ],
)
async def test_every_operation_fits_the_document_however_baseten_behaves(
    behaviour: Behaviour,
) -> None:
    fake = FakeBaseten(behaviour=behaviour)
    async with checked(fake) as (baseten, contract):
        for story in STORIES:
            await story(fake, baseten)

    assert contract.succeeded == operations()
    assert {one for one in contract.extra if one[0] not in FREE} <= NEWER


@pytest.mark.looptime
async def test_fields_that_only_newer_documents_have_are_named_here() -> None:
    fake = FakeBaseten()
    async with checked(fake) as (baseten, contract):
        for story in STORIES:
            await story(fake, baseten)

    assert {one for one in contract.extra if one[0] not in FREE} == NEWER


async def test_a_refused_request_fits_the_document() -> None:
    """A response without success holds a message."""
    fake = FakeBaseten(behaviour=Behaviour(unknown_key=401), enforce_limits=True)
    fake.model("m1").deployment("d1")
    fake.model("m1").environment("closed", restricted=True)
    async with checked(fake) as (baseten, contract):
        model = baseten.model("m1")
        await perhaps(model.environment("closed").promote("d1"))
        await perhaps(model.environment("closed").cancel_promotion())
        await perhaps(baseten.chain("nope").list_deployments())
        async with httpx.AsyncClient(transport=contract) as http:
            for _ in range(12):
                await http.post(
                    "https://api.baseten.co/v1/models/m1/deployments/d1/retry",
                    headers={"Authorization": "Api-Key test-key"},
                )
            await http.get(
                "https://api.baseten.co/v1/chains/c1/deployments",
                headers={"Authorization": "Api-Key wrong"},
            )

    assert contract.refused == {400, 401, 403, 404, 429}


async def test_the_published_list_of_a_chain_s_environments_is_that_of_a_model() -> None:
    """Published documents declare this list with the schema of a model's environments."""
    fake = FakeBaseten(behaviour=Behaviour(chain_environment_list="model"))
    chain = fake.chain("c1")
    chain.deployment("old")
    chain.deployment("new")
    chain.environment("production", current="old").promote("new")
    key = {"Authorization": "Api-Key test-key"}
    host = "https://api.baseten.co/v1"
    async with httpx.AsyncClient(transport=fake.transport(), headers=key) as http:
        listed = (await http.get(f"{host}/chains/c1/environments")).content
    contract = Checked(
        httpx.MockTransport(
            lambda _: httpx.Response(
                200, content=listed, headers={"content-type": "application/json"}
            )
        )
    )
    async with httpx.AsyncClient(transport=contract, headers=key) as http:
        await http.get(f"{host}/models/c1/environments")

    assert contract.succeeded == {("GET", "/v1/models/{}/environments")}
    assert {one for one in contract.extra if one[0] not in FREE} <= NEWER


def test_every_operation_of_the_document_is_served() -> None:
    """The one of the inference host under its host's first label, where there is one host."""
    served = {(one.method, blank(one.template).removeprefix("/model-{}")) for one in OPERATIONS}

    assert operations() <= served
    assert len(served - operations()) == 4


async def test_the_check_itself_finds_errors() -> None:
    """It finds a request and a response that each lack a field."""
    fake = FakeBaseten()
    fake.faults.status(200, body={"id": "d1"})
    key = {"Authorization": "Api-Key test-key"}
    host = "https://api.baseten.co/v1/models/m1"
    async with httpx.AsyncClient(transport=Checked(fake.transport()), headers=key) as http:
        with pytest.raises(AssertionError, match="is a required property"):
            await http.get(f"{host}/deployments/d1")
        with pytest.raises(AssertionError, match="'deployment_id' is a required property"):
            await http.post(f"{host}/environments/production/promote", json={})
        with pytest.raises(AssertionError, match="Path not found"):
            await http.get(f"{host}/nowhere")
        del http.headers["Authorization"]
        with pytest.raises(AssertionError, match="Security not found"):
            await http.get(f"{host}/deployments")
