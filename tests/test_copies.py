"""Copies and pickles of the objects that users hold."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import attrs
import pytest

from aiobaseten import Baseten
from aiobaseten.errors import BasetenError
from aiobaseten.events import Event
from aiobaseten.testing import FakeBaseten

pytestmark = pytest.mark.looptime

COPIES = [copy.copy, copy.deepcopy]


@pytest.fixture
def fake() -> FakeBaseten:
    fake = FakeBaseten()
    for resource in (fake.model("m1"), fake.chain("c1")):
        resource.deployment("d0", status="ACTIVE")
        resource.deployment("d1")
        resource.environment("production", current="d0", traffic_delay=60)
    return fake


@dataclasses.dataclass
class Job:
    """Something of a user's that holds something of ours."""

    holds: Any


@attrs.define
class AttrsJob:
    holds: Any


async def held(baseten: Baseten) -> list[Any]:
    """Everything that cannot be pickled."""
    model, chain = baseten.model("m1"), baseten.chain("c1")
    promotion = await model.environment("production").promote("d1")
    return [
        model,
        chain,
        model.environment("production"),
        chain.environment("production"),
        model.deployment("d0"),
        chain.deployment("d0"),
        promotion,
        await promotion.cancel(),
        await chain.environment("production").promote("d1"),
    ]


@pytest.mark.parametrize("make", COPIES)
async def test_a_copy_of_a_handle_or_promotion_works_like_the_original(
    make: Any, baseten: Baseten
) -> None:
    for one in await held(baseten):
        twin = make(one)

        assert repr(twin) == repr(one)
        assert type(twin) is type(one)

    deployment = make(baseten.model("m1").deployment("d0"))
    assert (await deployment.get()).id == "d0"
    assert deployment == baseten.model("m1").deployment("d0")
    assert make(baseten) is baseten


async def test_a_copy_of_a_promotion_can_be_waited_for(baseten: Baseten) -> None:
    promotion = await baseten.model("m1").environment("production").promote("d1")

    live = await copy.deepcopy(promotion).wait()

    assert live.id == "d1"
    assert copy.deepcopy(promotion).token == promotion.token


async def test_dataclasses_that_hold_something_of_ours_become_dictionaries(
    baseten: Baseten,
) -> None:
    for one in [baseten, *await held(baseten)]:
        assert repr(dataclasses.asdict(Job(one))["holds"]) == repr(one)
        assert "holds" in attrs.asdict(AttrsJob(one))


async def test_pickling_a_client_or_handle_says_what_to_store(baseten: Baseten) -> None:
    for one in [baseten, *await held(baseten)]:
        for protocol in range(6):
            with pytest.raises(TypeError, match=r"each process|Baseten\.resume\(\)"):
                pickle.dumps(one, protocol)


async def test_events_and_their_results_copy_and_pickle(baseten: Baseten) -> None:
    promotion = await baseten.chain("c1").environment("production").promote("d1")
    events: list[Event] = [event async for event in promotion.events()]

    assert len(events) > 3
    for one in events:
        assert copy.copy(one) == one
        assert copy.deepcopy(one) == one
        assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize("make", [*COPIES, pickle.dumps])
async def test_copying_or_pickling_a_stream_of_events_is_refused(
    make: Any, baseten: Baseten
) -> None:
    with pytest.raises(TypeError, match="ask for another one"):
        make(baseten.model("m1").deployment("d0").events())


async def test_readings_copy_and_pickle_with_their_whole_value(baseten: Baseten) -> None:
    chain, model = baseten.chain("c1"), baseten.model("m1")
    await model.environment("production").promote("d1")
    readings = [
        await chain.environment("production").read(),
        await chain.deployment("d0").read(),
        await model.environment("production").read(),
        await model.deployment("d0").read(),
    ]

    for one in readings:
        for protocol in range(2, 6):
            twin = pickle.loads(pickle.dumps(one, protocol))
            assert twin == one
            assert twin.value == one.value
            assert twin.value is not twin.value
            assert pickle.loads(pickle.dumps(twin)) == one
        assert copy.copy(one) == copy.deepcopy(one) == one


async def test_errors_copy_and_pickle(baseten: Baseten) -> None:
    production = baseten.model("m1").environment("production")
    promotion = await production.promote("d1")
    errors: list[BasetenError] = []
    for call in (
        production.promote("d1"),
        promotion.wait(timeout=5),
        baseten.model("m1").deployment("nope").get(),
        baseten.model("m1").deployment("nope").wait_until_active(),
    ):
        with pytest.raises(BasetenError) as caught:
            await call
        errors.append(caught.value)

    for one in errors:
        for twin in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert type(twin) is type(one)
            assert str(twin) == str(one)
            assert repr(vars(twin)) == repr(vars(one))
