"""State is written here as Baseten's JSON: required fields, and the optional ones people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from .._world import (
    AUTOSCALING,
    NOT_DEPLOYED,
    RUNNING,
    AuditEntry,
    ChainletSettings,
    EnvironmentSettings,
    EnvironmentSnapshot,
    FakeChain,
    FakeDeployment,
    FakeEnvironment,
    FakeLogLine,
    FakeModel,
    FakeResource,
)

JSON = dict[str, Any]

INSTANCE_TYPE: Final = "1x4"
USER: Final[JSON] = {
    "user_id": "fake-user",
    "email": "fake@example.com",
    "name": "Fake user",
    "workspace_name": "Fake workspace",
}

_AUTOSCALING_FIELDS: Final[JSON] = {"target_in_flight_tokens": None, "max_scale_down_rate": None}
_SETTINGS_FIELDS: Final[JSON] = {
    **_AUTOSCALING_FIELDS,
    "ramp_up_step_size": None,
    "deployment_type": None,
}
# Fields of events of audit logs that say nothing in the fake.
_EVENT_FIELDS: Final[Mapping[str, JSON]] = {
    "MODEL_DEPLOYED": {"scale_previous_to_zero": False, "trusted": False, "publish": True},
    "CHAIN_DEPLOYED": {"is_primary": False, "publish": True},
    "MODEL_DEPLOYMENT_PROMOTED": {
        "environment_id": None,
        "region_update": None,
        "instance_type_id_update": None,
        "promotion_settings_override": None,
        "autoscaling_settings_update": None,
        "request_backpressure_settings_update": None,
        "autoscaling_schedule_settings_update": None,
    },
    "CHAIN_DEPLOYMENT_PROMOTED": {"environment_id": None},
    "MODEL_PROMOTION_CONTROL_ACTION": {"environment_id": None},
    "ENVIRONMENT_CREATED": _SETTINGS_FIELDS,
    "ENVIRONMENT_UPDATED": {**_SETTINGS_FIELDS, "schedules": None, "previous_settings": None},
    "CHAINLET_AUTOSCALING_SETTINGS_CHANGED": {**_AUTOSCALING_FIELDS, "previous_settings": None},
}
_WITHOUT_ENVIRONMENT: Final = frozenset(
    {
        "CHAIN_DEPLOYED",
        "CHAINLET_INSTANCE_TYPE_CHANGED",
        "MODEL_DEPLOYMENT_REQUEST_BACKPRESSURE_SETTINGS_CHANGED",
        *(
            f"{kind}_DEPLOYMENT_{done}"
            for kind in ("MODEL", "CHAIN")
            for done in ("ACTIVATED", "DEACTIVATED", "RETRIED", "DELETED")
        ),
    }
)


class JSONWriter:
    """Writes state as JSON, as a read at one time, past or present, shows it.

    Args:
        started: The time of day at which the fake's time began.
    """

    def __init__(self, started: datetime) -> None:
        self._started = started

    def time_of_day(self, seconds: float) -> str:
        """A time of the fake as ISO 8601, with Z."""
        when = self._started + timedelta(seconds=seconds)
        return when.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"

    def seconds(self, epoch_millis: int) -> float:
        """Convert a time of day, in milliseconds since 1970, to a time of the fake."""
        return epoch_millis / 1000 - self._started.timestamp()

    def epoch_millis(self, seconds: float) -> int:
        """Convert a time of the fake to a time of day, in milliseconds since 1970."""
        return round((self._started.timestamp() + seconds) * 1000)

    def http_date(self, seconds: float) -> str:
        """Convert a time of the fake to the date of a header."""
        return format_datetime(self._started + timedelta(seconds=seconds), usegmt=True)

    def chainlet_id(self, deployment: FakeDeployment, name: str) -> str:
        """A chainlet's id."""
        return f"{deployment.id}-{name}"

    def log_line(self, line: FakeLogLine) -> JSON:
        """A LogV1."""
        # Nanoseconds since 1970 have more digits than a float holds.
        started = round(self._started.timestamp() * 1e6) * 1000
        return {
            "timestamp": str(started + round(line.at * 1e9)),
            "message": line.message,
            "replica": line.replica,
            "request_id": line.request_id,
            "level": line.level,
        }

    def audit_entry(self, owner: FakeResource, entry: AuditEntry) -> JSON:
        """An AuditLogEntryV1."""
        kind = owner.kind.lower()
        prefix = "chain_" if kind == "chain" else ""
        event = _event_type(owner.kind.upper(), entry.event)
        data = {
            "event_type": event,
            f"{kind}_id": owner.id,
            f"{kind}_name": owner.name,
            **_EVENT_FIELDS.get(event, {}),
            **entry.details,
        }
        if entry.deployment_id is not None:
            data[f"{prefix}deployment_id"] = entry.deployment_id
            # Baseten's one exception.
            has_prefix = event != "CHAIN_DEPLOYMENT_DELETED"
            name = f"{prefix if has_prefix else ''}deployment_name"
            data[name] = entry.deployment_name
        if event not in _WITHOUT_ENVIRONMENT:
            data["environment_name"] = entry.environment
        if "chainlet_name" in data:
            data["chainlet_id"] = f"{entry.deployment_id}-{data['chainlet_name']}"
        actor = entry.actor
        return {
            "id": f"{owner.id}-a{entry.number}",
            "created": self.time_of_day(entry.at),
            "event_type": event,
            "event_data": data,
            "source": actor.source,
            "actor": {
                "type": "USER" if actor.api_key_prefix is None else "API_KEY",
                "email": actor.email,
                "api_key_prefix": actor.api_key_prefix,
                "api_key_name": actor.api_key_name,
            },
            "client_name": actor.client_name,
            "client_version": None,
            "client_session_id": None,
        }

    def deployment(
        self, resource: FakeChain | FakeModel, deployment: FakeDeployment, when: float
    ) -> JSON:
        """A ChainDeploymentV1 or a DeploymentV1."""
        if isinstance(resource, FakeChain):
            return self._chain_deployment(resource, deployment, when)
        return self._model_deployment(resource, deployment, when)

    def environment(
        self, resource: FakeChain | FakeModel, environment: FakeEnvironment, when: float
    ) -> JSON:
        """A ChainEnvironmentV1 or an EnvironmentV1."""
        if isinstance(resource, FakeChain):
            return self._chain_environment(resource, environment, when)
        return self._model_environment(resource, environment, when)

    def listed_environment(
        self, resource: FakeChain | FakeModel, environment: FakeEnvironment, when: float
    ) -> JSON:
        """An environment as it is in a list, where a chain's may have the shape of a model's."""
        if resource.behaviour.chain_environment_list == "model":
            # As the published specs declare it: exactly a model's, with none of a chain's fields.
            return self._model_environment(resource, environment, when)
        return self.environment(resource, environment, when)

    def chain(self, chain: FakeChain, when: float) -> JSON:
        """A ChainV1."""
        return {
            "id": chain.id,
            "created_at": self.time_of_day(chain.created),
            "name": chain.name,
            "deployments_count": len(chain.deployments_at(when)),
            "team_name": chain.team,
        }

    def model(self, model: FakeModel, when: float) -> JSON:
        """A ModelV1."""
        current = model.production_at(when)
        development = model.development_at(when)
        return {
            "id": model.id,
            "created_at": self.time_of_day(model.created),
            "name": model.name,
            "deployments_count": len(model.deployments_at(when)),
            "production_deployment_id": current.id if current else None,
            "development_deployment_id": development.id if development else None,
            "instance_type_name": INSTANCE_TYPE,
            "team_name": model.team,
        }

    def _model_deployment(
        self, resource: FakeChain | FakeModel, deployment: FakeDeployment, when: float
    ) -> JSON:
        facts, seen = deployment.facts, deployment.seen_at(when)
        return {
            "id": deployment.id,
            "created_at": self.time_of_day(facts.created),
            "name": deployment.name_at(when),
            "model_id": resource.id,
            "is_production": deployment is resource.production_at(when),
            "is_development": facts.is_development,
            "status": seen,
            "active_replica_count": _replicas(seen) * facts.replicas,
            "autoscaling_settings": _autoscaling(seen),
            "instance_type_name": facts.instance_type or INSTANCE_TYPE,
            "environment": deployment.attached_at(when),
            "labels": dict(facts.labels) if facts.labels is not None else None,
            "request_backpressure_settings": {"policy": deployment.backpressure_at(when)},
        }

    def _chain_deployment(self, chain: FakeChain, deployment: FakeDeployment, when: float) -> JSON:
        return {
            "id": deployment.id,
            "created_at": self.time_of_day(deployment.facts.created),
            "chain_id": chain.id,
            "environment": deployment.attached_at(when),
            "chainlets": [
                {
                    "id": self.chainlet_id(deployment, name),
                    "name": name,
                    "autoscaling_settings": _autoscaling(seen),
                    "instance_type_name": INSTANCE_TYPE,
                    "active_replica_count": _replicas(seen),
                    "status": seen,
                }
                for name, seen in deployment.chainlets_seen_at(when).items()
            ],
            "status": deployment.seen_at(when),
        }

    def _chain_environment(
        self, chain: FakeChain, environment: FakeEnvironment, when: float
    ) -> JSON:
        snapshot = environment.seen_at(when)
        current, candidate = snapshot.current, snapshot.candidate
        written: JSON = {
            "name": environment.name,
            "created_at": self.time_of_day(environment.created),
            "chain_id": chain.id,
            "promotion_settings": _promotion_settings(environment.settings_at(when)),
            "chainlet_settings": self.chainlet_settings(environment, when),
            "current_deployment": current and self._chain_deployment(chain, current, when),
            "candidate_deployment": candidate and self._chain_deployment(chain, candidate, when),
        }
        promotion = chain.behaviour.chain_promotion
        if promotion != "absent":
            written["in_progress_promotion"] = (
                _promotion(snapshot) if promotion == "shown" else None
            )
        return written

    def chainlet_settings(self, environment: FakeEnvironment, when: float) -> list[JSON]:
        """A list of ChainletEnvironmentSettingsV1."""
        current = environment.seen_at(when).current
        return [
            {
                "chainlet_name": name,
                "autoscaling_settings": dict(its.autoscaling),
                "instance_type": _instance_type(its.instance_type),
            }
            for name, its in _chainlets(environment.settings_at(when), current).items()
        ]

    def _model_environment(
        self, resource: FakeChain | FakeModel, environment: FakeEnvironment, when: float
    ) -> JSON:
        snapshot = environment.seen_at(when)
        current, candidate = snapshot.current, snapshot.candidate
        return {
            "name": environment.name,
            "created_at": self.time_of_day(environment.created),
            "model_id": resource.id,
            "current_deployment": current and self._model_deployment(resource, current, when),
            "candidate_deployment": candidate and self._model_deployment(resource, candidate, when),
            "in_progress_promotion": _promotion(snapshot),
            "autoscaling_settings": dict(environment.settings_at(when).autoscaling),
            "promotion_settings": _promotion_settings(environment.settings_at(when)),
            "instance_type": _instance_type(environment.settings.instance_type or INSTANCE_TYPE),
            "request_backpressure_settings": {"policy": environment.settings_at(when).backpressure},
        }


