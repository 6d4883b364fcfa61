from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, date_time, keep, misfit
from ..models.deployment_status import DeploymentStatus
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "active_replica_count",
        "autoscaling_settings",
        "created_at",
        "environment",
        "id",
        "instance_type_name",
        "is_development",
        "is_production",
        "model_id",
        "name",
        "status",
        "labels",
        "region",
    }
)


@_attrs_define
class Deployment:
    """A deployment of a model."""

    active_replica_count: int
    """ How many replicas are running """

    autoscaling_settings: AutoscalingSettings | None
    """ Null until the deployment has finished deploying """

    created_at: datetime.datetime
    """ When the deployment was created """

    environment: None | str
    """ The environment that it is attached to """

    id: str
    """ Unique identifier of the deployment """

    instance_type_name: None | str
    """ Name of the instance type that it runs on """

    is_development: bool
    """ Whether it is the development deployment of its model """

    is_production: bool
    """ Whether it is the production deployment of its model """

    model_id: str
    """ The model that it is a deployment of """

    name: str
    """ Name of the deployment """

    status: DeploymentStatus
    """ The status of a deployment. """

    labels: DeploymentLabels | None | Unset = UNSET
    """ Labels that users attached to it; free-form """

    region: None | Region | Unset = UNSET
    """ Where it runs """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "active_replica_count": self.active_replica_count,
            "autoscaling_settings": self.autoscaling_settings,
            "created_at": self.created_at,
            "environment": self.environment,
            "id": self.id,
            "instance_type_name": self.instance_type_name,
            "is_development": self.is_development,
            "is_production": self.is_production,
            "model_id": self.model_id,
            "name": self.name,
            "status": self.status,
            "labels": self.labels,
            "region": self.region,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        id: Any = src_dict["id"]
        if not isinstance(id, str):
            raise misfit("Deployment.id", "a string", id)

        status: Any = src_dict["status"]
        if not isinstance(status, str):
            raise misfit("Deployment.status", "a string", status)
        status = DeploymentStatus(status)

        active_replica_count: Any = src_dict.get("active_replica_count", UNSET)
        if type(active_replica_count) is not int:
            keep("Deployment.active_replica_count", "an integer", active_replica_count)

        autoscaling_settings: Any = src_dict.get("autoscaling_settings", UNSET)
        if isinstance(autoscaling_settings, dict):
            autoscaling_settings = AutoscalingSettings.from_dict(autoscaling_settings)
        elif autoscaling_settings is not None:
            keep("Deployment.autoscaling_settings", "an object or null", autoscaling_settings)

        created_at: Any = src_dict.get("created_at", UNSET)
        if isinstance(created_at, str):
            try:
                created_at = date_time(created_at)
            except ValueError:
                keep("Deployment.created_at", "a date-time", created_at)
        else:
            keep("Deployment.created_at", "a date-time", created_at)

        environment: Any = src_dict.get("environment", UNSET)
        if not isinstance(environment, str) and environment is not None:
            keep("Deployment.environment", "a string or null", environment)

        instance_type_name: Any = src_dict.get("instance_type_name", UNSET)
        if not isinstance(instance_type_name, str) and instance_type_name is not None:
            keep("Deployment.instance_type_name", "a string or null", instance_type_name)

        is_development: Any = src_dict.get("is_development", UNSET)
        if not isinstance(is_development, bool):
            keep("Deployment.is_development", "a boolean", is_development)

        is_production: Any = src_dict.get("is_production", UNSET)
        if not isinstance(is_production, bool):
            keep("Deployment.is_production", "a boolean", is_production)

        model_id: Any = src_dict.get("model_id", UNSET)
        if not isinstance(model_id, str):
            keep("Deployment.model_id", "a string", model_id)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("Deployment.name", "a string", name)

        labels: Any = src_dict.get("labels", UNSET)
        if isinstance(labels, dict):
            labels = DeploymentLabels.from_dict(labels)
        elif labels is not None and labels is not UNSET:
            keep("Deployment.labels", "an object or null", labels)

        region: Any = src_dict.get("region", UNSET)
        if isinstance(region, dict):
            region = Region.from_dict(region)
        elif region is not None and region is not UNSET:
            keep("Deployment.region", "an object or null", region)

        _model = cls(
            active_replica_count=active_replica_count,
            autoscaling_settings=autoscaling_settings,
            created_at=created_at,
            environment=environment,
            id=id,
            instance_type_name=instance_type_name,
            is_development=is_development,
            is_production=is_production,
            model_id=model_id,
            name=name,
            status=status,
            labels=labels,
            region=region,
        )
        if not src_dict.keys() <= _FIELDS:
            _model.additional_properties = {
                key: value for key, value in src_dict.items() if key not in _FIELDS
            }
        return _model

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties


from ..models.autoscaling_settings import AutoscalingSettings
from ..models.deployment_labels import DeploymentLabels
from ..models.region import Region
