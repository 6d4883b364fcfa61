"""A request before it has the API key: nothing that holds it shows the key. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx
from aiobaseten_generated.client import Operation
from attrs import frozen

from .._version import __version__
from ..errors import ConfigurationError
from .secret import Secret

_HEADERS = (
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"User-Agent", f"aiobaseten/{__version__}".encode()),
)
_OF_READS = (*_HEADERS, (b"Cache-Control", b"no-cache"))
# A server may want to know the length of the content, even if that is empty.
_WITH_CONTENT = frozenset({"POST", "PUT", "PATCH"})
# A poll uses the same few addresses again and again, and parsing one is slow in httpx.
_parsed = lru_cache(maxsize=1024)(httpx.URL)


# All requests to a server have the same ones, and parsing them is slow in httpx, too.
@lru_cache(maxsize=1024)
def _headers(host: bytes, *, is_read: bool) -> httpx.Headers:
    return httpx.Headers([(b"Host", host), *(_OF_READS if is_read else _HEADERS)])


@frozen(kw_only=True)
class Outgoing:
    """A request without the key.

    Attributes:
        method: In capitals.
        url: Its address.
        headers: Without the key.
        content: The body; empty if there is none.
        timeouts: Seconds to connect, read, write, wait for a connection, and for the whole request.
    """

    method: str
    url: httpx.URL
    headers: httpx.Headers
    content: bytes
    timeouts: Mapping[str, float]

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def server(self) -> str:
        """Host and port."""
        port = self.url.port or {"https": 443, "http": 80}.get(self.url.scheme)
        host = self.url.host
        return f"{f'[{host}]' if ':' in host else host}:{port}"

    def with_key(self, secret: Secret, **extensions: Any) -> httpx.Request:
        """The request, ready to be sent.

        Args:
            secret: The key.
            extensions: For the transport.
        """
        extensions["timeout"] = dict(self.timeouts)
        if self.is_read:
            # A cache in between must ask Baseten. By default, that of hishel ignores the header.
            extensions["caching"] = {"rfc": True}
        request = httpx.Request(
            self.method,
            self.url,
            headers=self.headers,
            stream=httpx.ByteStream(self.content),
            extensions=extensions,
        )
        request.headers["Authorization"] = secret.authorization()
        request.read()  # hooks may want its content
        return request


def outgoing_of(operation: Operation[Any], address: str, timeouts: Mapping[str, float]) -> Outgoing:
    """The request of an operation.

    Args:
        operation: What to ask for.
        address: Of the server.
        timeouts: See `Outgoing`.

    Raises:
        ConfigurationError: Its URL cannot be requested.
    """
    try:
        url = _parsed(address + operation.url)
        if operation.params:
            url = url.copy_merge_params(operation.params)
    except httpx.InvalidURL as error:
        raise ConfigurationError(
            f"an id, a name or the address makes no URL for {operation.method} "
            f"{operation.path}: {error}; nothing was sent"
        ) from None
    content = b"" if operation.body is None else json.dumps(operation.body).encode()
    headers = _headers(url.netloc, is_read=operation.method == "GET")
    if content or operation.method in _WITH_CONTENT:
        headers = headers.copy()
        headers["Content-Length"] = str(len(content))
    if content:
        headers["Content-Type"] = "application/json"
    return Outgoing(
        method=operation.method, url=url, headers=headers, content=content, timeouts=timeouts
    )
