from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.deployment_status import DeploymentStatus
from ..types import UNSET, Unset

T = TypeVar("T", bound="Deployment")


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
    """ What somebody attached to it; free-form """

    region: None | str | Unset = UNSET
    """ Where it runs """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        active_replica_count = self.active_replica_count

        autoscaling_settings: dict[str, Any] | None
        if isinstance(self.autoscaling_settings, AutoscalingSettings):
            autoscaling_settings = self.autoscaling_settings.to_dict()

        else:
            autoscaling_settings = self.autoscaling_settings

        created_at = self.created_at.isoformat()

        environment: None | str
        environment = self.environment

        id = self.id

        instance_type_name: None | str
        instance_type_name = self.instance_type_name

        is_development = self.is_development

        is_production = self.is_production

        model_id = self.model_id

        name = self.name

        status = self.status.value

        labels: dict[str, Any] | None | Unset
        if isinstance(self.labels, Unset):
            labels = UNSET
        elif isinstance(self.labels, DeploymentLabels):
            labels = self.labels.to_dict()

        else:
            labels = self.labels

        region: None | str | Unset
        if isinstance(self.region, Unset):
            region = UNSET
        else:
            region = self.region

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["active_replica_count"] = active_replica_count
        field_dict["autoscaling_settings"] = autoscaling_settings
        field_dict["created_at"] = created_at
        field_dict["environment"] = environment
        field_dict["id"] = id
        field_dict["instance_type_name"] = instance_type_name
        field_dict["is_development"] = is_development
        field_dict["is_production"] = is_production
        field_dict["model_id"] = model_id
        field_dict["name"] = name
        field_dict["status"] = status
        if labels is not UNSET:
            field_dict["labels"] = labels
        if region is not UNSET:
            field_dict["region"] = region
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        active_replica_count = src_dict["active_replica_count"]

        _autoscaling_settings = src_dict["autoscaling_settings"]
        autoscaling_settings: AutoscalingSettings | None
        if isinstance(_autoscaling_settings, dict):
            autoscaling_settings_type_0 = AutoscalingSettings.from_dict(_autoscaling_settings)

            autoscaling_settings = autoscaling_settings_type_0
        elif _autoscaling_settings is None:
            autoscaling_settings = None
        else:
            raise TypeError(
                "autoscaling_settings cannot be this " + type(_autoscaling_settings).__name__
            )

        created_at = datetime.datetime.fromisoformat(src_dict["created_at"])
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=datetime.UTC)

        environment = cast("None | str", src_dict["environment"])

        id = src_dict["id"]

        instance_type_name = cast("None | str", src_dict["instance_type_name"])

        is_development = src_dict["is_development"]

        is_production = src_dict["is_production"]

        model_id = src_dict["model_id"]

        name = src_dict["name"]

        status = DeploymentStatus(src_dict["status"])

        _labels = src_dict.get("labels", UNSET)
        labels: DeploymentLabels | None | Unset
        if isinstance(_labels, dict):
            labels_type_0 = DeploymentLabels.from_dict(_labels)

            labels = labels_type_0
        elif _labels is None:
            labels = None
        elif isinstance(_labels, Unset):
            labels = _labels
        else:
            raise TypeError("labels cannot be this " + type(_labels).__name__)

        region = cast("None | str | Unset", src_dict.get("region", UNSET))

        _deployment = cls(
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
        if len(src_dict) > 11:
            _deployment.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
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
            }

        return _deployment

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
