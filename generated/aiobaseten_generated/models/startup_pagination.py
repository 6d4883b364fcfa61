from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "has_more",
        "cursor",
    }
)


@_attrs_define
class StartupPagination:
    """Whether there is another page."""

    has_more: bool
    """ Whether there is another page """

    cursor: None | str | Unset = UNSET
    """ What the request for the next page passes """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "has_more": self.has_more,
            "cursor": self.cursor,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        has_more: Any = src_dict.get("has_more", UNSET)
        if not isinstance(has_more, bool):
            keep("StartupPagination.has_more", "a boolean", has_more)

        cursor: Any = src_dict.get("cursor", UNSET)
        if not isinstance(cursor, str) and cursor is not None and cursor is not UNSET:
            keep("StartupPagination.cursor", "a string or null", cursor)

        _model = cls(
            has_more=has_more,
            cursor=cursor,
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
