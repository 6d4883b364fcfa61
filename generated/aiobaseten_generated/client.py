"""An operation as data."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Operation(Generic[T]):
    """One request of the spec, ready to send."""

    method: str
    """In upper case, for example "POST"."""
    path: str
    """The template, for example "/v1/chains/{chain_id}/environments": for logs and budgets."""
    url: str
    """The path with its parameters percent-escaped."""
    parse: Callable[[Any], T]
    """Turns decoded JSON into a value. Raises KeyError, TypeError or ValueError if a field that must fit does not."""
    body: dict[str, Any] | None = None
    """The JSON body; None for no body."""
    params: dict[str, Any] | None = None
    """The query parameters; None for none."""
