"""FakeBaseten: the front of the house."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from .._clock import CompressedClock
from ..client import Baseten
from ._app import Desk, make_app
from ._chains import FakeChain
from ._clock import STARTED, Clock
from ._limits import RateLimits
from ._models import FakeModel
from ._operations import OPERATIONS, World
from ._transport import InProcessTransport
from ._wire import Wire
from .behaviour import Behaviour
from .faults import Faults

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from ._exchange import Recorded


class FakeBaseten:
    """A Baseten to test against: it keeps state, follows the rules, and fails on demand.

    Its time is the running event loop's, and begins with the fake if that is made inside a loop,
    else when it is first used in one. Nothing runs in the background: what happens by itself is
    worked out when somebody looks.

    Attributes:
        api_key: The key that it accepts, as ``Api-Key`` or ``Bearer``; None accepts every key.
        behaviour: How it does what the documentation leaves open.
        requests: Every request that it got, oldest first.
        faults: What goes wrong, and where more of it is added.
        app: The ASGI application.

    Args:
        speed: Seconds of the fake's time in one second of the loop's; 60 makes a minute of
            deploying take a second.
        enforce_limits: Whether the documented rate limits hold.
        started: The time of day, aware, at which its time begins: for ``created_at``.

    Raises:
        ValueError: An empty key, a speed that is not above 0, a time of day without a zone.
    """

    def __init__(
        self,
        *,
        api_key: str | None = "test-key",
        speed: float = 1.0,
        behaviour: Behaviour | None = None,
        enforce_limits: bool = False,
        started: datetime = STARTED,
    ) -> None:
        if api_key is not None and not api_key.strip():
            raise ValueError("api_key is empty: give one, or None to accept every key")
        if started.tzinfo is None:
            raise ValueError("started needs a time zone: datetime(2026, 1, 1, tzinfo=UTC)")
        self.api_key = api_key
        self.behaviour: Behaviour = behaviour or Behaviour()
        self.requests: list[Recorded] = []
        self._clock = Clock(speed)
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()
        self._seeds = itertools.count()
        self._acting = False
        self._started = started.astimezone(UTC)
        self._world = World(wire=Wire(self._started))
        routes = [(operation.method, operation.template) for operation in OPERATIONS]
        self.faults: Faults = Faults(routes, lambda: self.now)
        self.app: ASGIApp = make_app(
            Desk(
                world=self._world,
                clock=self._clock,
                now=lambda: self.now,
                faults=self.faults,
                behaviour=self.behaviour,
                api_key=api_key,
                limits=RateLimits() if enforce_limits else None,
                requests=self.requests,
            )
        )
        self._clock.now()

    def __repr__(self) -> str:
        chains, models = len(self._world.chains), len(self._world.models)
        return f"<FakeBaseten at {self._clock.now():g} s: {chains} chains, {models} models>"

    @property
    def now(self) -> float:
        """Seconds in the fake's time. What was planned with `at` until now has happened."""
        now = self._clock.now()
        while self._agenda and self._agenda[0][0] <= now and not self._acting:
            at, _, action = heapq.heappop(self._agenda)
            # An action looks at the time as well, and must be over before the next one begins.
            self._acting = True
            try:
                with self._clock.hold(at):
                    action()
            finally:
                self._acting = False
        return now

    def chain(self, chain_id: str) -> FakeChain:
        """The chain with this id, made if there is none; raises ValueError for a bad id."""
        chains = self._world.chains
        if chain_id not in chains:
            chains[chain_id] = FakeChain(
                chain_id, now=lambda: self.now, behaviour=self.behaviour, started=self._started
            )
        return chains[chain_id]

    def model(self, model_id: str) -> FakeModel:
        """The model with this id, made if there is none; raises ValueError for a bad id."""
        models = self._world.models
        if model_id not in models:
            models[model_id] = FakeModel(
                model_id, now=lambda: self.now, behaviour=self.behaviour, started=self._started
            )
        return models[model_id]

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Do *action* when the fake's time is *seconds*, as somebody else would.

        It is called, at exactly that time, by whoever looks first after it.

        Raises:
            ValueError: That time has passed.
        """
        if seconds < self._clock.now():
            raise ValueError(
                f"it is {self._clock.now():g} s already: call the action itself, or plan it later"
                f" than {seconds:g} s"
            )
        heapq.heappush(self._agenda, (seconds, next(self._count), action))

    def transport(self) -> httpx.AsyncBaseTransport:
        """A transport for `httpx.AsyncClient` that ends here, without sockets."""
        return InProcessTransport(self.app)

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncGenerator[Baseten]:
        """An `aiobaseten.Baseten` that is entered and ends here, without sockets.

        Use it as ``async with fake.client() as baseten:``. Its seconds are the fake's, whatever the
        speed.

        Args:
            options: As for `aiobaseten.Baseten`, to override what this sets.

        Raises:
            ConfigurationError: An option is wrong.
        """
        settings: dict[str, Any] = {
            "api_key": self.api_key or "any-key",
            "base_url": "https://api.baseten.co",
            # Chance that comes out the same each time, and differently for each client.
            "clock": CompressedClock(self._clock.speed, random.Random(next(self._seeds))),  # noqa: S311
            **options,
        }
        async with (
            httpx.AsyncClient(transport=self.transport()) as http,
            Baseten(http_client=http, **settings) as baseten,
        ):
            yield baseten

    @asynccontextmanager
    async def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
        """Listen on a socket, in the running loop, while the block lasts; gives the URL.

        Use it as ``async with fake.serve() as url:``.

        Args:
            host: The address to listen on; anybody who reaches it can use the fake.
            port: The port; 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        # Most tests never listen, and uvicorn takes a while to import.
        from ._server import serve

        async with serve(self.app, host=host, port=port) as url:
            yield url

    def assert_no_leftovers(self) -> None:
        """Check that everything planned has happened.

        Raises:
            AssertionError: A fault did not meet the requests that it was for, or an action was
                planned for a time that never came.
        """
        left = self.leftovers()
        if left is not None:
            raise AssertionError(left)

    def leftovers(self) -> str | None:
        """What is planned and has not happened, and what to do about it; None if there is none."""
        left = [repr(fault) for fault in self.faults.left_over()]
        left += [f"<action at {at:g} s: {action!r}>" for at, _, action in sorted(self._agenda)]
        if not left:
            return None
        return (
            f"planned, but it did not happen (it is {round(self.now, 3):g} s now, after"
            f" {len(self.requests)} requests): {', '.join(left)}. Plan less, or let the test"
            " go on until it has happened; what is planned with at() waits for a look."
        )
