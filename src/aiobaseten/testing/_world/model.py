"""Models: deployments with one status, and environments whose traffic may move step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..timelines import Steps
from .deployment import FakeDeployment
from .environment import FakeEnvironment
from .environment_settings import AUTOSCALING, Cleanup
from .identifier import RESERVED_IDS
from .plan import Plan, Reactions
from .refusal import not_found
from .resource import FakeResource, one_of
from .rollout import Ramp
from .status import ACTIVE


class FakeModel(FakeResource):
    """A model. Made by `FakeBaseten.model`."""

    kind = "Model"

    def deployment(
        self,
        deployment_id: str,
        *,
        name: str | None = None,
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
        replicas: int | None = None,
    ) -> FakeDeployment:
        """The deployment with this id; makes it if there is none. Its timelines begin now.

        Args:
            deployment_id: Its id.
            name: Its name (default: its id).
            status: A status that stays (default: ACTIVE).
            timeline: Statuses over time instead: ``[("BUILDING", 12), "ACTIVE"]``.
            on_promote: The timeline of the candidate when this deployment is promoted.
            on_activate: The timeline when it is activated.
            on_retry: The timeline when it is retried (default: its first timeline again).
            on_wake: The timeline when it is woken.
            hidden_for: Seconds for which requests for it get 404.
            instance_type: An environment with another instance type makes a new deployment when
                this one is promoted.
            is_development: Whether this is the deployment with the role ``development``.
            labels: Labels, which the API returns unchanged.
            replicas: How many replicas it has while it runs (default: 1). Promotions have the same
                steps with any number.

        Raises:
            ValueError: It exists and options were given; or a timeline is impossible.
        """
        options = {
            "name": name, "status": status, "timeline": timeline, "on_promote": on_promote,
            "on_activate": on_activate, "on_retry": on_retry, "on_wake": on_wake,
            "hidden_for": hidden_for, "instance_type": instance_type,
            "is_development": is_development, "labels": labels, "replicas": replicas,
        }  # fmt: skip
        if self._known("deployment", deployment_id, self.deployments, options):
            return self.deployments[deployment_id]
        reactions = Reactions(
            on_promote=on_promote, on_activate=on_activate, on_retry=on_retry, on_wake=on_wake
        )
        facts = self._facts(
            deployment_id,
            hidden_for,
            name=name,
            instance_type=instance_type,
            is_development=bool(is_development),
            labels=labels,
            replicas=1 if replicas is None else replicas,
        )
        plan = one_of(status, timeline)
        plan = ACTIVE if plan is None else plan
        return self._pushed(self._add(deployment_id, facts, plan, reactions))

    def environment(
        self,
        name: str,
        *,
        current: str | FakeDeployment | None = None,
        rolling: bool | None = None,
        ramp: Ramp | None = None,
        traffic_delay: float | None = None,
        moves_on: Sequence[str] | None = None,
        cleanup: Cleanup | None = None,
        redeploy_on_promotion: bool | None = None,
        instance_type: str | None = None,
        autoscaling: Mapping[str, int] | None = None,
        candidate_timeline: Steps | None = None,
        restricted: bool | None = None,
    ) -> FakeEnvironment:
        """The environment with this name; makes it if there is none.

        Args:
            name: Such as ``production``.
            current: The deployment that serves in it.
            rolling: Whether traffic moves step by step.
            ramp: The steps: percent of the traffic, and the seconds that a step lasts.
            traffic_delay: Seconds from the candidate being ready to its first traffic (default: 0,
                and 5 for a candidate that is ready at once).
            moves_on: The statuses of a candidate that is ready (default: ACTIVE only).
            cleanup: What happens to the deployment that served before (default:
                SCALE_TO_ZERO). A request may ask to keep it.
            redeploy_on_promotion: Whether a promotion always makes a new deployment.
            instance_type: Promoting a deployment of another instance type makes a new deployment.
            autoscaling: Settings such as ``{"min_replica": 1}``; others are Baseten's defaults.
            candidate_timeline: The timeline of deployments that a promotion makes. ``on_promote``
                of the promoted deployment wins over it.
            restricted: Whether promoting is forbidden (403).

        Raises:
            ValueError: It exists and options were given; or *current* is unknown; or the ramp is
                impossible.
        """
        options = {
            "rolling": rolling if ramp is None else True, "ramp": ramp,
            "traffic_delay": traffic_delay, "moves_on": moves_on, "cleanup": cleanup,
            "redeploy_on_promotion": redeploy_on_promotion, "instance_type": instance_type,
            "autoscaling": None if autoscaling is None else {**AUTOSCALING, **autoscaling},
            "candidate_timeline": candidate_timeline, "restricted": restricted,
        }  # fmt: skip
        if self._known("environment", name, self.environments, {"current": current, **options}):
            return self.environments[name]
        if ramp is not None and rolling is False:
            raise ValueError("a ramp is for rolling promotions: leave out rolling=False")
        return self._environment(name, current, options)

    def copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        """A new deployment, made from *source* by a promotion."""
        return self._copy(source, plan, now)

    def development(self) -> FakeDeployment | None:
        """The deployment with the role ``development``."""
        return self.development_at(self.progress.now())

    def production(self) -> FakeDeployment | None:
        """The deployment that serves in production, as a read shows it now."""
        return self.production_at(self.progress.now())

    def development_at(self, when: float) -> FakeDeployment | None:
        """The deployment with the role ``development``, as a read shows it at that time."""
        return next((one for one in self.deployments_at(when) if one.facts.is_development), None)

    def find_by_id_or_role(self, deployment_id: str, when: float) -> FakeDeployment:
        """The deployment that a request at that time finds by its id or role.

        Raises:
            Refused: It finds none (404).
        """
        if deployment_id not in RESERVED_IDS:
            return super().find_by_id_or_role(deployment_id, when)
        is_production = deployment_id == "production"
        found = self.production_at(when) if is_production else self.development_at(when)
        if found is None:
            raise not_found(f"Model {self.id} has no {deployment_id} deployment.")
        return found
