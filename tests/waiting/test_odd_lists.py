"""A chain whose environments are listed with a schema that does not fit."""

from __future__ import annotations

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import ResponseShapeError
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime

LIST = "GET /v1/chains/{chain_id}/environments"
AS_PUBLISHED = b'{"environments": [{"name": "production", "model_id": "c1"}]}'


async def test_the_named_environment_is_read_if_the_list_does_not_fit(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    chain = fake.chain("c1")
    chain.deployment("asleep", status="SCALED_TO_ZERO")
    chain.environment("production", current="asleep")
    fake.faults.garbage(AS_PUBLISHED, lasting=3600, route=LIST)

    live = (
        await baseten.chain("c1").deployment("asleep").wait_until_active(accept_scaled_to_zero=True)
    )

    assert live.id == "asleep"


async def test_a_deployment_of_an_unreadable_environment_is_not_settled(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    fake.chain("c1").deployment("asleep", status="SCALED_TO_ZERO")
    fake.faults.garbage(AS_PUBLISHED, lasting=3600, route=LIST)

    with pytest.raises(ResponseShapeError):
        await (
            baseten.chain("c1")
            .deployment("asleep")
            .wait_until_active(accept_scaled_to_zero=True, timeout=600)
        )
