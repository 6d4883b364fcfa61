from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.cancellation_status import CancellationStatus

T = TypeVar("T", bound="CancelPromotionResponse")


@_attrs_define
class CancelPromotionResponse:
    """The response to a request to cancel a promotion."""

    message: str
    """ A message describing the status of the request to cancel a promotion """

    status: CancellationStatus
    """ The status of a request to cancel a promotion. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        status = self.status.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["message"] = message
        field_dict["status"] = status
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        message = src_dict["message"]

        status = CancellationStatus(src_dict["status"])

        _cancel_promotion_response = cls(
            message=message,
            status=status,
        )
        if len(src_dict) > 2:
            _cancel_promotion_response.additional_properties = {
                key: value for key, value in src_dict.items() if key not in {"message", "status"}
            }

        return _cancel_promotion_response

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
