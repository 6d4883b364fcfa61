from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..misfits import as_json, keep, misfit
from ..types import UNSET, Unset

_FIELDS = frozenset(
    {
        "deployment",
        "retried",
        "reason",
    }
)


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
        _fields: dict[str, Any] = {
            **self.additional_properties,
            "deployment": self.deployment,
            "retried": self.retried,
            "reason": self.reason,
        }
        return {key: as_json(value) for key, value in _fields.items() if value is not UNSET}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        retried: Any = src_dict["retried"]
        if not isinstance(retried, bool):
            raise misfit("RetryDeploymentResponse.retried", "a boolean", retried)

        deployment: Any = src_dict.get("deployment", UNSET)
        if isinstance(deployment, dict):
            deployment = Deployment.from_dict(deployment)
        else:
            keep("RetryDeploymentResponse.deployment", "an object", deployment)

        reason: Any = src_dict.get("reason", UNSET)
        if not isinstance(reason, str) and reason is not None and reason is not UNSET:
            keep("RetryDeploymentResponse.reason", "a string or null", reason)

        _model = cls(
            deployment=deployment,
            retried=retried,
            reason=reason,
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


from ..models.deployment import Deployment
