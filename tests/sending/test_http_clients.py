"""Our own HTTP clients, and the environment that they are made from."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import ConfigurationError, RequestTimeoutError, TransportError
from aiobaseten.options import Transport
from aiobaseten.testing import FakeBaseten

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *map(str.lower, PROXIES), *FILES):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def listening(answer: bytes = b"") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A socket that hangs up after *answer*; gives its address and what it has heard."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    finally:
        server.close()
        await server.wait_closed()


async def opened(**settings: Any) -> None:
    async with Baseten(api_key="test-key", **settings):
        pass


# --- proxies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_loopback_addresses_are_reached_directly(
    name: str,
    host: str,
    transport: Transport,
    fake: FakeBaseten,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake.model("m1").deployment("d1")
    async with listening() as (proxy, heard), fake.serve() as url:
        monkeypatch.setenv(name, f"http://{proxy}")
        address = url.replace("127.0.0.1", host)
        async with Baseten(api_key="test-key", base_url=address, transport=transport) as baseten:
            await baseten.model("m1").deployment("d1").get()
            await baseten.model("m1").deployment("d1").activate()

    assert not heard


async def test_loopback_is_reached_directly_beside_another_machine(
    fake: FakeBaseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.model("m1").deployment("d1")
    async with listening() as (proxy, heard), fake.serve() as url:
        monkeypatch.setenv("ALL_PROXY", f"http://{proxy}")
        models = "https://model-{model_id}.example.com"
        async with Baseten(api_key="test-key", base_url=url, inference_url=models) as baseten:
            await baseten.model("m1").deployment("d1").get()

    assert not heard


@pytest.mark.parametrize("call", ["get", "activate"])
async def test_other_machines_are_reached_through_the_proxy(
    call: str, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as (proxy, heard):
        monkeypatch.setenv("HTTPS_PROXY", f"http://some:body@{proxy}")
        url = "https://baseten.example.com"
        async with Baseten(
            api_key="test-key", base_url=url, retry=RetryPolicy(attempts=1), transport=transport
        ) as baseten:
            deployment = baseten.model("m1").deployment("d1")
            with pytest.raises(TransportError, match=r"baseten\.example\.com") as caught:
                await getattr(deployment, call)()

    asked = b"".join(heard)
    assert asked.startswith(b"CONNECT baseten.example.com:443 HTTP/1.1\r\n")
    assert asked.count(b"CONNECT") == 1
    assert b"proxy-authorization: basic c29tztpib2r5" in asked.lower()
    assert b"test-key" not in asked
    assert "body" not in str(caught.value)


@pytest.mark.parametrize("refused", [b"407 Proxy Authentication Required", b"502 Bad Gateway"])
async def test_a_write_that_a_proxy_refuses_to_pass_on_was_not_sent(
    refused: bytes, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(b"HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n" % refused) as (proxy, _):
        monkeypatch.setenv("ALL_PROXY", proxy)
        async with Baseten(
            api_key="test-key", retry=RetryPolicy(attempts=1), transport=transport
        ) as baseten:
            with pytest.raises(TransportError) as caught:
                await baseten.model("m1").deployment("d1").activate()

    assert not caught.value.sent


async def test_a_proxy_that_never_answers_gets_the_time_to_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with (
        server,
        Baseten(
            api_key="test-key",
            retry=RetryPolicy(attempts=1),
            transport="aiohttp",
            connect_timeout=0.02,
            pool_timeout=999,
            answer_timeout=9,
        ) as baseten,
    ):
        with pytest.raises(RequestTimeoutError, match="ConnectTimeout") as caught:
            await baseten.model("m1").deployment("d1").activate()

    assert not caught.value.sent


@pytest.mark.parametrize(
    ("excluded", "is_reached_directly"),
    [
        ("other.test, Baseten.test", True),
        (".baseten.test", False),
        ("baseten.test:1", False),
        ("api.baseten.test", False),
        ("test", True),
        ("https://baseten.test", True),
    ],
)
async def test_no_proxy_means_hosts_and_the_hosts_below_them(
    excluded: str,
    is_reached_directly: bool,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As httpx reads it."""

    async def getaddrinfo(host: object, port: object, **_: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with listening() as (proxy, heard):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
        monkeypatch.setenv("NO_PROXY", excluded)
        async with Baseten(
            api_key="test-key",
            base_url="https://baseten.test",
            retry=RetryPolicy(attempts=1),
            transport=transport,
        ) as baseten:
            loop = asyncio.get_running_loop()
            monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
            with pytest.raises(TransportError):
                await baseten.model("m1").deployment("d1").get()

    assert (not heard) == is_reached_directly


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "foo://x"),
        ("https_proxy", "foo://x"),
        ("HTTP_PROXY", "http://x:port"),
        ("HTTPS_PROXY", "http://x:99999"),
        ("HTTPS_PROXY", "http://"),
        ("HTTPS_PROXY", "http://[x"),
        ("HTTPS_PROXY", f"http://{70 * 'a'}:3"),
        ("ALL_PROXY", "http://a..b:3"),
        ("HTTP_PROXY", "http://xn--.test"),
        ("HTTPS_PROXY", " http://x"),
        ("ALL_PROXY", "socks5h://x"),
        ("all_proxy", "socks5://x"),
        ("NO_PROXY", "[::1],fd00::/8"),
        ("no_proxy", "x:y"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    name: str, value: str, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=name):
        await opened(transport=transport)


