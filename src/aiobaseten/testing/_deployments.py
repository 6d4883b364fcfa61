"""Deployments: one or several statuses over time, and what people do to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from . import _statuses as status
from ._logs import LogLine
from .timelines import HEALTHY, HEALTHY_PROMOTION, Steps, Timeline, moment

if TYPE_CHECKING:
    from ._owners import Owner

Plan = Steps | Mapping[str, Steps]
"""One timeline for the whole deployment, or one for each chainlet by its name."""

DEFAULT_CHAINLET: Final = "Main"
WAKE: Final[Steps] = ((status.WAKING_UP, 20.0), status.ACTIVE)
SHUT_DOWN: Final[Steps] = ((status.DEACTIVATING, 10.0), status.INACTIVE)


class Refused(ValueError):  # noqa: N818 - it is Baseten's answer, and only sometimes a mistake
    """Baseten would not do this.

    Over HTTP it is the error answer; called in a test, the exception.

    Attributes:
        status: The HTTP status.
        code: The error code.
        message: The error message.
        allow: The methods that would be allowed, for an Allow header; None for no header.
    """

    def __init__(self, status: int, code: str, message: str, *, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.allow = allow


class Track:
    """One status over time: timelines laid end to end, each cutting short the one before."""

    __slots__ = ("_pieces",)

    def __init__(self, timeline: Timeline, start: float) -> None:
        self._pieces = [(start, start, timeline)]

    def put(self, timeline: Timeline, *, at: float, seen_from: float) -> None:
        """Go on with *timeline* from *at*; looks show it from *seen_from*."""
        self._pieces.append((at, seen_from, timeline))

    def at(self, when: float) -> str:
        """What it is."""
        for start, _, timeline in reversed(self._pieces):
            if start <= when:
                return timeline.at(when - start)
        return self._pieces[0][2].at(0.0)

    def seen_at(self, when: float) -> str:
        """What a look shows."""
        for start, seen_from, timeline in reversed(self._pieces):
            if seen_from <= when:
                return timeline.at(when - start)
        return self._pieces[0][2].at(0.0)

    def changes(self) -> frozenset[float]:
        """Every time at which it may change."""
        return frozenset(
            moment(start + offset)
            for start, _, timeline in self._pieces
            for offset, _ in timeline.changes()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """What a deployment does when somebody acts on it; None is the usual thing."""

    on_promote: Plan | None = None
    on_activate: Plan | None = None
    on_retry: Plan | None = None
    on_wake: Plan | None = None

    def __post_init__(self) -> None:
        for plan in (self.on_promote, self.on_activate, self.on_retry, self.on_wake):
            if plan is not None:
                parse(plan)


def parse(plan: Plan) -> Timeline | dict[str, Timeline]:
    """The timeline or timelines of *plan*; raises ValueError for an impossible one."""
    if isinstance(plan, Mapping):
        if not plan:
            raise ValueError("a chain needs a chainlet: chainlets={'Main': 'ACTIVE'}")
        return {name: Timeline(steps) for name, steps in plan.items()}
    return Timeline(plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What does not change about a deployment."""

    name: str
    created: float
    visible_from: float
    instance_type: str | None = None
    is_development: bool = False
    labels: Mapping[str, object] | None = None
    promoted_from: str | None = None


