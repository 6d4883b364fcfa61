from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "environments",
    }
)


@_attrs_define
class ChainEnvironments:
    """The environments of a chain."""

    environments: list[ChainEnvironment]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "environments": self.environments,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        environments: Any = src_dict["environments"]
        if not isinstance(environments, list):
            raise misfit("ChainEnvironments.environments", "a list", environments)
        _environments_items: list[Any] = []
        for _environments_item in environments:
            if not isinstance(_environments_item, dict):
                raise misfit("ChainEnvironments.environments[]", "an object", _environments_item)
            _environments_item = ChainEnvironment.from_dict(_environments_item)
            _environments_items.append(_environments_item)
        environments = _environments_items

        _model = cls(
            environments=environments,
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


from ..models.chain_environment import ChainEnvironment
