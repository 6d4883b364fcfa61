from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "items",
        "pagination",
        "total_count",
    }
)


@_attrs_define
class StartupAttempts:
    """One page of startups."""

    items: list[StartupAttempt]

    pagination: StartupPagination
    """ Whether there is another page. """

    total_count: int
    """ How many startups fit, of the newest 1000 in the window """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "items": self.items,
            "pagination": self.pagination,
            "total_count": self.total_count,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        items: Any = src_dict.get("items", UNSET)
        if isinstance(items, list):
            _items_items: list[Any] = []
            for _items_item in items:
                if isinstance(_items_item, dict):
                    _items_item = StartupAttempt.from_dict(_items_item)
                else:
                    keep("StartupAttempts.items[]", "an object", _items_item)
                _items_items.append(_items_item)
            items = _items_items
        else:
            keep("StartupAttempts.items", "a list", items)

        pagination: Any = src_dict.get("pagination", UNSET)
        if isinstance(pagination, dict):
            pagination = StartupPagination.from_dict(pagination)
        else:
            keep("StartupAttempts.pagination", "an object", pagination)

        total_count: Any = src_dict.get("total_count", UNSET)
        if type(total_count) is not int:
            keep("StartupAttempts.total_count", "an integer", total_count)

        _model = cls(
            items=items,
            pagination=pagination,
            total_count=total_count,
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


from ..models.startup_attempt import StartupAttempt
from ..models.startup_pagination import StartupPagination
