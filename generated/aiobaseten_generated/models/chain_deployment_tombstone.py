from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "chain_id",
        "deleted",
        "id",
    }
)


@_attrs_define
class ChainDeploymentTombstone:
    """The answer to a request to delete a deployment of a chain."""

    chain_id: str
    """ The chain that it belonged to """

    deleted: bool
    """ Whether it was deleted """

    id: str
    """ Unique identifier of the deployment """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "chain_id": self.chain_id,
            "deleted": self.deleted,
            "id": self.id,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        deleted: Any = src_dict["deleted"]
        if not isinstance(deleted, bool):
            raise misfit("ChainDeploymentTombstone.deleted", "a boolean", deleted)

        chain_id: Any = src_dict.get("chain_id", UNSET)
        if not isinstance(chain_id, str):
            keep("ChainDeploymentTombstone.chain_id", "a string", chain_id)

        id: Any = src_dict.get("id", UNSET)
        if not isinstance(id, str):
            keep("ChainDeploymentTombstone.id", "a string", id)

        _model = cls(
            chain_id=chain_id,
            deleted=deleted,
            id=id,
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
