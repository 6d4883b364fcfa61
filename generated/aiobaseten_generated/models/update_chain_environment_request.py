from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "promotion_settings",
    }
)


@_attrs_define
class UpdateChainEnvironmentRequest:
    """A request to change the settings of an environment of a chain."""

    promotion_settings: None | Unset | UpdatePromotionSettings = UNSET

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "promotion_settings": self.promotion_settings,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        promotion_settings: Any = src_dict.get("promotion_settings", UNSET)
        if isinstance(promotion_settings, dict):
            promotion_settings = UpdatePromotionSettings.from_dict(promotion_settings)
        elif promotion_settings is not None and promotion_settings is not UNSET:
            keep(
                "UpdateChainEnvironmentRequest.promotion_settings",
                "an object or null",
                promotion_settings,
            )

        _model = cls(
            promotion_settings=promotion_settings,
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


from ..models.update_promotion_settings import UpdatePromotionSettings
