"""Whatever Baseten does and whatever goes wrong on the way, a wait never tells what is not so.

Each example is a story: a promotion of "new", what its deployment goes through, what others do to
it meanwhile, what breaks on the way, and how this Baseten does what is not documented. Several wait
for it. How each of them ends is then held against what the fake knows to have been so.

A few stories are told in each run of the tests, always the same ones. For many, and new ones each
time: ``HYPOTHESIS_PROFILE=thorough pytest tests/waiting/test_never_wrong.py``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import looptime
import pytest
from hypothesis import HealthCheck, given, settings

from aiobaseten import Baseten
from aiobaseten.errors import BasetenError
from aiobaseten.events import StatusChanged
from aiobaseten.testing import FakeBaseten, FakeEnvironment

from ..story import Heard, deployment, listen, production
from .random_stories import Story, stories
from .truth import EPSILON, Truth, check_deployment, check_promotion

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def arrange(fake: FakeBaseten, story: Story) -> FakeEnvironment:
    """Everything that is there before anybody promotes."""
    resource: Any = fake.model("owner") if story.kind == "model" else fake.chain("owner")
    chainlets = {} if story.kind == "model" else {"chainlets": ["One", "Two"]}
    resource.deployment("new", status=story.first, on_promote=story.plan, **chainlets)
    resource.deployment("other", on_promote=[("BUILDING", 20), "ACTIVE"], **chainlets)
    resource.deployment("earlier", on_promote=[("BUILDING", 5), "ACTIVE"], **chainlets)
    if story.before:
        resource.deployment("old", status=story.before, **chainlets)
    options = {name: value for name, value in story.environment.items() if value is not None}
    environment: FakeEnvironment = resource.environment(
        "production", current="old" if story.before else None, **options
    )
    return environment


async def what_was_before(story: Story, environment: FakeEnvironment) -> None:
    """An earlier promotion, of which something may linger."""
    if story.earlier is None:
        return
    candidate = environment.promote("earlier")
    await asyncio.sleep(1)
    if story.earlier == "fails":
        candidate.set("BUILD_FAILED")
    elif story.earlier == "is cancelled":
        with suppress(ValueError):
            environment.force_cancel()
    else:
        with suppress(ValueError):
            environment.force_roll_forward()
    await asyncio.sleep(60)


def deed(truth: Truth, what: str) -> Callable[[], None]:
    """Something that somebody else does, if it can be done."""
    environment, target = truth.environment, truth.target

    def replace() -> None:
        environment.force_cancel()
        environment.promote("other")

    deeds: dict[str, Callable[[], object]] = {
        "promote other": lambda: environment.promote("other"),
        "promote new": lambda: environment.promote("new"),
        "promote old": lambda: environment.promote("old"),
        "replace": replace,
        "delete": lambda: target.delete() if environment.current is not target else None,
        "fail": lambda: target.set("FAILED"),
        "switch off": target.deactivate,
        "fall ill": lambda: target.set("UNHEALTHY"),
        "fall asleep": lambda: target.set("SCALED_TO_ZERO"),
        "recover": lambda: target.set("ACTIVE"),
    }
    act = deeds.get(what) or getattr(environment, what)

    def do() -> None:
        with suppress(ValueError):  # Refused, and what is not there
            act()

    return do


async def tell(story: Story) -> None:
    fake = FakeBaseten(behaviour=story.behaviour)
    environment = arrange(fake, story)
    async with fake.client() as baseten:
        await what_was_before(story, environment)
        before = environment.current
        try:
            promotion = await production(baseten, story.kind).promote("new", if_in_progress="send")
        except BasetenError:
            return  # Baseten refused it: nothing to wait for
        assert environment.promotion is not None
        truth = Truth(
            story=story,
            environment=environment,
            target=environment.promotion.candidate,
            before=before.id if before else None,
            ours=environment.promotion,
            began=fake.now,
        )
        assert truth.target.id == promotion.deployment_id
        for at, what in story.deeds:
            fake.at(fake.now + at, deed(truth, what))
        for at, (fault, options) in story.faults:
            fake.at(fake.now + at, add_fault(fake, fault, options))
        await wait_and_check(truth, baseten, promotion)
        await asyncio.sleep(6)  # an abandoned request may take five
        assert asyncio.all_tasks() == {asyncio.current_task()}, "something goes on"


def add_fault(fake: FakeBaseten, fault: str, options: dict[str, Any]) -> Callable[[], None]:
    return lambda: getattr(fake.faults, fault)(route="GET", **options)


async def wait_and_check(truth: Truth, baseten: Baseten, promotion: Any) -> None:
    story, asked = truth.story, truth.story.options
    only_promotion = {"on_paused": asked.on_paused}
    both: dict[str, Any] = {
        "timeout": asked.timeout,
        "accept_scaled_to_zero": asked.accept_scaled_to_zero,
        "settling_time": asked.settling_time,
        "unhealthy_grace": asked.unhealthy_grace,
    }
    target = deployment(baseten, story.kind, promotion.deployment_id)
    listening = asyncio.create_task(listen(promotion.events(**both, **only_promotion)))
    waiting = asyncio.create_task(promotion.wait(**both, **only_promotion))
    leaving = asyncio.create_task(promotion.wait(timeout=None))
    dawdling = asyncio.create_task(listen(promotion.events(**both, **only_promotion), story.delays))
    alone = asyncio.create_task(listen(target.events(**both)))
    asyncio.get_running_loop().call_later(story.leaves_at, leaving.cancel)

    await asyncio.wait([listening, dawdling, alone, waiting])
    leaving.cancel()
    waited: Any = (await asyncio.gather(waiting, leaving, return_exceptions=True))[0]
    heard, heard_late, heard_alone = await listening, await dawdling, await alone
    assert max(heard.at, heard_alone.at) <= asked.timeout + 10 + EPSILON, "later than the deadline"
    assert type(waited) is type(heard.error or heard.result), "two waits on the same, two ends"
    # Why something is missing is asked when whoever listens has time: then more may differ.
    may_be_missing = story.deeds or story.behaviour.stale_for
    if not may_be_missing and story.behaviour.failed_candidate == "lingers":
        assert changes(heard_late) == changes(heard), "who is slow to listen hears something else"
    check_promotion(truth, heard)
    check_deployment(truth, heard_alone)


def changes(heard: Heard) -> list[str]:
    return [str(event) for event in heard.of(StatusChanged)]


@pytest.mark.timeout(0 if THOROUGH else 60)
@settings(
    max_examples=200_000 if THOROUGH else 100,
    derandomize=not THOROUGH,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(story=stories("model") | stories("chain"))
def test_no_wait_reports_anything_false(story: Story) -> None:
    with asyncio.Runner(loop_factory=partial(looptime.new_event_loop, noop_cycles=1)) as runner:
        runner.run(tell(story))
