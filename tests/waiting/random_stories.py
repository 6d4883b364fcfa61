"""Random stories about a promotion, for hypothesis. test_never_wrong.py explains the idea.

A `Story` is data. Its strategies prefer stories in which something is promoted successfully: a
story that fails at once would test little.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from aiobaseten._status import DEPLOYMENT_STATUSES, Phase
from aiobaseten._waiting.doubt import MISSING_GRACE_S
from aiobaseten.testing import Behaviour

from ..story import Kind

#: Seconds that the slowest response of these stories takes.
SLOWEST_REQUEST = 7.0
#: Statuses that a deployment does not leave by itself.
HOPELESS = {
    status
    for status, meaning in DEPLOYMENT_STATUSES.items()
    if meaning.phase in (Phase.FAILED, Phase.STOPPED)
}

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
#: Each answer is drawn by itself, so that every pair of answers comes up.
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
    replica_lags=st.sampled_from([(0.0,), (0.0, 8.0), (8.0, 0.0), (0.0, 2.0, 8.0), (8.0,)]),
    replica_order=st.sampled_from(["alternating", "random"]),
    pointer_lag=st.sampled_from([0.0, 8.0, 20.0]),
    cancel_seen_after=st.sampled_from([0.0, 5.0, 30.0]),
    roll_back=st.sampled_from(["step by step", "at once"]),
    succeeded_candidate=st.sampled_from(["null", "until current", "lingers"]),
    candidate_cleanup=st.sampled_from(["canceled", "always", "never"]),
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
ACTIONS = st.sampled_from(
    [
        *("cancel", "force_cancel", "pause", "resume", "force_roll_forward"),
        *("promote other", "promote new", "promote old", "replace", "delete"),
        *("fail promotion", "fail", "switch off", "fall ill", "fall asleep", "recover"),
    ]
)
#: A verb of a model's promotion, or of its environment.
CANCELS = st.sampled_from(["cancel", "force_cancel", "cancel_promotion", "force_cancel_promotion"])
TIMES = st.integers(0, 120)


@frozen(kw_only=True)
class Options:
    """The options of the waits."""

    timeout: float
    accept_scaled_to_zero: bool
    on_paused: str
    settling_time: float
    unhealthy_grace: float


@frozen(kw_only=True)
class Story:
    """A promotion of "new", and everything around it.

    Attributes:
        kind: Whether a model's or a chain's deployment is promoted.
        behaviour: The answers of this Baseten to open questions.
        before: The status of the deployment "old" that serves before; None if none does.
        serves: Whether "new" serves before, and is promoted again.
        begins_at: Seconds after the promotion at which the waits begin.
        resumed: Whether another process waits, which has nothing but the token.
        first: The status of "new" before its promotion.
        plan: The statuses of "new" from its promotion on; for a chain perhaps by chainlet.
        environment: Further options of the environment.
        earlier: The end of an earlier promotion; None if there was none.
        actions: Actions of others, with their seconds after the promotion.
        faults: Faults of the network, with their seconds after the beginning of the waits.
        cancel: A cancellation by this client, with its seconds after that; or None.
        options: The options of the waits.
        leaves_at: Seconds after which one wait is cancelled.
        delay: Seconds that each event keeps the slow listener busy.
    """

    kind: Kind
    behaviour: Behaviour
    before: str | None
    serves: bool
    begins_at: int
    resumed: bool
    first: str
    plan: Any
    environment: dict[str, Any]
    earlier: str | None
    actions: list[tuple[int, str]]
    faults: list[tuple[int, tuple[str, dict[str, Any]]]]
    cancel: tuple[int, str] | None
    options: Options
    leaves_at: int
    delay: int


def plans(kind: Kind) -> st.SearchStrategy[Any]:
    """The statuses of "new"; of a chain perhaps by chainlet."""
    if kind == "model":
        return TIMELINES
    each = st.dictionaries(st.sampled_from(["One", "Two"]), TIMELINES, min_size=2)
    return each | TIMELINES


def environments(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """Options of the environment."""
    options: dict[str, st.SearchStrategy[Any]] = {
        "traffic_delay": st.sampled_from([None, 0, 20]),
        "moves_on": st.sampled_from([("ACTIVE",), ("ACTIVE", "SCALED_TO_ZERO")]),
        "cleanup": st.sampled_from(["SCALE_TO_ZERO", "DEACTIVATE", "KEEP"]),
    }
    if kind == "model":
        options["ramp"] = st.sampled_from([None, [(50, 20)], [(25, 30), (75, 60)]])
    return st.fixed_dictionaries(options)


def late(behaviour: Behaviour) -> float:
    """How many seconds what reads show may be behind what is so."""
    return behaviour.stale_for + max(behaviour.replica_lags) + behaviour.pointer_lag


def fair(story: Story) -> Story:
    """The same story, whose callers allow Baseten the time that it needs to settle."""
    if late(story.behaviour) <= max(story.options.settling_time, MISSING_GRACE_S):
        return story
    return evolve(story, options=evolve(story.options, settling_time=120))


def stories(kind: Kind) -> st.SearchStrategy[Story]:
    """Stories of a model, or of a chain."""
    return st.builds(
        Story,
        kind=st.just(kind),
        behaviour=BEHAVIOURS,
        before=st.sampled_from(["ACTIVE", None]),
        serves=st.sampled_from([False, False, False, True]),
        begins_at=st.sampled_from([0, 0, 0, 0, 15, 90]),
        resumed=st.sampled_from([False, False, True]),
        first=st.sampled_from(["ACTIVE", "ACTIVE", "SCALED_TO_ZERO", "INACTIVE", "BUILD_FAILED"]),
        plan=plans(kind),
        environment=environments(kind),
        earlier=st.sampled_from([None, None, "fails", "is cancelled", "succeeds"]),
        actions=st.lists(st.tuples(TIMES, ACTIONS), max_size=4),
        faults=st.lists(st.tuples(TIMES, FAULTS), max_size=3),
        cancel=st.none() | st.tuples(TIMES, CANCELS) if kind == "model" else st.none(),
        options=st.builds(
            Options,
            timeout=st.sampled_from([0, 30, 200, 400, 400]),
            accept_scaled_to_zero=st.booleans(),
            on_paused=st.sampled_from(["wait", "raise"]),
            settling_time=st.sampled_from([0, 30, 120, 120]),
            unhealthy_grace=st.sampled_from([20, 60, 300]),
        ),
        leaves_at=st.integers(0, 100),
        delay=st.sampled_from([0, 5, 40]),
    ).map(fair)
