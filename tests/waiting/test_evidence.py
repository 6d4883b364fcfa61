"""The evidence of errors that end a wait."""

from __future__ import annotations

import copy
import pickle

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    DeploymentFailedError,
    PromotionFailedError,
    PromotionSupersededError,
    Seen,
    WaitError,
    WaitTimeoutError,
)
from aiobaseten.events import StatusChanged
from aiobaseten.testing import FakeBaseten, FakeDeployment, Recorded, timelines

from ..story import BOTH, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime


def looks(fake: FakeBaseten) -> list[Recorded]:
    """The requests of looks, not those that explain an error."""
    return [one for one in fake.requests if "/startups" not in one.path]


def was_so(history: tuple[Seen, ...], deployment: FakeDeployment) -> None:
    """Check that each status in a history was the real one at its beginning and at its end."""
    seen = [one for one in history if one.subject == "deployment"]
    assert seen
    for one in seen:
        assert deployment.status_at(one.since) == one.status
        assert deployment.status_at(one.since + one.seconds) == one.status


@BOTH
async def test_the_history_is_what_really_happened(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.CRASH_LOOP)
    promotion = await promote(baseten, kind)
    resource = fake.model("owner") if kind == "model" else fake.chain("owner")

    with pytest.raises(PromotionFailedError) as caught:
        await promotion.wait()

    history = [seen for seen in caught.value.history if seen.subject == "deployment"]
    was_so(caught.value.history, resource.deployments["new"])
    assert [seen.status for seen in history] == [
        *("BUILDING", "DEPLOYING", "LOADING_MODEL", "UNHEALTHY", "LOADING_MODEL", "UNHEALTHY"),
        *("LOADING_MODEL", "DEPLOY_FAILED"),
    ]


async def test_the_history_agrees_with_the_events(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "chain", timelines.CRASH_LOOP)
    promotion = await promote(baseten, "chain")

    heard = await listen(promotion.events())

    assert isinstance(heard.error, WaitError)
    assert [
        (event.at, event.subject, event.name, event.status) for event in heard.of(StatusChanged)
    ] == [(seen.since, seen.subject, seen.name, seen.status) for seen in heard.error.history]


async def test_the_request_ids_are_those_of_the_last_looks(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=600)

    assert list(caught.value.request_ids) == [request.request_id for request in looks(fake)[-10:]]


async def test_failed_looks_have_request_ids_too(fake: FakeBaseten, baseten: Baseten) -> None:
    """Baseten's support will ask for these."""
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")
    before = len(looks(fake))
    fake.faults.status(503)
    fake.faults.garbage()
    fake.faults.reset()

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=10)

    answered = [request for request in looks(fake)[before:] if request.fault != "reset"]
    assert list(caught.value.request_ids) == [request.request_id for request in answered]


@BOTH
async def test_last_seen_is_the_value_of_the_last_answered_look(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.BUILD_FAILED)
    promotion = await promote(baseten, kind)

    with pytest.raises(PromotionFailedError) as by_promotion:
        await promotion.wait()
    with pytest.raises(DeploymentFailedError) as by_deployment:
        await deployment(baseten, kind).wait_until_active()

    environment = by_promotion.value.last_seen
    assert environment.candidate_deployment.id == "new"
    assert environment.candidate_deployment.status == "BUILD_FAILED"
    assert by_deployment.value.last_seen.status == "BUILD_FAILED"


@BOTH
async def test_the_error_of_a_promotion_has_a_token_and_that_of_a_deployment_has_none(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.BUILD_FAILED)
    promotion = await promote(baseten, kind)

    with pytest.raises(PromotionFailedError) as by_promotion:
        await promotion.wait()
    with pytest.raises(DeploymentFailedError) as by_deployment:
        await deployment(baseten, kind).wait_until_active()

    assert by_promotion.value.token == promotion.token
    assert by_deployment.value.token is None


@BOTH
async def test_an_error_of_a_wait_pickles_and_copies_with_its_evidence(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    """It must survive a process pool."""
    environment = set_up(fake, kind, [("BUILDING", 100), "ACTIVE"])
    promotion = await promote(baseten, kind)
    environment.force_cancel()
    environment.promote("old")

    with pytest.raises(PromotionSupersededError) as caught:
        await promotion.wait()

    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(again) is PromotionSupersededError
        assert (str(again), again.by) == (str(caught.value), caught.value.by)
        assert again.evidence == caught.value.evidence


async def test_a_failure_names_the_chainlets_that_failed(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    chain = fake.chain("owner")
    chain.deployment("old")
    chain.deployment(
        "new", chainlets={"Good": [("BUILDING", 20), "ACTIVE"], "Bad": timelines.BUILD_FAILED}
    )
    chain.environment("production", current="old")
    promotion = await promote(baseten, "chain")

    with pytest.raises(PromotionFailedError) as caught:
        await promotion.wait()

    assert caught.value.failed == ("Bad",)


async def test_a_timeout_carries_a_token_and_no_trouble_if_there_was_none(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", "DEPLOYING")
    promotion = await promote(baseten, "model")

    with pytest.raises(WaitTimeoutError) as caught:
        await promotion.wait(timeout=90)

    assert caught.value.timeout == 90
    assert caught.value.token == promotion.token
    assert caught.value.evidence is not None
    assert caught.value.evidence.trouble is None
