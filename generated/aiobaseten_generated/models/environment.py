from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Environment")


@_attrs_define
class Environment:
    """An environment of a model."""

    autoscaling_settings: AutoscalingSettings
    """ Autoscaling settings for a deployment. """

    created_at: datetime.datetime
    """ When the environment was created """

    current_deployment: Deployment | None
    """ The deployment that gets the traffic; null in an environment that never had one """

    instance_type: InstanceType
    """ The machine that a deployment in the environment gets; free-form but for its names. """

    model_id: str
    """ The model that it belongs to """

    name: str
    """ Name of the environment """

    promotion_settings: PromotionSettings
    """ How promotions to an environment go. """

    candidate_deployment: Deployment | None | Unset = UNSET
    """ The deployment that is being promoted """

    in_progress_promotion: InProgressPromotion | None | Unset = UNSET
    """ The promotion that is under way """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        autoscaling_settings = self.autoscaling_settings.to_dict()

        created_at = self.created_at.isoformat()

        current_deployment: dict[str, Any] | None
        if isinstance(self.current_deployment, Deployment):
            current_deployment = self.current_deployment.to_dict()

        else:
            current_deployment = self.current_deployment

        instance_type = self.instance_type.to_dict()

        model_id = self.model_id

        name = self.name

        promotion_settings = self.promotion_settings.to_dict()

        candidate_deployment: dict[str, Any] | None | Unset
        if isinstance(self.candidate_deployment, Unset):
            candidate_deployment = UNSET
        elif isinstance(self.candidate_deployment, Deployment):
            candidate_deployment = self.candidate_deployment.to_dict()

        else:
            candidate_deployment = self.candidate_deployment

        in_progress_promotion: dict[str, Any] | None | Unset
        if isinstance(self.in_progress_promotion, Unset):
            in_progress_promotion = UNSET
        elif isinstance(self.in_progress_promotion, InProgressPromotion):
            in_progress_promotion = self.in_progress_promotion.to_dict()

        else:
            in_progress_promotion = self.in_progress_promotion

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["autoscaling_settings"] = autoscaling_settings
        field_dict["created_at"] = created_at
        field_dict["current_deployment"] = current_deployment
        field_dict["instance_type"] = instance_type
        field_dict["model_id"] = model_id
        field_dict["name"] = name
        field_dict["promotion_settings"] = promotion_settings
        if candidate_deployment is not UNSET:
            field_dict["candidate_deployment"] = candidate_deployment
        if in_progress_promotion is not UNSET:
            field_dict["in_progress_promotion"] = in_progress_promotion
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        autoscaling_settings_object = src_dict["autoscaling_settings"]
        if not isinstance(autoscaling_settings_object, dict):
            raise TypeError(
                "AutoscalingSettings must be an object, not "
                + type(autoscaling_settings_object).__name__
            )
        autoscaling_settings = AutoscalingSettings.from_dict(autoscaling_settings_object)

        created_at = datetime.datetime.fromisoformat(src_dict["created_at"])
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=datetime.UTC)

        _current_deployment = src_dict["current_deployment"]
        current_deployment: Deployment | None
        if isinstance(_current_deployment, dict):
            current_deployment_type_0 = Deployment.from_dict(_current_deployment)

            current_deployment = current_deployment_type_0
        elif _current_deployment is None:
            current_deployment = None
        else:
            raise TypeError(
                "current_deployment cannot be this " + type(_current_deployment).__name__
            )

        instance_type_object = src_dict["instance_type"]
        if not isinstance(instance_type_object, dict):
            raise TypeError(
                "InstanceType must be an object, not " + type(instance_type_object).__name__
            )
        instance_type = InstanceType.from_dict(instance_type_object)

        model_id = src_dict["model_id"]

        name = src_dict["name"]

        promotion_settings_object = src_dict["promotion_settings"]
        if not isinstance(promotion_settings_object, dict):
            raise TypeError(
                "PromotionSettings must be an object, not "
                + type(promotion_settings_object).__name__
            )
        promotion_settings = PromotionSettings.from_dict(promotion_settings_object)

        _candidate_deployment = src_dict.get("candidate_deployment", UNSET)
        candidate_deployment: Deployment | None | Unset
        if isinstance(_candidate_deployment, dict):
            candidate_deployment_type_0 = Deployment.from_dict(_candidate_deployment)

            candidate_deployment = candidate_deployment_type_0
        elif _candidate_deployment is None:
            candidate_deployment = None
        elif isinstance(_candidate_deployment, Unset):
            candidate_deployment = _candidate_deployment
        else:
            raise TypeError(
                "candidate_deployment cannot be this " + type(_candidate_deployment).__name__
            )

        _in_progress_promotion = src_dict.get("in_progress_promotion", UNSET)
        in_progress_promotion: InProgressPromotion | None | Unset
        if isinstance(_in_progress_promotion, dict):
            in_progress_promotion_type_0 = InProgressPromotion.from_dict(_in_progress_promotion)

            in_progress_promotion = in_progress_promotion_type_0
        elif _in_progress_promotion is None:
            in_progress_promotion = None
        elif isinstance(_in_progress_promotion, Unset):
            in_progress_promotion = _in_progress_promotion
        else:
            raise TypeError(
                "in_progress_promotion cannot be this " + type(_in_progress_promotion).__name__
            )

        _environment = cls(
            autoscaling_settings=autoscaling_settings,
            created_at=created_at,
            current_deployment=current_deployment,
            instance_type=instance_type,
            model_id=model_id,
            name=name,
            promotion_settings=promotion_settings,
            candidate_deployment=candidate_deployment,
            in_progress_promotion=in_progress_promotion,
        )
        if len(src_dict) > 7:
            _environment.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "autoscaling_settings",
                    "created_at",
                    "current_deployment",
                    "instance_type",
                    "model_id",
                    "name",
                    "promotion_settings",
                    "candidate_deployment",
                    "in_progress_promotion",
                }
            }

        return _environment

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
from ..models.deployment import Deployment
from ..models.in_progress_promotion import InProgressPromotion
from ..models.instance_type import InstanceType
from ..models.promotion_settings import PromotionSettings
