"""A fake Baseten on a socket, for Airflow's processes: it runs in a thread of the test's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any, TypeVar

from attrs import frozen

from aiobaseten.testing import FakeBaseten

T = TypeVar("T")


@frozen
class Served:
    """A fake that others talk to.

    Attributes:
        urls: Where it listens: each who talks to it may have an address of its own.
    """

    urls: Sequence[str]
    _fake: FakeBaseten
    _loop: asyncio.AbstractEventLoop

    def do(self, action: Callable[[FakeBaseten], T]) -> T:
        """Look at it, or change it, in the thread that it belongs to."""

        async def act() -> T:
            return action(self._fake)

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(timeout=30)


@contextmanager
def serving(
    furnish: Callable[[FakeBaseten], object], *, addresses: int = 1, **options: Any
) -> Iterator[Served]:
    """Serve a fake, furnished, while the block lasts."""
    ready: list[Served] = []
    is_ready, is_over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        fake = FakeBaseten(**options)
        furnish(fake)
        async with AsyncExitStack() as stack:
            urls = [await stack.enter_async_context(fake.serve()) for _ in range(addresses)]
            ready.append(Served(urls, fake, asyncio.get_running_loop()))
            is_ready.set()
            await is_over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert is_ready.wait(timeout=30)
    (served,) = ready
    try:
        yield served
    finally:
        served.do(lambda _: is_over.set())
        thread.join(timeout=30)
