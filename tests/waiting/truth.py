"""What was so, as the fake knows it, and how the ends of waits are held against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from aiobaseten.errors import (
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
from aiobaseten.testing import FakeDeployment, FakeEnvironment, FakePromotion

from ..story import Heard
from .random_stories import HOPELESS, SLOWEST_REQUEST, Story

#: A look at a deployment that sleeps takes two requests.
SLOWEST_LOOK = 2 * SLOWEST_REQUEST + 1
#: The longest time between two looks that are answered, where nothing goes wrong.
LONGEST_PAUSE = 16.0
#: How finely what was so is compared with what was seen.
GRAIN = 0.5
EPSILON = 0.01


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


def check_promotion(truth: Truth, heard: Heard) -> None:
    """The end of a wait on a promotion is what was so."""
    error, at = heard.error, truth.began + heard.at
    options, behaviour = truth.story.options, truth.story.behaviour
    if error is None:
        assert truth.lately(truth.served, at), "success, and it did not serve"
        return
    assert isinstance(error, WaitError)
    assert not isinstance(error, DeploymentFailedError)
    check_history(truth, error.history)
    check_events(heard, error.history)
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


def check_deployment(truth: Truth, heard: Heard) -> None:
    """The end of a wait on the deployment alone is what was so."""
    error, at = heard.error, truth.began + heard.at
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
    check_events(heard, error.history)
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


def check_events(heard: Heard, history: tuple[Seen, ...]) -> None:
    """The events say what the history does."""
    changes = heard.of(StatusChanged)
    assert sorted((event.at, event.subject, event.name, event.status) for event in changes) == (
        sorted((seen.since, seen.subject, seen.name, seen.status) for seen in history)
    )
