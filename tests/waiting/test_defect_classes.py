"""Known defects of other clients, and edge cases of promotions.

The first table has a row for each class of defect that was found in SDKs, pollers and Baseten's own
tools; the second one for each edge of promoting that is documented or was reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import frozen

from aiobaseten import Baseten
from aiobaseten.errors import (
    AuthenticationError,
    BasetenError,
    ConfigurationError,
    DeploymentFailedError,
    NotFoundError,
    PermissionDeniedError,
    PromotionCanceledError,
    PromotionFailedError,
    PromotionInProgressError,
    PromotionPausedError,
    PromotionSupersededError,
    WaitTimeoutError,
)
from aiobaseten.testing import Behaviour, CompressedClock, FakeBaseten, timelines

from ..story import RAMP, deployment, listen, production, promote, set_up

pytestmark = pytest.mark.looptime

ALWAYS = 10**9


@frozen(kw_only=True)
class Row:
    """A defect, and a situation that shows it.

    Attributes:
        defect: What went wrong.
        where: Who had it, or who reported it.
        stage: What Baseten does.
        wait: What somebody waits for.
        outcome: The error that they get, or the id of what is live.
        at: Not before and not after; seconds.
        behaviour: How this Baseten does what is not documented.
    """

    defect: str
    where: str
    stage: Callable[[FakeBaseten], object]
    wait: Callable[[Baseten, FakeBaseten], Awaitable[Any]]
    outcome: type[BaseException] | str
    at: tuple[float, float]
    behaviour: Behaviour = Behaviour()  # noqa: RUF009 - it cannot be changed


def promoted(kind: Any = "model", **options: Any) -> Callable[[Baseten, FakeBaseten], Any]:
    """Promote "new" and wait until it is live."""

    async def wait(baseten: Baseten, _: FakeBaseten) -> Any:
        return await (await promote(baseten, kind)).wait(**options)

    return wait


def active(kind: Any = "model", **options: Any) -> Callable[[Baseten, FakeBaseten], Any]:
    """Wait until "new" is ACTIVE."""

    async def wait(baseten: Baseten, _: FakeBaseten) -> Any:
        return await deployment(baseten, kind).wait_until_active(**options)

    return wait


def in_turn(*acts: Callable[[FakeBaseten], object]) -> Callable[[FakeBaseten], None]:
    """Arrange several situations in turn."""

    def arrange(fake: FakeBaseten) -> None:
        for act in acts:
            act(fake)

    return arrange


def later(at: float, act: Callable[[FakeBaseten], object]) -> Callable[[FakeBaseten], None]:
    """Arrange an action for a time."""
    return lambda fake: fake.at(at, lambda: act(fake))


def goes_through(steps: timelines.Steps) -> Callable[[FakeBaseten], object]:
    """A model's deployment "new" that nobody promotes."""
    return lambda fake: fake.model("owner").deployment("new", timeline=steps)


def then(at: float, act: str, *ids: str) -> Callable[[FakeBaseten], None]:
    """A rolling promotion on which somebody else acts."""

    def arrange(fake: FakeBaseten) -> None:
        environment = set_up(fake, "model", ramp=RAMP)
        fake.model("owner").deployment("other", on_promote=[("BUILDING", 100), "ACTIVE"])
        fake.at(at, lambda: getattr(environment, act)(*ids))

    return arrange


def superseded_between_two_looks(fake: FakeBaseten) -> None:
    environment = set_up(fake, "model", [("BUILDING", 300), "ACTIVE"])
    fake.model("owner").deployment("other", on_promote=[("BUILDING", 300), "ACTIVE"])

    def replace() -> None:
        environment.cancel()
        environment.promote("other")

    fake.at(60, replace)


def promoted_again_while_the_last_end_lingers(fake: FakeBaseten) -> None:
    """An earlier promotion, SUCCEEDED, is still shown."""
    environment = set_up(fake, "model", [("BUILDING", 60), "ACTIVE"])
    fake.model("owner").deployment("earlier")
    environment.promote("earlier")


