from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep, misfit
from ..models.model_metric_mode import ModelMetricMode
from ..types import UNSET

_FIELDS = frozenset(
    {
        "end_epoch_millis",
        "metric_descriptors",
        "metric_values",
        "mode",
        "start_epoch_millis",
        "step_seconds",
    }
)


@_attrs_define
class GetModelMetricsResponse:
    """Measurements in a window of time."""

    end_epoch_millis: int
    """ Where the window ends """

    metric_descriptors: list[ModelMetricDescriptor]
    """ The metrics. The values of each have the same position. """

    metric_values: list[ModelMetricValueSet]
    """ The values, step by step; a summary is one step """

    mode: ModelMetricMode
    """ CURRENT is a snapshot, for which a window must not be given; SUMMARY is one set of values for the whole
    window; SERIES is one for each step, whose length Baseten chooses. """

    start_epoch_millis: int
    """ Where the window begins """

    step_seconds: int | None
    """ Length of a step of a series; null in other modes """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "end_epoch_millis": self.end_epoch_millis,
            "metric_descriptors": self.metric_descriptors,
            "metric_values": self.metric_values,
            "mode": self.mode,
            "start_epoch_millis": self.start_epoch_millis,
            "step_seconds": self.step_seconds,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        end_epoch_millis: Any = src_dict["end_epoch_millis"]
        if type(end_epoch_millis) is not int:
            raise misfit("GetModelMetricsResponse.end_epoch_millis", "an integer", end_epoch_millis)

        metric_descriptors: Any = src_dict["metric_descriptors"]
        if not isinstance(metric_descriptors, list):
            raise misfit("GetModelMetricsResponse.metric_descriptors", "a list", metric_descriptors)
        _metric_descriptors_items: list[Any] = []
        for _metric_descriptors_item in metric_descriptors:
            if not isinstance(_metric_descriptors_item, dict):
                raise misfit(
                    "GetModelMetricsResponse.metric_descriptors[]",
                    "an object",
                    _metric_descriptors_item,
                )
            _metric_descriptors_item = ModelMetricDescriptor.from_dict(_metric_descriptors_item)
            _metric_descriptors_items.append(_metric_descriptors_item)
        metric_descriptors = _metric_descriptors_items

        metric_values: Any = src_dict["metric_values"]
        if not isinstance(metric_values, list):
            raise misfit("GetModelMetricsResponse.metric_values", "a list", metric_values)
        _metric_values_items: list[Any] = []
        for _metric_values_item in metric_values:
            if not isinstance(_metric_values_item, dict):
                raise misfit(
                    "GetModelMetricsResponse.metric_values[]", "an object", _metric_values_item
                )
            _metric_values_item = ModelMetricValueSet.from_dict(_metric_values_item)
            _metric_values_items.append(_metric_values_item)
        metric_values = _metric_values_items

        start_epoch_millis: Any = src_dict["start_epoch_millis"]
        if type(start_epoch_millis) is not int:
            raise misfit(
                "GetModelMetricsResponse.start_epoch_millis", "an integer", start_epoch_millis
            )

        mode: Any = src_dict.get("mode", UNSET)
        if isinstance(mode, str):
            mode = ModelMetricMode(mode)
        else:
            keep("GetModelMetricsResponse.mode", "a string", mode)

        step_seconds: Any = src_dict.get("step_seconds", UNSET)
        if type(step_seconds) is not int and step_seconds is not None:
            keep("GetModelMetricsResponse.step_seconds", "an integer or null", step_seconds)

        _model = cls(
            end_epoch_millis=end_epoch_millis,
            metric_descriptors=metric_descriptors,
            metric_values=metric_values,
            mode=mode,
            start_epoch_millis=start_epoch_millis,
            step_seconds=step_seconds,
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


from ..models.model_metric_descriptor import ModelMetricDescriptor
from ..models.model_metric_value_set import ModelMetricValueSet
