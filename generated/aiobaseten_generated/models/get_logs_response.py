from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "logs",
    }
)


@_attrs_define
class GetLogsResponse:
    """Lines of a log."""

    logs: list[Log]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "logs": self.logs,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        logs: Any = src_dict["logs"]
        if not isinstance(logs, list):
            raise misfit("GetLogsResponse.logs", "a list", logs)
        _logs_items: list[Any] = []
        for _logs_item in logs:
            if not isinstance(_logs_item, dict):
                raise misfit("GetLogsResponse.logs[]", "an object", _logs_item)
            _logs_item = Log.from_dict(_logs_item)
            _logs_items.append(_logs_item)
        logs = _logs_items

        _model = cls(
            logs=logs,
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


from ..models.log import Log
