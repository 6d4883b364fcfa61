"""Deployments: a deployment is moved on here, by its timelines and by people's actions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

from ..behaviour import Behaviour
from ..timelines import HEALTHY, HEALTHY_PROMOTION, Steps, Timeline, moment
from . import status
from .audit_log import AuditLog
from .history import History, since_ever
from .log import FakeLogLine
from .plan import SHUT_DOWN, WAKE, Plan, Reactions, parse_plan
from .progress import Progress
from .startup import FakeStartup, check_phases, earlier, startups
from .status_track import StatusTrack
from .traffic import WELL, Answers, Latency, answers


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFacts:
    """The properties of a deployment that do not change by themselves.

    Times are seconds in the fake's time.

    Attributes:
        name: Its newest name.
        created: When it was made.
        since: From when on reads may show it.
        visible_from: From when on requests for it do not get 404.
        instance_type: The name of its instance type; None for the default.
        is_development: Whether it has the role ``development``.
        labels: Its labels.
        promoted_from: The id of the deployment from which a promotion made it.
        replicas: How many replicas it has while it runs.
        backpressure: What becomes of requests that find no free replica; None for no policy.
    """

    name: str
    created: float
    since: float
    visible_from: float
    instance_type: str | None = None
    is_development: bool = False
    labels: Mapping[str, object] | None = None
    promoted_from: str | None = None
    replicas: int = 1
    backpressure: str | None = None


class ResourceOfDeployment(Protocol):
    """What a deployment needs of its chain or model."""

    id: str
    behaviour: Behaviour
    progress: Progress
    audit_log: AuditLog

    def forget_deployment(self, deployment: FakeDeployment) -> None:
        """Remove a deployment."""


class FakeDeployment:
    """A deployment. Made by `FakeModel.deployment` and `FakeChain.deployment`.

    Times are seconds in the fake's time.
    """

    def __init__(
        self,
        resource: ResourceOfDeployment,
        deployment_id: str,
        facts: DeploymentFacts,
        plan: Plan,
        *,
        chain_timeline: Steps | None = None,
        reactions: Reactions,
    ) -> None:
        self.resource = resource
        self.id = deployment_id
        self.facts: DeploymentFacts = facts
        self._names = History(facts.name)
        self._backpressure = History(facts.backpressure)
        self.reactions = reactions
        self.gone_from: float = math.inf
        self._attached: History[str | None] = History(None)
        self.version: int = 0
        self._log: list[FakeLogLine] = []
        self._answers: list[Answers] = [WELL]
        self._phases: Mapping[str, float] = {}
        self._earlier: list[FakeStartup] = []
        self._first = (plan, chain_timeline)
        self._own: StatusTrack | None = None
        self._chainlets: dict[str, StatusTrack] = {}
        parsed = parse_plan(plan)
        if isinstance(parsed, Timeline):
            self._own = StatusTrack(parsed, facts.created)
            return
        self._chainlets = {name: StatusTrack(line, facts.created) for name, line in parsed.items()}
        if chain_timeline is not None:
            self._own = StatusTrack(Timeline(chain_timeline), facts.created)

    def __repr__(self) -> str:
        return f"<FakeDeployment {self.id} of {self.resource.id}: {self.status}>"

    @property
    def status(self) -> str:
        """The real status now. Reads may still show the status before (``stale_for``)."""
        return self.status_at(self._now())

    @property
    def environment(self) -> str | None:
        """The name of the environment that it is in, or is being promoted to."""
        self._now()
        return self.attached_to

    @property
    def attached_to(self) -> str | None:
        """The same, without bringing the state up to date."""
        return self._attached.values()[-1]

    @property
    def chainlets(self) -> Mapping[str, str]:
        """The real status of each chainlet now; empty for a model's deployment."""
        now = self._now()
        return {name: track.at(now) for name, track in self._chainlets.items()}

    def status_at(self, when: float) -> str:
        """The real status at a time. For a future time: if nobody acts until then."""
        return self._combined(lambda track: track.at(when))

    def seen_at(self, when: float) -> str:
        """The status that a read shows at that time."""
        return self._combined(lambda track: track.seen_at(when))

    def chainlets_seen_at(self, when: float) -> Mapping[str, str]:
        """The status of each chainlet that a read shows at that time."""
        return {name: track.seen_at(when) for name, track in self._chainlets.items()}

    def attached_at(self, when: float) -> str | None:
        """The name of the environment that a read shows at that time."""
        return self._attached.at(when)

    def attach(self, environment: str | None, *, since: float) -> None:
        """Put it in an environment, or in none; reads show it from *since* on."""
        self._attached.put(environment, since=since)

    def exists_at(self, when: float) -> bool:
        """Whether reads of its environment or its list may show it at that time."""
        return self.facts.since <= when < self.gone_from

    def visible_at(self, when: float) -> bool:
        """Whether requests for it find it at that time."""
        return self.facts.visible_from <= when < self.gone_from

    def history(self) -> Sequence[tuple[float, str]]:
        """Each real status until now, with the time at which it began."""
        now = self._now()
        found: list[tuple[float, str]] = []
        for at in sorted(at for at in self._changes() if at <= now):
            status_then = self.status_at(at)
            if not found or found[-1][1] != status_then:
                found.append((at, status_then))
        return found

    def set(self, status: str, *, chainlet: str | None = None) -> None:
        """Set the status of the deployment and all its chainlets, or of one chainlet, for good.

        Raises:
            ValueError: There is no such chainlet.
        """
        self.set_timeline(status if chainlet is None else {chainlet: status})

    def set_timeline(self, timeline: Plan) -> None:
        """Follow *timeline* from now on. Chainlets that it does not name continue as before.

        Raises:
            ValueError: The timeline is impossible, or names an unknown chainlet.
        """
        now = self._now()
        self.run(timeline, at=now, seen_from=now)

    def log(
        self,
        message: str,
        *,
        chainlet: str | None = None,
        level: str | None = None,
        replica: str | None = None,
        request_id: str | None = None,
        component: str | None = None,
    ) -> None:
        """Write a line now: to the logs of all chainlets, or to the log of one chainlet.

        *request_id* is that of the call to which it belongs. Reads do not show *component*, by
        which they may select lines.

        Raises:
            ValueError: There is no such chainlet.
        """
        if chainlet is not None:
            self._check_chainlets({chainlet: message})
        at = self.resource.progress.now()
        self._log.append(FakeLogLine(at, message, chainlet, level, replica, request_id, component))

    def starts(self, **seconds: float) -> None:
        """Take so many seconds for each phase of a startup; the last phase takes the rest.

        Holds for the deployments that promotions make from this one, too. Without it, DEPLOYING is
        SCHEDULING, and LOADING_MODEL is WEIGHT_DOWNLOAD.

        Args:
            seconds: By phase, such as ``SCHEDULING=20, IMAGE_PULL=30, WEIGHT_DOWNLOAD=600``.

        Raises:
            ValueError: There is no such phase.
        """
        self._phases = check_phases(seconds)

    def started_before(self, *, times: int = 10, **seconds: float) -> None:
        """Have started so many times before the fake's time began.

        Args:
            times: How many times.
            seconds: How long each phase took, as for `starts`.

        Raises:
            ValueError: There is no such phase.
        """
        self._earlier += earlier(check_phases(seconds), times)

    def startups_until(self, when: float) -> Sequence[FakeStartup]:
        """Its startups until that time, oldest first."""
        return [*self._earlier, *startups(self.history(), self._phases, when)]

    def answers(
        self, *, error_share: float = 0.0, latency: Latency = 0.2, from_percent: float = 0.0
    ) -> None:
        """From now on, answer requests like this; for the metrics.

        Holds for the deployments that promotions made from this one, too.

        Args:
            error_share: The share of requests that is answered 500, 0 to 1.
            latency: Seconds until a response; or seconds by ``"p50"``, ``"p90"``, ``"p95"`` and
                ``"p99"``.
            from_percent: Only while this deployment gets at least so much of the environment's
                traffic. Of several calls that fit, the last one counts.

        Raises:
            ValueError: A number is impossible.
        """
        since = since_ever(self.resource.progress.now())
        self._answers.append(answers(since, from_percent, error_share, latency))

    def answers_at(self, when: float, percent: float) -> Answers:
        """How it answers at that time, if it gets so much of the traffic."""
        return next(
            one
            for one in reversed(self._answers)
            if one.since <= when and one.from_percent <= percent
        )

    def answers_change(self) -> Sequence[float]:
        """When it began to answer in another way."""
        return [one.since for one in self._answers[1:]]

    def behave_like(self, other: FakeDeployment) -> None:
        """Answer requests as another deployment does, also in future, and start like it."""
        self._answers = other._answers
        self._phases = other._phases

    def lines(
        self, chainlet: str | None = None, *, until: float = math.inf
    ) -> Sequence[FakeLogLine]:
        """The log of the deployment, or of one chainlet, oldest first; only *until* a time."""
        return [
            line for line in self._log if line.chainlet in (None, chainlet) and line.at <= until
        ]

    def activate(self) -> bool:
        """Activate it if it is inactive; False if there was nothing to do."""
        now = self._now()
        if self.status_at(now) not in status.OFF:
            return False
        self.turn_on(now)
        self._audit("DEPLOYMENT_ACTIVATED", now)
        return True

    def turn_on(self, now: float) -> None:
        """Follow the plan for activating it."""
        self.run(self.reactions.on_activate or HEALTHY_PROMOTION, at=now, stale=True)

    def deactivate(self) -> bool:
        """Shut it down; False if it was shut down already."""
        now = self._now()
        if self.status_at(now) in status.OFF:
            return False
        self.run(SHUT_DOWN, at=now)
        self._audit("DEPLOYMENT_DEACTIVATED", now)
        return True

    def retry(self) -> bool:
        """Start again after a failure; False if it has not failed.

        Without ``on_retry`` it repeats its first timeline. If that begins with a failure, it
        follows `timelines.HEALTHY`.
        """
        now = self._now()
        if self.status_at(now) not in status.RETRYABLE:
            return False
        plan, chain_timeline = self._first
        if self.reactions.on_retry is not None:
            self.run(self.reactions.on_retry, at=now, stale=True)
        elif self.status_at(self.facts.created) in status.RETRYABLE:
            self.run(HEALTHY, at=now, stale=True)
        else:
            # The chain's own timeline first: a plan for chainlets does not change it.
            self.run(chain_timeline or plan, at=now, stale=True)
            self.run(plan, at=now, stale=True)
        self._audit("DEPLOYMENT_RETRIED", now, retried=True)
        return True

    def wake(self) -> bool:
        """Wake it if it is scaled to zero; False if it is not."""
        now = self._now()
        if self.status_at(now) != status.SCALED_TO_ZERO:
            return False
        self.run(self.reactions.on_wake or WAKE, at=now, stale=True)
        return True

    @property
    def name(self) -> str:
        """Its name now."""
        return self.facts.name

    def name_at(self, when: float) -> str:
        """Its name as a read shows it at that time."""
        return self._names.at(when)

    def rename(self, name: str) -> None:
        """Give it another name. Baseten documents no audit entry for that."""
        self._names.put(name, since=self._now())
        self.facts = replace(self.facts, name=name)

    def backpressure_at(self, when: float) -> str | None:
        """What becomes of requests that find no free replica, as a read shows it at that time."""
        return self._backpressure.at(when)

    def set_backpressure(self, policy: str | None) -> None:
        """Say what becomes of requests that find no free replica."""
        now, previous = self._now(), self.facts.backpressure
        self._backpressure.put(policy, since=now)
        self.facts = replace(self.facts, backpressure=policy)
        self._audit(
            "DEPLOYMENT_REQUEST_BACKPRESSURE_SETTINGS_CHANGED",
            now,
            policy=policy,
            previous_policy=previous,
        )

    def delete(self) -> None:
        """Remove it: from now on requests for it get 404."""
        self.gone_from = self._now()
        self._audit("DEPLOYMENT_DELETED", self.gone_from)
        self.resource.forget_deployment(self)

    def run(
        self, plan: Plan, *, at: float, seen_from: float | None = None, stale: bool = False
    ) -> None:
        """Follow *plan* from the time *at*. Reads show it from *seen_from* on.

        Args:
            plan: The new timelines.
            at: When they begin.
            seen_from: Default: *at*, or later by ``stale_for`` if the reads are *stale*.
            stale: Whether reads show the change late.
        """
        self.version += 1
        self.resource.progress.invalidate()
        if seen_from is None:
            seen_from = moment(at + (self.resource.behaviour.stale_for if stale else 0.0))
        parsed = parse_plan(plan)
        if isinstance(parsed, Timeline):
            tracks = [*self._chainlets.values(), *([self._own] if self._own else [])]
            for track in tracks:
                track.put(parsed, at=at, seen_from=seen_from)
            return
        self._check_chainlets(parsed)
        for name, timeline in parsed.items():
            self._chainlets[name].put(timeline, at=at, seen_from=seen_from)

    def first_held(self, statuses: frozenset[str], *, since: float, lasting: float) -> float | None:
        """When it will have been in *statuses* for *lasting* seconds without a break.

        Time before *since* does not count. None if this will not happen, as things stand.
        """
        entered: float | None = None
        points = [since, *sorted(at for at in self._changes() if at > since), math.inf]
        for start, end in pairwise(points):
            if self.status_at(start) not in statuses:
                entered = None
                continue
            entered = start if entered is None else entered
            if moment(entered + lasting) < end:
                return moment(entered + lasting)
        return None

    def facts_of_copy(self, *, name: str, created: float, visible_from: float) -> DeploymentFacts:
        """The facts of a new deployment that is made from this one."""
        return replace(
            self.facts,
            name=name,
            created=created,
            since=created,
            visible_from=visible_from,
            is_development=False,
            promoted_from=self.id,
        )

    @property
    def chainlet_names(self) -> Sequence[str]:
        """The names of its chainlets; empty for a model's deployment."""
        return tuple(self._chainlets)

    def _audit(self, event: str, now: float, **details: Any) -> None:
        self.resource.audit_log.write(now, event, deployment=self, **details)

    def _now(self) -> float:
        return self.resource.progress.advance_to_now()

    def _combined(self, read: Callable[[StatusTrack], str]) -> str:
        if self._own is not None:
            return read(self._own)
        combine = status.CHAIN_STATUS[self.resource.behaviour.chain_status]
        return combine([read(track) for track in self._chainlets.values()])

    def _changes(self) -> frozenset[float]:
        if self._own is not None:
            return self._own.changes()
        return frozenset[float]().union(*(track.changes() for track in self._chainlets.values()))

    def _check_chainlets(self, names: Mapping[str, object]) -> None:
        for name in names:
            if name not in self._chainlets:
                known = ", ".join(self._chainlets) or "none"
                raise ValueError(f"{self.id} has no chainlet {name!r}; it has: {known}")
