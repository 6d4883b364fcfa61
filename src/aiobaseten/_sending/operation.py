"""Check an operation that a caller made, before any I/O. Pure: tested with literals."""

from __future__ import annotations

import re
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from aiobaseten_generated.client import Operation

from .._arguments import choice, json_object, path_argument
from ..errors import ConfigurationError

T = TypeVar("T")

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def checked(operation: Operation[T]) -> Operation[T]:
    """*operation*, if it can be sent and means itself.

    Raises:
        ConfigurationError: It is not an operation, or an argument in its path, its query or its
            body is invalid.
    """
    if not isinstance(operation, Operation):
        raise ConfigurationError(
            "operation must be what a generated function operation(…) returns, not "
            f"{type(operation).__name__}"
        )
    choice("the operation's method", operation.method, _METHODS)
    _check_path(operation.path, operation.url)
    for name, value in (operation.params or {}).items():
        _check_parameter(name, value)
    body = operation.body
    return Operation(
        method=operation.method,
        path=operation.path,
        url=operation.url,
        parse=operation.parse,
        # A copy: the caller may change the body while the request waits in its queue.
        body=None if body is None else json_object("the body", body),
        params=None if operation.params is None else dict(operation.params),
    )


def _check_path(template: str, url: str) -> None:
    """Check the arguments in *url*. Generated code escapes them, and accepts ``..``."""
    names = re.findall(r"{([^{}]*)}", template)
    literal = re.split(r"{[^{}]*}", template)
    match = re.fullmatch("([^/]*)".join(map(re.escape, literal)), url)
    if match is None or not template.startswith("/"):
        raise ConfigurationError(f"the operation's url {url!r} does not fit its path {template!r}")
    for name, value in zip(names, match.groups(), strict=True):
        path_argument(name, unquote(value))


def _check_parameter(name: str, value: Any) -> None:
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    for one in values:
        if one is not None and not isinstance(one, str | int | float):
            raise ConfigurationError(
                f"{name} must be a string, a number, a boolean or a list of them, not "
                f"{type(one).__name__}"
            )
        # A lone surrogate cannot be sent.
        if isinstance(one, str) and any("\ud800" <= letter <= "\udfff" for letter in one):
            raise ConfigurationError(f"{name} holds half a character: {one!r}")
