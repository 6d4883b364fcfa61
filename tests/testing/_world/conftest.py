"""Reads of an environment, for the tests of the state."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Api = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def reads(api: Api) -> Callable[..., Awaitable[list[Any]]]:
    """Reads ``reads(path, *waits)``: after each wait the current, the candidate, the promotion."""

    async def read(path: str, *waits: float) -> list[Any]:
        seen = []
        for wait in waits:
            await asyncio.sleep(wait)
            shown = (await api(f"GET {path}")).json()
            promotion = shown["in_progress_promotion"]
            seen.append(
                (
                    shown["current_deployment"] and shown["current_deployment"]["id"],
                    shown["candidate_deployment"] and shown["candidate_deployment"]["id"],
                    promotion
                    and f"{promotion['status']} {promotion['percent_traffic_to_new_version']}",
                )
            )
        return seen

    return read
