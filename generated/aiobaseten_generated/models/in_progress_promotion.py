from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.promotion_status import PromotionStatus
from ..types import UNSET, Unset

T = TypeVar("T", bound="InProgressPromotion")


@_attrs_define
class InProgressPromotion:
    """How far a promotion has come."""

    percent_traffic_to_new_version: int
    """ Share of the traffic that the candidate gets """

    status: PromotionStatus
    """ The status of a promotion. """

    error_message: None | str | Unset = UNSET
    """ Why the promotion failed """

    rolling_deploy: bool | None | Unset = UNSET
    """ Whether traffic moves step by step """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        percent_traffic_to_new_version = self.percent_traffic_to_new_version

        status = self.status.value

        error_message: None | str | Unset
        if isinstance(self.error_message, Unset):
            error_message = UNSET
        else:
            error_message = self.error_message

        rolling_deploy: bool | None | Unset
        if isinstance(self.rolling_deploy, Unset):
            rolling_deploy = UNSET
        else:
            rolling_deploy = self.rolling_deploy

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["percent_traffic_to_new_version"] = percent_traffic_to_new_version
        field_dict["status"] = status
        if error_message is not UNSET:
            field_dict["error_message"] = error_message
        if rolling_deploy is not UNSET:
            field_dict["rolling_deploy"] = rolling_deploy
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        percent_traffic_to_new_version = src_dict["percent_traffic_to_new_version"]

        status = PromotionStatus(src_dict["status"])

        error_message = cast("None | str | Unset", src_dict.get("error_message", UNSET))

        rolling_deploy = cast("bool | None | Unset", src_dict.get("rolling_deploy", UNSET))

        _in_progress_promotion = cls(
            percent_traffic_to_new_version=percent_traffic_to_new_version,
            status=status,
            error_message=error_message,
            rolling_deploy=rolling_deploy,
        )
        if len(src_dict) > 2:
            _in_progress_promotion.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key
                not in {
                    "percent_traffic_to_new_version",
                    "status",
                    "error_message",
                    "rolling_deploy",
                }
            }

        return _in_progress_promotion

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
