"""The options of an environment: how it promotes, and how it cleans up afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from ..behaviour import Behaviour
from . import status
from .plan import Plan, parse_plan
from .rollout import RAMP, Ramp, RolloutRules, check_ramp

# Default traffic delay for a candidate that is ready at once: long enough for tests to see that
# ACTIVE does not mean promoted.
READY_DELAY_S: Final = 5.0

Cleanup = Literal["SCALE_TO_ZERO", "DEACTIVATE", "KEEP"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """How an environment promotes. See `FakeModel.environment` for each option."""

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
            parse_plan(self.candidate_timeline)
        if self.traffic_delay is not None and not 0 <= self.traffic_delay < math.inf:
            raise ValueError(f"traffic_delay is seconds from 0 up, not {self.traffic_delay!r}")

    def rules(self, behaviour: Behaviour, *, ready: bool) -> RolloutRules:
        """The rules of a promotion whose candidate is *ready* for traffic now, or not."""
        delay = self.traffic_delay
        if delay is None:
            delay = READY_DELAY_S if ready else 0.0
        return RolloutRules(
            rolling=self.rolling,
            ramp=self.ramp,
            moves_on=frozenset(self.moves_on),
            traffic_delay=delay,
            failure_noticed_after=behaviour.failure_noticed_after,
            roll_forward_at_once=behaviour.roll_forward == "at once",
            roll_back_at_once=behaviour.roll_back == "at once",
            cancel_seen_after=behaviour.cancel_seen_after,
        )
