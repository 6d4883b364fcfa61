"""A loopback server in a separate process, so that its CPU time does not count as the client's.

It supports only a small part of HTTP/1.1. The last part of the path is the number of chainlets in the
response.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from .world import chain_deployment


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._unread = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while b"\r\n\r\n" in self._unread and self._transport is not None:
            head, _, self._unread = self._unread.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            self._transport.write(_answer(int(path.rpartition(b"/")[2])))


_ANSWERS: dict[int, bytes] = {}


def _answer(chainlets: int) -> bytes:
    if chainlets not in _ANSWERS:
        body = chain_deployment(str(chainlets), "LOADING_MODEL", chainlets)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        _ANSWERS[chainlets] = f"{head}\r\n\r\n".encode() + body
    return _ANSWERS[chainlets]


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serving() -> Generator[str]:
    """Run the server during the block. Yields its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
