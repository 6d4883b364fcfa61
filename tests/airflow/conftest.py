"""What most tests of the provider need: a fake Baseten, and a connection to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from doubles import TaskRun, connect

from aiobaseten.testing import FakeBaseten

# As in the tests beside this folder.
asyncio.set_event_loop(None)


@pytest.fixture
def fake() -> FakeBaseten:
    """A Baseten with nothing in it."""
    return FakeBaseten()


@pytest.fixture
async def served(fake: FakeBaseten, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The fake on a socket in the test's own loop, and Airflow's connection to it."""
    async with fake.serve() as url:
        connect(monkeypatch, url)
        yield url


@pytest.fixture
def run() -> TaskRun:
    """A task instance, over its tries."""
    return TaskRun()