class FakeDeployment:
    """A deployment. Made by `FakeModel.deployment` and `FakeChain.deployment`.

    Times are seconds in the fake's time.
    """

    def __init__(
        self,
        owner: Owner,
        deployment_id: str,
        facts: Facts,
        plan: Plan,
        *,
        chain_timeline: Steps | None = None,
        reactions: Reactions,
    ) -> None:
        self.owner = owner
        self.id = deployment_id
        self.facts = facts
        self.reactions = reactions
        self.attached_to: str | None = None
        self.version: int = 0
        self._log: list[LogLine] = []
        self._first = (plan, chain_timeline)
        self._own: Track | None = None
        self._chainlets: dict[str, Track] = {}
        parsed = parse(plan)
        if isinstance(parsed, Timeline):
            self._own = Track(parsed, facts.created)
            return
        self._chainlets = {name: Track(line, facts.created) for name, line in parsed.items()}
        if chain_timeline is not None:
            self._own = Track(Timeline(chain_timeline), facts.created)

    def __repr__(self) -> str:
        return f"<FakeDeployment {self.id} of {self.owner.id}: {self.status}>"

    @property
    def status(self) -> str:
        """What it really is now. Looks may still show the status before (``stale_for``)."""
        now = self.owner.settled()
        return self.status_at(now)

    @property
    def environment(self) -> str | None:
        """The name of the environment that it is in, or is being promoted to."""
        self.owner.settled()
        return self.attached_to

    @property
    def chainlets(self) -> Mapping[str, str]:
        """What each chainlet really is now; empty for a model's deployment."""
        now = self.owner.settled()
        return {name: track.at(now) for name, track in self._chainlets.items()}

    def status_at(self, when: float) -> str:
        """What it is at a time, as far as it has been decided."""
        return self._combined(lambda track: track.at(when))

    def seen_at(self, when: float) -> str:
        """What a look at that time shows."""
        return self._combined(lambda track: track.seen_at(when))

    def chainlets_seen_at(self, when: float) -> Mapping[str, str]:
        """What a look at that time shows of each chainlet."""
        return {name: track.seen_at(when) for name, track in self._chainlets.items()}

    def history(self) -> Sequence[tuple[float, str]]:
        """Each status until now, with the time from which it was so."""
        now = self.owner.settled()
        found: list[tuple[float, str]] = []
        for at in sorted(at for at in self._changes() if at <= now):
            now_status = self.status_at(at)
            if not found or found[-1][1] != now_status:
                found.append((at, now_status))
        return found

    def set(self, status: str, *, chainlet: str | None = None) -> None:
        """Make it *status* from now on, with every chainlet, or one chainlet alone.

        Raises:
            ValueError: It has no such chainlet.
        """
        self.set_timeline(status if chainlet is None else {chainlet: status})

    def set_timeline(self, timeline: Plan) -> None:
        """Let it run through *timeline* from now on; chainlets that are not named go on as before.

        Raises:
            ValueError: The timeline is impossible, or names a chainlet that it has not.
        """
        now = self.owner.settled()
        self.run(timeline, at=now, seen_from=now)

    def log(
        self,
        message: str,
        *,
        chainlet: str | None = None,
        level: str | None = None,
        replica: str | None = None,
    ) -> None:
        """Write a line to its log now: to that of every chainlet, or of one alone.

        Raises:
            ValueError: It has no such chainlet.
        """
        if chainlet is not None:
            self._check_chainlets({chainlet: message})
        self._log.append(LogLine(self.owner.now(), message, chainlet, level, replica))

    def lines(self, chainlet: str | None = None) -> Sequence[LogLine]:
        """Its log, or that of a chainlet, oldest first."""
        return [line for line in self._log if line.chainlet in (None, chainlet)]

    def activate(self) -> bool:
        """Bring it back if it is inactive; False if there was nothing to do."""
        now = self.owner.settled()
        if self.status_at(now) not in {status.INACTIVE, status.DEACTIVATING}:
            return False
        self.run(self.reactions.on_activate or HEALTHY_PROMOTION, at=now, stale=True)
        return True

    def deactivate(self) -> bool:
        """Shut it down; False if it was down already."""
        now = self.owner.settled()
        if self.status_at(now) in {status.INACTIVE, status.DEACTIVATING}:
            return False
        self.run(SHUT_DOWN, at=now)
        return True

    def retry(self) -> bool:
        """Start again after a failure; False if it has not failed.

        Unless told otherwise it goes through everything once more, or, if that had failed from
        the start, through `timelines.HEALTHY`.
        """
        now = self.owner.settled()
        if self.status_at(now) not in status.RETRYABLE:
            return False
        plan, chain_timeline = self._first
        if self.reactions.on_retry is not None:
            self.run(self.reactions.on_retry, at=now, stale=True)
        elif self.status_at(self.facts.created) in status.RETRYABLE:
            self.run(HEALTHY, at=now, stale=True)
        else:
            # What the chain says of itself first: a plan for chainlets leaves it alone.
            self.run(chain_timeline or plan, at=now, stale=True)
            self.run(plan, at=now, stale=True)
        return True

    def wake(self) -> bool:
        """Wake it if it sleeps; False if it does not."""
        now = self.owner.settled()
        if self.status_at(now) != status.SCALED_TO_ZERO:
            return False
        self.run(self.reactions.on_wake or WAKE, at=now, stale=True)
        return True

    def delete(self) -> None:
        """Remove it: from now on it answers 404."""
        self.owner.forget(self)

    def run(
        self, plan: Plan, *, at: float, seen_from: float | None = None, stale: bool = False
    ) -> None:
        """Go on with *plan* from *at*, which looks see late if they are *stale*."""
        self.version += 1
        self.owner.unsettle()
        if seen_from is None:
            seen_from = moment(at + (self.owner.behaviour.stale_for if stale else 0.0))
        parsed = parse(plan)
        if isinstance(parsed, Timeline):
            tracks = [*self._chainlets.values(), *([self._own] if self._own else [])]
            for track in tracks:
                track.put(parsed, at=at, seen_from=seen_from)
            return
        self._check_chainlets(parsed)
        for name, timeline in parsed.items():
            self._chainlets[name].put(timeline, at=at, seen_from=seen_from)

    def first_held(self, statuses: frozenset[str], *, since: float, lasting: float) -> float | None:
        """When it will have been in *statuses* for *lasting* seconds on end, counted from *since*.

        None if that is not to be, as things stand.
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

    def copied_facts(self, *, name: str, created: float, visible_from: float) -> Facts:
        """The facts of a new deployment made from this one."""
        return replace(
            self.facts,
            name=name,
            created=created,
            visible_from=visible_from,
            is_development=False,
            promoted_from=self.id,
        )

    @property
    def chainlet_names(self) -> Sequence[str]:
        """The names of its chainlets; empty for a model's deployment."""
        return tuple(self._chainlets)

    def _combined(self, read: Callable[[Track], str]) -> str:
        if self._own is not None:
            return read(self._own)
        fold = status.FOLDS[self.owner.behaviour.chain_status]
        return fold([read(track) for track in self._chainlets.values()])

    def _changes(self) -> frozenset[float]:
        if self._own is not None:
            return self._own.changes()
        return frozenset[float]().union(*(track.changes() for track in self._chainlets.values()))

    def _check_chainlets(self, names: Mapping[str, object]) -> None:
        for name in names:
            if name not in self._chainlets:
                known = ", ".join(self._chainlets) or "none"
                raise ValueError(f"{self.id} has no chainlet {name!r}; it has: {known}")
