from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "name",
        "autoscaling_settings",
        "promotion_settings",
        "request_backpressure_settings",
    }
)


@_attrs_define
class CreateEnvironmentRequest:
    """A request to create an environment of a model."""

    name: str
    """ Name of the environment """

    autoscaling_settings: None | Unset | UpdateAutoscalingSettings = UNSET

    promotion_settings: None | Unset | UpdatePromotionSettings = UNSET

    request_backpressure_settings: None | Unset | UpdateRequestBackpressureSettings = UNSET

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "name": self.name,
            "autoscaling_settings": self.autoscaling_settings,
            "promotion_settings": self.promotion_settings,
            "request_backpressure_settings": self.request_backpressure_settings,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("CreateEnvironmentRequest.name", "a string", name)

        autoscaling_settings: Any = src_dict.get("autoscaling_settings", UNSET)
        if isinstance(autoscaling_settings, dict):
            autoscaling_settings = UpdateAutoscalingSettings.from_dict(autoscaling_settings)
        elif autoscaling_settings is not None and autoscaling_settings is not UNSET:
            keep(
                "CreateEnvironmentRequest.autoscaling_settings",
                "an object or null",
                autoscaling_settings,
            )

        promotion_settings: Any = src_dict.get("promotion_settings", UNSET)
        if isinstance(promotion_settings, dict):
            promotion_settings = UpdatePromotionSettings.from_dict(promotion_settings)
        elif promotion_settings is not None and promotion_settings is not UNSET:
            keep(
                "CreateEnvironmentRequest.promotion_settings",
                "an object or null",
                promotion_settings,
            )

        request_backpressure_settings: Any = src_dict.get("request_backpressure_settings", UNSET)
        if isinstance(request_backpressure_settings, dict):
            request_backpressure_settings = UpdateRequestBackpressureSettings.from_dict(
                request_backpressure_settings
            )
        elif (
            request_backpressure_settings is not None and request_backpressure_settings is not UNSET
        ):
            keep(
                "CreateEnvironmentRequest.request_backpressure_settings",
                "an object or null",
                request_backpressure_settings,
            )

        _model = cls(
            name=name,
            autoscaling_settings=autoscaling_settings,
            promotion_settings=promotion_settings,
            request_backpressure_settings=request_backpressure_settings,
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


from ..models.update_autoscaling_settings import UpdateAutoscalingSettings
from ..models.update_promotion_settings import UpdatePromotionSettings
from ..models.update_request_backpressure_settings import UpdateRequestBackpressureSettings
