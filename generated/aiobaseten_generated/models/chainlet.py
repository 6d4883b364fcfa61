from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep, misfit
from ..models.deployment_status import DeploymentStatus
from ..types import UNSET

_FIELDS = frozenset(
    {
        "active_replica_count",
        "autoscaling_settings",
        "id",
        "instance_type_name",
        "name",
        "status",
    }
)


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
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "active_replica_count": self.active_replica_count,
            "autoscaling_settings": self.autoscaling_settings,
            "id": self.id,
            "instance_type_name": self.instance_type_name,
            "name": self.name,
            "status": self.status,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        status: Any = src_dict["status"]
        if not isinstance(status, str):
            raise misfit("Chainlet.status", "a string", status)
        status = DeploymentStatus(status)

        active_replica_count: Any = src_dict.get("active_replica_count", UNSET)
        if type(active_replica_count) is not int:
            keep("Chainlet.active_replica_count", "an integer", active_replica_count)

        autoscaling_settings: Any = src_dict.get("autoscaling_settings", UNSET)
        if isinstance(autoscaling_settings, dict):
            autoscaling_settings = AutoscalingSettings.from_dict(autoscaling_settings)
        elif autoscaling_settings is not None:
            keep("Chainlet.autoscaling_settings", "an object or null", autoscaling_settings)

        id: Any = src_dict.get("id", UNSET)
        if not isinstance(id, str):
            keep("Chainlet.id", "a string", id)

        instance_type_name: Any = src_dict.get("instance_type_name", UNSET)
        if not isinstance(instance_type_name, str):
            keep("Chainlet.instance_type_name", "a string", instance_type_name)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("Chainlet.name", "a string", name)

        _model = cls(
            active_replica_count=active_replica_count,
            autoscaling_settings=autoscaling_settings,
            id=id,
            instance_type_name=instance_type_name,
            name=name,
            status=status,
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
