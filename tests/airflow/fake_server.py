"""A fake Baseten that Airflow's processes can reach: it runs in a thread, on sockets, in real time.

`fake_server` starts the thread, fills the fake, and serves it on one or more addresses. The test
then reads and changes the fake with `FakeServer.call`, because only the thread may touch it. At the
end of the block, the server stops and the thread ends.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from typing import Any, TypeVar

from attrs import frozen

from aiobaseten.testing import FakeBaseten

T = TypeVar("T")


@frozen
class FakeServer:
    """A served fake.

    Attributes:
        urls: Its addresses. If each client has its own, a request shows who sent it.
    """

    urls: Sequence[str]
    _fake: FakeBaseten
    _loop: asyncio.AbstractEventLoop

    def call(self, function: Callable[[FakeBaseten], T]) -> T:
        """Call a function with the fake, in the fake's thread."""

        async def call() -> T:
            return function(self._fake)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(timeout=300)


@contextmanager
def fake_server(
    fill: Callable[[FakeBaseten], object], *, addresses: int = 1, **options: Any
) -> Iterator[FakeServer]:
    """Serve a fake in a thread.

    Args:
        fill: Adds models to the fake.
        addresses: The number of addresses.
        options: As for `FakeBaseten`.
    """
    started: Future[FakeServer] = Future()
    stop = asyncio.Event()

    async def serve() -> None:
        fake = FakeBaseten(**options)
        fill(fake)
        async with AsyncExitStack() as stack:
            urls = [await stack.enter_async_context(fake.serve()) for _ in range(addresses)]
            started.set_result(FakeServer(urls, fake, asyncio.get_running_loop()))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    server = started.result(timeout=300)
    try:
        yield server
    finally:
        server.call(lambda _: stop.set())
        thread.join(timeout=300)
