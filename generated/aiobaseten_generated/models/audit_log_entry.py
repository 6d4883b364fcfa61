from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, date_time, keep
from ..models.audit_log_event_type import AuditLogEventType
from ..models.audit_log_source import AuditLogSource
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "actor",
        "created",
        "event_data",
        "event_type",
        "id",
        "client_name",
        "client_session_id",
        "client_version",
        "source",
    }
)


@_attrs_define
class AuditLogEntry:
    """One entry of an audit log."""

    actor: AuditLogActor
    """ Who did it. """

    created: datetime.datetime
    """ When it was done """

    event_data: AuditLogEventData
    """ The event that an entry of an audit log is about; free-form. """

    event_type: AuditLogEventType
    """ What was done. """

    id: str
    """ Unique identifier of the entry """

    client_name: None | str | Unset = UNSET
    """ The program that sent the request """

    client_session_id: None | str | Unset = UNSET
    """ Its session """

    client_version: None | str | Unset = UNSET
    """ Its version """

    source: AuditLogSource | None | Unset = UNSET
    """ Through which surface it was done """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "actor": self.actor,
            "created": self.created,
            "event_data": self.event_data,
            "event_type": self.event_type,
            "id": self.id,
            "client_name": self.client_name,
            "client_session_id": self.client_session_id,
            "client_version": self.client_version,
            "source": self.source,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        actor: Any = src_dict.get("actor", UNSET)
        if isinstance(actor, dict):
            actor = AuditLogActor.from_dict(actor)
        else:
            keep("AuditLogEntry.actor", "an object", actor)

        created: Any = src_dict.get("created", UNSET)
        if isinstance(created, str):
            try:
                created = date_time(created)
            except ValueError:
                keep("AuditLogEntry.created", "a date-time", created)
        else:
            keep("AuditLogEntry.created", "a date-time", created)

        event_data: Any = src_dict.get("event_data", UNSET)
        if isinstance(event_data, dict):
            event_data = AuditLogEventData.from_dict(event_data)
        else:
            keep("AuditLogEntry.event_data", "an object", event_data)

        event_type: Any = src_dict.get("event_type", UNSET)
        if isinstance(event_type, str):
            event_type = AuditLogEventType(event_type)
        else:
            keep("AuditLogEntry.event_type", "a string", event_type)

        id: Any = src_dict.get("id", UNSET)
        if not isinstance(id, str):
            keep("AuditLogEntry.id", "a string", id)

        client_name: Any = src_dict.get("client_name", UNSET)
        if (
            not isinstance(client_name, str)
            and client_name is not None
            and client_name is not UNSET
        ):
            keep("AuditLogEntry.client_name", "a string or null", client_name)

        client_session_id: Any = src_dict.get("client_session_id", UNSET)
        if (
            not isinstance(client_session_id, str)
            and client_session_id is not None
            and client_session_id is not UNSET
        ):
            keep("AuditLogEntry.client_session_id", "a string or null", client_session_id)

        client_version: Any = src_dict.get("client_version", UNSET)
        if (
            not isinstance(client_version, str)
            and client_version is not None
            and client_version is not UNSET
        ):
            keep("AuditLogEntry.client_version", "a string or null", client_version)

        source: Any = src_dict.get("source", UNSET)
        if isinstance(source, str):
            source = AuditLogSource(source)
        elif source is not None and source is not UNSET:
            keep("AuditLogEntry.source", "a string or null", source)

        _model = cls(
            actor=actor,
            created=created,
            event_data=event_data,
            event_type=event_type,
            id=id,
            client_name=client_name,
            client_session_id=client_session_id,
            client_version=client_version,
            source=source,
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


from ..models.audit_log_actor import AuditLogActor
from ..models.audit_log_event_data import AuditLogEventData
