from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "deployment_id",
        "scale_down_previous_deployment",
    }
)


@_attrs_define
class PromoteToChainEnvironmentRequest:
    """A request to promote a deployment to a environment."""

    deployment_id: str
    """ The id of the chain deployment to promote """

    scale_down_previous_deployment: bool | Unset = UNSET
    """ Whether to scale down the previous deployment after promoting. Baseten's default: true. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "deployment_id": self.deployment_id,
            "scale_down_previous_deployment": self.scale_down_previous_deployment,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        deployment_id: Any = src_dict.get("deployment_id", UNSET)
        if not isinstance(deployment_id, str):
            keep("PromoteToChainEnvironmentRequest.deployment_id", "a string", deployment_id)

        scale_down_previous_deployment: Any = src_dict.get("scale_down_previous_deployment", UNSET)
        if (
            not isinstance(scale_down_previous_deployment, bool)
            and scale_down_previous_deployment is not UNSET
        ):
            keep(
                "PromoteToChainEnvironmentRequest.scale_down_previous_deployment",
                "a boolean",
                scale_down_previous_deployment,
            )

        _model = cls(
            deployment_id=deployment_id,
            scale_down_previous_deployment=scale_down_previous_deployment,
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
