from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.update_autoscaling_settings_status import UpdateAutoscalingSettingsStatus
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "environment",
        "message",
        "status",
    }
)


@_attrs_define
class UpdateEnvironmentResponse:
    """The answer to a request to change the settings of an environment of a model."""

    environment: Environment | Unset = UNSET
    """ An environment of a model. """

    message: str | Unset = UNSET
    """ The status in a sentence """

    status: UpdateAutoscalingSettingsStatus | Unset = UNSET
    """ What becomes of a change of settings. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "environment": self.environment,
            "message": self.message,
            "status": self.status,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        environment: Any = src_dict.get("environment", UNSET)
        if isinstance(environment, dict):
            environment = Environment.from_dict(environment)
        elif environment is not UNSET:
            keep("UpdateEnvironmentResponse.environment", "an object", environment)

        message: Any = src_dict.get("message", UNSET)
        if not isinstance(message, str) and message is not UNSET:
            keep("UpdateEnvironmentResponse.message", "a string", message)

        status: Any = src_dict.get("status", UNSET)
        if isinstance(status, str):
            status = UpdateAutoscalingSettingsStatus(status)
        elif status is not UNSET:
            keep("UpdateEnvironmentResponse.status", "a string", status)

        _model = cls(
            environment=environment,
            message=message,
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


from ..models.environment import Environment
