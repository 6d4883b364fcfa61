"""Invariants of the state for all actions, at all times, with any number of reads."""

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aiobaseten.testing import Behaviour, FakeEnvironment, FakeModel, FakePromotion, Refused
from aiobaseten.testing.timelines import Step

STATUSES = [
    "BUILDING",
    "DEPLOYING",
    "LOADING_MODEL",
    "WAKING_UP",
    "SCALED_TO_ZERO",
    "UNHEALTHY",
    "HIBERNATING",
    "ACTIVE",
    "BUILD_FAILED",
    "INACTIVE",
]
ENDS = {"SUCCEEDED", "FAILED", "CANCELED"}
VERBS = ("cancel", "pause", "resume", "force_cancel", "force_roll_forward")

seconds = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0, 7.25, 20.0])
statuses = st.sampled_from(STATUSES)
steps = st.lists(st.tuples(statuses, seconds), max_size=4)
timelines = st.builds(lambda some, last: [*some, last], steps, statuses)
places = st.sampled_from(["production", "staging"])
actions = st.one_of(
    st.tuples(places, st.just("promote"), st.sampled_from(["a", "b", "old"])),
    st.tuples(places, st.sampled_from(VERBS), st.just("")),
    st.tuples(places, st.just("set"), statuses),
    st.tuples(places, st.sampled_from(["retry", "wake", "activate", "deactivate"]), st.just("")),
)
Action = tuple[str, str, str]
ramps = st.sampled_from([None, [(50, 3.0)], [(25, 1.0), (50, 0.1), (75, 7.0)]])
behaviours = st.sampled_from(list(Behaviour.plausible()))


@dataclass
class Story:
    """A model with two environments; the test sets the time."""

    plans: list[list[Step]]
    ramp: list[tuple[int, float]] | None
    behaviour: Behaviour
    now: float = 0.0
    environments: dict[str, FakeEnvironment] = field(init=False)

    def __post_init__(self) -> None:
        self.model = FakeModel("m1", now=lambda: self.now, behaviour=self.behaviour)
        self.model.deployment("old")
        self.model.deployment("a", timeline=self.plans[0], on_promote=self.plans[1])
        self.model.deployment("b", timeline=self.plans[2])
        self.model.environment("production", current="old", ramp=self.ramp)
        self.model.environment("staging", cleanup="DEACTIVATE", moves_on=["ACTIVE", "UNHEALTHY"])
        self.environments = self.model.environments

    def do(self, action: Action) -> bool:
        """Act as a person might; returns whether it was possible."""
        place, verb, what = action
        environment = self.environments[place]
        candidate = environment.candidate
        try:
            if verb == "promote":
                environment.promote(what)
            elif verb in VERBS:
                getattr(environment, verb)()
            elif candidate is None:
                return False
            elif verb == "set":
                candidate.set(what)
            else:
                return bool(getattr(candidate, verb)())
        except Refused:
            return False
        return True

    def past(self) -> str:
        """The whole history."""
        return repr(
            (
                [(one.current, one.candidate) for one in self.environments.values()],
                [(one.candidate.id, one.history) for one in self.promotions()],
                {name: one.history() for name, one in self.model.deployments.items()},
            )
        )

    def shown(self, when: float) -> str:
        """Everything that reads show at a time."""
        shown: list[object] = []
        for name, place in self.model.environments_at(when).items():
            seen = place.seen_at(when)
            ids = [one and one.id for one in (seen.current, seen.candidate)]
            shown.append((name, ids, seen.promotion))
        shown += [
            (one.id, one.seen_at(when), one.attached_at(when))
            for one in self.model.deployments_at(when)
        ]
        return repr(shown)

    def promotions(self) -> list[FakePromotion]:
        return [one for place in self.environments.values() for one in place.promotions]


@given(
    plans=st.lists(timelines, min_size=3, max_size=3),
    ramp=ramps,
    behaviour=behaviours,
    script=st.lists(st.tuples(seconds, actions), max_size=12),
    reads=st.lists(st.floats(0, 1), max_size=3),
)
def test_reading_changes_nothing(
    plans: list[list[Step]],
    ramp: list[tuple[int, float]] | None,
    behaviour: Behaviour,
    script: list[tuple[float, Action]],
    reads: list[float],
) -> None:
    """The state is computed when it is read, so the number of reads must not matter."""
    watched, alone = Story(plans, ramp, behaviour), Story(plans, ramp, behaviour)
    for wait, action in [*script, (500.0, ("production", "cancel", ""))]:
        began = watched.now
        for part in sorted(reads):
            watched.now = round(began + part * wait, 6)
            watched.environments["staging"].seen_at(watched.now)
            watched.past()
        watched.now = alone.now = round(began + wait, 6)
        assert watched.do(action) == alone.do(action)

    assert watched.past() == alone.past()


@given(
    plans=st.lists(timelines, min_size=3, max_size=3),
    ramp=ramps,
    behaviour=behaviours,
    script=st.lists(st.tuples(seconds, actions), max_size=12),
)
def test_reads_of_the_past_show_what_reads_showed_then(
    plans: list[list[Step]],
    ramp: list[tuple[int, float]] | None,
    behaviour: Behaviour,
    script: list[tuple[float, Action]],
) -> None:
    """A replica that lags behind is nothing but such a read."""
    story = Story(plans, ramp, behaviour)
    shown: dict[float, str] = {}
    for wait, action in [*script, (500.0, ("production", "cancel", ""))]:
        story.now = round(story.now + wait, 6)
        story.do(action)
        shown[story.now] = story.shown(story.now)
    assert {when: story.shown(when) for when in shown} == shown


@given(
    plans=st.lists(timelines, min_size=3, max_size=3),
    ramp=ramps,
    behaviour=behaviours,
    script=st.lists(st.tuples(seconds, actions), max_size=12),
)
def test_a_promotion_makes_valid_transitions_only(
    plans: list[list[Step]],
    ramp: list[tuple[int, float]] | None,
    behaviour: Behaviour,
    script: list[tuple[float, Action]],
) -> None:
    story = Story(plans, ramp, behaviour)
    for wait, action in script:
        story.now = round(story.now + wait, 6)
        story.do(action)

    for one in story.promotions():
        _check(one)
    for environment, first in zip(story.environments.values(), ["old", None], strict=True):
        served = [one for one in environment.promotions if one.status == "SUCCEEDED"]
        running = [one for one in environment.promotions if one.ended is None]
        current = environment.current
        assert (current and current.id) == (served[-1].candidate.id if served else first)
        assert running in ([], list(environment.promotions[-1:]))
        for one in running:
            assert environment.candidate is one.candidate


def _check(promotion: FakePromotion) -> None:
    history = promotion.history
    assert (history[0].status, history[0].at) == ("RELEASING", promotion.started)
    assert [one.status for one in history[:-1] if one.status in ENDS] == []
    assert (history[-1].status in ENDS) == (promotion.ended is not None)
    for before, after in pairwise(history):
        assert before.at <= after.at
        if after.status == "RAMPING_UP":
            assert after.percent > before.percent
        if after.status == "RAMPING_DOWN":
            assert after.percent <= before.percent
        if after.status == "PAUSED":
            assert after.percent == before.percent
    for one in history:
        assert (one.percent == 100) == (one.status == "SUCCEEDED")
        assert one.status not in {"RELEASING", "FAILED", "CANCELED"} or one.percent == 0
    assert (promotion.error_message is not None) == (promotion.status == "FAILED")
