from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "chains",
    }
)


@_attrs_define
class Chains:
    """Chains."""

    chains: list[Chain]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "chains": self.chains,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        chains: Any = src_dict["chains"]
        if not isinstance(chains, list):
            raise misfit("Chains.chains", "a list", chains)
        _chains_items: list[Any] = []
        for _chains_item in chains:
            if not isinstance(_chains_item, dict):
                raise misfit("Chains.chains[]", "an object", _chains_item)
            _chains_item = Chain.from_dict(_chains_item)
            _chains_items.append(_chains_item)
        chains = _chains_items

        _model = cls(
            chains=chains,
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


from ..models.chain import Chain
