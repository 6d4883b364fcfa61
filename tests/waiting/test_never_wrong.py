"""Random stories: whatever Baseten does and whatever breaks, a wait never reports anything false.

The idea: hypothesis makes up a story (random_stories.py), which is played on a fake in virtual
time. Several waits follow the promotion of "new". At the end, truth.py compares the end of each
wait with the real state, which the fake knows. It never predicts an end. It checks that the end is
allowed: a success only if the deployment really served when the last look was made, a failure only
if something had really failed, a timeout only at the deadline, and so on.

The parts:

- `random_stories.Story`: the behaviour of this Baseten, the statuses of "new", the actions of
  others at certain times ("cancel", "promote other", "fall ill", …), the faults of the network, the
  options of the waits, and whether they begin later, in another process.
- `play` sets the story up, promotes "new", plans actions and faults, and runs the waits.
- `truth.Truth` answers questions about the past ("what served at 40 s?"). `truth.check_promotion`
  and `truth.check_deployment` compare.

How to read a failing example: hypothesis prints the smallest story that fails, and the message of
the assertion names the false statement ("success, and it did not serve"). Read `actions` and
`faults` as a timetable in seconds after the promotion, `plan` as the statuses of "new", and
`behaviour` as the answers to open questions. To watch it, copy the story into a test, and print
`str(event)` in `story.listen`.

`make test` plays a hundred stories, always the same ones. For many, and new ones each time:
``HYPOTHESIS_PROFILE=thorough pytest tests/waiting/test_never_wrong.py``.
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
from .random_stories import Story, late, stories
from .truth import EPSILON, Truth, check_cancellation, check_deployment, check_promotion

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def arrange(fake: FakeBaseten, story: Story) -> FakeEnvironment:
    """Make the environment and the deployments of a story."""
    resource: Any = fake.model("owner") if story.kind == "model" else fake.chain("owner")
    chainlets = {} if story.kind == "model" else {"chainlets": ["One", "Two"]}
    first = "ACTIVE" if story.serves else story.first
    resource.deployment("new", status=first, on_promote=story.plan, **chainlets)
    resource.deployment("other", on_promote=[("BUILDING", 20), "ACTIVE"], **chainlets)
    resource.deployment("earlier", on_promote=[("BUILDING", 5), "ACTIVE"], **chainlets)
    if story.before:
        resource.deployment("old", status=story.before, **chainlets)
    options = {name: value for name, value in story.environment.items() if value is not None}
    current = "new" if story.serves else "old" if story.before else None
    environment: FakeEnvironment = resource.environment("production", current=current, **options)
    return environment


async def promote_earlier(story: Story, environment: FakeEnvironment) -> None:
    """End an earlier promotion, of which something may linger."""
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


def action(truth: Truth, name: str) -> Callable[[], None]:
    """The action of somebody else with this name; a refusal is ignored."""
    environment, target = truth.environment, truth.target

    def replace() -> None:
        environment.force_cancel()
        environment.promote("other")

    actions: dict[str, Callable[[], object]] = {
        "promote other": lambda: environment.promote("other"),
        "promote new": lambda: environment.promote("new"),
        "promote old": lambda: environment.promote("old"),
        "replace": replace,
        "delete": lambda: target.delete() if environment.current is not target else None,
        "fail": lambda: target.set("FAILED"),
        "fail promotion": environment.fail,
        "switch off": target.deactivate,
        "fall ill": lambda: target.set("UNHEALTHY"),
        "fall asleep": lambda: target.set("SCALED_TO_ZERO"),
        "recover": lambda: target.set("ACTIVE"),
    }
    act = actions.get(name) or getattr(environment, name)

    def do() -> None:
        with suppress(ValueError):  # refused, or there is nothing to act on
            act()

    return do


async def play(story: Story) -> None:
    """Play a story, and check the ends of its waits."""
    fake = FakeBaseten(behaviour=story.behaviour)
    environment = arrange(fake, story)
    async with fake.client() as baseten:
        await promote_earlier(story, environment)
        before = environment.current
        try:
            promotion: Any = await production(baseten, story.kind).promote(
                "new", if_in_progress="send"
            )
        except BasetenError:
            return  # Baseten refused it: nothing to wait for
        assert environment.promotion is not None
        truth = Truth(
            story=story,
            environment=environment,
            target=environment.promotion.candidate,
            before=before.id if before else None,
            ours=environment.promotion,
            began=fake.now + story.begins_at,
            now=lambda: fake.now,
        )
        assert truth.target.id == promotion.deployment_id
        for at, name in story.actions:
            fake.at(fake.now + at, action(truth, name))
        for at, (fault, options) in story.faults:
            fake.at(truth.began + at, add_fault(fake, fault, options))
        await asyncio.sleep(story.begins_at)
        async with fake.client() as another:
            if story.resumed:
                promotion = await another.resume(promotion.token, look=False)
            await wait_and_check(truth, another if story.resumed else baseten, promotion)
        await asyncio.sleep(6)  # an abandoned request may take five
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task is left"


def add_fault(fake: FakeBaseten, fault: str, options: dict[str, Any]) -> Callable[[], None]:
    return lambda: getattr(fake.faults, fault)(route="GET", **options)


async def wait_and_check(truth: Truth, baseten: Baseten, promotion: Any) -> None:
    """Follow a promotion in six ways, and check how they end.

    `wait`; `events`; `events` with a slow listener; `events` of the deployment alone; a `wait` that
    is cancelled on the way; and the cancellation of the promotion, if the story has one.
    """
    story = truth.story
    common: dict[str, Any] = {
        "timeout": story.options.timeout,
        "accept_scaled_to_zero": story.options.accept_scaled_to_zero,
        "settling_time": story.options.settling_time,
        "unhealthy_grace": story.options.unhealthy_grace,
    }
    options = {**common, "on_paused": story.options.on_paused}
    target = deployment(baseten, story.kind, promotion.deployment_id)
    waiting = asyncio.create_task(promotion.wait(**options))
    listening = asyncio.create_task(listen(promotion.events(**options)))
    slow = asyncio.create_task(listen(promotion.events(**options), story.delay))
    alone = asyncio.create_task(listen(target.events(**common)))
    leaving = asyncio.create_task(promotion.wait(timeout=None))
    cancelling = asyncio.create_task(cancel(truth, production(baseten, story.kind), promotion))
    asyncio.get_running_loop().call_later(story.leaves_at, leaving.cancel)

    await asyncio.wait([waiting, listening, slow, alone, cancelling])
    leaving.cancel()
    waited: Any = (await asyncio.gather(waiting, leaving, return_exceptions=True))[0]
    check_together(truth, waited, await listening, await slow, await alone)
    await cancelling


async def cancel(truth: Truth, environment: Any, promotion: Any) -> None:
    """Cancel the promotion as the story says, and check the end of the wait for it."""
    story = truth.story
    if story.cancel is None:
        return
    at, verb = story.cancel
    await asyncio.sleep(at)
    asked = truth.now()
    try:
        cancellation = await getattr(environment if "promotion" in verb else promotion, verb)()
    except BasetenError:
        return  # refused, or nobody knows
    accepted = truth.now()
    options = {"timeout": story.options.timeout, "settling_time": story.options.settling_time}
    heard = await listen(cancellation.events(**options))
    check_cancellation(truth, heard, asked, accepted)


def check_together(truth: Truth, waited: Any, heard: Heard, slow: Heard, alone: Heard) -> None:
    """Check the ends of all waits of a story, against each other and against the real state."""
    story = truth.story
    latest = story.options.timeout + 10 + EPSILON
    assert max(heard.at, alone.at) <= latest, "a wait ended after its deadline"
    # Each wait asks by itself why something is missing, perhaps another replica.
    is_same = type(waited) is type(heard.error or heard.result)
    assert is_same or max(story.behaviour.replica_lags), "wait and events end differently"
    # A slow listener asks later why a candidate is missing, and may then see another state.
    may_be_missing = story.actions or late(story.behaviour)
    if not may_be_missing and story.behaviour.failed_candidate == "lingers":
        assert changes(slow) == changes(heard), "a slow listener hears other changes"
    check_promotion(truth, heard)
    check_deployment(truth, alone)


def changes(heard: Heard) -> list[str]:
    """The status changes, as text."""
    return [str(event) for event in heard.of(StatusChanged)]


@pytest.mark.timeout(0 if THOROUGH else 60)
@settings(
    max_examples=10_000 if THOROUGH else 100,
    derandomize=not THOROUGH,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(story=stories("model") | stories("chain"))
def test_no_wait_reports_anything_false(story: Story) -> None:
    with asyncio.Runner(loop_factory=partial(looptime.new_event_loop, noop_cycles=1)) as runner:
        runner.run(play(story))
