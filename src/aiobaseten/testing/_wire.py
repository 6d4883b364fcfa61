"""The fake's state in Baseten's JSON: every required field, and the optional ones people read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from . import _statuses as status
from ._chains import FakeChain
from ._deployments import FakeDeployment
from ._environments import FakeEnvironment, View
from ._logs import LogLine
from ._models import FakeModel
from ._promotions import Rollout

Json = dict[str, Any]

INSTANCE_TYPE: Final = "1x4"
TEAM: Final = "Fake team"


class Wire:
    """Writes state as JSON, as a look at one time shows it.

    Args:
        started: The time of day at which the fake's time began.
    """

    def __init__(self, started: datetime) -> None:
        self._started = started

    def time_of_day(self, seconds: float) -> str:
        """A time of the fake as ISO 8601, with Z."""
        when = self._started + timedelta(seconds=seconds)
        return when.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"

    def chainlet_id(self, deployment: FakeDeployment, name: str) -> str:
        """A chainlet's id."""
        return f"{deployment.id}-{name}"

    def log_line(self, line: LogLine) -> Json:
        """A LogV1."""
        # A float has no room for so many digits.
        started = round(self._started.timestamp() * 1e6) * 1000
        return {
            "timestamp": str(started + round(line.at * 1e9)),
            "message": line.message,
            "replica": line.replica,
            "request_id": None,
            "level": line.level,
        }

    def seconds(self, epoch_millis: int) -> float:
        """A time of day, in milliseconds since 1970, as a time of the fake."""
        return epoch_millis / 1000 - self._started.timestamp()

    def deployment(self, deployment: FakeDeployment, now: float) -> Json:
        """A ChainDeploymentV1 or a DeploymentV1."""
        if isinstance(deployment.owner, FakeChain):
            return self._chain_deployment(deployment, now)
        return self._model_deployment(deployment, now)

    def environment(self, environment: FakeEnvironment, now: float) -> Json:
        """A ChainEnvironmentV1 or an EnvironmentV1."""
        if isinstance(environment.owner, FakeChain):
            return self._chain_environment(environment, now)
        return self._model_environment(environment, environment.seen_at(now), now)

    def listed_environment(self, environment: FakeEnvironment, now: float) -> Json:
        """An environment as it is in a list, where a chain's may look like a model's."""
        behaviour = environment.owner.behaviour
        if isinstance(environment.owner, FakeChain) and behaviour.chain_environment_list == "model":
            return self._model_environment(environment, environment.seen_at(now), now)
        return self.environment(environment, now)

    def chain(self, chain: FakeChain) -> Json:
        """A ChainV1."""
        return {
            "id": chain.id,
            "created_at": self.time_of_day(chain.created),
            "name": chain.id,
            "deployments_count": len(chain.deployments),
            "team_name": TEAM,
        }

    def model(self, model: FakeModel) -> Json:
        """A ModelV1."""
        current = model.production()
        development = model.development()
        return {
            "id": model.id,
            "created_at": self.time_of_day(model.created),
            "name": model.id,
            "deployments_count": len(model.deployments),
            "production_deployment_id": current.id if current else None,
            "development_deployment_id": development.id if development else None,
            "instance_type_name": INSTANCE_TYPE,
            "team_name": TEAM,
        }

    def _model_deployment(self, deployment: FakeDeployment, now: float) -> Json:
        facts, seen = deployment.facts, deployment.seen_at(now)
        production = deployment.owner.environments.get("production")
        serving = production.seen_at(now).current if production else None
        return {
            "id": deployment.id,
            "created_at": self.time_of_day(facts.created),
            "name": facts.name,
            "model_id": deployment.owner.id,
            "is_production": deployment is serving,
            "is_development": facts.is_development,
            "status": seen,
            "active_replica_count": _replicas(seen),
            "autoscaling_settings": _autoscaling(seen),
            "instance_type_name": facts.instance_type or INSTANCE_TYPE,
            "environment": deployment.attached_to,
            "labels": dict(facts.labels) if facts.labels is not None else None,
            "request_backpressure_settings": {"policy": None},
        }

    def _chain_deployment(self, deployment: FakeDeployment, now: float) -> Json:
        return {
            "id": deployment.id,
            "created_at": self.time_of_day(deployment.facts.created),
            "chain_id": deployment.owner.id,
            "environment": deployment.attached_to,
            "chainlets": [
                {
                    "id": self.chainlet_id(deployment, name),
                    "name": name,
                    "autoscaling_settings": _autoscaling(seen),
                    "instance_type_name": INSTANCE_TYPE,
                    "active_replica_count": _replicas(seen),
                    "status": seen,
                }
                for name, seen in deployment.chainlets_seen_at(now).items()
            ],
            "status": deployment.seen_at(now),
        }

    def _chain_environment(self, environment: FakeEnvironment, now: float) -> Json:
        view = environment.seen_at(now)
        names = view.current.chainlet_names if view.current else ()
        shown: Json = {
            "name": environment.name,
            "created_at": self.time_of_day(environment.created),
            "chain_id": environment.owner.id,
            "promotion_settings": _promotion_settings(environment),
            "chainlet_settings": [
                {
                    "chainlet_name": name,
                    "autoscaling_settings": _AUTOSCALING,
                    "instance_type": _instance_type(INSTANCE_TYPE),
                }
                for name in names
            ],
            **self._deployments(view, now),
        }
        promotion = environment.owner.behaviour.chain_promotion
        if promotion != "absent":
            shown["in_progress_promotion"] = (
                _promotion(view.promotion) if promotion == "shown" else None
            )
        return shown

    def _model_environment(self, environment: FakeEnvironment, view: View, now: float) -> Json:
        return {
            "name": environment.name,
            "created_at": self.time_of_day(environment.created),
            "model_id": environment.owner.id,
            "current_deployment": self._as_a_model_s(view.current, now),
            "candidate_deployment": self._as_a_model_s(view.candidate, now),
            "in_progress_promotion": _promotion(view.promotion),
            "autoscaling_settings": _AUTOSCALING,
            "promotion_settings": _promotion_settings(environment),
            "instance_type": _instance_type(environment.settings.instance_type or INSTANCE_TYPE),
            "request_backpressure_settings": {"policy": None},
        }

    def _as_a_model_s(self, deployment: FakeDeployment | None, now: float) -> Json | None:
        """All that is declared of a model's deployment, and what a chain's has besides."""
        if deployment is None:
            return None
        return {**self._model_deployment(deployment, now), **self.deployment(deployment, now)}

    def _deployments(self, view: View, now: float) -> Json:
        return {
            "current_deployment": self.deployment(view.current, now) if view.current else None,
            "candidate_deployment": (
                self.deployment(view.candidate, now) if view.candidate else None
            ),
        }


