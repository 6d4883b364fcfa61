from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="RetryDeploymentResponse")


@_attrs_define
class RetryDeploymentResponse:
    """The answer to a request to retry a failed deployment."""

    deployment: Deployment
    """ A deployment of a model. """

    retried: bool
    """ Whether the deployment is tried again """

    reason: None | str | Unset = UNSET
    """ Why it is not tried again """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        deployment = self.deployment.to_dict()

        retried = self.retried

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict["deployment"] = deployment
        field_dict["retried"] = retried
        if reason is not UNSET:
            field_dict["reason"] = reason
        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        deployment_object = src_dict["deployment"]
        if not isinstance(deployment_object, dict):
            raise TypeError("Deployment must be an object, not " + type(deployment_object).__name__)
        deployment = Deployment.from_dict(deployment_object)

        retried = src_dict["retried"]

        reason = cast("None | str | Unset", src_dict.get("reason", UNSET))

        _retry_deployment_response = cls(
            deployment=deployment,
            retried=retried,
            reason=reason,
        )
        if len(src_dict) > 2:
            _retry_deployment_response.additional_properties = {
                key: value
                for key, value in src_dict.items()
                if key not in {"deployment", "retried", "reason"}
            }

        return _retry_deployment_response

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


from ..models.deployment import Deployment
