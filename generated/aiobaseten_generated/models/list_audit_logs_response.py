from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "items",
        "pagination",
    }
)


@_attrs_define
class ListAuditLogsResponse:
    """One page of an audit log."""

    items: list[AuditLogEntry]

    pagination: PaginationResponse
    """ Whether there is another page. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "items": self.items,
            "pagination": self.pagination,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        items: Any = src_dict["items"]
        if not isinstance(items, list):
            raise misfit("ListAuditLogsResponse.items", "a list", items)
        _items_items: list[Any] = []
        for _items_item in items:
            if not isinstance(_items_item, dict):
                raise misfit("ListAuditLogsResponse.items[]", "an object", _items_item)
            _items_item = AuditLogEntry.from_dict(_items_item)
            _items_items.append(_items_item)
        items = _items_items

        pagination: Any = src_dict["pagination"]
        if not isinstance(pagination, dict):
            raise misfit("ListAuditLogsResponse.pagination", "an object", pagination)
        pagination = PaginationResponse.from_dict(pagination)

        _model = cls(
            items=items,
            pagination=pagination,
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


from ..models.audit_log_entry import AuditLogEntry
from ..models.pagination_response import PaginationResponse