def refusing(fake: FakeBaseten, status: int, after: float) -> None:
    set_up(fake, "model", "DEPLOYING")
    fake.at(after, lambda: fake.faults.status(status, times=None))


class Leaping(CompressedClock):
    """A clock whose time of day goes back by a year at each reading."""

    def __init__(self) -> None:
        super().__init__(1)
        self._year = timedelta(0)

    def utcnow(self) -> datetime:
        self._year += timedelta(days=365)
        return datetime(2026, 1, 1, tzinfo=UTC) - self._year


async def with_a_leaping_clock(_: Baseten, fake: FakeBaseten) -> Any:
    fake.faults.rate_limited(retry_after=None, header="Thu, 01 Jan 1970 00:00:00 GMT", after=2)
    async with fake.client(clock=Leaping()) as baseten:
        return await (await promote(baseten, "model")).wait(timeout=60)


async def under_an_outer_timeout(baseten: Baseten, _: FakeBaseten) -> Any:
    promotion = await promote(baseten, "model")
    async with asyncio.timeout(30):
        await promotion.wait()


async def cancelled_beside_another(baseten: Baseten, fake: FakeBaseten) -> Any:
    """The wait that began the look is cancelled during the look."""
    promotion = await promote(baseten, "model")
    fake.faults.delay(4, times=None, lasting=20)
    first = asyncio.create_task(promotion.wait())
    await asyncio.sleep(1)
    second = asyncio.create_task(promotion.wait())
    await asyncio.sleep(1)
    first.cancel()
    return await second


async def cancelled_a_hundred_times(_: Baseten, fake: FakeBaseten) -> Any:
    """Each would keep its place in the queue."""
    async with fake.client(max_connections=2) as baseten:
        promotion = await promote(baseten, "model")
        fake.faults.hang(times=None, lasting=600)
        for _time in range(100):
            wait = asyncio.create_task(promotion.wait())
            await asyncio.sleep(6)
            wait.cancel()
        return await promotion.wait(timeout=60)


async def on_another_loop(baseten: Baseten, _: FakeBaseten) -> Any:
    promotion = await promote(baseten, "model")
    return await asyncio.to_thread(lambda: asyncio.run(promotion.wait()))


async def with_the_key_in_sight(baseten: Baseten, fake: FakeBaseten) -> Any:
    """Search everything that an error of a wait can show for the key."""
    fake.faults.status(503, times=3)
    promotion = await promote(baseten, "model")
    heard = await listen(promotion.events(timeout=5))
    shown = [repr(baseten), repr(promotion), promotion.token, repr(heard), str(heard.error)]
    assert not [one for one in shown if "test-key" in one]
    assert heard.error is not None
    raise heard.error


