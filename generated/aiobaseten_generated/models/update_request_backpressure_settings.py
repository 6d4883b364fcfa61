from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..misfits import as_json, keep
from ..models.request_backpressure_policy import RequestBackpressurePolicy
from ..types import UNSET, Unset


@_attrs_define
class UpdateRequestBackpressureSettings:
    """What becomes of requests that find no free replica; null for no policy."""

    policy: None | RequestBackpressurePolicy | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            "policy": self.policy,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        policy: Any = src_dict.get("policy", UNSET)
        if isinstance(policy, str):
            policy = RequestBackpressurePolicy(policy)
        elif policy is not None and policy is not UNSET:
            keep("UpdateRequestBackpressureSettings.policy", "a string or null", policy)

        _model = cls(
            policy=policy,
        )
        return _model
