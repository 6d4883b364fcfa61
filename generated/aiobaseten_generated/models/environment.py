from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, date_time, keep, misfit
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
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
)


@_attrs_define
class Environment:
    """An environment of a model."""

    autoscaling_settings: AutoscalingSettings
    """ How the number of replicas follows the traffic. """

    created_at: datetime.datetime
    """ When the environment was created """

    current_deployment: Deployment | None
    """ The deployment that gets the traffic; null in an environment that never had one """

    instance_type: InstanceType
    """ The machine type of deployments in the environment; free-form except for its names. """

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
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "autoscaling_settings": self.autoscaling_settings,
            "created_at": self.created_at,
            "current_deployment": self.current_deployment,
            "instance_type": self.instance_type,
            "model_id": self.model_id,
            "name": self.name,
            "promotion_settings": self.promotion_settings,
            "candidate_deployment": self.candidate_deployment,
            "in_progress_promotion": self.in_progress_promotion,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        current_deployment: Any = src_dict["current_deployment"]
        if isinstance(current_deployment, dict):
            current_deployment = Deployment.from_dict(current_deployment)
        elif current_deployment is not None:
            raise misfit("Environment.current_deployment", "an object or null", current_deployment)

        autoscaling_settings: Any = src_dict.get("autoscaling_settings", UNSET)
        if isinstance(autoscaling_settings, dict):
            autoscaling_settings = AutoscalingSettings.from_dict(autoscaling_settings)
        else:
            keep("Environment.autoscaling_settings", "an object", autoscaling_settings)

        created_at: Any = src_dict.get("created_at", UNSET)
        if isinstance(created_at, str):
            try:
                created_at = date_time(created_at)
            except ValueError:
                keep("Environment.created_at", "a date-time", created_at)
        else:
            keep("Environment.created_at", "a date-time", created_at)

        instance_type: Any = src_dict.get("instance_type", UNSET)
        if isinstance(instance_type, dict):
            instance_type = InstanceType.from_dict(instance_type)
        else:
            keep("Environment.instance_type", "an object", instance_type)

        model_id: Any = src_dict.get("model_id", UNSET)
        if not isinstance(model_id, str):
            keep("Environment.model_id", "a string", model_id)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("Environment.name", "a string", name)

        promotion_settings: Any = src_dict.get("promotion_settings", UNSET)
        if isinstance(promotion_settings, dict):
            promotion_settings = PromotionSettings.from_dict(promotion_settings)
        else:
            keep("Environment.promotion_settings", "an object", promotion_settings)

        candidate_deployment: Any = src_dict.get("candidate_deployment", UNSET)
        if isinstance(candidate_deployment, dict):
            candidate_deployment = Deployment.from_dict(candidate_deployment)
        elif candidate_deployment is not None and candidate_deployment is not UNSET:
            keep("Environment.candidate_deployment", "an object or null", candidate_deployment)

        in_progress_promotion: Any = src_dict.get("in_progress_promotion", UNSET)
        if isinstance(in_progress_promotion, dict):
            in_progress_promotion = InProgressPromotion.from_dict(in_progress_promotion)
        elif in_progress_promotion is not None and in_progress_promotion is not UNSET:
            keep("Environment.in_progress_promotion", "an object or null", in_progress_promotion)

        _model = cls(
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
from ..models.deployment import Deployment
from ..models.in_progress_promotion import InProgressPromotion
from ..models.instance_type import InstanceType
from ..models.promotion_settings import PromotionSettings
