"""Scenarios: prepared fakes, which ``python -m aiobaseten.testing`` serves.

Each has a chain and a model. Deployment ``v1`` serves in the environment ``production``, and ``v2``
is ready to be promoted. The scenarios differ in what happens then. The model has eight replicas and
ten requests a second, so that a guard can measure each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from . import timelines
from ._fake import FakeBaseten
from ._world import FakeDeployment
from .timelines import Steps

CHAIN: Final = "support-bot"
MODEL: Final = "ranker"
_DAY_S: Final = 86_400.0
_REPLICAS: Final = 8


def healthy(fake: FakeBaseten) -> None:
    """All goes well: the chain after a minute and a half, the model step by step."""
    asleep_first: Steps = [
        ("DEPLOYING", 15),
        # Asleep before it has served: other tools take this for a failure, or for live.
        ("SCALED_TO_ZERO", 11),
        ("WAKING_UP", 20),
        ("LOADING_MODEL", 40),
        "ACTIVE",
    ]
    _chain(fake, {"Transcribe": timelines.HEALTHY_PROMOTION, "Answer": asleep_first})
    _model(fake, timelines.HEALTHY_PROMOTION)


def slow(fake: FakeBaseten) -> None:
    """All goes well, but only after ten minutes of sleeping and waking, as published."""
    _everything(fake, timelines.SCALED_TO_ZERO_ON_THE_WAY)


def failing(fake: FakeBaseten) -> None:
    """The server crashes while loading, three times. Baseten gives up after four minutes."""
    _everything(fake, timelines.CRASH_LOOP)


def starved(fake: FakeBaseten) -> None:
    """No GPU is available: half an hour of DEPLOYING, then INACTIVE without an error."""
    _everything(fake, timelines.CAPACITY_STARVATION)


def stuck(fake: FakeBaseten) -> None:
    """DEPLOYING for ever."""
    _everything(fake, timelines.STUCK)


def worse(fake: FakeBaseten) -> None:
    """All goes live, but with 25 % of the traffic, the model's v2 begins to fail 8 % of it."""
    steps = timelines.HEALTHY_PROMOTION
    _chain(fake, {"Transcribe": steps, "Answer": steps})
    _model(fake, steps)
    fake.model(MODEL).deployment("v2").answers(error_share=0.08, from_percent=25)


def troubled(fake: FakeBaseten) -> None:
    """All goes well, but from the fourth read on responses are late, lost, limited or errors."""
    healthy(fake)
    faults = fake.faults
    faults.status(502, times=2, after=3, route="GET")
    faults.rate_limited(retry_after=5, after=3, route="GET")
    faults.html(503, after=3, route="GET")
    faults.reset(after=3, route="GET")
    faults.delay(8, after=3, route="GET")


def empty(fake: FakeBaseten) -> None:
    """There is nothing: every request for an id gets 404."""


SCENARIOS: Final[dict[str, Callable[[FakeBaseten], None]]] = {
    scenario.__name__: scenario
    for scenario in (healthy, slow, failing, starved, stuck, worse, troubled, empty)
}


def _everything(fake: FakeBaseten, steps: Steps) -> None:
    _chain(fake, {"Transcribe": timelines.HEALTHY_PROMOTION, "Answer": steps})
    _model(fake, steps)


def _chain(fake: FakeBaseten, on_promote: dict[str, Steps]) -> None:
    chain = fake.chain(CHAIN)
    _older(chain.deployment("v1", chainlets=list(on_promote))).log("ready", level="INFO")
    chain.deployment("v2", chainlets=list(on_promote), on_promote=on_promote)
    chain.environment("production", current="v1")


def _model(fake: FakeBaseten, on_promote: Steps) -> None:
    model = fake.model(MODEL)
    _older(model.deployment("v1", replicas=_REPLICAS)).log("ready", level="INFO")
    model.deployment("v2", replicas=_REPLICAS, on_promote=on_promote)
    environment = model.environment(
        "production", current="v1", rolling=True, autoscaling={"max_replica": _REPLICAS}
    )
    environment.receives(requests_per_second=10)


def _older(deployment: FakeDeployment) -> FakeDeployment:
    """Let a deployment be pushed a day before the others, so that it is not the latest."""
    facts = deployment.facts
    deployment.facts = replace(facts, created=facts.created - _DAY_S)
    return deployment
