"""Rolling an environment back without a token, through the wire."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from aiobaseten import Baseten, ChainEnvironmentHandle, ModelEnvironmentHandle, Token
from aiobaseten.errors import (
    APIError,
    NotFoundError,
    PermissionDeniedError,
    PromotionInProgressError,
    PromotionOutcomeUnknownError,
    RollbackImpossibleError,
    ServerError,
)
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, timelines

from .guarding.rollout import let_looks_lag

pytestmark = pytest.mark.looptime

KINDS = pytest.mark.parametrize("kind", ["chain", "model"])
READS_ENVIRONMENT = "GET /v1/models/{model_id}/environments/{env_name}"
READS_LOG = "GET /v1/models/{model_id}/audit_logs"
#: Seconds after which a promotion has ended.
FINISHES_S = 60


@pytest.fixture
def behaviour() -> Behaviour:
    """The defaults, unless a test is parametrized with others."""
    return Behaviour()


@pytest.fixture
def fake(behaviour: Behaviour) -> FakeBaseten:
    """A fake that behaves so."""
    return FakeBaseten(behaviour=behaviour)


@pytest.fixture
def kind() -> str:
    """A model, unless a test is parametrized with both kinds."""
    return "model"


@pytest.fixture
def production(fake: FakeBaseten, kind: str) -> FakeEnvironment:
    """The production of the fake, in which ``old`` serves; ``new`` and others may be promoted."""
    owner = fake.chain("owner") if kind == "chain" else fake.model("owner")
    for name in ("old", "new", "other"):
        owner.deployment(name, on_promote=timelines.HEALTHY_PROMOTION)
    owner.deployment("broken", on_promote=timelines.BUILD_FAILED)
    return owner.environment("production", current="old")


@pytest.fixture
def environment(baseten: Baseten, kind: str) -> ChainEnvironmentHandle | ModelEnvironmentHandle:
    """Our handle of it."""
    owner = baseten.chain("owner") if kind == "chain" else baseten.model("owner")
    return owner.environment("production")


async def went_live(production: FakeEnvironment, *deployment_ids: str) -> None:
    """Somebody else promotes these, one after the other, and each promotion ends."""
    for deployment_id in deployment_ids:
        production.promote(deployment_id)
        await asyncio.sleep(FINISHES_S)


def promoted(fake: FakeBaseten) -> list[str]:
    """The deployments that we asked Baseten to promote."""
    return [one.json["deployment_id"] for one in fake.requests if one.method == "POST"]


def lookups(fake: FakeBaseten) -> list[str]:
    """The queries with which we read the audit log."""
    return [one.query for one in fake.requests if one.path.endswith("/audit_logs")]


@KINDS
async def test_an_environment_is_rolled_back_without_a_token(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "other", "new")

    back = await environment.rollback()
    live = await back.wait()

    assert (back.deployment_id, back.previous_id) == ("other", "new")
    assert live.id == "other"
    assert promoted(fake) == ["other"]


@KINDS
async def test_a_second_rollback_undoes_the_first(
    production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")

    await (await environment.rollback()).wait()
    live = await (await environment.rollback()).wait()

    assert live.id == "new"


@pytest.mark.parametrize(
    "behaviour",
    [
        one
        for one in Behaviour.plausible()
        # A failed candidate that was shut down looks like a deployment that has served.
        if one.failure_noticed_after < 60 and one.candidate_cleanup != "always"
    ],
    ids=repr,
)
async def test_a_rollback_finds_the_release_before_or_says_that_it_cannot_tell(
    behaviour: Behaviour, fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    """A promotion that was cancelled and one that failed lie in between.

    If the log names the deployment that was asked for, and another one was made from it, the log
    does not tell which of the two was promoted.
    """
    production.promote("other")
    production.cancel()
    await asyncio.sleep(FINISHES_S)
    await went_live(production, "broken", "new")

    try:
        back = await environment.rollback()
    except RollbackImpossibleError:
        assert behaviour.audit_log_names == "source"
        assert behaviour.deployment_ids == "new"
        assert promoted(fake) == []
        return
    live = await back.wait(timeout=600)

    assert live.id.partition("-p")[0] == "old"
    assert len(promoted(fake)) == 1


async def test_a_rollback_says_in_the_log_what_it_promotes(
    production: FakeEnvironment, environment: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await went_live(production, "new")

    with caplog.at_level(logging.INFO, "aiobaseten"):
        await environment.rollback()

    assert caplog.messages == [
        "rolling production of model owner back from deployment new to old, which served before "
        "according to the audit log"
    ]


@KINDS
async def test_the_audit_log_is_asked_for_promotions_to_this_environment_alone(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")

    await environment.rollback()

    assert lookups(fake) == [
        "limit=200&direction=DESC&event_type_groups=PROMOTED&event_type_groups=DEPLOYED"
        "&environment_names=production"
    ]


async def test_a_long_audit_log_is_read_page_by_page(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    for _ in range(120):
        production.promote("other")
        production.cancel()

    back = await environment.rollback()

    assert back.deployment_id == "old"
    assert len(lookups(fake)) == 2


@KINDS
async def test_a_promotion_under_way_is_not_rolled_back(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    production.promote("other")

    with pytest.raises(PromotionInProgressError):
        await environment.rollback()

    assert promoted(fake) == []


async def test_a_promotion_that_a_late_look_did_not_show_is_not_rolled_back(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    """The look shows new, which served until now; the log has the promotion of other already."""
    await went_live(production, "new")
    before = await environment.get()
    await went_live(production, "other")
    fake.faults.status(200, body=before.to_dict(), route=READS_ENVIRONMENT)

    with pytest.raises(PromotionInProgressError):
        await environment.rollback()

    assert promoted(fake) == []


@KINDS
@pytest.mark.parametrize(
    ("promotes", "lag"),
    [(["other"], 55), (["other", "new"], 0)],
    ids=["not shown yet", "undone"],
)
async def test_a_promotion_during_a_slow_before_sending_is_not_rolled_back(
    fake: FakeBaseten,
    production: FakeEnvironment,
    environment: Any,
    promotes: list[str],
    lag: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has ended when the look comes; only the audit log shows it."""
    await went_live(production, "new")

    async def save(_: str) -> None:
        for deployment_id in promotes:
            production.promote(deployment_id)
            await asyncio.sleep(40)
        let_looks_lag(monkeypatch, lag)

    with pytest.raises(PromotionInProgressError):
        await environment.rollback(before_sending=save)

    assert promoted(fake) == []


