"""One request and its answer: what is recorded of it, what is wrong with it, how an error looks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ._deployments import Refused

if TYPE_CHECKING:
    from ._operations import Operation
    from .behaviour import Behaviour


@dataclass(slots=True)
class Recorded:
    """A request that the fake got.

    Attributes:
        at: When, in seconds of the fake's time.
        method: The HTTP method.
        path: The path, without escapes.
        route: The template of its route; None if the fake has no such route.
        auth: The scheme of its Authorization header, without the key; None if there is none.
        headers: The other headers, with their names in lower case.
        query: The query string.
        body: The body.
        request_id: The answer's ``x-request-id``.
        status: The answer's status; None if there was no answer.
        fault: The fault that it met, by name.
    """

    at: float
    method: str
    path: str
    route: str | None
    auth: str | None
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str = field(repr=False)
    status: int | None = None
    fault: str | None = None

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is empty; raises ValueError if it is not JSON."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def lines(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """Its headers, as ASGI wants them."""
        lines = [
            (b"content-length", str(len(self.body)).encode()),
            (b"content-type", self.content_type.encode()),
            (b"x-request-id", request_id.encode()),
        ]
        return lines + [(name.encode(), value.encode()) for name, value in self.headers]


class Invalid(Exception):  # noqa: N818 - it is an answer (422), not an error of the fake
    """The request's body or query is not what the operation wants.

    Attributes:
        where: The path to what is wrong, from ``body`` or ``query`` on.
        message: What is wrong.
    """

    def __init__(self, message: str, *where: str, part: str = "body") -> None:
        super().__init__(message)
        self.where = (part, *where)
        self.message = message


def as_bytes(body: Any) -> bytes:
    """A body as it goes out: bytes as they are, anything else as JSON."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def fields_of(operation: Operation, body: bytes) -> dict[str, Any]:
    """The fields of a request's body; raises Invalid."""
    if not operation.has_body:
        return {}
    try:
        decoded: object = json.loads(body)
    except ValueError:
        raise Invalid("The body is not JSON.") from None
    if not isinstance(decoded, dict):
        raise Invalid("The body is not a JSON object.")
    fields = cast("dict[str, Any]", decoded)
    for name in operation.required:
        if name not in fields:
            raise Invalid("Field required.", name)
        if not isinstance(fields[name], str):
            raise Invalid("Input should be a string.", name)
    for name in operation.flags:
        if not isinstance(fields.get(name, True), bool):
            raise Invalid("Input should be a boolean.", name)
    for name in operation.settings:
        if not isinstance(fields.get(name), dict | None):
            raise Invalid("Input should be an object.", name)
    return fields


def whole_number(
    query: Mapping[str, str], name: str, otherwise: int, *, within: range | None = None
) -> int:
    """A number in a request's query; raises Invalid."""
    try:
        number = int(query.get(name, otherwise))
    except ValueError:
        raise Invalid("Input should be a whole number.", name, part="query") from None
    if within is not None and number not in within:
        message = f"Input should be from {within[0]} to {within[-1]}."
        raise Invalid(message, name, part="query")
    return number


def invalid(problem: Invalid) -> Answer:
    """The answer to a body or query that is wrong."""
    detail = [{"loc": list(problem.where), "msg": problem.message, "type": "value_error"}]
    return Answer(422, as_bytes({"detail": detail}))


def refusal(refused: Refused, behaviour: Behaviour) -> Answer:
    """The answer to a request that was refused."""
    code, message = refused.code, refused.message
    headers = () if refused.allow is None else (("allow", refused.allow),)
    if behaviour.error_body == "text":
        return Answer(refused.status, message.encode(), "text/plain; charset=utf-8", headers)
    body = {
        "code": {"code": code, "message": message},
        "error": {"error": code, "message": message},
        "bare": {"error": message},
        "detail": {"detail": message},
    }[behaviour.error_body]
    return Answer(refused.status, as_bytes(body), headers=headers)


def limited(wait: int, behaviour: Behaviour) -> Answer:
    """The answer to one request too many."""
    body = {"error": "Rate limit exceeded. Please try again later.", "retry_after": wait}
    headers = (("retry-after", str(wait)),) if behaviour.retry_after_header else ()
    return Answer(429, as_bytes(body), headers=headers)