async def test_the_error_of_a_proxy_does_not_show_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass/word@proxy:1")

    with pytest.raises(ConfigurationError) as caught:
        await opened()

    assert "pass" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://127.0.0.1:1"},
        {"base_url": "http://[::1]:1"},
        {"base_url": "http://baseten.localhost:1"},
        {
            "base_url": "https://127.0.0.2:1",
            "inference_url": "http://model-{model_id}.localhost",
        },
    ],
)
async def test_proxies_that_are_not_used_may_be_wrong(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "foo://x")

    await opened(**settings)


async def test_no_proxy_may_be_wrong_if_none_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "foo://x")
    monkeypatch.setenv("NO_PROXY", "*")

    await opened()


# --- certificates --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["missing", "folder", "text"])
async def test_a_file_that_cannot_be_used_is_named_by_its_variable(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    text = tmp_path / "text"
    text.write_text("no certificate")
    is_right = (name, kind) in {("SSL_CERT_DIR", "folder"), ("SSLKEYLOGFILE", "text")}
    path = {"missing": tmp_path / "no" / "such", "folder": folder, "text": text}[kind]
    monkeypatch.setenv(name, str(path))

    if is_right:
        await opened()
    else:
        with pytest.raises(ConfigurationError, match=name) as caught:
            await opened()
        assert str(path) in str(caught.value)


async def test_certificates_are_not_read_for_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")

    await opened(base_url="http://127.0.0.1:1")


async def test_certificates_are_read_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    real, threads = ssl.SSLContext.load_verify_locations, []

    def read(*args: Any, **options: Any) -> None:
        threads.append(threading.get_ident())
        real(*args, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", read)
    for name in PROXIES[:3]:
        monkeypatch.setenv(name, "http://proxy:1")

    await opened()

    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


# --- aiohttp -------------------------------------------------------------------------------------


def test_a_transport_whose_package_is_missing_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)

    with pytest.raises(ConfigurationError, match=r"aiobaseten\[aiohttp\]"):
        Baseten(api_key="test-key", transport="aiohttp")


@pytest.mark.parametrize("transport", ["requests", None, 1])
def test_a_transport_that_does_not_exist_is_a_mistake(transport: Any) -> None:
    with pytest.raises(ConfigurationError, match="transport"):
        Baseten(api_key="test-key", transport=transport)


async def test_a_client_of_the_callers_takes_no_other_transport() -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(ConfigurationError, match="http_client"):
            Baseten(api_key="test-key", http_client=http, transport="aiohttp")


# --- clients of the caller's ---------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # nobody can close those connections
def test_a_client_with_connections_of_another_loop_is_a_mistake(fake: FakeBaseten) -> None:
    fake.model("m1").deployment("d1")
    clients = [httpx.AsyncClient(trust_env=False)]

    async def read(address: str) -> None:
        http = clients[0]
        async with Baseten(api_key="test-key", base_url=address, http_client=http) as baseten:
            await baseten.model("m1").deployment("d1").get()

    async def serve_and_read() -> None:
        async with fake.serve() as url:
            addresses.append(url)
            await read(url)

    addresses: list[str] = []
    asyncio.run(serve_and_read())

    with pytest.raises(ConfigurationError):
        asyncio.run(read(addresses[0]))

    clients.clear()
    gc.collect()


class AsyncClient:
    """Not httpx's."""


def test_a_client_of_another_library_is_refused_by_its_full_name() -> None:
    with pytest.raises(ConfigurationError, match=r"test_http_clients\.AsyncClient"):
        Baseten(api_key="test-key", http_client=AsyncClient())  # type: ignore[arg-type]


async def test_monitoring_that_wraps_the_client_of_httpx_sees_our_requests(
    fake: FakeBaseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sentry and Datadog do. Requests of aiohttp they see there."""
    sent: list[str] = []
    send = httpx.AsyncClient.send

    async def watched(
        self: httpx.AsyncClient, request: httpx.Request, **options: Any
    ) -> httpx.Response:
        sent.append(request.url.path)
        return await send(self, request, **options)

    monkeypatch.setattr(httpx.AsyncClient, "send", watched)
    async with fake.serve() as url, Baseten(api_key=fake.api_key, base_url=url) as baseten:
        await baseten.whoami()

    assert sent == ["/v1/users/me"]


async def test_each_request_is_a_line_in_the_log_of_httpx(
    fake: FakeBaseten, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="httpx")
    async with (
        fake.serve() as url,
        Baseten(api_key=fake.api_key, base_url=url, transport=transport) as baseten,
    ):
        await baseten.whoami()

    assert caplog.messages == [f'HTTP Request: GET {url}/v1/users/me "HTTP/1.1 200 OK"']
