"""Models and chains: what owns deployments and environments, and where people script them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._deployments import DEFAULT_CHAINLET, Deployment, Facts, Plan, Reactions, Refused
from ._environments import Cleanup, Environment, Settings
from ._promotions import Ramp
from ._statuses import ACTIVE
from .behaviour import Behaviour
from .timelines import HEALTHY_PROMOTION, Steps, moment

# In the position of a deployment's id these mean a role (domain knowledge of the API).
RESERVED_IDS = ("production", "development")


class Owner(ABC):
    """What a model and a chain have in common."""

    kind: str

    def __init__(self, owner_id: str, *, now: Callable[[], float], behaviour: Behaviour) -> None:
        self.id = check_id(owner_id)
        self.now = now
        self.behaviour = behaviour
        self.created = now()
        self.deployments: dict[str, Deployment] = {}
        self.environments: dict[str, Environment] = {}
        self._copies = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {len(self.deployments)} deployments>"

    def settle(self, now: float) -> None:
        """Let everything happen that happens by itself until *now*."""
        for environment in self.environments.values():
            environment.settle(now)

    def found(self, deployment_id: str) -> Deployment:
        """The deployment with this id; raises Refused (404) if there is none."""
        try:
            return self.deployments[deployment_id]
        except KeyError:
            raise Refused(
                404, "NOT_FOUND", f"{self.kind} {self.id} has no deployment {deployment_id}."
            ) from None

    def named(self, deployment_id: str) -> Deployment:
        """The deployment with this id or in this role; raises Refused (404) if there is none."""
        found = self.roles().get(deployment_id)
        return found or self.found(deployment_id)

    def roles(self) -> Mapping[str, Deployment | None]:
        """The deployments that paths can name by what they are for."""
        return {}

    def forget(self, deployment: Deployment) -> None:
        """Remove a deployment."""
        self.deployments.pop(deployment.id, None)

    @abstractmethod
    def copy(self, source: Deployment, plan: Plan, now: float) -> Deployment:
        """A new deployment made from *source* by a promotion."""

    def _copy(self, source: Deployment, plan: Plan, now: float) -> Deployment:
        self._copies += 1
        first_name = source.facts.promoted_from or source.id
        facts = source.copied_facts(
            name=f"{source.facts.name}-p-{self._copies}",
            created=now,
            visible_from=moment(now + self.behaviour.hidden_for),
        )
        return self._add(f"{first_name}-p{self._copies}", facts, plan, source.reactions)

    def _add(
        self,
        deployment_id: str,
        facts: Facts,
        plan: Plan,
        reactions: Reactions,
        chain_timeline: Steps | None = None,
    ) -> Deployment:
        made = Deployment(
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
        self, name: str, current: str | Deployment | None, settings: Settings
    ) -> Environment:
        serving: Deployment | None = None
        if current is not None:
            wanted = current if isinstance(current, str) else current.id
            serving = self.deployments.get(wanted)
            if serving is None:
                known = ", ".join(self.deployments) or "none"
                raise ValueError(
                    f"{self.kind} {self.id} has no deployment {wanted!r} that could be current;"
                    f" create it first with .deployment({wanted!r}). It has: {known}"
                )
            serving.environment = name
        made = Environment(self, check_id(name), settings, created=self.now(), current=serving)
        self.environments[name] = made
        return made


class Chain(Owner):
    """A chain. Made by `FakeBaseten.chain`."""

    kind = "Chain"

    def deployment(
        self,
        deployment_id: str,
        *,
        status: str | None = None,
        timeline: Steps | None = None,
        chainlets: Sequence[str] | Mapping[str, Steps] | None = None,
        on_promote: Plan | None = None,
        on_activate: Plan | None = None,
        on_retry: Plan | None = None,
        hidden_for: float | None = None,
    ) -> Deployment:
        """The deployment with this id, made if there is none; timelines begin now.

        Args:
            deployment_id: Its id, and its name.
            status: What it is, for ever. ACTIVE if nothing else is said.
            timeline: What it goes through instead: ``[("BUILDING", 12), "ACTIVE"]``.
            chainlets: Names, which all do what the chain does; or a timeline for each name, and
                the chain's own status follows from them unless it is given too.
            on_promote: What it, or the new deployment made from it, goes through when promoted.
            on_activate: What it goes through when activated.
            on_retry: What it goes through when retried, instead of everything once more.
            hidden_for: Seconds for which it still answers 404.

        Raises:
            ValueError: It exists and options were given; or a timeline is impossible.
        """
        options = {
            "status": status, "timeline": timeline, "chainlets": chainlets,
            "on_promote": on_promote, "on_activate": on_activate, "on_retry": on_retry,
            "hidden_for": hidden_for,
        }  # fmt: skip
        if self._known("deployment", deployment_id, self.deployments, options):
            return self.deployments[deployment_id]
        plan, own = _chain_plan(_given(status, timeline), chainlets)
        reactions = Reactions(on_promote=on_promote, on_activate=on_activate, on_retry=on_retry)
        facts = _facts(deployment_id, self.now(), hidden_for)
        return self._add(deployment_id, facts, plan, reactions, own)

    def environment(
        self,
        name: str,
        *,
        current: str | Deployment | None = None,
        traffic_delay: float | None = None,
        moves_on: Sequence[str] | None = None,
        cleanup: Cleanup | None = None,
        redeploy_on_promotion: bool | None = None,
        candidate_timeline: Plan | None = None,
        restricted: bool | None = None,
    ) -> Environment:
        """The environment with this name, made if there is none.

        The options are those of `Model.environment`; chains have no rolling promotions and no
        instance type of their own.

        Raises:
            ValueError: It exists and options were given; or *current* is unknown.
        """
        options = {
            "traffic_delay": traffic_delay, "moves_on": moves_on, "cleanup": cleanup,
            "redeploy_on_promotion": redeploy_on_promotion,
            "candidate_timeline": candidate_timeline, "restricted": restricted,
        }  # fmt: skip
        if self._known("environment", name, self.environments, {"current": current, **options}):
            return self.environments[name]
        return self._environment(name, current, _settings(options))

    def copy(self, source: Deployment, plan: Plan, now: float) -> Deployment:
        """A new deployment made from *source* by a promotion."""
        names = source.chainlet_names
        if not isinstance(plan, Mapping):
            return self._copy(source, dict.fromkeys(names, plan), now)
        unknown = set(plan) - set(names)
        if unknown:
            raise ValueError(f"{source.id} has no chainlet {min(unknown)!r}: it has {names}")
        return self._copy(source, {**dict.fromkeys(names, HEALTHY_PROMOTION), **plan}, now)


class Model(Owner):
    """A model. Made by `FakeBaseten.model`."""

    kind = "Model"

    def deployment(
        self,
        deployment_id: str,
        *,
        status: str | None = None,
        timeline: Steps | None = None,
        on_promote: Steps | None = None,
        on_activate: Steps | None = None,
        on_retry: Steps | None = None,
        on_wake: Steps | None = None,
        hidden_for: float | None = None,
        instance_type: str | None = None,
        is_development: bool | None = None,
        labels: Mapping[str, object] | None = None,
    ) -> Deployment:
        """The deployment with this id, made if there is none; timelines begin now.

        Args:
            deployment_id: Its id, and its name.
            status: What it is, for ever. ACTIVE if nothing else is said.
            timeline: What it goes through instead: ``[("BUILDING", 12), "ACTIVE"]``.
            on_promote: What it, or the new deployment made from it, goes through when promoted.
            on_activate: What it goes through when activated.
            on_retry: What it goes through when retried, instead of everything once more.
            on_wake: What it goes through when woken.
            hidden_for: Seconds for which it still answers 404.
            instance_type: Promoting it to an environment with another makes a new deployment.
            is_development: Whether ``development`` means this one.
            labels: Passed on as they are.

        Raises:
            ValueError: It exists and options were given; or a timeline is impossible.
        """
        options = {
            "status": status, "timeline": timeline, "on_promote": on_promote,
            "on_activate": on_activate, "on_retry": on_retry, "on_wake": on_wake,
            "hidden_for": hidden_for, "instance_type": instance_type,
            "is_development": is_development, "labels": labels,
        }  # fmt: skip
        if self._known("deployment", deployment_id, self.deployments, options):
            return self.deployments[deployment_id]
        reactions = Reactions(
            on_promote=on_promote, on_activate=on_activate, on_retry=on_retry, on_wake=on_wake
        )
        facts = _facts(
            deployment_id,
            self.now(),
            hidden_for,
            instance_type=instance_type,
            is_development=bool(is_development),
            labels=labels,
        )
        plan = _given(status, timeline)
        return self._add(deployment_id, facts, ACTIVE if plan is None else plan, reactions)

    def environment(
        self,
        name: str,
        *,
        current: str | Deployment | None = None,
        rolling: bool | None = None,
        ramp: Ramp | None = None,
        traffic_delay: float | None = None,
        moves_on: Sequence[str] | None = None,
        cleanup: Cleanup | None = None,
        redeploy_on_promotion: bool | None = None,
        instance_type: str | None = None,
        candidate_timeline: Steps | None = None,
        restricted: bool | None = None,
    ) -> Environment:
        """The environment with this name, made if there is none.

        Args:
            name: Such as ``production``.
            current: The deployment that serves in it.
            rolling: Whether traffic moves step by step.
            ramp: The steps: percent of traffic, and seconds for which it stays so.
            traffic_delay: Seconds from the candidate being ready to its first traffic; unless
                given 0, and 5 for a deployment that serves already.
            moves_on: The statuses of a candidate that is ready; unless given ACTIVE alone.
            cleanup: What becomes of the deployment that served before; unless given
                SCALE_TO_ZERO. A promote that says not to scale it down wins.
            redeploy_on_promotion: Whether a promotion always makes a new deployment.
            instance_type: Deployments of another type are made anew when promoted.
            candidate_timeline: What deployments made by a promotion go through, unless theirs
                is given with ``on_promote``.
            restricted: Whether promoting is forbidden (403).

        Raises:
            ValueError: It exists and options were given; or *current* is unknown; or the ramp is
                impossible.
        """
        options = {
            "rolling": rolling if ramp is None else True, "ramp": ramp,
            "traffic_delay": traffic_delay, "moves_on": moves_on, "cleanup": cleanup,
            "redeploy_on_promotion": redeploy_on_promotion, "instance_type": instance_type,
            "candidate_timeline": candidate_timeline, "restricted": restricted,
        }  # fmt: skip
        if self._known("environment", name, self.environments, {"current": current, **options}):
            return self.environments[name]
        if ramp is not None and rolling is False:
            raise ValueError("a ramp is for rolling promotions: leave out rolling=False")
        return self._environment(name, current, _settings(options))

    def copy(self, source: Deployment, plan: Plan, now: float) -> Deployment:
        """A new deployment made from *source* by a promotion."""
        return self._copy(source, plan, now)

    def development(self) -> Deployment | None:
        """The development deployment."""
        return next((one for one in self.deployments.values() if one.facts.is_development), None)

    def roles(self) -> Mapping[str, Deployment | None]:
        """The deployments that paths can name by what they are for."""
        production = self.environments.get("production")
        serving = production.seen_at(self.now()).current if production else None
        return {"production": serving, "development": self.development()}


def check_id(name: str) -> str:
    """*name*, if it can be part of a path; raises ValueError if not."""
    if not (isinstance(name, str) and name and "/" not in name):
        raise ValueError(f"an id or name is a word without slashes, not {name!r}")
    return name


def _given(status: str | None, timeline: Steps | None) -> Steps | None:
    if status is not None and timeline is not None:
        raise ValueError("give a status, which stays, or a timeline, but not both")
    return status if timeline is None else timeline


def _chain_plan(
    steps: Steps | None, chainlets: Sequence[str] | Mapping[str, Steps] | None
) -> tuple[Mapping[str, Steps], Steps | None]:
    """The timeline of each chainlet, and that of the chain itself if it has one of its own."""
    if isinstance(chainlets, Mapping):
        return dict(chainlets), steps
    if isinstance(chainlets, str):
        # A string is a list of letters, too.
        raise ValueError(f"chainlets are a list of names: [{chainlets!r}]")  # noqa: TRY004
    names = (DEFAULT_CHAINLET,) if chainlets is None else chainlets
    return dict.fromkeys(names, ACTIVE if steps is None else steps), None


def _facts(deployment_id: str, now: float, hidden_for: float | None, **more: Any) -> Facts:
    if deployment_id in RESERVED_IDS:
        raise ValueError(f"{deployment_id!r} means a role in the API: choose another id")
    return Facts(
        name=deployment_id, created=now, visible_from=moment(now + (hidden_for or 0.0)), **more
    )


def _settings(options: Mapping[str, Any]) -> Settings:
    given = {name: value for name, value in options.items() if value is not None}
    if "moves_on" in given:
        given["moves_on"] = tuple(given["moves_on"])
    return Settings(**given)
