"""One request through each fault, over sockets: its error, and how often it was sent.

What each kind of answer comes to has a test of its own: tests/sending/test_replies.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import frozen

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import (
    APIError,
    BasetenError,
    PermissionDeniedError,
    RequestTimeoutError,
    ResponseShapeError,
    ServerError,
    TransportError,
)
from aiobaseten.options import Transport
from aiobaseten.testing import FakeBaseten

from .conftest import Connect
from .proxy import Fault, Line, Proxy
from .trouble import (
    BLACK_HOLE,
    BLACK_HOLE_ACTED,
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

PATH = "/v1/chains/c1/deployments/d1"
NEVER_SENT = (REFUSED,)
LOST = (
    RESET_UNREAD,
    RESET_READ,
    RESET_ACTED,
    CLOSED_ACTED,
    RESET_IN_BODY,
    CLOSED_IN_BODY,
    NOT_HTTP,
)
LATE = (BLACK_HOLE, BLACK_HOLE_ACTED)
SLOW = (BYTE_BY_BYTE, SLOW_HEAD, CLOSED_BETWEEN)


@frozen
class Count:
    """The number of requests that the proxy saw, and of those that reached the server."""

    seen: int
    reached: int


def expected(fault: Fault, *, attempts: int) -> Count:
    """How often a read that meets *fault* is sent."""
    return Count(attempts * fault.is_seen, attempts * fault.reaches)


async def get(baseten: Baseten) -> str:
    return (await baseten.chain("c1").deployment("d1").get()).id


@asynccontextmanager
async def counting(proxy: Proxy, fake: FakeBaseten, count: Count) -> AsyncIterator[None]:
    """Check that so many requests are sent while the block lasts."""
    seen, reached = len(proxy.seen), len(fake.requests)
    yield
    assert Count(len(proxy.seen) - seen, len(fake.requests) - reached) == count


def tries(baseten: Baseten, attempts: int, fault: Fault | None = None) -> Baseten:
    """The same client with so many attempts, and a short timeout for faults that never answer."""
    return baseten.with_options(
        retry=RetryPolicy(attempts=attempts, first_delay=0.001),
        read_timeout=0.2 if fault in LATE else None,
    )


@pytest.fixture(params=["httpx", "aiohttp"])
def transport(request: pytest.FixtureRequest) -> Transport:
    """The library that sends: both in every run."""
    name: Transport = request.param
    return name


@pytest.fixture(params=["on a new connection", "on a kept connection"])
async def line(request: pytest.FixtureRequest, baseten: Baseten) -> None:
    """The request under test uses a new connection, or one that was kept alive."""
    if request.param == "on a kept connection":
        await get(baseten)


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("fault", [*NEVER_SENT, *LOST, *LATE], ids=repr)
async def test_the_error_tells_whether_the_request_was_sent(
    fault: Fault, fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    async with counting(proxy, fake, expected(fault, attempts=1)), proxy.failing(fault):
        with pytest.raises(TransportError) as caught:
            await get(tries(baseten, 1, fault))

    assert type(caught.value) is (RequestTimeoutError if fault in LATE else TransportError)
    assert caught.value.sent is (fault not in NEVER_SENT)
    assert (caught.value.method, caught.value.path) == ("GET", PATH)
    assert caught.value.__cause__ is not None
    assert await get(baseten) == "d1"


@pytest.mark.parametrize("fault", [*LOST, *LATE], ids=repr)
async def test_a_read_is_retried_until_it_succeeds(
    fault: Fault, fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    twice = expected(fault, attempts=2)
    proxy.plan(fault, fault)
    async with counting(proxy, fake, Count(twice.seen + 1, twice.reached + 1)):
        assert await get(tries(baseten, 3, fault)) == "d1"


async def test_a_read_is_sent_as_often_as_the_policy_allows(
    fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    async with counting(proxy, fake, Count(3, 3)), proxy.failing(RESET_ACTED):
        with pytest.raises(TransportError):
            await get(tries(baseten, 3))


@pytest.mark.parametrize(
    "fault", [*LOST, *LATE, canned("502", 502), canned("503", 503), canned("504", 504)], ids=repr
)
async def test_a_write_that_may_have_had_an_effect_is_sent_once(
    fault: Fault, fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    async with counting(proxy, fake, expected(fault, attempts=1)), proxy.failing(fault):
        with pytest.raises((TransportError, ServerError)):
            await tries(baseten, 3, fault).chain("c1").deployment("d1").deactivate()


async def test_a_write_is_sent_again_once_the_port_is_open(
    fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    patient = baseten.with_options(retry=RetryPolicy(attempts=50, first_delay=0.02, max_delay=0.02))
    async with counting(proxy, fake, Count(1, 1)):
        async with proxy.failing(REFUSED):
            write = asyncio.create_task(patient.chain("c1").deployment("d1").deactivate())
            await asyncio.sleep(0.03)
        await write


async def test_a_write_is_sent_again_after_429(
    fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    proxy.plan(*[canned("429", 429, b'{"retry_after": 0}')] * 2)
    async with counting(proxy, fake, Count(3, 1)):
        await tries(baseten, 3).chain("c1").deployment("d1").deactivate()


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("fault", SLOW, ids=repr)
async def test_a_slow_or_split_response_is_read(
    fault: Fault, fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    async with counting(proxy, fake, Count(1, 1)), proxy.failing(fault):
        assert await get(baseten) == "d1"

    assert await get(baseten) == "d1"


async def test_a_closed_kept_connection_costs_no_request(
    fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    async with counting(proxy, fake, Count(3, 3)), proxy.failing(CLOSED_BETWEEN):
        for _ in range(3):
            assert await get(baseten) == "d1"

    assert proxy.connections == 3


@frozen
class Canned:
    """A response that the proxy sends itself, and its error."""

    name: str
    error: type[APIError] | type[ResponseShapeError]
    status: int
    body: bytes
    headers: tuple[str, ...] = ()


JSON = "content-type: application/json"
HTML = b"<html><body>Attention Required! You have been blocked</body></html>"
CANNED = [
    Canned("503", ServerError, 503, b'{"error": "overloaded"}', (JSON,)),
    Canned("HTML from a WAF", PermissionDeniedError, 403, HTML),
    Canned("redirect", APIError, 302, b"", ("location: /login",)),
    Canned("204", ResponseShapeError, 204, b""),
    Canned("HTML as success", ResponseShapeError, 200, HTML),
]


@pytest.mark.parametrize("answer", CANNED, ids=lambda answer: answer.name)
async def test_a_response_that_is_no_success_is_an_error_with_its_class(
    answer: Canned, fake: FakeBaseten, proxy: Proxy, baseten: Baseten
) -> None:
    fault = canned(answer.name, answer.status, answer.body, *answer.headers)
    async with counting(proxy, fake, Count(1, 0)), proxy.failing(fault):
        with pytest.raises(BasetenError) as caught:
            await get(baseten)

    error = caught.value
    assert type(error) is answer.error
    assert isinstance(error, APIError | ResponseShapeError)
    assert (error.status, error.method, error.path) == (answer.status, "GET", PATH)
    assert error.body.startswith(answer.body[:1000].decode(errors="replace"))
    assert await get(baseten) == "d1"


@pytest.mark.parametrize("body", [b'{"success": true}', b""], ids=["whole", "empty"])
async def test_an_answer_without_a_length_that_ends_with_a_reset_is_lost(
    body: bytes, proxy: Proxy, baseten: Baseten
) -> None:
    """Nobody knows whether it was all."""

    async def say_and_reset(line: Line, _: bytes) -> None:
        await line.say(b"HTTP/1.0 200 OK\r\n\r\n" + body)
        await asyncio.sleep(0.01)  # a reset overtakes bytes that were not read yet
        await line.reset()

    async with proxy.failing(Fault("reset instead of an end", say_and_reset)):
        with pytest.raises(TransportError) as caught:
            await baseten.chain("c1").deployment("d1").deactivate()

    assert caught.value.sent


async def test_an_answer_without_a_length_ends_with_its_connection(
    proxy: Proxy, baseten: Baseten
) -> None:
    async def say_and_hang_up(line: Line, _: bytes) -> None:
        await line.say(b'HTTP/1.0 200 OK\r\n\r\n{"success": true}')
        await line.hang_up()

    async with proxy.failing(Fault("an answer of HTTP/1.0", say_and_hang_up)):
        await baseten.chain("c1").deployment("d1").deactivate()


async def test_a_write_without_a_connection_when_its_time_is_over_was_not_sent(
    proxy: Proxy, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def getaddrinfo(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    url = proxy.url.replace("127.0.0.1", "baseten.localhost")
    async with connect(base_url=url, answer_timeout=0.05) as baseten:
        with pytest.raises(RequestTimeoutError) as caught:
            await baseten.chain("c1").deployment("d1").deactivate()

    assert not caught.value.sent
    assert not proxy.seen
