from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Log")


@_attrs_define
class Log:
    """A line of a log."""

    message: str
    """ What it says """

    timestamp: str
    """ When it was written, in nanoseconds since 1970 """

    level: None | str | Unset = UNSET
    """ How serious it is """

    replica: None | str | Unset = UNSET
    """ The replica that wrote it """

    request_id: None | str | Unset = UNSET
    """ The call of the model that it belongs to """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        timestamp = self.timestamp

        level: None | str | Unset
        if isinstance(self.level, Unset):
            level = UNSET
        else:
            level = self.level

        replica: None | str | Unset
        if isinstance(self.replica, Unset):
            replica = UNSET
        else:
            replica = self.replica

        request_id: None | str | Unset
        if isinstance(self.request_id, Unset):
            request_id = UNSET
        else:
            request_id = self.request_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["message"] = message
        field_dict["timestamp"] = timestamp
        if level is not UNSET:
            field_dict["level"] = level
        if replica is not UNSET:
            field_dict["replica"] = replica
        if request_id is not UNSET:
            field_dict["request_id"] = request_id
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        message = src_dict["message"]

        timestamp = src_dict["timestamp"]

        level = cast("None | str | Unset", src_dict.get("level", UNSET))

        replica = cast("None | str | Unset", src_dict.get("replica", UNSET))

        request_id = cast("None | str | Unset", src_dict.get("request_id", UNSET))

        _log = cls(
            message=message,
            timestamp=timestamp,
            level=level,
            replica=replica,
            request_id=request_id,
        )
        if len(src_dict) > 2:
            _log.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key not in {"message", "timestamp", "level", "replica", "request_id"}
            }

        return _log

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
