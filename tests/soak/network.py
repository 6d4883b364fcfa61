"""A slow network that loses a tenth of the responses, and counts requests that come too early."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from typing import Any

import httpcore
import httpx
from attrs import define, field

from aiobaseten.testing import FakeBaseten

FAULTY = 0.1
RESOLUTION = 0.001  # seconds that a timer of the loop may fire early


@define
class Network(httpx.AsyncBaseTransport):
    """A slow network that loses a tenth of the responses, and checks that clients obey pauses.

    Attributes:
        answers: How many requests were answered with which status, or lost.
        intrusions: Requests to a route that had asked this client to be left alone, before the
            first deadline: a last look is sent all the same.
        deadline: The first deadline of a wait.
    """

    chance: random.Random
    answers: Counter[int | str] = field(factory=Counter[int | str])
    intrusions: int = 0
    deadline: float = math.inf
    _quiet: dict[str, tuple[float, float]] = field(factory=dict[str, tuple[float, float]])
    _real: Any = None

    def lead_to(self, fake: FakeBaseten, *, deadline: float) -> None:
        self._real = fake.transport()
        self.deadline = deadline
        self._quiet.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        route = f"{request.method} {request.url.path.split('/')[2::2]}"
        since, until = self._quiet.get(route, (0.0, 0.0))
        self.intrusions += since < loop.time() < min(until - RESOLUTION, self.deadline)
        await asyncio.sleep(self.chance.uniform(0.02, 0.3))
        try:
            response = await self._answer(request)
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            raise
        self.answers[response.status_code] += 1
        if response.status_code == 429:
            await response.aread()
            asked = float(response.json()["retry_after"])
            self._quiet[route] = (loop.time(), loop.time() + asked)
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.chance.random() >= FAULTY:
            return await self._real.handle_async_request(request)  # type: ignore[no-any-return]
        fault = self.chance.choice(["refused", "429", "reset", "late", "cut", "502", "503", "HTML"])
        if fault not in ("refused", "429") and self.chance.random() < 0.5:
            await self._real.handle_async_request(request)  # its answer is lost
        match fault:
            case "refused":
                raise httpx.ConnectError("refused", request=request) from httpcore.ConnectError()
            case "reset":
                raise httpx.ReadError("reset", request=request)
            case "cut":
                raise httpx.RemoteProtocolError("cut", request=request)
            case "late":
                await asyncio.sleep(request.extensions["timeout"]["read"])
                raise httpx.ReadTimeout("late", request=request)
            case "HTML":
                return httpx.Response(200, html="<html>Please log in</html>")
            case "429":
                return httpx.Response(429, json={"error": "Too many.", "retry_after": 3})
            case status:
                return httpx.Response(int(status), html="<html>Bad gateway</html>")
