"""Fixtures: a fake Baseten, Airflow's connection to it, and a task instance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aiobaseten.testing import FakeBaseten

from .doubles import TaskRun, connect

# looptime asks for the current event loop even before tests that have none. Without this line,
# Python would then create a loop that nobody closes.
asyncio.set_event_loop(None)


@pytest.fixture
def fake() -> FakeBaseten:
    """An empty fake Baseten."""
    return FakeBaseten()


@pytest.fixture
async def fake_url(fake: FakeBaseten, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Serves the fake in the test's event loop, and points Airflow's connection to it."""
    async with fake.serve() as url:
        connect(monkeypatch, url)
        yield url


@pytest.fixture
def run() -> TaskRun:
    """A task instance, across its tries."""
    return TaskRun()
