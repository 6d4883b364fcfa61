"""The exception for actions that Baseten refuses, and the usual reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from .identifier import advice_to_add

T = TypeVar("T")


class Refused(ValueError):  # noqa: N818 - it is Baseten's refusal, and not always an error
    """Baseten refuses this action.

    A request gets an error response. A direct call in a test raises the exception.

    Attributes:
        status: The HTTP status.
        code: The error code.
        message: The error message.
        allow: The methods for an Allow header; None for no header.
    """

    def __init__(self, status: int, code: str, message: str, *, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.allow = allow


def not_found(message: str) -> Refused:
    """Refuse because there is no such thing."""
    return Refused(404, "NOT_FOUND", message)


def not_possible(message: str) -> Refused:
    """Refuse because the state does not allow it."""
    return Refused(400, "VALIDATION_ERROR", message)


def forbidden(message: str) -> Refused:
    """Refuse because the caller may not do it."""
    return Refused(403, "FORBIDDEN", message)


def busy(message: str, *, status: int) -> Refused:
    """Refuse because another action is in progress; Baseten's *status* for this is unknown."""
    return Refused(status, "VALIDATION_ERROR" if status == 400 else "CONFLICT", message)


def find(known: Mapping[str, T], kind: str, name: str) -> T:
    """The thing with this name.

    Raises:
        Refused: There is none (404).
    """
    if name not in known:
        advice = advice_to_add(kind.lower(), name, known)
        raise not_found(f"{kind} {name} was not found. {advice}")
    return known[name]
