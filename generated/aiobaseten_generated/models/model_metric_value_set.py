from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "start_epoch_millis",
        "values",
    }
)


@_attrs_define
class ModelMetricValueSet:
    """The values of one step."""

    start_epoch_millis: int
    """ Where the step begins. It ends where the next one begins, the last one at the end of the window. """

    values: list[list[float | None]]
    """ By metric and series; null for a series that had no data in the step """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "start_epoch_millis": self.start_epoch_millis,
            "values": self.values,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        start_epoch_millis: Any = src_dict.get("start_epoch_millis", UNSET)
        if type(start_epoch_millis) is not int:
            keep("ModelMetricValueSet.start_epoch_millis", "an integer", start_epoch_millis)

        values: Any = src_dict.get("values", UNSET)
        if isinstance(values, list):
            _values_items: list[Any] = []
            for _values_item in values:
                if isinstance(_values_item, list):
                    _values_item_items: list[Any] = []
                    for _values_item_item in _values_item:
                        if (
                            type(_values_item_item) not in (int, float)
                            and _values_item_item is not None
                        ):
                            keep(
                                "ModelMetricValueSet.values[][]",
                                "a number or null",
                                _values_item_item,
                            )
                        _values_item_items.append(_values_item_item)
                    _values_item = _values_item_items
                else:
                    keep("ModelMetricValueSet.values[]", "a list", _values_item)
                _values_items.append(_values_item)
            values = _values_items
        else:
            keep("ModelMetricValueSet.values", "a list", values)

        _model = cls(
            start_epoch_millis=start_epoch_millis,
            values=values,
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
