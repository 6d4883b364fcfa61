from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "user_id",
        "email",
        "name",
        "workspace_name",
    }
)


@_attrs_define
class User:
    """A user of Baseten."""

    user_id: str
    """ Unique identifier of the user """

    email: None | str | Unset = UNSET
    """ The email address """

    name: None | str | Unset = UNSET
    """ The name that Baseten shows """

    workspace_name: None | str | Unset = UNSET
    """ The workspace that the user belongs to """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "user_id": self.user_id,
            "email": self.email,
            "name": self.name,
            "workspace_name": self.workspace_name,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        user_id: Any = src_dict.get("user_id", UNSET)
        if not isinstance(user_id, str):
            keep("User.user_id", "a string", user_id)

        email: Any = src_dict.get("email", UNSET)
        if not isinstance(email, str) and email is not None and email is not UNSET:
            keep("User.email", "a string or null", email)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str) and name is not None and name is not UNSET:
            keep("User.name", "a string or null", name)

        workspace_name: Any = src_dict.get("workspace_name", UNSET)
        if (
            not isinstance(workspace_name, str)
            and workspace_name is not None
            and workspace_name is not UNSET
        ):
            keep("User.workspace_name", "a string or null", workspace_name)

        _model = cls(
            user_id=user_id,
            email=email,
            name=name,
            workspace_name=workspace_name,
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
