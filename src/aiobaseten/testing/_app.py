"""The fake as one Starlette application: from a request to its answer, faults and all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ._deployments import Refused
from ._exchange import Answer, Invalid, Recorded, as_bytes, fields_of, invalid, limited, refusal
from ._operations import OPERATIONS, Call, Operation, World
from .faults import Damage, Faults, fits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ._clock import Clock
    from ._limits import RateLimits
    from .behaviour import Behaviour

# A server that can break connections puts its Line under this key of the scope's extensions.
LINE: Final = "aiobaseten.line"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Line(Protocol):
    """The connection of a request, for those who want to break it."""

    async def reset(self) -> None:
        """Reset it."""

    async def refuse(self) -> None:
        """Let it never have been made, or reset it."""

    async def noise(self) -> None:
        """Send something that is not HTTP, and close."""

    async def cut(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Send an answer whose *body* is shorter than its headers say, and close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that has a say in an answer."""

    world: World
    clock: Clock
    now: Callable[[], float]
    faults: Faults
    behaviour: Behaviour
    api_key: str | None
    limits: RateLimits | None
    requests: list[Recorded]


class Endpoint:
    """One operation as an ASGI application; without an operation, every path that is none."""

    def __init__(self, desk: Desk, operation: Operation | None) -> None:
        self._desk = desk
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or break its connection."""
        request = Request(scope, receive)
        body = await request.body()
        now = self._desk.now()
        record = self._record(request, body, now)
        damage = self._desk.faults.take(record.method, record.path, record.route, now)
        if damage is None:
            answer = self._answer(request, body, now)
        else:
            record.fault = damage.name
            acted = self._answer(request, body, now) if damage.acts else Answer(200, b"{}")
            answer = _damaged(damage, acted)
            delay = self._desk.clock.in_loop(damage.delay)
            if delay and await _left_within(delay, receive):
                return
            if damage.breaks is not None:
                await _break(damage, answer, record, scope)
                await _left_within(None, receive)
                return
        record.status = answer.status
        response = Response(answer.body, answer.status)
        response.raw_headers = answer.lines(record.request_id)
        await response(scope, receive, send)

    def _record(self, request: Request, body: bytes, now: float) -> Recorded:
        headers = dict(request.headers)
        scheme = headers.pop("authorization", "").partition(" ")[0]
        record = Recorded(
            at=now,
            method=request.method,
            path=request.scope["path"],
            route=self._operation.template if self._operation else None,
            auth=scheme or None,
            headers=headers,
            query=request.scope["query_string"].decode("latin-1"),
            body=body,
            request_id=f"fake-{len(self._desk.requests) + 1:06d}",
        )
        self._desk.requests.append(record)
        return record

    def _answer(self, request: Request, body: bytes, now: float) -> Answer:
        desk, operation = self._desk, self._operation
        try:
            self._admit(request)
            if operation is None:
                raise _no_such_route(request)
            wait = self._wait(operation, now)
            if wait is not None:
                return limited(wait, desk.behaviour)
            fields = fields_of(operation, body)
            # All that one request does happens at one time.
            with desk.clock.hold(now):
                call = Call(desk.world, request.path_params, request.query_params, fields, now)
                done = operation.run(call)
        except Invalid as problem:
            return invalid(problem)
        except Refused as refused:
            return refusal(refused, desk.behaviour)
        return Answer(operation.status, as_bytes(done))

    def _admit(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme not in ("Api-Key", "Bearer") or not key.strip():
            raise Refused(401, "UNAUTHORIZED", "Authentication credentials were not provided.")
        if self._desk.api_key not in (None, key.strip()):
            raise Refused(401, "UNAUTHORIZED", "Invalid API key.")

    def _wait(self, operation: Operation, now: float) -> int | None:
        if self._desk.limits is None:
            return None
        return self._desk.limits.retry_after(operation.method, operation.template, now)


def make_app(desk: Desk) -> ASGIApp:
    """The application: a route for each operation, and one for everything else."""
    routes = [
        Route(operation.template, Endpoint(desk, operation), methods=[operation.method])
        for operation in OPERATIONS
    ]
    # Asked last: what no route takes is checked, recorded and damaged like the rest.
    routes.append(Route("/{path:path}", Endpoint(desk, None), methods=list(_METHODS)))
    return Starlette(routes=routes)


def _no_such_route(request: Request) -> Refused:
    path = request.scope["path"]
    allowed = {one.method for one in OPERATIONS if fits(path, one.template)}
    if allowed:
        message = f"Method {request.method} not allowed."
        return Refused(405, "METHOD_NOT_ALLOWED", message, allow=", ".join(sorted(allowed)))
    return Refused(404, "NOT_FOUND", f"There is nothing at {path}.")


def _damaged(damage: Damage, acted: Answer) -> Answer:
    if damage.status is None:
        return acted
    return Answer(damage.status, as_bytes(damage.body), damage.content_type, damage.headers)


async def _break(damage: Damage, answer: Answer, record: Recorded, scope: Scope) -> None:
    if damage.breaks == "hang":
        return
    line: Line | None = scope.get("extensions", {}).get(LINE)
    if line is None:
        raise RuntimeError(
            f"this server cannot do {damage.name!r}: use FakeBaseten.transport() or .serve()"
        )
    if damage.breaks == "cut":
        half = answer.body[: len(answer.body) // 2]
        await line.cut(answer.status, answer.lines(record.request_id), half)
    elif damage.breaks == "reset":
        await line.reset()
    elif damage.breaks == "refuse":
        await line.refuse()
    else:
        await line.noise()


async def _left_within(seconds: float | None, receive: Receive) -> bool:
    """Wait so many seconds of the loop, or for ever; True if the client left meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
