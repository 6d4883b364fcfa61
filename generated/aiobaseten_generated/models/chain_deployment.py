from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, date_time, keep, misfit
from ..models.deployment_status import DeploymentStatus
from ..types import UNSET

_FIELDS = frozenset(
    {
        "chain_id",
        "chainlets",
        "created_at",
        "environment",
        "id",
        "status",
    }
)


@_attrs_define
class ChainDeployment:
    """A deployment of a chain."""

    chain_id: str
    """ Unique identifier of the chain """

    chainlets: list[Chainlet]
    """ Chainlets in the chain deployment """

    created_at: datetime.datetime
    """ Time the chain deployment was created in ISO 8601 format """

    environment: None | str
    """ Environment the chain deployment is deployed in """

    id: str
    """ Unique identifier of the chain deployment """

    status: DeploymentStatus
    """ The status of a deployment. """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "chain_id": self.chain_id,
            "chainlets": self.chainlets,
            "created_at": self.created_at,
            "environment": self.environment,
            "id": self.id,
            "status": self.status,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        id: Any = src_dict["id"]
        if not isinstance(id, str):
            raise misfit("ChainDeployment.id", "a string", id)

        status: Any = src_dict["status"]
        if not isinstance(status, str):
            raise misfit("ChainDeployment.status", "a string", status)
        status = DeploymentStatus(status)

        chain_id: Any = src_dict.get("chain_id", UNSET)
        if not isinstance(chain_id, str):
            keep("ChainDeployment.chain_id", "a string", chain_id)

        chainlets: Any = src_dict.get("chainlets", UNSET)
        if isinstance(chainlets, list):
            _chainlets_items: list[Any] = []
            for _chainlets_item in chainlets:
                if isinstance(_chainlets_item, dict):
                    _chainlets_item = Chainlet.from_dict(_chainlets_item)
                else:
                    keep("ChainDeployment.chainlets[]", "an object", _chainlets_item)
                _chainlets_items.append(_chainlets_item)
            chainlets = _chainlets_items
        else:
            keep("ChainDeployment.chainlets", "a list", chainlets)

        created_at: Any = src_dict.get("created_at", UNSET)
        if isinstance(created_at, str):
            try:
                created_at = date_time(created_at)
            except ValueError:
                keep("ChainDeployment.created_at", "a date-time", created_at)
        else:
            keep("ChainDeployment.created_at", "a date-time", created_at)

        environment: Any = src_dict.get("environment", UNSET)
        if not isinstance(environment, str) and environment is not None:
            keep("ChainDeployment.environment", "a string or null", environment)

        _model = cls(
            chain_id=chain_id,
            chainlets=chainlets,
            created_at=created_at,
            environment=environment,
            id=id,
            status=status,
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


from ..models.chainlet import Chainlet
