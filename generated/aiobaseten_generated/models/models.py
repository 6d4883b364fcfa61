from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "models",
    }
)


@_attrs_define
class Models:
    """Models."""

    models: list[Model]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "models": self.models,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        models: Any = src_dict["models"]
        if not isinstance(models, list):
            raise misfit("Models.models", "a list", models)
        _models_items: list[Any] = []
        for _models_item in models:
            if not isinstance(_models_item, dict):
                raise misfit("Models.models[]", "an object", _models_item)
            _models_item = Model.from_dict(_models_item)
            _models_items.append(_models_item)
        models = _models_items

        _model = cls(
            models=models,
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


from ..models.model import Model
