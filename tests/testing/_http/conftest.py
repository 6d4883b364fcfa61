"""A prepared state, for the tests of the HTTP side."""

import pytest

from aiobaseten.testing import FakeBaseten


@pytest.fixture
def two_promotions(fake: FakeBaseten) -> None:
    """A chain ``c1`` and a model ``m1``, each with a promotion of ``new`` in progress."""
    chain = fake.chain("c1")
    chain.deployment("old")
    chain.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"], chainlets=["A", "B"])
    chain.environment("production", current="old").promote("new")
    model = fake.model("m1")
    model.deployment("old", labels={"team": "search"})
    model.deployment("new", timeline=[("BUILDING", 10), "ACTIVE"])
    model.environment("production", current="old", rolling=True).promote("new")
