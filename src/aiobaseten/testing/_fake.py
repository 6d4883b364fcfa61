"""FakeBaseten: joins the state (`_world`) and its HTTP side (`_http`)."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from .._clock import CompressedClock
from ..client import Baseten
from ._http import (
    OPERATIONS,
    HandlerContext,
    InProcessTransport,
    JSONWriter,
    RateLimits,
    Recorded,
    Replicas,
    make_app,
    serve,
)
from ._world import SOURCES, STARTED, Actor, FakeChain, FakeClock, FakeModel, World
from .behaviour import Behaviour
from .faults import Faults

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class _FakesTime(CompressedClock):
    """The time of a fake for its client, and its time of day."""

    def __init__(self, clock: FakeClock, started: datetime, seed: int) -> None:
        # Randomness that is the same in each run, and different for each client.
        super().__init__(clock.speed, random.Random(seed))  # noqa: S311
        self._clock = clock
        self._started = started

    def utcnow(self) -> datetime:
        """The time of day at the fake."""
        return self._started + timedelta(seconds=self._clock.now())


class FakeBaseten:
    """A fake Baseten: it has state, follows Baseten's rules, and fails on demand.

    Its time is the time of the running event loop. It begins when the fake is made inside a loop,
    or else when it is first used in one. Nothing runs in the background: changes that happen by
    themselves are computed when somebody reads the state.

    Attributes:
        api_key: The key that it accepts, as ``Api-Key`` or ``Bearer``; None accepts every key.
        behaviour: Its answers to the questions that the documentation leaves open.
        requests: Every request that it received, oldest first.
        faults: Its faults, and the methods to add more.
        app: The ASGI application.

    Args:
        speed: Seconds of the fake's time in one second of the loop's. With 60, a deployment that
            takes a minute takes a second.
        enforce_limits: Whether to enforce the documented rate limits.
        started: The time of day, aware, at which its time begins: for ``created_at``.

    Raises:
        ValueError: An empty key, a speed that is not above 0, a time of day without a time zone.
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
        self._seeds = itertools.count()
        self._clock = FakeClock(speed)
        self._world = World(
            clock=self._clock, behaviour=self.behaviour, started=started.astimezone(UTC)
        )
        routes = [(operation.method, operation.template) for operation in OPERATIONS]
        self.faults: Faults = Faults(routes, self._world.now)
        self.app: ASGIApp = make_app(
            HandlerContext(
                world=self._world,
                writer=JSONWriter(self._world.started),
                faults=self.faults,
                api_key=api_key,
                limits=RateLimits(
                    documented=enforce_limits,
                    metrics_per_minute=self.behaviour.metrics_per_minute,
                ),
                replicas=Replicas(self.behaviour),
                requests=self.requests,
            )
        )
        # Inside a loop, time begins now.
        self._clock.now()

    def __repr__(self) -> str:
        chains, models = len(self._world.chains), len(self._world.models)
        return f"<FakeBaseten at {self._clock.now():g} s: {chains} chains, {models} models>"

    @property
    def now(self) -> float:
        """Seconds in the fake's time. Reading it runs the actions of `at` that are due."""
        return self._world.now()

    def chain(
        self, chain_id: str, *, name: str | None = None, team: str | None = None
    ) -> FakeChain:
        """The chain with this id; makes it if there is none.

        Args:
            chain_id: Its id.
            name: Its name, unique in its team (default: its id).
            team: The name of its team (default: ``Fake team``).

        Raises:
            ValueError: A bad id, a name that is taken, or options for a chain that exists.
        """
        return self._world.chain(chain_id, name=name, team=team)

    def model(
        self, model_id: str, *, name: str | None = None, team: str | None = None
    ) -> FakeModel:
        """The model with this id; makes it if there is none.

        Args:
            model_id: Its id.
            name: Its name, unique in its team (default: its id).
            team: The name of its team (default: ``Fake team``).

        Raises:
            ValueError: A bad id, a name that is taken, or options for a model that exists.
        """
        return self._world.model(model_id, name=name, team=team)

    @contextmanager
    def acting_as(
        self,
        email: str | None = None,
        *,
        api_key_name: str | None = None,
        source: str = "UI",
    ) -> Generator[None]:
        """The audit log names this person or key for what is changed while the block runs.

        Without it, what is changed without a request is done by ``ops@example.com``, through the
        UI. Requests are entered with the beginning of their key, whatever block they run in.

        Args:
            email: The email address of a user.
            api_key_name: The name of an API key, instead.
            source: ``UI``, ``API``, ``MCP``, ``SYSTEM`` or ``OTHER``.

        Raises:
            ValueError: There is no such source.
        """
        if source not in SOURCES:
            raise ValueError(f"source is one of {', '.join(SOURCES)}, not {source!r}")
        prefix = None if api_key_name is None else "other"
        actor = Actor(source=source, email=email, api_key_prefix=prefix, api_key_name=api_key_name)
        with self._world.actors.acting(actor):
            yield

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Plan *action* for the time *seconds* of the fake, as if somebody else did it.

        It runs at exactly that time, when somebody reads the state for the first time after it.

        Raises:
            ValueError: That time has passed.
        """
        self._world.agenda.plan(seconds, action)

    def transport(self) -> httpx.AsyncBaseTransport:
        """A transport for `httpx.AsyncClient` that leads to this fake, without sockets."""
        return InProcessTransport(self.app)

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncGenerator[Baseten]:
        """An `aiobaseten.Baseten` that leads to this fake, without sockets; it is entered.

        Use it as ``async with fake.client() as baseten:``. Its seconds are the fake's, whatever the
        speed.

        Args:
            options: Options of `aiobaseten.Baseten`, which replace those that this method sets.

        Raises:
            ConfigurationError: An option is wrong.
        """
        async with httpx.AsyncClient(transport=self.transport()) as http:
            settings: dict[str, Any] = {
                "api_key": self.api_key or "any-key",
                "base_url": "https://api.baseten.co",
                "clock": _FakesTime(self._clock, self._world.started, next(self._seeds)),
                "http_client": http,
                **options,
            }
            async with Baseten(**settings) as baseten:
                yield baseten

    @asynccontextmanager
    async def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
        """Listen on a socket, in the running loop, while the block runs; gives the URL.

        Use it as ``async with fake.serve() as url:``.

        Args:
            host: The address to listen on. Everybody who can reach it can use the fake.
            port: The port; 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        async with serve(self.app, host=host, port=port) as url:
            yield url

    def assert_no_leftovers(self) -> None:
        """Check that all faults and all planned actions have happened.

        Raises:
            AssertionError: A fault did not hit all its requests, or the time of a planned action
                never came.
        """
        left = self.leftovers()
        if left is not None:
            raise AssertionError(left)

    def leftovers(self) -> str | None:
        """The faults and actions that have not happened, with advice; None if there are none."""
        left = [repr(fault) for fault in self.faults.left_over()]
        left += self._world.agenda.planned()
        if not left:
            return None
        return (
            f"planned, but it did not happen (the time is {round(self.now, 3):g} s, after"
            f" {len(self.requests)} requests): {', '.join(left)}. Plan less, or let the test"
            " go on until it has happened; an action planned with at() runs when somebody reads"
            " the state after its time."
        )
