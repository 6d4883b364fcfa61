"""Whatever Baseten does and whatever goes wrong on the way, a wait never tells what is not so.

Each example is a story: a promotion of "new", what its deployment goes through, what others do to
it meanwhile, what breaks on the way, and how this Baseten does what is not documented. Several wait
for it. How each of them ends is then held against what the fake knows to have been so.

A few stories are told in each run of the tests, always the same ones. For many, and new ones each
time: ``HYPOTHESIS_PROFILE=thorough pytest tests/waits/test_never_wrong.py``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import looptime
import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from story import Kind, Told, deployment, listen, production

from aiobaseten import Baseten
from aiobaseten._status import DEPLOYMENT_PHASES, Phase
from aiobaseten.errors import (
    BasetenError,
    DeploymentFailedError,
    NotFoundError,
    PromotionCanceledError,
    PromotionFailedError,
    PromotionPausedError,
    PromotionSupersededError,
    Seen,
    WaitError,
    WaitTimeoutError,
)
from aiobaseten.events import StatusChanged
from aiobaseten.testing import (
    Behaviour,
    FakeBaseten,
    FakeDeployment,
    FakeEnvironment,
    FakePromotion,
)

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"

T = TypeVar("T")

#: No request of these stories takes longer until it is answered, and no look than two of them.
SLOWEST_REQUEST = 7.0
SLOWEST_LOOK = 2 * SLOWEST_REQUEST + 1
#: The longest time between two looks that are answered, where nothing goes wrong.
LONGEST_PAUSE = 16.0
#: How finely what was so is compared with what was seen.
GRAIN = 0.5
EPSILON = 0.01

HOPELESS = {
    status for status, phase in DEPLOYMENT_PHASES.items() if phase in (Phase.FAILED, Phase.STOPPED)
}


# What may happen

SECONDS = st.sampled_from([1, 3, 8, 20, 50])
ON_THE_WAY = [
    *("BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP", "SCALED_TO_ZERO"),
    *("UNHEALTHY", "HIBERNATING"),
]
STATUSES = st.sampled_from([*ON_THE_WAY, *ON_THE_WAY, "ACTIVE", "ACTIVE", *sorted(HOPELESS)])
ENDS = st.sampled_from(
    [*("ACTIVE",) * 12, "SCALED_TO_ZERO", "SCALED_TO_ZERO", "UNHEALTHY", *sorted(HOPELESS)]
)
TIMELINES = st.builds(
    lambda steps, last: (*steps, last),
    st.lists(st.tuples(STATUSES, SECONDS), max_size=3),
    ENDS,
)
BEHAVIOURS = st.builds(
    Behaviour,
    terminal_promotion_for=st.sampled_from([float("inf"), 0.0, 5.0]),
    failed_candidate=st.sampled_from(["lingers", "null"]),
    canceled_candidate=st.sampled_from(["null", "lingers"]),
    failure_noticed_after=st.sampled_from([0.0, 30.0, float("inf")]),
    chain_promotion=st.sampled_from(["shown", "null", "absent"]),
    chain_environment_list=st.sampled_from(["chain", "model"]),
    chain_status=st.sampled_from(["worst", "best", "first"]),
    deployment_ids=st.sampled_from(["documented", "new", "same"]),
    stale_for=st.sampled_from([0.0, 3.0, 10.0]),
    hidden_for=st.sampled_from([0.0, 5.0]),
    roll_forward=st.sampled_from(["at once", "next step"]),
)
FAULTS = st.sampled_from(
    [
        ("status", {"status": 503, "times": 2}),
        ("status", {"status": 500, "lasting": 40}),
        ("rate_limited", {"retry_after": 7}),
        ("html", {"status": 502, "times": 3}),
        ("html", {"status": 200}),
        ("empty", {}),
        ("garbage", {"times": 2}),
        ("reset", {"times": 2}),
        ("refuse", {"times": 4}),
        ("cut", {}),
        ("hang", {}),
        ("delay", {"seconds": SLOWEST_REQUEST, "times": 3}),
    ]
)
DEEDS = st.sampled_from(
    [
        *("cancel", "force_cancel", "pause", "resume", "force_roll_forward"),
        *("promote other", "promote new", "promote old", "replace", "delete"),
        *("fail", "switch off", "fall ill", "fall asleep", "recover"),
    ]
)
TIMES = st.integers(0, 120)


@frozen(kw_only=True)
class Options:
    """What those who wait ask for."""

    timeout: float
    accept_scaled_to_zero: bool
    on_paused: str
    settling_time: float
    unhealthy_grace: float


@frozen(kw_only=True)
class Story:
    """All that happens."""

    kind: Kind
    behaviour: Behaviour
    before: str | None
    first: str
    plan: Any
    environment: dict[str, Any]
    earlier: str | None
    deeds: list[tuple[int, str]]
    faults: list[tuple[int, tuple[str, dict[str, Any]]]]
    options: Options
    leaves_at: int
    dawdles: int


def plans(kind: Kind) -> st.SearchStrategy[Any]:
    if kind == "model":
        return TIMELINES
    each = st.dictionaries(st.sampled_from(["One", "Two"]), TIMELINES, min_size=2)
    return each | TIMELINES


def environments(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    options: dict[str, st.SearchStrategy[Any]] = {
        "traffic_delay": st.sampled_from([None, 0, 20]),
        "moves_on": st.sampled_from([("ACTIVE",), ("ACTIVE", "SCALED_TO_ZERO")]),
        "cleanup": st.sampled_from(["SCALE_TO_ZERO", "DEACTIVATE", "KEEP"]),
    }
    if kind == "model":
        options["ramp"] = st.sampled_from([None, [(50, 20)], [(25, 30), (75, 60)]])
    return st.fixed_dictionaries(options)


def stories(kind: Kind) -> st.SearchStrategy[Story]:
    """Stories of a model, or of a chain."""
    return st.builds(
        Story,
        kind=st.just(kind),
        behaviour=BEHAVIOURS,
        before=st.sampled_from(["ACTIVE", None]),
        first=st.sampled_from(["ACTIVE", "ACTIVE", "SCALED_TO_ZERO", "INACTIVE", "BUILD_FAILED"]),
        plan=plans(kind),
        environment=environments(kind),
        earlier=st.sampled_from([None, None, "fails", "is cancelled", "succeeds"]),
        deeds=st.lists(st.tuples(TIMES, DEEDS), max_size=4),
        faults=st.lists(st.tuples(TIMES, FAULTS), max_size=3),
        options=st.builds(
            Options,
            timeout=st.sampled_from([0, 30, 200, 400, 400]),
            accept_scaled_to_zero=st.booleans(),
            on_paused=st.sampled_from(["wait", "raise"]),
            settling_time=st.sampled_from([0, 30, 120, 120]),
            unhealthy_grace=st.sampled_from([20, 60, 300]),
        ),
        leaves_at=st.integers(0, 100),
        dawdles=st.sampled_from([0, 5, 40]),
    )


# What was so


@frozen(kw_only=True)
class Truth:
    """What the fake knows. Times are the fake's; *began* is when the waits did."""

    story: Story
    environment: FakeEnvironment
    target: FakeDeployment
    before: str | None
    ours: FakePromotion
    began: float

    @property
    def slack(self) -> float:
        """How old what was seen may be."""
        return self.story.behaviour.stale_for + SLOWEST_LOOK + EPSILON

    def parts(self, at: float) -> list[str]:
        """The statuses of the deployment, its own first."""
        return [self.target.seen_at(at), *self.target.chainlets_seen_at(at).values()]

    def current(self, at: float) -> str | None:
        """Whose the traffic was."""
        moved = [
            one
            for one in self.environment.promotions
            if one.status == "SUCCEEDED" and one.ended is not None and one.ended <= at
        ]
        return moved[-1].candidate.id if moved else self.before

    def candidate(self, at: float) -> str | None:
        """Who was being promoted, or had been last."""
        begun = [one for one in self.environment.promotions if one.started <= at]
        return begun[-1].candidate.id if begun else None

    def promotion(self, at: float) -> str | None:
        """What the newest promotion was."""
        begun = [one for one in self.environment.promotions if one.started <= at]
        return self.state(begun[-1], at) if begun else None

    def lately_promoted(self, at: float) -> set[str | None]:
        """What any promotion was when the look was made whose answer came at *at*."""
        since = at - self.slack
        changes = (reading for one in self.environment.promotions for reading in one.history)
        entered = {reading.status for reading in changes if since <= reading.at <= at}
        return {self.promotion(since), *entered}

    def state(self, promotion: FakePromotion, at: float) -> str | None:
        """What a promotion was."""
        past = [reading.status for reading in promotion.history if reading.at <= at]
        return past[-1] if past else None

    def of_target(self) -> list[FakePromotion]:
        """The promotions of the deployment, from ours on."""
        return [
            one
            for one in self.environment.promotions
            if one.candidate is self.target and one.started >= self.ours.started
        ]

    def ready(self, at: float) -> bool:
        """Whether the deployment was what was waited for."""
        will_do = {"ACTIVE", *(["SCALED_TO_ZERO"] * self.story.options.accept_scaled_to_zero)}
        return will_do.issuperset(self.parts(at))

    def served(self, at: float) -> bool:
        """Whether it was, and had the traffic."""
        return self.current(at) == self.target.id and self.ready(at)

    def hopeless(self, at: float) -> bool:
        """Whether any part had failed or was stopped."""
        return not HOPELESS.isdisjoint(self.parts(at))

    def ill(self, at: float) -> bool:
        """Whether any part was UNHEALTHY."""
        return "UNHEALTHY" in self.parts(at)

    def ever(self, so: Callable[[float], bool], since: float, until: float) -> bool:
        """Whether it was so at any time."""
        return any(so(at) for at in moments(since, until))

    def always(self, so: Callable[[float], bool], since: float, until: float) -> bool:
        """Whether it was so all the time."""
        return all(so(at) for at in moments(since, until))

    def lately(self, so: Callable[[float], bool], at: float) -> bool:
        """Whether it was so when the look was made whose answer came at *at*."""
        return self.ever(so, max(at - self.slack, 0.0), at)


