from enum import StrEnum
from typing import Any, Self


class StartupSortOrder(StrEnum):
    """Oldest first, or newest first.

    Open: an unknown value becomes a member that equals its string.
    """

    ASC = "asc"
    DESC = "desc"

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
