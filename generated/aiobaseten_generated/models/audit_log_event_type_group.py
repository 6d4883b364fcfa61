from enum import StrEnum
from typing import Any, Self


class AuditLogEventTypeGroup(StrEnum):
    """A group of events.

    Open: an unknown value becomes a member that equals its string.
    """

    ACTIVATED_DEACTIVATED = "ACTIVATED_DEACTIVATED"
    API_KEYS = "API_KEYS"
    AUTOSCALING_SETTINGS = "AUTOSCALING_SETTINGS"
    DELETED = "DELETED"
    DEPLOYED = "DEPLOYED"
    DIRECTORY_GROUP_MANAGEMENT = "DIRECTORY_GROUP_MANAGEMENT"
    ENVIRONMENT_SETTINGS = "ENVIRONMENT_SETTINGS"
    GATEWAY = "GATEWAY"
    INSTANCE_TYPE_CHANGED = "INSTANCE_TYPE_CHANGED"
    PROMOTED = "PROMOTED"
    REPLICA_TERMINATED = "REPLICA_TERMINATED"
    REQUEST_BACKPRESSURE_SETTINGS = "REQUEST_BACKPRESSURE_SETTINGS"
    SECRETS = "SECRETS"
    SSH = "SSH"
    USER_MANAGEMENT = "USER_MANAGEMENT"
    WEBHOOK_SIGNING_SECRETS = "WEBHOOK_SIGNING_SECRETS"

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
