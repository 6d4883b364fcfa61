"""One client for all the waits of a triggerer that use the same connection.

They share looks then, and the budget of requests holds for all of them together.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from attrs import define

from ..client import Baseten
from .hook import Settings


@define
class _Shared:
    client: Baseten
    users: int = 0


# A client belongs to one event loop. Its key is what the connection says and not its id, so that
# waits which begin after the connection was changed do not get the client of those before.
_CLIENTS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Settings, _Shared]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def shared_client(settings: Settings) -> AsyncGenerator[Baseten]:
    """The client of the running event loop for these settings, while the block lasts.

    It is entered for the first that asks and closed after the last.

    Raises:
        ConfigurationError: Something is wrong with the settings.
    """
    clients = _CLIENTS.setdefault(asyncio.get_running_loop(), {})
    shared = clients.get(settings)
    if shared is None:
        shared = _Shared(settings.client())
        # Entering does no I/O and does not give way, so nobody sees a client that is not entered.
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
