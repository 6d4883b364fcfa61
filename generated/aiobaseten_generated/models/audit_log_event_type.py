from enum import StrEnum
from typing import Any, Self


class AuditLogEventType(StrEnum):
    """What was done. These are the events about deployments, promotions and environments; there
    are more.

    Open: an unknown value becomes a member that equals its string.
    """

    CHAIN_DEPLOYED = "CHAIN_DEPLOYED"
    CHAIN_DEPLOYMENT_ACTIVATED = "CHAIN_DEPLOYMENT_ACTIVATED"
    CHAIN_DEPLOYMENT_DEACTIVATED = "CHAIN_DEPLOYMENT_DEACTIVATED"
    CHAIN_DEPLOYMENT_DELETED = "CHAIN_DEPLOYMENT_DELETED"
    CHAIN_DEPLOYMENT_PROMOTED = "CHAIN_DEPLOYMENT_PROMOTED"
    CHAIN_ENVIRONMENT_CREATED = "CHAIN_ENVIRONMENT_CREATED"
    CHAIN_ENVIRONMENT_UPDATED = "CHAIN_ENVIRONMENT_UPDATED"
    ENVIRONMENT_CREATED = "ENVIRONMENT_CREATED"
    ENVIRONMENT_DELETED = "ENVIRONMENT_DELETED"
    ENVIRONMENT_UPDATED = "ENVIRONMENT_UPDATED"
    MODEL_DEPLOYED = "MODEL_DEPLOYED"
    MODEL_DEPLOYMENT_ACTIVATED = "MODEL_DEPLOYMENT_ACTIVATED"
    MODEL_DEPLOYMENT_DEACTIVATED = "MODEL_DEPLOYMENT_DEACTIVATED"
    MODEL_DEPLOYMENT_DELETED = "MODEL_DEPLOYMENT_DELETED"
    MODEL_DEPLOYMENT_PROMOTED = "MODEL_DEPLOYMENT_PROMOTED"
    MODEL_DEPLOYMENT_RETRIED = "MODEL_DEPLOYMENT_RETRIED"
    MODEL_PROMOTION_CONTROL_ACTION = "MODEL_PROMOTION_CONTROL_ACTION"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        # Not stored: a server must not be able to make this class grow.
        member = str.__new__(cls, value)
        member._name_ = "UNKNOWN"
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether the spec has this value. (``in`` differs between versions of Python.)"""
        return self._value_ in type(self)._value2member_map_

    def __reduce_ex__(self, protocol: Any) -> tuple[type[Self], tuple[str]]:
        # By value: the default looks members up by name, and unknown members share one.
        return type(self), (self._value_,)
