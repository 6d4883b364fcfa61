"""The HTTP clients that send our requests: our own, made from the environment, or the caller's."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx
from attrs import frozen

from .._arguments import is_loopback
from ..errors import ConfigurationError
from ..options import Transport
from .outgoing import Outgoing
from .secret import Secret

# What httpx raises for settings that it cannot use.
_UNUSABLE = (ImportError, ValueError, httpx.InvalidURL)


#: Whether the current task is a look of a wait.
is_look: ContextVar[bool] = ContextVar("aiobaseten_is_look", default=False)
#: The key that the current task sends.
key_sent: ContextVar[Secret | None] = ContextVar("aiobaseten_key_sent", default=None)
_HTTPX_LOG = logging.getLogger("httpx")
# They show the head of an answer, which may repeat the key.
_SHOW_HEADS = (_HTTPX_LOG, *map(logging.getLogger, ("httpcore.http11", "httpcore.http2")))


class _NoLooks(logging.Filter):
    """Leaves out the line that httpx logs for each request, if that is one of thousands of looks.

    A logger for which DEBUG is enabled shows them all.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log *record*."""
        is_line = record.levelno == logging.INFO and not _HTTPX_LOG.isEnabledFor(logging.DEBUG)
        return not (is_line and is_look.get())


class _NoKey(logging.Filter):
    """Masks the key in the records of the current task, and no others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask *record*."""
        secret = key_sent.get()
        if secret is not None:
            record.msg = secret.mask_text(str(record.msg))
            if isinstance(record.args, tuple):
                record.args = tuple(
                    secret.mask_text(one) if isinstance(one, str) else one for one in record.args
                )
        return True


_HTTPX_LOG.addFilter(_NoLooks())
for log in _SHOW_HEADS:
    log.addFilter(_NoKey())


class _NoCookies(httpx.Cookies):
    """A cookie jar that stays empty."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Ignore them."""


class HttpClient(httpx.AsyncClient):
    """The client that we make when the caller passes none: it keeps no cookies."""

    _none = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        """No cookies, whatever a server sets."""
        return self._none

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise AttributeError(f"this client keeps no cookies, so it cannot take {cookies!r}")


