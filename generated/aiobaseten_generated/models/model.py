from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, date_time, keep, misfit
from ..types import UNSET

_FIELDS = frozenset(
    {
        "created_at",
        "deployments_count",
        "development_deployment_id",
        "id",
        "instance_type_name",
        "name",
        "production_deployment_id",
        "team_name",
    }
)


@_attrs_define
class Model:
    """A model."""

    created_at: datetime.datetime
    """ When the model was created """

    deployments_count: int
    """ How many deployments it has """

    development_deployment_id: None | str
    """ The development deployment """

    id: str
    """ Unique identifier of the model """

    instance_type_name: str
    """ Name of the instance type of the production deployment """

    name: str
    """ Name of the model, unique in its team """

    production_deployment_id: None | str
    """ The deployment that serves in production """

    team_name: str
    """ Name of the team that it belongs to """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "created_at": self.created_at,
            "deployments_count": self.deployments_count,
            "development_deployment_id": self.development_deployment_id,
            "id": self.id,
            "instance_type_name": self.instance_type_name,
            "name": self.name,
            "production_deployment_id": self.production_deployment_id,
            "team_name": self.team_name,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        id: Any = src_dict["id"]
        if not isinstance(id, str):
            raise misfit("Model.id", "a string", id)

        created_at: Any = src_dict.get("created_at", UNSET)
        if isinstance(created_at, str):
            try:
                created_at = date_time(created_at)
            except ValueError:
                keep("Model.created_at", "a date-time", created_at)
        else:
            keep("Model.created_at", "a date-time", created_at)

        deployments_count: Any = src_dict.get("deployments_count", UNSET)
        if type(deployments_count) is not int:
            keep("Model.deployments_count", "an integer", deployments_count)

        development_deployment_id: Any = src_dict.get("development_deployment_id", UNSET)
        if not isinstance(development_deployment_id, str) and development_deployment_id is not None:
            keep("Model.development_deployment_id", "a string or null", development_deployment_id)

        instance_type_name: Any = src_dict.get("instance_type_name", UNSET)
        if not isinstance(instance_type_name, str):
            keep("Model.instance_type_name", "a string", instance_type_name)

        name: Any = src_dict.get("name", UNSET)
        if not isinstance(name, str):
            keep("Model.name", "a string", name)

        production_deployment_id: Any = src_dict.get("production_deployment_id", UNSET)
        if not isinstance(production_deployment_id, str) and production_deployment_id is not None:
            keep("Model.production_deployment_id", "a string or null", production_deployment_id)

        team_name: Any = src_dict.get("team_name", UNSET)
        if not isinstance(team_name, str):
            keep("Model.team_name", "a string", team_name)

        _model = cls(
            created_at=created_at,
            deployments_count=deployments_count,
            development_deployment_id=development_deployment_id,
            id=id,
            instance_type_name=instance_type_name,
            name=name,
            production_deployment_id=production_deployment_id,
            team_name=team_name,
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
