from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.deployment_status import DeploymentStatus

T = TypeVar("T", bound="ChainDeployment")


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
        chain_id = self.chain_id

        chainlets = []
        for chainlets_item_data in self.chainlets:
            chainlets_item = chainlets_item_data.to_dict()

            chainlets.append(chainlets_item)

        created_at = self.created_at.isoformat()

        environment: None | str
        environment = self.environment

        id = self.id

        status = self.status.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["chain_id"] = chain_id
        field_dict["chainlets"] = chainlets
        field_dict["created_at"] = created_at
        field_dict["environment"] = environment
        field_dict["id"] = id
        field_dict["status"] = status
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        chain_id = src_dict["chain_id"]

        chainlets_list = src_dict["chainlets"]
        if not isinstance(chainlets_list, list):
            raise TypeError("chainlets must be a list, not " + type(chainlets_list).__name__)
        chainlets = []
        for chainlets_item_data in chainlets_list:
            chainlets_item_object = chainlets_item_data
            if not isinstance(chainlets_item_object, dict):
                raise TypeError(
                    "Chainlet must be an object, not " + type(chainlets_item_object).__name__
                )
            chainlets_item = Chainlet.from_dict(chainlets_item_object)

            chainlets.append(chainlets_item)

        created_at = datetime.datetime.fromisoformat(src_dict["created_at"])
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=datetime.UTC)

        environment = cast("None | str", src_dict["environment"])

        id = src_dict["id"]

        status = DeploymentStatus(src_dict["status"])

        _chain_deployment = cls(
            chain_id=chain_id,
            chainlets=chainlets,
            created_at=created_at,
            environment=environment,
            id=id,
            status=status,
        )
        if len(src_dict) > 6:
            _chain_deployment.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key not in {"chain_id", "chainlets", "created_at", "environment", "id", "status"}
            }

        return _chain_deployment

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
