"""A recorded request, for tests to inspect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Recorded:
    """A request that the fake received.

    Attributes:
        at: When, in seconds of the fake's time.
        method: The HTTP method.
        path: The path, without escapes.
        route: The path template of its route; None if the fake has no such route.
        auth: The scheme of its Authorization header, without the key; None without the header.
        headers: The other headers, with names in lower case.
        query: The query string.
        body: The body.
        request_id: The ``x-request-id`` of the response.
        status: The HTTP status of the response; None if there was no response.
        fault: The name of the fault that hit it; None if none did.
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
        """The body as JSON; None if it is empty. Raises ValueError if it is not JSON."""
        return json.loads(self.body) if self.body else None