async def test_after_a_slow_before_sending_an_idle_environment_is_rolled_back(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    began = fake.now

    async def save(_: str) -> None:
        await asyncio.sleep(30)

    await environment.rollback(before_sending=save)

    assert promoted(fake) == ["old"]
    assert fake.now - began == pytest.approx(30, abs=1)


async def test_a_newer_promotion_that_failed_is_passed_over_after_a_second_look(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    """It failed although its deployment is well, so that only the environment tells."""
    await went_live(production, "new")
    production.promote("other")
    fake.model("owner").deployment("other").set("INACTIVE")
    await asyncio.sleep(FINISHES_S)
    fake.model("owner").deployment("other").set("ACTIVE")
    began = fake.now

    back = await environment.rollback()

    assert back.deployment_id == "old"
    assert fake.now - began == pytest.approx(60, abs=1)


async def test_a_newer_promotion_that_is_old_by_any_clock_does_not_delay_a_rollback(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    production.promote("other")
    fake.model("owner").deployment("other").set("INACTIVE")
    await asyncio.sleep(FINISHES_S)
    fake.model("owner").deployment("other").set("ACTIVE")
    await asyncio.sleep(1900)
    began = fake.now

    await environment.rollback()

    assert fake.now - began < 1


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [
        (Behaviour(audit_log="forbidden"), PermissionDeniedError),
        (Behaviour(audit_log="missing"), NotFoundError),
    ],
    ids=["forbidden", "missing"],
)
@KINDS
async def test_nothing_is_sent_if_neither_the_log_nor_the_list_tells(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any, cause: type[APIError]
) -> None:
    """The fake's list does not show where a deployment served before."""
    await went_live(production, "new")

    with pytest.raises(RollbackImpossibleError) as caught:
        await environment.rollback()

    assert isinstance(caught.value.__cause__, cause)
    assert promoted(fake) == []


async def test_a_log_that_keeps_failing_is_like_one_that_may_not_be_read(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    fake.faults.status(503, route=READS_LOG, times=None)

    with pytest.raises(RollbackImpossibleError) as caught:
        await environment.rollback()

    assert isinstance(caught.value.__cause__, ServerError)


@KINDS
async def test_the_first_deployment_of_an_environment_is_not_rolled_back(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    with pytest.raises(RollbackImpossibleError):
        await environment.rollback()

    assert promoted(fake) == []


@KINDS
async def test_an_environment_in_which_nothing_serves_is_not_rolled_back(
    fake: FakeBaseten, baseten: Baseten, kind: str
) -> None:
    owner = fake.chain("owner") if kind == "chain" else fake.model("owner")
    owner.environment("production")
    handle = baseten.chain("owner") if kind == "chain" else baseten.model("owner")

    with pytest.raises(RollbackImpossibleError):
        await handle.environment("production").rollback()


async def test_a_deployment_that_was_deleted_is_named_in_the_error(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "other", "new")
    fake.model("owner").deployment("other").delete()

    with pytest.raises(RollbackImpossibleError):
        await environment.rollback()

    assert promoted(fake) == []


@KINDS
async def test_a_rollback_whose_answer_is_lost_is_found_and_not_sent_again(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    fake.faults.reset(route="POST", acts=True)

    back = await environment.rollback()

    assert back.deployment_id == "old"
    assert promoted(fake) == ["old"]


@KINDS
async def test_a_rollback_of_a_process_that_died_is_found_with_the_token_from_before(
    fake: FakeBaseten, baseten: Baseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    fake.faults.hang(route="POST", acts=True)
    tokens: list[str] = []

    async def leave_word(token: str) -> None:
        assert promoted(fake) == []
        tokens.append(token)

    process = asyncio.ensure_future(environment.rollback(before_sending=leave_word))
    await asyncio.sleep(1)
    process.cancel()
    await asyncio.wait({process})

    (token,) = tokens
    back = await baseten.resume(token)
    assert (Token.load(token).intended, Token.load(back.token).deployment_id) == (True, "old")
    assert promoted(fake) == ["old"]


async def test_a_rollback_that_cannot_be_settled_is_not_sent_again(
    fake: FakeBaseten, production: FakeEnvironment, environment: Any
) -> None:
    await went_live(production, "new")
    fake.faults.status(502, route="POST")

    with pytest.raises(PromotionOutcomeUnknownError):
        await environment.rollback()

    assert promoted(fake) == ["old"]


async def test_an_environment_that_does_not_exist_is_an_error(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("owner")

    with pytest.raises(NotFoundError):
        await baseten.model("owner").environment("nowhere").rollback()


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["chain", "model"])
async def test_a_promotion_of_a_copy_is_rolled_back_to_its_source(kind: str) -> None:
    """The deployment that serves was made from the one that served before, and is another one."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="new"))
    owner = fake.chain("o") if kind == "chain" else fake.model("o")
    owner.deployment("v1")
    owner.deployment("v2")
    environment = owner.environment("production", current="v2")

    async with fake.client() as baseten:
        handle: Any = baseten.chain("o") if kind == "chain" else baseten.model("o")
        promotion = await handle.environment("production").promote("v2")
        copy = await promotion.wait(timeout=600)
        back = await promotion.rollback()
        live = await back.wait(timeout=600)

    assert copy.id != "v2"
    assert live.id != copy.id
    assert environment.current is not None
    assert environment.current.id == live.id


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["chain", "model"])
async def test_a_release_that_was_promoted_twice_is_rolled_back_to_the_one_before(
    kind: str,
) -> None:
    """Baseten has made a deployment for each promotion. Of chains, no list shows the source."""
    fake = FakeBaseten(behaviour=Behaviour(deployment_ids="new"))
    owner = fake.chain("o") if kind == "chain" else fake.model("o")
    for name in ("v1", "v2"):
        owner.deployment(name)
    owner.environment("production")
    async with fake.client() as baseten:
        handle: Any = baseten.chain("o") if kind == "chain" else baseten.model("o")
        production = handle.environment("production")
        served = [await (await production.promote(one)).wait() for one in ("v1", "v2", "v2")]
        if kind == "model":
            await production.rollback()
            assert promoted(fake)[3:] == [served[0].id]
        else:
            with pytest.raises(RollbackImpossibleError):
                await production.rollback()
            assert promoted(fake)[3:] == []
