"""The fake as an ASGI application: one handler for each route, and one for all other paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import compile_path

from .._world import Actor, Refused, World, not_found
from ..faults import Faults, fits
from ..timelines import moment
from .admission import check_key
from .fault_injection import break_connection, client_leaves, damage_response
from .json_writer import JSON, USER, JSONWriter
from .parsed_request import ParsedRequest
from .rate_limits import RateLimits
from .recorded import Recorded
from .replicas import Replicas
from .response import FakeResponse, InvalidRequest, as_bytes, invalid, rate_limited, refusal
from .routes import OPERATIONS, Operation

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_ROUTES: Final = [(one.method, compile_path(one.template)[0]) for one in OPERATIONS]
# Whatever is no request to an API: the start and the end of a server, websockets.
_REST: Final = Starlette()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerContext:
    """What a request handler needs.

    Attributes:
        world: The state.
        writer: Writes it as JSON.
        faults: The faults that wait for requests.
        api_key: The key to accept; None accepts every key.
        limits: The rate limits to enforce.
        replicas: The replicas that answer reads.
        requests: Where requests are recorded.
    """

    world: World
    writer: JSONWriter
    faults: Faults
    api_key: str | None
    limits: RateLimits
    replicas: Replicas
    requests: list[Recorded]


class RequestHandler:
    """Handles the requests to one operation as an ASGI application; None for unknown paths."""

    def __init__(self, context: HandlerContext, operation: Operation | None) -> None:
        self._context = context
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a response to one request, or break its connection."""
        request = Request(scope, receive)
        body = await request.body()
        now = self._context.world.now()
        recorded = self._record(request, body, now)
        damage = self._context.faults.take(recorded.method, recorded.path, recorded.route, now)
        if damage is None:
            response = self._respond(request, body, now)
        else:
            recorded.fault = damage.name
            real = self._respond(request, body, now) if damage.acts else FakeResponse(200, b"{}")
            response = damage_response(damage, real)
            delay = self._context.world.clock.in_loop(damage.delay)
            if delay and await client_leaves(receive, within=delay):
                return
            if damage.breaks is not None:
                await break_connection(damage, response, recorded.request_id, scope)
                await client_leaves(receive, within=None)
                return
        recorded.status = response.status
        date = (b"date", self._context.writer.http_date(now).encode())
        headers = response.raw_headers(recorded.request_id)
        has_date = any(name.lower() == b"date" for name, _ in headers)  # that of a fault
        dated = [*headers] if has_date else [*headers, date]
        await send({"type": "http.response.start", "status": response.status, "headers": dated})
        await send({"type": "http.response.body", "body": response.body})

    def _record(self, request: Request, body: bytes, now: float) -> Recorded:
        headers = dict(request.headers)
        scheme = headers.pop("authorization", "").partition(" ")[0]
        recorded = Recorded(
            at=now,
            method=request.method,
            path=request.scope["path"],
            route=self._operation.template if self._operation else None,
            auth=scheme or None,
            headers=headers,
            query=request.scope["query_string"].decode("latin-1"),
            body=body,
            request_id=f"fake-{len(self._context.requests) + 1:06d}",
        )
        self._context.requests.append(recorded)
        return recorded

    def _respond(self, request: Request, body: bytes, now: float) -> FakeResponse:
        context, operation = self._context, self._operation
        behaviour = context.world.behaviour
        try:
            check_key(
                request.headers.get("authorization", ""),
                context.api_key,
                unknown_key=behaviour.unknown_key,
            )
            if operation is None:
                raise _no_such_route(request)
            retry_after = context.limits.retry_after(operation.method, operation.template, now)
            if retry_after is not None:
                return rate_limited(retry_after, behaviour)
            fields = operation.fields(body)
            result = self._run(operation, request, fields, now)
        except InvalidRequest as problem:
            return invalid(problem)
        except Refused as refused:
            return refusal(refused, behaviour)
        return FakeResponse(operation.status, as_bytes(result))

    def _run(self, operation: Operation, request: Request, fields: JSON, now: float) -> JSON:
        context = self._context
        when = now
        if operation.method == "GET":
            when = moment(now - context.replicas.lag(request.scope["path"]))
        # Everything that one request does happens at one time.
        with context.world.clock.hold(now), context.world.actors.acting(_actor(request)):
            return operation.run(
                ParsedRequest(
                    context.world,
                    context.writer,
                    request.path_params,
                    request.query_params,
                    fields,
                    when,
                )
            )


def _actor(request: Request) -> Actor:
    """The key that a request has, for the audit log."""
    key = request.headers.get("authorization", "").partition(" ")[2].strip()
    public, dot, _ = key.partition(".")
    prefix = public if dot else key[: len(key) // 2]
    return Actor(
        source="API", user_id=USER["user_id"], api_key_prefix=prefix, api_key_name="fake key"
    )


def make_app(context: HandlerContext) -> ASGIApp:
    """The application: a handler for each operation, and one for all other paths.

    A test makes many fakes and sends many requests, so that routes are compiled and matched once.
    """
    handlers = [RequestHandler(context, one) for one in (*OPERATIONS, None)]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await _REST(scope, receive, send)
            return
        # Unknown paths are checked, recorded and hit by faults like known ones.
        place, scope["path_params"] = _match(scope["method"], scope["path"])
        await handlers[place](scope, receive, send)

    return app


@lru_cache(maxsize=1024)
def _match(method: str, path: str) -> tuple[int, Mapping[str, str]]:
    """The place of a path's handler, the last one for unknown paths; and the path's parameters."""
    wanted = "GET" if method == "HEAD" else method
    for place, (its, pattern) in enumerate(_ROUTES):
        found = pattern.match(path) if its == wanted else None
        if found is not None:
            return place, found.groupdict()
    return len(_ROUTES), {}


def _no_such_route(request: Request) -> Refused:
    path = request.scope["path"]
    allowed = {one.method for one in OPERATIONS if fits(path, one.template)}
    if allowed:
        message = f"Method {request.method} not allowed."
        return Refused(405, "METHOD_NOT_ALLOWED", message, allow=", ".join(sorted(allowed)))
    return not_found(f"There is nothing at {path}.")
