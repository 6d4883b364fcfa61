"""The real state in the past, as the fake knows it, and checks of the ends of waits against it.

A wait sees the past: a response may be some seconds old (`Truth.slack`), and a status between two
looks is not seen at all. So a check asks whether a statement was true at any moment in which the
deciding look may have been made (`Truth.lately`), and not whether it is true now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

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
from .random_stories import HOPELESS, SLOWEST_REQUEST, Story, late

#: A look at a deployment that sleeps takes two requests.
SLOWEST_LOOK = 2 * SLOWEST_REQUEST + 1
#: Seconds between two answered looks at most, if nothing goes wrong.
LONGEST_PAUSE = 16.0
#: Seconds between the moments at which the past is compared.
GRAIN = 0.5
EPSILON = 0.01


@frozen(kw_only=True)
class Truth:
    """The past of a story. Times are the fake's; *began* is the beginning of the waits."""

    story: Story
    environment: FakeEnvironment
    target: FakeDeployment
    before: str | None
    ours: FakePromotion
    began: float
    now: Callable[[], float]

    @property
    def slack(self) -> float:
        """How many seconds old a seen state may be."""
        return late(self.story.behaviour) + SLOWEST_LOOK + EPSILON

    def parts(self, at: float) -> list[str]:
        """The statuses of the deployment, its own first."""
        return [self.target.seen_at(at), *self.target.chainlets_seen_at(at).values()]

    def current(self, at: float) -> str | None:
        """The id of the deployment that served."""
        moved = [
            one
            for one in self.environment.promotions
            if one.status == "SUCCEEDED" and one.ended is not None and one.ended <= at
        ]
        return moved[-1].candidate.id if moved else self.before

    def candidate(self, at: float) -> str | None:
        """The id of the candidate of the newest promotion."""
        begun = [one for one in self.environment.promotions if one.started <= at]
        return begun[-1].candidate.id if begun else None

    def promotion(self, at: float) -> str | None:
        """The status of the newest promotion."""
        begun = [one for one in self.environment.promotions if one.started <= at]
        return self.state(begun[-1], at) if begun else None

    def lately_promoted(self, at: float) -> set[str | None]:
        """The statuses of promotions that a look answered at *at* may have seen."""
        since = at - self.slack
        changes = (reading for one in self.environment.promotions for reading in one.history)
        entered = {reading.status for reading in changes if since <= reading.at <= at}
        return {self.promotion(since), *entered}

    def state(self, promotion: FakePromotion, at: float) -> str | None:
        """The status of a promotion."""
        past = [reading.status for reading in promotion.history if reading.at <= at]
        return past[-1] if past else None

    def of_target(self) -> list[FakePromotion]:
        """The promotions of our deployment, from ours on."""
        return [
            one
            for one in self.environment.promotions
            if one.candidate is self.target and one.started >= self.ours.started
        ]

    def newer(self, at: float) -> set[str]:
        """The deployments that were promoted after ours, until then."""
        return self.from_on(self.ours, at, after=1)

    def from_on(self, promotion: FakePromotion, at: float, *, after: int = 0) -> set[str]:
        """The deployments that were promoted from a promotion on, until then."""
        first = self.environment.promotions.index(promotion) + after
        return {
            one.candidate.id for one in self.environment.promotions[first:] if one.started <= at
        }

    def ready(self, at: float) -> bool:
        """Whether the deployment was ready, as the caller defines it."""
        will_do = {"ACTIVE", *(["SCALED_TO_ZERO"] * self.story.options.accept_scaled_to_zero)}
        return will_do.issuperset(self.parts(at))

    def served(self, at: float) -> bool:
        """Whether it was ready and served."""
        return self.current(at) == self.target.id and self.ready(at)

    def hopeless(self, at: float) -> bool:
        """Whether any part had failed or was stopped."""
        return not HOPELESS.isdisjoint(self.parts(at))

    def ill(self, at: float) -> bool:
        """Whether any part was UNHEALTHY."""
        return "UNHEALTHY" in self.parts(at)

    def ever(self, so: Callable[[float], bool], since: float, until: float) -> bool:
        """Whether a statement was true at any moment."""
        return any(so(at) for at in moments(since, until))

    def always(self, so: Callable[[float], bool], since: float, until: float) -> bool:
        """Whether a statement was true all the time."""
        return all(so(at) for at in moments(since, until))

    def lately(self, so: Callable[[float], bool], at: float) -> bool:
        """Whether a statement may have been true for a look that was answered at *at*."""
        return self.ever(so, at - self.slack, at)


def moments(since: float, until: float) -> Iterator[float]:
    """The moments at which the past is compared."""
    at = since
    while at < until:
        yield at
        at += GRAIN
    yield until


