"""PromoteOperator in its next try: after a lost worker, a failure, or clearing the task."""

from __future__ import annotations

import asyncio

import pytest

from aiobaseten.testing import FakeBaseten, timelines

from .doubles import TaskRun, connect, deferral, fired, result_of
from .promoting import (
    PERMANENT,
    TEMPORARY,
    add_resource,
    die_while_sending,
    posts,
    promote_operator,
)

pytestmark = pytest.mark.looptime
KINDS = pytest.mark.parametrize("kind", ["model", "chain"])


@KINDS
@pytest.mark.parametrize("later", [0, 300])
async def test_a_try_after_a_lost_worker_continues_its_promotion(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str, later: float
) -> None:
    environment = add_resource(fake, kind)
    await die_while_sending(promote_operator(kind), fake, run)
    await asyncio.sleep(later)

    live = await result_of(promote_operator(kind), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == len(posts(fake)) == 1


@KINDS
async def test_a_try_that_finds_no_promotion_fails_and_sends_nothing(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str
) -> None:
    environment = add_resource(fake, kind)
    await die_while_sending(promote_operator(kind), fake, run, acts=False)

    with pytest.raises(PERMANENT, match="PromotionOutcomeUnknownError"):
        await promote_operator(kind).aexecute(run.context())

    assert len(environment.promotions) == 0
    assert len(posts(fake)) == 1


async def test_a_task_that_is_cleared_after_an_unknown_outcome_promotes(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    await die_while_sending(promote_operator(), fake, run, acts=False)
    with pytest.raises(PERMANENT):
        await promote_operator().aexecute(run.context())
    run.clear()

    live = await result_of(promote_operator(), run)

    assert live["id"] == "v2"
    assert len(posts(fake)) == 2


async def test_a_try_that_could_not_look_leaves_the_search_to_the_next_try(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    await die_while_sending(promote_operator(), fake, run)
    fake.faults.status(503, lasting=120)
    with pytest.raises(TEMPORARY) as caught:
        await promote_operator().aexecute(run.context())
    await asyncio.sleep(120)

    live = await result_of(promote_operator(), run)

    assert not isinstance(caught.value, PERMANENT)
    assert live["id"] == "v2"
    assert len(posts(fake)) == 1


async def test_a_try_after_a_worker_that_died_after_the_wait_finds_the_live_deployment(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake)
    await fired((await deferral(promote_operator(), run)).trigger)

    live = await result_of(promote_operator(), run)

    assert live["id"] == "v2"
    assert len(posts(fake)) == 1


@KINDS
async def test_a_try_after_a_success_that_airflow_has_lost_sends_nothing(
    fake: FakeBaseten, fake_url: str, run: TaskRun, kind: str
) -> None:
    """A worker may die after the task has succeeded, and before Airflow knows it."""
    environment = add_resource(fake, kind)
    await result_of(promote_operator(kind), run)
    run.try_again()

    live = await result_of(promote_operator(kind), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == len(posts(fake)) == 1


async def test_a_try_after_a_timeout_continues_the_wait(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    add_resource(fake, timeline=[("BUILDING", 100), "ACTIVE"])
    with pytest.raises(TEMPORARY, match="WaitTimeoutError") as caught:
        await result_of(promote_operator(timeout=0), run)
    await asyncio.sleep(200)

    live = await result_of(promote_operator(), run)

    assert not isinstance(caught.value, PERMANENT)
    assert live["id"] == "v2"
    assert len(posts(fake)) == 1


async def test_a_task_that_is_cleared_while_it_waits_continues_its_promotion(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    await deferral(promote_operator(), run)
    run.clear()

    live = await result_of(promote_operator(), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == 1


async def test_a_task_that_is_cleared_after_a_cancellation_promotes_again(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    await deferral(promote_operator(), run)
    environment.cancel()
    run.clear()

    live = await result_of(promote_operator(), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == 2


async def test_a_task_that_is_cleared_after_a_key_was_corrected_continues_its_promotion(
    fake: FakeBaseten, fake_url: str, run: TaskRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_resource(fake)
    await deferral(promote_operator(), run)
    connect(monkeypatch, fake_url, password="revoked")
    with pytest.raises(PERMANENT, match="PermissionDeniedError"):
        await promote_operator().aexecute(run.context())
    connect(monkeypatch, fake_url)
    run.clear()

    live = await result_of(promote_operator(), run)

    assert live["id"] == "v2"
    assert len(posts(fake)) == 1


@pytest.mark.parametrize("later", [0, 300])
async def test_a_task_that_is_cleared_during_another_promotion_obeys_if_in_progress(
    fake: FakeBaseten, fake_url: str, run: TaskRun, later: float
) -> None:
    environment = add_resource(fake)
    await deferral(promote_operator(), run)
    environment.cancel()
    fake.model("x").deployment("v3", on_promote=timelines.HEALTHY)
    environment.promote("v3")
    await asyncio.sleep(later)
    run.clear()

    live = await result_of(promote_operator(if_in_progress="wait"), run)

    assert live["id"] == "v2"
    assert [one.candidate.id for one in environment.promotions] == ["v2", "v3", "v2"]


async def test_a_task_that_is_cleared_after_its_success_promotes_again(
    fake: FakeBaseten, fake_url: str, run: TaskRun
) -> None:
    environment = add_resource(fake)
    await result_of(promote_operator(), run)
    fake.model("x").deployment("v3")
    environment.promote("v3")
    await asyncio.sleep(300)
    run.clear()

    live = await result_of(promote_operator(), run)

    assert live["id"] == "v2"
    assert len(environment.promotions) == 3
