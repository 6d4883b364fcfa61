"""The options of an environment: how it promotes, and how it cleans up afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from ..behaviour import Behaviour
from . import status
from .plan import Plan, parse_plan
from .rollout import RAMP, Ramp, RolloutRules, check_ramp

# Default traffic delay for a candidate that is ready at once: long enough for tests to see that
# ACTIVE does not mean promoted.
READY_DELAY_S: Final = 5.0

Cleanup = Literal["SCALE_TO_ZERO", "DEACTIVATE", "KEEP"]
Numbers = Mapping[str, int]

# Baseten's defaults.
AUTOSCALING: Final[Numbers] = MappingProxyType(
    {
        "min_replica": 0,
        "max_replica": 1,
        "autoscaling_window": 60,
        "scale_down_delay": 900,
        "concurrency_target": 1,
        "target_utilization_percentage": 70,
    }
)
ROLLING_CONFIG: Final[Numbers] = MappingProxyType(
    {
        "max_surge_percent": 25,
        "max_unavailable_percent": 0,
        "stabilization_time_seconds": 0,
        "replica_overhead_percent": 0,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainletSettings:
    """How an environment runs one chainlet."""

    autoscaling: Numbers = field(default_factory=lambda: AUTOSCALING)
    instance_type: str = "1x2"


NO_CHAINLETS: Final[Mapping[str, ChainletSettings]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """How an environment promotes. See `FakeModel.environment` for each option."""

    rolling: bool = False
    ramp: Ramp = RAMP
    traffic_delay: float | None = None
    moves_on: tuple[str, ...] = (status.ACTIVE,)
    cleanup: Cleanup = "SCALE_TO_ZERO"
    redeploy_on_promotion: bool = False
    rolling_config: Numbers = field(default_factory=lambda: ROLLING_CONFIG)
    ramp_up: bool = False
    ramp_up_seconds: int = 600
    autoscaling: Numbers = field(default_factory=lambda: AUTOSCALING)
    chainlets: Mapping[str, ChainletSettings] = field(default_factory=lambda: NO_CHAINLETS)
    instance_type: str | None = None
    candidate_timeline: Plan | None = None
    restricted: bool = False
    backpressure: str | None = None

    def __post_init__(self) -> None:
        check_ramp(self.ramp)
        if self.candidate_timeline is not None:
            parse_plan(self.candidate_timeline)
        if self.traffic_delay is not None and not 0 <= self.traffic_delay < math.inf:
            raise ValueError(f"traffic_delay is seconds from 0 up, not {self.traffic_delay!r}")

    def changed(self, changes: Mapping[str, Any]) -> EnvironmentSettings:
        """These settings with *changes*, by the names of fields; of mappings, only their keys.

        A chainlet is changed by a mapping of its own fields.
        """
        merged = dict(changes)
        for name in ("rolling_config", "autoscaling"):
            if name in changes:
                merged[name] = {**getattr(self, name), **changes[name]}
        if "chainlets" in changes:
            merged["chainlets"] = dict(self.chainlets)
            for name, its in changes["chainlets"].items():
                before = self.chainlets.get(name, ChainletSettings())
                scaling = {**before.autoscaling, **its.get("autoscaling", {})}
                merged["chainlets"][name] = replace(before, **{**its, "autoscaling": scaling})
        return replace(self, **merged)

    def described(self) -> Mapping[str, Any]:
        """These settings as an entry of an audit log has them."""
        return {
            "redeploy_on_promotion": self.redeploy_on_promotion,
            "rolling_deploy": self.rolling,
            "rolling_deploy_strategy": "REPLICA" if self.rolling else None,
            **self.rolling_config,
            "promotion_cleanup_strategy": self.cleanup,
            **self.autoscaling,
            "ramp_up_while_promoting": self.ramp_up,
            "ramp_up_duration_seconds": self.ramp_up_seconds,
            "request_backpressure_policy": self.backpressure,
        }

    def rules(self, behaviour: Behaviour, *, ready: bool) -> RolloutRules:
        """The rules of a promotion whose candidate is *ready* for traffic now, or not."""
        delay = self.traffic_delay
        if delay is None:
            delay = READY_DELAY_S if ready else 0.0
        held = self.rolling_config["stabilization_time_seconds"]
        return RolloutRules(
            rolling=self.rolling,
            ramp=tuple((percent, seconds + held) for percent, seconds in self.ramp),
            moves_on=frozenset(self.moves_on),
            traffic_delay=delay,
            failure_noticed_after=behaviour.failure_noticed_after,
            roll_forward_at_once=behaviour.roll_forward == "at once",
            roll_back_at_once=behaviour.roll_back == "at once",
            cancel_seen_after=behaviour.cancel_seen_after,
        )