_AUTOSCALING: Final[Json] = {
    "min_replica": 0,
    "max_replica": 1,
    "autoscaling_window": 60,
    "scale_down_delay": 900,
    "concurrency_target": 1,
    "target_utilization_percentage": 70,
}


def _autoscaling(seen: str) -> Json | None:
    return None if seen in status.NOT_DEPLOYED else _AUTOSCALING


def _replicas(seen: str) -> int:
    return 1 if seen in status.RUNNING else 0


def _instance_type(name: str) -> Json:
    return {
        "id": name,
        "name": name,
        "memory_limit_mib": 4096,
        "millicpu_limit": 1000,
        "gpu_count": 0,
        "gpu_type": None,
        "gpu_memory_limit_mib": None,
    }


def _promotion(promotion: Rollout | None) -> Json | None:
    if promotion is None:
        return None
    return {
        "status": promotion.status,
        "percent_traffic_to_new_version": promotion.percent,
        "error_message": promotion.error_message,
        "rolling_deploy": promotion.rolling,
    }


def _promotion_settings(environment: FakeEnvironment) -> Json:
    settings = environment.settings
    return {
        "redeploy_on_promotion": settings.redeploy_on_promotion,
        "rolling_deploy": settings.rolling,
        "promotion_cleanup_strategy": settings.cleanup,
        "rolling_deploy_config": {
            "rolling_deploy_strategy": "REPLICA",
            "max_surge_percent": 25,
            "max_unavailable_percent": 0,
            "stabilization_time_seconds": 0,
            "replica_overhead_percent": 0,
        }
        if settings.rolling
        else None,
        "ramp_up_while_promoting": False,
        "ramp_up_duration_seconds": 600,
    }
