"""What tests over a fake share: a set-up, handles, promoting, and listening to events."""

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

#: For tests that hold for models and for chains.
BOTH = pytest.mark.parametrize("kind", ["model", "chain"])
#: The longest that anything but a build goes unseen; see tests/waiting/test_schedule.py.
ONE_LOOK = 11.0
#: Seconds until two looks, ten seconds apart, have confirmed each other.
TWO_LOOKS = 2 * ONE_LOOK
#: Percent of the traffic, and seconds.
RAMP = [(25, 60), (50, 60), (75, 60)]


def set_up(
    fake: FakeBaseten, kind: Kind, timeline: timelines.Steps = "ACTIVE", **environment: Any
) -> FakeEnvironment:
    """Make an environment "production" in which "old" serves, and a deployment "new" to promote.

    Args:
        fake: The fake.
        kind: Whether the resource, whose id is "owner", is a model or a chain.
        timeline: The statuses of "new" from its promotion on.
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
    """The handle of the environment."""
    resource = baseten.model("owner") if kind == "model" else baseten.chain("owner")
    return resource.environment("production")


def deployment(
    baseten: Baseten, kind: Kind, name: str = "new"
) -> ModelDeploymentHandle | ChainDeploymentHandle:
    """The handle of a deployment."""
    resource = baseten.model("owner") if kind == "model" else baseten.chain("owner")
    return resource.deployment(name)


@overload
async def promote(baseten: Baseten, kind: Literal["model"]) -> ModelPromotion: ...
@overload
async def promote(baseten: Baseten, kind: Kind) -> ModelPromotion | ChainPromotion: ...
async def promote(baseten: Baseten, kind: Kind) -> ModelPromotion | ChainPromotion:
    """Promote "new" to "production"."""
    return await production(baseten, kind).promote("new")


async def rolling(fake: FakeBaseten, baseten: Baseten) -> ModelPromotion:
    """Begin a rolling promotion of an ACTIVE deployment: its traffic moves from now on."""
    set_up(fake, "model", ramp=RAMP)
    return await promote(baseten, "model")


def is_new_live(fake: FakeBaseten) -> bool:
    """Whether "new" of the model serves."""
    current = fake.model("owner").environment("production").current
    return current is not None and current.id == "new"


@frozen
class Heard:
    """All events of a wait, and its end."""

    events: Sequence[Event]
    result: Any
    error: BasetenError | None

    @property
    def at(self) -> float:
        """When the wait ended, in seconds from its beginning."""
        return self.events[-1].at

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]

    def lines(self) -> list[str]:
        """The events as text, without their times."""
        return [str(event)[11:] for event in self.events]


async def listen(events: AsyncGenerator[Event, None], delay: float = 0) -> Heard:
    """Listen to a wait until it ends, and check that `Finished` comes once and last.

    Args:
        events: The events of the wait.
        delay: Seconds for which each event keeps the listener busy.
    """
    heard: list[Event] = []
    error: BasetenError | None = None
    async with aclosing(events):
        try:
            async for event in events:
                heard.append(event)
                await asyncio.sleep(delay)
        except BasetenError as raised:
            error = raised
    *others, last = heard
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Finished) for event in others)
    assert last.error is error
    assert [event.at for event in heard] == sorted(event.at for event in heard)
    return Heard(heard, last.result, error)