DEFECTS = [
    Row(
        defect="unknown state hangs",
        where="huggingface_hub, replicate, runpod, azure, openai",
        stage=goes_through("HIBERNATING"),
        wait=active(timeout=600),
        outcome=WaitTimeoutError,
        at=(600, 600),
    ),
    Row(
        defect="unknown state fails or returns early",
        where="truss, baseten-cli, openai",
        stage=lambda fake: set_up(fake, "model", [("PREEMPTED", 100), "ACTIVE"]),
        wait=promoted(),
        outcome="new",
        at=(100, 111),
    ),
    Row(
        defect="scaled to zero on the way is taken for failed",
        where="truss, baseten-cli, huggingface_hub",
        stage=lambda fake: set_up(fake, "model", timelines.SCALED_TO_ZERO_ON_THE_WAY),
        wait=promoted(),
        outcome="new",
        at=(631, 642),
    ),
    Row(
        defect="scaled to zero on the way is taken for ready",
        where="the GitHub action, two Terraform providers",
        stage=lambda fake: set_up(fake, "model", timelines.SCALED_TO_ZERO_ON_THE_WAY),
        wait=promoted(accept_scaled_to_zero=True),
        outcome="new",
        at=(631, 642),
    ),
    Row(
        defect="waking up is taken for failed",
        where="truss, baseten-cli",
        stage=goes_through([("WAKING_UP", 60), "ACTIVE"]),
        wait=active(),
        outcome="new",
        at=(60, 71),
    ),
    Row(
        defect="one transient error kills the wait",
        where="huggingface_hub, google-api-core, botocore, databricks, Terraform, baseten-cli",
        stage=in_turn(
            lambda fake: set_up(fake, "model", [("BUILDING", 60), "ACTIVE"]),
            later(10, lambda fake: fake.faults.html(502)),
            later(20, lambda fake: fake.faults.reset()),
            later(30, lambda fake: fake.faults.rate_limited()),
        ),
        wait=promoted(),
        outcome="new",
        at=(60, 71),
    ),
    Row(
        defect="a permanent error is retried for ever",
        where="truss, with a revoked key",
        stage=lambda fake: refusing(fake, 401, after=10),
        wait=promoted(timeout=None),
        outcome=AuthenticationError,
        at=(10, 21),
    ),
    Row(
        defect="the deadline is not checked while looks fail",
        where="truss, apify",
        stage=lambda fake: refusing(fake, 503, after=10),
        wait=promoted(timeout=600),
        outcome=WaitTimeoutError,
        at=(600, 610),
    ),
    Row(
        defect="a wall clock decides, and is set",
        where="xai, huggingface_hub, apify, truss",
        stage=lambda fake: set_up(fake, "model", [("BUILDING", 30), "ACTIVE"]),
        wait=with_a_leaping_clock,
        outcome="new",
        at=(30, 41),
    ),
    Row(
        defect="stale success: read before the server saw the change",
        where="pulumi-kubernetes, reflexio",
        stage=promoted_again_while_the_last_end_lingers,
        wait=promoted(),
        outcome="new",
        at=(60, 71),
        behaviour=Behaviour(stale_for=10),
    ),
    Row(
        defect="stale failure: what a retry has begun to mend",
        where="baseten-operator, which looks again 30 s later",
        stage=lambda fake: fake.model("owner").deployment(
            "new", status="DEPLOY_FAILED", on_retry=[("BUILDING", 60), "ACTIVE"]
        ),
        wait=lambda baseten, _: _after(baseten, "retry"),
        outcome="new",
        at=(60, 71),
        behaviour=Behaviour(stale_for=10),
    ),
    Row(
        defect="a superseded target never matches",
        where="magic-modules",
        stage=superseded_between_two_looks,
        wait=promoted(),
        outcome=PromotionSupersededError,
        at=(60, 90),
    ),
    Row(
        defect="a paused rollout is waited on without a word",
        where="argo-rollouts",
        stage=then(30, "pause"),
        wait=promoted(on_paused="raise"),
        outcome=PromotionPausedError,
        at=(60, 71),
    ),
    Row(
        defect="a paused rollout is taken for failed",
        where="argo-rollouts",
        stage=in_turn(then(30, "pause"), later(900, lambda fake: _production(fake).resume())),
        wait=promoted(),
        outcome="new",
        at=(900, 1100),
    ),
    Row(
        defect="the server's patience is taken for the client's",
        where="argo-rollouts",
        stage=lambda fake: set_up(fake, "model", timelines.CAPACITY_STARVATION),
        wait=promoted(timeout=7200),
        outcome=PromotionFailedError,
        at=(1800, 1811),
    ),
    Row(
        defect="the client's patience is taken for the server's",
        where="argo-rollouts",
        stage=lambda fake: set_up(fake, "model", timelines.CAPACITY_STARVATION),
        wait=promoted(timeout=1200),
        outcome=WaitTimeoutError,
        at=(1200, 1200),
    ),
    Row(
        defect="a cancellation is swallowed",
        where="launchdarkly, apify",
        stage=lambda fake: set_up(fake, "model", "DEPLOYING"),
        wait=under_an_outer_timeout,
        outcome=TimeoutError,
        at=(30, 30),
    ),
    Row(
        defect="a shared look that is cancelled leaves those who share it hanging",
        where="prime",
        stage=lambda fake: set_up(fake, "model", [("BUILDING", 30), "ACTIVE"]),
        wait=cancelled_beside_another,
        outcome="new",
        at=(30, 45),
    ),
    Row(
        defect="a permit is lost on cancellation",
        where="anyio",
        stage=lambda fake: set_up(fake, "model"),
        wait=cancelled_a_hundred_times,
        outcome="new",
        at=(600, 640),
    ),
    Row(
        defect="a client is used on another loop",
        where="httpx, conductor",
        stage=lambda fake: set_up(fake, "model"),
        wait=on_another_loop,
        outcome=ConfigurationError,
        at=(0, 0),
    ),
    Row(
        defect="secrets in errors and reprs",
        where="openai, the official SDK, the generated client",
        stage=lambda fake: set_up(fake, "model", "DEPLOYING"),
        wait=with_the_key_in_sight,
        outcome=WaitTimeoutError,
        at=(5, 16),
    ),
    Row(
        defect="what was just created is not found",
        where="baseten-cli and the official Terraform provider, which allow 30 s",
        stage=lambda fake: fake.model("owner").deployment("new", hidden_for=25),
        wait=active(),
        outcome="new",
        at=(25, 60),
    ),
    Row(
        defect="what does not exist is looked for, for ever",
        where="truss, Airflow",
        stage=lambda fake: set_up(fake, "model"),
        wait=lambda baseten, _: baseten.model("owner").deployment("typo").wait_until_active(),
        outcome=NotFoundError,
        at=(30, 60),
    ),
    Row(
        defect="a failure that is over in silence: INACTIVE without an error",
        where="a user's friction log; the Terraform providers wait on",
        stage=goes_through(timelines.CAPACITY_STARVATION),
        wait=active(),
        outcome=DeploymentFailedError,
        at=(1800, 1811),
    ),
    Row(
        defect="UNHEALTHY is taken for failed at once",
        where="truss, baseten-cli, Terraform",
        stage=goes_through([("UNHEALTHY", 200), "ACTIVE"]),
        wait=active(),
        outcome="new",
        at=(200, 211),
    ),
    Row(
        defect="UNHEALTHY is waited on for ever",
        where="baseten-operator, the GitHub action",
        stage=goes_through("UNHEALTHY"),
        wait=active(),
        outcome=DeploymentFailedError,
        at=(300, 311),
    ),
    Row(
        defect="a chainlet that sleeps early fails the chain",
        where="truss chains",
        stage=lambda fake: fake.chain("owner").deployment(
            "new",
            chainlets={
                "Early": [("ACTIVE", 30), "SCALED_TO_ZERO"],
                "Late": [("BUILDING", 60), "ACTIVE"],
            },
        ),
        wait=active("chain", accept_scaled_to_zero=True),
        outcome="new",
        at=(60, 191),
    ),
    Row(
        defect="failures of chains never match",
        where="the GitHub action, which compares names of another API",
        stage=lambda fake: fake.chain("owner").deployment(
            "new", chainlets={"Good": "ACTIVE", "Bad": timelines.BUILD_FAILED}
        ),
        wait=active("chain"),
        outcome=DeploymentFailedError,
        at=(12, 23),
    ),
]


