"""What an operation is, as data."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Operation(Generic[T]):
    """One request that the spec describes, ready for somebody else to send."""

    method: str
    """In capitals, for example "POST"."""
    path: str
    """The template, for example "/v1/chains/{chain_id}/environments": for logs and budgets."""
    url: str
    """The path with its parameters percent-escaped."""
    parse: Callable[[Any], T]
    """Decoded JSON in, value out. Raises KeyError, TypeError or ValueError if a field that must fit does not."""
    body: dict[str, Any] | None = None
    """The JSON to send; None for no body."""
    params: dict[str, Any] | None = None
    """The query to send; None for none."""
