"""Environments: the deployment that serves, its candidate, and the rules for replacing it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Protocol

from ..behaviour import Behaviour
from ..timelines import HEALTHY_PROMOTION, moment
from . import status
from .audit_log import AuditLog
from .deployment import FakeDeployment
from .environment_history import EnvironmentHistory, EnvironmentSnapshot
from .environment_settings import ChainletSettings, EnvironmentSettings
from .history import History, since_ever
from .plan import SHUT_DOWN, Plan
from .progress import Progress
from .promotion import FakePromotion
from .refusal import busy, not_possible
from .rollout import Rollout, RolloutRules
from .traffic import Flow

_CONTROL: Final = "PROMOTION_CONTROL_ACTION"


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change of settings that is taken, and made later.

    Attributes:
        at: The earliest time at which it is made.
        changes: The new values, by the names of fields of `EnvironmentSettings`.
        after_promotion: Whether it waits until no promotion is in progress.
    """

    at: float
    changes: Mapping[str, Any]
    after_promotion: bool


class ResourceOfEnvironment(Protocol):
    """What an environment needs of its chain or model."""

    id: str
    behaviour: Behaviour
    progress: Progress
    audit_log: AuditLog

    def find_deployment(self, deployment_id: str) -> FakeDeployment:
        """The deployment with this id; raises Refused (404) if there is none."""
        ...

    def copy(self, source: FakeDeployment, plan: Plan, now: float) -> FakeDeployment:
        """A new deployment, made from *source* by a promotion."""
        ...

    def forget_environment(self, environment: FakeEnvironment) -> None:
        """Remove an environment."""