def _production(fake: FakeBaseten) -> Any:
    return fake.model("owner").environment("production")


async def _after(baseten: Baseten, verb: str) -> Any:
    """Do something to "new", then wait until it is ACTIVE."""
    new = baseten.model("owner").deployment("new")
    await getattr(new, verb)()
    return await new.wait_until_active()


def first_fails(fake: FakeBaseten) -> None:
    """The first deployment of an environment, which fails."""
    new = fake.model("owner").deployment("new", timeline=timelines.BUILD_FAILED)
    fake.model("owner").environment("production", current=new)


async def adopted(baseten: Baseten, _: FakeBaseten) -> Any:
    promotion = await production(baseten, "model").promote("new", if_in_progress="adopt")
    return await promotion.wait()


def lingering(fake: FakeBaseten) -> None:
    """A failed candidate lingers, and its promotion is null."""
    environment = set_up(fake, "model", timelines.BUILD_FAILED)
    environment.promote("new")
    fake.model("owner").deployment("other", on_promote=[("BUILDING", 60), "ACTIVE"])


async def promotes_another(baseten: Baseten, fake: FakeBaseten) -> Any:
    await asyncio.sleep(60)
    return await (await production(baseten, "model").promote("other")).wait()


async def retries_the_candidate(baseten: Baseten, fake: FakeBaseten) -> Any:
    """A retry repairs the deployment, but not its promotion."""
    promotion = await promote(baseten, "model")
    with pytest.raises(PromotionFailedError):
        await promotion.wait()
    new = baseten.model("owner").deployment("new")
    fake.model("owner").deployments["new"].set("BUILD_FAILED")
    await new.retry()
    await new.wait_until_active()
    return await promotion.wait(timeout=600)


