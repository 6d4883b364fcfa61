"""Models: deployments with one status, and environments that may move step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._deployments import FakeDeployment, Plan, Reactions, Refused
from ._environments import Cleanup, FakeEnvironment
from ._owners import RESERVED_IDS, Owner, facts_of, given, settings_of
from ._promotions import Ramp
from ._statuses import ACTIVE
from .timelines import Steps


class FakeModel(Owner):
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
    ) -> FakeDeployment:
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
        facts = facts_of(
            deployment_id,
            self.now(),
            hidden_for,
            instance_type=instance_type,
            is_development=bool(is_development),
            labels=labels,
        )
        plan = given(status, timeline)
        return self._add(deployment_id, facts, ACTIVE if plan is None else plan, reactions)

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
        candidate_timeline: Steps | None = None,
        restricted: bool | None = None,
    ) -> FakeEnvironment:
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
        return self._environment(name, current, settings_of(options))

    def copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        """A new deployment made from *source* by a promotion."""
        return self._copy(source, plan, now)

    def development(self) -> FakeDeployment | None:
        """The development deployment."""
        return next((one for one in self.deployments.values() if one.facts.is_development), None)

    def production(self) -> FakeDeployment | None:
        """The deployment that looks show as the one that serves in production."""
        production = self.environments.get("production")
        return production.seen_at(self.now()).current if production else None

    def named(self, deployment_id: str) -> FakeDeployment:
        """The deployment with this id or in this role; raises Refused (404) if there is none."""
        if deployment_id not in RESERVED_IDS:
            return self.found(deployment_id)
        found = self.production() if deployment_id == "production" else self.development()
        if found is None:
            raise Refused(404, "NOT_FOUND", f"Model {self.id} has no {deployment_id} deployment.")
        return found
