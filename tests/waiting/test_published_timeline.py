"""The published rollout that Baseten's own tool calls failed at 13 s. It serves at 631 s."""

from __future__ import annotations

import pytest

from aiobaseten import Baseten
from aiobaseten.events import StatusChanged
from aiobaseten.testing import FakeBaseten, timelines

from ..story import BOTH, ONE_LOOK, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime

LONG_SLEEP = [("BUILDING", 11.5), ("DEPLOYING", 1.4), ("SCALED_TO_ZERO", 85), ("WAKING_UP", 533.1)]


@BOTH
@pytest.mark.parametrize("timeline", [timelines.SCALED_TO_ZERO_ON_THE_WAY, [*LONG_SLEEP, "ACTIVE"]])
async def test_the_published_rollout_is_live_at_631_s(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, timeline: timelines.Steps
) -> None:
    environment = set_up(fake, kind, timeline)
    promotion = await promote(baseten, kind)

    live = await promotion.wait()

    assert 631 <= fake.now < 631 + ONE_LOOK
    assert live.id == promotion.deployment_id == "new"
    assert live.status == "ACTIVE"
    assert environment.current is not None
    assert environment.current.id == "new"


@BOTH
async def test_every_long_status_of_the_published_rollout_is_seen(
    fake: FakeBaseten, baseten: Baseten, kind: Kind
) -> None:
    set_up(fake, kind, timelines.SCALED_TO_ZERO_ON_THE_WAY)
    promotion = await promote(baseten, kind)

    heard = await listen(promotion.events())

    seen = [event.status for event in heard.of(StatusChanged) if event.subject == "deployment"]
    # DEPLOYING lasts for 1.4 s, which is less than the pause between two looks.
    assert [status for status in seen if status != "DEPLOYING"] == [
        "BUILDING",
        "SCALED_TO_ZERO",
        "WAKING_UP",
        "ACTIVE",
    ]


@BOTH
@pytest.mark.parametrize("timeline", [timelines.SCALED_TO_ZERO_ON_THE_WAY, [*LONG_SLEEP, "ACTIVE"]])
@pytest.mark.parametrize("accept", [True, False])
async def test_the_deployment_of_the_published_rollout_is_active_at_631_s(
    fake: FakeBaseten, baseten: Baseten, kind: Kind, timeline: timelines.Steps, accept: bool
) -> None:
    set_up(fake, kind, timeline)
    await promote(baseten, kind)

    active = await deployment(baseten, kind).wait_until_active(accept_scaled_to_zero=accept)

    assert 631 <= fake.now < 631 + ONE_LOOK
    assert active.status == "ACTIVE"
