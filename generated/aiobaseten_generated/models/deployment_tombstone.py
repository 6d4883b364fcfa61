from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "deleted",
        "id",
        "model_id",
    }
)


@_attrs_define
class DeploymentTombstone:
    """The answer to a request to delete a deployment of a model."""

    deleted: bool
    """ Whether it was deleted """

    id: str
    """ Unique identifier of the deployment """

    model_id: str
    """ The model that it belonged to """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "deleted": self.deleted,
            "id": self.id,
            "model_id": self.model_id,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        deleted: Any = src_dict["deleted"]
        if not isinstance(deleted, bool):
            raise misfit("DeploymentTombstone.deleted", "a boolean", deleted)

        id: Any = src_dict.get("id", UNSET)
        if not isinstance(id, str):
            keep("DeploymentTombstone.id", "a string", id)

        model_id: Any = src_dict.get("model_id", UNSET)
        if not isinstance(model_id, str):
            keep("DeploymentTombstone.model_id", "a string", model_id)

        _model = cls(
            deleted=deleted,
            id=id,
            model_id=model_id,
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
