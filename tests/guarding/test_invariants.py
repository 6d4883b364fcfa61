"""Random stories of guarded promotions: whatever happens, the guard keeps its promises.

The idea: hypothesis makes up a `Story`, which is played on a fake in virtual time: how bad d2 is
and from which percentage on, how much traffic there is, how late and how rare metrics are, what
others do and when, which answers are lost, when the process is killed. At the end, the promises are
checked against what the fake knows and has recorded; the end itself is never predicted:

- no step further before every check has passed (but by others, or where pauses were lost),
- no cancel, pause or rollback of somebody else's promotion, also of the same deployment, as far as
  the audit log tells, and no two cancels in flight,
- no window across two percentages,
- no resume without a pause of ours,
- no breach, and no bad deployment that was measured, as a success,
- if nobody else acts, nothing is said of others, and the promotion does not end without the guard,
- an end by the deadline and the time for the traffic to come back,
- one request for metrics in a minute for each deployment, and no more looks than without a guard.

`make test` plays a few, always the same ones. For many, and new ones each time:
``HYPOTHESIS_PROFILE=thorough pytest tests/guarding/test_invariants.py``.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any
from unittest import mock

import httpx
import looptime
import pytest
from attrs import evolve, field, frozen
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aiobaseten import Baseten, Guard, GuardReport, error_rate, latency
from aiobaseten.errors import BasetenError, GuardBreachedError, GuardError, WaitTimeoutError
from aiobaseten.testing import Behaviour, FakeBaseten, FakeEnvironment, FakePromotion
from aiobaseten.testing._http.replicas import Replicas

from .rollout import (
    AUDIT_LOG,
    CANCEL,
    ENVIRONMENT,
    METRICS,
    PAUSE,
    PROMOTE,
    RESUME,
    assert_metrics_are_a_minute_apart,
    lag_of_looks,
    sent,
)

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
#: ``STORIES=1000`` plays so many new ones.
STORIES_PLAYED = int(os.environ.get("STORIES", "10000" if THOROUGH else "200"))
FORCE_CANCEL = CANCEL.replace("/cancel", "/force_cancel")
#: When the promotion is asked for. It begins a minute later if a late server refuses the metrics.
BEGIN = 30.0
#: What others may do that moves the promotion on, so that no pass is needed.
MOVES = {"resume", "force_roll_forward"}
TIMES = st.integers(0, 900)


@frozen(kw_only=True)
class Story:
    """A guarded promotion of d2, and everything around it.

    Attributes:
        behaviour: The answers of this Baseten to open questions.
        ramp: The steps; one means one replica.
        error_share: Of the requests to d2.
        bad_from: From which percentage on.
        rate: Requests in a second.
        quiet_from: When the traffic stops, if it does.
        guard: Settings of the guard.
        actions: What others do, with their seconds.
        faults: What breaks: the route, the fault and its options, with their seconds.
        killed_at: When the process is killed and another one goes on, if it is.
        away: Seconds until that one begins to look.
        lag: Seconds by which all servers lag behind, but not the audit log; if 0, they behave.
        gusts: Times in which servers are a minute behind: from when, for how many seconds, and
            whether all of them are, or each second look.
        earlier: What ended shortly before: a promotion of d3, which was cancelled or served.
        timeout: Of the wait.
    """

    behaviour: Behaviour
    ramp: list[tuple[int, int]] | None
    error_share: float
    bad_from: int
    rate: float
    quiet_from: int | None
    guard: dict[str, Any]
    actions: list[tuple[int, str]]
    faults: list[tuple[int, str, str, dict[str, Any]]]
    killed_at: int | None
    timeout: int
    away: int = 60
    lag: int = 0
    gusts: list[tuple[int, int, bool]] = field(factory=list)
    earlier: str | None = None

    @property
    def may_lag(self) -> bool:
        """Whether looks may be much older than a few seconds."""
        return bool(self.lag or self.gusts)

    @property
    def is_alone(self) -> bool:
        """Whether nobody else acts, nothing breaks, and one process guards."""
        return not (self.actions or self.faults or self.killed_at is not None)

    @property
    def has_log(self) -> bool:
        """Whether the audit log can always be read."""
        hangs = any(route == AUDIT_LOG for _, route, _, _ in self.faults)
        return self.behaviour.audit_log == "readable" and not hangs

    @property
    def is_moved_by_others(self) -> bool:
        """Whether somebody else, a lost pause or blindness may move it on."""
        blind = any(route != METRICS for _, route, _, _ in self.faults)
        return (
            blind
            or self.may_lag
            or any(name in MOVES for _, name in self.actions)
            or not self.behaviour.signals_succeed
            or self.behaviour.promotion_override == "ignored"
        )


BEHAVIOURS = st.builds(
    Behaviour,
    metrics_lag=st.sampled_from([0.0, 25.0, 25.0, 90.0]),
    metrics_per_minute=st.sampled_from([float("inf"), float("inf"), 2, 1]),
    metrics_without_requests=st.sampled_from(["zero", "null", "absent"]),
    metrics_statuses=st.sampled_from(["code", "class"]),
    terminal_promotion_for=st.sampled_from([float("inf"), 0.0, 5.0]),
    canceled_candidate=st.sampled_from(["null", "lingers"]),
    deployment_ids=st.sampled_from(["documented", "same", "new"]),
    replica_lags=st.sampled_from([(0.0,), (0.0,), (0.0, 8.0)]),
    stale_for=st.sampled_from([0.0, 3.0]),
    pointer_lag=st.sampled_from([0.0, 8.0]),
    cancel_seen_after=st.sampled_from([0.0, 0.0, 5.0]),
    roll_back=st.sampled_from(["step by step", "at once"]),
    signals_succeed=st.sampled_from([True, True, True, False]),
    promotion_override=st.sampled_from(["honoured", "honoured", "honoured", "ignored"]),
    audit_log=st.sampled_from(["readable", "readable", "forbidden"]),
)
FAULTS = st.sampled_from(
    [
        (METRICS, "rate_limited", {"retry_after": 7, "times": 3}),
        (METRICS, "status", {"status": 503, "times": 4}),
        (METRICS, "hang", {}),
        (METRICS, "delay", {"seconds": 15, "times": 2}),
        (METRICS, "garbage", {"times": 3}),
        (CANCEL, "reset", {"acts": True}),
        (CANCEL, "reset", {"acts": False}),
        (CANCEL, "status", {"status": 502, "acts": True}),
        (PAUSE, "reset", {"acts": True}),
        (PAUSE, "reset", {"acts": False}),
        (RESUME, "reset", {"acts": True}),
        (RESUME, "reset", {"acts": False}),
        (ENVIRONMENT, "status", {"status": 503, "times": 4}),
        (ENVIRONMENT, "reset", {"times": 2}),
        (AUDIT_LOG, "hang", {"times": None}),
    ]
)
ACTIONS = st.sampled_from(
    [
        "pause",
        "resume",
        "resume",
        "cancel",
        "force_cancel",
        "force_roll_forward",
        "replace",
        "again",
        "undo",
    ]
)
STORIES = st.builds(
    Story,
    behaviour=BEHAVIOURS,
    ramp=st.sampled_from([None, [(25, 30), (75, 30)], [(50, 30)]]),
    error_share=st.sampled_from([0.0, 0.08, 0.08, 1.0]),
    bad_from=st.sampled_from([1, 50, 75, 100]),
    rate=st.sampled_from([10, 10, 10, 4, 0.1, 0]),
    quiet_from=st.none() | TIMES,
    guard=st.fixed_dictionaries(
        {
            "on_breach": st.sampled_from(["cancel", "cancel", "force_cancel", "pause", "report"]),
            "on_unavailable": st.sampled_from(["pause", "cancel", "proceed"]),
            "breaches": st.sampled_from([1, 1, 2]),
            "unavailable": st.sampled_from([1, 3]),
            "min_requests": st.sampled_from([100, 100, 1, 0]),
            "bake": st.sampled_from([0, 0, 150]),
        }
    ),
    actions=st.lists(st.tuples(TIMES, ACTIONS), max_size=3),
    faults=st.lists(st.builds(lambda at, fault: (at, *fault), TIMES, FAULTS), max_size=3),
    killed_at=st.none() | TIMES,
    away=st.sampled_from([60, 60, 400]),
    lag=st.sampled_from([0, 0, 0, 40]),
    gusts=st.lists(
        st.tuples(st.integers(0, 300), st.sampled_from([8, 15, 25, 50]), st.booleans()), max_size=3
    ),
    earlier=st.sampled_from([None, None, "cancelled", "served"]),
    timeout=st.sampled_from([100, 1500, 1500]),
)


def act(environment: FakeEnvironment, name: str) -> Callable[[], None]:
    """The action of somebody else; a refusal is ignored."""

    def do() -> None:
        promoted = {"replace": "d3", "again": "d2", "undo": "d1"}.get(name)
        if promoted is not None:
            with suppress(ValueError):
                environment.force_cancel()
            with suppress(ValueError):
                environment.promote(promoted, override={"ramp": [(25, 300)]})
            return
        with suppress(ValueError):
            getattr(environment, name)()

    return do


class ShortWay(httpx.AsyncClient):
    """Sends without cookies, redirects and hooks: they cost much, and change nothing here."""

    def __init__(self, way: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport=way)
        self._way = way

    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        return await self._way.handle_async_request(request)


def given_guard(story: Story) -> Guard:
    dry = story.guard["on_breach"] == "report"
    return Guard(
        error_rate(at_most=0.02),
        latency("p95", at_most=5),
        window=60,
        lag=60 if story.gusts else max(30, story.lag),
        warmup=10,
        cancel_timeout=600,
        hold="pause"
        if story.timeout == 1500 and not dry and story.bad_from == 50
        else "stabilization",
        **story.guard,
    )


async def play(story: Story) -> None:
    """Play a story, and check the promises."""
    fake = FakeBaseten(behaviour=story.behaviour)
    if not story.may_lag:
        return await play_on(story, fake)
    with mock.patch.object(Replicas, "lag", lag_of_looks(lag_of(story, fake))):
        return await play_on(story, fake)


def lag_of(story: Story, fake: FakeBaseten) -> Callable[[], float]:
    """By how many seconds the server is behind that answers the next look."""
    looks = itertools.count()

    def lag() -> float:
        at = fake.now - BEGIN
        gusts = [is_all for start, lasts, is_all in story.gusts if start <= at < start + lasts]
        if any(gusts) or (gusts and next(looks) % 2):
            return 60.0
        return story.lag if at >= 0 else 0.0

    return lag


async def play_earlier(story: Story, environment: FakeEnvironment) -> None:
    """What somebody else did shortly before."""
    if story.earlier is not None:
        environment.promote("d3", override={"ramp": [(25, 300)]})
        await asyncio.sleep(10)
        end = "force_cancel" if story.earlier == "cancelled" else "force_roll_forward"
        act(environment, end)()
    await asyncio.sleep(BEGIN - asyncio.get_running_loop().time())


async def play_on(story: Story, fake: FakeBaseten) -> None:
    """Play a story on a fake."""
    model = fake.model("m1")
    for name in ("d1", "d2", "d3"):
        model.deployment(name, replicas=8)
    environment = model.environment(
        "production",
        current="d1",
        ramp=story.ramp or [(99, 0.5)],
        autoscaling={"max_replica": 8},
    )
    environment.receives(requests_per_second=story.rate)
    model.deployment("d2").answers(error_share=story.error_share, from_percent=story.bad_from)
    if story.quiet_from is not None:
        fake.at(story.quiet_from, lambda: environment.receives(requests_per_second=0))
    await play_earlier(story, environment)
    http = ShortWay(fake.transport())
    async with fake.client(polling_rate=1000, poll=lambda *_: 10.0, http_client=http) as baseten:
        handle = baseten.model("m1").environment("production")
        promotion = await handle.promote("d2", guard=given_guard(story), if_in_progress="send")
        assert environment.promotion is not None
        ours, began = environment.promotion, fake.now
        for at, name in story.actions:
            fake.at(began + at + 1, act(environment, name))
        for at, route, fault, options in story.faults:
            fake.at(began + at + 1, partial(add, fake, route, fault, options))
        error, report, reports = await follow(story, fake, baseten, promotion)
        ended = fake.now
    check(story, fake, environment, ours, error, reports, began, ended)
    assert report == reports[-1]


def add(fake: FakeBaseten, route: str, fault: str, options: dict[str, Any]) -> None:
    getattr(fake.faults, fault)(route=route, **options)


async def follow(
    story: Story, fake: FakeBaseten, baseten: Baseten, promotion: Any
) -> tuple[BasetenError | None, GuardReport, list[GuardReport]]:
    """Wait until the end; on the way, the process may be killed."""
    reports: list[GuardReport] = []
    if story.killed_at is not None:
        waiting = asyncio.create_task(promotion.wait(timeout=None))
        done, _ = await asyncio.wait([waiting], timeout=story.killed_at)
        reports.append(promotion.report)
        if done:
            error = waiting.exception()
            assert error is None or isinstance(error, BasetenError)
            return error, promotion.report, reports
        waiting.cancel()
        with suppress(asyncio.CancelledError, BasetenError):
            await waiting
        reports[-1] = promotion.report
        # The metrics may have been asked for a moment ago, by the process that was killed.
        await asyncio.sleep(story.away)
        promotion = await baseten.resume(promotion.token, guard=given_guard(story), look=False)
    try:
        await promotion.wait(timeout=story.timeout)
    except BasetenError as failure:
        return failure, promotion.report, [*reports, promotion.report]
    return None, promotion.report, [*reports, promotion.report]


def check(
    story: Story,
    fake: FakeBaseten,
    environment: FakeEnvironment,
    ours: FakePromotion,
    error: BasetenError | None,
    reports: list[GuardReport],
    began: float,
    ended: float,
) -> None:
    """The promises."""
    latest: float = (
        0 if story.killed_at is None else story.killed_at + 1 + story.away
    ) + story.timeout
    latest += began + 600 + 60
    assert ended <= latest or story.killed_at is not None, "no end by the deadline"
    assert_metrics_are_a_minute_apart(fake)
    assert len(sent(fake, ENVIRONMENT)) < 100 + ended / 1.5, "a guard that looks all the time"
    same = [one for one in environment.promotions if one.candidate is ours.candidate]
    check_windows(ours, same, reports)
    check_cancels(story, fake)
    check_ours(story, fake, environment, ours)
    resumes, pauses = sent(fake, RESUME), sent(fake, PAUSE)
    assert not resumes or (pauses and pauses[0] < resumes[0]), "a resume without a pause of ours"
    if story.guard["on_breach"] == "report":
        assert sum(one.method != "GET" for one in fake.requests) == 1, "a dry run acts"
        return
    if error is None:
        check_success(story, environment, ours, reports)
    elif story.is_alone and not isinstance(error, WaitTimeoutError):
        assert isinstance(error, GuardError), f"nobody else has acted: {error}"
    if story.is_alone:
        assert [one for report in reports for one in report.overridden] == [], "nobody has acted"
    if error is not None and "cancel" in reports[-1].actions and error.__cause__ is None:
        assert not isinstance(error, GuardError) or ours.ended is not None, "it is not back yet"
    if isinstance(error, GuardBreachedError):
        assert story.error_share > 0, "a breach of a good deployment"
    if not story.is_moved_by_others:
        check_steps(story, ours, reports, began, ended)


def check_windows(
    ours: FakePromotion, same: list[FakePromotion], reports: list[GuardReport]
) -> None:
    began = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    changes = [
        later.at
        for earlier, later in itertools.pairwise(ours.history)
        if earlier.percent != later.percent
    ]
    if len(same) > 1:  # 25, 0 and 25 % may fall between two looks
        changes = [at for at in changes if at != ours.ended]
    for verdict in (v for report in reports for step in report.steps for v in step.verdicts):
        assert verdict.window is not None
        start, end = ((one - began).total_seconds() for one in verdict.window)
        crossed = [at for at in changes if start < at < end]
        assert crossed == [], f"a window across {crossed}: {verdict}"


def check_cancels(story: Story, fake: FakeBaseten) -> None:
    graceful, forced = sent(fake, CANCEL), sent(fake, FORCE_CANCEL)
    lost = sum(route == CANCEL for _, route, _, _ in story.faults)
    # Late looks may show it running for as long as Baseten refuses.
    assert len(graceful) <= 1 + lost or story.may_lag, (
        "more cancels than one, of which none was lost"
    )
    assert len(forced) <= 1 or story.may_lag, "more than one forced cancel"
    for earlier, later in itertools.pairwise(graceful):
        assert later - earlier >= 5, "two cancels in flight"


def lost(one: FakePromotion, at: float) -> bool:
    """Whether a promotion has ended without success, long enough before to be seen."""
    return one.status != "SUCCEEDED" and one.ended is not None and one.ended < at - 60


def check_ours(
    story: Story, fake: FakeBaseten, environment: FakeEnvironment, ours: FakePromotion
) -> None:
    """Whatever the guard has sent was about its own promotion, as far as it could know."""
    rollbacks = sent(fake, PROMOTE)[1:]
    served = story.earlier == "served"
    before = environment.promotions[0].candidate.id if served else "d1"
    for at in sorted(
        [*sent(fake, CANCEL), *sent(fake, FORCE_CANCEL), *sent(fake, PAUSE), *rollbacks]
    ):
        # A rollback itself begins at that time.
        newest = [one for one in environment.promotions if one.started < at and not lost(one, at)][
            -1
        ]
        if newest is ours:
            continue
        is_alike = newest.candidate is ours.candidate
        unseen = 60 if not story.has_log else 10 if is_alike else 0
        if (is_alike and not story.has_log) or at - newest.started < unseen:
            continue
        if is_alike and newest.started - ours.started < 10:
            continue  # the clocks of the log and of the answers may differ by so much
        if at in rollbacks and newest.candidate.id == before:
            continue  # somebody else rolls back, too, and Baseten refuses the second one
        raise AssertionError(f"acted on somebody else's promotion at {at}")


def check_success(
    story: Story, environment: FakeEnvironment, ours: FakePromotion, reports: list[GuardReport]
) -> None:
    # The same deployment, perhaps by another promotion.
    same = [one for one in environment.promotions if one.candidate is ours.candidate]
    assert "SUCCEEDED" in [one.status for one in same], "a success that was none"
    last = reports[-1]
    proceeds = story.guard["on_unavailable"] == "proceed"
    assert last.steps, "a success without a step"
    measured = [step for step in last.steps if step.measurements]
    assert measured, "a success without a measurement"
    allowed = ("pass", "unavailable") if proceeds else ("pass",)
    assert measured[-1].outcome in allowed, "a success after a step that has not passed"
    # A step that could not be paused may have had one breach of two, and the next one passed.
    if story.guard["on_breach"] != "pause" and story.guard["breaches"] == 1:
        assert not last.breached, "a breach as a success"


def check_steps(
    story: Story, ours: FakePromotion, reports: list[GuardReport], began: float, ended: float
) -> None:
    """No step further, while the guard was there, without a pass at the step before."""
    killed = story.killed_at
    allowed = {"pass", "unavailable"} if story.guard["on_unavailable"] == "proceed" else {"pass"}
    for earlier, later in zip(ours.history, ours.history[1:], strict=False):
        was_away = later.at > ended or (killed is not None and later.at > began + killed)
        if later.percent <= earlier.percent or not 0 < earlier.percent < 100 or was_away:
            continue
        outcomes = {
            step.outcome for one in reports for step in one.steps if step.percent == earlier.percent
        }
        assert outcomes & allowed, f"{later.percent} % before {earlier.percent} % has passed"


#: A promotion that succeeds right before the cancel, which a server that lags behind hides.
TOO_LATE = Story(
    behaviour=Behaviour(metrics_lag=0.0, replica_lags=(0.0, 8.0), signals_succeed=False),
    ramp=[(50, 30)],
    error_share=0.0,
    bad_from=1,
    rate=0.1,
    quiet_from=None,
    guard={
        "on_breach": "cancel",
        "on_unavailable": "cancel",
        "breaches": 1,
        "unavailable": 3,
        "min_requests": 100,
        "bake": 0,
    },
    actions=[],
    faults=[],
    killed_at=None,
    timeout=1500,
)


#: Somebody promotes the same deployment again, which is still bad.
AGAIN = evolve(
    TOO_LATE,
    behaviour=Behaviour(metrics_lag=0.0, deployment_ids="same"),
    error_share=0.08,
    rate=10,
    actions=[(20, "again")],
)


#: A server that lags behind does not know the deployment that serves, and refuses its metrics.
REFUSED = evolve(
    TOO_LATE,
    behaviour=Behaviour(metrics_lag=0.0, deployment_ids="new"),
    gusts=[(0, 8, False)],
    earlier="served",
    timeout=100,
)


#: Before the guard pauses, one look shows what served a minute ago: that is nobody's promotion.
OUT_OF_DATE = evolve(
    REFUSED,
    error_share=0.0,
    rate=10,
    behaviour=Behaviour(metrics_lag=0.0),
    gusts=[(0, 15, False)],
    guard={**TOO_LATE.guard, "on_unavailable": "pause", "unavailable": 1},
)


@pytest.mark.timeout(0 if STORIES_PLAYED > 200 else 180)
@settings(
    max_examples=STORIES_PLAYED,
    derandomize=STORIES_PLAYED <= 200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(story=STORIES)
@example(story=TOO_LATE)
@example(story=AGAIN)
@example(story=REFUSED)
@example(story=OUT_OF_DATE)
def test_the_guard_keeps_its_promises(story: Story) -> None:
    with asyncio.Runner(loop_factory=partial(looptime.new_event_loop, noop_cycles=1)) as runner:
        runner.run(play(story))
