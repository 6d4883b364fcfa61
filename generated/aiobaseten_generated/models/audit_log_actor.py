from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep
from ..models.audit_log_actor_type import AuditLogActorType
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "type",
        "api_key_name",
        "api_key_prefix",
        "email",
    }
)


@_attrs_define
class AuditLogActor:
    """Who did it."""

    type_: AuditLogActorType
    """ The kind of an actor. """

    api_key_name: None | str | Unset = UNSET
    """ The name of an API key """

    api_key_prefix: None | str | Unset = UNSET
    """ The beginning of an API key """

    email: None | str | Unset = UNSET
    """ The email address of a user """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "type": self.type_,
            "api_key_name": self.api_key_name,
            "api_key_prefix": self.api_key_prefix,
            "email": self.email,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        type_: Any = src_dict.get("type", UNSET)
        if isinstance(type_, str):
            type_ = AuditLogActorType(type_)
        else:
            keep("AuditLogActor.type_", "a string", type_)

        api_key_name: Any = src_dict.get("api_key_name", UNSET)
        if (
            not isinstance(api_key_name, str)
            and api_key_name is not None
            and api_key_name is not UNSET
        ):
            keep("AuditLogActor.api_key_name", "a string or null", api_key_name)

        api_key_prefix: Any = src_dict.get("api_key_prefix", UNSET)
        if (
            not isinstance(api_key_prefix, str)
            and api_key_prefix is not None
            and api_key_prefix is not UNSET
        ):
            keep("AuditLogActor.api_key_prefix", "a string or null", api_key_prefix)

        email: Any = src_dict.get("email", UNSET)
        if not isinstance(email, str) and email is not None and email is not UNSET:
            keep("AuditLogActor.email", "a string or null", email)

        _model = cls(
            type_=type_,
            api_key_name=api_key_name,
            api_key_prefix=api_key_prefix,
            email=email,
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
