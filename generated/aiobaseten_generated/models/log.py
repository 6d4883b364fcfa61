from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.log_level import LogLevel
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "message",
        "replica",
        "timestamp",
        "level",
        "request_id",
    }
)


@_attrs_define
class Log:
    """A line of a log."""

    message: str
    """ What it says """

    replica: None | str
    """ The replica that wrote it """

    timestamp: str
    """ When it was written, in nanoseconds since 1970 """

    level: LogLevel | None | Unset = UNSET
    """ How serious it is """

    request_id: None | str | Unset = UNSET
    """ The call of the model that it belongs to """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "message": self.message,
            "replica": self.replica,
            "timestamp": self.timestamp,
            "level": self.level,
            "request_id": self.request_id,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        message: Any = src_dict.get("message", UNSET)
        if not isinstance(message, str):
            keep("Log.message", "a string", message)

        replica: Any = src_dict.get("replica", UNSET)
        if not isinstance(replica, str) and replica is not None:
            keep("Log.replica", "a string or null", replica)

        timestamp: Any = src_dict.get("timestamp", UNSET)
        if not isinstance(timestamp, str):
            keep("Log.timestamp", "a string", timestamp)

        level: Any = src_dict.get("level", UNSET)
        if isinstance(level, str):
            level = LogLevel(level)
        elif level is not None and level is not UNSET:
            keep("Log.level", "a string or null", level)

        request_id: Any = src_dict.get("request_id", UNSET)
        if not isinstance(request_id, str) and request_id is not None and request_id is not UNSET:
            keep("Log.request_id", "a string or null", request_id)

        _model = cls(
            message=message,
            replica=replica,
            timestamp=timestamp,
            level=level,
            request_id=request_id,
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
