"""A promotion is sent once over any transport, whatever its exceptions are called."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import aiohttp
import httpcore
import httpx
import httpx_aiohttp
import pytest
from pyreqwest.client import ClientBuilder
from pyreqwest.compatibility.httpx import HttpxTransport

from aiobaseten import Baseten, ModelEnvironmentHandle
from aiobaseten.errors import (
    APIError,
    BasetenError,
    ConfigurationError,
    PromotionOutcomeUnknownError,
    TransportError,
)
from aiobaseten.options import Transport
from aiobaseten.testing import CompressedClock, FakeBaseten

from . import http2
from .proxy import Fault, Proxy
from .trouble import (
    BLACK_HOLE,
    CLOSED_ACTED,
    CLOSED_IN_BODY,
    ENDLESS_BODY,
    NOT_HTTP,
    REFUSED,
    RESET_ACTED,
    RESET_IN_BODY,
    RESET_READ,
    canned,
)

SPEED = 600.0
CANCELLATIONS = int(os.environ.get("CANCELLATIONS", "25"))
FAULTS = [
    REFUSED,
    RESET_READ,
    RESET_ACTED,
    RESET_IN_BODY,
    CLOSED_ACTED,
    CLOSED_IN_BODY,
    NOT_HTTP,
    BLACK_HOLE,
    ENDLESS_BODY,
    canned("HTML", 502, b"<html>Bad gateway</html>"),
    canned("unasked upgrade", 101, acts=True),
    canned("nonsense status", 99, acts=True),
]


def over_aiohttp() -> httpx.AsyncBaseTransport:
    """Like its own default, but it looks up a host for each connection."""
    return httpx_aiohttp.AiohttpTransport(
        client=lambda: aiohttp.ClientSession(connector=aiohttp.TCPConnector(use_dns_cache=False))
    )


MakeClient: TypeAlias = Callable[[], httpx.AsyncClient | Transport]
OURS: dict[str, MakeClient] = {"ours": lambda: "httpx", "ours, aiohttp": lambda: "aiohttp"}
STRANGERS: dict[str, MakeClient] = {
    "httpx": lambda: httpx.AsyncClient(trust_env=False),
    "httpx-aiohttp": lambda: httpx.AsyncClient(transport=over_aiohttp()),
    "pyreqwest": lambda: httpx.AsyncClient(
        # By itself, it follows redirects below us, as docs/sending.md says, and uses the proxy of
        # the environment.
        transport=HttpxTransport(ClientBuilder().follow_redirects(False).no_proxy().build()),
    ),
}
CLIENTS = OURS | STRANGERS


@pytest.fixture
async def proxy(fake: FakeBaseten) -> AsyncIterator[Proxy]:
    """A proxy before the fake, which does not mind connections that strangers leave open."""
    async with fake.serve() as url, Proxy(url) as proxy:
        yield proxy
        await proxy.drop_connections()


@asynccontextmanager
async def connected(make: MakeClient, url: str) -> AsyncIterator[Baseten]:
    """A client of ours, over one of our transports or a client of somebody's."""
    async with AsyncExitStack() as stack:
        made = make()
        over: dict[str, Any] = {"transport": made}
        if isinstance(made, httpx.AsyncClient):
            over = {"http_client": await stack.enter_async_context(made)}
        baseten = Baseten(
            api_key="test-key",
            base_url=url,
            **over,
            clock=CompressedClock(SPEED),
            read_timeout=0.2,
            answer_timeout=0.5,
        )
        yield await stack.enter_async_context(baseten)


def promoted(fake: FakeBaseten) -> list[str]:
    return [one.candidate.id for one in fake.model("m1").environment("production").promotions]


def posts(seen: list[str]) -> list[str]:
    return [line for line in seen if line.startswith("POST")]


class Host:
    """The host ``baseten.localhost``, which can go away.

    Attributes:
        is_gone: Whether it has.
        has_name: Whether its name is still known then; its address cannot be reached.
    """

    def __init__(self, *, has_name: bool) -> None:
        self.is_gone = False
        self.has_name = has_name

    def of(self, url: str) -> str:
        return url.replace("127.0.0.1", "baseten.localhost")

    async def getaddrinfo(self, host: object, port: object, **_: Any) -> list[Any]:
        if self.is_gone and not self.has_name:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = "255.255.255.255" if self.is_gone else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


