"""The service on the page about programs, against the fake in virtual time."""

from __future__ import annotations

import types
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from aiobaseten.testing import FakeBaseten, timelines

from .pages import DOCS, examples

pytestmark = pytest.mark.looptime
SERVICE = next(one for one in examples("python") if one.notes.get("file") == "service.py")


@pytest.fixture
async def caller(
    fake: FakeBaseten, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of the service, while it runs."""
    monkeypatch.setattr("aiobaseten.Baseten", fake.client)
    service: Any = types.ModuleType("service")
    exec(compile(SERVICE.text, str(DOCS / "programs.md"), "exec"), vars(service))
    async with service.lifespan(service.app) as state:

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await service.app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            yield http


async def test_the_service_starts_a_release_and_tells_its_outcome(
    fake: FakeBaseten, caller: httpx.AsyncClient
) -> None:
    model = fake.model("abcd1234", name="ranker")
    model.deployment("depl001", name="v1")
    model.deployment("depl002", name="v2", on_promote=timelines.HEALTHY_PROMOTION)
    model.environment("production", current="depl001")

    started = await caller.post("/releases/ranker/v2")
    again = await caller.post("/releases/ranker/v2")
    address = f"/releases/{started.json()['token']}"
    states = [(await caller.get(address)).json()]
    while states[-1]["state"] == "running":
        states.append((await caller.get(address)).json())

    assert (started.status_code, again.status_code) == (202, 409)
    assert len(states) > 1
    assert states[-1]["state"] == "live"
    assert states[-1]["deployment"]["id"] == "depl002"


async def test_the_service_answers_404_with_similar_names(
    fake: FakeBaseten, caller: httpx.AsyncClient
) -> None:
    fake.model("abcd1234", name="ranker")

    answer = await caller.post("/releases/rankr/v2")

    assert answer.status_code == 404
    assert "ranker" in answer.json()["detail"]
