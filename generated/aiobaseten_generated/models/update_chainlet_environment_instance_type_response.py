from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "chain_deployment",
        "requires_redeployment",
    }
)


@_attrs_define
class UpdateChainletEnvironmentInstanceTypeResponse:
    """The answer to a request to change the instance types of chainlets."""

    chain_deployment: ChainDeployment | None
    """ The new deployment, if there is one """

    requires_redeployment: bool
    """ Whether the change needs a new deployment """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "chain_deployment": self.chain_deployment,
            "requires_redeployment": self.requires_redeployment,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        chain_deployment: Any = src_dict["chain_deployment"]
        if isinstance(chain_deployment, dict):
            chain_deployment = ChainDeployment.from_dict(chain_deployment)
        elif chain_deployment is not None:
            raise misfit(
                "UpdateChainletEnvironmentInstanceTypeResponse.chain_deployment",
                "an object or null",
                chain_deployment,
            )

        requires_redeployment: Any = src_dict["requires_redeployment"]
        if not isinstance(requires_redeployment, bool):
            raise misfit(
                "UpdateChainletEnvironmentInstanceTypeResponse.requires_redeployment",
                "a boolean",
                requires_redeployment,
            )

        _model = cls(
            chain_deployment=chain_deployment,
            requires_redeployment=requires_redeployment,
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


from ..models.chain_deployment import ChainDeployment