@pytest.fixture(params=["no such host", "unreachable"])
async def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host(has_name=request.param == "unreachable")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", host.getaddrinfo)
    return host


async def promote_and_leave(baseten: Baseten, fake: FakeBaseten) -> None:
    """Promote to one environment after the other, and cancel each call while it sends."""
    for number in range(CANCELLATIONS):
        fake.model("m1").environment(f"e{number}", current="d0")
        environment = baseten.model("m1").environment(f"e{number}")
        await leave_after(2 * (number % 25), environment)


async def leave_after(turns: int, environment: ModelEnvironmentHandle) -> None:
    """Cancel a promotion some turns of the loop after it begins to send.

    The proxy and the fake run in the same loop, so that no machine is too slow.
    """
    sends = asyncio.Event()

    async def send(_: str) -> None:
        sends.set()

    call = asyncio.create_task(environment.promote("d1", before_sending=send))
    call.add_done_callback(lambda _: sends.set())
    await sends.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


def assert_sent_once(seen: list[str], fake: FakeBaseten) -> None:
    sent = posts(seen)
    assert sent
    assert len(set(sent)) == len(sent)
    model = fake.model("m1")
    begun = [len(model.environment(f"e{number}").promotions) for number in range(CANCELLATIONS)]
    assert max(begun) == 1
    assert sum(begun) <= len(sent)


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
async def test_a_promotion_that_meets_a_fault_is_sent_once(
    make: MakeClient, fault: Fault, proxy: Proxy, fake: FakeBaseten
) -> None:
    async with AsyncExitStack() as stack, connected(make, proxy.url) as baseten:

        async def fail(_: str) -> None:
            method = "" if fault is REFUSED else "POST"
            await stack.enter_async_context(proxy.failing(fault, method=method))

        try:
            await baseten.model("m1").environment("production").promote("d1", before_sending=fail)
        except (TransportError, PromotionOutcomeUnknownError) as error:
            failure: BasetenError | None = error
        else:
            failure = None
        await stack.aclose()

    assert len(posts(proxy.seen)) == (0 if fault is REFUSED else 1)
    assert promoted(fake) == ["d1"] * fault.reaches
    assert (failure is None) == fault.reaches


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
async def test_a_promotion_that_is_refused_by_a_429_begins_once(
    make: MakeClient, proxy: Proxy, fake: FakeBaseten
) -> None:
    async with connected(make, proxy.url) as baseten:

        async def fail(_: str) -> None:
            proxy.plan(canned("429", 429, b'{"retry_after": 2}'))

        await baseten.model("m1").environment("production").promote("d1", before_sending=fail)

    assert promoted(fake) == ["d1"]


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
async def test_a_promotion_that_is_redirected_is_sent_once(
    make: MakeClient, proxy: Proxy, fake: FakeBaseten
) -> None:
    async with connected(make, proxy.url) as baseten:

        async def redirect(_: str) -> None:
            proxy.plan(canned("307", 307, b"{}", f"location: {proxy.url}/elsewhere"))

        with pytest.raises(APIError) as caught:
            await (
                baseten.model("m1").environment("production").promote("d1", before_sending=redirect)
            )

    assert caught.value.status == 307
    assert len(posts(proxy.seen)) == 1
    assert promoted(fake) == []


@pytest.mark.parametrize("make", STRANGERS.values(), ids=STRANGERS)
async def test_a_promotion_over_a_closed_client_is_a_mistake_of_the_caller(
    make: MakeClient, proxy: Proxy, fake: FakeBaseten
) -> None:
    http = make()
    assert isinstance(http, httpx.AsyncClient)
    async with connected(lambda: http, proxy.url) as baseten:

        async def close(_: str) -> None:
            await http.aclose()

        with pytest.raises(ConfigurationError):
            await baseten.model("m1").environment("production").promote("d1", before_sending=close)

    assert promoted(fake) == []


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
async def test_promotions_whose_callers_leave_are_sent_once(
    make: MakeClient, proxy: Proxy, fake: FakeBaseten
) -> None:
    async with connected(make, proxy.url) as baseten:
        await promote_and_leave(baseten, fake)

    assert_sent_once(proxy.seen, fake)


