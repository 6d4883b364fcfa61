"""The value of a field that is not there."""

from typing import Literal


class Unset:
    """The type of `UNSET`, which is not `None`: JSON can say null, and can say nothing."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"  # There is one; copies and pickles are it.


UNSET: Unset = Unset()

__all__ = ["UNSET", "Unset"]