def source(status: str, **options: Any) -> Callable[[FakeBaseten], None]:
    """The deployment to promote has this status before."""

    def arrange(fake: FakeBaseten) -> None:
        model = fake.model("owner")
        model.deployment("old")
        model.deployment("new", status=status, **options)
        model.environment("production", current="old", traffic_delay=0)

    return arrange


EDGES = [
    Row(
        defect="another promotion is running already",
        where="only one for each environment, says the page",
        stage=then(0, "promote", "other"),
        wait=promoted(),
        outcome=PromotionInProgressError,
        at=(0, 0),
    ),
    Row(
        defect="a failed first deployment keeps the pointer",
        where="a user's friction log",
        stage=first_fails,
        wait=adopted,
        outcome=PromotionFailedError,
        at=(12, 23),
    ),
    Row(
        defect="a failed candidate lingers and its promotion says nothing",
        where="baseten-operator",
        stage=lambda fake: set_up(fake, "model", timelines.BUILD_FAILED),
        wait=promoted(),
        outcome=PromotionFailedError,
        at=(12, 23),
        behaviour=Behaviour(failure_noticed_after=ALWAYS, terminal_promotion_for=0),
    ),
    Row(
        defect="a failed candidate that lingers keeps the next one out",
        where="baseten-operator, which waits while there is a candidate",
        stage=lingering,
        wait=promotes_another,
        outcome="other",
        at=(120, 131),
        behaviour=Behaviour(terminal_promotion_for=0),
    ),
    Row(
        defect="a retry mends the deployment and not its promotion",
        where="truss 2385: settings that leaked, 150,000 dollars",
        stage=lambda fake: set_up(fake, "model", timelines.BUILD_FAILED),
        wait=retries_the_candidate,
        outcome=PromotionFailedError,
        at=(12, 200),
    ),
    Row(
        defect="the source is INACTIVE",
        where="baseten-operator activates it first",
        stage=source("INACTIVE", on_activate=[("DEPLOYING", 60), "ACTIVE"]),
        wait=promoted(),
        outcome="new",
        at=(60, 71),
        behaviour=Behaviour(stale_for=10),
    ),
    Row(
        defect="the source is SCALED_TO_ZERO",
        where="baseten-operator promotes it as it is",
        stage=source("SCALED_TO_ZERO", on_wake=[("WAKING_UP", 200), "ACTIVE"]),
        wait=promoted(),
        outcome="new",
        at=(200, 211),
    ),
    Row(
        defect="the source is still being built",
        where="baseten-operator waits",
        stage=lambda fake: set_up(fake, "model", [("BUILDING", 90), "ACTIVE"]),
        wait=promoted(),
        outcome="new",
        at=(90, 101),
    ),
    Row(
        defect="the source has failed",
        where="baseten-operator retries it first",
        stage=source("BUILD_FAILED"),
        wait=promoted(),
        outcome=PromotionFailedError,
        at=(0, 0),
    ),
    Row(
        defect="the environment is restricted",
        where="the page on restricted environments",
        stage=lambda fake: set_up(fake, "model", restricted=True),
        wait=promoted(),
        outcome=PermissionDeniedError,
        at=(0, 0),
    ),
    Row(
        defect="the deployment is deleted on the way",
        where="the page on deployments",
        stage=in_turn(
            lambda fake: set_up(fake, "model", [("BUILDING", 100), "ACTIVE"]),
            later(30, lambda fake: _production(fake).cancel()),
            later(30, lambda fake: fake.model("owner").deployments["new"].delete()),
        ),
        wait=promoted(),
        outcome=PromotionCanceledError,
        at=(70, 95),
        behaviour=Behaviour(terminal_promotion_for=0),
    ),
    Row(
        defect="the environment is deleted on the way",
        where="since August 2026 that cancels its promotion",
        stage=in_turn(
            lambda fake: set_up(fake, "model", [("BUILDING", 100), "ACTIVE"]),
            later(30, lambda fake: _production(fake).delete()),
        ),
        wait=promoted(),
        outcome=NotFoundError,
        at=(30, 62),
    ),
    Row(
        defect="a promotion makes a new deployment with a new id",
        where="another instance type, or in an environment already, says the page",
        stage=lambda fake: set_up(fake, "model", [("DEPLOYING", 60), "ACTIVE"]),
        wait=promoted(),
        outcome="new-p1",
        at=(60, 71),
        behaviour=Behaviour(deployment_ids="new"),
    ),
    Row(
        defect="promoting what serves already makes another deployment of it",
        where="the page on environments, in a note",
        stage=lambda fake: set_up(fake, "model", candidate_timeline=[("DEPLOYING", 60), "ACTIVE"]),
        wait=lambda baseten, _: _promote_and_wait(baseten, "old"),
        outcome="old-p1",
        at=(60, 71),
    ),
    Row(
        defect="an id is the name of a role: production",
        where="the spec's special routes",
        stage=lambda fake: set_up(fake, "model"),
        wait=lambda baseten, _: baseten.model("owner").deployment("production").wait_until_active(),
        outcome="old",
        at=(0, 0),
    ),
    Row(
        defect="activating what is active already is no change to wait for",
        where="the newest spec: no_op",
        stage=goes_through("ACTIVE"),
        wait=lambda baseten, _: _after(baseten, "activate"),
        outcome="new",
        at=(0, 0),
    ),
    Row(
        defect="the first look after an activate shows INACTIVE",
        where="baseten-operator, which looks again 30 s later",
        stage=lambda fake: fake.model("owner").deployment(
            "new", status="INACTIVE", on_activate=[("DEPLOYING", 60), "ACTIVE"]
        ),
        wait=lambda baseten, _: _after(baseten, "activate"),
        outcome="new",
        at=(60, 71),
        behaviour=Behaviour(stale_for=10),
    ),
]


async def _promote_and_wait(baseten: Baseten, name: str) -> Any:
    return await (await production(baseten, "model").promote(name)).wait()


async def ends_right(row: Row) -> None:
    fake = FakeBaseten(behaviour=row.behaviour)
    row.stage(fake)
    outcome: object
    async with fake.client() as baseten:
        try:
            outcome = (await row.wait(baseten, fake)).id
        except (BasetenError, TimeoutError) as error:
            outcome = type(error)

    assert outcome == row.outcome
    earliest, latest = row.at
    assert earliest - 0.001 <= fake.now <= latest + 0.001


@pytest.mark.parametrize("row", DEFECTS, ids=lambda row: row.defect)
async def test_a_known_defect_of_other_clients_does_not_occur(row: Row) -> None:
    await ends_right(row)


@pytest.mark.parametrize("row", EDGES, ids=lambda row: row.defect)
async def test_an_edge_of_promoting_ends_right(row: Row) -> None:
    await ends_right(row)