class _Direct(HttpClient):
    """A client of ours that hands requests right to aiohttp: a tenth less CPU time.

    No request needs the hooks, redirects or authentication of httpx. Over httpcore, requests pass
    through them all the same, because Sentry and Datadog watch httpx's own `send`. Requests over
    aiohttp they watch there.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(trust_env=False, transport=transport)
        self._only = transport

    async def send(self, request: httpx.Request, **_: object) -> httpx.Response:
        """Send a request; its response is read later."""
        response = await self._only.handle_async_request(request)
        if _HTTPX_LOG.isEnabledFor(logging.INFO):
            _HTTPX_LOG.info(  # as httpx does
                'HTTP Request: %s %s "%s %d %s"',
                request.method,
                request.url,
                response.http_version,
                response.status_code,
                response.reason_phrase,
            )
        return response


@frozen
class HttpClients:
    """Two clients: one for requests that change nothing, and one for the others.

    A server may close a connection that is kept alive without our noticing. A request that is sent
    on it never arrives, and looks as if its response was lost. Reads are repeated then; a write
    cannot be, so each write gets a connection of its own.

    Attributes:
        reads: Keeps connections alive.
        writes: Makes a connection for each request. The caller's client is both.
    """

    reads: httpx.AsyncClient
    writes: httpx.AsyncClient

    def of(self, outgoing: Outgoing) -> httpx.AsyncClient:
        """The client that sends a request."""
        return self.reads if outgoing.is_read else self.writes

    async def aclose(self) -> None:
        """Close both."""
        try:
            await self.reads.aclose()
        finally:
            await self.writes.aclose()


async def own_clients(
    addresses: Sequence[str], max_connections: int, transport: Transport
) -> HttpClients:
    """Make our own clients, with the proxies and certificates that the environment names.

    Loopback addresses are reached directly: on the way to a proxy, the API key could be read.

    Args:
        addresses: The URLs that requests are sent to.
        max_connections: Connections of each client.
        transport: The library that sends.

    Raises:
        ConfigurationError: A variable of the environment names something that cannot be used.
    """
    urls = [urlsplit(address) for address in addresses]
    hosts = {url.hostname or "" for url in urls}
    if any(url.scheme == "https" for url in urls):
        # Reading the certificates takes long enough to be noticed by others on the loop.
        trusted = await asyncio.to_thread(_trusted_certificates)
    else:
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is not used
    own = {"localhost", "*.localhost"} | {host for host in hosts if is_loopback(host)}
    routes: dict[str, httpx.Proxy | None] = {}
    if not all(is_loopback(host) for host in hosts):
        routes = _routes(getproxies(), trusted, transport)
    if routes:
        routes |= {f"all://{f'[{host}]' if ':' in host else host}": None for host in own}
    make = _over_aiohttp if transport == "aiohttp" else _over_httpcore

    def client(*, keeps_alive: bool) -> HttpClient:
        if transport == "aiohttp" and not routes:
            return _Direct(make(trusted, max_connections, keeps_alive=keeps_alive))
        return HttpClient(
            trust_env=False,
            transport=make(trusted, max_connections, keeps_alive=keeps_alive),
            mounts={
                pattern: make(trusted, max_connections, keeps_alive=keeps_alive, proxy=proxy)
                if proxy is not None
                else None
                for pattern, proxy in routes.items()
            },
        )

    return HttpClients(reads=client(keeps_alive=True), writes=client(keeps_alive=False))


def _over_httpcore(
    trusted: ssl.SSLContext,
    max_connections: int,
    *,
    keeps_alive: bool,
    proxy: httpx.Proxy | None = None,
) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(
        verify=trusted,
        trust_env=False,
        proxy=proxy,
        limits=httpx.Limits(
            max_connections=max_connections,
            max_keepalive_connections=None if keeps_alive else 0,
        ),
    )


def _over_aiohttp(
    trusted: ssl.SSLContext,
    max_connections: int,
    *,
    keeps_alive: bool,
    proxy: httpx.Proxy | None = None,
) -> httpx.AsyncBaseTransport:
    from .aiohttp_transport import AiohttpTransport  # an extra

    return AiohttpTransport(
        trusted, max_connections=max_connections, keeps_alive=keeps_alive, proxy=proxy
    )


def check_transport(transport: Transport) -> None:
    """Check that the package of a transport is installed.

    Raises:
        ConfigurationError: It is not.
    """
    if transport == "aiohttp" and not _is_installed("aiohttp"):
        raise ConfigurationError(
            'transport="aiohttp" needs the package aiohttp: install aiobaseten[aiohttp]'
        )


# --- the environment -----------------------------------------------------------------------------


def _variable(name: str) -> str:
    """The environment variable of this name, as it is spelled there: both cases are in use."""
    found = (one for one in sorted(os.environ, reverse=True) if one.lower() == name)
    return next(found, f"the system's setting {name}")


def _routes(
    proxies: Mapping[str, str], trusted: ssl.SSLContext, transport: Transport
) -> dict[str, httpx.Proxy | None]:
    """The proxy for each pattern of URLs, or ``None`` for none, as httpx would choose.

    Each is checked by itself, so that the error can name it. No message shows an address: it may
    hold a password.
    """
    direct = [host for one in proxies.get("no", "").split(",") if (host := one.strip())]
    if "*" in direct:
        return {}
    routes: dict[str, httpx.Proxy | None] = {}
    for scheme in ("http", "https", "all"):
        address = proxies.get(scheme)
        if not address:
            continue
        url = address if "://" in address else f"http://{address}"
        if url.startswith("socks"):
            _check_socks(f"{scheme}_proxy", transport)
        if not _is_proxy(url, trusted):
            raise ConfigurationError(
                f"{_variable(f'{scheme}_proxy')} does not name a proxy: it must be an address such "
                "as http://proxy:3128. Correct it, or unset it"
            )
        routes[f"{scheme}://"] = httpx.Proxy(url)
    without = {_pattern(host): None for host in direct}
    try:
        httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=trusted), trust_env=False, mounts=without
        )
    except _UNUSABLE as error:
        raise ConfigurationError(
            f"{_variable('no_proxy')} cannot be read ({error}): separate host names with commas, "
            "or unset it"
        ) from None
    return routes | without


def _pattern(host: str) -> str:
    """The URLs that an entry of ``no_proxy`` means."""
    if "://" in host:
        return host
    try:
        address = ip_address(host.partition("/")[0])
    except ValueError:
        return f"all://{host}" if host.lower() == "localhost" else f"all://*{host}"
    return f"all://{host}" if address.version == 4 else f"all://[{host}]"


def _check_socks(name: str, transport: Transport) -> None:
    if transport == "aiohttp":
        raise ConfigurationError(
            f"{_variable(name)} names a SOCKS proxy, which aiohttp cannot use: leave transport "
            "out, or unset the variable"
        )
    if not _is_installed("socksio"):
        raise ConfigurationError(
            f"{_variable(name)} names a SOCKS proxy, which needs the package socksio: install "
            "httpx[socks], or unset the variable"
        )


def _is_proxy(url: str, trusted: ssl.SSLContext) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # its check of the range is stricter than that of httpx
        (parts.hostname or "").encode("idna")  # as for the resolver
        _ = httpx.URL(url).host  # decoded
        httpx.AsyncHTTPTransport(proxy=url, verify=trusted)
    except _UNUSABLE:
        return False
    return bool(parts.hostname)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # it is hidden
        return False


def _trusted_certificates() -> ssl.SSLContext:
    """The certificates to trust: those that the environment names, or the usual ones."""
    _check_certificates()
    log = os.environ.get("SSLKEYLOGFILE")
    try:
        if log:
            with Path(log).open("ab"):
                pass
    except OSError as error:
        raise ConfigurationError(
            f"SSLKEYLOGFILE names {log}, which cannot be written ({error.strerror}): correct the "
            "variable, or unset it"
        ) from error
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigurationError(
            f"the certificates cannot be read ({error}): install the package certifi again, or "
            "let SSL_CERT_FILE name a file with certificates"
        ) from error


def _check_certificates() -> None:
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
        except OSError as error:
            raise ConfigurationError(
                f"SSL_CERT_FILE names {file}, from which no certificates can be read "
                f"({error.strerror}): correct the variable, or unset it"
            ) from error
    elif folders and not any(Path(one).is_dir() for one in folders.split(os.pathsep)):
        raise ConfigurationError(
            f"SSL_CERT_DIR names {folders}, which is not a folder: correct the variable, or unset "
            "it"
        )