@pytest.mark.parametrize("make", list(CLIENTS.values())[:-1], ids=list(CLIENTS)[:-1])
async def test_a_promotion_to_a_host_that_is_gone_is_not_sent(
    make: MakeClient, proxy: Proxy, host: Host
) -> None:
    async with connected(make, host.of(proxy.url)) as baseten:

        async def vanish(_: str) -> None:
            host.is_gone = True
            await proxy.drop_connections()

        with pytest.raises((TransportError, PromotionOutcomeUnknownError)) as caught:
            await baseten.model("m1").environment("production").promote("d1", before_sending=vanish)

    # The word of another transport proves nothing: with it, nobody knows.
    is_proof = make is not CLIENTS["httpx-aiohttp"]
    assert isinstance(caught.value, TransportError) == is_proof
    assert caught.value.may_have_acted is not is_proof
    assert not posts(proxy.seen)


# --- over HTTP/2 ---------------------------------------------------------------------------------


def over_http2() -> httpx.AsyncClient:
    return httpx.AsyncClient(http1=False, http2=True, trust_env=False)


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize(
    "failure",
    [
        http2.reset,
        http2.noise,
        http2.stream_refused,
        http2.going_away,
        http2.hang,
        http2.closed,
        http2.cut,
        http2.trickle,
        http2.html,
    ],
)
async def test_a_promotion_over_http2_that_meets_a_fault_is_sent_once(
    failure: http2.Failure, acts: bool, fake: FakeBaseten
) -> None:
    async with (
        fake.serve() as url,
        http2.serving(url) as front,
        connected(over_http2, front.url) as baseten,
    ):
        front.failure, front.acts = failure, acts
        try:
            await baseten.model("m1").environment("production").promote("d1")
        except PromotionOutcomeUnknownError:
            assert not acts

    assert len(posts(front.seen)) == 1
    assert promoted(fake) == ["d1"] * acts


async def test_a_promotion_over_http2_that_is_refused_by_a_429_begins_once(
    fake: FakeBaseten,
) -> None:
    async with (
        fake.serve() as url,
        http2.serving(url) as front,
        connected(over_http2, front.url) as baseten,
    ):

        def refuse_once(*of: Any) -> None:
            http2.too_many(*of)
            front.failure = None

        front.failure = refuse_once
        await baseten.model("m1").environment("production").promote("d1")

    assert len(posts(front.seen)) == 2
    assert promoted(fake) == ["d1"]


async def test_promotions_over_http2_whose_callers_leave_are_sent_once(fake: FakeBaseten) -> None:
    async with (
        fake.serve() as url,
        http2.serving(url) as front,
        connected(over_http2, front.url) as baseten,
    ):
        await promote_and_leave(baseten, fake)

    assert_sent_once(front.seen, fake)


async def test_a_promotion_over_http2_to_a_host_that_is_gone_is_not_sent(
    fake: FakeBaseten, host: Host
) -> None:
    async with (
        fake.serve() as url,
        http2.serving(url) as front,
        connected(over_http2, host.of(front.url)) as baseten,
    ):

        async def vanish(_: str) -> None:
            host.is_gone = True
            await front.drop_connections()

        # A connection that is kept alive may look open, and then nobody knows. On a slow machine,
        # the environment is read again before sending, and that fails.
        with pytest.raises((PromotionOutcomeUnknownError, TransportError)):
            await baseten.model("m1").environment("production").promote("d1", before_sending=vanish)

    assert not posts(front.seen)


async def test_a_refused_connection_over_http2_sends_nothing(fake: FakeBaseten) -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fake.serve())
        async with http2.serving(url) as front:
            baseten = await stack.enter_async_context(connected(over_http2, front.url))
        with pytest.raises(TransportError) as caught:
            await baseten.model("m1").environment("production").promote("d1")

    assert not caught.value.sent
    assert not posts(front.seen)


