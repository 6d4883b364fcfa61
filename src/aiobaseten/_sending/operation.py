"""Check an operation that a caller made, before any I/O. Pure: tested with literals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from aiobaseten_generated.client import Operation

from .._arguments import choice, json_object, path_argument
from ..errors import ConfigurationError

T = TypeVar("T")

# Parts that are not empty, of the characters that RFC 3986 allows in a path.
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+/?")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def checked(operation: Operation[T]) -> Operation[T]:
    """*operation*, if it can be sent and means itself.

    Raises:
        ConfigurationError: It is not an operation, or an argument in its path, its query or its
            body is invalid.
    """
    if not isinstance(operation, Operation):
        raise ConfigurationError(
            f"operation must be an Operation, not {type(operation).__name__}. Call the function "
            "operation(…) of a generated module, and pass its result"
        )
    choice("the operation's method", operation.method, _METHODS)
    if not callable(operation.parse):
        raise ConfigurationError("the operation's parse must be a function of the decoded body")
    _check_path(operation.path, operation.url)
    params: object = operation.params
    if params is not None and not isinstance(params, Mapping):
        raise ConfigurationError(
            f"the operation's params must be a mapping, not {type(params).__name__}"
        )
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
        params=None if operation.params is None else deepcopy(dict(operation.params)),
    )


def _check_path(template: str, url: str) -> None:
    """Check *url* and its arguments. Generated code escapes them, and accepts ``..``."""
    for name, value in (("path", template), ("url", url)):
        if not isinstance(cast("object", value), str):
            raise ConfigurationError(
                f"the operation's {name} must be a string, not {type(value).__name__}"
            )
    names = re.findall(r"{([^{}]*)}", template)
    literal = re.split(r"{[^{}]*}", template)
    match = re.fullmatch("([^/]*)".join(map(re.escape, literal)), url)
    if match is None:
        raise ConfigurationError(f"the operation's url {url!r} does not fit its path {template!r}")
    for name, value in zip(names, match.groups(), strict=True):
        path_argument(name, unquote(value))
    # Otherwise another request would be sent: httpx resolves `..`, and drops a query.
    if not _PATH.fullmatch(url) or not {".", ".."}.isdisjoint(_literal_parts(template)):
        raise ConfigurationError(
            f"the operation's url {url!r} must be a plain path. A query belongs in its params, "
            "and other special characters must be percent-encoded"
        )


def _literal_parts(template: str) -> list[str]:
    return [unquote(part) for part in template.split("/")]


def _check_parameter(name: object, value: Any) -> None:
    if not isinstance(name, str):
        raise ConfigurationError(
            f"the name of a parameter must be a string, not {type(name).__name__}"
        )
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