def check_promotion(truth: Truth, heard: Heard) -> None:
    """Check that the end of a wait on the promotion is true."""
    error, at = heard.error, truth.began + heard.at
    if error is None:
        assert truth.lately(truth.served, at), "success, and it did not serve"
        if truth.before == truth.target.id:
            ends = ends_until(truth, at - truth.slack)
            assert ends != {"CANCELED"}, "success, and it was cancelled"
        return
    assert isinstance(error, WaitError)
    assert type(error) in CHECKS, f"a wait on a promotion cannot end with {error!r}"
    check_history(truth, error.history)
    check_events(heard, error.history)
    CHECKS[type(error)](truth, error, at)


def ends_until(truth: Truth, at: float) -> set[str]:
    """How the promotions of our deployment have ended."""
    return {one.status for one in truth.of_target() if one.ended is not None and one.ended <= at}


def is_not_current(truth: Truth, at: float) -> bool:
    """Whether another deployment may have served for a look that was answered at *at*."""
    return truth.lately(lambda then: truth.current(then) != truth.target.id, at)


def check_failed(truth: Truth, error: WaitError, at: float) -> None:
    """The promotion or a part had failed, or a part was UNHEALTHY for too long."""
    immediate = truth.story.options.settling_time == 0
    since = truth.began - SLOWEST_LOOK if immediate else truth.began
    if truth.story.begins_at:
        since = truth.began - truth.slack  # it may have failed before the wait, and recovered
    assert (
        "FAILED" in ends_until(truth, at)
        or truth.ever(truth.hopeless, since, at)
        or was_ill(truth, at)
    ), "failure, and nothing had failed"


def check_canceled(truth: Truth, error: WaitError, at: float) -> None:
    """The promotion was cancelled, or ended in a way that this Baseten does not show."""
    ends = ends_until(truth, at)
    # A failure, or a success that was taken back, of which nothing can be seen.
    hidden = truth.story.behaviour.terminal_promotion_for <= 5 or truth.story.kind == "chain"
    assert "CANCELED" in ends or (hidden and ends), "cancelled, and nobody had cancelled it"
    served_before = truth.before == truth.target.id
    assert served_before or is_not_current(truth, at), "cancelled, and it serves"


def check_superseded(truth: Truth, error: WaitError, at: float) -> None:
    """The promotion had ended, and the deployment that is named took its place."""
    assert isinstance(error, PromotionSupersededError)
    assert ends_until(truth, at), "superseded, and it was still under way"
    assert error.by != truth.target.id
    assert error.by in truth.newer(at), "superseded, and nobody had promoted that since"
    assert truth.lately(lambda then: error.by in (truth.current(then), truth.candidate(then)), at)
    served_before = truth.before == truth.target.id
    assert served_before or is_not_current(truth, at), "superseded, and it serves"


def check_paused(truth: Truth, error: WaitError, at: float) -> None:
    """The caller asked to be told, and the promotion was paused."""
    assert truth.story.options.on_paused == "raise"
    assert truth.lately(lambda then: truth.promotion(then) == "PAUSED", at)


CHECKS: dict[type[WaitError], Callable[[Truth, WaitError, float], None]] = {
    PromotionFailedError: check_failed,
    PromotionCanceledError: check_canceled,
    PromotionSupersededError: check_superseded,
    PromotionPausedError: check_paused,
    WaitTimeoutError: lambda truth, error, _at: check_timeout(truth, error, truth.served),
}


def check_deployment(truth: Truth, heard: Heard) -> None:
    """Check that the end of a wait on the deployment alone is true."""
    error, at = heard.error, truth.began + heard.at
    if error is None:
        assert truth.lately(truth.ready, at), "success, and it was not ready"
        return
    if isinstance(error, NotFoundError):
        actions = {name for _, name in truth.story.actions}
        assert truth.story.behaviour.hidden_for or "delete" in actions
        return
    assert isinstance(error, WaitError)
    check_history(truth, error.history)
    check_events(heard, error.history)
    if isinstance(error, DeploymentFailedError):
        assert truth.ever(truth.hopeless, truth.began - truth.slack, at) or was_ill(truth, at), (
            "failure, and nothing had failed"
        )
    else:
        check_timeout(truth, error, truth.ready)


def check_cancellation(truth: Truth, heard: Heard, asked: float, accepted: float) -> None:
    """Check that the end of a wait on a cancellation is true.

    It was sent at *asked*, and accepted until *accepted*.
    """
    error, at = heard.error, accepted + heard.at
    cancelled = [
        one
        for one in truth.environment.promotions
        if one.started <= accepted and (one.ended is None or one.ended >= asked)
    ]
    assert cancelled, "accepted, and there was nothing to cancel"
    if error is None:
        # Or ours had ended, and a stale look let the cancellation hit somebody else's.
        assert any(
            truth.lately(partial(is_back, truth, one), at) for one in [*cancelled, truth.ours]
        ), "the traffic is back, and it is not"
    elif isinstance(error, PromotionSupersededError):
        assert truth.lately(lambda then: truth.current(then) == error.by, at), (
            "superseded, and that did not serve"
        )
        # Or ours had succeeded before somebody else's was cancelled.
        assert any(error.by in truth.from_on(one, at) for one in [*cancelled, truth.ours]), (
            "superseded, and nobody had promoted that since"
        )
    else:
        assert isinstance(error, WaitTimeoutError)
        check_cancellation_timeout(truth, error, cancelled, accepted)


