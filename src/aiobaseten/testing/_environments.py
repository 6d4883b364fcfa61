"""Environments: what serves, what is about to, and the rules by which that changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from . import _statuses as status
from ._deployments import SHUT_DOWN, FakeDeployment, Plan, Refused, parse
from ._promotions import RAMP, Course, FakePromotion, Ramp, Rollout, check_ramp
from .timelines import HEALTHY_PROMOTION, moment

if TYPE_CHECKING:
    from ._owners import Owner

# How long a deployment that serves already waits for its traffic, unless told otherwise: long
# enough to see that ACTIVE does not mean promoted.
REUSE_DELAY_S: Final = 5.0

Cleanup = Literal["SCALE_TO_ZERO", "DEACTIVATE", "KEEP"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an environment promotes. See `FakeModel.environment` for what each means."""

    rolling: bool = False
    ramp: Ramp = RAMP
    traffic_delay: float | None = None
    moves_on: tuple[str, ...] = (status.ACTIVE,)
    cleanup: Cleanup = "SCALE_TO_ZERO"
    redeploy_on_promotion: bool = False
    instance_type: str | None = None
    candidate_timeline: Plan | None = None
    restricted: bool = False

    def __post_init__(self) -> None:
        check_ramp(self.ramp)
        if self.candidate_timeline is not None:
            parse(self.candidate_timeline)
        if self.traffic_delay is not None and not 0 <= self.traffic_delay < math.inf:
            raise ValueError(f"traffic_delay is seconds from 0 up, not {self.traffic_delay!r}")


@dataclass(frozen=True, slots=True)
class View:
    """What a look at an environment shows."""

    current: FakeDeployment | None
    candidate: FakeDeployment | None
    promotion: Rollout | None


