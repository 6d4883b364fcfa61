"""What most tests need: a fake Baseten and a client that ends there, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from aiobaseten import Baseten
from aiobaseten.testing import FakeBaseten

# looptime asks for the current event loop before tests that have none, too: Python would make
# one then, which nobody closes. After this it says that there is none.
asyncio.set_event_loop(None)

# A run of all tests comes to the same end each time; HYPOTHESIS_PROFILE=thorough looks for more.
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let virtual time pass at once when nothing is left to do.

    looptime turns the loop 42 times before each step of time, for those whose threads or sockets
    may have more to say. Ours have not, and it took a fifth of the time of all tests.
    """
    for item in items:
        if item.get_closest_marker("looptime"):
            item.add_marker(pytest.mark.looptime(noop_cycles=1))


def pytest_collection_finish() -> None:
    """Spare what all tests share from being looked through for garbage, again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def fake() -> FakeBaseten:
    """A Baseten with nothing in it."""
    return FakeBaseten()


@pytest.fixture
async def baseten(fake: FakeBaseten) -> AsyncIterator[Baseten]:
    """A client of the fake, without sockets."""
    async with fake.client() as client:
        yield client
