"""A response before it is sent, and the responses for errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .._world import Refused
from ..behaviour import Behaviour


@dataclass(frozen=True, slots=True)
class FakeResponse:
    """A response before it is sent."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def raw_headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """All its headers, as ASGI expects them."""
        raw = [
            (b"content-length", str(len(self.body)).encode()),
            (b"content-type", self.content_type.encode()),
            (b"x-request-id", request_id.encode()),
        ]
        return raw + [(name.encode(), value.encode()) for name, value in self.headers]


class InvalidRequest(Exception):  # noqa: N818 - it is a response (422), not an error of the fake
    """The body or the query of a request is not valid for its operation.

    Attributes:
        where: The path to the invalid part, beginning with ``body`` or ``query``.
        message: What is wrong.
    """

    def __init__(self, message: str, *where: str, part: str = "body") -> None:
        super().__init__(message)
        self.where = (part, *where)
        self.message = message


def as_bytes(body: Any) -> bytes:
    """A body as it is sent: bytes unchanged, anything else as JSON."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def invalid(problem: InvalidRequest) -> FakeResponse:
    """The response to an invalid body or query."""
    detail = [{"loc": list(problem.where), "msg": problem.message, "type": "value_error"}]
    return FakeResponse(422, as_bytes({"detail": detail}))


def refusal(refused: Refused, behaviour: Behaviour) -> FakeResponse:
    """The response to a refused request, in the shape that *behaviour* asks for."""
    code, message = refused.code, refused.message
    headers = () if refused.allow is None else (("allow", refused.allow),)
    if behaviour.error_body == "text":
        return FakeResponse(refused.status, message.encode(), "text/plain; charset=utf-8", headers)
    body = {
        "code": {"code": code, "message": message},
        "error": {"error": code, "message": message},
        "bare": {"error": message},
        "detail": {"detail": message},
    }[behaviour.error_body]
    return FakeResponse(refused.status, as_bytes(body), headers=headers)


def rate_limited(retry_after: int, behaviour: Behaviour) -> FakeResponse:
    """The response to a request above a rate limit; *retry_after* is in seconds."""
    body = {"error": "Rate limit exceeded. Please try again later.", "retry_after": retry_after}
    headers = (("retry-after", str(retry_after)),) if behaviour.retry_after_header else ()
    return FakeResponse(429, as_bytes(body), headers=headers)
