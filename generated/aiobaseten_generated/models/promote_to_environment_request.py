from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="PromoteToEnvironmentRequest")


@_attrs_define
class PromoteToEnvironmentRequest:
    """A request to promote a deployment of a model to an environment."""

    deployment_id: str
    """ The deployment to promote """

    environment_settings_update: EnvironmentSettingsUpdate | Unset = UNSET
    """ Settings that the environment keeps once the promotion is complete; free-form. """

    preserve_env_instance_type: bool | Unset = UNSET
    """ Whether the environment keeps its instance type. If the deployment has another one, the promotion makes a
    new deployment. Baseten's default: true. """

    promotion_settings_override: PromotionSettingsOverride | Unset = UNSET
    """ Promotion settings for this promotion alone; free-form. """

    scale_down_previous_deployment: bool | Unset = UNSET
    """ Whether to scale down the deployment that is replaced. Baseten's default: true. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        deployment_id = self.deployment_id

        environment_settings_update: dict[str, Any] | Unset = UNSET
        if not isinstance(self.environment_settings_update, Unset):
            environment_settings_update = self.environment_settings_update.to_dict()

        preserve_env_instance_type = self.preserve_env_instance_type

        promotion_settings_override: dict[str, Any] | Unset = UNSET
        if not isinstance(self.promotion_settings_override, Unset):
            promotion_settings_override = self.promotion_settings_override.to_dict()

        scale_down_previous_deployment = self.scale_down_previous_deployment

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["deployment_id"] = deployment_id
        if environment_settings_update is not UNSET:
            field_dict["environment_settings_update"] = environment_settings_update
        if preserve_env_instance_type is not UNSET:
            field_dict["preserve_env_instance_type"] = preserve_env_instance_type
        if promotion_settings_override is not UNSET:
            field_dict["promotion_settings_override"] = promotion_settings_override
        if scale_down_previous_deployment is not UNSET:
            field_dict["scale_down_previous_deployment"] = scale_down_previous_deployment
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        deployment_id = src_dict["deployment_id"]

        environment_settings_update_object = src_dict.get("environment_settings_update", UNSET)
        environment_settings_update: EnvironmentSettingsUpdate | Unset = UNSET
        if not isinstance(environment_settings_update_object, Unset):
            if not isinstance(environment_settings_update_object, dict):
                raise TypeError(
                    "EnvironmentSettingsUpdate must be an object, not "
                    + type(environment_settings_update_object).__name__
                )
            environment_settings_update = EnvironmentSettingsUpdate.from_dict(
                environment_settings_update_object
            )

        preserve_env_instance_type = src_dict.get("preserve_env_instance_type", UNSET)

        promotion_settings_override_object = src_dict.get("promotion_settings_override", UNSET)
        promotion_settings_override: PromotionSettingsOverride | Unset = UNSET
        if not isinstance(promotion_settings_override_object, Unset):
            if not isinstance(promotion_settings_override_object, dict):
                raise TypeError(
                    "PromotionSettingsOverride must be an object, not "
                    + type(promotion_settings_override_object).__name__
                )
            promotion_settings_override = PromotionSettingsOverride.from_dict(
                promotion_settings_override_object
            )

        scale_down_previous_deployment = src_dict.get("scale_down_previous_deployment", UNSET)

        _promote_to_environment_request = cls(
            deployment_id=deployment_id,
            environment_settings_update=environment_settings_update,
            preserve_env_instance_type=preserve_env_instance_type,
            promotion_settings_override=promotion_settings_override,
            scale_down_previous_deployment=scale_down_previous_deployment,
        )
        if len(src_dict) > 1:
            _promote_to_environment_request.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "deployment_id",
                    "environment_settings_update",
                    "preserve_env_instance_type",
                    "promotion_settings_override",
                    "scale_down_previous_deployment",
                }
            }

        return _promote_to_environment_request

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
