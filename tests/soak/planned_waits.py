"""A thousand waits of four kinds, each on a deployment with a story, and with an expected end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from attrs import frozen

from aiobaseten import (
    Baseten,
    ChainEnvironmentHandle,
    ChainPromotion,
    ModelEnvironmentHandle,
    ModelPromotion,
)
from aiobaseten.errors import (
    BasetenError,
    DeploymentFailedError,
    PromotionFailedError,
    WaitTimeoutError,
)
from aiobaseten.testing import FakeBaseten

WAITS = 1000

Outcome: TypeAlias = type[BasetenError] | None


@frozen
class Story:
    """How often it is told; each status, and when it ends, in hours; and the last one.

    From 0.4 to 0.7 nothing happens in any of them: what grows then is a leak.
    """

    weight: int
    steps: list[tuple[str, float, float]]
    last: str

    def timeline(self, chance: random.Random, hour: float) -> list[Any]:
        timed: list[Any] = []
        now = 0.0
        for status, earliest, latest in self.steps:
            end = chance.uniform(earliest, latest) * hour
            timed.append((status, end - now))
            now = end
        return [*timed, self.last]


RISE = [("BUILDING", 0.02, 0.3), ("DEPLOYING", 0.31, 0.33), ("LOADING_MODEL", 0.75, 0.85)]
STORIES = [
    Story(70, RISE, "ACTIVE"),
    Story(8, [*RISE, ("SCALED_TO_ZERO", 0.855, 0.86), ("WAKING_UP", 0.87, 0.95)], "ACTIVE"),
    # Shorter than the grace of 300 seconds.
    Story(
        8,
        [
            *RISE[:2],
            ("LOADING_MODEL", 0.8, 0.85),
            ("UNHEALTHY", 0.86, 0.87),
            ("LOADING_MODEL", 0.88, 0.89),
        ],
        "ACTIVE",
    ),
    Story(5, RISE[:2], "BUILD_FAILED"),
    Story(5, RISE, "DEPLOY_FAILED"),
    Story(4, RISE[:2], "DEPLOYING"),
]
QUIET = 0.4, 0.7


@frozen
class Wait:
    """A wait, and its expected end."""

    label: str
    outcome: Outcome
    run: Callable[[Baseten], Awaitable[Any]]

    async def ends_right(self, baseten: Baseten) -> str | None:
        """The error in its end, or ``None``."""
        try:
            result = await self.run(baseten)
        except BasetenError as error:
            return None if type(error) is self.outcome else f"{self.label}: {error!r}"
        is_right = self.outcome is None and result.id == "d1" and result.status == "ACTIVE"
        return None if is_right else f"{self.label}: {result}"


async def promoted(
    environment: ChainEnvironmentHandle | ModelEnvironmentHandle,
) -> ChainPromotion | ModelPromotion:
    """The promotion, asked for until it succeeds: "adopt" makes that safe."""
    while True:
        try:
            return await environment.promote("d1", if_in_progress="adopt")
        except BasetenError:
            await asyncio.sleep(5)


def of_promotion(end: Outcome) -> Outcome:
    return PromotionFailedError if end is DeploymentFailedError else end


def chain_promotion(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    chain = fake.chain(f"c{number}")
    chain.deployment("d0")
    chain.deployment("d1", on_promote=timeline)
    chain.environment("production", current="d0")

    async def run(baseten: Baseten) -> object:
        environment = baseten.chain(f"c{number}").environment("production")
        return await (await promoted(environment)).wait(timeout=limit)

    return Wait(f"chain promotion {number}", of_promotion(end), run)


def model_promotion(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    model = fake.model(f"m{number}")
    model.deployment("d0")
    model.deployment("d1", on_promote=timeline)
    model.environment("production", current="d0", rolling=True)

    async def run(baseten: Baseten) -> object:
        environment = baseten.model(f"m{number}").environment("production")
        return await (await promoted(environment)).wait(timeout=limit)

    return Wait(f"model promotion {number}", of_promotion(end), run)


def chain_deployment(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    fake.chain(f"c{number}").deployment("d1", timeline=timeline)
    return Wait(
        f"chain deployment {number}",
        end,
        lambda b: b.chain(f"c{number}").deployment("d1").wait_until_active(timeout=limit),
    )


def model_deployment(
    fake: FakeBaseten, number: int, timeline: list[Any], end: Outcome, limit: float
) -> Wait:
    fake.model(f"m{number}").deployment("d1", timeline=timeline)
    return Wait(
        f"model deployment {number}",
        end,
        lambda b: b.model(f"m{number}").deployment("d1").wait_until_active(timeout=limit),
    )


Kind: TypeAlias = Callable[[FakeBaseten, int, list[Any], Outcome, float], Wait]
KINDS: list[Kind] = [chain_promotion, model_promotion, chain_deployment, model_deployment]


def waits(
    fake: FakeBaseten, kinds: list[Kind], chance: random.Random, *, hour: float
) -> list[Wait]:
    """All waits, each with a story of its own."""
    told = chance.choices(STORIES, [story.weight for story in STORIES], k=WAITS)
    ends: dict[str, Outcome] = {"ACTIVE": None, "DEPLOYING": WaitTimeoutError}
    return [
        kinds[number % len(kinds)](
            fake,
            number,
            story.timeline(chance, hour),
            ends.get(story.last, DeploymentFailedError),
            hour,
        )
        for number, story in enumerate(told)
    ]
