"""What models and chains have in common: deployments and environments by their names."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ._clock import STARTED
from ._deployments import Facts, FakeDeployment, Plan, Reactions, Refused
from ._environments import FakeEnvironment, Settings
from .behaviour import Behaviour
from .timelines import Steps, moment

# In the position of a deployment's id these mean a role (domain knowledge of the API).
RESERVED_IDS = ("production", "development")


class Owner(ABC):
    """What a model and a chain have in common."""

    kind: str

    def __init__(
        self,
        owner_id: str,
        *,
        now: Callable[[], float],
        behaviour: Behaviour,
        started: datetime = STARTED,
    ) -> None:
        self.id: str = check_id(owner_id)
        self.now = now
        self.behaviour = behaviour
        self.created: float = now()
        self.deployments: dict[str, FakeDeployment] = {}
        self.environments: dict[str, FakeEnvironment] = {}
        self._began_at = started.timestamp()
        self._copies = 0
        self._quiet_until = math.inf

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {len(self.deployments)} deployments>"

    def settle(self, now: float) -> None:
        """Let everything happen, in order, that happens by itself until *now*."""
        while now >= self._quiet_until:
            # What happens may plan more: then it says so with `unsettle`.
            self._quiet_until = math.inf
            soonest = min(self.environments.values(), key=FakeEnvironment.next_event, default=None)
            when = math.inf if soonest is None else soonest.next_event()
            if soonest is not None and when <= now:
                soonest.happen()
                when = now
            self._quiet_until = min(self._quiet_until, when)

    def settled(self) -> float:
        """The time, once everything has happened that happens by itself until then."""
        now = self.now()
        self.settle(now)
        return now

    def unsettle(self) -> None:
        """Say that what was going to happen may have changed."""
        self._quiet_until = -math.inf

    def found(self, deployment_id: str) -> FakeDeployment:
        """The deployment with this id; raises Refused (404) if there is none."""
        try:
            return self.deployments[deployment_id]
        except KeyError:
            raise Refused(
                404,
                "NOT_FOUND",
                f"{self.kind} {self.id} has no deployment {deployment_id}."
                f" {to_add('deployment', deployment_id, self.deployments)}",
            ) from None

    def named(self, deployment_id: str) -> FakeDeployment:
        """The deployment with this id or in this role; raises Refused (404) if there is none."""
        return self.found(deployment_id)

    def forget(self, deployment: FakeDeployment) -> None:
        """Remove a deployment."""
        self.deployments.pop(deployment.id, None)

    @abstractmethod
    def copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        """A new deployment made from *source* by a promotion."""

    def _copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        first_name = source.facts.promoted_from or source.id
        self._copies += 1
        while f"{first_name}-p{self._copies}" in self.deployments:
            self._copies += 1
        facts = source.copied_facts(
            name=self._name_of_copy(source.facts.name, now),
            created=now,
            visible_from=moment(now + self.behaviour.hidden_for),
        )
        return self._add(f"{first_name}-p{self._copies}", facts, plan, source.reactions)

    def _name_of_copy(self, source_name: str, now: float) -> str:
        """A name as Baseten makes them: the source's, a dot, and the time in seconds."""
        taken = {deployment.facts.name for deployment in self.deployments.values()}
        second = int(self._began_at + now)
        while f"{source_name}.{second}" in taken:
            second += 1
        return f"{source_name}.{second}"

    def _add(
        self,
        deployment_id: str,
        facts: Facts,
        plan: Plan,
        reactions: Reactions,
        chain_timeline: Steps | None = None,
    ) -> FakeDeployment:
        made = FakeDeployment(
            self,
            check_id(deployment_id),
            facts,
            plan,
            chain_timeline=chain_timeline,
            reactions=reactions,
        )
        self.deployments[deployment_id] = made
        return made

    def _known(
        self, kind: str, name: str, known: Mapping[str, Any], options: Mapping[str, object]
    ) -> bool:
        """Whether it exists; raises ValueError if it does and *options* would be lost."""
        if name not in known:
            return False
        given = [option for option, value in options.items() if value is not None]
        if given:
            raise ValueError(
                f"{self.kind} {self.id} already has the {kind} {name!r}: its"
                f" {', '.join(given)} cannot be given again; change it with its own methods"
            )
        return True

    def _environment(
        self, name: str, current: str | FakeDeployment | None, settings: Settings
    ) -> FakeEnvironment:
        serving: FakeDeployment | None = None
        if current is not None:
            wanted = current if isinstance(current, str) else current.id
            serving = self.deployments.get(wanted)
            if serving is None or current not in (wanted, serving):
                raise ValueError(
                    f"{self.kind} {self.id} has no deployment {wanted!r} that could be current."
                    f" {to_add('deployment', wanted, self.deployments)}"
                )
            serving.attached_to = name
        made = FakeEnvironment(self, check_id(name), settings, created=self.now(), current=serving)
        self.environments[name] = made
        return made


def check_id(name: str) -> str:
    """*name*, if it can be part of a path; raises ValueError if not."""
    if not (isinstance(name, str) and name and "/" not in name):
        raise ValueError(f"an id or name is a word without slashes, not {name!r}")
    return name


def to_add(method: str, name: str, known: Iterable[str]) -> str:
    """What to do about a name that the fake does not know."""
    names = list(islice(known, 11))
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    return f"The fake has: {shown or 'none'}; add it with .{method}({name!r})."


def given(status: str | None, timeline: Steps | None) -> Steps | None:
    """Whichever was given; raises ValueError if both were."""
    if status is not None and timeline is not None:
        raise ValueError("give a status, which stays, or a timeline, but not both")
    return status if timeline is None else timeline


def facts_of(deployment_id: str, now: float, hidden_for: float | None, **more: Any) -> Facts:
    """The facts of a new deployment; raises ValueError for an id that means something else."""
    if deployment_id in RESERVED_IDS:
        raise ValueError(f"{deployment_id!r} means a role in the API: choose another id")
    return Facts(
        name=deployment_id, created=now, visible_from=moment(now + (hidden_for or 0.0)), **more
    )


def settings_of(options: Mapping[str, Any]) -> Settings:
    """The settings of a new environment: what is not None was given."""
    given = {name: value for name, value in options.items() if value is not None}
    if "moves_on" in given:
        given["moves_on"] = tuple(given["moves_on"])
    return Settings(**given)
