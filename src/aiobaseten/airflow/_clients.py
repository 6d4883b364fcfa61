"""Clients: one for each task of a worker, one for all waits of a triggerer on the same connection.

The waits then share their looks and one request budget.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from attrs import define

from .. import Baseten
from .hook import BasetenHook, ConnectionSettings


@define
class _SharedClient:
    client: Baseten
    users: int = 0


# A client belongs to one event loop. Its key is the connection's settings, not its id: after the
# connection was changed, new waits must not get the client of older waits.
_CLIENTS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[ConnectionSettings, _SharedClient]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def own_client(conn_id: str) -> AsyncGenerator[Baseten]:
    """A new client with the settings of a connection, open while the block lasts.

    Raises:
        ConfigurationError: The connection does not exist, or is invalid.
    """
    settings = await BasetenHook(conn_id).settings()
    async with settings.client() as baseten:
        yield baseten


@asynccontextmanager
async def shared_client(conn_id: str) -> AsyncGenerator[Baseten]:
    """The running event loop's client for the settings of a connection.

    The first user opens it, and the last one closes it.

    Raises:
        ConfigurationError: The connection does not exist, or is invalid.
    """
    settings = await BasetenHook(conn_id).settings()
    clients = _CLIENTS.setdefault(asyncio.get_running_loop(), {})
    shared = clients.get(settings)
    if shared is None:
        shared = _SharedClient(settings.client())
        # Opening does not suspend this coroutine: nobody gets a client that is not open yet.
        await shared.client.__aenter__()
        clients[settings] = shared
    shared.users += 1
    try:
        yield shared.client
    finally:
        shared.users -= 1
        if shared.users == 0:
            del clients[settings]
            await shared.client.aclose()
