"""An environment over time, as reads show it."""

from __future__ import annotations

from dataclasses import dataclass

from ..behaviour import Behaviour
from ..timelines import moment
from . import status
from .deployment import FakeDeployment
from .history import History
from .rollout import PromotionState, Rollout


@dataclass(frozen=True, slots=True)
class EnvironmentSnapshot:
    """An environment as a read shows it.

    Attributes:
        current: The deployment that it shows as the one that serves.
        candidate: The deployment that it shows as the candidate.
        promotion: The promotion that it shows, as it was at that time.
        rolling: Whether the traffic of that promotion moves step by step.
    """

    current: FakeDeployment | None
    candidate: FakeDeployment | None
    promotion: PromotionState | None
    rolling: bool


class EnvironmentHistory:
    """What reads show of an environment, which may differ from its real state.

    A promotion is shown late by ``stale_for``. After its end, `Behaviour` decides how long each
    part of it is still shown.
    """

    def __init__(self, current: FakeDeployment | None, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._current = History(current)
        self._candidate: History[FakeDeployment | None] = History(None)
        self._promotion: History[Rollout | None] = History(None)

    def at(self, when: float) -> EnvironmentSnapshot:
        """What a read shows at that time."""
        current, candidate = self._current.at(when), self._candidate.at(when)
        promotion = self._promotion.at(when)
        if promotion is None:
            return EnvironmentSnapshot(current, candidate, None, rolling=False)
        return EnvironmentSnapshot(
            current, candidate, promotion.state_at(when), rolling=promotion.rolling
        )

    def begin(self, promotion: Rollout) -> None:
        """A promotion began."""
        since = self._shown_from(promotion)
        self._candidate.put(promotion.candidate, since=since)
        self._promotion.put(promotion, since=since)

    def succeed(self, promotion: Rollout, ended: float) -> float:
        """A promotion succeeded; returns when ``current_deployment`` follows."""
        followed = moment(ended + self._behaviour.pointer_lag)
        self._current.put(promotion.candidate, since=self._not_before(promotion, followed))
        candidate = self._behaviour.succeeded_candidate
        if candidate != "lingers":
            gone = ended if candidate == "null" else followed
            self._candidate.put(None, since=self._not_before(promotion, gone))
        self._forget(promotion, followed)
        return followed

    def fall_back(self, promotion: Rollout, ended: float) -> bool:
        """A promotion failed or was cancelled; returns whether the candidate stays."""
        failed = promotion.status == status.FAILED
        behaviour = self._behaviour
        candidate = behaviour.failed_candidate if failed else behaviour.canceled_candidate
        if candidate == "null":
            self._candidate.put(None, since=self._not_before(promotion, ended))
        self._forget(promotion, ended)
        return candidate == "lingers"

    def _forget(self, promotion: Rollout, ended: float) -> None:
        gone = moment(ended + self._behaviour.terminal_promotion_for)
        self._promotion.put(None, since=self._not_before(promotion, gone))

    def _shown_from(self, promotion: Rollout) -> float:
        return moment(promotion.started + self._behaviour.stale_for)

    def _not_before(self, promotion: Rollout, when: float) -> float:
        """That time, but nothing is shown of a promotion before its beginning is."""
        return max(when, self._shown_from(promotion))