def _event_type(kind: str, event: str) -> str:
    """The type of an event of an audit log."""
    if event in ("AUTOSCALING_SETTINGS_CHANGED", "INSTANCE_TYPE_CHANGED"):
        return f"CHAINLET_{event}"
    # Of environments, only those of chains say the kind.
    is_environment_of_model = kind == "MODEL" and event.startswith("ENVIRONMENT_")
    return event if is_environment_of_model else f"{kind}_{event}"


def _chainlets(
    settings: EnvironmentSettings, current: FakeDeployment | None
) -> Mapping[str, ChainletSettings]:
    """The settings of each chainlet that serves or has settings."""
    serving = current.chainlet_names if current else ()
    return {
        **dict.fromkeys(serving, ChainletSettings()),
        **settings.chainlets,
    }


def _autoscaling(status: str) -> JSON | None:
    return None if status in NOT_DEPLOYED else dict(AUTOSCALING)


def _replicas(status: str) -> int:
    return 1 if status in RUNNING else 0


def _instance_type(name: str) -> JSON:
    return {
        "id": name,
        "name": name,
        "memory_limit_mib": 4096,
        "millicpu_limit": 1000,
        "gpu_count": 0,
        "gpu_type": None,
        "gpu_memory_limit_mib": None,
    }


def _promotion(snapshot: EnvironmentSnapshot) -> JSON | None:
    promotion = snapshot.promotion
    if promotion is None:
        return None
    return {
        "status": promotion.status,
        "percent_traffic_to_new_version": promotion.percent,
        "error_message": promotion.error_message,
        "rolling_deploy": snapshot.rolling,
    }


def _promotion_settings(settings: EnvironmentSettings) -> JSON:
    return {
        "redeploy_on_promotion": settings.redeploy_on_promotion,
        "rolling_deploy": settings.rolling,
        "promotion_cleanup_strategy": settings.cleanup,
        "rolling_deploy_config": {
            "rolling_deploy_strategy": "REPLICA",
            **settings.rolling_config,
        }
        if settings.rolling
        else None,
        "ramp_up_while_promoting": settings.ramp_up,
        "ramp_up_duration_seconds": settings.ramp_up_seconds,
    }
