"""Everything that chains and models have in common: deployments and environments by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from ..behaviour import Behaviour
from ..timelines import Steps, moment
from .audit_log import Actors, AuditLog
from .clock import STARTED
from .deployment import DeploymentFacts, FakeDeployment
from .environment import FakeEnvironment
from .environment_settings import EnvironmentSettings
from .history import since_ever
from .identifier import advice_to_add, check_deployment_id, check_id
from .plan import Plan, Reactions
from .progress import Progress
from .refusal import find, not_found
from .traffic import Flow

# The team of chains and models without another one.
TEAM: Final = "Fake team"


class FakeResource(ABC):
    """A chain or a model."""

    kind: ClassVar[str]

    def __init__(
        self,
        resource_id: str,
        *,
        name: str | None = None,
        team: str | None = None,
        now: Callable[[], float],
        behaviour: Behaviour,
        started: datetime = STARTED,
        actors: Actors | None = None,
    ) -> None:
        self.id: str = check_id(resource_id)
        self.name: str = resource_id if name is None else name
        self.team: str = TEAM if team is None else team
        self.behaviour = behaviour
        self.created: float = now()
        self.since: float = since_ever(self.created)
        self.deployments: dict[str, FakeDeployment] = {}
        self.environments: dict[str, FakeEnvironment] = {}
        # All that ever were, also the deleted ones: reads may show the past.
        self._all_deployments: list[FakeDeployment] = []
        self._all_environments: list[FakeEnvironment] = []
        self.progress: Progress = Progress(now, self.environments)
        self.audit_log: AuditLog = AuditLog(actors or Actors())
        self._began_at = started.timestamp()
        self._copies = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {len(self.deployments)} deployments>"

    def find_deployment(self, deployment_id: str) -> FakeDeployment:
        """The deployment with this id; raises Refused (404) if there is none."""
        try:
            return self.deployments[deployment_id]
        except KeyError:
            raise not_found(
                f"{self.kind} {self.id} has no deployment {deployment_id}."
                f" {advice_to_add('deployment', deployment_id, self.deployments)}"
            ) from None

    def deployments_at(self, when: float) -> Sequence[FakeDeployment]:
        """The deployments that exist at that time, oldest first; some may be hidden."""
        self.progress.advance(when)
        return [one for one in self._all_deployments if one.exists_at(when)]

    def find_by_id_or_role(self, deployment_id: str, when: float) -> FakeDeployment:
        """The deployment that a request at that time finds by its id.

        It finds it by its role too, which only models have.

        Raises:
            Refused: It finds none (404).
        """
        for one in self.deployments_at(when):
            if one.id == deployment_id and one.visible_at(when):
                return one
        if deployment_id in self.deployments:
            raise not_found(f"Deployment {deployment_id} was not found.")
        return self.find_deployment(deployment_id)

    def environments_at(self, when: float) -> Mapping[str, FakeEnvironment]:
        """The environments that exist at that time, by name."""
        self.progress.advance(when)
        return {one.name: one for one in self._all_environments if one.exists_at(when)}

    def find_environment(self, name: str, when: float) -> FakeEnvironment:
        """The environment that a request at that time finds; raises Refused (404) if none."""
        return find(self.environments_at(when), "Environment", name)

    def production_at(self, when: float) -> FakeDeployment | None:
        """The deployment that serves in production, as a read shows it at that time."""
        production = self.environments_at(when).get("production")
        return production.seen_at(when).current if production else None

    def flows(self, deployment: FakeDeployment, until: float) -> Sequence[Flow]:
        """The requests to a deployment from all environments until that time."""
        self.progress.advance(until)
        return [
            flow
            for environment in self._all_environments
            for served, flow in environment.flows(until)
            if served is deployment
        ]

    def forget_deployment(self, deployment: FakeDeployment) -> None:
        """Remove a deployment."""
        self.deployments.pop(deployment.id, None)

    def forget_environment(self, environment: FakeEnvironment) -> None:
        """Remove an environment."""
        del self.environments[environment.name]

    @abstractmethod
    def copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        """A new deployment, made from *source* by a promotion."""

    def _copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        first_name = source.facts.promoted_from or source.id
        self._copies += 1
        while f"{first_name}-p{self._copies}" in self.deployments:
            self._copies += 1
        facts = source.facts_of_copy(
            name=self._name_of_copy(source.facts.name, now),
            created=now,
            visible_from=moment(now + self.behaviour.hidden_for),
        )
        copy = self._add(f"{first_name}-p{self._copies}", facts, plan, source.reactions)
        copy.behave_like(source)
        return copy

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
        facts: DeploymentFacts,
        plan: Plan,
        reactions: Reactions,
        chain_timeline: Steps | None = None,
    ) -> FakeDeployment:
        deployment = FakeDeployment(
            self,
            check_id(deployment_id),
            facts,
            plan,
            chain_timeline=chain_timeline,
            reactions=reactions,
        )
        self.deployments[deployment_id] = deployment
        self._all_deployments.append(deployment)
        return deployment

    def _known(
        self, kind: str, name: str, known: Mapping[str, Any], options: Mapping[str, object]
    ) -> bool:
        """Whether it exists; raises ValueError if it does and *options* would have no effect."""
        if name not in known:
            return False
        given = [option for option, value in options.items() if value is not None]
        if given:
            raise ValueError(
                f"{self.kind} {self.id} already has the {kind} {name!r}: its"
                f" {', '.join(given)} cannot be given again; change it with its own methods"
            )
        return True

    def _facts(
        self,
        deployment_id: str,
        hidden_for: float | None,
        *,
        name: str | None = None,
        **more: Any,
    ) -> DeploymentFacts:
        """The facts of a new deployment; raises ValueError for an id that means a role."""
        check_deployment_id(deployment_id)
        now = self.progress.now()
        since = since_ever(now)
        return DeploymentFacts(
            name=deployment_id if name is None else name,
            created=now,
            since=since,
            visible_from=moment(now + hidden_for) if hidden_for else since,
            **more,
        )

    def _environment(
        self, name: str, current: str | FakeDeployment | None, options: Mapping[str, Any]
    ) -> FakeEnvironment:
        """A new environment with those *options* that are not None."""
        given = {option: value for option, value in options.items() if value is not None}
        if "moves_on" in given:
            given["moves_on"] = tuple(given["moves_on"])
        settings = EnvironmentSettings(**given)
        serving = None if current is None else self._serving(current)
        now = self.progress.now()
        since = since_ever(now)
        if serving is not None:
            serving.attach(name, since=since)
        environment = FakeEnvironment(
            self, check_id(name), settings, created=now, since=since, current=serving
        )
        self.environments[name] = environment
        self._all_environments.append(environment)
        if serving is not None:
            self.audit_log.write(now, "DEPLOYMENT_PROMOTED", environment=name, deployment=serving)
        return environment

    def _pushed(self, deployment: FakeDeployment) -> FakeDeployment:
        self.audit_log.write(self.progress.now(), "DEPLOYED", deployment=deployment)
        return deployment

    def _serving(self, current: str | FakeDeployment) -> FakeDeployment:
        """The deployment that is to be current; raises ValueError if it is not one of ours."""
        deployment_id = current if isinstance(current, str) else current.id
        deployment = self.deployments.get(deployment_id)
        if deployment is None or current not in (deployment_id, deployment):
            raise ValueError(
                f"{self.kind} {self.id} has no deployment {deployment_id!r} that could be current."
                f" {advice_to_add('deployment', deployment_id, self.deployments)}"
            )
        return deployment


def one_of(status: str | None, timeline: Steps | None) -> Steps | None:
    """The one that is given; raises ValueError if both are."""
    if status is not None and timeline is not None:
        raise ValueError("give a status, which stays, or a timeline, but not both")
    return status if timeline is None else timeline