# --- our own client ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", OURS.values(), ids=OURS)
async def test_a_write_never_goes_out_on_a_connection_that_was_kept_alive(
    make: MakeClient, proxy: Proxy, fake: FakeBaseten
) -> None:
    async with connected(make, proxy.url) as baseten:
        deployment = baseten.model("m1").deployment("d1")
        for _ in range(3):
            await deployment.get()
            await deployment.activate()

    assert proxy.connections == 1 + 3


@pytest.mark.parametrize("make", OURS.values(), ids=OURS)
async def test_a_promotion_survives_that_the_server_has_dropped_the_connection(
    make: MakeClient, proxy: Proxy, fake: FakeBaseten
) -> None:
    """As behind a load balancer that forgets idle connections without a word."""
    async with connected(make, proxy.url) as baseten:

        async def forget(_: str) -> None:
            proxy.forget_connections()

        await baseten.model("m1").environment("production").promote("d1", before_sending=forget)

    assert promoted(fake) == ["d1"]


# --- other people's transports -------------------------------------------------------------------


class Repeating(httpx.AsyncBaseTransport):
    """Sends each request again when it fails, as helpful transports do."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)
        self.tries = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(3):
            self.tries += request.method == "POST"
            try:
                return await self._inner.handle_async_request(request)
            except httpx.TransportError as error:
                last = error
        raise last

    async def aclose(self) -> None:
        await self._inner.aclose()


async def test_a_transport_that_repeats_requests_cannot_repeat_a_promotion(
    proxy: Proxy, fake: FakeBaseten
) -> None:
    transport = Repeating()
    async with (
        connected(lambda: httpx.AsyncClient(transport=transport), proxy.url) as baseten,
        proxy.failing(RESET_ACTED, method="POST"),
    ):
        await baseten.model("m1").environment("production").promote("d1")

    assert transport.tries > 1
    assert len(posts(proxy.seen)) == 1
    assert promoted(fake) == ["d1"]


class Tunnelling(httpx.AsyncBaseTransport):
    """Asks a proxy for the way before each request, and reports it as httpcore does."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for method in ("CONNECT", request.method):
            sent = httpcore.Request(method, str(request.url))
            if "trace" in request.extensions:
                report: Any = request.extensions["trace"]
                await report("http11.send_request_headers.started", {"request": sent})
        return await self._inner.handle_async_request(request)


async def test_a_proxy_may_be_asked_for_the_way_before_a_promotion(fake: FakeBaseten) -> None:
    async with (
        httpx.AsyncClient(transport=Tunnelling(fake.transport())) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        await baseten.model("m1").environment("production").promote("d1")

    assert promoted(fake) == ["d1"]


class Stranger(httpx.AsyncBaseTransport):
    """Raises an error of its own after it has passed the request on."""

    def __init__(self, inner: httpx.AsyncBaseTransport, error: Exception) -> None:
        self._inner = inner
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.method == "POST":
            raise self._error
        return response


STRANGE = [
    httpx.ConnectError("not what it says"),
    httpx.ConnectTimeout("not what it says"),
    httpx.ProxyError("not what it says"),
    httpx.InvalidURL("odd"),
    OSError(errno.EPIPE, "broken pipe"),
    LookupError("a mistake of the transport's"),
    RuntimeError("a mistake of the transport's"),
    httpcore.ReadError("not mapped"),
    ExceptionGroup("several", [ValueError("one")]),
]


@pytest.mark.parametrize("error", STRANGE, ids=lambda error: type(error).__name__)
async def test_a_promotion_that_ends_in_an_error_of_a_transport_is_read_back(
    error: Exception, fake: FakeBaseten
) -> None:
    transport = Stranger(fake.transport(), error)
    async with (
        httpx.AsyncClient(transport=transport) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        promotion = await baseten.model("m1").environment("production").promote("d1")

        with pytest.raises(TransportError) as caught:
            await baseten.model("m1").deployment("d1").activate()

    assert promotion.deployment_id == "d1"
    assert promoted(fake) == ["d1"]
    assert caught.value.sent
    assert caught.value.__cause__ is error
