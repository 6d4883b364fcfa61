"""Chains: deployments made of chainlets, and environments that move at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._deployments import DEFAULT_CHAINLET, FakeDeployment, Plan, Reactions
from ._environments import Cleanup, FakeEnvironment
from ._owners import Owner, facts_of, given, settings_of
from ._statuses import ACTIVE
from .timelines import HEALTHY_PROMOTION, Steps


class FakeChain(Owner):
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
        plan, own = _chain_plan(given(status, timeline), chainlets)
        reactions = Reactions(on_promote=on_promote, on_activate=on_activate, on_retry=on_retry)
        facts = facts_of(deployment_id, self.now(), hidden_for)
        return self._add(deployment_id, facts, plan, reactions, own)

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
        """The environment with this name, made if there is none.

        The options are those of `FakeModel.environment`; chains have no rolling promotions and no
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
        return self._environment(name, current, settings_of(options))

    def copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        """A new deployment made from *source* by a promotion."""
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
    """The timeline of each chainlet, and that of the chain itself if it has one of its own."""
    if isinstance(chainlets, Mapping):
        return dict(chainlets), steps
    if isinstance(chainlets, str):
        # A string is a list of letters, too.
        raise ValueError(f"chainlets are a list of names: [{chainlets!r}]")  # noqa: TRY004
    names = (DEFAULT_CHAINLET,) if chainlets is None else chainlets
    return dict.fromkeys(names, ACTIVE if steps is None else steps), None