class FakeEnvironment:
    """An environment. Made by `FakeModel.environment` and `FakeChain.environment`.

    Its methods act as other people could act between two requests. They are not requests, and are
    not recorded.
    """

    def __init__(
        self,
        resource: ResourceOfEnvironment,
        name: str,
        settings: EnvironmentSettings,
        *,
        created: float,
        since: float,
        current: FakeDeployment | None,
    ) -> None:
        self.resource = resource
        self.name = name
        self._settings = History(settings)
        self._planned: list[PlannedChange] = []
        self.created = created
        self.since = since
        self.gone_from: float = math.inf
        self._current = current
        self._candidate: FakeDeployment | None = None
        self._promotion: Rollout | None = None
        self._scale_down_previous = True
        self._cleanup: str | None = None  # of the promotion, if not of the environment
        self._end_pending = False
        self._attached_before: str | None = None
        self._shown = EnvironmentHistory(current, resource.behaviour)
        self._promotions: list[FakePromotion] = []
        self._rollouts: list[Rollout] = []
        self._first_current = current
        self._per_second = History(0.0)

    def __repr__(self) -> str:
        serving = self._current.id if self._current else None
        return f"<FakeEnvironment {self.name} of {self.resource.id}: {serving}>"

    @property
    def settings(self) -> EnvironmentSettings:
        """Its options now. A change is made some time after it was taken."""
        return self.settings_at(self.resource.progress.now())

    def settings_at(self, when: float) -> EnvironmentSettings:
        """Its options as a read shows them at that time, past or present."""
        while self._planned and self._planned[0].at <= self.resource.progress.now():
            change, since = self._planned[0], self._planned[0].at
            if change.after_promotion and self._promotion is not None:
                if self._promotion.ended is None:
                    break
                since = max(since, self._promotion.ended)
            changed = self._settings.values()[-1].changed(change.changes)
            self._settings.put(changed, since=since)
            del self._planned[0]
        return self._settings.at(when)

    @property
    def current(self) -> FakeDeployment | None:
        """The deployment that really serves now."""
        self._now()
        return self._current

    @property
    def candidate(self) -> FakeDeployment | None:
        """The deployment that is really being promoted now, or an unused one that lingers."""
        self._now()
        return self._candidate

    @property
    def promotion(self) -> FakePromotion | None:
        """The newest promotion, also after its end."""
        self._now()
        return self._promotions[-1] if self._promotions else None

    @property
    def promotions(self) -> Sequence[FakePromotion]:
        """All promotions, oldest first."""
        self._now()
        return tuple(self._promotions)

    def served(self) -> Sequence[tuple[FakeDeployment, float, float]]:
        """The deployments that served or were being promoted: each, from when, until when."""
        self._now()
        spans: list[tuple[FakeDeployment, float, float]] = []
        serving, since = self._first_current, -math.inf
        for promotion in self._rollouts:
            candidate, ended = promotion.candidate, promotion.ended
            if candidate is serving:
                continue
            if ended is None or promotion.status != status.SUCCEEDED:
                spans.append((candidate, promotion.started, math.inf if ended is None else ended))
                continue
            if serving is not None:
                spans.append((serving, since, ended))
            serving, since = candidate, promotion.started
        if serving is not None:
            spans.append((serving, since, math.inf))
        return spans

    def promote(
        self,
        deployment_id: str,
        *,
        scale_down_previous: bool = True,
        preserve_instance_type: bool = True,
        override: Mapping[str, Any] | None = None,
    ) -> FakeDeployment:
        """Begin a promotion, as somebody else might; returns the candidate.

        Args:
            deployment_id: The deployment to promote.
            scale_down_previous: Whether the deployment that served is scaled down afterwards.
            preserve_instance_type: Whether the environment keeps its instance type.
            override: Settings for this promotion alone, as those of `update`. With
                ``promotion_override="ignored"`` they have no effect.

        Raises:
            Refused: There is no such deployment, or a promotion is in progress, or the
                deployment may not be promoted.
        """
        now = self._now()
        source = self.resource.find_deployment(deployment_id)
        self._refuse_if_busy()
        self._refuse_if_unready(source, now)
        is_honoured = self.resource.behaviour.promotion_override == "honoured"
        settings = self.settings.changed(override or {}) if is_honoured else self.settings
        redeploys = settings.redeploy_on_promotion
        if redeploys or self._needs_new(source, preserve_instance_type=preserve_instance_type):
            candidate = self._new_candidate(source, now)
        else:
            candidate = self._reused_candidate(source, now)
        ready = candidate.status_at(now) in settings.moves_on
        rules = settings.rules(self.resource.behaviour, ready=ready)
        self._begin(candidate, rules, now)
        self._scale_down_previous = scale_down_previous
        self._cleanup = (override or {}).get("cleanup") if is_honoured else None
        names_source = self.resource.behaviour.audit_log_names == "source"
        self._audit("DEPLOYMENT_PROMOTED", now, source if names_source else candidate)
        return candidate

    def move(self, instance_types: Mapping[str, str]) -> FakeDeployment | None:
        """Move chainlets to other instance types, as somebody else might.

        Args:
            instance_types: By the name of the chainlet.

        Returns:
            The new deployment that is promoted for that; None if none is needed: nothing serves, or
            nothing changes.

        Raises:
            Refused: A promotion is in progress.
        """
        now = self._now()
        self._refuse_if_busy()
        moved = {name: {"instance_type": its} for name, its in instance_types.items()}
        before, after = self.settings, self.settings.changed({"chainlets": moved})
        self._settings.put(after, since=now)
        changed = [
            name
            for name, its in after.chainlets.items()
            if its.instance_type != before.chainlets.get(name, ChainletSettings()).instance_type
        ]
        if self._current is None or not changed:
            return None
        candidate = self._new_candidate(self._current, now)
        self._begin(candidate, after.rules(self.resource.behaviour, ready=False), now)
        self._scale_down_previous, self._cleanup = True, None
        for name in changed:
            details = {"chainlet_name": name, "instance_type_name": instance_types[name]}
            self._audit("INSTANCE_TYPE_CHANGED", now, candidate, **details)
        return candidate

    def _begin(self, candidate: FakeDeployment, rules: RolloutRules, now: float) -> None:
        self._attached_before = candidate.attached_to
        candidate.attach(self.name, since=now)
        self._candidate = candidate
        self._promotion = Rollout(candidate, rules, started=now)
        self._rollouts.append(self._promotion)
        self._promotions.append(FakePromotion(self._promotion, self.resource.progress))
        self._end_pending = True
        self._shown.begin(self._promotion)
        self.resource.progress.invalidate()

    def cancel(self) -> str:
        """Cancel the promotion gracefully; returns CANCELED or RAMPING_DOWN.

        It takes effect later with ``cancel_seen_after``, and not at all if the promotion has ended
        by then.

        Raises:
            Refused: No promotion is in progress.
        """
        now = self._now()
        rollout = self.rollout_in_progress()
        result = rollout.cancel(now)
        self.resource.progress.invalidate()
        self._audit_control("GRACEFUL_CANCEL", rollout, now)
        return result

    def pause(self) -> None:
        """Pause the promotion at the end of its step; raises Refused if there is none."""
        now = self._now()
        rollout = self.rollout_in_progress()
        rollout.pause()
        self._audit_control("PAUSE", rollout, now)

    def resume(self) -> None:
        """Resume the promotion; raises Refused if there is none."""
        now = self._now()
        rollout = self.rollout_in_progress()
        rollout.resume(now)
        self.resource.progress.invalidate()
        self._audit_control("RESUME", rollout, now)

    def force_cancel(self) -> None:
        """Cancel the promotion without steps; raises Refused if there is none.

        It takes effect later with ``cancel_seen_after``, as `cancel` does.
        """
        now = self._now()
        rollout = self.rollout_in_progress()
        rollout.force_cancel(now)
        self.resource.progress.invalidate()
        self._audit_control("FORCE_CANCEL", rollout, now)

    def force_roll_forward(self) -> None:
        """Make the candidate current, whatever its status; raises Refused if there is none."""
        now = self._now()
        rollout = self.rollout_in_progress()
        rollout.force_roll_forward(now)
        self.resource.progress.invalidate()
        self._audit_control("FORCE_ROLL_FORWARD", rollout, now)

    def fail(self, message: str = "The promotion failed.") -> None:
        """Let the promotion fail, whatever its candidate does; raises Refused if there is none."""
        now = self._now()
        self.rollout_in_progress().fail(now, message)
        self.resource.progress.invalidate()

    def receives(self, *, requests_per_second: float) -> None:
        """From now on, receive so many requests in each second; for the metrics.

        At the beginning of the fake's time, this means: since ever.
        The percentage of a promotion divides them between its two deployments, which answer as
        `FakeDeployment.answers` says.

        Raises:
            ValueError: The number is not from 0 up.
        """
        if not 0 <= requests_per_second < math.inf:
            raise ValueError(f"requests_per_second is from 0 up, not {requests_per_second!r}")
        self._per_second.put(requests_per_second, since=since_ever(self._now()))

    def flows(self, until: float) -> Sequence[tuple[FakeDeployment, Flow]]:
        """The requests until that time, with the deployments that they went to."""
        until = min(until, self.gone_from)
        times = {since for since in self._per_second.times() if since < until}
        if not times:
            return ()
        times |= {state.at for rollout in self._rollouts for state in rollout.history}
        times |= {at for one in self.served_by() for at in one.answers_change()}
        edges = [*sorted(time for time in times if time < until), until]
        found: list[tuple[FakeDeployment, Flow]] = []
        for start, end in pairwise(edges):
            for deployment, percent in self._serving_at(start):
                per_second = self._per_second.at(start) * percent / 100
                if per_second:
                    flow = Flow(start, end, per_second, deployment.answers_at(start, percent))
                    found.append((deployment, flow))
        return found

    def served_by(self) -> Sequence[FakeDeployment]:
        """All deployments that have served in it or were being promoted to it."""
        all_of_them = [self._first_current, *(rollout.candidate for rollout in self._rollouts)]
        return list(dict.fromkeys(one for one in all_of_them if one is not None))

    def promotion_ends(self) -> Sequence[float]:
        """When promotions have ended."""
        return [one.ended for one in self._rollouts if one.ended is not None]

    def _serving_at(self, when: float) -> Sequence[tuple[FakeDeployment, float]]:
        """The deployments that get requests at that time, with their percentages of them."""
        serving, candidate, percent = self._first_current, None, 0
        for rollout in self._rollouts:
            if rollout.started <= when:
                state = rollout.state_at(when)
                if state.status == status.SUCCEEDED:
                    serving, candidate, percent = rollout.candidate, None, 0
                else:
                    candidate, percent = rollout.candidate, state.percent
        divided = ((serving, 100.0 - percent), (candidate, float(percent)))
        return [(one, share) for one, share in divided if one is not None and share > 0]

    def begin_with(self, changes: Mapping[str, Any]) -> None:
        """Change the settings of an environment that is being created: at once."""
        settings = self._settings.values()[-1].changed(changes)
        self._settings.put(settings, since=self.since)
        self._audit("ENVIRONMENT_CREATED", self._now(), **settings.described())

    def update(self, **changes: Any) -> str:
        """Change its settings, as somebody else might. Reads show it some time later.

        Args:
            changes: The settings by the names of options of `FakeModel.environment`: *rolling*,
                *cleanup*, *redeploy_on_promotion*, *autoscaling*; and *rolling_config*, *ramp_up*
                and *ramp_up_seconds*. Of a mapping, only the keys that are given change.

        Returns:
            ACCEPTED; QUEUED until the end of the promotion; or UNCHANGED.
        """
        now = self._now()
        planned = self.settings
        for change in self._planned:
            planned = planned.changed(change.changes)
        if planned.changed(changes) == planned:
            return "UNCHANGED"
        behaviour = self.resource.behaviour
        is_busy = self._promotion is not None and self._promotion.ended is None
        queued = is_busy and behaviour.settings_during_promotion == "queued"
        at = moment(now + behaviour.settings_shown_after)
        self._planned.append(PlannedChange(at, changes, queued))
        self._audit_update(planned, planned.changed(changes), now)
        return "QUEUED" if queued else "ACCEPTED"

    def delete(self) -> None:
        """Remove it: cancel its promotion and scale its deployment to zero. Requests get 404."""
        now = self._now()
        if self._promotion is not None and self._promotion.ended is None:
            self._promotion.take_back(now, forced=True)
            self.resource.progress.invalidate()
            self.resource.progress.advance(now)
        if self._current is not None:
            self._current.attach(None, since=now)
            self._current.run(status.SCALED_TO_ZERO, at=now)
        self.gone_from = now
        self._audit("ENVIRONMENT_DELETED", now)
        self.resource.forget_environment(self)

    def next_change(self) -> float:
        """The time of the next change that happens by itself; infinity if none is to come."""
        if self._promotion is None or not self._end_pending:
            return math.inf
        ended = self._promotion.ended
        return self._promotion.next_change() if ended is None else ended

    def change(self) -> None:
        """Make that change: a step of the promotion, or the cleanup after its end."""
        promotion = self._promotion
        if promotion is None:
            return
        if promotion.ended is None:
            promotion.change()
        elif promotion.status == status.SUCCEEDED:
            self._end_pending = False
            self._succeed(promotion, promotion.ended)
        else:
            self._end_pending = False
            self._fall_back(promotion, promotion.ended)

    def seen_at(self, when: float) -> EnvironmentSnapshot:
        """The environment as a read shows it at that time, past or present."""
        self.resource.progress.advance(when)
        return self._shown.at(when)

    def exists_at(self, when: float) -> bool:
        """Whether reads show it at that time."""
        return self.since <= when < self.gone_from

    def rollout_in_progress(self) -> Rollout:
        """The promotion in progress; raises Refused if there is none."""
        if self._promotion is None or self._promotion.ended is not None:
            raise not_possible(f"Environment {self.name} has no in progress promotion.")
        return self._promotion

    def _now(self) -> float:
        return self.resource.progress.advance_to_now()

    def _audit(
        self, event: str, now: float, deployment: FakeDeployment | None = None, **details: Any
    ) -> None:
        self.resource.audit_log.write(
            now, event, environment=self.name, deployment=deployment, **details
        )

    def _audit_update(
        self, before: EnvironmentSettings, after: EnvironmentSettings, now: float
    ) -> None:
        """Write an entry for the environment, and one for each chainlet that changes."""
        if after.described() != before.described():
            self._audit("ENVIRONMENT_UPDATED", now, **after.described())
        for name, its in after.chainlets.items():
            if its != before.chainlets.get(name) and self._current is not None:
                self._audit(
                    "AUTOSCALING_SETTINGS_CHANGED",
                    now,
                    self._current,
                    chainlet_name=name,
                    **its.autoscaling,
                )

    def _audit_control(self, action: str, rollout: Rollout, now: float) -> None:
        self._audit(_CONTROL, now, rollout.candidate, action=action)

    def _refuse_if_busy(self) -> None:
        if self._promotion is not None and self._promotion.ended is None:
            raise busy(
                f"Environment {self.name} already has a promotion in progress.",
                status=self.resource.behaviour.busy_status,
            )

    def _refuse_if_unready(self, source: FakeDeployment, now: float) -> None:
        if self.resource.behaviour.unready_source == "accepted":
            return
        its = source.status_at(now)
        if its in status.HOPELESS or its in status.OFF:
            raise not_possible(f"Deployment {source.id} is {its}: it cannot be promoted.")

    def _needs_new(self, source: FakeDeployment, *, preserve_instance_type: bool) -> bool:
        ids = self.resource.behaviour.deployment_ids
        if ids != "documented":
            return ids == "new"
        mine, its = self.settings.instance_type, source.facts.instance_type
        other_type = preserve_instance_type and mine is not None and its not in (None, mine)
        kept_elsewhere = source.attached_to is not None or source.facts.is_development
        return kept_elsewhere or other_type or self.settings.redeploy_on_promotion

    def _new_candidate(self, source: FakeDeployment, now: float) -> FakeDeployment:
        plan = source.reactions.on_promote or self.settings.candidate_timeline
        return self.resource.copy(source, plan or HEALTHY_PROMOTION, now)

    def _reused_candidate(self, source: FakeDeployment, now: float) -> FakeDeployment:
        if source.reactions.on_promote is not None:
            source.run(source.reactions.on_promote, at=now, stale=True)
            return source
        its = source.status_at(now)
        if its == status.SCALED_TO_ZERO and its not in self.settings.moves_on:
            source.wake()
        elif its in status.OFF:
            source.turn_on(now)
        return source

    def _succeed(self, promotion: Rollout, at: float) -> None:
        candidate = promotion.candidate
        previous, self._current, self._candidate = self._current, candidate, None
        followed = self._shown.succeed(promotion, at)
        if previous is None or previous is candidate:
            return
        previous.attach(None, since=followed)
        cleanup = self._cleanup or self.settings.cleanup
        if not self._scale_down_previous or cleanup == "KEEP":
            return
        scale_to_zero = cleanup == "SCALE_TO_ZERO"
        previous.run(status.SCALED_TO_ZERO if scale_to_zero else SHUT_DOWN, at=at)

    def _fall_back(self, promotion: Rollout, at: float) -> None:
        candidate = promotion.candidate
        if not self._shown.fall_back(promotion, at):
            self._candidate = None
        candidate.attach(self._attached_before, since=at)
        if self._attached_before is None and self._shuts_down(promotion):
            candidate.run(SHUT_DOWN, at=at)

    def _shuts_down(self, promotion: Rollout) -> bool:
        """Whether the candidate of a promotion that failed or was cancelled is shut down."""
        cleanup = self.resource.behaviour.candidate_cleanup
        if cleanup != "canceled":
            return cleanup == "always"
        # A deployment that was made for this promotion is not needed without it.
        its = promotion.candidate.facts
        made_for_it = its.promoted_from is not None and its.created == promotion.started
        return made_for_it and promotion.status == status.CANCELED
