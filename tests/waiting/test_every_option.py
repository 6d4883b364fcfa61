"""Every option of every wait has its effect, through the wire, for both ways of waiting.

The table has a row for each wait and each option that it takes: a situation, a value, and the
outcome with and without it. An option that gets lost between the caller and the look fails its
rows; a new option, or an option that a wait begins to take, has no row and fails the test of the
table itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeAlias, get_type_hints

import pytest
from attrs import frozen

from aiobaseten import Baseten, Token
from aiobaseten.errors import (
    BasetenError,
    DeploymentFailedError,
    PromotionFailedError,
    PromotionPausedError,
    WaitTimeoutError,
)
from aiobaseten.options import (
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    PromotionOptions,
)
from aiobaseten.testing import FakeBaseten, timelines

from ..story import ONE_LOOK, RAMP, Kind, deployment, listen, promote, set_up

pytestmark = pytest.mark.looptime

#: What can be waited for: it has `events`, and either `wait` or `wait_until_active`.
Waited: TypeAlias = Any
#: Arranges a situation, and returns what to wait for.
Situation: TypeAlias = Callable[[FakeBaseten, Baseten], Awaitable[Waited]]

DONE = None
HOUR = 3600.0
#: Seconds by which timers may fire early.
EARLY = 0.01


@frozen(kw_only=True)
class Outcome:
    """How a wait ends.

    Attributes:
        error: The class of its error, or `DONE`.
        after: Seconds that it takes at least; it may take one look longer.
        log: The lines of the log that its error carries.
    """

    error: type[BasetenError] | None
    after: float
    log: tuple[str, ...] = ()


@frozen(kw_only=True)
class Row:
    """An option of a wait.

    Attributes:
        wait: The name of the wait.
        option: The name of the option.
        situation: Where the option makes a difference.
        value: Its value.
        effect: The outcome with it.
        default: The outcome without it.
        also: Other options, given in both cases.
    """

    wait: str
    option: str
    situation: Situation
    value: object
    effect: Outcome
    default: Outcome
    also: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return f"{self.wait}, {self.option}"


# --- situations ----------------------------------------------------------------------------------


def promoted(
    kind: Kind, timeline: timelines.Steps, *, log: tuple[str, ...] = (), **environment: Any
) -> Situation:
    """The promotion of "new", which goes through *timeline*."""

    async def arrange(fake: FakeBaseten, baseten: Baseten) -> Waited:
        set_up(fake, kind, timeline, **environment)
        promotion = await promote(baseten, kind)
        resource = fake.model("owner") if kind == "model" else fake.chain("owner")
        for line in log:
            resource.deployments["new"].log(line)
        return promotion

    return arrange


def alone(
    kind: Kind, timeline: timelines.Steps, *, log: tuple[str, ...] = (), **options: Any
) -> Situation:
    """A deployment "new" that nobody promotes, and that goes through *timeline*."""

    async def arrange(fake: FakeBaseten, baseten: Baseten) -> Waited:
        resource = fake.model("owner") if kind == "model" else fake.chain("owner")
        new = resource.deployment("new", timeline=timeline, **options)
        for line in log:
            new.log(line)
        return deployment(baseten, kind)

    return arrange


def paused(kind: Kind) -> Situation:
    """A promotion that somebody pauses at once, and resumes after 300 s."""

    async def arrange(fake: FakeBaseten, baseten: Baseten) -> Waited:
        environment = set_up(fake, kind, [("DEPLOYING", 30), "ACTIVE"])
        promotion = await promote(baseten, kind)
        environment.pause()
        fake.at(300, environment.resume)
        return promotion

    return arrange


async def rolling_back(fake: FakeBaseten, baseten: Baseten) -> Waited:
    """A cancelled promotion whose traffic is back after two minutes."""
    set_up(fake, "model", ramp=RAMP)
    promotion = await promote(baseten, "model")
    await asyncio.sleep(90)
    return await promotion.cancel()


async def success_lingers(fake: FakeBaseten, baseten: Baseten) -> Waited:
    """The environment shows SUCCEEDED, and the pointer may still follow; it does not."""
    set_up(fake, "model", "ACTIVE")
    promotion = await promote(baseten, "model")
    await promotion.wait()
    cancelled = Token(
        kind="cancellation",
        resource_id="owner",
        environment_name="production",
        deployment_id="other",
        previous_id=promotion.deployment_id,
    )
    fake.requests.clear()
    await asyncio.sleep(3600 - fake.now)
    return await baseten.resume(cancelled.dump(), look=False)


# --- the table -----------------------------------------------------------------------------------

LOG = ("one", "two", "three")
BUILD_FAILED: timelines.Steps = [("BUILDING", 5), "BUILD_FAILED"]
WAKES: dict[str, Any] = {"on_wake": [("WAKING_UP", 60), "ACTIVE"]}
OUT_OF_TIME = Outcome(error=WaitTimeoutError, after=HOUR)


def common_rows(
    wait: str, error: type[BasetenError], begin: Callable[..., Situation], **asleep: Any
) -> list[Row]:
    """The options that waits for promotions and for deployments have in common.

    Args:
        wait: The name of the wait.
        error: The class of its failures.
        begin: Makes a situation from a timeline.
        asleep: Further options of a situation in which "new" sleeps.
    """
    row = partial(Row, wait=wait)
    return [
        row(
            option="timeout",
            value=50,
            situation=begin("DEPLOYING"),
            effect=Outcome(error=WaitTimeoutError, after=50),
            default=OUT_OF_TIME,
        ),
        row(
            option="settling_time",
            value=30,
            situation=begin("SCALED_TO_ZERO", **asleep),
            effect=Outcome(error=DONE, after=30),
            default=Outcome(error=DONE, after=120),
            also={"accept_scaled_to_zero": True},
        ),
        row(
            option="unhealthy_grace",
            value=30,
            situation=begin("UNHEALTHY"),
            effect=Outcome(error=error, after=30),
            default=Outcome(error=error, after=300),
        ),
        row(
            option="accept_scaled_to_zero",
            value=True,
            situation=begin("SCALED_TO_ZERO", **asleep),
            effect=Outcome(error=DONE, after=120),
            default=OUT_OF_TIME,
        ),
        row(
            option="log_lines",
            value=2,
            situation=begin(BUILD_FAILED, log=LOG),
            effect=Outcome(error=error, after=5, log=LOG[-2:]),
            default=Outcome(error=error, after=5),
        ),
    ]


def pause_row(kind: Kind) -> Row:
    return Row(
        wait=f"{kind} promotion",
        option="on_paused",
        situation=paused(kind),
        value="raise",
        effect=Outcome(error=PromotionPausedError, after=30),
        default=Outcome(error=DONE, after=300),
    )


ROWS = [
    *common_rows(
        "model promotion",
        PromotionFailedError,
        partial(promoted, "model"),
        moves_on=["SCALED_TO_ZERO"],
    ),
    pause_row("model"),
    *common_rows(
        "chain promotion",
        PromotionFailedError,
        partial(promoted, "chain"),
        moves_on=["SCALED_TO_ZERO"],
    ),
    pause_row("chain"),
    *common_rows("chain deployment", DeploymentFailedError, partial(alone, "chain")),
    *common_rows("model deployment", DeploymentFailedError, partial(alone, "model")),
    Row(
        wait="model deployment",
        option="wake",
        situation=alone("model", "SCALED_TO_ZERO", **WAKES),
        value=True,
        effect=Outcome(error=DONE, after=180),
        default=OUT_OF_TIME,
    ),
    Row(
        wait="cancellation",
        option="timeout",
        situation=rolling_back,
        value=30,
        effect=Outcome(error=WaitTimeoutError, after=30),
        default=Outcome(error=DONE, after=120),
    ),
    Row(
        wait="cancellation",
        option="settling_time",
        situation=success_lingers,
        value=30,
        effect=Outcome(error=DONE, after=30),
        default=Outcome(error=DONE, after=120),
    ),
]

TAKEN = {
    "model promotion": PromotionOptions,
    "chain promotion": PromotionOptions,
    "chain deployment": DeploymentOptions,
    "model deployment": ModelDeploymentOptions,
    "cancellation": CancellationOptions,
}


def test_every_option_of_every_wait_has_a_row() -> None:
    taken = [
        (wait, option) for wait, options in TAKEN.items() for option in get_type_hints(options)
    ]

    assert sorted((row.wait, row.option) for row in ROWS) == sorted(taken)


# --- both ways of waiting ------------------------------------------------------------------------


async def by_result(waited: Waited, options: dict[str, Any]) -> BasetenError | None:
    """The error of `wait` or `wait_until_active`, or ``None``."""
    wait = getattr(waited, "wait", None) or waited.wait_until_active
    try:
        await wait(**options)
    except BasetenError as error:
        return error
    return None


async def by_events(waited: Waited, options: dict[str, Any]) -> BasetenError | None:
    """The error of `events`, or ``None``."""
    return (await listen(waited.events(**options))).error


@pytest.mark.parametrize("way", [by_result, by_events])
@pytest.mark.parametrize("is_given", [True, False], ids=["given", "default"])
@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_an_option_has_its_effect(
    fake: FakeBaseten, baseten: Baseten, row: Row, is_given: bool, way: Any
) -> None:
    expected = row.effect if is_given else row.default
    waited = await row.situation(fake, baseten)
    began = fake.now

    error = await way(waited, {**row.also, **({row.option: row.value} if is_given else {})})

    assert (type(error) if error else DONE) is expected.error
    assert expected.after - EARLY <= fake.now - began < expected.after + 2 * ONE_LOOK
    lines = error.evidence.log_lines if error and error.evidence else ()
    assert tuple(line.message for line in lines) == expected.log