def moments(since: float, until: float) -> Iterator[float]:
    at = since
    while at < until:
        yield at
        at += GRAIN
    yield until


# How each wait may end


def check_promotion(truth: Truth, told: Told) -> None:
    """The end of a wait on a promotion is what was so."""
    error, at = told.error, truth.began + told.at
    options, behaviour = truth.story.options, truth.story.behaviour
    if error is None:
        assert truth.lately(truth.served, at), "success, and it did not serve"
        return
    assert isinstance(error, WaitError)
    assert not isinstance(error, DeploymentFailedError)
    check_history(truth, error.history)
    check_events(told, error.history)
    ends = {one.status for one in truth.of_target() if one.ended is not None and one.ended <= at}
    if isinstance(error, PromotionFailedError):
        since = truth.began - SLOWEST_LOOK if options.settling_time == 0 else truth.began
        assert (
            "FAILED" in ends
            or truth.ever(truth.hopeless, max(since, 0.0), at)
            or was_ill(truth, at)
        ), "failure, and nothing had failed"
    elif isinstance(error, PromotionCanceledError):
        # A failure, or a success that was taken back, of which nothing can be seen.
        hidden = behaviour.terminal_promotion_for <= 5 or truth.story.kind == "chain"
        was_over = "CANCELED" in ends or (hidden and ends)
        assert was_over, "cancelled, and nobody had cancelled it"
        assert truth.lately(lambda then: truth.current(then) != truth.target.id, at)
    elif isinstance(error, PromotionSupersededError):
        assert ends, "superseded, and it was still under way"
        assert error.by != truth.target.id
        assert truth.lately(
            lambda then: error.by in (truth.current(then), truth.candidate(then)), at
        )
        assert truth.lately(lambda then: truth.current(then) != truth.target.id, at)
    elif isinstance(error, PromotionPausedError):
        assert options.on_paused == "raise"
        assert truth.lately(lambda then: truth.promotion(then) == "PAUSED", at)
    else:
        check_timeout(truth, error, truth.served)


