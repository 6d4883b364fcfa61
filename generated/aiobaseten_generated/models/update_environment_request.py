from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..misfits import as_json, keep
from ..types import UNSET, Unset


@_attrs_define
class UpdateEnvironmentRequest:
    """A request to change the settings of an environment of a model."""

    autoscaling_settings: None | Unset | UpdateAutoscalingSettings = UNSET

    promotion_settings: None | Unset | UpdatePromotionSettings = UNSET

    request_backpressure_settings: None | Unset | UpdateRequestBackpressureSettings = UNSET

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            "autoscaling_settings": self.autoscaling_settings,
            "promotion_settings": self.promotion_settings,
            "request_backpressure_settings": self.request_backpressure_settings,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        autoscaling_settings: Any = src_dict.get("autoscaling_settings", UNSET)
        if isinstance(autoscaling_settings, dict):
            autoscaling_settings = UpdateAutoscalingSettings.from_dict(autoscaling_settings)
        elif autoscaling_settings is not None and autoscaling_settings is not UNSET:
            keep(
                "UpdateEnvironmentRequest.autoscaling_settings",
                "an object or null",
                autoscaling_settings,
            )

        promotion_settings: Any = src_dict.get("promotion_settings", UNSET)
        if isinstance(promotion_settings, dict):
            promotion_settings = UpdatePromotionSettings.from_dict(promotion_settings)
        elif promotion_settings is not None and promotion_settings is not UNSET:
            keep(
                "UpdateEnvironmentRequest.promotion_settings",
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
                "UpdateEnvironmentRequest.request_backpressure_settings",
                "an object or null",
                request_backpressure_settings,
            )

        _model = cls(
            autoscaling_settings=autoscaling_settings,
            promotion_settings=promotion_settings,
            request_backpressure_settings=request_backpressure_settings,
        )
        return _model


from ..models.update_autoscaling_settings import UpdateAutoscalingSettings
from ..models.update_promotion_settings import UpdatePromotionSettings
from ..models.update_request_backpressure_settings import UpdateRequestBackpressureSettings
