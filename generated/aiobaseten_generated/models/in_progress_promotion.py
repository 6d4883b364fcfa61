from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.promotion_status import PromotionStatus
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "percent_traffic_to_new_version",
        "status",
        "error_message",
        "rolling_deploy",
    }
)


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
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "percent_traffic_to_new_version": self.percent_traffic_to_new_version,
            "status": self.status,
            "error_message": self.error_message,
            "rolling_deploy": self.rolling_deploy,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        percent_traffic_to_new_version: Any = src_dict.get("percent_traffic_to_new_version", UNSET)
        if type(percent_traffic_to_new_version) is not int:
            keep(
                "InProgressPromotion.percent_traffic_to_new_version",
                "an integer",
                percent_traffic_to_new_version,
            )

        status: Any = src_dict.get("status", UNSET)
        if isinstance(status, str):
            status = PromotionStatus(status)
        else:
            keep("InProgressPromotion.status", "a string", status)

        error_message: Any = src_dict.get("error_message", UNSET)
        if (
            not isinstance(error_message, str)
            and error_message is not None
            and error_message is not UNSET
        ):
            keep("InProgressPromotion.error_message", "a string or null", error_message)

        rolling_deploy: Any = src_dict.get("rolling_deploy", UNSET)
        if (
            not isinstance(rolling_deploy, bool)
            and rolling_deploy is not None
            and rolling_deploy is not UNSET
        ):
            keep("InProgressPromotion.rolling_deploy", "a boolean or null", rolling_deploy)

        _model = cls(
            percent_traffic_to_new_version=percent_traffic_to_new_version,
            status=status,
            error_message=error_message,
            rolling_deploy=rolling_deploy,
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
