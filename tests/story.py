"""What stories about waits have in common: a stage, somebody who listens, and what they tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Literal, TypeAlias, TypeVar, overload

import pytest
from attrs import frozen

from aiobaseten import (
    Baseten,
    ChainDeploymentHandle,
    ChainEnvironmentHandle,
    ChainPromotion,
    ModelDeploymentHandle,
    ModelEnvironmentHandle,
    ModelPromotion,
)
from aiobaseten.errors import BasetenError
from aiobaseten.events import Event, Finished
from aiobaseten.testing import FakeBaseten, timelines
from aiobaseten.testing import FakeEnvironment as FakeEnvironment

Kind: TypeAlias = Literal["model", "chain"]
E = TypeVar("E", bound=Event)

#: What every story that holds for both is told of.
BOTH = pytest.mark.parametrize("kind", ["model", "chain"])
#: The longest that anything but a build goes unseen; see tests/waiting/test_schedule.py.
A_LOOK = 11.0
#: Seconds until two looks, ten seconds apart, have confirmed each other.
TWO_LOOKS = 2 * A_LOOK
#: Percent of the traffic, and seconds.
RAMP = [(25, 60), (50, 60), (75, 60)]


def stage(
    fake: FakeBaseten, kind: Kind, timeline: timelines.Steps = "ACTIVE", **environment: Any
) -> FakeEnvironment:
    """A production environment in which "old" serves, and "new", which can be promoted to it.

    Args:
        fake: Where.
        kind: Of a model or a chain, whose id is "owner".
        timeline: What "new" goes through once it is promoted.
        environment: Further options of the environment.
    """
    environment.setdefault("traffic_delay", 0)
    if kind == "model":
        model = fake.model("owner")
        model.deployment("old")
        model.deployment("new", on_promote=timeline)
        return model.environment("production", current="old", **environment)
    chain = fake.chain("owner")
    chain.deployment("old")
    chain.deployment("new", on_promote=timeline)
    return chain.environment("production", current="old", **environment)


def production(baseten: Baseten, kind: Kind) -> ModelEnvironmentHandle | ChainEnvironmentHandle:
    """The environment of the stage."""
    owner = baseten.model("owner") if kind == "model" else baseten.chain("owner")
    return owner.environment("production")


def deployment(
    baseten: Baseten, kind: Kind, name: str = "new"
) -> ModelDeploymentHandle | ChainDeploymentHandle:
    """A deployment of the stage."""
    owner = baseten.model("owner") if kind == "model" else baseten.chain("owner")
    return owner.deployment(name)


@overload
async def promote(baseten: Baseten, kind: Literal["model"]) -> ModelPromotion: ...
@overload
async def promote(baseten: Baseten, kind: Kind) -> ModelPromotion | ChainPromotion: ...
async def promote(baseten: Baseten, kind: Kind) -> ModelPromotion | ChainPromotion:
    """Promote "new"."""
    return await production(baseten, kind).promote("new")


async def rolling(fake: FakeBaseten, baseten: Baseten) -> ModelPromotion:
    """A rolling promotion of a model's deployment that is ACTIVE: traffic moves from now on."""
    stage(fake, "model", ramp=RAMP)
    return await promote(baseten, "model")


def is_new_live(fake: FakeBaseten) -> bool:
    """Whether "new" of the model has the traffic."""
    current = fake.model("owner").environment("production").current
    return current is not None and current.id == "new"


@frozen
class Told:
    """What a wait told from its beginning to its end."""

    events: Sequence[Event]
    result: Any
    error: BasetenError | None

    @property
    def at(self) -> float:
        """When it ended."""
        return self.events[-1].at

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def said(self) -> list[str]:
        """The events as people read them, without the times."""
        return [str(event)[11:] for event in self.events]


async def listen(events: AsyncGenerator[Event, None], dawdle: float = 0) -> Told:
    """Hear a wait out. Whatever it tells, `Finished` comes last, and once.

    Args:
        events: What it tells.
        dawdle: Seconds that each event keeps the listener busy.
    """
    heard: list[Event] = []
    error: BasetenError | None = None
    async with aclosing(events):
        try:
            async for event in events:
                heard.append(event)
                await asyncio.sleep(dawdle)
        except BasetenError as raised:
            error = raised
    *others, last = heard
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Finished) for event in others)
    assert last.error is error
    assert [event.at for event in heard] == sorted(event.at for event in heard)
    return Told(heard, last.result, error)
