from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.deployment_status_v1 import DeploymentStatusV1

if TYPE_CHECKING:
    from ..models.autoscaling_settings_v1 import AutoscalingSettingsV1


T = TypeVar("T", bound="ChainletV1")


@_attrs_define
class ChainletV1:
    """A chainlet in a chain deployment."""

    active_replica_count: int
    """ Number of active replicas """
    autoscaling_settings: AutoscalingSettingsV1 | None
    """ Autoscaling settings for the chainlet. If null, it has not finished deploying """
    id: str
    """ Unique identifier of the chainlet """
    instance_type_name: str
    """ Name of the instance type the chainlet is deployed on """
    name: str
    """ Name of the chainlet """
    status: DeploymentStatusV1
    """ The status of a deployment. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.autoscaling_settings_v1 import AutoscalingSettingsV1  # noqa: PLC0415

        active_replica_count = self.active_replica_count

        autoscaling_settings: dict[str, Any] | None
        if isinstance(self.autoscaling_settings, AutoscalingSettingsV1):
            autoscaling_settings = self.autoscaling_settings.to_dict()

        else:
            autoscaling_settings = self.autoscaling_settings

        id = self.id

        instance_type_name = self.instance_type_name

        name = self.name

        status = self.status.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "active_replica_count": active_replica_count,
                "autoscaling_settings": autoscaling_settings,
                "id": id,
                "instance_type_name": instance_type_name,
                "name": name,
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.autoscaling_settings_v1 import AutoscalingSettingsV1  # noqa: PLC0415

        d = dict(src_dict)
        active_replica_count = d.pop("active_replica_count")

        def _parse_autoscaling_settings(data: object) -> AutoscalingSettingsV1 | None:
            if data is None:
                return None
            if isinstance(data, dict):
                autoscaling_settings_type_0 = AutoscalingSettingsV1.from_dict(data)

                return autoscaling_settings_type_0
            raise TypeError("autoscaling_settings cannot be this " + type(data).__name__)

        autoscaling_settings = _parse_autoscaling_settings(d.pop("autoscaling_settings"))

        id = d.pop("id")

        instance_type_name = d.pop("instance_type_name")

        name = d.pop("name")

        status = DeploymentStatusV1(d.pop("status"))

        chainlet_v1 = cls(
            active_replica_count=active_replica_count,
            autoscaling_settings=autoscaling_settings,
            id=id,
            instance_type_name=instance_type_name,
            name=name,
            status=status,
        )

        chainlet_v1.additional_properties = d
        return chainlet_v1

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
