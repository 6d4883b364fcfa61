"""Our own HTTP clients, and the environment that they are made from."""

from __future__ import annotations

import asyncio
import gc
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import ConfigurationError
from aiobaseten.testing import FakeBaseten

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *map(str.lower, PROXIES), *FILES):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A socket that hangs up on everybody; gives its address and what it has heard."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
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
    name: str, host: str, fake: FakeBaseten, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.model("m1").deployment("d1")
    async with listening() as (proxy, heard), fake.serve() as url:
        monkeypatch.setenv(name, f"http://{proxy}")
        address = url.replace("127.0.0.1", host)
        async with Baseten(api_key="test-key", base_url=address) as baseten:
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


async def test_other_machines_are_reached_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening() as (proxy, heard):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
        url = "https://baseten.example.com"
        async with Baseten(
            api_key="test-key", base_url=url, retry=RetryPolicy(attempts=1)
        ) as baseten:
            for request in (
                baseten.model("m1").deployment("d1").get(),
                baseten.model("m1").deployment("d1").activate(),
            ):
                with pytest.raises(Exception, match=r"baseten\.example\.com"):
                    await request

    assert [one.split(b"\r\n")[0] for one in heard] == [
        b"CONNECT baseten.example.com:443 HTTP/1.1"
    ] * 2
    assert b"test-key" not in b"".join(heard)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "foo://x"),
        ("https_proxy", "foo://x"),
        ("HTTP_PROXY", "http://x:port"),
        ("HTTPS_PROXY", "http://x:99999"),
        ("HTTPS_PROXY", "http://"),
        ("HTTPS_PROXY", "http://[x"),
        ("HTTPS_PROXY", " http://x"),
        ("ALL_PROXY", "socks5h://x"),
        ("all_proxy", "socks5://x"),
        ("NO_PROXY", "[::1],fd00::/8"),
        ("no_proxy", "x:y"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=name):
        await opened()


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
