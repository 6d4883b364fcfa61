"""Waits on sockets that fail for a while, in compressed time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing

import pytest

from aiobaseten import Baseten, ChainPromotion, RetryPolicy
from aiobaseten.errors import Evidence, WaitError, WaitTimeoutError
from aiobaseten.events import Finished, LookFailed
from aiobaseten.testing import CompressedClock, FakeBaseten

from .proxy import Fault, Proxy
from .trouble import (
    BLACK_HOLE,
    BYTE_BY_BYTE,
    CLOSED_ACTED,
    CLOSED_BETWEEN,
    CLOSED_IN_BODY,
    NOT_HTTP,
    REFUSED,
    RESET_ACTED,
    RESET_IN_BODY,
    RESET_READ,
    RESET_UNREAD,
    SLOW_HEAD,
    canned,
)

SPEED = 600.0

HTML_502 = canned("HTML 502", 502, b"<html>Bad gateway</html>", "content-type: text/html")
JSON_503 = canned("503", 503, b'{"error": "overloaded"}')
HTML_200 = canned("HTML as success", 200, b"<html>Please log in</html>", "content-type: text/html")
STORM = canned("429", 429, b'{"error": "Rate limit exceeded.", "retry_after": 3}')
FAULTS = [
    REFUSED,
    RESET_UNREAD,
    RESET_READ,
    RESET_ACTED,
    CLOSED_ACTED,
    RESET_IN_BODY,
    CLOSED_IN_BODY,
    BLACK_HOLE,
    NOT_HTTP,
    HTML_502,
    JSON_503,
    HTML_200,
    STORM,
]

# A response that never fits ends the wait after half a minute, 0.05 s in real time.
PASSING = [fault for fault in FAULTS if fault is not HTML_200]
LASTING = [fault for fault in PASSING if fault is not BLACK_HOLE]


@pytest.fixture
def fake() -> FakeBaseten:
    """A chain whose promotions take a minute."""
    fake = FakeBaseten(speed=SPEED)
    chain = fake.chain("c1")
    chain.deployment("d0")
    chain.deployment("d1")
    chain.environment("production", current="d0", traffic_delay=60)
    return fake


@pytest.fixture
async def baseten(
    connect: Callable[..., AbstractAsyncContextManager[Baseten]],
) -> AsyncIterator[Baseten]:
    """A client in compressed time. Its read timeout is in real time: two minutes."""
    async with connect(
        clock=CompressedClock(SPEED), retry=RetryPolicy(), read_timeout=0.2
    ) as client:
        yield client


@pytest.fixture
async def promotion(baseten: Baseten) -> ChainPromotion:
    """A promotion that has just begun."""
    return await baseten.chain("c1").environment("production").promote("d1")


def known(error: WaitError) -> Evidence:
    assert error.evidence is not None
    return error.evidence


@pytest.mark.parametrize("fault", PASSING, ids=repr)
async def test_a_wait_goes_on_when_the_fault_is_over(
    fault: Fault, proxy: Proxy, promotion: ChainPromotion
) -> None:
    seen = len(proxy.seen)
    async with aclosing(promotion.events(timeout=None)) as events:
        async with proxy.failing(fault):
            ridden_out = [await anext(events) for _ in range(3)]
            assert len(proxy.seen) - seen == 3 * fault.is_seen
        last = [event async for event in events][-1]

    assert all(isinstance(event, LookFailed) for event in ridden_out)
    assert isinstance(last, Finished)
    assert last.error is None
    assert last.result.id == "d1"


@pytest.mark.thorough  # in virtual time: tests/waiting/test_trouble.py
@pytest.mark.parametrize("fault", LASTING, ids=repr)
async def test_a_lasting_fault_is_the_cause_of_the_timeout(
    fault: Fault, proxy: Proxy, promotion: ChainPromotion
) -> None:
    async with proxy.failing(fault):
        with pytest.raises(WaitTimeoutError) as caught:
            await promotion.wait(timeout=40)

    assert caught.value.__cause__ is not None
    assert known(caught.value).trouble is caught.value.__cause__
    assert known(caught.value).waited >= 40 - 1


@pytest.mark.parametrize("fault", [BYTE_BY_BYTE, SLOW_HEAD, CLOSED_BETWEEN], ids=repr)
async def test_a_wait_accepts_slow_and_split_responses(
    fault: Fault, proxy: Proxy, promotion: ChainPromotion
) -> None:
    async with proxy.failing(fault):
        events = [event async for event in promotion.events(timeout=None)]

    assert not [event for event in events if isinstance(event, LookFailed)]
