from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.request_backpressure_policy import RequestBackpressurePolicy
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "policy",
    }
)


@_attrs_define
class RequestBackpressureSettings:
    """What becomes of requests that find no free replica."""

    policy: None | RequestBackpressurePolicy | Unset = UNSET

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "policy": self.policy,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        policy: Any = src_dict.get("policy", UNSET)
        if isinstance(policy, str):
            policy = RequestBackpressurePolicy(policy)
        elif policy is not None and policy is not UNSET:
            keep("RequestBackpressureSettings.policy", "a string or null", policy)

        _model = cls(
            policy=policy,
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