def check_deployment(truth: Truth, told: Told) -> None:
    """The end of a wait on the deployment alone is what was so."""
    error, at = told.error, truth.began + told.at
    if error is None:
        assert truth.lately(truth.ready, at), "success, and it was not ready"
        return
    if isinstance(error, NotFoundError):
        assert truth.story.behaviour.hidden_for or "delete" in dict.fromkeys(
            deed for _, deed in truth.story.deeds
        )
        return
    assert isinstance(error, WaitError)
    check_history(truth, error.history)
    check_events(told, error.history)
    if isinstance(error, DeploymentFailedError):
        assert truth.ever(truth.hopeless, max(truth.began - truth.slack, 0), at) or was_ill(
            truth, at
        ), "failure, and nothing had failed"
    else:
        check_timeout(truth, error, truth.ready)


def was_ill(truth: Truth, at: float) -> bool:
    """Whether it had been UNHEALTHY for as long as the caller allowed, as far as one can see."""
    grace = truth.story.options.unhealthy_grace
    return truth.lately(truth.ill, at) and truth.ever(
        truth.ill, max(at - grace - truth.slack - LONGEST_PAUSE, 0.0), max(at - grace, 0.0)
    )


def check_timeout(truth: Truth, error: WaitError, so: Callable[[float], bool]) -> None:
    """A wait runs out at its deadline, and only if what it waits for was not there to be seen."""
    assert isinstance(error, WaitTimeoutError)
    assert error.evidence is not None
    timeout = truth.story.options.timeout
    assert timeout - EPSILON <= error.evidence.waited <= timeout + 10 + EPSILON
    deadline = truth.began + timeout
    is_quiet = all(
        truth.began + at > deadline + 10 or truth.began + at < deadline - 150
        for at, _ in truth.story.faults
    )
    since = deadline - LONGEST_PAUSE - truth.slack
    if is_quiet and since > truth.began:
        plain = all("SCALED_TO_ZERO" not in truth.parts(at) for at in moments(since, deadline))
        under_way = any(
            one.ended is None or one.ended > since
            for one in truth.environment.promotions
            if one.started <= deadline
        )
        assert under_way or not plain or not truth.always(so, since, deadline), "late"


