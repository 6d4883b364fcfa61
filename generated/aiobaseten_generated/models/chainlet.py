from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.deployment_status import DeploymentStatus

T = TypeVar("T", bound="Chainlet")


@_attrs_define
class Chainlet:
    """A chainlet in a chain deployment."""

    active_replica_count: int
    """ Number of active replicas """

    autoscaling_settings: AutoscalingSettings | None
    """ Autoscaling settings for the chainlet. If null, it has not finished deploying """

    id: str
    """ Unique identifier of the chainlet """

    instance_type_name: str
    """ Name of the instance type the chainlet is deployed on """

    name: str
    """ Name of the chainlet """

    status: DeploymentStatus
    """ The status of a deployment. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        active_replica_count = self.active_replica_count

        autoscaling_settings: dict[str, Any] | None
        if isinstance(self.autoscaling_settings, AutoscalingSettings):
            autoscaling_settings = self.autoscaling_settings.to_dict()

        else:
            autoscaling_settings = self.autoscaling_settings

        id = self.id

        instance_type_name = self.instance_type_name

        name = self.name

        status = self.status.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["active_replica_count"] = active_replica_count
        field_dict["autoscaling_settings"] = autoscaling_settings
        field_dict["id"] = id
        field_dict["instance_type_name"] = instance_type_name
        field_dict["name"] = name
        field_dict["status"] = status
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

        id = src_dict["id"]

        instance_type_name = src_dict["instance_type_name"]

        name = src_dict["name"]

        status = DeploymentStatus(src_dict["status"])

        _chainlet = cls(
            active_replica_count=active_replica_count,
            autoscaling_settings=autoscaling_settings,
            id=id,
            instance_type_name=instance_type_name,
            name=name,
            status=status,
        )
        if len(src_dict) > 6:
            _chainlet.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "active_replica_count",
                    "autoscaling_settings",
                    "id",
                    "instance_type_name",
                    "name",
                    "status",
                }
            }

        return _chainlet

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
