from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "deployments",
    }
)


@_attrs_define
class Deployments:
    """The deployments of a model."""

    deployments: list[Deployment]

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "deployments": self.deployments,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        deployments: Any = src_dict["deployments"]
        if not isinstance(deployments, list):
            raise misfit("Deployments.deployments", "a list", deployments)
        _deployments_items: list[Any] = []
        for _deployments_item in deployments:
            if not isinstance(_deployments_item, dict):
                raise misfit("Deployments.deployments[]", "an object", _deployments_item)
            _deployments_item = Deployment.from_dict(_deployments_item)
            _deployments_items.append(_deployments_item)
        deployments = _deployments_items

        _model = cls(
            deployments=deployments,
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


from ..models.deployment import Deployment
