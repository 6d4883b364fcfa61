"""What tests of sending share."""

from __future__ import annotations

import pytest

from aiobaseten.options import Transport


@pytest.fixture(params=["httpx", "aiohttp"])
def transport(request: pytest.FixtureRequest) -> Transport:
    """The library that sends."""
    name: Transport = request.param
    return name
