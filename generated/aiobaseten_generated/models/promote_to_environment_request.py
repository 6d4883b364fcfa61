from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "deployment_id",
        "environment_settings_update",
        "preserve_env_instance_type",
        "promotion_settings_override",
        "scale_down_previous_deployment",
    }
)


@_attrs_define
class PromoteToEnvironmentRequest:
    """A request to promote a deployment of a model to an environment."""

    deployment_id: str
    """ The deployment to promote """

    environment_settings_update: EnvironmentSettingsUpdate | Unset = UNSET
    """ Settings that the environment keeps after the promotion; free-form. """

    preserve_env_instance_type: bool | Unset = UNSET
    """ Whether the environment keeps its instance type. If the deployment has another one, the promotion makes a
    new deployment. Baseten's default: true. """

    promotion_settings_override: PromotionSettingsOverride | Unset = UNSET
    """ Promotion settings for this promotion only; free-form. """

    scale_down_previous_deployment: bool | Unset = UNSET
    """ Whether to scale down the deployment that is replaced. Baseten's default: true. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "deployment_id": self.deployment_id,
            "environment_settings_update": self.environment_settings_update,
            "preserve_env_instance_type": self.preserve_env_instance_type,
            "promotion_settings_override": self.promotion_settings_override,
            "scale_down_previous_deployment": self.scale_down_previous_deployment,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        deployment_id: Any = src_dict.get("deployment_id", UNSET)
        if not isinstance(deployment_id, str):
            keep("PromoteToEnvironmentRequest.deployment_id", "a string", deployment_id)

        environment_settings_update: Any = src_dict.get("environment_settings_update", UNSET)
        if isinstance(environment_settings_update, dict):
            environment_settings_update = EnvironmentSettingsUpdate.from_dict(
                environment_settings_update
            )
        elif environment_settings_update is not UNSET:
            keep(
                "PromoteToEnvironmentRequest.environment_settings_update",
                "an object",
                environment_settings_update,
            )

        preserve_env_instance_type: Any = src_dict.get("preserve_env_instance_type", UNSET)
        if (
            not isinstance(preserve_env_instance_type, bool)
            and preserve_env_instance_type is not UNSET
        ):
            keep(
                "PromoteToEnvironmentRequest.preserve_env_instance_type",
                "a boolean",
                preserve_env_instance_type,
            )

        promotion_settings_override: Any = src_dict.get("promotion_settings_override", UNSET)
        if isinstance(promotion_settings_override, dict):
            promotion_settings_override = PromotionSettingsOverride.from_dict(
                promotion_settings_override
            )
        elif promotion_settings_override is not UNSET:
            keep(
                "PromoteToEnvironmentRequest.promotion_settings_override",
                "an object",
                promotion_settings_override,
            )

        scale_down_previous_deployment: Any = src_dict.get("scale_down_previous_deployment", UNSET)
        if (
            not isinstance(scale_down_previous_deployment, bool)
            and scale_down_previous_deployment is not UNSET
        ):
            keep(
                "PromoteToEnvironmentRequest.scale_down_previous_deployment",
                "a boolean",
                scale_down_previous_deployment,
            )

        _model = cls(
            deployment_id=deployment_id,
            environment_settings_update=environment_settings_update,
            preserve_env_instance_type=preserve_env_instance_type,
            promotion_settings_override=promotion_settings_override,
            scale_down_previous_deployment=scale_down_previous_deployment,
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


from ..models.environment_settings_update import EnvironmentSettingsUpdate
from ..models.promotion_settings_override import PromotionSettingsOverride
