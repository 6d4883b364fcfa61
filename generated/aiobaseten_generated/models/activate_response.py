from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ActivateResponse")


@_attrs_define
class ActivateResponse:
    """The answer to a request to activate a deployment."""

    no_op: bool | Unset = UNSET
    """ Whether there was nothing to do. Baseten's default: false. """

    success: bool | Unset = UNSET
    """ Whether Baseten accepted the request. Baseten's default: true. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        no_op = self.no_op

        success = self.success

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        if no_op is not UNSET:
            field_dict["no_op"] = no_op
        if success is not UNSET:
            field_dict["success"] = success
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        no_op = src_dict.get("no_op", UNSET)

        success = src_dict.get("success", UNSET)

        _activate_response = cls(
            no_op=no_op,
            success=success,
        )
        if len(src_dict) > 0:
            _activate_response.additional_properties = {
                key: value for key, value in src_dict.items() if key not in {"no_op", "success"}
            }

        return _activate_response

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
