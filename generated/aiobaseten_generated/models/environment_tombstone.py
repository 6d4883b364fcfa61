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
        "model_id",
        "name",
    }
)


@_attrs_define
class EnvironmentTombstone:
    """The answer to a request to delete an environment of a model."""

    deleted: bool
    """ Whether it was deleted """

    model_id: str
    """ The model that it belonged to """

    name: str
    """ Name of the environment """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "deleted": self.deleted,
            "model_id": self.model_id,
            "name": self.name,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        deleted: Any = src_dict["deleted"]
        if not isinstance(deleted, bool):
            raise misfit("EnvironmentTombstone.deleted", "a boolean", deleted)

        model_id: Any = src_dict.get("model_id", UNSET)
        if not isinstance(model_id, str):
            keep("EnvironmentTombstone.model_id", "a string", model_id)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("EnvironmentTombstone.name", "a string", name)

        _model = cls(
            deleted=deleted,
            model_id=model_id,
            name=name,
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
