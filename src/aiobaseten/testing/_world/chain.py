"""Chains: deployments with chainlets, and environments whose traffic moves at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..timelines import HEALTHY_PROMOTION, Steps
from .deployment import FakeDeployment
from .environment import FakeEnvironment
from .environment_settings import Cleanup
from .plan import Plan, Reactions
from .resource import FakeResource, one_of
from .status import ACTIVE

DEFAULT_CHAINLET: Final = "Main"


class FakeChain(FakeResource):
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
    ) -> FakeDeployment:
        """The deployment with this id; makes it if there is none. Its timelines begin now.

        Args:
            deployment_id: Its id. Deployments of chains have no names.
            status: A status that stays (default: ACTIVE).
            timeline: Statuses over time instead: ``[("BUILDING", 12), "ACTIVE"]``.
            chainlets: Names of chainlets, which all follow the chain's timeline. Or a timeline for
                each name: the chain's status follows from them, if it has no *status* or
                *timeline* of its own.
            on_promote: The plan of the candidate when this deployment is promoted.
            on_activate: The plan when it is activated.
            on_retry: The plan when it is retried (default: its first timeline again).
            hidden_for: Seconds for which requests for it get 404.

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
        plan, own = _chain_plan(one_of(status, timeline), chainlets)
        reactions = Reactions(on_promote=on_promote, on_activate=on_activate, on_retry=on_retry)
        facts = self._facts(deployment_id, hidden_for)
        return self._pushed(self._add(deployment_id, facts, plan, reactions, own))

    def environment(
        self,
        name: str,
        *,
        current: str | FakeDeployment | None = None,
        traffic_delay: float | None = None,
        moves_on: Sequence[str] | None = None,
        cleanup: Cleanup | None = None,
        redeploy_on_promotion: bool | None = None,
        candidate_timeline: Plan | None = None,
        restricted: bool | None = None,
    ) -> FakeEnvironment:
        """The environment with this name; makes it if there is none.

        The options are those of `FakeModel.environment`. Chains have no rolling promotions and no
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
        return self._environment(name, current, options)

    def chainlet_names(self) -> frozenset[str]:
        """The names of the chainlets of all its deployments."""
        names = (one.chainlet_names for one in self.deployments.values())
        return frozenset[str]().union(*names)

    def copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        """A new deployment, made from *source* by a promotion."""
        names = source.chainlet_names
        if not isinstance(plan, Mapping):
            return self._copy(source, dict.fromkeys(names, plan), now)
        unknown = set(plan) - set(names)
        if unknown:
            raise ValueError(f"{source.id} has no chainlet {min(unknown)!r}: it has {names}")
        return self._copy(source, {**dict.fromkeys(names, HEALTHY_PROMOTION), **plan}, now)


def _chain_plan(
    steps: Steps | None, chainlets: Sequence[str] | Mapping[str, Steps] | None
) -> tuple[Mapping[str, Steps], Steps | None]:
    """The timeline of each chainlet, and the chain's own timeline if it has one."""
    if isinstance(chainlets, Mapping):
        return dict(chainlets), steps
    if isinstance(chainlets, str):
        # A string is a sequence of letters too.
        raise ValueError(f"chainlets are a list of names: [{chainlets!r}]")  # noqa: TRY004
    names = (DEFAULT_CHAINLET,) if chainlets is None else chainlets
    return dict.fromkeys(names, ACTIVE if steps is None else steps), None
