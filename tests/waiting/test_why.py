"""Why it is slow: what Baseten's list of startups adds to the error of a wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from aiobaseten import Baseten
from aiobaseten.errors import (
    DeploymentFailedError,
    PromotionFailedError,
    Startup,
    WaitError,
    WaitTimeoutError,
)
from aiobaseten.events import StartupProgressed
from aiobaseten.testing import Behaviour, FakeBaseten, timelines

from ..story import deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime

STARTUPS = "GET /v1/models/{model_id}/deployments/{deployment_id}/startups"
SLOW: timelines.Steps = [("DEPLOYING", 60), "LOADING_MODEL"]
CRASHING: timelines.Steps = [("DEPLOYING", 60), ("LOADING_MODEL", 60), "DEPLOY_FAILED"]


@pytest.fixture
async def baseten(fake: FakeBaseten) -> AsyncIterator[Baseten]:
    """A client that looks rarely: only the last look counts."""
    async with fake.client(poll=lambda *_: 30.0) as client:
        yield client


def slow(fake: FakeBaseten, timeline: timelines.Steps = SLOW) -> None:
    """A deployment that takes long to download its weights, which usually takes three minutes."""
    set_up(fake, "model", timeline)
    fake.model("owner").deployment("new").starts(SCHEDULING=5, IMAGE_PULL=55, WEIGHT_DOWNLOAD=900)
    fake.model("owner").deployment("old").started_before(IMAGE_PULL=40, WEIGHT_DOWNLOAD=180)


async def ended(baseten: Baseten, timeout: float = 900) -> WaitError:
    """The error of a wait for the promotion of "new"."""
    promotion = await promote(baseten, "model")
    with pytest.raises(WaitError) as caught:
        await promotion.wait(timeout=timeout)
    return caught.value


def startup_of(error: WaitError) -> Startup | None:
    """The startup in the evidence."""
    assert error.evidence is not None
    return error.evidence.startup


def asked(fake: FakeBaseten) -> list[str]:
    """The requests for startups."""
    return [one.path for one in fake.requests if "startups" in one.path]


async def test_a_timeout_tells_which_phase_is_slow(fake: FakeBaseten, baseten: Baseten) -> None:
    slow(fake)

    error = await ended(baseten)

    startup = startup_of(error)
    assert isinstance(error, WaitTimeoutError)
    assert startup is not None
    assert startup.phase is not None
    assert (startup.phase.name, startup.phase.usual) == ("WEIGHT_DOWNLOAD", 180)
    assert startup.phase.seconds == pytest.approx(840, abs=1)
    assert (startup.usual, startup.usual_at_most) == (220, 220)
    assert [(one.name, one.is_over) for one in startup.phases] == [
        ("SCHEDULING", True),
        ("IMAGE_PULL", True),
        ("WEIGHT_DOWNLOAD", False),
    ]
    assert str(startup) in str(error)
    assert len(asked(fake)) == 2


async def test_the_usual_time_is_the_median_of_a_week(fake: FakeBaseten, baseten: Baseten) -> None:
    slow(fake)
    for seconds in (100, 900):
        fake.model("owner").deployment("old").started_before(WEIGHT_DOWNLOAD=seconds)

    startup = startup_of(await ended(baseten))

    assert startup is not None
    assert startup.phase is not None
    assert startup.phase.usual == 180
    (query,) = [one.query for one in fake.requests if one.path.endswith("/startups/summary")]
    start, end = (int(one.partition("=")[2]) for one in sorted(query.split("&"))[::-1])
    assert end - start == 7 * 86_400_000


async def test_a_failure_tells_in_which_phase_it_came(fake: FakeBaseten, baseten: Baseten) -> None:
    slow(fake, CRASHING)

    error = await ended(baseten)

    startup = startup_of(error)
    assert isinstance(error, PromotionFailedError)
    assert startup is not None
    assert startup.has_failed
    assert startup.phase is not None
    assert (startup.phase.name, startup.phase.seconds) == ("WEIGHT_DOWNLOAD", 60)
    assert str(startup) in str(error)


async def test_a_wait_for_a_deployment_tells_it_too(fake: FakeBaseten, baseten: Baseten) -> None:
    model = fake.model("owner")
    model.deployment("new", timeline=[("LOADING_MODEL", 60), "DEPLOY_FAILED"])

    with pytest.raises(DeploymentFailedError) as caught:
        await deployment(baseten, "model").wait_until_active()

    startup = startup_of(caught.value)
    assert startup is not None
    assert startup.has_failed


async def test_waits_with_the_same_end_ask_once(fake: FakeBaseten, baseten: Baseten) -> None:
    slow(fake)
    promotion = await promote(baseten, "model")

    ends = await asyncio.gather(
        *(promotion.wait(timeout=600) for _ in range(30)), return_exceptions=True
    )

    assert {type(one) for one in ends} == {WaitTimeoutError}
    assert len({str(one) for one in ends}) == 1
    assert len(asked(fake)) == 2


async def test_a_server_without_startups_is_asked_once(fake: FakeBaseten) -> None:
    fake = FakeBaseten(behaviour=Behaviour(startups="missing"))
    slow(fake)
    async with fake.client(poll=lambda *_: 30.0) as baseten:
        promotion = await promote(baseten, "model")
        for _ in range(3):
            with pytest.raises(WaitTimeoutError) as caught:
                await promotion.wait(timeout=600)

    assert startup_of(caught.value) is None
    assert not getattr(caught.value, "__notes__", None)
    assert len(asked(fake)) == 1


@pytest.mark.parametrize("body", [None, [], {"items": 5}, {"items": [5]}, {"items": [{}]}], ids=str)
async def test_startups_that_cannot_be_read_are_left_out(
    fake: FakeBaseten, baseten: Baseten, body: Any
) -> None:
    slow(fake)
    fake.faults.status(200, body=body, route=STARTUPS)

    error = await ended(baseten)

    assert isinstance(error, WaitTimeoutError)
    assert startup_of(error) is None


async def test_startups_that_hang_delay_an_error_by_two_seconds(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    slow(fake)
    fake.faults.hang(route=STARTUPS)
    began = fake.now

    error = await ended(baseten, timeout=600)

    assert startup_of(error) is None
    assert fake.now - began == pytest.approx(602, abs=0.1)


async def test_startups_without_a_usual_time_are_told(fake: FakeBaseten, baseten: Baseten) -> None:
    slow(fake)
    fake.faults.status(
        500, route="GET /v1/models/{model_id}/environments/{env_name}/startups/summary"
    )

    startup = startup_of(await ended(baseten))

    assert startup is not None
    assert startup.phase is not None
    assert startup.phase.usual is None
    assert startup.usual is None


async def test_nothing_is_asked_after_a_look_that_failed_or_of_a_chain(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    slow(fake)
    set_up(fake, "chain", "DEPLOYING")
    promotion = await promote(baseten, "model")
    of_chain = await promote(baseten, "chain")
    with pytest.raises(WaitTimeoutError):
        await of_chain.wait(timeout=60)
    fake.faults.status(503, lasting=1e9)

    with pytest.raises(WaitTimeoutError):
        await promotion.wait(timeout=600)

    assert asked(fake) == []
    fake.faults.clear()


async def test_a_replica_that_is_ready_explains_nothing(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("DEPLOYING", 60), "ACTIVE"], traffic_delay=1e6)

    error = await ended(baseten)

    assert startup_of(error) is None
    assert len(asked(fake)) == 1


# --- events --------------------------------------------------------------------------------------


async def test_a_listener_hears_of_each_phase_of_a_slow_startup(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("LOADING_MODEL", 400), "ACTIVE"])
    fake.model("owner").deployment("new").starts(IMAGE_PULL=95, WEIGHT_DOWNLOAD=200, READINESS=105)
    fake.model("owner").deployment("old").started_before(WEIGHT_DOWNLOAD=90)
    promotion = await promote(baseten, "model")

    heard = await listen(promotion.events())

    told = heard.of(StartupProgressed)
    phases = [one.startup.phase for one in told]
    assert heard.error is None
    assert [phase and phase.name for phase in phases] == [
        "IMAGE_PULL",
        "WEIGHT_DOWNLOAD",
        "READINESS",
    ]
    assert [phase and phase.usual for phase in phases] == [None, 90, None]
    # The first minute is not slow yet.
    assert 60 <= told[0].at <= 120
    assert len(asked(fake)) <= 2 * 400 / 30


async def test_a_quick_startup_and_a_wait_without_listener_ask_nothing(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("LOADING_MODEL", 50), "ACTIVE"])
    await listen((await promote(baseten, "model")).events())
    fake.model("owner").deployment("slow", on_promote=[("LOADING_MODEL", 400), "ACTIVE"])
    production = baseten.model("owner").environment("production")

    await (await production.promote("slow")).wait()

    assert asked(fake) == []


async def test_startups_that_hang_do_not_hold_up_a_listener(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", [("LOADING_MODEL", 100), "ACTIVE"])
    fake.faults.hang(route=STARTUPS, times=None)
    began = fake.now

    heard = await listen((await promote(baseten, "model")).events())

    assert heard.of(StartupProgressed) == []
    assert heard.error is None
    assert fake.now - began <= 100 + 30
    fake.faults.clear()


async def test_a_listener_that_leaves_leaves_no_request_behind(
    fake: FakeBaseten, baseten: Baseten
) -> None:
    set_up(fake, "model", SLOW)
    fake.faults.hang(route=STARTUPS, times=None)
    promotion = await promote(baseten, "model")

    async with asyncio.timeout(121):
        with suppress(TimeoutError):
            async with asyncio.timeout(120.5), promotion.events() as events:
                async for _ in events:
                    pass
    await asyncio.sleep(0)

    assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []
    fake.faults.clear()


async def test_many_listeners_ask_rarely(fake: FakeBaseten, baseten: Baseten) -> None:
    model = fake.model("owner")
    for number in range(50):
        model.deployment(f"d{number}", timeline="LOADING_MODEL")
    deployments = [baseten.model("owner").deployment(f"d{number}") for number in range(50)]

    await asyncio.gather(*(listen(one.events(timeout=300)) for one in deployments))

    beside_looks = [one for one in fake.requests if "/startups" in one.path and one.at < 299]
    at_the_end = [one for one in fake.requests if "/startups" in one.path and one.at >= 299]
    assert len(beside_looks) <= 2 * 300 / 10
    assert len(at_the_end) <= 2 * 25