def check_history(truth: Truth, history: tuple[Seen, ...]) -> None:
    """What was seen of the deployment was so, when it was seen first and when last."""
    for seen in history:
        if seen.subject == "promotion":
            assert seen.status in truth.lately_promoted(truth.began + seen.since)
            continue
        for at in (truth.began + seen.since, truth.began + seen.since + seen.seconds):
            assert truth.ever(
                lambda then, seen=seen: seen.status == status_of(truth, seen, then),  # type: ignore[misc]
                max(at - SLOWEST_LOOK, 0.0),
                at,
            ), seen


def status_of(truth: Truth, seen: Seen, at: float) -> str:
    if seen.subject == "deployment":
        return truth.target.seen_at(at)
    return truth.target.chainlets_seen_at(at)[seen.name]


def check_events(told: Told, history: tuple[Seen, ...]) -> None:
    """The events say what the history does."""
    changes = told.of(StatusChanged)
    assert sorted((event.at, event.subject, event.name, event.status) for event in changes) == (
        sorted((seen.since, seen.subject, seen.name, seen.status) for seen in history)
    )


# The telling


def arrange(fake: FakeBaseten, story: Story) -> FakeEnvironment:
    """Everything that is there before anybody promotes."""
    owner: Any = fake.model("owner") if story.kind == "model" else fake.chain("owner")
    chainlets = {} if story.kind == "model" else {"chainlets": ["One", "Two"]}
    owner.deployment("new", status=story.first, on_promote=story.plan, **chainlets)
    owner.deployment("other", on_promote=[("BUILDING", 20), "ACTIVE"], **chainlets)
    owner.deployment("earlier", on_promote=[("BUILDING", 5), "ACTIVE"], **chainlets)
    if story.before:
        owner.deployment("old", status=story.before, **chainlets)
    options = {name: value for name, value in story.environment.items() if value is not None}
    environment: FakeEnvironment = owner.environment(
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
    dawdling = asyncio.create_task(
        listen(promotion.events(**both, **only_promotion), story.dawdles)
    )
    alone = asyncio.create_task(listen(target.events(**both)))
    asyncio.get_running_loop().call_later(story.leaves_at, leaving.cancel)

    await asyncio.wait([listening, dawdling, alone, waiting])
    leaving.cancel()
    waited: Any = (await asyncio.gather(waiting, leaving, return_exceptions=True))[0]
    told, told_late, told_alone = await listening, await dawdling, await alone
    assert max(told.at, told_alone.at) <= asked.timeout + 10 + EPSILON, "later than the deadline"
    assert type(waited) is type(told.error or told.result), "two waits on the same, two ends"
    # Why something is missing is asked when whoever listens has time: then more may differ.
    may_be_missing = story.deeds or story.behaviour.stale_for
    if not may_be_missing and story.behaviour.failed_candidate == "lingers":
        assert changes(told_late) == changes(told), "who is slow to listen hears something else"
    check_promotion(truth, told)
    check_deployment(truth, told_alone)


def changes(told: Told) -> list[str]:
    return [str(event) for event in told.of(StatusChanged)]


@pytest.mark.timeout(0 if THOROUGH else 60)
@settings(
    max_examples=200_000 if THOROUGH else 100,
    derandomize=not THOROUGH,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(story=stories("model") | stories("chain"))
def test_no_wait_tells_what_is_not_so(story: Story) -> None:
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        runner.run(tell(story))
