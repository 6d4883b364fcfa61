"""A very cheap Baseten: an httpx transport that responds with prepared bytes.

The fake of `aiobaseten.testing` keeps state and takes about 0.7 ms per request, which would hide the
measured costs.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable, Iterable

import httpx

from .deploys import Timeline, status_at, total

PLAIN = {"content-type": "application/json"}


def model_deployment(name: str, status: str) -> bytes:
    """The JSON of a DeploymentV1."""
    return json.dumps(
        {
            "id": name,
            "created_at": "2026-01-02T03:04:05.678Z",
            "name": f"deployment-{name}",
            "model_id": "m1",
            "is_production": False,
            "is_development": False,
            "status": status,
            "active_replica_count": int(status == "ACTIVE"),
            "autoscaling_settings": autoscaling(status),
            "instance_type_name": "A10G:4x16",
            "environment": None,
            "labels": None,
            "request_backpressure_settings": {"policy": None},
        }
    ).encode()


def chain_deployment(name: str, status: str, chainlets: int) -> bytes:
    """The JSON of a ChainDeploymentV1 with this number of chainlets."""
    return json.dumps(
        {
            "id": name,
            "created_at": "2026-01-02T03:04:05.678Z",
            "chain_id": "c1",
            "environment": "production",
            "chainlets": [
                {
                    "id": f"{name}-{number}",
                    "name": f"Chainlet{number}",
                    "autoscaling_settings": autoscaling(status),
                    "instance_type_name": "A10G:4x16",
                    "active_replica_count": int(status == "ACTIVE"),
                    "status": status,
                }
                for number in range(chainlets)
            ],
            "status": status,
        }
    ).encode()


def chain_environment(name: str, current: str, candidate: tuple[str, str] | None) -> bytes:
    """The JSON of a ChainEnvironmentV1, with the candidate's id and status."""
    said = {
        "name": name,
        "created_at": "2026-01-02T03:04:05.678Z",
        "chain_id": "c1",
        "current_deployment": json.loads(chain_deployment(current, "ACTIVE", 1)),
        "candidate_deployment": json.loads(chain_deployment(*candidate, 1)) if candidate else None,
    }
    return json.dumps(said).encode()


def autoscaling(status: str) -> dict[str, object] | None:
    """The settings, or ``None`` until the deployment has finished deploying, as at Baseten."""
    if status in ("BUILDING", "DEPLOYING"):
        return None
    return {
        "min_replica": 0,
        "max_replica": 3,
        "autoscaling_window": 800,
        "scale_down_delay": 60,
        "concurrency_target": 3,
        "target_utilization_percentage": 80,
    }


class World(httpx.AsyncBaseTransport):
    """Deployments that follow timelines, with a rate limit and an outage.

    Args:
        timelines: The statuses of each deployment since the start of the world, by the last part of
            its path. Other deployments stay BUILDING.
        limit: Requests per second, in a sliding window. Further requests get 429.
        outage: The start and the end of the outage. During this time, all requests get 503.
        round_trip: Seconds until each response.
        records: Whether to keep a record of the requests.
    """

    def __init__(
        self,
        timelines: dict[str, Timeline] | None = None,
        *,
        limit: int | None = None,
        outage: tuple[float, float] = (0.0, 0.0),
        round_trip: float = 0.0,
        records: bool = True,
    ) -> None:
        self._timelines = timelines or {}
        self._window: deque[float] | None = deque(maxlen=limit) if limit else None
        self._outage = outage
        self._round_trip = round_trip
        self._records = records
        self._promoted: dict[str, float] = {}
        self._canned: dict[tuple[str, str], bytes] = {}
        self.answered = 0
        #: The time, the name and the HTTP status of each request.
        self.requests: list[tuple[float, str, int]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a request."""
        now = asyncio.get_running_loop().time()
        path = request.url.raw_path
        status = self._status(now)
        self.answered += 1
        name = path.removesuffix(b"/promote").rpartition(b"/")[2].decode()
        if self._records:
            self.requests.append((now, name, status))
        if self._round_trip:
            await asyncio.sleep(self._round_trip)
        if status != 200:
            return httpx.Response(status, content=b"{}", headers=PLAIN, request=request)
        if path.endswith(b"/promote"):
            self._promoted[name] = now
            body = chain_deployment(name, "BUILDING", 1)
        elif b"/environments/" in path:
            body = self._environment(name, now)
        else:
            body = self._deployment(name, now)
        return httpx.Response(200, content=body, headers=PLAIN, request=request)

    def _deployment(self, name: str, now: float) -> bytes:
        seen = status_at(self._timelines[name], now)[0] if name in self._timelines else "BUILDING"
        body = self._canned.get((name, seen))
        if body is None:
            body = self._canned[name, seen] = model_deployment(name, seen)
        return body

    def _environment(self, name: str, now: float) -> bytes:
        """An environment whose candidate has the same name as the environment."""
        since = self._promoted.get(name)
        if since is None:
            return chain_environment(name, "old", None)
        seen = status_at(self._timelines[name], now - since)[0]
        if seen == "ACTIVE":
            return chain_environment(name, name, None)
        return chain_environment(name, "old", (name, seen))

    def _status(self, now: float) -> int:
        if self._outage[0] <= now < self._outage[1]:
            return 503
        if self._window is None:
            return 200
        if len(self._window) == self._window.maxlen and now - self._window[0] < 1.0:
            return 429
        self._window.append(now)
        return 200

    def prepare(self, names: Iterable[str]) -> None:
        """Create the responses now, so that they take no memory later."""
        for name in names:
            self._canned[name, "BUILDING"] = model_deployment(name, "BUILDING")

    def client(self) -> httpx.AsyncClient:
        """An HTTP client that sends all requests to this world."""
        return httpx.AsyncClient(transport=self)


def many(
    count: int, deploy: Callable[[random.Random], Timeline], seed: int = 0
) -> dict[str, Timeline]:
    """The timelines of *count* deployments, by name."""
    chance = random.Random(seed)
    return {f"d{number}": deploy(chance) for number in range(count)}


def ready_at(timelines: dict[str, Timeline]) -> dict[str, float]:
    """The time at which each deployment becomes ACTIVE."""
    return {name: total(timeline) for name, timeline in timelines.items()}
