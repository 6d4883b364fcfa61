from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET

_FIELDS = frozenset(
    {
        "chain_deployment",
        "chainlet_environment_settings",
        "requires_redeployment",
    }
)


@_attrs_define
class UpdateChainletEnvironmentInstanceTypeResponse:
    """The answer to a request to change the instance types of chainlets."""

    chain_deployment: ChainDeployment | None
    """ The new deployment, if there is one """

    chainlet_environment_settings: list[ChainletEnvironmentSettingsV1]

    requires_redeployment: bool
    """ Whether the change needs a new deployment """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "chain_deployment": self.chain_deployment,
            "chainlet_environment_settings": self.chainlet_environment_settings,
            "requires_redeployment": self.requires_redeployment,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        chain_deployment: Any = src_dict.get("chain_deployment", UNSET)
        if isinstance(chain_deployment, dict):
            chain_deployment = ChainDeployment.from_dict(chain_deployment)
        elif chain_deployment is not None:
            keep(
                "UpdateChainletEnvironmentInstanceTypeResponse.chain_deployment",
                "an object or null",
                chain_deployment,
            )

        chainlet_environment_settings: Any = src_dict.get("chainlet_environment_settings", UNSET)
        if isinstance(chainlet_environment_settings, list):
            _chainlet_environment_settings_items: list[Any] = []
            for _chainlet_environment_settings_item in chainlet_environment_settings:
                if isinstance(_chainlet_environment_settings_item, dict):
                    _chainlet_environment_settings_item = ChainletEnvironmentSettingsV1.from_dict(
                        _chainlet_environment_settings_item
                    )
                else:
                    keep(
                        "UpdateChainletEnvironmentInstanceTypeResponse.chainlet_environment_settings[]",
                        "an object",
                        _chainlet_environment_settings_item,
                    )
                _chainlet_environment_settings_items.append(_chainlet_environment_settings_item)
            chainlet_environment_settings = _chainlet_environment_settings_items
        else:
            keep(
                "UpdateChainletEnvironmentInstanceTypeResponse.chainlet_environment_settings",
                "a list",
                chainlet_environment_settings,
            )

        requires_redeployment: Any = src_dict.get("requires_redeployment", UNSET)
        if not isinstance(requires_redeployment, bool):
            keep(
                "UpdateChainletEnvironmentInstanceTypeResponse.requires_redeployment",
                "a boolean",
                requires_redeployment,
            )

        _model = cls(
            chain_deployment=chain_deployment,
            chainlet_environment_settings=chainlet_environment_settings,
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
from ..models.chainlet_environment_settings_v1 import ChainletEnvironmentSettingsV1
