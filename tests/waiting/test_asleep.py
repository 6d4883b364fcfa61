"""Waits on deployments that are scaled to zero."""

from __future__ import annotations

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import NotFoundError, ServerError, WaitTimeoutError
from aiobaseten.events import DeploymentWoken, LookFailed
from aiobaseten.testing import Behaviour, FakeBaseten

from ..story import BOTH, ONE_LOOK, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime

WAKE = "/model-owner/deployment/d1/wake"


def sleeper(fake: FakeBaseten, kind: Kind) -> None:
    """A deployment that is asleep, and that nobody promotes."""
    if kind == "model":
        fake.model("owner").deployment("d1", status="SCALED_TO_ZERO")
    else:
        fake.chain("owner").deployment("d1", status="SCALED_TO_ZERO")


def wakes(fake: FakeBaseten) -> list[float]:
    return [request.at for request in fake.requests if request.path == WAKE]


@BOTH
async def test_a_sleeping_deployment_is_ready_if_the_caller_accepts_it(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    sleeper(fake, kind)

    ready = await deployment(baseten, kind, "d1").wait_until_active(accept_scaled_to_zero=True)

    assert ready.status == "SCALED_TO_ZERO"
    assert 120 <= fake.now < 120 + ONE_LOOK


@BOTH
async def test_a_sleeping_deployment_times_out_by_default(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    sleeper(fake, kind)

    with pytest.raises(WaitTimeoutError):
        await deployment(baseten, kind, "d1").wait_until_active(timeout=600)

    assert fake.now == 600


async def test_a_sleeping_deployment_is_woken_once_and_then_waited_for(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("owner").deployment(
        "d1", status="SCALED_TO_ZERO", on_wake=[("WAKING_UP", 200), "ACTIVE"]
    )

    heard = await listen(baseten.model("owner").deployment("d1").events(wake=True))

    assert heard.result.status == "ACTIVE"
    (woken,) = heard.of(DeploymentWoken)
    assert wakes(fake) == [woken.at]
    assert 120 <= woken.at < 120 + ONE_LOOK
    assert 320 <= heard.at < 320 + 2 * ONE_LOOK


async def test_a_lost_wake_request_is_repeated(fake: FakeBaseten, baseten: Baseten) -> None:
    sleeper(fake, "model")
    fake.faults.status(503, route=f"POST {WAKE}", times=3)

    heard = await listen(baseten.model("owner").deployment("d1").events(wake=True))

    assert heard.result.status == "ACTIVE"
    assert len(wakes(fake)) == 4
    assert len(heard.of(LookFailed)) == 3
    assert len(heard.of(DeploymentWoken)) == 1


async def test_a_wake_request_that_hangs_ends_with_the_wait(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    sleeper(fake, "model")
    fake.faults.hang(route=f"POST {WAKE}", times=None)

    with pytest.raises(WaitTimeoutError):
        await baseten.model("owner").deployment("d1").wait_until_active(wake=True, timeout=125)

    assert fake.now == pytest.approx(135)


async def test_lost_wake_requests_become_rarer(fake: FakeBaseten, baseten: Baseten) -> None:
    sleeper(fake, "model")
    fake.faults.status(503, route=f"POST {WAKE}", times=None)

    with pytest.raises(WaitTimeoutError) as caught:
        await baseten.model("owner").deployment("d1").wait_until_active(wake=True, timeout=600)

    assert isinstance(caught.value.__cause__, ServerError)
    assert 10 < len(wakes(fake)) < 40


async def test_a_wake_request_without_effect_is_not_repeated(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.model("owner").deployment("d1", status="SCALED_TO_ZERO", on_wake="SCALED_TO_ZERO")

    with pytest.raises(WaitTimeoutError):
        await baseten.model("owner").deployment("d1").wait_until_active(wake=True, timeout=900)

    assert len(wakes(fake)) == 1


async def test_a_wake_request_that_is_not_found_ends_the_wait(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    sleeper(fake, "model")
    fake.faults.status(404, route=f"POST {WAKE}")

    with pytest.raises(NotFoundError):
        await baseten.model("owner").deployment("d1").wait_until_active(wake=True)


async def test_a_sleeping_candidate_is_not_woken(fake: FakeBaseten, baseten: Baseten) -> None:
    set_up(fake, "model", [("SCALED_TO_ZERO", 500), ("WAKING_UP", 60), "ACTIVE"])
    await promote(baseten, "model")

    ready = await baseten.model("owner").deployment("new").wait_until_active(wake=True)

    assert ready.status == "ACTIVE"
    assert not [request for request in fake.requests if request.path.endswith("/wake")]


@BOTH
@pytest.mark.parametrize("listed_as", ["chain", "model"])
async def test_a_sleeping_candidate_is_not_accepted(kind: Kind, listed_as: str) -> None:
    """Every published spec lists the environments of a chain as if they were a model's."""
    fake = FakeBaseten(behaviour=Behaviour(chain_environment_list=listed_as))  # type: ignore[arg-type]
    set_up(fake, kind, [("SCALED_TO_ZERO", 500), ("WAKING_UP", 60), "ACTIVE"])
    async with fake.client() as baseten:
        await promote(baseten, kind)

        ready = await deployment(baseten, kind).wait_until_active(accept_scaled_to_zero=True)

    assert ready.status == "ACTIVE"
    assert 560 <= fake.now < 560 + ONE_LOOK


@BOTH
async def test_a_promoted_deployment_that_sleeps_is_live_if_the_caller_accepts_it(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    environment = set_up(
        fake, kind, [("DEPLOYING", 10), "SCALED_TO_ZERO"], moves_on=["SCALED_TO_ZERO"]
    )
    promotion = await promote(baseten, kind)

    live = await promotion.wait(accept_scaled_to_zero=True)

    assert live.status == "SCALED_TO_ZERO"
    assert environment.current is not None
    assert environment.current.id == live.id


@BOTH
async def test_a_promoted_deployment_that_sleeps_is_not_live_by_default(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, [("DEPLOYING", 10), "SCALED_TO_ZERO"], moves_on=["SCALED_TO_ZERO"])
    promotion = await promote(baseten, kind)

    with pytest.raises(WaitTimeoutError):
        await promotion.wait(timeout=600)


async def test_a_chainlet_that_falls_asleep_while_others_deploy_is_no_failure(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    """Baseten's own tool pings the ones that are ready, to keep them from doing so."""
    chain = fake.chain("owner")
    chain.deployment(
        "new",
        chainlets={
            "Early": [("BUILDING", 10), ("ACTIVE", 100), "SCALED_TO_ZERO"],
            "Late": [("BUILDING", 500), "ACTIVE"],
        },
    )
    chain.environment("production", moves_on=["ACTIVE", "SCALED_TO_ZERO"])

    promotion = await baseten.chain("owner").environment("production").promote("new")
    live = await promotion.wait(accept_scaled_to_zero=True)

    assert fake.now >= 500
    assert {chainlet.name: chainlet.status for chainlet in live.chainlets} == {
        "Early": "SCALED_TO_ZERO",
        "Late": "ACTIVE",
    }
