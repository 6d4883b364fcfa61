"""What most tests need: a fake Baseten and a client that ends there, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten

# looptime asks for the current event loop before tests that have none, too: Python would make
# one then, which nobody closes. After this it says that there is none.
asyncio.set_event_loop(None)


@pytest.fixture
def fake() -> FakeBaseten:
    """A Baseten with nothing in it."""
    return FakeBaseten()


@pytest.fixture
async def baseten(fake: FakeBaseten) -> AsyncIterator[Baseten]:
    """A client of the fake, without sockets."""
    async with fake.client() as client:
        yield client
