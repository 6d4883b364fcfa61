from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..misfits import as_json, keep
from ..types import UNSET, Unset


@_attrs_define
class UpdateDeploymentRequest:
    """A request to rename a deployment of a model."""

    name: None | str | Unset = UNSET
    """ The new name, of letters, digits and "-", "_", "."; no other deployment of the model has it """

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            "name": self.name,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str) and name is not None and name is not UNSET:
            keep("UpdateDeploymentRequest.name", "a string or null", name)

        _model = cls(
            name=name,
        )
        return _model
