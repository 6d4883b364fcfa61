"""What most tests need: a fake Baseten and a client that ends there, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten


@pytest.fixture
def fake() -> FakeBaseten:
    """A Baseten with nothing in it."""
    return FakeBaseten()


@pytest.fixture
async def baseten(fake: FakeBaseten) -> AsyncIterator[Baseten]:
    """A client of the fake, without sockets."""
    async with fake.client() as client:
        yield client
