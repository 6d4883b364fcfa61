"""A production environment of the fake's world, in which ``old`` serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from aiobaseten.testing import FakeBaseten, FakeEnvironment

Api = Callable[..., Awaitable[httpx.Response]]
Reads = Callable[..., Awaitable[list[Any]]]

CHAIN = "/v1/chains/c1/environments/production"
MODEL = "/v1/models/m1/environments/production"
RAMP = [(25, 30.0), (50, 30.0), (75, 30.0)]


def a_chain(fake: FakeBaseten, **options: Any) -> FakeEnvironment:
    """A chain where ``old`` serves, and ``new`` is being built for 10 seconds."""
    chain = fake.chain("c1")
    chain.deployment("old")
    chain.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    return chain.environment("production", current="old", **options)


def a_model(fake: FakeBaseten, **options: Any) -> FakeEnvironment:
    """A model where ``old`` serves, and ``new`` is being built for 10 seconds."""
    model = fake.model("m1")
    model.deployment("old")
    model.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    return model.environment("production", current="old", **options)
