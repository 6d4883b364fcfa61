from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.model_metric_kind import ModelMetricKind
from ..models.model_metric_unit_hint import ModelMetricUnitHint
from ..types import UNSET

_FIELDS = frozenset(
    {
        "kind",
        "label_sets",
        "name",
        "unit_hint",
    }
)


@_attrs_define
class ModelMetricDescriptor:
    """One metric, which may have several series."""

    kind: ModelMetricKind
    """ GAUGE is a value at a time, COUNTER the total of a step, HISTOGRAM a distribution, as quantiles and average.
    """

    label_sets: list[MetricLabels]

    name: str

    unit_hint: ModelMetricUnitHint
    """ The unit of the values, as a hint. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "kind": self.kind,
            "label_sets": self.label_sets,
            "name": self.name,
            "unit_hint": self.unit_hint,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        kind: Any = src_dict.get("kind", UNSET)
        if isinstance(kind, str):
            kind = ModelMetricKind(kind)
        else:
            keep("ModelMetricDescriptor.kind", "a string", kind)

        label_sets: Any = src_dict.get("label_sets", UNSET)
        if isinstance(label_sets, list):
            _label_sets_items: list[Any] = []
            for _label_sets_item in label_sets:
                if isinstance(_label_sets_item, dict):
                    _label_sets_item = MetricLabels.from_dict(_label_sets_item)
                else:
                    keep("ModelMetricDescriptor.label_sets[]", "an object", _label_sets_item)
                _label_sets_items.append(_label_sets_item)
            label_sets = _label_sets_items
        else:
            keep("ModelMetricDescriptor.label_sets", "a list", label_sets)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("ModelMetricDescriptor.name", "a string", name)

        unit_hint: Any = src_dict.get("unit_hint", UNSET)
        if isinstance(unit_hint, str):
            unit_hint = ModelMetricUnitHint(unit_hint)
        else:
            keep("ModelMetricDescriptor.unit_hint", "a string", unit_hint)

        _model = cls(
            kind=kind,
            label_sets=label_sets,
            name=name,
            unit_hint=unit_hint,
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


from ..models.metric_labels import MetricLabels
