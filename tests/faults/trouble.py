"""The faults of networks and proxies: one `Fault` each."""

from __future__ import annotations

import asyncio
from typing import Final

from .proxy import Fault, Line, answered


async def _reset(line: Line, _request: bytes) -> None:
    await line.reset()


async def _reset_after_acting(line: Line, request: bytes) -> None:
    await line.ask(request)
    await line.reset()


async def _half(line: Line, request: bytes) -> None:
    answer = await line.ask(request)
    head, _, body = answer.partition(b"\r\n\r\n")
    await line.say(head + b"\r\n\r\n" + body[: len(body) // 2])


async def _reset_in_body(line: Line, request: bytes) -> None:
    await _half(line, request)
    await line.reset()


async def _close_in_body(line: Line, request: bytes) -> None:
    await _half(line, request)
    await line.hang_up()


async def _close_after_acting(line: Line, request: bytes) -> None:
    await line.ask(request)
    await line.hang_up()


async def _ignore(line: Line, _request: bytes) -> None:
    await line.ignore()


async def _ignore_after_acting(line: Line, request: bytes) -> None:
    await line.ask(request)
    await line.ignore()


async def _act_too_late(line: Line, request: bytes) -> None:
    await line.ignore()
    await line.ask(request)


async def _byte_by_byte(line: Line, request: bytes) -> None:
    answer = await line.ask(request)
    for at in range(len(answer)):
        await line.say(answer[at : at + 1])
        await asyncio.sleep(0)


async def _slow_head(line: Line, request: bytes) -> None:
    answer = await line.ask(request)
    step = 1 + answer.index(b"\r\n\r\n") // 20
    for at in range(0, 20 * step, step):
        await line.say(answer[at : at + step])
        await asyncio.sleep(0.005)
    await line.say(answer[20 * step :])


def _endless(name: str, beginning: bytes, and_so_on: bytes) -> Fault:
    async def trickle(line: Line, request: bytes) -> None:
        await line.ask(request)
        await line.say(beginning)
        while line.is_open:
            await line.say(and_so_on)
            await asyncio.sleep(0.01)

    return Fault(name, trickle, reaches=True)


async def _close_after_answer(line: Line, request: bytes) -> None:
    await answered(line, request)
    await line.hang_up()


async def _not_http(line: Line, _request: bytes) -> None:
    await line.say(b"\x16\x03\x01\x02\x00 SSH-2.0-no \x00\xff\r\n\r\n")
    await line.hang_up()


REFUSED: Final = Fault("refused", _reset, closed=True)
RESET_UNREAD: Final = Fault("reset before the request is read", _reset, on_connect=True)
RESET_READ: Final = Fault("reset after the request is read", _reset)
RESET_ACTED: Final = Fault("reset after the server acted", _reset_after_acting, reaches=True)
CLOSED_ACTED: Final = Fault("closed after the server acted", _close_after_acting, reaches=True)
RESET_IN_BODY: Final = Fault("reset in mid-body", _reset_in_body, reaches=True)
CLOSED_IN_BODY: Final = Fault("half an answer", _close_in_body, reaches=True)
BLACK_HOLE: Final = Fault("black hole", _ignore)
BLACK_HOLE_ACTED: Final = Fault("black hole after acting", _ignore_after_acting, reaches=True)
ACTS_TOO_LATE: Final = Fault("acts when the client has gone", _act_too_late, reaches=True)
BYTE_BY_BYTE: Final = Fault("one byte at a time", _byte_by_byte, reaches=True)
SLOW_HEAD: Final = Fault("slow headers", _slow_head, reaches=True)
ENDLESS_HEAD: Final = _endless("endless headers", b"HTTP/1.1 200 OK\r\n", b"and: so on\r\n")
ENDLESS_HINTS: Final = _endless("endless hints", b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")
ENDLESS_BODY: Final = _endless(
    "endless body", b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n", b" "
)
CLOSED_BETWEEN: Final = Fault("closed after the answer", _close_after_answer, reaches=True)
NONE: Final = Fault("none", answered, reaches=True)
NOT_HTTP: Final = Fault("garbage instead of HTTP", _not_http)


def canned(name: str, status: int, body: bytes = b"", *headers: str, acts: bool = False) -> Fault:
    """A fault that is an answer, given instead of the server's own.

    Args:
        name: What to call it.
        status: HTTP status.
        body: The body.
        headers: Header lines, without the length.
        acts: Whether the server gets the request all the same.
    """
    lines = [f"HTTP/1.1 {status:03} Canned", f"content-length: {len(body)}", *headers]
    answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    async def say(line: Line, request: bytes) -> None:
        if acts:
            await line.ask(request)
        await line.say(answer)

    return Fault(name, say, reaches=acts)
