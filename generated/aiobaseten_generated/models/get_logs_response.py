from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="GetLogsResponse")


@_attrs_define
class GetLogsResponse:
    """Lines of a log."""

    logs: list[Log]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        logs = []
        for logs_item_data in self.logs:
            logs_item = logs_item_data.to_dict()

            logs.append(logs_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["logs"] = logs
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        logs_list = src_dict["logs"]
        if not isinstance(logs_list, list):
            raise TypeError("logs must be a list, not " + type(logs_list).__name__)
        logs = []
        for logs_item_data in logs_list:
            logs_item_object = logs_item_data
            if not isinstance(logs_item_object, dict):
                raise TypeError("Log must be an object, not " + type(logs_item_object).__name__)
            logs_item = Log.from_dict(logs_item_object)

            logs.append(logs_item)

        _get_logs_response = cls(
            logs=logs,
        )
        if len(src_dict) > 1:
            _get_logs_response.additional_properties = {
                key: value for key, value in src_dict.items() if key not in {"logs"}
            }

        return _get_logs_response

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


from ..models.log import Log
