"""The history of an environment, through the wire."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal

import pytest

from aiobaseten import Baseten, ChainEnvironmentHandle, ModelEnvironmentHandle
from aiobaseten.errors import ConfigurationError, PermissionDeniedError
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

pytestmark = pytest.mark.looptime

KINDS = pytest.mark.parametrize("kind", ["chain", "model"])
#: Seconds after which a promotion has ended.
FINISHES_S = 60


def production(
    fake: FakeBaseten, baseten: Baseten, kind: str
) -> ChainEnvironmentHandle | ModelEnvironmentHandle:
    """An environment in which ``old`` serves; others may be promoted."""
    owner = fake.chain("owner") if kind == "chain" else fake.model("owner")
    for name in ("old", "new", "other"):
        owner.deployment(name, on_promote=timelines.HEALTHY_PROMOTION)
    owner.deployment("broken", on_promote=timelines.BUILD_FAILED)
    owner.environment("production", current="old")
    handle = baseten.chain("owner") if kind == "chain" else baseten.model("owner")
    return handle.environment("production")


async def promoted(fake: FakeBaseten, kind: str, *deployments: str) -> None:
    """Somebody promotes these, one after the other, and each promotion ends."""
    owner = fake.chain("owner") if kind == "chain" else fake.model("owner")
    for name in deployments:
        owner.environment("production").promote(name)
        await asyncio.sleep(FINISHES_S)


@KINDS
async def test_the_history_shows_what_was_promoted_when_and_by_whom(
    fake: FakeBaseten, baseten: Baseten, kind: str
) -> None:
    environment = production(fake, baseten, kind)
    with fake.acting_as(email="ops@example.com", source="UI"):
        await promoted(fake, kind, "new")
    await promoted(fake, kind, "broken")

    failed, serves, *served = await environment.history()

    assert (failed.deployment_id, failed.state) == ("broken", "failed")
    assert (serves.deployment_id, serves.state) == ("new", "serves")
    assert (serves.by, serves.through) == ("ops@example.com", "the UI")
    assert [(one.deployment_id, one.state) for one in served] == [("old", "served")]
    times = [one.at for one in (failed, serves, *served)]
    assert all(isinstance(time, datetime) and time.tzinfo for time in times)
    assert times == sorted(times, reverse=True)  # type: ignore[type-var] # just asserted


async def test_a_promotion_that_runs_and_one_that_was_cancelled_have_not_served(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = production(fake, baseten, "model")
    model = fake.model("owner")
    model.environment("production").promote("other")
    assert isinstance(environment, ModelEnvironmentHandle)
    await environment.force_cancel_promotion()
    await asyncio.sleep(FINISHES_S)
    model.environment("production").promote("new")

    states = [(one.deployment_id, one.state) for one in await environment.history()]

    assert states == [("new", "promoting"), ("other", "cancelled"), ("old", "serves")]


async def test_a_deployment_that_serves_again_appears_once_for_each_promotion(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    environment = production(fake, baseten, "model")
    await promoted(fake, "model", "new", "old")

    releases = await environment.history()

    assert [(one.deployment_id, one.state) for one in releases] == [
        ("old", "serves"),
        ("new", "served"),
        ("old", "served"),
    ]
    assert [one.deployment_id for one in await environment.history(limit=1)] == ["old"]


@pytest.mark.parametrize("names", ["candidate", "source"])
async def test_a_copy_that_a_promotion_made_serves_as_its_source(
    names: Literal["candidate", "source"],
) -> None:
    fake = FakeBaseten(behaviour=Behaviour(audit_log_names=names))
    async with fake.client() as client:
        environment = production(fake, client, "model")
        fake.model("owner").environment("production").update(redeploy_on_promotion=True)
        await promoted(fake, "model", "new", "other")

        states = [one.state for one in await environment.history()]

    assert states == ["serves", "served", "served"]


async def test_a_log_that_the_key_may_not_read_is_an_error_and_a_wrong_limit_too() -> None:
    fake = FakeBaseten(behaviour=Behaviour(audit_log="forbidden"))
    async with fake.client() as client:
        environment = production(fake, client, "model")
        with pytest.raises(PermissionDeniedError):
            await environment.history()
        with pytest.raises(ConfigurationError):
            await environment.history(limit=0)