class FakeEnvironment:
    """An environment. Made by `FakeModel.environment` and `FakeChain.environment`.

    Its verbs do what somebody else could do between two looks; they are not requests, and are
    not recorded.
    """

    def __init__(
        self,
        owner: Owner,
        name: str,
        settings: Settings,
        *,
        created: float,
        current: FakeDeployment | None,
    ) -> None:
        self.owner = owner
        self.name = name
        self.settings = settings
        self.created = created
        self._current = current
        self._candidate: FakeDeployment | None = None
        self._promotion: Rollout | None = None
        self._scale_down_previous = True
        self._unsettled = False
        self._attached_before: str | None = None
        self._before = View(current, None, None)
        self._promotions: list[FakePromotion] = []

    def __repr__(self) -> str:
        serving = self._current.id if self._current else None
        return f"<FakeEnvironment {self.name} of {self.owner.id}: {serving}>"

    @property
    def current(self) -> FakeDeployment | None:
        """The deployment that really serves now."""
        self.owner.settled()
        return self._current

    @property
    def candidate(self) -> FakeDeployment | None:
        """The deployment that is really being promoted, or that failed and lingers."""
        self.owner.settled()
        return self._candidate

    @property
    def promotion(self) -> FakePromotion | None:
        """The newest promotion, also after it has ended."""
        self.owner.settled()
        return self._promotions[-1] if self._promotions else None

    @property
    def promotions(self) -> Sequence[FakePromotion]:
        """Every promotion that there was, oldest first."""
        self.owner.settled()
        return tuple(self._promotions)

    def promote(
        self,
        deployment_id: str,
        *,
        scale_down_previous: bool = True,
        preserve_instance_type: bool = True,
    ) -> FakeDeployment:
        """Begin a promotion, as somebody else might; answers the candidate.

        Raises:
            Refused: There is no such deployment, or a promotion is in progress, or the
                deployment may not be promoted.
        """
        now = self.owner.settled()
        source = self.owner.found(deployment_id)
        self._refuse_if_busy()
        self._refuse_if_unready(source, now)
        self._before = self.seen_at(now)
        if self._needs_new(source, preserve_instance_type=preserve_instance_type):
            candidate = self._new_candidate(source, now)
        else:
            candidate = self._reused_candidate(source, now)
        serves = candidate.status_at(now) in self.settings.moves_on
        self._attached_before = candidate.attached_to
        candidate.attached_to = self.name
        self._candidate = candidate
        self._scale_down_previous = scale_down_previous
        self._promotion = Rollout(candidate, self._course(serves=serves), started=now)
        self._promotions.append(FakePromotion(self._promotion))
        self._unsettled = True
        self.owner.unsettle()
        return candidate

    def cancel(self) -> str:
        """Cancel the promotion gracefully; answers CANCELED or RAMPING_DOWN.

        Raises:
            Refused: There is none in progress.
        """
        now = self.owner.settled()
        answer = self.rollout_in_progress().cancel(now)
        self.owner.unsettle()
        return answer

    def pause(self) -> None:
        """Pause the promotion at the end of its step; raises Refused if there is none."""
        self.owner.settled()
        self.rollout_in_progress().pause()

    def resume(self) -> None:
        """Resume the promotion; raises Refused if there is none."""
        now = self.owner.settled()
        self.rollout_in_progress().resume(now)
        self.owner.unsettle()

    def force_cancel(self) -> None:
        """Cancel the promotion at once; raises Refused if there is none."""
        now = self.owner.settled()
        self.rollout_in_progress().force_cancel(now)
        self.owner.unsettle()

    def force_roll_forward(self) -> None:
        """Make the candidate current whatever its state; raises Refused if there is none."""
        now = self.owner.settled()
        self.rollout_in_progress().force_roll_forward(now)
        self.owner.unsettle()

    def delete(self) -> None:
        """Remove it: its promotion is cancelled, what serves is put to sleep, it answers 404."""
        now = self.owner.settled()
        if self._promotion is not None and self._promotion.ended is None:
            self.force_cancel()
            self.owner.settle(now)
        if self._current is not None:
            self._current.attached_to = None
            self._current.run(status.SCALED_TO_ZERO, at=now)
        del self.owner.environments[self.name]

    def next_event(self) -> float:
        """When something is going to happen here by itself; infinity if nothing is."""
        if self._promotion is None or not self._unsettled:
            return math.inf
        ended = self._promotion.ended
        return self._promotion.next_event() if ended is None else ended

    def happen(self) -> None:
        """Let that happen."""
        promotion = self._promotion
        if promotion is None:
            return
        if promotion.ended is None:
            promotion.happen()
        elif promotion.status == status.SUCCEEDED:
            self._unsettled = False
            self._succeed(promotion.candidate, promotion.ended)
        else:
            self._unsettled = False
            self._fall_back(promotion, promotion.ended)

    def seen_at(self, when: float) -> View:
        """What a look shows, which may be late by ``stale_for``."""
        self.owner.settle(when)
        behaviour, promotion = self.owner.behaviour, self._promotion
        if promotion is None:
            return View(self._current, None, None)
        if when < moment(promotion.started + behaviour.stale_for):
            return self._before
        ended = promotion.ended
        gone = ended is not None and when >= moment(ended + behaviour.terminal_promotion_for)
        return View(self._current, self._candidate, None if gone else promotion)

    def rollout_in_progress(self) -> Rollout:
        """The promotion that can still be interfered with; raises Refused if there is none."""
        if self._promotion is None or self._promotion.ended is not None:
            raise Refused(
                400,
                "VALIDATION_ERROR",
                f"Environment {self.name} has no in progress promotion.",
            )
        return self._promotion

    def _refuse_if_busy(self) -> None:
        if self._promotion is not None and self._promotion.ended is None:
            raise Refused(
                self.owner.behaviour.busy_status,
                "VALIDATION_ERROR" if self.owner.behaviour.busy_status == 400 else "CONFLICT",
                f"Environment {self.name} already has a promotion in progress.",
            )

    def _refuse_if_unready(self, source: FakeDeployment, now: float) -> None:
        if self.owner.behaviour.unready_source == "accepted":
            return
        what = source.status_at(now)
        if what in status.HOPELESS or what == status.DEACTIVATING:
            raise Refused(
                400, "VALIDATION_ERROR", f"Deployment {source.id} is {what}: it cannot be promoted."
            )

    def _needs_new(self, source: FakeDeployment, *, preserve_instance_type: bool) -> bool:
        ids = self.owner.behaviour.deployment_ids
        if ids != "documented":
            return ids == "new"
        mine, its = self.settings.instance_type, source.facts.instance_type
        other_type = preserve_instance_type and mine is not None and its not in (None, mine)
        kept_elsewhere = source.attached_to is not None or source.facts.is_development
        return kept_elsewhere or other_type or self.settings.redeploy_on_promotion

    def _new_candidate(self, source: FakeDeployment, now: float) -> FakeDeployment:
        plan = source.reactions.on_promote or self.settings.candidate_timeline
        return self.owner.copy(source, plan or HEALTHY_PROMOTION, now)

    def _reused_candidate(self, source: FakeDeployment, now: float) -> FakeDeployment:
        plan = source.reactions.on_promote
        if plan is None:
            what = source.status_at(now)
            if what == status.SCALED_TO_ZERO and what not in self.settings.moves_on:
                source.wake()
            elif what in {status.INACTIVE, status.DEACTIVATING}:
                source.activate()
        else:
            source.run(plan, at=now, stale=True)
        return source

    def _course(self, *, serves: bool) -> Course:
        behaviour, delay = self.owner.behaviour, self.settings.traffic_delay
        if delay is None:
            delay = REUSE_DELAY_S if serves else 0.0
        return Course(
            rolling=self.settings.rolling,
            ramp=self.settings.ramp,
            moves_on=frozenset(self.settings.moves_on),
            traffic_delay=delay,
            failure_noticed_after=behaviour.failure_noticed_after,
            roll_forward_at_once=behaviour.roll_forward == "at once",
        )

    def _succeed(self, candidate: FakeDeployment, at: float) -> None:
        previous, self._current, self._candidate = self._current, candidate, None
        if previous is None or previous is candidate:
            return
        previous.attached_to = None
        if not self._scale_down_previous or self.settings.cleanup == "KEEP":
            return
        asleep = self.settings.cleanup == "SCALE_TO_ZERO"
        previous.run(status.SCALED_TO_ZERO if asleep else SHUT_DOWN, at=at)

    def _fall_back(self, promotion: Rollout, at: float) -> None:
        candidate, behaviour = promotion.candidate, self.owner.behaviour
        failed = promotion.status == status.FAILED
        lingers = behaviour.failed_candidate if failed else behaviour.canceled_candidate
        if lingers == "null":
            self._candidate = None
        candidate.attached_to = self._attached_before
        # What was made for this promotion is of no use without it.
        made_for_it = candidate.facts.created == promotion.started
        if not failed and made_for_it and candidate.facts.promoted_from is not None:
            candidate.run(SHUT_DOWN, at=at)
