"""A fault is applied here: to a response, its delay, or its connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from ..faults import Damage
from .response import FakeResponse, as_bytes

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

# A server that can break connections puts a BreakableConnection under this key of the scope's
# extensions.
CONNECTION: Final = "aiobaseten.connection"


class BreakableConnection(Protocol):
    """The connection of one request, which a fault can break."""

    async def reset(self) -> None:
        """Reset it."""

    async def refuse(self) -> None:
        """Refuse it as if nobody listened, or reset it."""

    async def noise(self) -> None:
        """Send bytes that are not HTTP, and close it."""

    async def cut(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a response whose *body* is shorter than its headers say, and close it."""


def damage_response(damage: Damage, response: FakeResponse) -> FakeResponse:
    """The response of *damage* if it has one; else *response*."""
    if damage.status is None:
        return response
    return FakeResponse(damage.status, as_bytes(damage.body), damage.content_type, damage.headers)


async def break_connection(
    damage: Damage, response: FakeResponse, request_id: str, scope: Scope
) -> None:
    """Break the connection of a request as *damage* says.

    Raises:
        RuntimeError: The server cannot break connections.
    """
    if damage.breaks == "hang":
        return
    connection: BreakableConnection | None = scope.get("extensions", {}).get(CONNECTION)
    if connection is None:
        raise RuntimeError(
            f"this server cannot do {damage.name!r}: use FakeBaseten.transport() or .serve()"
        )
    if damage.breaks == "cut":
        half = response.body[: len(response.body) // 2]
        await connection.cut(response.status, response.raw_headers(request_id), half)
    elif damage.breaks == "reset":
        await connection.reset()
    elif damage.breaks == "refuse":
        await connection.refuse()
    else:
        await connection.noise()


async def client_leaves(receive: Receive, *, within: float | None) -> bool:
    """Wait so many seconds of the loop (None: for ever). True if the client left meanwhile."""
    try:
        async with asyncio.timeout(within):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
