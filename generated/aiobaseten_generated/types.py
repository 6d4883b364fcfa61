"""The value of a missing field."""

from typing import Literal


class Unset:
    """The type of `UNSET`. Not `None`, because JSON distinguishes null from a missing field."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"  # copies and pickles are the same object


UNSET: Unset = Unset()

__all__ = ["UNSET", "Unset"]