def check_cancellation_timeout(
    truth: Truth, error: WaitTimeoutError, cancelled: list[FakePromotion], accepted: float
) -> None:
    """Check that it timed out at its deadline, and that the traffic was not seen to be back."""
    assert error.evidence is not None
    options = truth.story.options
    assert options.timeout - EPSILON <= error.evidence.waited <= options.timeout + 10 + EPSILON
    deadline = accepted + options.timeout
    since = deadline - max(LONGEST_PAUSE, options.settling_time) - truth.slack
    faults = [truth.began + at for at, _ in truth.story.faults]
    is_quiet = all(at > deadline + 10 or at < deadline - 150 for at in faults)
    if is_quiet and since > accepted:
        back = (truth.always(partial(is_back, truth, one), since, deadline) for one in cancelled)
        idle = all(
            one.ended is not None and one.ended < since
            for one in truth.environment.promotions
            if one.started <= deadline
        )
        assert not (idle and all(back)), "a cancellation that was done timed out"


def is_back(truth: Truth, cancelled: FakePromotion, at: float) -> bool:
    """Whether a promotion had ended without success, and its candidate had no traffic."""
    had_it = truth.current(cancelled.started) == cancelled.candidate.id
    has_it = truth.current(at) == cancelled.candidate.id and not had_it
    return truth.state(cancelled, at) in {"CANCELED", "FAILED"} and not has_it


def was_ill(truth: Truth, at: float) -> bool:
    """Whether it seemed to be UNHEALTHY for as long as the caller allowed."""
    grace = truth.story.options.unhealthy_grace
    return truth.lately(truth.ill, at) and truth.ever(
        truth.ill, at - grace - truth.slack - LONGEST_PAUSE, at - grace
    )


def check_timeout(truth: Truth, error: WaitError, so: Callable[[float], bool]) -> None:
    """Check that a wait timed out at its deadline, and that its goal was not to be seen."""
    assert isinstance(error, WaitTimeoutError)
    assert error.evidence is not None
    timeout = truth.story.options.timeout
    assert timeout - EPSILON <= error.evidence.waited <= timeout + 10 + EPSILON
    deadline = truth.began + timeout
    is_quiet = all(
        truth.began + at > deadline + 10 or truth.began + at < deadline - 150
        for at, _ in truth.story.faults
    )
    # Of one that served before, only its end tells, or that nothing was shown for long.
    settling = truth.story.options.settling_time + 70 if truth.before == truth.target.id else 0
    since = deadline - LONGEST_PAUSE - truth.slack - settling
    if is_quiet and since > truth.began and not is_hidden(truth):
        plain = all("SCALED_TO_ZERO" not in truth.parts(at) for at in moments(since, deadline))
        under_way = any(
            one.ended is None or one.ended > since
            for one in truth.environment.promotions
            if one.started <= deadline
        )
        assert under_way or not plain or not truth.always(so, since, deadline), "late"


def is_hidden(truth: Truth) -> bool:
    """Whether nothing shows how the promotion of a deployment ends that served before."""
    behaviour = truth.story.behaviour
    is_shown = truth.story.kind == "model" or behaviour.chain_promotion == "shown"
    lingers = behaviour.succeeded_candidate == "lingers"
    return truth.before == truth.target.id and lingers and not is_shown


def check_history(truth: Truth, history: tuple[Seen, ...]) -> None:
    """Check that each seen status was the real one when it was seen first and last."""
    for seen in history:
        if seen.subject == "promotion":
            assert seen.status in truth.lately_promoted(truth.began + seen.since)
            continue
        if seen.since + seen.seconds < EPSILON:
            continue  # the fake forgets a status that is replaced in the instant of the promotion
        for at in (truth.began + seen.since, truth.began + seen.since + seen.seconds):
            since = at - SLOWEST_LOOK - max(truth.story.behaviour.replica_lags)
            assert truth.ever(
                lambda then, seen=seen: seen.status == status_of(truth, seen, then),  # type: ignore[misc]
                since,
                at,
            ), seen


def status_of(truth: Truth, seen: Seen, at: float) -> str:
    """The real status of the subject of an entry."""
    if seen.subject == "deployment":
        return truth.target.seen_at(at)
    return truth.target.chainlets_seen_at(at)[seen.name]


def check_events(heard: Heard, history: tuple[Seen, ...]) -> None:
    """Check that the events agree with the history."""
    changes = heard.of(StatusChanged)
    assert sorted((event.at, event.subject, event.name, event.status) for event in changes) == (
        sorted((seen.since, seen.subject, seen.name, seen.status) for seen in history)
    )
